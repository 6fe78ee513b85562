//! Credex as it is installed: its Debian packages on a real system, with systemd, logind and polkit, and
//! people who log in there.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a story that cannot go on has to stop, and to say why"
)]

mod coming_and_going;
mod computer;
mod programs_in_c;
mod python;
mod upgrade;
