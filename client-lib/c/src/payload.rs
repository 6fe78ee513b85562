//! `CredexPayload`: copies of a document and its attachments, which are wiped.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};

use credex::Payload;
use zeroize::Zeroizing;

use crate::boundary::{guard, out, row, text};
use crate::error::CredexError;
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};

/// A document and its attachments. It can be sent several times. Free it with credex_payload_free(), which
/// wipes it once nothing that is under way needs it any more.
pub struct CredexPayload {
    parts: Mutex<Parts>,
}

/// What is in a payload. A copy shares the bytes.
#[derive(Clone)]
pub(crate) struct Parts {
    document: Secret,
    attachments: Vec<(String, Secret)>,
}

type Secret = Arc<Zeroizing<Vec<u8>>>;

impl Object for CredexPayload {
    const NAME: &'static str = "CredexPayload";
}

impl CredexPayload {
    pub(crate) fn parts(&self) -> Parts {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Parts {
    pub(crate) fn payload(&self) -> Payload<'_> {
        let mut payload = Payload::new(self.document.as_slice());
        for (id, bytes) in &self.attachments {
            payload = payload.attachment(id, bytes);
        }
        payload
    }
}

/// Of the right size at once: what grows leaves copies behind.
fn secret(bytes: &[u8]) -> Secret {
    Arc::new(Zeroizing::new(bytes.to_vec()))
}

/// Makes a payload with a copy of a CXF document. Wipe yours once you need it no more.
///
/// # Safety
/// There are `len` bytes at `document`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_payload_new(
    document: *const u8,
    len: usize,
    payload: Option<&mut MaybeUninit<*mut CredexPayload>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(payload, "payload")?;
        // SAFETY: by this function's contract they are there.
        let document = unsafe { row(document, len, "document") }?;
        let parts = Parts {
            document: secret(document),
            attachments: Vec::new(),
        };
        let parts = Mutex::new(parts);
        slot.write(table::insert(Group::NONE, CredexPayload { parts }));
        Ok(())
    })
}

/// Adds a copy of the bytes of the `file` credential with this id.
///
/// # Safety
/// `id` is a string, and there are `len` bytes at `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_payload_add_attachment(
    payload: *const CredexPayload,
    id: *const c_char,
    bytes: *const u8,
    len: usize,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let payload = table::get(payload)?;
        // SAFETY: by this function's contract it is a string.
        let id = unsafe { text(id, "id") }?;
        // SAFETY: by this function's contract they are there.
        let bytes = secret(unsafe { row(bytes, len, "bytes") }?);
        let mut parts = payload.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.attachments.push((id, bytes));
        Ok(())
    })
}

/// Frees a payload. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_payload_free(payload: *mut CredexPayload) -> CredexStatus {
    guard(None, || table::remove(payload).map(drop))
}
