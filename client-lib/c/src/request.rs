//! `CredexRequest`: what the person is asked, and where.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use credex::ExportRequest;
use credex::cxf::{self, Counts};

use crate::boundary::{guard, out, row, text};
use crate::error::CredexError;
use crate::failure::Result;
use crate::plan::CredexPlan;
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};

/// What the person is asked, and where. It can be used for several exports. Free it with
/// credex_request_free().
#[derive(Debug, Default)]
pub struct CredexRequest {
    asked: Mutex<Asked>,
}

/// The question as it is so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    request: ExportRequest,
    counts: Counts,
    format_versions: Vec<String>,
}

impl Object for CredexRequest {
    const NAME: &'static str = "CredexRequest";
}

impl CredexRequest {
    pub(crate) fn asked(&self) -> Asked {
        self.lock().clone()
    }

    fn change(&self, change: impl FnOnce(ExportRequest) -> ExportRequest) {
        let mut asked = self.lock();
        asked.request = change(std::mem::take(&mut asked.request));
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// The request with what was declared, or with `present` if nothing was.
    pub(crate) fn declaring(mut self, present: &Counts) -> ExportRequest {
        if self.counts.is_empty() {
            self.counts = present.clone();
        }
        self.declared()
    }

    pub(crate) fn declared(self) -> ExportRequest {
        let request = self.request.declare(self.counts);
        match self.format_versions.is_empty() {
            true => request,
            false => request.format_versions(self.format_versions),
        }
    }
}

/// Makes a request that declares nothing.
#[unsafe(no_mangle)]
pub extern "C" fn credex_request_new(
    request: Option<&mut MaybeUninit<*mut CredexRequest>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(request, "request")?;
        slot.write(table::insert(Group::NONE, CredexRequest::default()));
        Ok(())
    })
}

/// Declares `number` more credentials of a type, for the person to see and choose from. Count all, also
/// those that you think nobody can use: what is not declared is not sent.
///
/// # Safety
/// `type_name` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_declare(
    request: *const CredexRequest,
    type_name: *const c_char,
    number: u32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let request = table::get(request)?;
        // SAFETY: by this function's contract it is a string.
        let type_name = unsafe { text(type_name, "type_name") }?;
        request.lock().counts.add(&type_name, number);
        Ok(())
    })
}

/// Declares what is in a document, which is read through.
///
/// # Safety
/// There are `len` bytes at `document`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_declare_document(
    request: *const CredexRequest,
    document: *const u8,
    len: usize,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let request = table::get(request)?;
        // SAFETY: by this function's contract they are there.
        let document = unsafe { row(document, len, "document") }?;
        let report = cxf::validate(document).map_err(credex::Error::from)?;
        let mut asked = request.lock();
        for (name, number) in report.present.iter() {
            asked.counts.add(name, number);
        }
        Ok(())
    })
}

/// Says where to place the chooser: "x11:" and the window's XID in hexadecimal, "wayland:" and a handle of
/// xdg-foreign, or "tty:" and the terminal to ask in, for instance "tty:/dev/pts/3".
///
/// # Safety
/// `window` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_set_parent_window(
    request: *const CredexRequest,
    window: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    // SAFETY: by this function's contract it is a string.
    guard(error, || unsafe {
        change(request, window, "window", |it, window| {
            it.parent_window(window)
        })
    })
}

/// Gives an XDG activation token, so that the chooser may come to the front.
///
/// # Safety
/// `token` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_set_activation_token(
    request: *const CredexRequest,
    token: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    // SAFETY: by this function's contract it is a string.
    guard(error, || unsafe {
        change(request, token, "token", |it, token| {
            it.activation_token(token)
        })
    })
}

/// Says which exporting provider of the app this is; needed if its desktop entry lists several.
///
/// # Safety
/// `provider` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_set_provider(
    request: *const CredexRequest,
    provider: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    // SAFETY: by this function's contract it is a string.
    guard(error, || unsafe {
        change(request, provider, "provider", |it, provider| {
            it.provider(provider)
        })
    })
}

/// Adds a version of the Credential Exchange Format that the app can write, for instance "1.0", the best first;
/// only 1.0 if none is added. credex_grant_format_version() tells which it is to be.
///
/// # Safety
/// `version` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_request_add_format_version(
    request: *const CredexRequest,
    version: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let request = table::get(request)?;
        // SAFETY: by this function's contract it is a string.
        let version = unsafe { text(version, "version") }?;
        request.lock().format_versions.push(version);
        Ok(())
    })
}

/// Says what will become of the credentials at one importer, which the person is told where they agree to send
/// there. The plan is copied as it is now.
#[unsafe(no_mangle)]
pub extern "C" fn credex_request_set_plan(
    request: *const CredexRequest,
    plan: *const CredexPlan,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let plan = table::get(plan)?.plan();
        table::get(request)?.change(|it| it.plan(plan));
        Ok(())
    })
}

/// Frees a request. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_request_free(request: *mut CredexRequest) -> CredexStatus {
    guard(None, || table::remove(request).map(drop))
}

/// # Safety
/// `said` is a string.
unsafe fn change(
    request: *const CredexRequest,
    said: *const c_char,
    name: &str,
    change: impl FnOnce(ExportRequest, String) -> ExportRequest,
) -> Result<()> {
    let request = table::get(request)?;
    // SAFETY: the caller's promise.
    let said = unsafe { text(said, name) }?;
    request.change(|it| change(it, said));
    Ok(())
}
