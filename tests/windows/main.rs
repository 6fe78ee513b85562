//! The windows in which a person decides, on real displays, with the real daemon on a real bus.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a story that cannot go on has to stop, and to say why"
)]

mod attacks;
mod browser;
mod exchange;
mod leaving;
mod parents;
mod plans;
mod prompts;
mod scene;
mod secrets;
mod wayland;
