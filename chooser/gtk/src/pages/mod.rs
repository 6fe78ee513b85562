//! The steps of an exchange, each as a page: from the model and the wording that all front ends share.

pub(crate) mod account;
pub(crate) mod ask;
pub(crate) mod choose;
pub(crate) mod confirm;
pub(crate) mod ending;
pub(crate) mod passphrase;
pub(crate) mod planned;
pub(crate) mod progress;
