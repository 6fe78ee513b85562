//! The importer's side: be there for offers, redeem them, and report.

use std::sync::Arc;
use std::time::Duration;

use credex::{Import, Importer, Offer, silent};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::pending::{Pending, Product, start};
use crate::secret::{Held, Secret};
use crate::slot::Slot;
use crate::trouble::Trouble;
use crate::values::{self, Numbers, Tallies, tallies};

/// An app that credentials can be sent to.
#[pyclass(frozen, name = "Importer", module = "credex._credex")]
pub(crate) struct PyImporter {
    slot: Arc<Slot<Importer>>,
    /// Its unique name on the bus.
    #[pyo3(get)]
    unique_name: String,
}

/// An offer of credentials.
#[pyclass(frozen, name = "Offer", module = "credex._credex")]
pub(crate) struct PyOffer {
    slot: Arc<Slot<Offer>>,
    /// Who exports.
    #[pyo3(get)]
    exporter: Py<PyAny>,
    /// How many credentials of each type are offered.
    #[pyo3(get)]
    counts: Numbers,
    /// The credential types that the person lets go.
    #[pyo3(get)]
    types: Vec<String>,
    /// The version of the format in which they come.
    #[pyo3(get)]
    format_version: String,
    /// How many seconds the offer lasted when it came.
    #[pyo3(get)]
    expires_in: f64,
    /// An XDG activation token.
    #[pyo3(get)]
    activation_token: Option<String>,
    /// The window of the exporter.
    #[pyo3(get)]
    parent_window: Option<String>,
}

/// Credentials to import.
#[pyclass(frozen, name = "Import", module = "credex._credex")]
pub(crate) struct PyImport {
    held: Arc<Held<Import>>,
    /// Who exported.
    #[pyo3(get)]
    exporter: Py<PyAny>,
    /// The version of the format of the document.
    #[pyo3(get)]
    format_version: String,
    /// What is in the document.
    #[pyo3(get)]
    report: Py<PyAny>,
    /// Where what arrived differs from what was declared and let go.
    #[pyo3(get)]
    discrepancies: Vec<String>,
}

/// What an importing app says about itself.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Description {
    name: Option<String>,
    credential_types: Option<Vec<String>>,
    format_versions: Option<Vec<String>>,
    own_name: bool,
    limit: Option<u64>,
    address: Option<String>,
}

/// Connects, and is there for offers from then on.
#[pyfunction]
pub(crate) fn connect_importer(app_id: String, description: Description) -> PyResult<Pending> {
    let mut builder = Importer::builder(app_id).own_name(description.own_name);
    if let Some(name) = description.name {
        builder = builder.name(name);
    }
    if let Some(types) = description.credential_types {
        builder = builder.credential_types(types);
    }
    if let Some(versions) = description.format_versions {
        builder = builder.format_versions(versions);
    }
    if let Some(limit) = description.limit {
        builder = builder.limit(limit);
    }
    start(async move {
        Ok(match description.address {
            Some(address) => builder.connect_to(&address).await?,
            None => builder.connect().await?,
        })
    })
}

#[pymethods]
impl PyImporter {
    /// Waits for the next offer that is still open.
    fn next_offer(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            let waiting = async { Ok(slot.open().await?.next_offer().await?) };
            slot.until_closed(waiting).await
        })
    }

    /// Leaves the bus.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

#[pymethods]
impl PyOffer {
    /// Asks for the offer to last so many seconds from now; makes how many it does last.
    fn extend(&self, seconds: f64) -> PyResult<Pending> {
        let how_long = Duration::try_from_secs_f64(seconds)
            .map_err(|_| PyValueError::new_err(format!("{seconds} is no number of seconds")))?;
        let slot = Arc::clone(&self.slot);
        start(async move {
            let asking = async {
                let lasts = slot.open().await?.extend(how_long).await?;
                Ok(lasts.as_secs_f64())
            };
            slot.until_closed(asking).await
        })
    }

    /// Waits until somebody else has ended the offer, and fails with why.
    fn withdrawn(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            // The offer is not kept from others meanwhile.
            let withdrawn = slot.open().await?.withdrawn();
            let waiting = async { Err::<(), _>(Trouble::from(withdrawn.await)) };
            slot.until_closed(waiting).await
        })
    }

    /// Redeems the offer, opens the payload, and reads the document through.
    fn redeem(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move { Ok(slot.take().await?.redeem(&mut silent).await?) })
    }

    /// Refuses the offer.
    fn decline(&self, reason: String) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move { Ok(slot.take().await?.decline(&reason).await?) })
    }

    /// Puts the offer aside, unless it was redeemed.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

#[pymethods]
impl PyImport {
    /// The document.
    #[getter]
    fn document(&self) -> Secret {
        Secret::of(&self.held, None)
    }

    /// The attachments by their ids.
    #[getter]
    fn attachments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let ids = self.look(py, |import| {
            let ids = import.attachments().map(|(id, _)| id.to_owned());
            ids.collect::<Vec<_>>()
        })?;
        let attachments = PyDict::new(py);
        for id in ids {
            attachments.set_item(&id, Secret::of(&self.held, Some(id.clone())))?;
        }
        Ok(attachments)
    }

    /// Attachments that are not what the document says of them.
    #[getter]
    fn attachment_problems(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.look(py, |import| {
            let problems = import.attachment_problems().iter();
            problems.map(ToString::to_string).collect()
        })
    }

    /// Reports that every usable credential was taken over.
    fn complete_all(&self, py: Python<'_>) -> PyResult<Pending> {
        let import = self.held.take(py)?;
        start(async move { Ok(import.complete_all().await?) })
    }

    /// Reports what became of each type.
    fn complete(&self, py: Python<'_>, types: Tallies) -> PyResult<Pending> {
        let import = self.held.take(py)?;
        start(async move { Ok(import.complete(tallies(types)).await?) })
    }

    /// Reports that nothing could be made of the payload.
    fn reject(&self, py: Python<'_>, reason: String) -> PyResult<Pending> {
        let import = self.held.take(py)?;
        start(async move { Ok(import.reject(&reason).await?) })
    }

    /// Wipes it, and tells the exporter, unless something was reported.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.held.take_if_there(py).map(drop)
    }
}

impl PyImport {
    /// Looks at the import without keeping other threads of Python waiting.
    fn look<R: Send>(&self, py: Python<'_>, look: impl FnOnce(&Import) -> R + Send) -> PyResult<R> {
        let looked = py.detach(|| self.held.look(look));
        looked.map_err(|trouble: Trouble| trouble.into_exception(py))
    }
}

impl Product for f64 {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self.into_pyobject(py)?.into_any().unbind())
    }
}

impl Product for Importer {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let importer = PyImporter {
            unique_name: self.unique_name().to_owned(),
            slot: Slot::new(self, "importer"),
        };
        Ok(Py::new(py, importer)?.into_any())
    }
}

impl Product for Offer {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let offer = PyOffer {
            exporter: values::app(py, self.exporter())?,
            counts: values::numbers(self.counts()),
            types: self.types().iter().cloned().collect(),
            format_version: self.format_version().to_owned(),
            expires_in: self.expires_in().as_secs_f64(),
            activation_token: self.activation_token().map(str::to_owned),
            parent_window: self.parent_window().map(str::to_owned),
            slot: Slot::new(self, "offer"),
        };
        Ok(Py::new(py, offer)?.into_any())
    }
}

impl Product for Import {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let import = PyImport {
            exporter: values::app(py, self.exporter())?,
            format_version: self.format_version().to_owned(),
            report: values::report(py, self.report())?,
            discrepancies: self
                .discrepancies()
                .iter()
                .map(ToString::to_string)
                .collect(),
            held: Held::new(self),
        };
        Ok(Py::new(py, import)?.into_any())
    }
}
