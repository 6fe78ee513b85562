//! The sealed payload (design §4): what an exporting app hands to the daemon, and the daemon to an
//! importing app, without the daemon ever being able to read it for longer than it holds a key.
//!
//! A payload's plaintext is a sequence of [parts]: a CXF document, and attachments. The exporter
//! encrypts it under a random [`ContentKey`] with a [`Sealer`] into a [memory file](memfd), seals
//! the file, and [wraps](keywrap) the content key to the public key of its session. The daemon
//! makes a [`CheckedEnvelope`] of the descriptor and rewraps the key to the importer, which checks
//! the descriptor again and opens it with an [`Opener`].
//!
//! # The bytes of an envelope
//!
//! Numbers are big-endian.
//!
//! | Offset | Bytes | Field |
//! | --- | --- | --- |
//! | 0 | 8 | magic, `CREDEX1` and a zero byte |
//! | 8 | 4 | segment size *S*: plaintext bytes per full segment. A power of two from 4096 to 1048576; 65536 unless there is a reason |
//! | 12 | 7 | nonce prefix, random |
//! | 19 | 5 | reserved, zero |
//! | 24 | 8 | plaintext length *L*; all ones until the sealer has finished |
//! | 32 | … | segments |
//!
//! There are *n* = max(1, ⌈*L* / *S*⌉) segments. Each is ciphertext and then a tag of 16 bytes;
//! each but the last holds *S* bytes of plaintext, the last what is left. So an empty payload has
//! one segment of a tag alone, a payload of exactly *S* bytes has one full segment, and an envelope
//! has 32 + *L* + 16 *n* bytes, no more and no less.
//!
//! Segment *i* (from 0) is sealed with AES-256-GCM under the content key.
//!
//! - Nonce, 12 bytes: the prefix (7), *i* (4), and 1 if it is the last segment, else 0 (1).
//! - Associated data: the first 24 bytes of the header. The length is not among them, since it is
//!   written last; it is checked by the last segment's place and flag instead.
//!
//! A content key seals one envelope, and never a second.
//!
//! # For other languages
//!
//! `protocol/vectors/envelope.json` holds worked examples of everything here.

mod checked;
mod header;
mod keys;
pub mod keywrap;
pub mod memfd;
mod opener;
pub mod parts;
mod password;
mod plaintext;
mod sealer;
mod secret;
mod stream;
#[cfg(test)]
mod vectors;
mod whole;

pub use checked::{CheckedEnvelope, FileKind, MissingSeals, Refusal};
pub use header::{HEADER_LEN, Header, HeaderError, MAGIC, SegmentSize, TAG_LEN, envelope_size};
pub use keys::{KEY_LEN, KeyError, PrivateKey, PublicKey};
pub use opener::{OpenError, Opener};
pub use password::{LONGEST_PASSWORD, PADDED_LEN, Password, PasswordError, SEALED_LEN};
pub use plaintext::Plaintext;
pub use sealer::{SealError, Sealer};
pub use secret::{CONTENT_KEY_LEN, ContentKey, NoRandomness};
pub use whole::WholeOpening;
