//! The kinds of stores, one folder each.

use crate::Adapter;

/// Every kind of store that there is.
#[must_use]
pub fn all() -> Vec<Box<dyn Adapter>> {
    vec![]
}
