//! `CredexPayload`: copies of a document and its attachments, which are wiped, and files that are read while
//! they are sealed.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::c_char;
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use credex::Payload;
use zeroize::Zeroizing;

use crate::boundary::{guard, out, row, text};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
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
    attachments: Vec<(String, Attachment)>,
}

/// Where the bytes of an attachment are.
#[derive(Clone)]
enum Attachment {
    Memory(Secret),
    File(Stored),
}

/// A file that is read from its start, wherever others have read it to.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    file: Arc<File>,
    /// How much of it is sent.
    pub(crate) len: u64,
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
        for (id, attachment) in &self.attachments {
            payload = match attachment {
                Attachment::Memory(bytes) => payload.attachment(id, bytes),
                Attachment::File(file) => payload.attachment_from(id, file.reader(), file.len),
            };
        }
        payload
    }
}

impl Stored {
    /// What `fd` is open for, through a descriptor of our own, which nobody who has `fd` can close.
    ///
    /// # Errors
    /// `BadArgument` if it is not open, or no file that can be read from its start, and without waiting.
    pub(crate) fn new(fd: i32) -> Result<Self> {
        // SAFETY: a number is passed, and a number comes back.
        let own = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
        if own < 0 {
            let why = io::Error::last_os_error();
            return Err(Failure::argument(format!("the argument fd is {fd}: {why}")));
        }
        // SAFETY: it was made just now, and nobody else knows of it.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(own) });
        let found = file.metadata()?;
        if !found.is_file() {
            let wrong = "the argument fd is neither a regular file nor a memfd: read it, and give its bytes";
            return Err(Failure::argument(wrong));
        }
        Ok(Self {
            file: Arc::new(file),
            len: found.len(),
        })
    }

    pub(crate) fn reader(&self) -> impl Read + Send + use<> {
        FromTheStart {
            file: Arc::clone(&self.file),
            at: 0,
        }
    }
}

struct FromTheStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromTheStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
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
        parts.attachments.push((id, Attachment::Memory(bytes)));
        Ok(())
    })
}

/// Adds the bytes of the `file` credential with this id, without copying them: those that a regular file or a
/// memfd has now, from its start, which are read while they are sealed. `fd` may be closed afterwards; where
/// it is read does not change.
///
/// # Safety
/// `id` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_payload_add_attachment_fd(
    payload: *const CredexPayload,
    id: *const c_char,
    fd: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let payload = table::get(payload)?;
        // SAFETY: by this function's contract it is a string.
        let id = unsafe { text(id, "id") }?;
        let attachment = Attachment::File(Stored::new(fd)?);
        let mut parts = payload.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.attachments.push((id, attachment));
        Ok(())
    })
}

/// Frees a payload. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_payload_free(payload: *mut CredexPayload) -> CredexStatus {
    guard(None, || table::remove(payload).map(drop))
}
