//! What an envelope costs over its raw floor (design §4): the same segments sealed in place by
//! ring, written to a memory file, read back by position and opened in place, by hand, with no
//! seals, no checks and nothing wiped. Once over a floor that encrypts the caller's plaintext away,
//! and once over one that leaves it alone, as a sealer must, and so has to copy each segment.
//!
//! `cargo bench -p credex-protocol --bench envelope`. The two are run in turn, and the medians
//! compared; the machine's own noise is a few per cent.

#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::fs::File;
use std::hint::black_box;
use std::io::{IoSlice, Write};
use std::time::{Duration, Instant};

use credex_protocol::envelope::{CheckedEnvelope, ContentKey, Plaintext, Sealer, memfd};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustix::io::pread;

const SEGMENT: usize = 65_536;
const TAG: usize = 16;

fn main() {
    println!(
        "bytes, ours, copying floor (ratio), floor in place (ratio), and wiping the plaintext"
    );
    for (len, runs) in [(10_000, 2001), (1_000_000, 401), (100_000_000, 15)] {
        compare(len, runs);
    }
}

fn compare(len: usize, runs: usize) {
    let plaintext: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
    let [mut in_place, mut copying, mut ours, mut wiping] = [const { Vec::new() }; 4];
    for _ in 0..runs {
        let mut given_away = plaintext.clone();
        in_place.push(timed(|| floor(given_away.chunks_mut(SEGMENT), len)).0);
        copying.push(timed(|| copying_floor(&plaintext)).0);
        let (time, opened) = timed(|| envelope(&plaintext));
        assert!(*opened == *plaintext);
        ours.push(time);
        wiping.push(timed(|| drop(opened)).0);
    }
    let [in_place, copying, ours, wiping] = [in_place, copying, ours, wiping].map(median);
    let over = |floor: Duration| ours.as_secs_f64() / floor.as_secs_f64();
    println!(
        "{len:>10} {ours:>10.1?} {copying:>10.1?} ({:.3}) {in_place:>10.1?} ({:.3}) {wiping:>10.1?}",
        over(copying),
        over(in_place),
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed(), result)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn envelope(plaintext: &[u8]) -> Plaintext {
    let key = ContentKey::generate().unwrap();
    let mut sealer = Sealer::new(memfd::create().unwrap(), &key).unwrap();
    sealer.write_all(plaintext).unwrap();
    let file = sealer.finish().unwrap();
    memfd::seal(&file).unwrap();
    let checked = CheckedEnvelope::check(file.into(), 1 << 30).unwrap();
    checked.opener(&key).unwrap().open_whole(1 << 30).unwrap()
}

/// Seals segments where they lie, and opens them again.
fn floor<'a>(segments: impl Iterator<Item = &'a mut [u8]>, len: usize) -> Vec<u8> {
    let key = floor_key();
    let mut file = memfd::create().unwrap();
    for (number, segment) in segments.enumerate() {
        floor_seal(&key, number, segment, &mut file);
    }
    floor_open(&key, len, &file)
}

/// Seals a copy of each segment, and opens them again.
fn copying_floor(plaintext: &[u8]) -> Vec<u8> {
    let key = floor_key();
    let mut file = memfd::create().unwrap();
    let mut scratch = Vec::with_capacity(SEGMENT);
    for (number, segment) in plaintext.chunks(SEGMENT).enumerate() {
        scratch.clear();
        scratch.extend_from_slice(segment);
        floor_seal(&key, number, &mut scratch, &mut file);
    }
    floor_open(&key, plaintext.len(), &file)
}

fn floor_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
}

fn nonce(number: usize) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn floor_seal(key: &LessSafeKey, number: usize, segment: &mut [u8], file: &mut File) {
    let tag = key
        .seal_in_place_separate_tag(nonce(number), Aad::empty(), segment)
        .unwrap();
    let slices = [IoSlice::new(segment), IoSlice::new(tag.as_ref())];
    assert_eq!(file.write_vectored(&slices).unwrap(), segment.len() + TAG);
}

fn floor_open(key: &LessSafeKey, len: usize, file: &File) -> Vec<u8> {
    let mut opened = vec![0; len + TAG];
    for (number, start) in (0..len).step_by(SEGMENT).enumerate() {
        let end = (start + SEGMENT).min(len) + TAG;
        let at = start + number * TAG;
        assert_eq!(
            pread(file, &mut opened[start..end], at as u64).unwrap(),
            end - start
        );
        key.open_in_place(nonce(number), Aad::empty(), &mut opened[start..end])
            .unwrap();
    }
    opened.truncate(len);
    opened
}
