//! Desktop entries → who can import, who can export, and who shares passwords with which websites.
//! Serves design §6, §7.
//!
//! `directories` says where to look, `listing` what lies there, `entry` (with `groups` and `exec`)
//! what one file declares, `catalogue` who wins and what follows; `cache` holds the latest answer. `programs` says which apps are
//! started with which program.

pub mod cache;
pub mod catalogue;
pub mod directories;
pub mod entry;
pub mod exec;
mod groups;
mod listing;
pub mod programs;

pub use cache::Providers;
pub use catalogue::{Catalogue, to_info};
pub use directories::Directories;
pub use entry::{Importer, Origin, WebApp};
pub use exec::Exec;
pub use groups::EntryError;
pub use programs::Programs;
