//! 20 characters that are easy to type and to keep in mind for a moment, as Apple's AutoFill makes them:
//! three groups of two syllables (consonant, vowel, consonant) with hyphens between, one digit beside a
//! hyphen or at the end, one upper-case letter, and nothing that offends.

use super::random::{Draw, NoRandomness};

const CONSONANTS: &[u8; 19] = b"bcdfghjkmnpqrstvwxz";
const VOWELS: &[u8; 6] = b"aeiouy";
const DIGITS: &[u8; 10] = b"0123456789";
const LENGTH: usize = 20;
/// Where the digit takes a consonant's place.
const DIGIT_AT: [usize; 5] = [5, 7, 12, 14, 19];
/// The places of letters and the digit, without the hyphens.
const PLACES: [usize; 18] = [
    0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19,
];

/// What offends in English and fits the pattern.
const OFFENSIVE: [&[u8]; 24] = [
    b"arse", b"bitc", b"coc", b"cok", b"cum", b"cun", b"dic", b"dik", b"dyk", b"fag", b"fuc",
    b"fuk", b"gyp", b"hor", b"jap", b"jiz", b"kik", b"nig", b"pis", b"porn", b"rap", b"sex",
    b"tit", b"wank",
];
/// At most this share of drafts is thrown away because it offends; a test counts.
const OFFENSIVE_SHARE: f64 = 0.06;

pub(super) fn draft(draw: &mut Draw<'_>, draft: &mut Vec<u8>) -> Result<bool, NoRandomness> {
    for place in 0..LENGTH {
        draft.push(match place {
            6 | 13 => b'-',
            // Two syllables a group: vowels are second in each.
            _ if place % 7 % 3 == 1 => draw.one_of(VOWELS)?,
            _ => draw.one_of(CONSONANTS)?,
        });
    }
    if offends(draft) {
        return Ok(false);
    }
    let (digit, upper) = (draw.one_of(&DIGIT_AT)?, draw.one_of(&PLACES)?);
    // O is no upper-case letter here: it looks like 0.
    if digit == upper || draft[upper] == b'o' {
        return Ok(false);
    }
    draft[digit] = draw.one_of(DIGITS)?;
    draft[upper].make_ascii_uppercase();
    Ok(true)
}

fn offends(draft: &[u8]) -> bool {
    let has = |word: &&[u8]| draft.windows(word.len()).any(|part| part == *word);
    OFFENSIVE.iter().any(has)
}

/// A lower bound.
pub(super) fn bits() -> f64 {
    let letters = 11.0 * 19_f64.log2() + 6.0 * 6_f64.log2();
    let digit = 10_f64.log2() + (DIGIT_AT.len() as f64).log2();
    // Of 17 letters one vowel in six is an o on average, and there are six.
    let upper = 16_f64.log2();
    letters + digit + upper + (1.0 - OFFENSIVE_SHARE).log2()
}

#[cfg(test)]
mod tests {
    use super::super::{Form, SystemRandom};
    use super::*;

    #[test]
    fn it_is_worth_what_apples_is() {
        assert_eq!(bits().floor(), 71.0, "{}", bits());
    }

    #[test]
    fn no_more_is_thrown_away_as_offensive_than_its_worth_allows_for() {
        let mut random = SystemRandom;
        let mut draw = Draw::new(&mut random);
        let drafts = 100_000;
        let mut offensive = 0;
        for _ in 0..drafts {
            let mut text = Vec::new();
            draft(&mut draw, &mut text).unwrap();
            text.make_ascii_lowercase();
            offensive += u32::from(offends(&text));
        }
        let share = f64::from(offensive) / f64::from(drafts);
        assert!(share > 0.01 && share < OFFENSIVE_SHARE, "{share}");
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
        let mut digits = [0_u32; 10];
        let mut places = [0_u32; LENGTH];
        // The first syllable never has the digit, and its consonant is as good as any.
        let mut firsts = [0_u32; 128];
        for _ in 0..count {
            let password = Form::Typeable.generate(&mut SystemRandom).unwrap();
            let text = password.reveal().as_bytes();
            let digit = is_right(text);
            places[digit] += 1;
            digits[usize::from(text[digit] - b'0')] += 1;
            firsts[usize::from(text[0].to_ascii_lowercase())] += 1;
        }
        let uniform = |came: Vec<u32>, limit: f64| {
            let expected = f64::from(came.iter().sum::<u32>()) / came.len() as f64;
            let chi_square: f64 = came
                .iter()
                .map(|came| (f64::from(*came) - expected).powi(2) / expected)
                .sum();
            assert!(chi_square < limit, "χ² = {chi_square}: {came:?}");
        };
        // 9 and 4 degrees of freedom: more comes once in 10^10 times.
        uniform(digits.to_vec(), 65.0);
        uniform(DIGIT_AT.map(|at| places[at]).to_vec(), 52.0);
        // These are uniform but for the words that offend, which begin with some of them.
        let innocent = b"mqsvxz".map(|byte| firsts[usize::from(byte)]);
        assert!(
            innocent.iter().all(|came| *came > count / 25),
            "{innocent:?}"
        );
    }

    /// Checks one password, and returns where its digit stands.
    fn is_right(text: &[u8]) -> usize {
        assert_eq!(text.len(), 20);
        assert_eq!((text[6], text[13]), (b'-', b'-'));
        let at = |wanted: fn(&u8) -> bool| -> Vec<usize> {
            (0..20).filter(|place| wanted(&text[*place])).collect()
        };
        assert_eq!(at(|byte| *byte == b'-').len(), 2);
        let (digits, upper) = (at(u8::is_ascii_digit), at(u8::is_ascii_uppercase));
        assert_eq!(
            (digits.len(), upper.len()),
            (1, 1),
            "one digit, one capital"
        );
        assert!([5, 7, 12, 14, 19].contains(&digits[0]));
        assert_ne!(text[upper[0]], b'O');
        for (place, byte) in text.iter().enumerate() {
            if byte.is_ascii_alphabetic() {
                let is_vowel = b"aeiouy".contains(&byte.to_ascii_lowercase());
                assert_eq!(
                    is_vowel,
                    [1, 4, 8, 11, 15, 18].contains(&place),
                    "at {place}"
                );
            }
        }
        digits[0]
    }
}
