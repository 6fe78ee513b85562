//! `CredexDecisions`: what the person decided for good about apps and their websites.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::time::SystemTime;

use credex::{Decision, SharedWebCredentials};

use super::CredexWeb;
use crate::boundary::{answer, guard, out, text};
use crate::error::CredexError;
use crate::failure::Result;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{at, word};

/// What the person decided. Free it with credex_decisions_free().
#[derive(Debug)]
pub struct CredexDecisions(Vec<DecisionWords>);

/// One decision. Its texts live as long as all of them.
#[repr(C)]
#[derive(Debug)]
pub struct CredexDecision {
    /// The app.
    pub app_id: *const c_char,
    /// Its domain.
    pub domain: *const c_char,
    /// "never": they are not asked any more. More words may come.
    pub decided: *const c_char,
    /// When: seconds since 1970.
    pub at: i64,
}

/// A decision, in words that live.
#[derive(Debug)]
struct DecisionWords {
    app_id: CString,
    domain: CString,
    decided: CString,
    at: i64,
}

impl Object for CredexDecisions {
    const NAME: &'static str = "CredexDecisions";
    const STAYS: bool = true;
}

impl DecisionWords {
    fn new(decision: &Decision) -> Self {
        let since_1970 = decision.at.duration_since(SystemTime::UNIX_EPOCH);
        let seconds = since_1970.unwrap_or_default().as_secs();
        Self {
            app_id: word(&decision.app_id),
            domain: word(&decision.domain),
            decided: word(decision.decided.name()),
            at: i64::try_from(seconds).unwrap_or(i64::MAX),
        }
    }

    fn for_c(&self) -> CredexDecision {
        CredexDecision {
            app_id: self.app_id.as_ptr(),
            domain: self.domain.as_ptr(),
            decided: self.decided.as_ptr(),
            at: self.at,
        }
    }
}

async fn list(shared: SharedWebCredentials) -> Result<CredexDecisions> {
    let decisions = shared.decisions().await?;
    Ok(CredexDecisions(
        decisions.iter().map(DecisionWords::new).collect(),
    ))
}

async fn revoke(shared: SharedWebCredentials, app_id: String, domain: String) -> Result<()> {
    Ok(shared.revoke(&app_id, &domain).await?)
}

/// Lists what the person decided; a sandboxed app sees its own alone. The operation's result is a
/// CredexDecisions.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_decisions(
    web: *const CredexWeb,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        operation::start(&web.client, wish, list(web.shared()))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
#[unsafe(no_mangle)]
pub extern "C" fn credex_web_decisions_blocking(
    web: *const CredexWeb,
    timeout_ms: i32,
    decisions: Option<&mut MaybeUninit<*mut CredexDecisions>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(decisions, "decisions")?;
        operation::wait_for_object(&web.client, timeout_ms, slot, list(web.shared()))
    })
}

/// Takes the result of credex_web_decisions().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_decisions(
    operation: *const CredexOperation,
    decisions: Option<&mut MaybeUninit<*mut CredexDecisions>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, decisions, "decisions"))
}

/// How many decisions there are; 0 for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn credex_decisions_number(decisions: *const CredexDecisions) -> usize {
    answer(0, || Ok(table::get(decisions)?.0.len()))
}

/// A decision, from 0 on.
#[unsafe(no_mangle)]
pub extern "C" fn credex_decisions_at(
    decisions: *const CredexDecisions,
    index: usize,
    decision: Option<&mut MaybeUninit<CredexDecision>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let decisions = table::get(decisions)?;
        let found = at(&decisions.0, index)?;
        out(decision, "decision")?.write(found.for_c());
        Ok(())
    })
}

/// Frees decisions: only the list. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_decisions_free(decisions: *mut CredexDecisions) -> CredexStatus {
    guard(None, || table::remove(decisions).map(drop))
}

/// Has the service forget what the person decided for an app and a domain, so that they are asked again.
/// Ends with credex_operation_finish().
///
/// # Safety
/// `app_id` and `domain` are strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_revoke(
    web: *const CredexWeb,
    app_id: *const c_char,
    domain: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings.
        let (app_id, domain) = unsafe { (text(app_id, "app_id")?, text(domain, "domain")?) };
        operation::start(&web.client, wish, revoke(web.shared(), app_id, domain))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// As credex_web_revoke().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_revoke_blocking(
    web: *const CredexWeb,
    app_id: *const c_char,
    domain: *const c_char,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        // SAFETY: by this function's contract they are strings.
        let (app_id, domain) = unsafe { (text(app_id, "app_id")?, text(domain, "domain")?) };
        let work = revoke(web.shared(), app_id, domain);
        operation::wait_for(&web.client, timeout_ms, work)
    })
}
