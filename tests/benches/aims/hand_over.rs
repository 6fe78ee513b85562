//! Rows 1 and 2: from the deposit to the opened payload, against the same bytes through the same
//! cipher over a raw socket.

use std::time::{Duration, Instant};

use credex::cxf::{generate_vault, validate};

use crate::apps::{Apps, Taking};
use crate::raw_floor::RawPair;
use crate::stats::{median, size};
use crate::table::{Aim, Table};
use crate::{Pace, minimal, round_trips};

/// Bytes, rounds, rounds of a quick run, and the aim.
const SIZES: [(usize, usize, usize, f64); 5] = [
    (10_000, 301, 51, 3.0),
    (1_000_000, 151, 31, 1.5),
    (10_000_000, 41, 11, 1.15),
    (100_000_000, 13, 5, 1.15),
    (1_000_000_000, 5, 1, 1.15),
];

/// Items of the generated vaults: 1.3 kB each.
const VAULTS: [(usize, usize, usize); 2] = [(7_700, 25, 7), (100_000, 7, 3)];

pub(crate) fn opaque(pace: Pace, table: &mut Table) {
    let apps = Apps::start(Taking::Opaque);
    let raw = RawPair::start(|_| {});
    let trips = Trips::between(&apps);
    let waits = round_trips::before_the_payload();
    for (len, full, quick, aim) in SIZES {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let [mut floor, mut ours, mut calls] = [const { Vec::new() }; 3];
        for _ in 0..pace.rounds(full, quick) {
            floor.push(raw.hand_over(&bytes));
            ours.push(apps.hand_over(&bytes));
            calls.push(trips.time(waits));
        }
        let [floor, ours, calls] = [floor, ours, calls].map(median);
        let what = format!("hand-over, {}", size(len));
        table.times(&what, floor, ours, Aim::AtMost(aim));
        if len <= 1_000_000 {
            let what = format!("  against the floor and {waits} bare round trips");
            table.times(&what, floor + calls, ours, Aim::None);
        }
    }
}

pub(crate) fn validated(pace: Pace, table: &mut Table) {
    let apps = Apps::start(Taking::Checked);
    let raw = RawPair::start(|document| drop(validate(document).unwrap()));
    for (items, full, quick) in VAULTS {
        let document = generate_vault(items);
        let [mut floor, mut ours] = [const { Vec::new() }; 2];
        for _ in 0..pace.rounds(full, quick) {
            floor.push(raw.hand_over(&document));
            ours.push(apps.hand_over_checked(&document));
        }
        let [floor, ours] = [floor, ours].map(median);
        let what = format!("checked at both ends, {}", size(document.len()));
        table.times(&what, floor, ours, Aim::AtMost(1.1));
    }
}

/// Bare round trips on the same bus, between a minimal service and a caller in this thread.
struct Trips<'a> {
    apps: &'a Apps,
    caller: zbus::Connection,
    _service: credex_tests::process::Process,
}

impl<'a> Trips<'a> {
    fn between(apps: &'a Apps) -> Trips<'a> {
        let _service = minimal::start(&apps.desktop);
        let bus = &apps.desktop.desktop.bus;
        let caller = apps.thread.block_on(bus.connect());
        Trips {
            apps,
            caller,
            _service,
        }
    }

    /// How long so many take, one after the other.
    fn time(&self, number: usize) -> Duration {
        self.apps.thread.block_on(async {
            let start = Instant::now();
            for _ in 0..number {
                minimal::call(&self.caller).await;
            }
            start.elapsed()
        })
    }
}
