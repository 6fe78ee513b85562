//! `CredexDomainReport`: whether an app and a website belong together, stage by stage.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;

use credex::{DomainReport, Found, SharedWebCredentials};

use super::CredexWeb;
use crate::boundary::{answer, guard, optional_text, out, text};
use crate::error::CredexError;
use crate::failure::Result;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{at, or_null, word};

/// What was found of an app and a website. Free it with credex_domain_report_free().
#[derive(Debug)]
pub struct CredexDomainReport {
    domain: CString,
    app_id: CString,
    associated: bool,
    developer: bool,
    stages: Vec<FoundWords>,
}

/// What was found in one stage. Texts may quote hostile text: show them as text. They live as long as the
/// report.
#[repr(C)]
#[derive(Debug)]
pub struct CredexFound {
    /// "declaration", "decision" or "association".
    pub stage: *const c_char,
    /// Whether it stands in nobody's way.
    pub passed: bool,
    /// What was found.
    pub message: *const c_char,
    /// What to change, or NULL.
    pub advice: *const c_char,
    /// The file that was looked for, or NULL.
    pub url: *const c_char,
    /// The HTTP status, or 0.
    pub http_status: u32,
    /// Whose certificate was shown, and until when it holds, or NULL.
    pub certificate: *const c_char,
    /// "network", "cache" or "stale", or NULL.
    pub source: *const c_char,
    /// Seconds since it was fetched, or -1.
    pub age: i64,
}

/// A stage, in words that live.
#[derive(Debug)]
struct FoundWords {
    stage: CString,
    passed: bool,
    message: CString,
    advice: Option<CString>,
    url: Option<CString>,
    http_status: u32,
    certificate: Option<CString>,
    source: Option<CString>,
    age: i64,
}

impl Object for CredexDomainReport {
    const NAME: &'static str = "CredexDomainReport";
    const STAYS: bool = true;
}

impl From<DomainReport> for CredexDomainReport {
    fn from(report: DomainReport) -> Self {
        Self {
            domain: word(&report.domain),
            app_id: word(&report.app_id),
            associated: report.associated,
            developer: report.developer,
            stages: report.stages.iter().map(FoundWords::new).collect(),
        }
    }
}

impl FoundWords {
    fn new(found: &Found) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(word);
        let age = found.age.and_then(|age| i64::try_from(age).ok());
        Self {
            stage: word(&found.stage),
            passed: found.passed,
            message: word(&found.message),
            advice: optional(&found.advice),
            url: optional(&found.url),
            http_status: found.status.unwrap_or_default(),
            certificate: optional(&found.certificate),
            source: optional(&found.source),
            age: age.unwrap_or(-1),
        }
    }

    fn for_c(&self) -> CredexFound {
        CredexFound {
            stage: self.stage.as_ptr(),
            passed: self.passed,
            message: self.message.as_ptr(),
            advice: or_null(self.advice.as_ref()),
            url: or_null(self.url.as_ref()),
            http_status: self.http_status,
            certificate: or_null(self.certificate.as_ref()),
            source: or_null(self.source.as_ref()),
            age: self.age,
        }
    }
}

async fn refresh(shared: SharedWebCredentials, domain: String) -> Result<CredexDomainReport> {
    Ok(shared.refresh(&domain).await?.into())
}

async fn check(
    shared: SharedWebCredentials,
    domain: String,
    app_id: Option<String>,
    anew: bool,
) -> Result<CredexDomainReport> {
    let checked = shared.check(&domain, app_id.as_deref(), anew).await;
    Ok(checked?.into())
}

/// Has the statement of the website fetched anew, whatever is cached, and tells what it says. The operation's
/// result is a CredexDomainReport.
///
/// # Safety
/// `domain` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_refresh(
    web: *const CredexWeb,
    domain: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string.
        let domain = unsafe { text(domain, "domain") }?;
        operation::start(&web.client, wish, refresh(web.shared(), domain))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// `domain` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_refresh_blocking(
    web: *const CredexWeb,
    domain: *const c_char,
    timeout_ms: i32,
    report: Option<&mut MaybeUninit<*mut CredexDomainReport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(report, "report")?;
        // SAFETY: by this function's contract it is a string.
        let domain = unsafe { text(domain, "domain") }?;
        let work = refresh(web.shared(), domain);
        operation::wait_for_object(&web.client, timeout_ms, slot, work)
    })
}

/// Tells stage by stage whether `app_id`, or this app if that is NULL, and `domain` belong together; with
/// `anew` the website is asked whatever is cached. That they do not is no failure. The operation's result is
/// a CredexDomainReport.
///
/// # Safety
/// `domain` is a string, and so is `app_id` unless it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_check(
    web: *const CredexWeb,
    domain: *const c_char,
    app_id: *const c_char,
    anew: bool,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let (domain, app_id) =
            unsafe { (text(domain, "domain")?, optional_text(app_id, "app_id")?) };
        operation::start(&web.client, wish, check(web.shared(), domain, app_id, anew))
    })
}

/// Does the same, and waits for it: for at most `timeout_ms` milliseconds, or for ever if that is negative.
///
/// # Safety
/// As credex_web_check().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_web_check_blocking(
    web: *const CredexWeb,
    domain: *const c_char,
    app_id: *const c_char,
    anew: bool,
    timeout_ms: i32,
    report: Option<&mut MaybeUninit<*mut CredexDomainReport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let web = table::get(web)?;
        let slot = out(report, "report")?;
        // SAFETY: by this function's contract they are strings, or NULL.
        let (domain, app_id) =
            unsafe { (text(domain, "domain")?, optional_text(app_id, "app_id")?) };
        let work = check(web.shared(), domain, app_id, anew);
        operation::wait_for_object(&web.client, timeout_ms, slot, work)
    })
}

/// Takes the result of credex_web_refresh() or credex_web_check().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_domain_report(
    operation: *const CredexOperation,
    report: Option<&mut MaybeUninit<*mut CredexDomainReport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, report, "report"))
}

/// The website; NULL for what is no report. It lives as long as the report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_domain(report: *const CredexDomainReport) -> *const c_char {
    answer(std::ptr::null(), || Ok(table::get(report)?.domain.as_ptr()))
}

/// The app; NULL for what is no report. It lives as long as the report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_app_id(report: *const CredexDomainReport) -> *const c_char {
    answer(std::ptr::null(), || Ok(table::get(report)?.app_id.as_ptr()))
}

/// Whether they belong together.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_associated(report: *const CredexDomainReport) -> bool {
    answer(false, || Ok(table::get(report)?.associated))
}

/// Whether developer mode is on, which lets through what would not pass otherwise.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_developer(report: *const CredexDomainReport) -> bool {
    answer(false, || Ok(table::get(report)?.developer))
}

/// How many stages there are; 0 for what is no report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_stages(report: *const CredexDomainReport) -> usize {
    answer(0, || Ok(table::get(report)?.stages.len()))
}

/// What was found in a stage, from 0 on, in the order in which it was looked for.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_stage(
    report: *const CredexDomainReport,
    index: usize,
    found: Option<&mut MaybeUninit<CredexFound>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let report = table::get(report)?;
        let stage = at(&report.stages, index)?;
        out(found, "found")?.write(stage.for_c());
        Ok(())
    })
}

/// Frees a report. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_domain_report_free(report: *mut CredexDomainReport) -> CredexStatus {
    guard(None, || table::remove(report).map(drop))
}
