//! Shared web credentials: which app shares passwords with which site. Serves design §7 and section
//! "Shared web credentials: association" of `protocol/README.md`.
//!
//! [`domain`] and [`association`] are pure: what an app declares, what a site states. Nothing here
//! touches the bus or the network; a site is fetched by a process of its own.

pub mod association;
pub mod domain;
pub mod fetch;
pub mod generate;
