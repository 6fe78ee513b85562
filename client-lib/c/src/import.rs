//! `CredexImport`: credentials that came, until it is reported what became of them.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use credex::{Import, Tally};

use crate::boundary::{answer, guard, out, row, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::receipt::CredexTally;
use crate::report::CredexReport;
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};
use crate::words::{AppWords, CredexApp, CredexCount, at, word};

/// Credentials to import. Free it with credex_import_free(): without a report, that tells the exporter that
/// nothing came of them.
#[derive(Debug)]
pub struct CredexImport {
    import: Mutex<Option<Import>>,
    client: Arc<CredexClient>,
    exporter: AppWords,
    format_version: CString,
    report: CredexReport,
    discrepancies: Vec<CString>,
    attachments: Vec<CString>,
    attachment_problems: OnceLock<Vec<CString>>,
}

/// Bytes of the library. They are wiped when what they belong to is freed, those of an import also when it is
/// reported, and are not there any more.
#[repr(C)]
#[derive(Debug)]
pub struct CredexBytes {
    /// The first of them.
    pub bytes: *const u8,
    /// How many they are.
    pub len: usize,
}

impl Object for CredexImport {
    const NAME: &'static str = "CredexImport";
}

impl CredexImport {
    pub(crate) fn new(import: Import, client: Arc<CredexClient>) -> Self {
        let discrepancies = import.discrepancies().iter();
        Self {
            client,
            exporter: AppWords::new(import.exporter()),
            format_version: word(import.format_version()),
            report: CredexReport::from(import.report()),
            discrepancies: discrepancies.map(|it| word(&it.to_string())).collect(),
            attachments: import.attachments().map(|(id, _)| word(id)).collect(),
            attachment_problems: OnceLock::new(),
            import: Mutex::new(Some(import)),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Import>> {
        self.import.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where something lies that stays until the import is taken.
    fn bytes(&self, find: impl FnOnce(&Import) -> Result<&[u8]>) -> Result<CredexBytes> {
        let held = self.held();
        let found = find(held.as_ref().ok_or_else(over)?)?;
        Ok(CredexBytes {
            bytes: found.as_ptr(),
            len: found.len(),
        })
    }

    /// # Errors
    /// `WrongState` if it was reported on.
    fn take(&self) -> Result<Import> {
        self.held().take().ok_or_else(over)
    }

    fn attachment_problems(&self) -> Result<&[CString]> {
        if let Some(problems) = self.attachment_problems.get() {
            return Ok(problems);
        }
        let held = self.held();
        let problems = held.as_ref().ok_or_else(over)?.attachment_problems();
        let words = problems.iter().map(|it| word(&it.to_string())).collect();
        Ok(self.attachment_problems.get_or_init(|| words))
    }
}

fn over() -> Failure {
    Failure::state("it was reported already what became of this import: its bytes are wiped")
}

pub(crate) type Tallies = Vec<(String, Tally)>;

async fn complete(import: Import, tallies: Tallies) -> Result<()> {
    Ok(import.complete(tallies).await?)
}

async fn complete_all(import: Import) -> Result<()> {
    Ok(import.complete_all().await?)
}

async fn reject(import: Import, reason: String) -> Result<()> {
    Ok(import.reject(&reason).await?)
}

/// # Safety
/// There are `number` tallies at `tallies`, and their names are strings.
pub(crate) unsafe fn tallies(tallies: *const CredexTally, number: usize) -> Result<Tallies> {
    // SAFETY: the caller's promise.
    let tallies = unsafe { row(tallies, number, "tallies") }?;
    let tallies = tallies.iter().map(|tally| {
        // SAFETY: the caller's promise.
        let name = unsafe { text(tally.type_name, "type_name") }?;
        let tally = Tally {
            succeeded: tally.succeeded,
            failed: tally.failed,
            ignored: tally.ignored,
        };
        Ok((name, tally))
    });
    tallies.collect()
}

/// Takes the result of credex_offer_redeem().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_import(
    operation: *const CredexOperation,
    import: Option<&mut MaybeUninit<*mut CredexImport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, import, "import"))
}

/// Who exported. What `exporter` points to lives as long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_exporter(
    import: *const CredexImport,
    exporter: Option<&mut MaybeUninit<CredexApp>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        out(exporter, "exporter")?.write(import.exporter.for_c());
        Ok(())
    })
}

/// The CXF document, byte for byte as it was exported. No zero byte follows it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_document(
    import: *const CredexImport,
    document: Option<&mut MaybeUninit<CredexBytes>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(document, "document")?;
        slot.write(table::get(import)?.bytes(|it| Ok(it.document()))?);
        Ok(())
    })
}

/// How many attachments came; 0 for what is no import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_attachments(import: *const CredexImport) -> usize {
    answer(0, || Ok(table::get(import)?.attachments.len()))
}

/// An attachment, from 0 on: the id of its `file` credential, which lives as long as the import, and its
/// bytes. An id comes from somebody else, and is no file name. Each may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_attachment(
    import: *const CredexImport,
    index: usize,
    id: Option<&mut MaybeUninit<*const c_char>>,
    bytes: Option<&mut MaybeUninit<CredexBytes>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let name = at(&import.attachments, index)?;
        let beyond = || Failure::argument("there is no such attachment");
        let found = import.bytes(|it| {
            let found = it.attachments().nth(index);
            found.map(|(_, bytes)| bytes).ok_or_else(beyond)
        })?;
        if let Some(id) = id {
            id.write(name.as_ptr());
        }
        if let Some(bytes) = bytes {
            bytes.write(found);
        }
        Ok(())
    })
}

/// How many types with usable credentials came; 0 for what is no import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_types(import: *const CredexImport) -> usize {
    answer(0, || Ok(table::get(import)?.report.usable.len()))
}

/// How many usable credentials of a type came, from 0 on. The name lives as long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_type(
    import: *const CredexImport,
    index: usize,
    count: Option<&mut MaybeUninit<CredexCount>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        out(count, "count")?.write(import.report.usable.at(index)?);
        Ok(())
    })
}

/// The version of the Credential Exchange Format in which the document is; NULL for what is no import. It lives as
/// long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_format_version(import: *const CredexImport) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(import)?.format_version.as_ptr())
    })
}

/// A sentence for each difference between what arrived and what was declared and let go, from 0 on; NULL behind
/// the last. It lives as long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_discrepancy(
    import: *const CredexImport,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(import)?.discrepancies, index)?.as_ptr())
    })
}

/// All that was found when the document was read through: also what is there and cannot be used. A copy of its
/// own.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_report(
    import: *const CredexImport,
    report: Option<&mut MaybeUninit<*mut CredexReport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let slot = out(report, "report")?;
        slot.write(table::insert(Group::NONE, import.report.clone()));
        Ok(())
    })
}

/// Which parts of the document should be left out, and why, from 0 on; NULL behind the last. No secrets are
/// in it. It lives as long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_problem(
    import: *const CredexImport,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(import)?.report.problems, index)?.as_ptr())
    })
}

/// Which attachments are not what the document says of them, from 0 on; NULL behind the last. The first
/// question hashes them all. It lives as long as the import.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_attachment_problem(
    import: *const CredexImport,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        let import = table::get(import)?;
        Ok(at(import.attachment_problems()?, index)?.as_ptr())
    })
}

/// Reports what became of each credential type, and ends the exchange. The document and the attachments are
/// wiped at once. Ends with credex_operation_finish().
///
/// # Safety
/// There are `number` tallies at `tallies`, and their names are strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_import_complete(
    import: *const CredexImport,
    tallies: *const CredexTally,
    number: usize,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are there.
        let tallies = unsafe { self::tallies(tallies, number) }?;
        operation::start(&import.client, wish, complete(import.take()?, tallies))
    })
}

/// Does the same, and waits for it.
///
/// # Safety
/// As credex_import_complete().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_import_complete_blocking(
    import: *const CredexImport,
    tallies: *const CredexTally,
    number: usize,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        // SAFETY: by this function's contract they are there.
        let tallies = unsafe { self::tallies(tallies, number) }?;
        let work = complete(import.take()?, tallies);
        operation::wait_for(&import.client, timeout_ms, work)
    })
}

/// Reports that everything was taken over that is usable, and what was wrong with the rest, and ends the
/// exchange. The document and the attachments are wiped at once. Ends with credex_operation_finish().
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_complete_all(
    import: *const CredexImport,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let wish = Wish::new(callback, data, operation)?;
        operation::start(&import.client, wish, complete_all(import.take()?))
    })
}

/// Does the same, and waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_complete_all_blocking(
    import: *const CredexImport,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let work = complete_all(import.take()?);
        operation::wait_for(&import.client, timeout_ms, work)
    })
}

/// Reports that nothing could be made of the payload; `reason` is a sentence for the person, cut at 256
/// bytes. The document and the attachments are wiped at once. Ends with credex_operation_finish().
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_import_reject(
    import: *const CredexImport,
    reason: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::start(&import.client, wish, reject(import.take()?, reason))
    })
}

/// Does the same, and waits for it.
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_import_reject_blocking(
    import: *const CredexImport,
    reason: *const c_char,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let import = table::get(import)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::wait_for(&import.client, timeout_ms, reject(import.take()?, reason))
    })
}

/// Wipes and frees an import. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_import_free(import: *mut CredexImport) -> CredexStatus {
    guard(None, || table::remove(import).map(drop))
}
