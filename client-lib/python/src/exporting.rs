//! The exporter's side: ask the person, send, learn what became of it.

use std::sync::Arc;

use credex::{Delivery, ExportRequest, Exporter, Grant, Payload};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::pending::{Pending, Product, start};
use crate::plan::Foreseen;
use crate::slot::Slot;
use crate::values::{self, Bytes, Numbers, attachments, counts};

/// An app that can send credentials to others.
#[pyclass(frozen, name = "Exporter", module = "credex._credex")]
pub(crate) struct PyExporter(Arc<Slot<Exporter>>);

/// The person's consent to one exchange.
#[pyclass(frozen, name = "Grant", module = "credex._credex")]
pub(crate) struct PyGrant {
    slot: Arc<Slot<Grant>>,
    /// The credential types that the person lets go.
    #[pyo3(get)]
    types: Vec<String>,
    /// The version of the format to write.
    #[pyo3(get)]
    format_version: String,
    /// The app that the person chose, where the administrator lets exporters learn it.
    #[pyo3(get)]
    importer: Option<String>,
}

/// A payload on its way.
#[pyclass(frozen, name = "Delivery", module = "credex._credex")]
pub(crate) struct PyDelivery {
    slot: Arc<Slot<Delivery>>,
    /// How many seconds the importer has at first.
    #[pyo3(get)]
    expires_in: f64,
    /// What the check of the document found.
    #[pyo3(get)]
    report: Py<PyAny>,
}

/// Connects to the bus at `address`, or to the session bus.
#[pyfunction]
#[pyo3(signature = (app_id, address=None))]
pub(crate) fn connect_exporter(app_id: String, address: Option<String>) -> PyResult<Pending> {
    start(async move {
        Ok(match address {
            Some(address) => Exporter::connect_to(&address, app_id).await?,
            None => Exporter::connect(app_id).await?,
        })
    })
}

/// How the person is asked.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Question {
    provider: Option<String>,
    parent_window: String,
    activation_token: Option<String>,
    format_versions: Option<Vec<String>>,
    plan: Option<Foreseen>,
}

impl Question {
    /// # Errors
    /// Those of [`Foreseen::plan`].
    fn request(self) -> PyResult<ExportRequest> {
        let mut request = ExportRequest::new().parent_window(self.parent_window);
        if let Some(provider) = self.provider {
            request = request.provider(provider);
        }
        if let Some(token) = self.activation_token {
            request = request.activation_token(token);
        }
        if let Some(versions) = self.format_versions {
            request = request.format_versions(versions);
        }
        Ok(match self.plan {
            Some(plan) => request.plan(plan.plan()?),
            None => request,
        })
    }
}

#[pymethods]
impl PyExporter {
    /// Does a whole exchange.
    fn export(
        &self,
        document: Bytes,
        beside: Option<&Bound<'_, PyDict>>,
        question: Question,
    ) -> PyResult<Pending> {
        let (slot, beside) = (Arc::clone(&self.0), attachments(beside)?);
        let request = question.request()?;
        start(async move {
            let exchange = async {
                let exporter = slot.open().await?.clone();
                let mut payload = payload(&document, &beside);
                let request = request.declare(payload.check()?.present.clone());
                let grant = exporter.request(request).await?;
                Ok(grant.send(payload).await?.receipt().await?)
            };
            slot.until_closed(exchange).await
        })
    }

    /// Asks the person to whom credentials may go, and which.
    fn request(&self, declared: Numbers, question: Question) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        let request = question.request()?.declare(counts(declared));
        start(async move {
            let asking = async {
                let exporter = slot.open().await?.clone();
                Ok(exporter.request(request).await?)
            };
            slot.until_closed(asking).await
        })
    }

    /// Leaves the bus, and calls off what is under way.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

fn payload<'a>(document: &'a Bytes, attachments: &'a [(String, Bytes)]) -> Payload<'a> {
    let payload = Payload::new(&*document.0);
    attachments.iter().fold(payload, |payload, (id, bytes)| {
        payload.attachment(id, &bytes.0)
    })
}

#[pymethods]
impl PyGrant {
    /// Seals what the person let go, and hands it to the service.
    fn send(&self, document: Bytes, beside: Option<&Bound<'_, PyDict>>) -> PyResult<Pending> {
        let (slot, beside) = (Arc::clone(&self.slot), attachments(beside)?);
        start(async move {
            let sending = async {
                let grant = slot.open().await?;
                Ok(grant.send(payload(&document, &beside)).await?)
            };
            slot.until_closed(sending).await
        })
    }

    /// Calls the exchange off, unless something was sent.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

#[pymethods]
impl PyDelivery {
    /// Waits until the importer has reported.
    fn receipt(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            let waiting = async { Ok(slot.open().await?.receipt().await?) };
            slot.until_closed(waiting).await
        })
    }

    /// Takes the payload back.
    fn cancel(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            if let Some(delivery) = slot.close().await {
                delivery.cancel().await?;
            }
            Ok(())
        })
    }

    /// Takes the payload back, and does not mind if it is too late.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.slot);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

impl Product for Exporter {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let exporter = PyExporter(Slot::new(self, "exporter"));
        Ok(Py::new(py, exporter)?.into_any())
    }
}

impl Product for Grant {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let grant = PyGrant {
            types: self.types().iter().cloned().collect(),
            format_version: self.format_version().to_owned(),
            importer: self.importer().map(str::to_owned),
            slot: Slot::new(self, "grant"),
        };
        Ok(Py::new(py, grant)?.into_any())
    }
}

impl Product for Delivery {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let delivery = PyDelivery {
            expires_in: self.expires_in().as_secs_f64(),
            report: values::report(py, self.report())?,
            slot: Slot::new(self, "delivery"),
        };
        Ok(Py::new(py, delivery)?.into_any())
    }
}
