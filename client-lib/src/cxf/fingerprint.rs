//! A number that stands for a JSON value: the same for the same content, however it is written.
//!
//! The order of members and the spelling of strings and numbers make no difference. Not a defence
//! against forgery: it only compares two documents that one person holds.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::walk::Name;

/// What a value comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    /// The same for everything.
    pub(super) const SAME: Self = Self(0);
}

/// The fingerprint of a value of a validated document.
pub(super) fn fingerprint(raw: &RawValue) -> Option<Fingerprint> {
    serde_json::from_str(raw.get()).ok()
}

/// Mixes a kind and a content to 128 bits.
fn mix(kind: &str, content: impl Hash) -> Fingerprint {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, kind, &content).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    Fingerprint(half(0) << 64 | half(1))
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Fingerprint;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Fingerprint, E> {
        Ok(mix("null", ()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Fingerprint, E> {
        Ok(mix("boolean", value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Fingerprint, E> {
        Ok(mix("whole", i128::from(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Fingerprint, E> {
        Ok(mix("whole", i128::from(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Fingerprint, E> {
        // 1.0 and 1 are the same number; from 2^53 on, doubles skip some.
        let is_whole = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
        Ok(match is_whole {
            true => mix("whole", value as i128),
            false => mix("number", value.to_bits()),
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Fingerprint, E> {
        Ok(mix("string", value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Fingerprint, A::Error> {
        let mut whole = mix("array", ());
        while let Some(element) = array.next_element::<Fingerprint>()? {
            whole = mix("array", (whole, element));
        }
        Ok(whole)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fingerprint, A::Error> {
        // A sum does not depend on the order.
        let mut sum = 0_u128;
        while let Some(name) = object.next_key_seed(Name)? {
            sum = sum.wrapping_add(mix("member", (name, object.next_value::<Fingerprint>()?)).0);
        }
        Ok(mix("object", sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Fingerprint {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_way_of_writing_makes_no_difference() {
        assert_eq!(
            of(r#"{"a":[1,"é"],"b":null}"#),
            of(r#"{ "b": null, "a": [1.0, "\u00e9"] }"#)
        );
    }

    #[test]
    fn content_kind_and_order_of_elements_do() {
        let values = [
            "1", "\"1\"", "[1,2]", "[2,1]", "[[1],2]", "[1,[2]]", "{}", "[]", "null",
        ];
        for (index, one) in values.iter().enumerate() {
            for other in &values[..index] {
                assert_ne!(of(one), of(other), "{one} and {other}");
            }
        }
        assert_ne!(of(r#"{"a":1,"b":2}"#), of(r#"{"a":2,"b":1}"#));
    }
}
