//! `CredexImporter`: an app that credentials can be sent to, and what it says of itself.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};

use credex::{Importer, ImporterBuilder};
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::boundary::{answer, guard, optional_text, out, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::offer::CredexOffer;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};
use crate::words::word;

/// What an importing app says of itself. Free it with credex_importer_options_free().
#[derive(Debug)]
pub struct CredexImporterOptions {
    said: Mutex<Said>,
}

#[derive(Debug, Clone)]
struct Said {
    builder: ImporterBuilder,
    types: Vec<String>,
    format_versions: Vec<String>,
}

/// An app that credentials can be sent to, as long as it is not freed, with a connection of its own to the
/// bus. It acknowledges offers by itself. Free it with credex_importer_free().
#[derive(Debug)]
pub struct CredexImporter {
    importer: Arc<AsyncMutex<Importer>>,
    unique_name: CString,
    client: Arc<CredexClient>,
    /// Ends with this, and with it whoever waits for an offer.
    here: watch::Sender<()>,
}

impl Object for CredexImporterOptions {
    const NAME: &'static str = "CredexImporterOptions";
}

impl Object for CredexImporter {
    const NAME: &'static str = "CredexImporter";
}

impl CredexImporterOptions {
    fn change(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn builder(&self) -> ImporterBuilder {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut builder = said.builder.clone();
        if !said.types.is_empty() {
            builder = builder.credential_types(&said.types);
        }
        match said.format_versions.is_empty() {
            true => builder,
            false => builder.format_versions(&said.format_versions),
        }
    }
}

impl CredexImporter {
    /// The next offer, for as long as somebody has this importer.
    fn next_offer(&self) -> impl Future<Output = Result<CredexOffer>> + Send + 'static {
        let importer = Arc::clone(&self.importer);
        let client = Arc::clone(&self.client);
        let mut here = self.here.subscribe();
        async move {
            let waiting = async {
                let offer = importer.lock().await.next_offer().await?;
                Ok(CredexOffer::new(offer, client))
            };
            tokio::select! {
                biased;
                _gone = here.changed() => Err(Failure::freed()),
                offer = waiting => offer,
            }
        }
    }
}

async fn connect(
    client: Arc<CredexClient>,
    builder: ImporterBuilder,
    bus: Option<String>,
) -> Result<CredexImporter> {
    let importer = match bus {
        Some(address) => builder.connect_to(&address).await,
        None => builder.connect().await,
    }?;
    Ok(CredexImporter {
        unique_name: word(importer.unique_name()),
        importer: Arc::new(AsyncMutex::new(importer)),
        client,
        here: watch::Sender::new(()),
    })
}

/// Begins to describe the app whose desktop-entry ID is `app_id`. It takes every type, unless types are
/// added.
///
/// # Safety
/// `app_id` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_options_new(
    app_id: *const c_char,
    options: Option<&mut MaybeUninit<*mut CredexImporterOptions>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(options, "options")?;
        // SAFETY: by this function's contract it is a string.
        let builder = Importer::builder(unsafe { text(app_id, "app_id") }?);
        let said = Mutex::new(Said {
            builder,
            types: Vec::new(),
            format_versions: Vec::new(),
        });
        slot.write(table::insert(Group::NONE, CredexImporterOptions { said }));
        Ok(())
    })
}

/// The name to show to the person, where no desktop entry gives one.
///
/// # Safety
/// `name` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_options_set_name(
    options: *const CredexImporterOptions,
    name: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        // SAFETY: by this function's contract it is a string.
        let name = unsafe { text(name, "name") }?;
        let name = |said: &mut Said| said.builder = said.builder.clone().name(name);
        table::get(options)?.change(name);
        Ok(())
    })
}

/// Adds a credential type that the app takes, for instance "basic-auth".
///
/// # Safety
/// `type_name` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_options_add_type(
    options: *const CredexImporterOptions,
    type_name: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        // SAFETY: by this function's contract it is a string.
        let type_name = unsafe { text(type_name, "type_name") }?;
        table::get(options)?.change(|said| said.types.push(type_name));
        Ok(())
    })
}

/// Adds a version of the Credential Exchange Format that the app can read, for instance "1.0"; only 1.0 if none is
/// added.
///
/// # Safety
/// `version` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_options_add_format_version(
    options: *const CredexImporterOptions,
    version: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        // SAFETY: by this function's contract it is a string.
        let version = unsafe { text(version, "version") }?;
        table::get(options)?.change(|said| said.format_versions.push(version));
        Ok(())
    })
}

/// Whether to own `app_id` as a name on the bus, for an app that D-Bus activates, instead of announcing
/// itself.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_options_set_own_name(
    options: *const CredexImporterOptions,
    own_name: bool,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let own = |said: &mut Said| said.builder = said.builder.clone().own_name(own_name);
        table::get(options)?.change(own);
        Ok(())
    })
}

/// The largest payload to accept, in bytes once it is opened; 1 GiB and 64 MiB if not said.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_options_set_limit(
    options: *const CredexImporterOptions,
    bytes: u64,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let limit = |said: &mut Said| said.builder = said.builder.clone().limit(bytes);
        table::get(options)?.change(limit);
        Ok(())
    })
}

/// Frees options. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_options_free(
    options: *mut CredexImporterOptions,
) -> CredexStatus {
    guard(None, || table::remove(options).map(drop))
}

/// Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL, and is there for
/// offers from then on. The operation's result is a CredexImporter.
///
/// # Safety
/// `bus` is a string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_connect(
    client: *const CredexClient,
    options: *const CredexImporterOptions,
    bus: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (client, builder) = (table::get(client)?, table::get(options)?.builder());
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string, or NULL.
        let bus = unsafe { optional_text(bus, "bus") }?;
        operation::start(&client, wish, connect(Arc::clone(&client), builder, bus))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// As credex_importer_connect().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_importer_connect_blocking(
    client: *const CredexClient,
    options: *const CredexImporterOptions,
    bus: *const c_char,
    timeout_ms: i32,
    importer: Option<&mut MaybeUninit<*mut CredexImporter>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let (client, builder) = (table::get(client)?, table::get(options)?.builder());
        let slot = out(importer, "importer")?;
        // SAFETY: by this function's contract it is a string, or NULL.
        let bus = unsafe { optional_text(bus, "bus") }?;
        let work = connect(Arc::clone(&client), builder, bus);
        operation::wait_for_object(&client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_importer_connect().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_importer(
    operation: *const CredexOperation,
    importer: Option<&mut MaybeUninit<*mut CredexImporter>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, importer, "importer"))
}

/// Its unique name on the bus, by which a plan can name it; NULL for what is no importer. It lives as long as the
/// importer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_unique_name(importer: *const CredexImporter) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(importer)?.unique_name.as_ptr())
    })
}

/// Waits for the next offer that is still open. The operation's result is a CredexOffer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_next_offer(
    importer: *const CredexImporter,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let importer = table::get(importer)?;
        let wish = Wish::new(callback, data, operation)?;
        operation::start(&importer.client, wish, importer.next_offer())
    })
}

/// Does the same, and waits for it. What comes after the time is up waits for the next call.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_next_offer_blocking(
    importer: *const CredexImporter,
    timeout_ms: i32,
    offer: Option<&mut MaybeUninit<*mut CredexOffer>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let importer = table::get(importer)?;
        let slot = out(offer, "offer")?;
        let (client, next) = (Arc::clone(&importer.client), importer.next_offer());
        // Not held meanwhile: another thread may free it, and end this.
        drop(importer);
        operation::wait_for_object(&client, timeout_ms, slot, next)
    })
}

/// Leaves the bus: nobody can send to the app any more. What waits for an offer fails with
/// `CREDEX_STATUS_CANCELLED`; offers and imports that are there stay. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_importer_free(importer: *mut CredexImporter) -> CredexStatus {
    guard(None, || table::remove(importer).map(drop))
}
