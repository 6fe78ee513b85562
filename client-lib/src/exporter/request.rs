//! The question to the person: `Export.RequestExport`, and the `Response` that answers it.

use std::sync::Arc;

use credex_protocol::wire::{ExportOptions, ExportResults, response};
use credex_protocol::{Error as Refusal, Reason, names};
use uuid::Uuid;

use super::session::{self, Session};
use super::{Grant, Plan};
use crate::answer::Method;
use crate::bus::{Bus, Mailbox, next_from};
use crate::cxf::{self, Counts};
use crate::error::{Error, Result};
use crate::wire_limits::per_type;

/// What the person is asked, and where.
#[derive(Debug, Clone, Default)]
pub struct ExportRequest {
    provider: Option<String>,
    parent_window: String,
    activation_token: Option<String>,
    format_versions: Option<Vec<String>>,
    counts: Counts,
    plan: Option<Plan>,
}

impl ExportRequest {
    /// A request that declares nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A request that declares what is in `document`.
    ///
    /// # Errors
    /// [`Error::Document`] if it is not valid CXF.
    pub fn of_document(document: &[u8]) -> Result<Self> {
        Ok(Self::new().declare(cxf::validate(document)?.present))
    }

    /// Which exporting provider of the app this is; needed if its desktop entry lists several.
    #[must_use]
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = Some(name.into());
        self
    }

    /// The window to place the chooser above: `x11:XID` (hexadecimal), `wayland:HANDLE`
    /// (xdg-foreign), or `tty:/dev/pts/N` for the terminal to ask in.
    #[must_use]
    pub fn parent_window(mut self, window: impl Into<String>) -> Self {
        self.parent_window = window.into();
        self
    }

    /// An XDG activation token, so that the chooser may come to the front.
    #[must_use]
    pub fn activation_token(mut self, token: impl Into<String>) -> Self {
        self.activation_token = Some(token.into());
        self
    }

    /// The format versions that the app can write, best first; only 1.0 if not said.
    #[must_use]
    pub fn format_versions(
        mut self,
        versions: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.format_versions = Some(versions.into_iter().map(Into::into).collect());
        self
    }

    /// How many credentials of each type there are, for the person to see and choose from, as
    /// [`Report::present`](crate::cxf::Report::present) counts them: also those that no importer can
    /// use, for they travel too. What is not declared does not. More types than the protocol
    /// carries are declared together, as [`Counts::OTHER`].
    #[must_use]
    pub fn declare(mut self, counts: Counts) -> Self {
        self.counts = per_type(counts.iter()).into_iter().collect();
        self
    }

    /// What will become of them at one importer, which the person is told where they agree to it.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    pub(super) async fn ask(self, bus: &Arc<Bus>, app_id: &str) -> Result<Grant> {
        let mut question = Question::new(bus);
        let options = self.options(app_id, &question.token);
        let results = question.ask(&self.parent_window, options).await?;
        if results.session.as_ref().map(|path| path.as_str()) != Some(&question.session_path) {
            let wrong = "the session is not where session_handle_token puts it";
            return Err(Error::Protocol(wrong.to_owned()));
        }
        Grant::new(question.into_session()?, results, self.counts)
    }

    fn options(&self, app_id: &str, token: &str) -> ExportOptions {
        ExportOptions {
            handle_token: Some(token.to_owned()),
            session_handle_token: Some(token.to_owned()),
            app_id: Some(app_id.to_owned()),
            provider: self.provider.clone(),
            format_versions: self.format_versions.clone(),
            counts: Some(self.counts.clone().into()),
            plan: self.plan.as_ref().map(|plan| plan.to_wire(&self.counts)),
            activation_token: self.activation_token.clone(),
        }
    }
}

/// A question that may still be open; dropping it takes it back.
struct Question {
    bus: Arc<Bus>,
    token: String,
    path: String,
    answers: Mailbox,
    session_path: String,
    /// Opened before the question is asked, so that no news of the session is missed.
    session_news: Option<Mailbox>,
    /// Who took the question, once that is known.
    service: Option<String>,
    open: bool,
}

impl Question {
    fn new(bus: &Arc<Bus>) -> Self {
        let token = Uuid::new_v4().simple().to_string();
        let path = names::request_path(bus.unique_name(), &token);
        let session_path = names::session_path(bus.unique_name(), &token);
        Self {
            answers: bus.mailbox(&path),
            session_news: Some(bus.mailbox(&session_path)),
            bus: Arc::clone(bus),
            token,
            path,
            session_path,
            service: None,
            open: false,
        }
    }

    async fn ask(&mut self, parent_window: &str, options: ExportOptions) -> Result<ExportResults> {
        self.open = true;
        let service = self.put(parent_window, options).await;
        // Where somebody else answered, the service may be asking the person all the same.
        self.open = matches!(service, Ok(_) | Err(Error::NotTheService { .. }));
        let service = service?;
        self.service = Some(service.clone());
        let answer = next_from(&mut self.answers, &service).await?;
        self.open = false;
        let (response, results): (u32, ExportResults) =
            answer.body().deserialize().map_err(Error::unreadable)?;
        match response {
            response::DONE => Ok(results),
            response::DECLINED => Err(Error::Declined(told(&results))),
            _ => Err(refusal(&results).into()),
        }
    }

    /// Calls the service, and returns its unique name.
    async fn put(&self, parent_window: &str, options: ExportOptions) -> Result<String> {
        let method = Method {
            path: names::SERVICE_PATH,
            interface: names::EXPORT,
            name: "RequestExport",
        };
        self.bus
            .call_by_name(method, &(parent_window, options))
            .await
    }

    fn into_session(mut self) -> Result<Session> {
        let (Some(service), Some(news)) = (self.service.take(), self.session_news.take()) else {
            return Err(Error::gone());
        };
        let path = std::mem::take(&mut self.session_path);
        Ok(Session::new(Arc::clone(&self.bus), service, path, news))
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.bus.close_mailbox(&self.path);
        if self.session_news.is_some() {
            self.bus.close_mailbox(&self.session_path);
        }
        if !self.open {
            return;
        }
        let (bus, service) = (Arc::clone(&self.bus), self.service.take());
        let (path, session) = (self.path.clone(), self.session_path.clone());
        self.bus.spawn(async move {
            let service = service.as_deref();
            let request = Method {
                path: &path,
                interface: names::REQUEST,
                name: "Close",
            };
            // If the answer was on its way already, there is a session instead of the request.
            if close(&bus, service, request).await.is_err()
                && let Err(error) = close(&bus, service, session::method(&session, "Close")).await
            {
                tracing::debug!(%error, "a dropped question was over already");
            }
        });
    }
}

async fn close(bus: &Bus, service: Option<&str>, method: Method<'_>) -> Result<()> {
    match service {
        Some(service) => bus.call(service, method, &()).await,
        None => bus.call_by_name(method, &()).await.map(|_service| ()),
    }
}

fn told(results: &ExportResults) -> String {
    let reason = results.error.as_deref().and_then(Reason::from_name);
    let meaning = || reason.unwrap_or(Reason::Cancelled).meaning().to_owned();
    results.message.clone().unwrap_or_else(meaning)
}

fn refusal(results: &ExportResults) -> Refusal {
    let reason = results.error.as_deref().and_then(Reason::from_name);
    Refusal::new(reason.unwrap_or(Reason::Internal), told(results))
}
