//! `CredexWeb`: an app that shares passwords with its websites (design §7).

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

pub mod change;
pub mod credential;
pub mod decisions;
pub mod domain_report;
pub mod generated;
mod spelled;

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credex::SharedWebCredentials;

use crate::boundary::{guard, optional_text, out, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::Result;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};

/// An app that shares passwords with its websites, with a connection of its own to the bus. The app declares
/// them in its desktop entry, each website names the app, and the person is asked. Free it with
/// credex_web_free(); what is under way goes on.
#[derive(Debug)]
pub struct CredexWeb {
    shared: Mutex<SharedWebCredentials>,
    client: Arc<CredexClient>,
}

impl Object for CredexWeb {
    const NAME: &'static str = "CredexWeb";
}

impl CredexWeb {
    /// As it is now: what is set later is for later questions.
    fn shared(&self) -> SharedWebCredentials {
        self.lock().clone()
    }

    fn change(&self, change: impl FnOnce(SharedWebCredentials) -> SharedWebCredentials) {
        let mut shared = self.lock();
        *shared = change(shared.clone());
    }

    fn lock(&self) -> MutexGuard<'_, SharedWebCredentials> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(
    client: Arc<CredexClient>,
    app_id: String,
    bus: Option<String>,
) -> Result<CredexWeb> {
    let shared = match bus {
        Some(address) => SharedWebCredentials::connect_to(&address, app_id).await,
        None => SharedWebCredentials::connect(app_id).await,
    }?;
    let shared = Mutex::new(shared);
    Ok(CredexWeb { shared, client })
}

/// Connects to the bus at a D-Bus address, or to that of the session if `bus` is NULL. `app_id` is the app's
/// desktop-entry ID. The operation's result is a CredexWeb.
///
/// # Safety
/// `app_id` is a string, and so is `bus` unless it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_connect(
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
/// As credex_web_connect().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_connect_blocking(
    client: *const CredexClient,
    app_id: *const c_char,
    bus: *const c_char,
    timeout_ms: i32,
    web: Option<&mut MaybeUninit<*mut CredexWeb>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let client = table::get(client)?;
        let slot = out(web, "web")?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let (app_id, bus) = unsafe { (text(app_id, "app_id")?, optional_text(bus, "bus")?) };
        let work = connect(Arc::clone(&client), app_id, bus);
        operation::wait_for_object(&client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_web_connect().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_web(
    operation: *const CredexOperation,
    web: Option<&mut MaybeUninit<*mut CredexWeb>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, web, "web"))
}

/// Says where to place the dialogs to come, written as for credex_request_set_parent_window().
///
/// # Safety
/// `window` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_set_parent_window(
    web: *const CredexWeb,
    window: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        // SAFETY: by this function's contract it is a string.
        let window = unsafe { text(window, "window") }?;
        web.change(|it| it.parent_window(window));
        Ok(())
    })
}

/// Gives an XDG activation token, so that the dialogs to come may come to the front.
///
/// # Safety
/// `token` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_set_activation_token(
    web: *const CredexWeb,
    token: *const c_char,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        // SAFETY: by this function's contract it is a string.
        let token = unsafe { text(token, "token") }?;
        web.change(|it| it.activation_token(token));
        Ok(())
    })
}

/// Leaves the bus, once nothing is under way any more. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_free(web: *mut CredexWeb) -> CredexStatus {
    guard(None, || table::remove(web).map(drop))
}
