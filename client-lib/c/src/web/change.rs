//! `credex_web_add()` and `credex_web_delete()`: a password is saved, changed or deleted.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use credex::{Change, Password, SharedWebCredentials};
use zeroize::Zeroizing;

use super::CredexWeb;
use crate::boundary::{guard, out, row, text};
use crate::error::CredexError;
use crate::failure::Result;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_value};
use crate::status::CredexStatus;
use crate::table;

/// What came of saving or deleting a password.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexChange {
    /// There was none, and now there is.
    Added = 0,
    /// There was another password.
    Updated = 1,
    /// This very password was saved already; nobody was asked.
    Unchanged = 2,
    /// There was one, and now there is none.
    Deleted = 3,
    /// There was none to delete; nobody was asked.
    Absent = 4,
}

impl From<Change> for CredexChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Added => Self::Added,
            Change::Updated => Self::Updated,
            Change::Unchanged => Self::Unchanged,
            Change::Deleted => Self::Deleted,
            Change::Absent => Self::Absent,
        }
    }
}

/// What a password is saved for.
struct Place {
    domain: String,
    account: String,
}

impl Place {
    /// # Safety
    /// Both are strings, or NULL.
    unsafe fn new(domain: *const c_char, account: *const c_char) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (domain, account) = unsafe { (text(domain, "domain")?, text(account, "account")?) };
        Ok(Self { domain, account })
    }
}

/// # Safety
/// There are `len` bytes at `bytes`.
unsafe fn password(bytes: *const u8, len: usize) -> Result<Password> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { row(bytes, len, "password") }?;
    let password = Password::new(Zeroizing::new(bytes.to_vec()));
    Ok(password.map_err(credex::Error::from)?)
}

async fn add(
    shared: SharedWebCredentials,
    place: Place,
    password: Password,
) -> Result<CredexChange> {
    let added = shared.add(&place.domain, &place.account, &password).await;
    Ok(added?.into())
}

async fn delete(shared: SharedWebCredentials, place: Place) -> Result<CredexChange> {
    let deleted = shared.delete(&place.domain, &place.account).await;
    Ok(deleted?.into())
}

/// Saves a copy of a password for `account` at `domain`, which is a host or "HOST:PORT", or changes the one
/// that is saved. The password is text in UTF-8, at most 1022 bytes. The person is asked, unless this very
/// password is saved already. Wipe yours once you need it no more. The operation's result is a CredexChange.
///
/// # Safety
/// `domain` and `account` are strings, and there are `len` bytes at `password`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_add(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    password: *const u8,
    len: usize,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings.
        let place = unsafe { Place::new(domain, account) }?;
        // SAFETY: by this function's contract they are there.
        let password = unsafe { self::password(password, len) }?;
        operation::start(&web.client, wish, add(web.shared(), place, password))
    })
}

/// Does the same, and waits for it; when the time is up, the question is taken back.
///
/// # Safety
/// As credex_web_add().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_add_blocking(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    password: *const u8,
    len: usize,
    timeout_ms: i32,
    change: Option<&mut MaybeUninit<CredexChange>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(change, "change")?;
        // SAFETY: by this function's contract they are strings.
        let place = unsafe { Place::new(domain, account) }?;
        // SAFETY: by this function's contract they are there.
        let password = unsafe { self::password(password, len) }?;
        let work = add(web.shared(), place, password);
        slot.write(operation::wait_for(&web.client, timeout_ms, work)?);
        Ok(())
    })
}

/// Deletes what is saved for `account` at `domain`. The person is asked, if there is anything. The
/// operation's result is a CredexChange.
///
/// # Safety
/// `domain` and `account` are strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_delete(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings.
        let place = unsafe { Place::new(domain, account) }?;
        operation::start(&web.client, wish, delete(web.shared(), place))
    })
}

/// Does the same, and waits for it; when the time is up, the question is taken back.
///
/// # Safety
/// As credex_web_delete().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_delete_blocking(
    web: *const CredexWeb,
    domain: *const c_char,
    account: *const c_char,
    timeout_ms: i32,
    change: Option<&mut MaybeUninit<CredexChange>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(change, "change")?;
        // SAFETY: by this function's contract they are strings.
        let place = unsafe { Place::new(domain, account) }?;
        let work = delete(web.shared(), place);
        slot.write(operation::wait_for(&web.client, timeout_ms, work)?);
        Ok(())
    })
}

/// Takes the result of credex_web_add() or credex_web_delete().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_change(
    operation: *const CredexOperation,
    change: Option<&mut MaybeUninit<CredexChange>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_value(operation, change, "change"))
}
