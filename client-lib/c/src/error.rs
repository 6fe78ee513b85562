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
    stage: Option<CString>,
    url: Option<CString>,
    http_status: u32,
}

impl Object for CredexError {
    const NAME: &'static str = "CredexError";
}

impl CredexError {
    pub(crate) fn new(failure: Failure) -> Self {
        let web = failure.web.as_deref();
        let stage = web.map(|it| it.stage.as_str());
        Self {
            status: failure.status,
            message: word(&failure.message),
            reason: failure.reason.map(|reason| word(reason.name())),
            handed_over: failure.handed_over,
            stage: stage.filter(|stage| !stage.is_empty()).map(word),
            url: web.and_then(|it| it.url.as_deref()).map(word),
            http_status: web.and_then(|it| it.status).unwrap_or_default(),
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

/// For a call about a website, the stage in which it ended: "identity", "policy", "declaration", "decision",
/// "association", "store" or "consent"; otherwise NULL. It lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_stage(error: *const CredexError) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(error)?.stage.as_ref()))
    })
}

/// The file of the website that could not be had; otherwise NULL. It lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_url(error: *const CredexError) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(error)?.url.as_ref()))
    })
}

/// The HTTP status that came instead of that file; 0 where none came.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_http_status(error: *const CredexError) -> u32 {
    answer(0, || Ok(table::get(error)?.http_status))
}

/// Frees an error. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_error_free(error: *mut CredexError) -> CredexStatus {
    guard(None, || table::remove(error).map(drop))
}
