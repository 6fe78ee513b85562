//! The file format: KDBX 4 both ways, KDBX 3.1 for reading
//! (<https://keepass.info/help/kb/kdbx.html>).
//!
//! A header says how the key is derived and the rest encrypted; then come blocks, each with a
//! message authentication code; in them, compressed, an inner header with the bytes of attachments,
//! and an XML document. Values that are marked so are encrypted once more there, with a stream
//! cipher that runs through the document.

mod blocks;
mod cipher;
mod header;
mod kdf;
mod key;
mod payload;
mod seal;
#[cfg(test)]
mod tests;
mod tree;
mod unseal;
mod variant;

pub(super) use kdf::Kdf;
pub(super) use key::CompositeKey;
pub(super) use payload::{Binary, bytes_in};
pub(super) use seal::seal;
pub(super) use tree::Element;
pub(super) use unseal::unlock;

use header::Header;
use zeroize::Zeroizing;

/// What the key derivation makes of a composite key.
pub(super) type DerivedKey = Zeroizing<[u8; 32]>;

/// A database without its encryption.
pub(super) struct Database {
    /// How it is encrypted.
    pub(super) header: Header,
    /// The XML document.
    pub(super) tree: Element,
    /// The bytes of attachments, to which the document refers by their index.
    pub(super) binaries: Vec<Binary>,
    /// Whether there are protected values that could not be made out, which a writing would destroy.
    pub(super) is_damaged: bool,
}

impl Database {
    /// A new one around this document.
    pub(super) fn new(tree: Element) -> Self {
        Self {
            header: Header::new(),
            tree,
            binaries: Vec::new(),
            is_damaged: false,
        }
    }

    /// How its key is derived; `None` if it is new.
    pub(super) fn kdf(&self) -> Option<&Kdf> {
        self.header.kdf.as_ref()
    }

    /// Whether it can be written again: KDBX 3.1 cannot.
    pub(super) fn is_current(&self) -> bool {
        self.header.is_current()
    }
}

/// Random bytes from the operating system.
fn random<const N: usize>() -> Result<[u8; N], super::problem::Problem> {
    let mut bytes = [0; N];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(super::problem::Problem::NoRandomness),
    }
}

/// The next `length` bytes of `rest`, which gets shorter by them.
fn take<'b>(rest: &mut &'b [u8], length: usize) -> Result<&'b [u8], super::problem::Problem> {
    let (taken, left) = rest
        .split_at_checked(length)
        .ok_or(super::problem::Problem::Malformed("it is cut off"))?;
    *rest = left;
    Ok(taken)
}

/// The next bytes of `rest` as an array, for numbers, which are little-endian throughout.
fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], super::problem::Problem> {
    let taken = take(rest, N)?;
    taken
        .try_into()
        .map_err(|_| super::problem::Problem::Malformed("it is cut off"))
}

/// The next four bytes of `rest` as a length.
fn take_length(rest: &mut &[u8]) -> Result<usize, super::problem::Problem> {
    let length = u32::from_le_bytes(take_array(rest)?);
    usize::try_from(length).map_err(|_| super::problem::Problem::Malformed("a length is absurd"))
}
