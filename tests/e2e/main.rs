//! The stories of the issue, told by a real daemon on a real bus. One file a story area.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a story that cannot go on has failed"
)]

mod arrival;
mod asking;
mod authentication;
mod confined;
mod departures;
mod deposits;
mod endings;
mod exhaustion;
mod grammar;
mod hostile;
mod identity;
mod impostors;
mod limits;
mod listening;
mod memory;
mod narrowing;
mod outages;
mod plans;
mod policy;
mod races;
mod reaching;
mod redeemers;
mod scene;
mod spoofing;
mod tokens;
mod traces;
mod units;
mod user_unit;
mod vetting;
mod web;
