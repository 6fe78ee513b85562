//! `CredexReport`: what is in a document, and what is wrong with it.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use credex::cxf::{self, Report};

use crate::boundary::{answer, guard, out, row};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};
use crate::words::{CountWords, CredexCount, at, word};

/// What is in a document, and what is wrong with it. Speaks of places and kinds, never of values. Free it with
/// credex_report_free().
#[derive(Debug, Clone)]
pub struct CredexReport {
    pub(crate) usable: CountWords,
    present: CountWords,
    ignored: CountWords,
    pub(crate) problems: Vec<CString>,
    problems_total: u64,
}

/// Which credentials of a document are counted.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexCounted {
    /// All of them: what an exporter declares.
    Present = 0,
    /// Those that an importer can use.
    Usable = 1,
    /// Those without fault that the format says to ignore.
    Ignored = 2,
}

impl Object for CredexReport {
    const NAME: &'static str = "CredexReport";
    const STAYS: bool = true;
}

impl From<&Report> for CredexReport {
    fn from(report: &Report) -> Self {
        let problems = report.quarantined.iter();
        Self {
            usable: CountWords::new(&report.counts),
            present: CountWords::new(&report.present),
            ignored: CountWords::new(&report.ignored),
            problems: problems.map(|it| word(&it.to_string())).collect(),
            problems_total: report.quarantined_total,
        }
    }
}

impl CredexReport {
    /// A number: C may pass any, and in Rust there would be no such `CredexCounted`.
    fn counted(&self, counted: i32) -> Result<&CountWords> {
        const PRESENT: i32 = CredexCounted::Present as i32;
        const USABLE: i32 = CredexCounted::Usable as i32;
        const IGNORED: i32 = CredexCounted::Ignored as i32;
        match counted {
            PRESENT => Ok(&self.present),
            USABLE => Ok(&self.usable),
            IGNORED => Ok(&self.ignored),
            other => Err(Failure::no_such("counted", other, "CredexCounted")),
        }
    }
}

/// Reads a document through, without sending it: fails with `CREDEX_STATUS_BAD_DOCUMENT` if nobody could
/// import it.
///
/// # Safety
/// There are `len` bytes at `document`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_report_new(
    document: *const u8,
    len: usize,
    report: Option<&mut MaybeUninit<*mut CredexReport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(report, "report")?;
        // SAFETY: by this function's contract they are there.
        let document = unsafe { row(document, len, "document") }?;
        let found = cxf::validate(document).map_err(credex::Error::from)?;
        slot.write(table::insert(Group::NONE, CredexReport::from(&found)));
        Ok(())
    })
}

/// How many credentials of a type there are, from 0 on; `counted` is a CredexCounted, and says which. Beyond the
/// last type it is `CREDEX_STATUS_BAD_ARGUMENT`. The name lives as long as the report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_report_type(
    report: *const CredexReport,
    counted: i32,
    index: usize,
    count: Option<&mut MaybeUninit<CredexCount>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let report = table::get(report)?;
        out(count, "count")?.write(report.counted(counted)?.at(index)?);
        Ok(())
    })
}

/// A part of the document that an importer should leave out, and why, from 0 on; NULL behind the last, which is
/// the 1000th at most. No secrets are in it. It lives as long as the report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_report_problem(
    report: *const CredexReport,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(report)?.problems, index)?.as_ptr())
    })
}

/// How many such parts there are in all; 0 for what is no report.
#[unsafe(no_mangle)]
pub extern "C" fn credex_report_problems(report: *const CredexReport) -> u64 {
    answer(0, || Ok(table::get(report)?.problems_total))
}

/// Frees a report. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_report_free(report: *mut CredexReport) -> CredexStatus {
    guard(None, || table::remove(report).map(drop))
}
