//! `CredexGenerated`: a new password.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use credex::{Generated, PasswordFormat, SharedWebCredentials};

use super::CredexWeb;
use super::spelled::Spelled;
use crate::boundary::{answer, guard, optional_text, out};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::import::CredexBytes;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};

/// How a new password is to look.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexPasswordFormat {
    /// xxx-xxx-xxx-xxx.
    Grouped = 0,
    /// 20 characters in syllables.
    Strong = 1,
    /// As the website wants it, in the `passwordrules` language.
    Rules = 2,
}

/// A new password, which is saved nowhere. Free it with credex_generated_free(), which wipes it.
#[derive(Debug)]
pub struct CredexGenerated {
    password: Spelled,
    entropy: f64,
}

impl Object for CredexGenerated {
    const NAME: &'static str = "CredexGenerated";
}

impl From<Generated> for CredexGenerated {
    fn from(made: Generated) -> Self {
        Self {
            password: made.password.into(),
            entropy: made.entropy,
        }
    }
}

async fn generate(shared: SharedWebCredentials, format: PasswordFormat) -> Result<CredexGenerated> {
    Ok(shared.generate(format).await?.into())
}

/// A number: C may pass any, and in Rust there would be no such `CredexPasswordFormat`.
///
/// # Safety
/// `rules` is a string, or NULL.
unsafe fn format(format: i32, rules: *const c_char) -> Result<PasswordFormat> {
    const GROUPED: i32 = CredexPasswordFormat::Grouped as i32;
    const STRONG: i32 = CredexPasswordFormat::Strong as i32;
    const RULES: i32 = CredexPasswordFormat::Rules as i32;
    // SAFETY: the caller's promise.
    match (format, unsafe { optional_text(rules, "rules") }?) {
        (GROUPED, None) => Ok(PasswordFormat::Grouped),
        (STRONG, None) => Ok(PasswordFormat::Strong),
        (RULES, Some(rules)) => Ok(PasswordFormat::Rules(rules)),
        (RULES, None) => Err(Failure::null("rules")),
        (GROUPED | STRONG, Some(_)) => {
            let wrong = "the argument rules is of use to CREDEX_PASSWORD_FORMAT_RULES alone";
            Err(Failure::argument(wrong))
        }
        (other, _) => Err(Failure::no_such("format", other, "CredexPasswordFormat")),
    }
}

/// Makes a random password that nobody has seen. `format` is a CredexPasswordFormat; `rules` is NULL, unless
/// that is `CREDEX_PASSWORD_FORMAT_RULES`. Nothing is saved: that is what credex_web_add() is for. The
/// operation's result is a CredexGenerated.
///
/// # Safety
/// `rules` is a string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_generate(
    web: *const CredexWeb,
    format: i32,
    rules: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string, or NULL.
        let format = unsafe { self::format(format, rules) }?;
        operation::start(&web.client, wish, generate(web.shared(), format))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// As credex_web_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_generate_blocking(
    web: *const CredexWeb,
    format: i32,
    rules: *const c_char,
    timeout_ms: i32,
    generated: Option<&mut MaybeUninit<*mut CredexGenerated>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(generated, "generated")?;
        // SAFETY: by this function's contract it is a string, or NULL.
        let format = unsafe { self::format(format, rules) }?;
        let work = generate(web.shared(), format);
        operation::wait_for_object(&web.client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_web_generate().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_generated(
    operation: *const CredexOperation,
    generated: Option<&mut MaybeUninit<*mut CredexGenerated>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, generated, "generated"))
}

/// The password. A zero byte follows it, which `len` does not count. It lives as long as `generated`.
#[unsafe(no_mangle)]
pub extern "C" fn credex_generated_password(
    generated: *const CredexGenerated,
    password: Option<&mut MaybeUninit<CredexBytes>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let generated = table::get(generated)?;
        out(password, "password")?.write(generated.password.for_c());
        Ok(())
    })
}

/// How hard the password is to guess, in bits; 0 for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn credex_generated_entropy(generated: *const CredexGenerated) -> f64 {
    answer(0.0, || Ok(table::get(generated)?.entropy))
}

/// Wipes and frees a new password. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_generated_free(generated: *mut CredexGenerated) -> CredexStatus {
    guard(None, || table::remove(generated).map(drop))
}
