//! Passwords that an app shares with its website
//! (`org.credex.Exchange1.WebCredentials.xml`; design §7).

mod credential;
mod decision;
mod question;
mod refusal;
mod report;

use std::sync::Arc;

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::{Password, PrivateKey, PublicKey};
use credex_protocol::names;
use credex_protocol::wire::{
    AddOptions, CheckOptions, DecisionInfo, DomainReport as WireReport, GenerateOptions,
    GenerateResults, NoOptions, RefreshOptions, WebRequestOptions, WebResults,
};
use tokio::sync::watch;

pub use credential::{Change, Generated, PasswordFormat, Wanted, WebCredential};
pub use decision::{Decided, Decision};
pub use refusal::WebRefusal;
pub use report::{DomainReport, Found};

use self::question::Question;
use crate::answer::Method;
use crate::bus::{Bus, Owner};
use crate::error::{Error, Result};

/// An app that shares passwords with its websites.
///
/// The app declares them in its desktop entry, each website names the app, and the person is asked.
/// Every password travels sealed, in both directions.
#[derive(Debug, Clone)]
pub struct SharedWebCredentials {
    bus: Arc<Bus>,
    app_id: String,
    parent_window: String,
    activation_token: Option<String>,
}

impl SharedWebCredentials {
    /// Connects to the session bus; `app_id` is the app's desktop-entry ID. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`Error::NoBus`].
    pub async fn connect(app_id: impl Into<String>) -> Result<Self> {
        Self::on(None, app_id.into()).await
    }

    /// Connects to the bus at a D-Bus `address`.
    ///
    /// # Errors
    /// [`Error::NoBus`].
    pub async fn connect_to(address: &str, app_id: impl Into<String>) -> Result<Self> {
        Self::on(Some(address), app_id.into()).await
    }

    async fn on(address: Option<&str>, app_id: String) -> Result<Self> {
        let owner = watch::Sender::new(Owner::Unknown);
        let bus = Arc::new(Bus::connect(Bus::at(address)?, owner).await?);
        Ok(Self {
            bus,
            app_id,
            parent_window: String::new(),
            activation_token: None,
        })
    }

    /// The window to place dialogs above: `x11:XID` (hexadecimal), `wayland:HANDLE` (xdg-foreign),
    /// or `tty:/dev/pts/N` for the terminal to ask in.
    #[must_use]
    pub fn parent_window(mut self, window: impl Into<String>) -> Self {
        self.parent_window = window.into();
        self
    }

    /// An XDG activation token, so that dialogs may come to the front.
    #[must_use]
    pub fn activation_token(mut self, token: impl Into<String>) -> Self {
        self.activation_token = Some(token.into());
        self
    }

    /// Saves a password for `account` at `domain` (`HOST`, or `HOST:PORT`), or changes the one that
    /// is saved. The person is asked, unless this very password is saved already. To drop the future
    /// is to take the question back.
    ///
    /// # Errors
    /// [`Error::Web`] with the stage that it failed in: [`Declined`](crate::Reason::Declined) and
    /// [`Never`](crate::Reason::Never) if the person said no; [`Error::Service`] for arguments;
    /// [`Error::ServiceStopped`]; [`Error::NotTheService`], and nothing was sealed.
    pub async fn add(&self, domain: &str, account: &str, password: &Password) -> Result<Change> {
        let (service, (key, key_id)): (_, (Vec<u8>, u64)) = self
            .bus
            .ask_by_name(method("GetKey"), &NoOptions {})
            .await?;
        let question = Question::new(&self.bus);
        let direction = Direction::PasswordToDaemon;
        let key = PublicKey::from_bytes(&key)?;
        let sealed = password.seal(&key, direction, key_id, question.path())?;
        let results = self.put(question, service, domain, account, &sealed, Some(key_id));
        Change::read(&results.await?)
    }

    /// The same as [`add`](Self::add): which of the two it is depends on what is saved, and so does
    /// the question.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub async fn update(&self, domain: &str, account: &str, password: &Password) -> Result<Change> {
        self.add(domain, account, password).await
    }

    /// Deletes what is saved for `account` at `domain`. The person is asked, if there is anything.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub async fn delete(&self, domain: &str, account: &str) -> Result<Change> {
        let service = self.find_service().await?;
        let question = Question::new(&self.bus);
        let results = self.put(question, service, domain, account, &[], None);
        Change::read(&results.await?)
    }

    async fn put(
        &self,
        question: Question,
        service: String,
        domain: &str,
        account: &str,
        sealed: &[u8],
        key_id: Option<u64>,
    ) -> Result<WebResults> {
        let options = AddOptions {
            handle_token: Some(question.token().to_owned()),
            key_id,
            app_id: Some(self.app_id.clone()),
            activation_token: self.activation_token.clone(),
        };
        let body = (&self.parent_window, domain, account, sealed, options);
        question.ask(service, method("Add"), &body).await
    }

    /// Asks for a saved password; the person picks it. To drop the future is to take the question
    /// back.
    ///
    /// # Errors
    /// As [`add`](Self::add); [`Error::Web`] with
    /// [`NoCredential`](crate::Reason::NoCredential) if there is none.
    pub async fn request(&self, wanted: Wanted) -> Result<WebCredential> {
        let service = self.find_service().await?;
        let question = Question::new(&self.bus);
        let path = question.path().to_owned();
        let key = PrivateKey::generate()?;
        let options = WebRequestOptions {
            handle_token: Some(question.token().to_owned()),
            domain: wanted.domain,
            account: wanted.account,
            port: wanted.port.map(u32::from),
            app_id: Some(self.app_id.clone()),
            activation_token: self.activation_token.clone(),
        };
        let public_key = key.public_key();
        let body = (&self.parent_window, &public_key.as_bytes()[..], options);
        let results = question.ask(service, method("Request"), &body).await?;
        WebCredential::open(results, &key, &path)
    }

    /// Makes a random password that nobody has seen. Nothing is saved: that is what
    /// [`add`](Self::add) is for.
    ///
    /// # Errors
    /// [`Error::Service`] with `InvalidArgument` for rules that cannot be read or kept;
    /// [`Error::ServiceStopped`]; [`Error::NotTheService`].
    pub async fn generate(&self, format: PasswordFormat) -> Result<Generated> {
        let key = PrivateKey::generate()?;
        let public_key = key.public_key();
        let options = GenerateOptions::from(format);
        let body = (&public_key.as_bytes()[..], options);
        let answer = self.bus.ask_by_name(method("Generate"), &body).await?;
        let (_service, (sealed, results)): (_, (Vec<u8>, GenerateResults)) = answer;
        let path = names::requests_path(self.bus.unique_name());
        Generated::open(&sealed, &results, &key, &path)
    }

    /// Has the website's statement fetched anew, whatever is cached, and tells what it says.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub async fn refresh(&self, domain: &str) -> Result<DomainReport> {
        let service = self.find_service().await?;
        let question = Question::new(&self.bus);
        let options = RefreshOptions {
            handle_token: Some(question.token().to_owned()),
            app_id: Some(self.app_id.clone()),
        };
        let body = (domain, options);
        let results = question.ask(service, method("Refresh"), &body).await?;
        Ok(DomainReport::from(results))
    }

    /// Tells stage by stage whether `app_id` (this app, if `None`) and `domain` belong together; with
    /// `anew` the website is asked whatever is cached.
    ///
    /// # Errors
    /// [`Error::Service`], [`Error::ServiceStopped`], [`Error::NotTheService`].
    pub async fn check(
        &self,
        domain: &str,
        app_id: Option<&str>,
        anew: bool,
    ) -> Result<DomainReport> {
        let options = CheckOptions {
            app_id: Some(app_id.unwrap_or(&self.app_id).to_owned()),
            refresh: Some(anew),
        };
        let body = (domain, options);
        let answer = self.bus.ask_by_name(method("CheckDomain"), &body).await?;
        let (_service, report): (_, WireReport) = answer;
        Ok(DomainReport::from(report))
    }

    /// What the person decided. A sandboxed app sees its own alone.
    ///
    /// # Errors
    /// [`Error::Service`], [`Error::ServiceStopped`], [`Error::NotTheService`].
    pub async fn decisions(&self) -> Result<Vec<Decision>> {
        let answer = self.bus.ask_by_name(method("ListDecisions"), &NoOptions {});
        let (_service, decisions): (_, Vec<DecisionInfo>) = answer.await?;
        Ok(decisions.into_iter().map(Decision::from).collect())
    }

    /// Forgets what the person decided for an app and a domain, so that they are asked again.
    ///
    /// # Errors
    /// [`Error::Service`] with `NotFound` if there is no such decision, or `AccessDenied` in a
    /// sandbox; [`Error::ServiceStopped`]; [`Error::NotTheService`].
    pub async fn revoke(&self, app_id: &str, domain: &str) -> Result<()> {
        let body = (app_id, domain, NoOptions {});
        let _service = self
            .bus
            .call_by_name(method("RevokeDecision"), &body)
            .await?;
        Ok(())
    }

    /// The unique name of the service, which is started if need be: who answers a question is looked
    /// at before it is put.
    async fn find_service(&self) -> Result<String> {
        if let Owner::Unique(service) = &*self.bus.owner().borrow() {
            return Ok(service.clone());
        }
        let ping = Method {
            path: names::SERVICE_PATH,
            interface: "org.freedesktop.DBus.Peer",
            name: "Ping",
        };
        self.bus.call_by_name(ping, &()).await
    }
}

fn method(name: &str) -> Method<'_> {
    Method {
        path: names::SERVICE_PATH,
        interface: names::WEB_CREDENTIALS,
        name,
    }
}

/// The service promised something that it did not send.
fn missing(what: &str) -> Error {
    Error::Protocol(format!("an answer without {what}"))
}
