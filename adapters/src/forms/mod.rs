//! Forms that several kinds of stores have in common.

pub mod block;
pub mod foreseen;
pub mod otpauth;
pub mod ssh;
