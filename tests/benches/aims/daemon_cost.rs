//! Row 4: what a payload of any size costs the daemon, which never opens it.

use crate::Pace;
use crate::apps::{Apps, Taking};
use crate::proc::{self, Cpu};
use crate::raw_floor::RawPair;
use crate::stats::median;
use crate::table::{Aim, Table};

const SMALL: usize = 10_000;
const LARGE: usize = 1_000_000_000;
/// Small exchanges between two large ones.
const SMALL_ROUNDS: usize = 30;

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let mut apps = Apps::start(Taking::Opaque);
    let daemon = apps.desktop.daemon();
    let (small, large) = (vec![7; SMALL], vec![7; LARGE]);
    // Whatever it keeps from the first exchanges it keeps for all.
    for _ in 0..SMALL_ROUNDS {
        cost(&apps, daemon, &small);
    }
    let raw = RawPair::start(|_| {});
    let [mut cheap, mut dear, mut cold] = [const { Vec::new() }; 3];
    let mut grown = 0;
    for _ in 0..pace.rounds(9, 2) {
        cheap.extend((0..SMALL_ROUNDS).map(|_| cost(&apps, daemon, &small)));
        let before = proc::anonymous_kib(daemon);
        dear.push(cost(&apps, daemon, &large));
        grown = grown.max(proc::anonymous_kib(daemon).saturating_sub(before));
        raw.hand_over(&large);
        cold.push(cost(&apps, daemon, &small));
    }
    let [cheap, dear, cold] = [cheap, dear, cold].map(median);
    let show = |nanos: u64| format!("{:.3}ms", nanos as f64 / 1e6);
    let ratio = dear as f64 / cheap as f64;
    let what = "the daemon's CPU, 1 GB over 10 kB";
    table.row(what, &show(cheap), &show(dear), ratio, Aim::AtMost(1.25));
    let ratio = dear as f64 / cold as f64;
    let what = "  over 10 kB when 1 GB has just gone another way";
    table.row(what, &show(cold), &show(dear), ratio, Aim::None);
    let what = "the daemon's memory for 1 GB, KiB more";
    table.row(
        what,
        "",
        &format!("{grown} KiB"),
        grown as f64,
        Aim::AtMost(64.0),
    );
}

/// CPU time of the daemon for one exchange, from the question to the receipt.
fn cost(apps: &Apps, daemon: u32, bytes: &[u8]) -> u64 {
    let before = Cpu::of(daemon);
    apps.hand_over(bytes);
    Cpu::of(daemon).since(&before)
}
