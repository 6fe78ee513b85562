//! The `passwordrules` language, in which a site says which passwords it takes: `minlength`, `maxlength`,
//! `required`, `allowed`, `max-consecutive`. Read by 1Password's parser.

use password_rules_parser::error::PasswordRulesError;
use password_rules_parser::{CharacterClass, parse_password_rules};

use super::random::{Draw, NoRandomness};
use super::share;

/// The longest password that is generated, in characters.
pub const MAX_LENGTH: usize = 256;
/// The length where the rules leave it open, in characters.
const LENGTH: usize = 20;
/// The longest rules, in bytes.
const MAX_TEXT: usize = 4096;
/// The most different sets of which one character each is required.
const MAX_REQUIRED: usize = 12;
/// Below this share of kept drafts the rules are as good as contradictory: a draft takes microseconds.
const MIN_SHARE: f64 = 1e-6;

/// Rules that a password can meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// What a password consists of, in the order of ASCII.
    alphabet: Vec<u8>,
    /// Of each of these sets, bits by character, there is one.
    required: Vec<u128>,
    length: usize,
    consecutive: usize,
    share: f64,
}

/// Why there is no password for the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// They are not in the language.
    #[error("the rules cannot be read at character {at}: expected {expected}")]
    Syntax {
        /// Where, from 1.
        at: usize,
        /// What would have been possible there.
        expected: String,
    },
    /// They are too long to be looked at.
    #[error("the rules are longer than 4096 bytes")]
    TooLong,
    /// `minlength` is more than `maxlength`.
    #[error("the rules contradict themselves: minlength {min} is more than maxlength {max}")]
    Lengths {
        /// The least length.
        min: u32,
        /// The greatest length.
        max: u32,
    },
    /// A password would be empty, or longer than we make them.
    #[error("the rules want a password of {0} characters; 1 to 256 can be made")]
    Length(u32),
    /// `max-consecutive` is 0.
    #[error("the rules contradict themselves: max-consecutive 0 allows no character at all")]
    NoCharacter,
    /// More sets are required than are looked at.
    #[error("the rules require characters of more than 12 different sets")]
    TooManyRequired,
    /// No password meets all of them, or hardly any.
    #[error(
        "the rules contradict themselves: (almost) no password of {0} characters meets all of them"
    )]
    Impossible(usize),
}

impl Rules {
    /// Reads rules such as `minlength: 12; required: lower; required: digit; max-consecutive: 2`.
    ///
    /// Without `allowed` and `required` every printable ASCII character is allowed. A blank is used only
    /// where it is required, since sites cut it off, and `unicode` is ASCII.
    ///
    /// # Errors
    /// They cannot be read, or contradict themselves.
    pub fn parse(text: &str) -> Result<Rules, RulesError> {
        if text.len() > MAX_TEXT {
            return Err(RulesError::TooLong);
        }
        let rules = match text.trim() {
            "" => password_rules_parser::PasswordRules {
                allowed: vec![CharacterClass::AsciiPrintable],
                ..Default::default()
            },
            text => parse_password_rules(text, true).map_err(|error| syntax(&error))?,
        };
        let mut required: Vec<u128> = rules.required.iter().map(|set| set_of(set)).collect();
        required.sort_unstable();
        required.dedup();
        if required.len() > MAX_REQUIRED {
            return Err(RulesError::TooManyRequired);
        }
        let letters = required
            .iter()
            .fold(set_of(&rules.allowed), |all, set| all | set);
        let consecutive = match rules.max_consecutive {
            Some(0) => return Err(RulesError::NoCharacter),
            Some(times) => usize::try_from(times).unwrap_or(MAX_LENGTH).min(MAX_LENGTH),
            None => MAX_LENGTH,
        };
        let length = length(rules.min_length, rules.max_length)?;
        let share = share::of(letters, &required, length, consecutive);
        if letters == 0 || share < MIN_SHARE {
            return Err(RulesError::Impossible(length));
        }
        Ok(Rules {
            alphabet: (0..128).filter(|byte| letters & (1 << byte) != 0).collect(),
            required,
            length,
            consecutive,
            share,
        })
    }

    pub(super) fn draft(
        &self,
        draw: &mut Draw<'_>,
        draft: &mut Vec<u8>,
    ) -> Result<bool, NoRandomness> {
        for _ in 0..self.length {
            draft.push(draw.one_of(&self.alphabet)?);
        }
        let has = |set: &u128| draft.iter().any(|byte| set & (1 << byte) != 0);
        let run = |run: &[u8]| run.iter().all(|byte| *byte == run[0]);
        Ok(self.required.iter().all(has) && !draft.windows(self.consecutive + 1).any(run))
    }

    pub(super) fn bits(&self) -> f64 {
        (self.alphabet.len() as f64).log2() * self.length as f64 + self.share.log2()
    }
}

/// 20, or what is nearest to it between the limits.
fn length(min: Option<u32>, max: Option<u32>) -> Result<usize, RulesError> {
    let (least, greatest) = (min.unwrap_or(1), max.unwrap_or(u32::MAX));
    if least > greatest {
        return Err(RulesError::Lengths {
            min: least,
            max: greatest,
        });
    }
    let wanted = u32::try_from(LENGTH)
        .unwrap_or(u32::MAX)
        .clamp(least, greatest);
    let length = usize::try_from(wanted).ok();
    length
        .filter(|length| (1..=MAX_LENGTH).contains(length))
        .ok_or(RulesError::Length(wanted))
}

/// The characters of `classes` as bits of a set, without the blank unless there is nothing else.
fn set_of(classes: &[CharacterClass]) -> u128 {
    let characters = classes.iter().flat_map(CharacterClass::chars);
    let ascii = characters.filter(char::is_ascii);
    let set = ascii.fold(0_u128, |set, character| set | 1 << u32::from(character));
    let blank = 1 << u32::from(' ');
    if set == blank { set } else { set & !blank }
}

/// What the parser expected where it came farthest.
fn syntax(error: &PasswordRulesError) -> RulesError {
    let at = error.expectations.iter().map(|each| each.index).max();
    let expected = error
        .expectations
        .iter()
        .filter(|each| Some(each.index) == at);
    let expected: Vec<_> = expected.map(|each| each.expected.to_string()).collect();
    RulesError::Syntax {
        at: at.unwrap_or(0) + 1,
        expected: expected.join(" or "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Form, SystemRandom};
    use super::*;

    fn generate(text: &str) -> String {
        let form = Form::Rules(Rules::parse(text).unwrap());
        form.generate(&mut SystemRandom)
            .unwrap()
            .reveal()
            .to_owned()
    }

    #[test]
    fn rules_are_met_by_what_is_generated() {
        let is_lower = |c: char| c.is_ascii_lowercase();
        let is_digit = |c: char| c.is_ascii_digit();
        for _ in 0..2000 {
            assert_eq!(generate("").len(), 20);
            assert_eq!(generate("minlength: 30").len(), 30);
            assert_eq!(generate("maxlength: 8").len(), 8);
            assert_eq!(
                generate("minlength: 5; minlength: 24; maxlength: 64").len(),
                24
            );
            assert!(generate("allowed: lower").chars().all(is_lower));
            assert!(generate("required: lower").chars().all(is_lower));
            let text = generate("required: lower; required: digit; maxlength: 2");
            assert!(text.contains(is_lower) && text.contains(is_digit), "{text}");
            let text = generate("required: lower, digit; allowed: [-!]]; maxlength: 6");
            assert!(text.contains(|c| is_lower(c) || is_digit(c)), "{text}");
            assert!(
                text.chars()
                    .all(|c| is_lower(c) || is_digit(c) || "-!]".contains(c))
            );
            let text = generate("allowed: [ab]; max-consecutive: 2; minlength: 16");
            assert!(!text.contains("aaa") && !text.contains("bbb"), "{text}");
            assert_eq!(generate("allowed: [a]; maxlength: 3"), "aaa");
            assert_eq!(generate("required: [ ]; maxlength: 3"), "   ");
            assert!(!generate("allowed: ascii-printable; minlength: 200").contains(' '));
        }
    }

    #[test]
    fn rules_that_nothing_meets_are_an_error_that_says_why() {
        for (text, why) in [
            (
                "minlength: 9; maxlength: 8",
                "minlength 9 is more than maxlength 8",
            ),
            ("maxlength: 0", "minlength 1 is more than maxlength 0"),
            ("minlength: 257", "of 257 characters"),
            ("minlength: 4294967295", "of 4294967295 characters"),
            ("max-consecutive: 0", "max-consecutive 0"),
            (
                "allowed: [a]; max-consecutive: 1; minlength: 2",
                "(almost) no password of 20",
            ),
            (
                "required: upper; required: lower; required: digit; maxlength: 2",
                "of 2 characters",
            ),
            (
                "required: [a]; required: [b]; maxlength: 1",
                "of 1 characters",
            ),
            ("required: upperr", "at character 16"),
            ("minlength: x", "at character 12: expected a number"),
            ("strength: 9", "at character 1: expected"),
        ] {
            let error = Rules::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(Rules::parse(&" ".repeat(5000)), Err(RulesError::TooLong));
        let many: String = ('a'..='z').map(|c| format!("required: [{c}];")).collect();
        assert_eq!(Rules::parse(&many), Err(RulesError::TooManyRequired));
    }

    #[test]
    fn the_entropy_is_that_of_all_passwords_which_meet_the_rules() {
        for (text, passwords) in [
            ("allowed: digit; maxlength: 6; minlength: 6", 1e6),
            (
                "allowed: [ab]; minlength: 3; maxlength: 3; max-consecutive: 2",
                6.0,
            ),
            (
                "required: [a]; required: [b]; minlength: 2; maxlength: 2",
                2.0,
            ),
            (
                "required: digit; required: [a]; minlength: 2; maxlength: 2",
                20.0,
            ),
        ] {
            let rules = Rules::parse(text).unwrap();
            assert!(
                (rules.bits().exp2() / passwords - 1.0).abs() < 1e-9,
                "{text}"
            );
        }
    }

    #[test]
    fn every_one_of_many_meets_the_rules_and_all_that_do_come_equally_often() {
        check(100_000);
    }

    /// The same, ten times as long: minutes in a debug build, seconds in a release build.
    #[test]
    #[ignore = "long: run with --run-ignored all"]
    fn every_one_of_a_million_meets_the_rules_and_all_that_do_come_equally_often() {
        check(1_000_000);
    }

    fn check(count: u32) {
        // Few enough to count each: 4³ texts, of which 36 have a digit and a letter and no run of three,
        // and 12 a run of two that is allowed.
        let text = "required: [ab]; required: [12]; max-consecutive: 2; minlength: 3; maxlength: 3";
        let form = Form::Rules(Rules::parse(text).unwrap());
        let mut came = std::collections::BTreeMap::new();
        for _ in 0..count {
            let password = form.generate(&mut SystemRandom).unwrap();
            *came.entry(password.reveal().to_owned()).or_insert(0_u32) += 1;
        }
        assert_eq!(came.len(), 48);
        let expected = f64::from(count) / 48.0;
        let chi_square: f64 = came
            .values()
            .map(|came| (f64::from(*came) - expected).powi(2) / expected)
            .sum();
        // 47 degrees of freedom: more than 140 comes once in 10^10 times.
        assert!(chi_square < 140.0, "χ² = {chi_square}");
    }

    proptest! {
        #[test]
        fn no_text_brings_the_reader_down(text in "(?s).{0,200}|((minlength|maxlength|required|allowed|max-consecutive)?:? ?(upper|lower|digit|special|unicode|\\[[ -~]{0,9}\\]|[0-9]{1,3})?[;,]? ?){0,6}") {
            if let Ok(rules) = Rules::parse(&text) {
                prop_assert!(rules.bits() >= 0.0);
                let form = Form::Rules(rules);
                let password = form.generate(&mut SystemRandom).unwrap();
                prop_assert!(password.reveal().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
