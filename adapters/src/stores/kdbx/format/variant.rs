//! The dictionary in which a header keeps the parameters of the key derivation ("VariantDictionary").

use super::super::problem::Problem;
use super::{take, take_array, take_length};

/// The version of the dictionary: 1.0. A higher first byte is a format that nobody knows yet.
const VERSION: u16 = 0x0100;

/// Names and values in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dictionary(Vec<(Vec<u8>, Value)>);

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    U32(u32),
    U64(u64),
    Bytes(Vec<u8>),
    /// One of a kind that no parameter has.
    Other(u8, Vec<u8>),
}

impl Dictionary {
    /// Reads one.
    pub(super) fn read(mut rest: &[u8]) -> Result<Self, Problem> {
        let version = u16::from_le_bytes(take_array(&mut rest)?);
        if version >> 8 != VERSION >> 8 {
            return Err(Problem::Malformed(
                "its header has parameters of a later version",
            ));
        }
        let mut entries = Vec::new();
        loop {
            let [kind] = take_array(&mut rest)?;
            if kind == 0 {
                return Ok(Self(entries));
            }
            let name = take_length(&mut rest)?;
            let name = take(&mut rest, name)?.to_vec();
            let length = take_length(&mut rest)?;
            let bytes = take(&mut rest, length)?;
            entries.push((name, Value::read(kind, bytes)?));
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.push((name.as_bytes().to_vec(), value));
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let entry = self.0.iter().find(|(each, _)| each == name.as_bytes())?;
        Some(&entry.1)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::U32(number) => Some(u64::from(*number)),
            Value::U64(number) => Some(*number),
            Value::Bytes(_) | Value::Other(..) => None,
        }
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.get(name)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Writes it.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut written = VERSION.to_le_bytes().to_vec();
        for (name, value) in &self.0 {
            let (kind, bytes) = value.write();
            written.push(kind);
            written.extend(length(name.len()));
            written.extend_from_slice(name);
            written.extend(length(bytes.len()));
            written.extend(bytes);
        }
        written.push(0);
        written
    }
}

/// A length as it is written. Nothing that is written here comes near the limit.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

impl Value {
    fn read(kind: u8, bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = Problem::Malformed("its header has a number of the wrong size");
        Ok(match kind {
            0x04 => Self::U32(u32::from_le_bytes(bytes.try_into().map_err(|_| malformed)?)),
            0x05 => Self::U64(u64::from_le_bytes(bytes.try_into().map_err(|_| malformed)?)),
            0x42 => Self::Bytes(bytes.to_vec()),
            other => Self::Other(other, bytes.to_vec()),
        })
    }

    fn write(&self) -> (u8, Vec<u8>) {
        match self {
            Self::U32(number) => (0x04, number.to_le_bytes().to_vec()),
            Self::U64(number) => (0x05, number.to_le_bytes().to_vec()),
            Self::Bytes(bytes) => (0x42, bytes.clone()),
            Self::Other(kind, bytes) => (*kind, bytes.clone()),
        }
    }
}
