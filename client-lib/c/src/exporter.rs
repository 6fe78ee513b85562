//! `CredexExporter`: an app that sends, asks the person, and may do it all in one go.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use credex::{ExportRequest, Exporter};

use crate::boundary::{guard, optional_text, out, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::Result;
use crate::grant::{self, CredexGrant};
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::payload::{CredexPayload, Parts};
use crate::progress::{CredexStep, Telling};
use crate::receipt::CredexReceipt;
use crate::request::{Asked, CredexRequest};
use crate::status::CredexStatus;
use crate::table::{self, Object};

/// An app that can send credentials to others, with a connection of its own to the bus. It may export
/// several times at once. Free it with credex_exporter_free(); what is under way goes on.
#[derive(Debug)]
pub struct CredexExporter {
    exporter: Exporter,
    client: Arc<CredexClient>,
}

impl Object for CredexExporter {
    const NAME: &'static str = "CredexExporter";
}

async fn connect(
    client: Arc<CredexClient>,
    app_id: String,
    bus: Option<String>,
) -> Result<CredexExporter> {
    let exporter = match bus {
        Some(address) => Exporter::connect_to(&address, app_id).await,
        None => Exporter::connect(app_id).await,
    }?;
    Ok(CredexExporter { exporter, client })
}

async fn export(
    exporter: Exporter,
    asked: Asked,
    parts: Parts,
    telling: Arc<Telling>,
) -> Result<CredexReceipt> {
    let mut payload = parts.payload();
    let request = asked.declaring(&payload.check()?.present);
    let grant = exporter.request(request).await?;
    grant::send(&grant, payload, &telling).await
}

async fn request(
    exporter: Exporter,
    client: Arc<CredexClient>,
    request: ExportRequest,
) -> Result<CredexGrant> {
    Ok(CredexGrant::new(exporter.request(request).await?, client))
}

fn asked(request: *const CredexRequest) -> Result<Asked> {
    match request.is_null() {
        true => Ok(Asked::default()),
        false => Ok(table::get(request)?.asked()),
    }
}

/// Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL. `app_id` is the app's
/// desktop-entry ID. The operation's result is a CredexExporter.
///
/// # Safety
/// `app_id` is a string, and so is `bus` unless it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_exporter_connect(
    client: *const CredexClient,
    app_id: *const c_char,
    bus: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let client = table::get(client)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let (app_id, bus) = unsafe { (text(app_id, "app_id")?, optional_text(bus, "bus")?) };
        operation::start(&client, wish, connect(Arc::clone(&client), app_id, bus))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// As credex_exporter_connect().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_exporter_connect_blocking(
    client: *const CredexClient,
    app_id: *const c_char,
    bus: *const c_char,
    timeout_ms: i32,
    exporter: Option<&mut MaybeUninit<*mut CredexExporter>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let client = table::get(client)?;
        let slot = out(exporter, "exporter")?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let (app_id, bus) = unsafe { (text(app_id, "app_id")?, optional_text(bus, "bus")?) };
        let work = connect(Arc::clone(&client), app_id, bus);
        operation::wait_for_object(&client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_exporter_connect().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_exporter(
    operation: *const CredexOperation,
    exporter: Option<&mut MaybeUninit<*mut CredexExporter>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, exporter, "exporter"))
}

/// Does a whole exchange: asks the person, sends what was let go, and waits until the importer has
/// reported. `request` may be NULL; if it declares nothing, what is in the document is declared. The
/// operation's result is a CredexReceipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_exporter_export(
    exporter: *const CredexExporter,
    request: *const CredexRequest,
    payload: *const CredexPayload,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let exporter = table::get(exporter)?;
        let (asked, parts) = (asked(request)?, table::get(payload)?.parts());
        let wish = Wish::new(callback, data, operation)?;
        let telling = Telling::new(CredexStep::Asking);
        let work = export(
            exporter.exporter.clone(),
            asked,
            parts,
            Arc::clone(&telling),
        );
        operation::start_telling(&exporter.client, wish, Some(telling), work)
    })
}

/// Does the same, and waits for it. A person may take minutes; when the time is up, the exchange is called
/// off.
#[unsafe(no_mangle)]
pub extern "C" fn credex_exporter_export_blocking(
    exporter: *const CredexExporter,
    request: *const CredexRequest,
    payload: *const CredexPayload,
    timeout_ms: i32,
    receipt: Option<&mut MaybeUninit<*mut CredexReceipt>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let exporter = table::get(exporter)?;
        let slot = out(receipt, "receipt")?;
        let (asked, parts) = (asked(request)?, table::get(payload)?.parts());
        let telling = Telling::new(CredexStep::Asking);
        let work = export(exporter.exporter.clone(), asked, parts, telling);
        operation::wait_for_object(&exporter.client, timeout_ms, slot, work)
    })
}

/// Asks the person to whom credentials may go, and which, so that the app reads its vault only then. The
/// operation's result is a CredexGrant.
#[unsafe(no_mangle)]
pub extern "C" fn credex_exporter_request(
    exporter: *const CredexExporter,
    request: *const CredexRequest,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let exporter = table::get(exporter)?;
        let asked = table::get(request)?.asked().declared();
        let wish = Wish::new(callback, data, operation)?;
        let client = Arc::clone(&exporter.client);
        let work = self::request(exporter.exporter.clone(), client, asked);
        operation::start(&exporter.client, wish, work)
    })
}

/// Does the same, and waits for it; when the time is up, the question is taken back.
#[unsafe(no_mangle)]
pub extern "C" fn credex_exporter_request_blocking(
    exporter: *const CredexExporter,
    request: *const CredexRequest,
    timeout_ms: i32,
    grant: Option<&mut MaybeUninit<*mut CredexGrant>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let exporter = table::get(exporter)?;
        let slot = out(grant, "grant")?;
        let asked = table::get(request)?.asked().declared();
        let client = Arc::clone(&exporter.client);
        let work = self::request(exporter.exporter.clone(), client, asked);
        operation::wait_for_object(&exporter.client, timeout_ms, slot, work)
    })
}

/// Frees an exporter. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_exporter_free(exporter: *mut CredexExporter) -> CredexStatus {
    guard(None, || table::remove(exporter).map(drop))
}
