//! The protocol in other languages than ours (design §3): each implementation passes the conformance
//! kit, each pair exchanges credentials, each check of the kit finds what it is there for, and what the
//! documentation tells to type works as it stands there.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod cast;
mod conformance;
mod defects;
mod guide;
mod page;
mod pairs;
mod python;
mod recipes;
mod wheel;
