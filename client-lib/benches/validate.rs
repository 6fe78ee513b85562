//! What reading a document costs, against merely skipping over its JSON in the same run.
//!
//! `cargo bench -p credex --features testing`. The promise is a ratio of at most 2 and no memory
//! that grows with the document.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench talks and may fail loudly"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use credex::cxf::{generate_vault, validate};
use serde::de::IgnoredAny;

/// Counts what is allocated, and the most that ever was at once.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[allow(unsafe_code)]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the pointer came from `alloc` above, that is from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let vault = generate_vault(100_000);
    compare("vault of 100,000 items", &vault, 7);
    drop(vault);
    compare("the sample", credex::cxf::sample(), 2000);
}

/// Takes turns, so that both meet the same weather, and reports the best of each.
fn compare(name: &str, document: &[u8], rounds: usize) {
    let (mut skip, mut read) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        skip = skip.min(time(|| {
            serde_json::from_slice::<IgnoredAny>(document).unwrap()
        }));
        read = read.min(time(|| validate(document).unwrap()));
    }
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    black_box(validate(document).unwrap());
    let grown = PEAK.load(Relaxed) - before;
    println!(
        "{name} ({} kB): skip {skip:.2?}, validate {read:.2?}, ratio {:.2}, peak +{grown} bytes",
        document.len() / 1000,
        read.as_secs_f64() / skip.as_secs_f64(),
    );
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}
