//! What Credex costs, against the floor of each thing in the same run: the aims as one table.
//!
//! `cargo bench -p credex-tests --bench aims [-- [--quick] [ROW…]]`; see `../README.md`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a bench talks and may fail loudly"
)]

mod activation;
mod apps;
mod daemon_cost;
mod hand_over;
mod held;
mod idle;
mod installed;
mod keyring;
mod minimal;
mod portal;
mod proc;
mod raw_floor;
mod round_trips;
mod stats;
mod systemd;
mod table;
mod vault;

use table::Table;

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Quick,
    Full,
}

impl Pace {
    /// So many rounds of something, or a few.
    fn rounds(self, full: usize, quick: usize) -> usize {
        match self {
            Pace::Full => full,
            Pace::Quick => quick,
        }
    }
}

type Measure = fn(Pace, &mut Table);

/// The rows, by the words that choose them.
const ROWS: [(&str, Measure); 10] = [
    ("hand-over", hand_over::opaque),
    ("validated", hand_over::validated),
    ("daemon-cost", daemon_cost::measure),
    ("round-trips", round_trips::measure),
    ("keyring", keyring::measure),
    ("held", held::measure),
    ("idle", idle::measure),
    ("activation", activation::measure),
    ("installed", installed::measure),
    ("systemd", systemd::measure),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [systemd::INSIDE, rounds] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return systemd::inside(rounds.parse().unwrap());
    }
    let (options, wanted): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .map(String::as_str)
        .partition(|argument| argument.starts_with("--"));
    let pace = match options.contains(&"--quick") {
        true => Pace::Quick,
        false => Pace::Full,
    };
    let known = |word: &&str| ROWS.iter().any(|(name, _)| name.contains(*word));
    if options.contains(&"--list") || !wanted.iter().all(known) {
        return ROWS.iter().for_each(|(name, _)| println!("{name}"));
    }
    let mut table = Table::new();
    for (name, measure) in ROWS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word)) {
            measure(pace, &mut table);
        }
    }
    println!("\nThe validator alone: cargo bench -p credex --features testing --bench validate");
}
