//! The fixed header of an envelope, and the arithmetic of its size (design §4).
//!
//! Everything the daemon ever learns about a payload is decided here: it reads 32 bytes, and from
//! them and the size of the file it knows whether the envelope can be whole.

use thiserror::Error;

/// Bytes in front of the first segment.
pub const HEADER_LEN: usize = 32;
/// Bytes that authenticate one segment, at its end.
pub const TAG_LEN: usize = 16;
/// The first eight bytes of every envelope.
pub const MAGIC: [u8; 8] = *b"CREDEX1\0";
/// Bytes of the header that every segment authenticates: all but the length.
pub(super) const AUTHENTICATED_LEN: usize = 24;
/// What stands in the place of the length until the sealer has finished: never a valid length.
pub(super) const UNFINISHED: u64 = u64::MAX;

/// How many plaintext bytes each segment but the last holds: a power of two from 4 KiB to 1 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSize(u32);

impl SegmentSize {
    /// 4096, the least that an opener accepts.
    pub const MIN: Self = Self(4096);
    /// 65536, what our sealer writes.
    pub const DEFAULT: Self = Self(65_536);
    /// 1048576, the most that an opener accepts, since it has to hold one segment.
    pub const MAX: Self = Self(1 << 20);

    /// Accepts a power of two between [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    pub fn new(bytes: u32) -> Result<Self, HeaderError> {
        if bytes.is_power_of_two() && (Self::MIN.0..=Self::MAX.0).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(HeaderError::UnsupportedSegmentSize(bytes))
        }
    }

    /// Plaintext bytes in a full segment.
    pub fn bytes(self) -> usize {
        self.0 as usize
    }

    /// Bytes of an envelope around `plaintext_len` bytes; `None` beyond what a `u64` can count.
    pub fn envelope_size(self, plaintext_len: u64) -> Option<u64> {
        let segments = plaintext_len.div_ceil(u64::from(self.0)).max(1);
        (HEADER_LEN as u64)
            .checked_add(plaintext_len)?
            .checked_add(segments.checked_mul(TAG_LEN as u64)?)
    }

    /// The inverse of [`envelope_size`](Self::envelope_size): the plaintext bytes in an envelope
    /// of exactly `envelope_size` bytes; `None` if no envelope has that size.
    pub fn plaintext_len(self, envelope_size: u64) -> Option<u64> {
        let body = envelope_size.checked_sub(HEADER_LEN as u64)?;
        let segments = body.div_ceil(u64::from(self.0) + TAG_LEN as u64).max(1);
        let plaintext_len = body.checked_sub(segments * TAG_LEN as u64)?;
        (self.envelope_size(plaintext_len) == Some(envelope_size)).then_some(plaintext_len)
    }
}

/// Bytes of the envelope that our own sealer makes around `plaintext_len` bytes (saturating).
pub fn envelope_size(plaintext_len: u64) -> u64 {
    SegmentSize::DEFAULT
        .envelope_size(plaintext_len)
        .unwrap_or(u64::MAX)
}

/// The header of an envelope, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Plaintext bytes per segment.
    pub segment_size: SegmentSize,
    /// The random start of every nonce.
    pub nonce_prefix: [u8; 7],
    /// Plaintext bytes in all: a claim, checked against the size of the file and what was opened.
    pub plaintext_len: u64,
}

impl Header {
    /// Reads a header; refuses a foreign magic, segment size or reserved byte.
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, HeaderError> {
        let [m0, m1, m2, m3, m4, m5, m6, m7, s0, s1, s2, s3, rest @ ..] = *bytes;
        if [m0, m1, m2, m3, m4, m5, m6, m7] != MAGIC {
            return Err(HeaderError::BadMagic);
        }
        let segment_size = SegmentSize::new(u32::from_be_bytes([s0, s1, s2, s3]))?;
        let [
            p0,
            p1,
            p2,
            p3,
            p4,
            p5,
            p6,
            reserved @ ..,
            l0,
            l1,
            l2,
            l3,
            l4,
            l5,
            l6,
            l7,
        ] = rest;
        if reserved != [0; 5] {
            return Err(HeaderError::ReservedBytes);
        }
        Ok(Self {
            segment_size,
            nonce_prefix: [p0, p1, p2, p3, p4, p5, p6],
            plaintext_len: u64::from_be_bytes([l0, l1, l2, l3, l4, l5, l6, l7]),
        })
    }

    /// The 32 bytes that stand in front of the segments.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..AUTHENTICATED_LEN].copy_from_slice(&self.authenticated());
        bytes[AUTHENTICATED_LEN..].copy_from_slice(&self.plaintext_len.to_be_bytes());
        bytes
    }

    /// The part of the header that every segment authenticates.
    pub(super) fn authenticated(&self) -> [u8; AUTHENTICATED_LEN] {
        let mut bytes = [0; AUTHENTICATED_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.segment_size.0.to_be_bytes());
        bytes[12..19].copy_from_slice(&self.nonce_prefix);
        bytes
    }
}

/// Why 32 bytes are not the header of an envelope.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    /// The first eight bytes are something else.
    #[error(
        "this is not a Credex envelope: it must begin with the eight bytes \"CREDEX1\\0\"; seal \
         the payload before handing it over"
    )]
    BadMagic,
    /// The segment size, in bytes, is not one that an opener has to accept.
    #[error(
        "a segment size of {0} bytes is not supported: use a power of two from 4096 to 1048576, \
         and 65536 unless there is a reason"
    )]
    UnsupportedSegmentSize(u32),
    /// Bytes 19 to 23 are not all zero.
    #[error("the five reserved bytes of the header (19 to 23) must be zero")]
    ReservedBytes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            segment_size: SegmentSize::DEFAULT,
            nonce_prefix: *b"prefix7",
            plaintext_len: 0x0102_0304_0506_0708,
        }
    }

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        assert_eq!(Header::parse(&header().to_bytes()), Ok(header()));
    }

    #[test]
    fn a_header_of_another_format_is_named_as_such() {
        let mut bytes = header().to_bytes();
        bytes[6] = b'2';
        assert_eq!(Header::parse(&bytes), Err(HeaderError::BadMagic));
    }

    #[test]
    fn reserved_bytes_stay_free_for_a_later_version() {
        for at in 19..24 {
            let mut bytes = header().to_bytes();
            bytes[at] = 1;
            assert_eq!(
                Header::parse(&bytes),
                Err(HeaderError::ReservedBytes),
                "byte {at}"
            );
        }
    }

    #[test]
    fn only_powers_of_two_from_four_kibibytes_to_one_mebibyte_are_segment_sizes() {
        for good in (12..=20).map(|bits| 1 << bits) {
            assert!(SegmentSize::new(good).is_ok(), "{good}");
        }
        for bad in [0, 1, 2048, 4095, 4097, 65_535, 1 << 21, u32::MAX] {
            assert_eq!(
                SegmentSize::new(bad),
                Err(HeaderError::UnsupportedSegmentSize(bad))
            );
        }
    }

    #[test]
    fn sizes_around_a_segment_border_are_exact() {
        let size = |plaintext| SegmentSize::MIN.envelope_size(plaintext);
        assert_eq!(size(0), Some(32 + 16));
        assert_eq!(size(1), Some(32 + 1 + 16));
        assert_eq!(size(4096), Some(32 + 4096 + 16));
        assert_eq!(size(4097), Some(32 + 4097 + 32));
        assert_eq!(size(u64::MAX), None);
    }

    #[test]
    fn sizes_that_no_envelope_has_have_no_plaintext_length() {
        let full = 32 + 4096 + 16;
        for impossible in [0, 31, 32, 47, full + 1, full + 15, full + 16] {
            assert_eq!(
                SegmentSize::MIN.plaintext_len(impossible),
                None,
                "{impossible}"
            );
        }
        assert_eq!(SegmentSize::MIN.plaintext_len(full + 17), Some(4097));
    }

    proptest! {
        #[test]
        fn the_size_and_its_inverse_agree(plaintext in 0_u64..1 << 50, bits in 12_u32..=20) {
            let segment = SegmentSize::new(1 << bits).unwrap();
            let envelope = segment.envelope_size(plaintext).unwrap();
            prop_assert_eq!(segment.plaintext_len(envelope), Some(plaintext));
        }

        #[test]
        fn a_size_has_a_plaintext_length_only_if_some_plaintext_has_that_size(size in 0_u64..1 << 20) {
            if let Some(plaintext) = SegmentSize::MIN.plaintext_len(size) {
                prop_assert_eq!(SegmentSize::MIN.envelope_size(plaintext), Some(size));
            }
        }
    }
}
