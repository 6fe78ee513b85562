//! Passwords that nobody has thought of: in Apple's two forms, and by the rules that a site writes down.
//! Pure but for the randomness, which is given. Serves "Generating" of section "Shared web credentials:
//! association" of `protocol/README.md`.
//!
//! Every form is drawn uniformly from all passwords that meet it: characters are drawn without bias,
//! and a draft that does not meet the form is thrown away as a whole, never mended.

mod classic;
mod random;
mod rules;
mod share;
mod typeable;

use std::fmt;

use zeroize::Zeroizing;

pub use random::{NoRandomness, Random, SystemRandom};
pub use rules::{MAX_LENGTH, Rules, RulesError};

use random::Draw;

/// Drafts that are thrown away before we doubt the source of randomness: far more than rules may need.
const MAX_DRAFTS: u32 = 1 << 26;

/// How a password is to look.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// `xxx-xxx-xxx-xxx`, as from `SecCreateSharedWebCredentialPassword`.
    Classic,
    /// 20 characters in syllables, as from Apple's AutoFill.
    Typeable,
    /// By the rules of a site.
    Rules(Rules),
}

/// A password that was generated. Wiped when dropped, and never shown by `Debug`.
pub struct Password {
    text: Zeroizing<String>,
    bits: f64,
}

impl Form {
    /// Draws a password of this form from `random`.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate(&self, random: &mut dyn Random) -> Result<Password, NoRandomness> {
        let mut draw = Draw::new(random);
        for _ in 0..MAX_DRAFTS {
            let mut draft = Zeroizing::new(Vec::with_capacity(MAX_LENGTH));
            let met = match self {
                Form::Classic => classic::draft(&mut draw, &mut draft)?,
                Form::Typeable => typeable::draft(&mut draw, &mut draft)?,
                Form::Rules(rules) => rules.draft(&mut draw, &mut draft)?,
            };
            if met {
                return Ok(Password::new(&draft, self.bits()));
            }
        }
        Err(NoRandomness::Stuck)
    }

    /// The entropy of a password of this form in bits, rounded down to hundredths where it is not exact.
    #[must_use]
    pub fn bits(&self) -> f64 {
        match self {
            Form::Classic => classic::bits(),
            Form::Typeable => typeable::bits(),
            Form::Rules(rules) => rules.bits(),
        }
    }
}

impl Password {
    fn new(draft: &[u8], bits: f64) -> Password {
        let mut text = Zeroizing::new(String::with_capacity(draft.len()));
        text.extend(draft.iter().map(|byte| char::from(*byte)));
        Password { text, bits }
    }

    /// The password itself: printable ASCII.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The password itself, to be wiped by whoever takes it.
    #[must_use]
    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }

    /// How hard it is to guess, in bits of entropy.
    #[must_use]
    pub fn bits(&self) -> f64 {
        self.bits
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = format_args!("{:.2}", self.bits);
        f.debug_struct("Password")
            .field("bits", &bits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Random for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), NoRandomness> {
            Err(NoRandomness::System("the pool is empty".to_owned()))
        }
    }

    /// Always the same byte.
    struct Stuck;

    impl Random for Stuck {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            bytes.fill(255);
            Ok(())
        }
    }

    #[test]
    fn debug_shows_that_there_is_a_password_and_not_which() {
        let password = Form::Classic.generate(&mut SystemRandom).unwrap();
        let shown = format!("{password:?}");
        assert!(shown.starts_with("Password { bits: 69.06"), "{shown}");
        for part in password.reveal().split('-') {
            assert!(!shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn without_randomness_there_is_no_password() {
        for form in [Form::Classic, Form::Typeable] {
            assert!(matches!(
                form.generate(&mut Broken),
                Err(NoRandomness::System(_))
            ));
            assert!(matches!(
                form.generate(&mut Stuck),
                Err(NoRandomness::Stuck)
            ));
        }
    }

    #[test]
    fn no_two_passwords_are_the_same() {
        let rules = Rules::parse("required: lower; required: digit").unwrap();
        for form in [Form::Classic, Form::Typeable, Form::Rules(rules)] {
            let mut seen = std::collections::HashSet::new();
            for _ in 0..1000 {
                let password = form.generate(&mut SystemRandom).unwrap();
                assert!(seen.insert(password.reveal().to_owned()));
            }
        }
    }
}
