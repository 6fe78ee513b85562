//! A password as C reads it: with a zero byte behind it, and wiped.

use credex::Password;
use zeroize::Zeroizing;

use crate::import::CredexBytes;

/// A password, and a zero byte.
pub(super) struct Spelled(Zeroizing<Vec<u8>>);

impl Spelled {
    pub(super) fn for_c(&self) -> CredexBytes {
        CredexBytes {
            bytes: self.0.as_ptr(),
            len: self.0.len() - 1,
        }
    }
}

impl From<Password> for Spelled {
    fn from(password: Password) -> Self {
        let text = password.expose().as_bytes();
        // Of the right size at once: what grows leaves copies behind.
        let mut spelled = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        spelled.extend_from_slice(text);
        spelled.push(0);
        Self(spelled)
    }
}

impl std::fmt::Debug for Spelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spelled(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_ends_with_a_zero_byte_that_does_not_count_and_is_not_shown() {
        let password = Password::new(b"geheim".to_vec()).unwrap();
        let spelled = Spelled::from(password);
        assert_eq!(spelled.0.as_slice(), b"geheim\0");
        assert_eq!(spelled.for_c().len, 6);
        assert_eq!(spelled.0.capacity(), 7, "it has never been elsewhere");
        assert_eq!(format!("{spelled:?}"), "Spelled(…)");
    }
}
