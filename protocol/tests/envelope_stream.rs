//! Stories of the stream (design §4): what goes in comes out, and nothing else ever does.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use credex_protocol::envelope::{
    ContentKey, HEADER_LEN, OpenError, Opener, SealError, Sealer, TAG_LEN, envelope_size,
};
use proptest::prelude::*;

const SEGMENT: usize = 65_536;
const SEALED_SEGMENT: usize = SEGMENT + TAG_LEN;

fn key() -> ContentKey {
    ContentKey::from_bytes(&[7; 32])
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

fn seal(plaintext: &[u8]) -> Vec<u8> {
    let mut sealer = Sealer::new(Cursor::new(Vec::new()), &key()).unwrap();
    sealer.write_all(plaintext).unwrap();
    sealer.finish().unwrap().into_inner()
}

fn open(envelope: &[u8]) -> Result<Vec<u8>, OpenError> {
    open_with(envelope, &key())
}

fn open_with(envelope: &[u8], key: &ContentKey) -> Result<Vec<u8>, OpenError> {
    Opener::new(envelope, key)?
        .open_whole(1 << 30)
        .map(|plaintext| plaintext.to_vec())
}

/// Swaps the claim of the header, as whoever holds the file before it is sealed could.
fn claim(envelope: &mut [u8], plaintext_len: usize) {
    envelope[24..32].copy_from_slice(&(plaintext_len as u64).to_be_bytes());
}

fn segment(number: usize) -> std::ops::Range<usize> {
    let start = HEADER_LEN + number * SEALED_SEGMENT;
    start..start + SEALED_SEGMENT
}

#[test]
fn every_size_around_a_segment_border_comes_back() {
    for len in [
        0,
        1,
        SEGMENT - 1,
        SEGMENT,
        SEGMENT + 1,
        2 * SEGMENT,
        3 * SEGMENT + 5,
    ] {
        let envelope = seal(&text(len));
        assert_eq!(envelope.len() as u64, envelope_size(len as u64), "{len}");
        assert_eq!(open(&envelope).unwrap(), text(len), "{len}");
    }
}

#[test]
fn the_same_payload_never_looks_the_same_twice() {
    assert_ne!(
        seal(b"hunter2")[HEADER_LEN..],
        seal(b"hunter2")[HEADER_LEN..]
    );
}

#[test]
fn no_plaintext_shows_through_an_envelope() {
    let envelope = seal(&b"hunter2 ".repeat(20_000));
    assert!(!envelope.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn an_envelope_may_begin_in_the_middle_of_a_file() {
    let mut file = Cursor::new(b"before".to_vec());
    file.seek(SeekFrom::End(0)).unwrap();
    let mut sealer = Sealer::new(file, &key()).unwrap();
    sealer.write_all(b"payload").unwrap();
    let file = sealer.finish().unwrap();
    assert_eq!(file.position(), file.get_ref().len() as u64);
    assert_eq!(open(&file.into_inner()[6..]).unwrap(), b"payload");
}

#[test]
fn another_key_opens_nothing() {
    for len in [0, 10, 2 * SEGMENT] {
        let error = open_with(&seal(&text(len)), &ContentKey::from_bytes(&[8; 32])).unwrap_err();
        assert!(matches!(error, OpenError::WrongKeyOrForged), "{error}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let whole = seal(&text(40));
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut envelope = whole.clone();
            envelope[at] ^= 1 << bit;
            let error = open(&envelope).unwrap_err();
            let told = match at {
                0..12 | 19..24 => matches!(error, OpenError::Header(_)),
                24..32 => matches!(
                    error,
                    OpenError::Truncated { .. }
                        | OpenError::Trailing { .. }
                        | OpenError::TooLarge { .. }
                ),
                _ => matches!(error, OpenError::WrongKeyOrForged),
            };
            assert!(told, "bit {bit} of byte {at}: {error}");
        }
    }
}

#[test]
fn another_valid_segment_size_in_the_header_is_found() {
    let mut envelope = seal(&text(100));
    envelope[8..12].copy_from_slice(&4096_u32.to_be_bytes());
    assert!(matches!(open(&envelope), Err(OpenError::WrongKeyOrForged)));
}

#[test]
fn a_forged_later_segment_is_named_by_its_number() {
    let mut envelope = seal(&text(3 * SEGMENT));
    envelope[segment(2).start + 9] ^= 1;
    assert!(matches!(
        open(&envelope),
        Err(OpenError::Forged { segment: 2 })
    ));
}

#[test]
fn segments_in_another_order_do_not_open() {
    let mut envelope = seal(&text(3 * SEGMENT));
    let (one, two) = (envelope[segment(0)].to_vec(), envelope[segment(1)].to_vec());
    envelope[segment(0)].copy_from_slice(&two);
    envelope[segment(1)].copy_from_slice(&one);
    assert!(matches!(open(&envelope), Err(OpenError::WrongKeyOrForged)));
}

#[test]
fn a_segment_played_twice_does_not_open() {
    let mut envelope = seal(&text(3 * SEGMENT));
    let one = envelope[segment(1)].to_vec();
    envelope[segment(2)].copy_from_slice(&one);
    assert!(matches!(
        open(&envelope),
        Err(OpenError::Forged { segment: 2 })
    ));
    envelope.splice(segment(1).start..segment(1).start, one);
    claim(&mut envelope, 4 * SEGMENT);
    assert!(matches!(
        open(&envelope),
        Err(OpenError::Forged { segment: 2 })
    ));
}

#[test]
fn an_envelope_cut_anywhere_says_what_is_missing() {
    let envelope = seal(&text(SEGMENT + 10));
    let missing = |len: usize| match open(&envelope[..len]) {
        Err(OpenError::Truncated { segment, missing }) => (segment, missing),
        other => panic!("{len}: {other:?}"),
    };
    assert_eq!(missing(0), (None, HEADER_LEN));
    assert_eq!(missing(31), (None, 1));
    assert_eq!(missing(32), (Some(0), SEALED_SEGMENT));
    assert_eq!(missing(segment(0).end), (Some(1), 10 + TAG_LEN));
    assert_eq!(missing(envelope.len() - 1), (Some(1), 1));
}

#[test]
fn an_envelope_cut_at_a_segment_border_does_not_pass_for_a_shorter_one() {
    let mut envelope = seal(&text(3 * SEGMENT));
    envelope.truncate(segment(1).end);
    claim(&mut envelope, 2 * SEGMENT);
    assert!(matches!(
        open(&envelope),
        Err(OpenError::Forged { segment: 1 })
    ));
}

#[test]
fn an_envelope_that_goes_on_after_its_end_is_refused() {
    let mut envelope = seal(&text(10));
    envelope.push(0);
    assert!(matches!(
        open(&envelope),
        Err(OpenError::Trailing { claimed: 10 })
    ));
}

#[test]
fn two_envelopes_glued_together_do_not_open_as_one() {
    let mut envelope = seal(&text(SEGMENT));
    envelope.extend_from_slice(&seal(&text(10))[HEADER_LEN..]);
    claim(&mut envelope, SEGMENT + 10);
    assert!(matches!(open(&envelope), Err(OpenError::WrongKeyOrForged)));
}

#[test]
fn nothing_of_a_forged_segment_reaches_the_reader() {
    let mut envelope = seal(&text(2 * SEGMENT));
    envelope[segment(1).end - 1] ^= 1;
    let mut opener = Opener::new(envelope.as_slice(), &key()).unwrap();
    let mut buffer = vec![0; opener.segment_buffer_len()];
    assert_eq!(opener.read_segment_into(&mut buffer).unwrap(), SEGMENT);
    assert!(opener.read_segment_into(&mut buffer).is_err());
    assert!(buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
    assert!(matches!(
        opener.read_segment_into(&mut buffer),
        Err(OpenError::AlreadyFailed)
    ));
    assert!(opener.read(&mut buffer).is_err());
}

#[test]
fn a_reader_in_small_pieces_gets_no_byte_beyond_the_last_authentic_segment() {
    let mut envelope = seal(&text(2 * SEGMENT));
    envelope[segment(1).end - 1] ^= 1;
    let mut opener = Opener::new(envelope.as_slice(), &key()).unwrap();
    let mut came = 0;
    let error = loop {
        match opener.read(&mut [0; 1000]) {
            Ok(more) => came += more,
            Err(error) => break error,
        }
    };
    assert_eq!((came, error.kind()), (SEGMENT, io::ErrorKind::InvalidData));
}

#[test]
fn a_buffer_too_small_costs_nothing_but_an_error() {
    let envelope = seal(&text(10));
    let mut opener = Opener::new(envelope.as_slice(), &key()).unwrap();
    let refused = opener.read_segment_into(&mut [0; 25]);
    assert!(matches!(
        refused,
        Err(OpenError::BufferTooSmall {
            needed: 26,
            given: 25
        })
    ));
    assert_eq!(opener.read_segment_into(&mut [0; 26]).unwrap(), 10);
    assert_eq!(opener.read_segment_into(&mut []).unwrap(), 0);
}

#[test]
fn a_payload_above_the_limit_is_refused_before_room_is_made_for_it() {
    let mut envelope = seal(&text(10));
    claim(&mut envelope, 1 << 60);
    let opener = Opener::new(envelope.as_slice(), &key()).unwrap();
    let refused = opener.open_whole(1 << 20);
    assert!(
        matches!(
            refused,
            Err(OpenError::TooLarge {
                limit: 0x10_0000,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn what_was_read_in_pieces_is_not_lost_when_the_rest_is_taken_whole() {
    let envelope = seal(&text(2 * SEGMENT + 5));
    let mut opener = Opener::new(envelope.as_slice(), &key()).unwrap();
    let mut start = [0; 100];
    opener.read_exact(&mut start).unwrap();
    let rest = opener.open_whole(1 << 20).unwrap();
    assert_eq!([start.as_slice(), &rest].concat(), text(2 * SEGMENT + 5));
}

#[test]
fn an_envelope_that_was_never_finished_is_no_envelope() {
    let mut file = Cursor::new(Vec::new());
    let mut sealer = Sealer::new(&mut file, &key()).unwrap();
    sealer.write_all(&text(2 * SEGMENT)).unwrap();
    drop(sealer);
    assert!(open(file.get_ref()).is_err());
}

/// An output that takes so many bytes and then is full.
struct Full(Cursor<Vec<u8>>, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.1 - self.0.get_ref().len();
        match bytes.len().min(room) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            fits => self.0.write(&bytes[..fits]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_torn_envelope_is_never_continued_with_the_same_nonces() {
    let mut sealer = Sealer::new(Full(Cursor::new(Vec::new()), 100), &key()).unwrap();
    let full = sealer.write_all(&text(2 * SEGMENT)).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert!(sealer.write_all(b"again").is_err());
    assert!(matches!(sealer.finish(), Err(SealError::Torn)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_payload_in_any_chunks_comes_back_in_any_other_chunks(
        segments in 0_usize..3,
        offset in -20_isize..20,
        written in 1_usize..100_000,
        read in 1_usize..100_000,
    ) {
        let plaintext = text((segments * SEGMENT).saturating_add_signed(offset));
        let mut sealer = Sealer::new(Cursor::new(Vec::new()), &key()).unwrap();
        for chunk in plaintext.chunks(written) {
            sealer.write_all(chunk).unwrap();
        }
        prop_assert_eq!(sealer.plaintext_len(), plaintext.len() as u64);
        let envelope = sealer.finish().unwrap().into_inner();
        prop_assert_eq!(envelope.len() as u64, envelope_size(plaintext.len() as u64));

        let mut opener = Opener::new(envelope.as_slice(), &key()).unwrap();
        prop_assert_eq!(opener.plaintext_len(), plaintext.len() as u64);
        let (mut opened, mut buffer) = (Vec::new(), vec![0; read]);
        loop {
            match opener.read(&mut buffer).unwrap() {
                0 => break,
                got => opened.extend_from_slice(&buffer[..got]),
            }
        }
        prop_assert!(opened == plaintext);
    }

    #[test]
    fn whatever_bytes_a_stranger_sends_the_opener_answers_with_an_error(
        header in prop::option::of(0_u64..300),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut envelope = seal(b"");
        if let Some(claimed) = header {
            envelope.truncate(HEADER_LEN);
            envelope[24..32].copy_from_slice(&claimed.to_be_bytes());
        } else {
            envelope.clear();
        }
        envelope.extend_from_slice(&bytes);
        prop_assert!(open(&envelope).is_err());
    }
}
