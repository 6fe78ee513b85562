//! `CredexWebCredential`: a saved password that the person has let the app have.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;

use credex::{SharedWebCredentials, Wanted, WebCredential};

use super::CredexWeb;
use super::spelled::Spelled;
use crate::boundary::{answer, guard, optional_text, out};
use crate::error::CredexError;
use crate::failure::Result;
use crate::import::CredexBytes;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::word;

/// One saved password, and what it is for. Free it with credex_web_credential_free(), which wipes it.
#[derive(Debug)]
pub struct CredexWebCredential {
    domain: CString,
    port: u16,
    account: CString,
    password: Spelled,
}

impl Object for CredexWebCredential {
    const NAME: &'static str = "CredexWebCredential";
}

impl From<WebCredential> for CredexWebCredential {
    fn from(saved: WebCredential) -> Self {
        Self {
            domain: word(&saved.domain),
            port: saved.port,
            account: word(&saved.account),
            password: saved.password.into(),
        }
    }
}

async fn request(shared: SharedWebCredentials, wanted: Wanted) -> Result<CredexWebCredential> {
    Ok(shared.request(wanted).await?.into())
}

/// # Safety
/// Both texts are strings, or NULL.
unsafe fn wanted(domain: *const c_char, account: *const c_char, port: u16) -> Result<Wanted> {
    let mut wanted = Wanted::any();
    // SAFETY: the caller's promise.
    if let Some(domain) = unsafe { optional_text(domain, "domain") }? {
        wanted = wanted.domain(domain);
    }
    // SAFETY: the caller's promise.
    if let Some(account) = unsafe { optional_text(account, "account") }? {
        wanted = wanted.account(account);
    }
    if port != 0 {
        wanted = wanted.port(port);
    }
    Ok(wanted)
}

/// Asks for a saved password; the person picks it, or says no. `domain` is a host or "HOST:PORT", or NULL for
/// every domain that the app declares without a wildcard; `account` may be NULL for any; `port` may be 0 for
/// any. The operation's result is a CredexWebCredential.
///
/// # Safety
/// `domain` and `account` are strings, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_request(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    port: u16,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let wanted = unsafe { wanted(domain, account, port) }?;
        operation::start(&web.client, wish, request(web.shared(), wanted))
    })
}

/// Does the same, and waits for it; when the time is up, the question is taken back.
///
/// # Safety
/// As credex_web_request().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_request_blocking(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    port: u16,
    timeout_ms: i32,
    credential: Option<&mut MaybeUninit<*mut CredexWebCredential>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(credential, "credential")?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let wanted = unsafe { wanted(domain, account, port) }?;
        let work = request(web.shared(), wanted);
        operation::wait_for_object(&web.client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_web_request().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_web_credential(
    operation: *const CredexOperation,
    credential: Option<&mut MaybeUninit<*mut CredexWebCredential>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, credential, "credential"))
}

/// The website's host; NULL for what is no credential. It lives as long as the credential.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_credential_domain(
    credential: *const CredexWebCredential,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(credential)?.domain.as_ptr())
    })
}

/// The website's port, mostly 443; 0 for what is no credential.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_credential_port(credential: *const CredexWebCredential) -> u16 {
    answer(0, || Ok(table::get(credential)?.port))
}

/// The user name; NULL for what is no credential. It lives as long as the credential.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_credential_account(
    credential: *const CredexWebCredential,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(credential)?.account.as_ptr())
    })
}

/// The password, in UTF-8. A zero byte follows it, which `len` does not count. It lives as long as the
/// credential.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_credential_password(
    credential: *const CredexWebCredential,
    password: Option<&mut MaybeUninit<CredexBytes>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let credential = table::get(credential)?;
        out(password, "password")?.write(credential.password.for_c());
        Ok(())
    })
}

/// Wipes and frees a credential. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_credential_free(credential: *mut CredexWebCredential) -> CredexStatus {
    guard(None, || table::remove(credential).map(drop))
}
