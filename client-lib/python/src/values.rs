//! What Python passes in, and the classes of `credex.values` that it gets back.

use std::collections::BTreeMap;

use credex::cxf::{Counts, Report};
use credex::{App, Receipt, Tally};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zeroize::Zeroizing;

use crate::pending::Product;

/// A number of credentials by type, as Python has it.
pub(crate) type Numbers = BTreeMap<String, u32>;

/// Secret bytes that Python passed in; our copy is wiped.
pub(crate) struct Bytes(pub(crate) Zeroizing<Vec<u8>>);

impl<'py> FromPyObject<'_, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(&object)?;
        if !buffer.is_c_contiguous() {
            return Err(PyBufferError::new_err("the bytes do not lie in a row"));
        }
        let mut bytes = Zeroizing::new(vec![0; buffer.item_count()]);
        buffer.copy_to_slice(object.py(), &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Attachments by the ids of their `file` credentials.
pub(crate) fn attachments(given: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<(String, Bytes)>> {
    let pairs = given.into_iter().flatten();
    pairs
        .map(|(id, bytes)| Ok((id.extract()?, bytes.extract()?)))
        .collect()
}

pub(crate) fn counts(numbers: Numbers) -> Counts {
    numbers.into_iter().collect()
}

pub(crate) fn numbers(counts: &Counts) -> Numbers {
    counts.clone().into()
}

/// What became of each type: succeeded, failed, ignored.
pub(crate) type Tallies = BTreeMap<String, (u32, u32, u32)>;

pub(crate) fn tallies(given: Tallies) -> impl Iterator<Item = (String, Tally)> {
    given
        .into_iter()
        .map(|(name, (succeeded, failed, ignored))| {
            let tally = Tally {
                succeeded,
                failed,
                ignored,
            };
            (name, tally)
        })
}

impl Product for Receipt {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let values = py.import("credex.values")?;
        let tally = values.getattr("Tally")?;
        let types = PyDict::new(py);
        for (name, it) in self.types {
            types.set_item(name, tally.call1((it.succeeded, it.failed, it.ignored))?)?;
        }
        let receipt = values.getattr("Receipt")?;
        Ok(receipt.call1((types, self.discrepancies))?.unbind())
    }
}

pub(crate) fn app(py: Python<'_>, app: &App) -> PyResult<Py<PyAny>> {
    let class = py.import("credex.values")?.getattr("App")?;
    let assurance = app.assurance.name();
    let parts = (
        &app.app_id,
        &app.name,
        assurance,
        &app.provider,
        &app.origin,
        &app.conflict,
    );
    Ok(class.call1(parts)?.unbind())
}

pub(crate) fn report(py: Python<'_>, report: &Report) -> PyResult<Py<PyAny>> {
    let class = py.import("credex.values")?.getattr("Report")?;
    let quarantined: Vec<_> = report.quarantined.iter().map(ToString::to_string).collect();
    let parts = (
        numbers(&report.present),
        numbers(&report.counts),
        numbers(&report.ignored),
        quarantined,
        report.quarantined_total,
    );
    Ok(class.call1(parts)?.unbind())
}
