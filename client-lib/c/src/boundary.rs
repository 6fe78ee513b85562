//! The boundary to C: no panic crosses it, every failure becomes a status, and what C passes is looked at
//! before it is used.

#![allow(
    unsafe_code,
    reason = "strings and buffers of C are read here, and nowhere else"
)]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::status::CredexStatus;
use crate::table::{self, Group};

/// Does `work`; what it fails with goes to `error`, where C wants to know.
pub(crate) fn guard(
    error: Option<&mut MaybeUninit<*mut CredexError>>,
    work: impl FnOnce() -> Result<()>,
) -> CredexStatus {
    let done = catch(work);
    let status = done.as_ref().err().map_or(CredexStatus::Ok, |it| it.status);
    if let Some(slot) = error {
        slot.write(match done {
            Ok(()) => ptr::null_mut(),
            Err(failure) => table::insert(Group::NONE, CredexError::new(failure)),
        });
    }
    status
}

/// Does `work`, which answers a question; `otherwise` if it fails.
pub(crate) fn answer<T>(otherwise: T, work: impl FnOnce() -> Result<T>) -> T {
    catch(work).unwrap_or(otherwise)
}

fn catch<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What was broken in between is behind a lock, or dropped.
    let done = catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|panic| Err(Failure::panicked(&*panic)))
}

/// Where a result goes to.
pub(crate) fn out<'a, T>(
    slot: Option<&'a mut MaybeUninit<T>>,
    name: &str,
) -> Result<&'a mut MaybeUninit<T>> {
    slot.ok_or_else(|| Failure::null(name))
}

/// A copy of a text.
///
/// # Safety
/// `text` is NULL, or a string that ends with a zero byte.
pub(crate) unsafe fn text(text: *const c_char, name: &str) -> Result<String> {
    // SAFETY: the caller's promise.
    let text = unsafe { optional_text(text, name) }?;
    text.ok_or_else(|| Failure::null(name))
}

/// A copy of a text that may be missing.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text(text: *const c_char, name: &str) -> Result<Option<String>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and by the caller's promise it is a string.
    let text = unsafe { CStr::from_ptr(text) };
    let not_utf8 = |_| Failure::argument(format!("the argument {name} is not UTF-8"));
    Ok(Some(text.to_str().map_err(not_utf8)?.to_owned()))
}

/// Some things in a row.
///
/// # Safety
/// `first` is NULL, or there are `number` initialised values from there on, which nobody changes during
/// this call.
pub(crate) unsafe fn row<'a, T>(first: *const T, number: usize, name: &str) -> Result<&'a [T]> {
    match (first.is_null(), number) {
        (_, 0) => return Ok(&[]),
        (true, _) => return Err(Failure::null(name)),
        (false, _) => {}
    }
    let size = number.checked_mul(size_of::<T>());
    if !first.is_aligned() || size.is_none_or(|size| size > isize::MAX.unsigned_abs()) {
        let wrong = format!("the argument {name} is nowhere where so much could be");
        return Err(Failure::argument(wrong));
    }
    // SAFETY: it is neither NULL nor misaligned nor too long, and the rest is the caller's promise.
    Ok(unsafe { slice::from_raw_parts(first, number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_what_it_said() {
        let mut error = MaybeUninit::uninit();
        let status = guard(Some(&mut error), || panic!("the roof is on fire"));
        assert_eq!(status, CredexStatus::Internal);
        // SAFETY: `guard` has written it.
        let error = table::remove(unsafe { error.assume_init() })
            .unwrap()
            .unwrap();
        assert!(error.message().contains("the roof is on fire"));
    }

    #[test]
    fn a_buffer_longer_than_memory_is_refused() {
        let byte = 7u8;
        // SAFETY: it is refused before it is read, which is what is shown here.
        let row = unsafe { row(&raw const byte, usize::MAX, "bytes") };
        assert_eq!(row.unwrap_err().status, CredexStatus::BadArgument);
    }
}
