//! `CredexError`: why a call came to nothing, for programs and for people.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char};

use crate::boundary::{answer, guard};
use crate::failure::Failure;
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{or_null, word};

/// Why a call came to nothing. Never contains a secret. Free it with credex_error_free().
#[derive(Debug)]
pub struct CredexError {
    status: CredexStatus,
    message: CString,
    reason: Option<CString>,
    handed_over: bool,
}

impl Object for CredexError {
    const NAME: &'static str = "CredexError";
}

impl CredexError {
    pub(crate) fn new(failure: Failure) -> Self {
        Self {
            status: failure.status,
            message: word(&failure.message),
            reason: failure.reason.map(|reason| word(reason.name())),
            handed_over: failure.handed_over,
        }
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        self.message.to_str().unwrap()
    }
}

/// The status that the call returned; `CREDEX_STATUS_BAD_HANDLE` for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_status(error: *const CredexError) -> CredexStatus {
    answer(CredexStatus::BadHandle, || Ok(table::get(error)?.status))
}

/// What was wrong, where, and what to do: a text for people, which lives as long as the error. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_message(error: *const CredexError) -> *const c_char {
    answer(c"there is no error of this handle".as_ptr(), || {
        Ok(table::get(error)?.message.as_ptr())
    })
}

/// The reason in the error table of the protocol, for instance "NoReceipt", where the service gave one;
/// otherwise NULL. It lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_reason(error: *const CredexError) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(error)?.reason.as_ref()))
    })
}

/// Whether the importer had the payload when the exchange ended: then the person should be told that what
/// was exported may be in that app.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_handed_over(error: *const CredexError) -> bool {
    answer(false, || Ok(table::get(error)?.handed_over))
}

/// Frees an error. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_free(error: *mut CredexError) -> CredexStatus {
    guard(None, || table::remove(error).map(drop))
}
