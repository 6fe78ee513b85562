//! `CredexGrant`: the person's consent to one exchange.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use credex::{Grant, Payload};

use crate::boundary::{answer, guard, out};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::Result;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::payload::{CredexPayload, Parts, Stored};
use crate::progress::{CredexStep, Telling};
use crate::receipt::CredexReceipt;
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{at, or_null, word};

/// The person's consent to one exchange. Free it with credex_grant_free(): without a payload, that calls the
/// exchange off.
#[derive(Debug)]
pub struct CredexGrant {
    grant: Arc<Grant>,
    format_version: CString,
    types: Vec<CString>,
    importer: Option<CString>,
    client: Arc<CredexClient>,
}

impl Object for CredexGrant {
    const NAME: &'static str = "CredexGrant";
}

impl CredexGrant {
    pub(crate) fn new(grant: Grant, client: Arc<CredexClient>) -> Self {
        Self {
            format_version: word(grant.format_version()),
            types: grant.types().iter().map(|name| word(name)).collect(),
            importer: grant.importer().map(word),
            grant: Arc::new(grant),
            client,
        }
    }
}

/// Sends `payload`, and waits for the importer's report.
pub(crate) async fn send(
    grant: &Grant,
    payload: Payload<'_>,
    telling: &Telling,
) -> Result<CredexReceipt> {
    telling.go_on_to(CredexStep::Sealing);
    let payload = payload.on_progress(|progress| telling.tell(CredexStep::Sealing, progress));
    let mut delivery = grant.send(payload).await?;
    telling.go_on_to(CredexStep::Waiting);
    Ok(delivery.receipt().await?.into())
}

async fn send_parts(
    grant: Arc<Grant>,
    parts: Parts,
    telling: Arc<Telling>,
) -> Result<CredexReceipt> {
    send(&grant, parts.payload(), &telling).await
}

async fn send_stored(
    grant: Arc<Grant>,
    stored: Stored,
    telling: Arc<Telling>,
) -> Result<CredexReceipt> {
    let mut delivery = grant.send_opaque(stored.reader(), stored.len).await?;
    telling.go_on_to(CredexStep::Waiting);
    Ok(delivery.receipt().await?.into())
}

/// Takes the result of credex_exporter_request().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_grant(
    operation: *const CredexOperation,
    grant: Option<&mut MaybeUninit<*mut CredexGrant>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, grant, "grant"))
}

/// The version of the Credential Exchange Format to write; NULL for what is no grant. It lives as long as
/// the grant.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_format_version(grant: *const CredexGrant) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(grant)?.format_version.as_ptr())
    })
}

/// The credential types that the person lets go, from 0 on; NULL behind the last. It lives as long as the
/// grant.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_type(grant: *const CredexGrant, index: usize) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(grant)?.types, index)?.as_ptr())
    })
}

/// The desktop-entry ID of the app that the person chose, where the administrator lets exporters learn it;
/// otherwise NULL. It lives as long as the grant.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_importer(grant: *const CredexGrant) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(grant)?.importer.as_ref()))
    })
}

/// Leaves out what the person did not let go, sends the rest, and waits until the importer has reported. The
/// operation's result is a CredexReceipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_send(
    grant: *const CredexGrant,
    payload: *const CredexPayload,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (grant, payload) = (table::get(grant)?, table::get(payload)?);
        let wish = Wish::new(callback, data, operation)?;
        let telling = Telling::new(CredexStep::Sealing);
        let sent = Arc::clone(&grant.grant);
        let work = send_parts(sent, payload.parts(), Arc::clone(&telling));
        operation::start_telling(&grant.client, wish, Some(telling), work)
    })
}

/// Does the same, and waits for it; when the time is up, the exchange is called off once the grant is freed.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_send_blocking(
    grant: *const CredexGrant,
    payload: *const CredexPayload,
    timeout_ms: i32,
    receipt: Option<&mut MaybeUninit<*mut CredexReceipt>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (grant, payload) = (table::get(grant)?, table::get(payload)?);
        let slot = out(receipt, "receipt")?;
        let telling = Telling::new(CredexStep::Sealing);
        let work = send_parts(Arc::clone(&grant.grant), payload.parts(), telling);
        operation::wait_for_object(&grant.client, timeout_ms, slot, work)
    })
}

/// Sends the bytes that a regular file or a memfd has now, from its start, as the document, and waits until the
/// importer has reported. They are read while they are sealed, and nothing is checked or left out: they may be
/// anything that both apps understand. The person was told what the request declares. `fd` may be closed
/// afterwards. The operation's result is a CredexReceipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_send_fd(
    grant: *const CredexGrant,
    fd: i32,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (grant, stored) = (table::get(grant)?, Stored::new(fd)?);
        let wish = Wish::new(callback, data, operation)?;
        let telling = Telling::new(CredexStep::Sealing);
        let work = send_stored(Arc::clone(&grant.grant), stored, Arc::clone(&telling));
        operation::start_telling(&grant.client, wish, Some(telling), work)
    })
}

/// Does the same, and waits for it; when the time is up, the exchange is called off once the grant is freed.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_send_fd_blocking(
    grant: *const CredexGrant,
    fd: i32,
    timeout_ms: i32,
    receipt: Option<&mut MaybeUninit<*mut CredexReceipt>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (grant, stored) = (table::get(grant)?, Stored::new(fd)?);
        let slot = out(receipt, "receipt")?;
        let telling = Telling::new(CredexStep::Sealing);
        let work = send_stored(Arc::clone(&grant.grant), stored, telling);
        operation::wait_for_object(&grant.client, timeout_ms, slot, work)
    })
}

/// Frees a grant. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_grant_free(grant: *mut CredexGrant) -> CredexStatus {
    guard(None, || table::remove(grant).map(drop))
}
