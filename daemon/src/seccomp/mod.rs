//! What the filters of system calls of the service and of its fetcher are written with.

mod by_number;
#[cfg(test)]
pub(crate) mod interpreter;

use seccompiler::{BackendError, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

pub(crate) use by_number::{Verdict, by_number};

/// A rule that holds where all `conditions` do.
///
/// # Errors
/// There is no condition.
pub fn rule<const N: usize>(
    conditions: [SeccompCondition; N],
) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
}

/// That the lower 32 bits of the argument `number`, counted from 0, compare so to `value`.
///
/// # Errors
/// No system call has so many arguments.
pub fn argument(
    number: u8,
    is: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(number, SeccompCmpArgLen::Dword, is, value)
}

/// A constant of the C library, none of which is negative, as an argument.
#[must_use]
pub fn unsigned(number: libc::c_int) -> u64 {
    u64::from(number.unsigned_abs())
}
