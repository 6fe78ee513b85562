//! `CredexReceipt`: what an importer made of a payload.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;

use credex::{Receipt, Tally};

use crate::boundary::{answer, guard, out};
use crate::error::CredexError;
use crate::operation::{CredexOperation, take_object};
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{at, word};

/// The importer's report to the exporter. Free it with credex_receipt_free().
#[derive(Debug)]
pub struct CredexReceipt {
    types: Vec<(CString, Tally)>,
    total: Tally,
    discrepancies: Vec<CString>,
}

/// What became of the credentials of a type.
#[repr(C)]
#[derive(Debug)]
pub struct CredexTally {
    /// The credential type, for instance "basic-auth".
    pub type_name: *const c_char,
    /// Taken over.
    pub succeeded: u32,
    /// Not taken over, because something was wrong with them.
    pub failed: u32,
    /// Not taken over, because the importer has no use for them.
    pub ignored: u32,
}

impl Object for CredexReceipt {
    const NAME: &'static str = "CredexReceipt";
    const STAYS: bool = true;
}

impl From<Receipt> for CredexReceipt {
    fn from(receipt: Receipt) -> Self {
        let types = receipt.types.iter();
        Self {
            types: types.map(|(name, tally)| (word(name), *tally)).collect(),
            total: receipt.total(),
            discrepancies: receipt.discrepancies.iter().map(|it| word(it)).collect(),
        }
    }
}

fn for_c(type_name: *const c_char, tally: Tally) -> CredexTally {
    CredexTally {
        type_name,
        succeeded: tally.succeeded,
        failed: tally.failed,
        ignored: tally.ignored,
    }
}

/// Takes the receipt with which an export ended.
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_receipt(
    operation: *const CredexOperation,
    receipt: Option<&mut MaybeUninit<*mut CredexReceipt>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, receipt, "receipt"))
}

/// How many types there are; 0 for what is no receipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_receipt_types(receipt: *const CredexReceipt) -> usize {
    answer(0, || Ok(table::get(receipt)?.types.len()))
}

/// What became of a type, from 0 on. The name lives as long as the receipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_receipt_type(
    receipt: *const CredexReceipt,
    index: usize,
    tally: Option<&mut MaybeUninit<CredexTally>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let receipt = table::get(receipt)?;
        let (name, numbers) = at(&receipt.types, index)?;
        out(tally, "tally")?.write(for_c(name.as_ptr(), *numbers));
        Ok(())
    })
}

/// What became of all types together; its `type_name` is "".
#[unsafe(no_mangle)]
pub extern "C" fn credex_receipt_total(
    receipt: *const CredexReceipt,
    tally: Option<&mut MaybeUninit<CredexTally>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let total = table::get(receipt)?.total;
        out(tally, "tally")?.write(for_c(c"".as_ptr(), total));
        Ok(())
    })
}

/// A sentence for each difference between what arrived and what was declared and let go, from 0 on; NULL
/// behind the last. It lives as long as the receipt.
#[unsafe(no_mangle)]
pub extern "C" fn credex_receipt_discrepancy(
    receipt: *const CredexReceipt,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(receipt)?.discrepancies, index)?.as_ptr())
    })
}

/// Frees a receipt. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_receipt_free(receipt: *mut CredexReceipt) -> CredexStatus {
    guard(None, || table::remove(receipt).map(drop))
}
