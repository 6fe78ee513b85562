//! Forms that more than one store has for the same thing.

pub mod otpauth;
