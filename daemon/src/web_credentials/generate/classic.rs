//! `xxx-xxx-xxx-xxx`: 12 characters of 55 that nobody mistakes for one another, among them a lower-case
//! letter, an upper-case letter and one of `3456789`. As from `SecCreateSharedWebCredentialPassword`.

use super::random::{Draw, NoRandomness};
use super::share;

const ALPHABET: &[u8; 55] = b"abcdefghkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 2 counts as a digit for nobody: it looks like Z.
const DIGITS: &[u8; 7] = b"3456789";
const GROUPS: usize = 4;
const GROUP: usize = 3;

pub(super) fn draft(draw: &mut Draw<'_>, draft: &mut Vec<u8>) -> Result<bool, NoRandomness> {
    for group in 0..GROUPS {
        if group > 0 {
            draft.push(b'-');
        }
        for _ in 0..GROUP {
            draft.push(draw.one_of(ALPHABET)?);
        }
    }
    Ok(draft.iter().any(u8::is_ascii_lowercase)
        && draft.iter().any(u8::is_ascii_uppercase)
        && draft.iter().any(|byte| DIGITS.contains(byte)))
}

pub(super) fn bits() -> f64 {
    let set = |letters: &[u8]| letters.iter().fold(0_u128, |set, byte| set | 1 << byte);
    let only =
        |wanted: fn(&u8) -> bool| ALPHABET.iter().copied().filter(wanted).collect::<Vec<_>>();
    let required = [
        set(&only(u8::is_ascii_lowercase)),
        set(&only(u8::is_ascii_uppercase)),
        set(DIGITS),
    ];
    let length = GROUPS * GROUP;
    let share = share::of(set(ALPHABET), &required, length, length);
    (ALPHABET.len() as f64).log2() * length as f64 + share.log2()
}

#[cfg(test)]
mod tests {
    use super::super::{Form, SystemRandom};
    use super::*;
    use crate::web_credentials::generate::share;

    #[test]
    fn it_is_worth_what_apples_is() {
        assert!((bits() - 69.06).abs() < 0.005, "{}", bits());
    }

    #[test]
    fn every_one_of_many_meets_the_rules_and_their_characters_are_uniform() {
        check(100_000);
    }

    /// The same, ten times as long: minutes in a debug build, seconds in a release build.
    #[test]
    #[ignore = "long: run with --run-ignored all"]
    fn every_one_of_a_million_meets_the_rules_and_their_characters_are_uniform() {
        check(1_000_000);
    }

    fn check(count: u32) {
        let mut came = vec![[0_u32; 128]; 12];
        for _ in 0..count {
            let password = Form::Classic.generate(&mut SystemRandom).unwrap();
            let text = password.reveal().as_bytes();
            assert!(is_right(text), "a password does not meet the rules");
            let letters = text.iter().filter(|byte| **byte != b'-');
            for (came, byte) in came.iter_mut().zip(letters) {
                came[usize::from(*byte)] += 1;
            }
        }
        for came in came {
            let expected = |byte: u8| f64::from(count) * probability(byte);
            let chi_square: f64 = ALPHABET
                .iter()
                .map(|byte| {
                    let expected = expected(*byte);
                    (f64::from(came[usize::from(*byte)]) - expected).powi(2) / expected
                })
                .sum();
            // 54 degrees of freedom: more than 150 comes once in 10^10 times.
            assert!(chi_square < 150.0, "χ² = {chi_square}");
        }
    }

    fn is_right(text: &[u8]) -> bool {
        let text = std::str::from_utf8(text).unwrap();
        let groups: Vec<_> = text.split('-').collect();
        groups.len() == 4
            && groups.iter().all(|group| group.len() == 3)
            && text
                .chars()
                .all(|c| "abcdefghkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-".contains(c))
            && text.contains(|c: char| c.is_ascii_lowercase())
            && text.contains(|c: char| c.is_ascii_uppercase())
            && text.contains(['3', '4', '5', '6', '7', '8', '9'])
    }

    /// How often `byte` stands at one place: what meets the rules after it, among all that does.
    fn probability(byte: u8) -> f64 {
        let set = |letters: &mut dyn Iterator<Item = &u8>| {
            letters.fold(0_u128, |set, byte| set | 1 << byte)
        };
        let sets = [
            set(&mut ALPHABET.iter().filter(|byte| byte.is_ascii_lowercase())),
            set(&mut ALPHABET.iter().filter(|byte| byte.is_ascii_uppercase())),
            set(&mut DIGITS.iter()),
        ];
        let all = set(&mut ALPHABET.iter());
        let left: Vec<_> = sets
            .into_iter()
            .filter(|set| set & (1 << byte) == 0)
            .collect();
        share::of(all, &left, 11, 11) / share::of(all, &sets, 12, 12) / 55.0
    }
}
