//! Shared web credentials: which app shares passwords with which site. Serves design §7 and section
//! "Shared web credentials: association" of `protocol/README.md`.
//!
//! [`domain`], [`association`] and [`generate`] are pure: what an app declares, what a site states, which
//! passwords are made. [`verdicts`] answers whether a site names an app, from the [`cache`] or by [`fetch`];
//! that is done by a process of its own, so that nothing here touches the network. [`store`] is where the
//! passwords are kept, and [`calls`] what the calls of apps do with all of it.

pub mod association;
pub mod cache;
pub mod calls;
pub mod decisions;
pub mod domain;
pub mod fetch;
pub mod generate;
pub(crate) mod private_directory;
pub mod session_store;
pub mod store;
pub mod verdicts;
