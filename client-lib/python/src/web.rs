//! Passwords that an app shares with its website.

use std::sync::Arc;
use std::time::SystemTime;

use credex::{
    Change, Decision, DomainReport, Found, Generated, Password, PasswordFormat,
    SharedWebCredentials, Wanted, WebCredential,
};
use pyo3::prelude::*;

use crate::pending::{Pending, Product, start};
use crate::secret::{Held, Secret};
use crate::slot::Slot;
use crate::values::Bytes;

/// An app that shares passwords with its websites.
#[pyclass(frozen, name = "SharedWebCredentials", module = "credex._credex")]
pub(crate) struct PyShared(Arc<Slot<SharedWebCredentials>>);

/// Connects to the bus at `address`, or to the session bus.
#[pyfunction]
#[pyo3(signature = (app_id, parent_window, activation_token, address=None))]
pub(crate) fn connect_shared(
    app_id: String,
    parent_window: String,
    activation_token: Option<String>,
    address: Option<String>,
) -> PyResult<Pending> {
    start(async move {
        let shared = match address {
            Some(address) => SharedWebCredentials::connect_to(&address, app_id).await?,
            None => SharedWebCredentials::connect(app_id).await?,
        };
        let shared = shared.parent_window(parent_window);
        Ok(match activation_token {
            Some(token) => shared.activation_token(token),
            None => shared,
        })
    })
}

#[pymethods]
impl PyShared {
    /// Saves a password, or changes the one that is saved; makes what came of it.
    fn add(&self, domain: String, account: String, password: Bytes) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let adding = async {
                let shared = slot.open().await?.clone();
                let password = Password::new(password.0).map_err(credex::Error::from)?;
                Ok(shared.add(&domain, &account, &password).await?)
            };
            slot.until_closed(adding).await
        })
    }

    /// Asks for a saved password.
    #[pyo3(signature = (domain=None, account=None, port=None))]
    fn request(
        &self,
        domain: Option<String>,
        account: Option<String>,
        port: Option<u16>,
    ) -> PyResult<Pending> {
        let mut wanted = Wanted::any();
        if let Some(domain) = domain {
            wanted = wanted.domain(domain);
        }
        if let Some(account) = account {
            wanted = wanted.account(account);
        }
        if let Some(port) = port {
            wanted = wanted.port(port);
        }
        let slot = Arc::clone(&self.0);
        start(async move {
            let asking = async {
                let shared = slot.open().await?.clone();
                Ok(shared.request(wanted).await?)
            };
            slot.until_closed(asking).await
        })
    }

    /// Deletes what is saved; makes what came of it.
    fn delete(&self, domain: String, account: String) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let deleting = async {
                let shared = slot.open().await?.clone();
                Ok(shared.delete(&domain, &account).await?)
            };
            slot.until_closed(deleting).await
        })
    }

    /// Makes a random password.
    #[pyo3(signature = (strong=false, rules=None))]
    fn generate(&self, strong: bool, rules: Option<String>) -> PyResult<Pending> {
        let format = match (rules, strong) {
            (Some(rules), _) => PasswordFormat::Rules(rules),
            (None, true) => PasswordFormat::Strong,
            (None, false) => PasswordFormat::Grouped,
        };
        let slot = Arc::clone(&self.0);
        start(async move {
            let shared = slot.open().await?.clone();
            Ok(shared.generate(format).await?)
        })
    }

    /// Tells whether an app and a website belong together.
    #[pyo3(signature = (domain, app_id=None, anew=false))]
    fn check(&self, domain: String, app_id: Option<String>, anew: bool) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let shared = slot.open().await?.clone();
            Ok(shared.check(&domain, app_id.as_deref(), anew).await?)
        })
    }

    /// Has the statement of the website fetched anew.
    fn refresh(&self, domain: String) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let asking = async {
                let shared = slot.open().await?.clone();
                Ok(shared.refresh(&domain).await?)
            };
            slot.until_closed(asking).await
        })
    }

    /// What the person decided.
    fn decisions(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let shared = slot.open().await?.clone();
            Ok(shared.decisions().await?)
        })
    }

    /// Forgets a decision.
    fn revoke(&self, app_id: String, domain: String) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            let shared = slot.open().await?.clone();
            Ok(shared.revoke(&app_id, &domain).await?)
        })
    }

    /// Leaves the bus, and takes back what is asked.
    fn close(&self) -> PyResult<Pending> {
        let slot = Arc::clone(&self.0);
        start(async move {
            drop(slot.close().await);
            Ok(())
        })
    }
}

impl Product for SharedWebCredentials {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let shared = PyShared(Slot::new(self, "connection"));
        Ok(Py::new(py, shared)?.into_any())
    }
}

impl Product for Change {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self.name().into_pyobject(py)?.into_any().unbind())
    }
}

impl Product for WebCredential {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = py.import("credex.values")?.getattr("WebCredential")?;
        let password = Secret::of(&Held::new(self.password), None);
        let parts = (self.domain, self.port, self.account, password);
        Ok(class.call1(parts)?.unbind())
    }
}

impl Product for Generated {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = py.import("credex.values")?.getattr("GeneratedPassword")?;
        let password = Secret::of(&Held::new(self.password), None);
        Ok(class.call1((password, self.entropy))?.unbind())
    }
}

impl Product for DomainReport {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = py.import("credex.values")?.getattr("DomainReport")?;
        let stages = self.stages.into_iter().map(|stage| found(py, stage));
        let stages = stages.collect::<PyResult<Vec<_>>>()?;
        let parts = (
            self.domain,
            self.app_id,
            self.associated,
            self.developer,
            stages,
        );
        Ok(class.call1(parts)?.unbind())
    }
}

fn found(py: Python<'_>, stage: Found) -> PyResult<Py<PyAny>> {
    let class = py.import("credex.values")?.getattr("Found")?;
    let parts = (
        stage.stage,
        stage.passed,
        stage.message,
        stage.advice,
        stage.url,
        stage.status,
        stage.certificate,
        stage.source,
        stage.age,
    );
    Ok(class.call1(parts)?.unbind())
}

impl Product for Vec<Decision> {
    fn into_object(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = py.import("credex.values")?.getattr("Decision")?;
        let decisions = self.into_iter().map(|decision| {
            let since_1970 = decision.at.duration_since(SystemTime::UNIX_EPOCH);
            let at = since_1970.unwrap_or_default().as_secs();
            class.call1((
                decision.app_id,
                decision.domain,
                decision.decided.name(),
                at,
            ))
        });
        let decisions = decisions.collect::<PyResult<Vec<_>>>()?;
        Ok(decisions.into_pyobject(py)?.into_any().unbind())
    }
}
