//! The kinds of stores, one folder each.

pub mod archive;

use crate::Adapter;

/// Every kind of store that there is.
#[must_use]
pub fn all() -> Vec<Box<dyn Adapter>> {
    vec![Box::new(archive::Archive)]
}
