//! Credex for Python: the compiled half of the package `credex`, whose other half, in `credex/`, is what
//! apps see.
//!
//! Every call is started in a runtime with a thread of its own, and makes a [`pending::Pending`]; the Python
//! half waits for it, or has asyncio do so. Nothing here keeps the interpreter while it waits.

mod exporting;
mod importing;
mod leaving;
mod pending;
mod plan;
mod runtime;
mod secret;
mod slot;
mod trouble;
mod values;
mod web;

use pyo3::prelude::*;

/// The compiled half of the package credex. Use that package instead.
#[pymodule(name = "_credex")]
mod compiled {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::check;
    #[pymodule_export]
    use crate::exporting::{PyDelivery, PyExporter, PyGrant, connect_exporter};
    #[pymodule_export]
    use crate::importing::{PyImport, PyImporter, PyOffer, connect_importer};
    #[pymodule_export]
    use crate::pending::Pending;
    #[pymodule_export]
    use crate::secret::Secret;
    #[pymodule_export]
    use crate::web::{PyShared, connect_shared};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::leaving::register(module.py())
    }
}

/// Reads a document through.
#[pyfunction]
fn check(py: Python<'_>, document: values::Bytes) -> PyResult<Py<PyAny>> {
    let read = py.detach(|| credex::cxf::validate(&document.0));
    let invalid = |invalid| trouble::Trouble::from(credex::Error::Document(invalid));
    let report = read.map_err(|error| invalid(error).into_exception(py))?;
    values::report(py, &report)
}
