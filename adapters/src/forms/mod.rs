//! Forms that several kinds of stores have in common.

pub mod block;
pub mod large_files;
pub mod otpauth;
pub mod ssh;
