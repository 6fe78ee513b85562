//! Moments: KDBX 4 has seconds since the year 1 in base64, KDBX 3.1 has ISO 8601.

use data_encoding::BASE64;

use super::format::Element;

/// From the beginning of the year 1 to that of 1970, in seconds.
const YEAR_1: i64 = 62_135_596_800;
/// The end of the year 9999, in seconds since 1970: the last moment that KeePass knows.
const YEAR_9999: i64 = 253_402_300_799;

/// The seconds since 1970 of a moment; `None` if it is none.
pub(super) fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(bytes) = BASE64.decode(text.as_bytes())
        && let Ok(bytes) = bytes.try_into()
    {
        return i64::from_le_bytes(bytes).checked_sub(YEAR_1);
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_second())
}

/// A moment as KDBX 4 has it; `None` if KeePass knows no such year.
pub(super) fn write(name: &str, seconds: i64) -> Option<Element> {
    let known = (-YEAR_1..=YEAR_9999).contains(&seconds);
    let text = BASE64.encode(&(seconds.checked_add(YEAR_1)?).to_le_bytes());
    known.then(|| Element::with_text(name, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_both_versions_are_read() {
        assert_eq!(read("2024-02-29T12:00:00Z"), Some(1_709_208_000));
        for seconds in [0, -11_644_473_600, 1_709_208_000, 2_713_910_400] {
            let written = write("T", seconds).unwrap();
            assert_eq!(read(written.text().unwrap()), Some(seconds));
        }
        assert_eq!(read("yesterday"), None);
        assert!(write("T", i64::MAX).is_none());
        assert!(write("T", -YEAR_1 - 1).is_none());
    }
}
