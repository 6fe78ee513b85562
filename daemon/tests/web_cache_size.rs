//! 1,000 apps with 10 domains each stay within 2 MB, in memory and on disk. Alone in its program, because it
//! counts what is allocated.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use credexd::web_credentials::cache::{Cache, Kept};
use credexd::web_credentials::domain::{Mode, Site};

const MEGABYTES: usize = 2_000_000;
/// What the C library needs beside each piece, in bytes, rounding included.
const OVERHEAD: usize = 16;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() + OVERHEAD, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() + OVERHEAD, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_thousand_apps_with_ten_domains_each_stay_within_two_megabytes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("associations.json");
    let kept = Kept::new(true, SystemTime::now(), Duration::from_secs(86400));
    let mut cache = Cache::in_memory();
    let before = ALLOCATED.load(Ordering::Relaxed);
    for app in 0..1000 {
        for domain in 0..10 {
            let site = format!("login{domain}.some-company-{app}.example.org:8443");
            let site = Site::parse(&site, Mode::Standard).unwrap();
            let page = cache.put(&format!("org.example.company{app}.App"), &site, kept);
            assert!(page.is_none(), "there is no file yet");
        }
    }
    let memory = ALLOCATED.load(Ordering::Relaxed) - before;
    assert_eq!(cache.len(), 10_000);
    assert!(memory <= MEGABYTES, "{memory} bytes of memory");
    cache.keep_in(file.clone()).write();
    let disk = usize::try_from(file.metadata().unwrap().len()).unwrap();
    assert!(disk <= MEGABYTES, "{disk} bytes on disk");
    assert_eq!(Cache::open(file).len(), 10_000);
    eprintln!("10,000 verdicts: {memory} bytes of memory, {disk} on disk");
}
