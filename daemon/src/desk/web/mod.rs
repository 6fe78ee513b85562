//! Shared web credentials: from the arguments of a call to its answer. What is decided on the way is
//! `web_credentials::calls`' affair. Serves `org.credex.Exchange1.WebCredentials`.

mod arguments;
#[cfg(test)]
mod contract;
mod keys;
mod open_calls;
mod recording;
#[cfg(test)]
mod stopping;

use std::sync::Arc;
use std::time::Duration;

use credex_protocol::envelope::keywrap::Direction;
use credex_protocol::envelope::{Password, PublicKey};
use credex_protocol::names::{request_path, requests_path};
use credex_protocol::wire::{
    AddOptions, CheckOptions, DecisionInfo, DomainReport, GenerateOptions, GenerateResults,
    RefreshOptions, WebRequestOptions, WebResults, response,
};
use credex_protocol::{Error, Reason, names};
use zbus::message::Message;
use zbus::names::UniqueName;

use self::arguments::{AddRequest, PasswordRequest, form, public_key, read_handle, site};
pub(super) use self::keys::Keys;
use self::open_calls::OpenCall;
pub(super) use self::open_calls::OpenCalls;
pub(super) use self::open_calls::WebCallId;
use super::Desk;
use super::exporting::show;
use super::request::{check_app_id, invalid};
use crate::audit::Party;
use crate::caller::{Account, Caller, Identity};
use crate::clock::BootTime;
use crate::policy::Action;
use crate::web_credentials::calls::{
    App, Change, Freshness, Outcome, Picked, Refusal, Stage, Word,
};
use crate::web_credentials::decisions::{Decision, DecisionsError, Verdict};
use crate::web_credentials::generate::SystemRandom;
use crate::web_credentials::store::{Login, Password as Stored};

/// How long a change that the person has agreed to is waited for when the service stops. Less than what it
/// has for all its farewells.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// `key_id` where the app has named its key in the call itself.
const KEY_OF_THE_CALL: u64 = 0;

impl Desk {
    /// `WebCredentials.GetKey`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn get_key(&self, sender: &UniqueName<'_>) -> Result<(Vec<u8>, u64), Error> {
        let caller = self.admit(sender).await?;
        let key = self.custody.open_inbox();
        let key = key.map_err(|error| Error::new(Reason::Internal, error.to_string()))?;
        let public_key = key.public_key.as_bytes().to_vec();
        let id = self
            .floor()
            .keep_key(&caller.unique_name, key, BootTime::now())?;
        self.changed.notify_one();
        Ok((public_key, id))
    }

    /// `WebCredentials.Add`. Returns the path of the request that will answer.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn add_web_credential(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        parent_window: String,
        (domain, account): (String, String),
        sealed_password: Vec<u8>,
        options: AddOptions,
    ) -> Result<String, Error> {
        let caller = self.admit(sender).await?;
        let mode = self.web.mode();
        let request = AddRequest::parse(parent_window, (domain, account), options, mode)?;
        let path = request_path(sender, &request.handle_token);
        let app = self.app(&caller, &request.app_id)?;
        let change = match sealed_password.as_slice() {
            [] => Change::Delete {
                site: request.site,
                account: request.account,
            },
            sealed => {
                let password = self.unseal(&caller, sealed, request.key_id, &path)?;
                let login = Login::new(request.site, request.account, password);
                Change::Save(login.map_err(|error| invalid("account:", &error.to_string()))?)
            }
        };
        let (desk, place) = (Arc::clone(self), request.place);
        let recorded = Party::caller(&caller, &app.identity);
        self.begin_web(&caller, path, Some(recorded), move |id| async move {
            let go_ahead = || desk.floor().web.commit(id);
            let done = desk.web.add(&app, &place, &change, &go_ahead).await;
            done.map(|outcome| WebResults {
                outcome: Some(Outcome::name(outcome).to_owned()),
                ..WebResults::default()
            })
        })
    }

    /// Opens a password that the caller sealed to a key of its own, which serves once.
    fn unseal(
        &self,
        caller: &Caller,
        sealed: &[u8],
        key_id: Option<u64>,
        path: &str,
    ) -> Result<Stored, Error> {
        let key_id = key_id.ok_or_else(|| invalid("key_id", "is missing; see GetKey"))?;
        let key = self
            .floor()
            .take_key(&caller.unique_name, key_id, BootTime::now());
        self.changed.notify_one();
        let key = key.ok_or_else(|| {
            let message = "key_id: there is no such key of this caller; one serves for one password, \
                           for five minutes: call GetKey again";
            Error::new(Reason::Expired, message)
        })?;
        let wrong = |error: String| invalid("sealed_password:", &error);
        let password = key.open(sealed, key_id, path);
        let password = password.map_err(|error| wrong(error.to_string()))?;
        Stored::new(password.expose().as_bytes().to_vec()).map_err(|error| wrong(error.to_string()))
    }

    /// `WebCredentials.Request`. Returns the path of the request that will answer.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn request_web_credential(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        parent_window: String,
        key: Vec<u8>,
        options: WebRequestOptions,
    ) -> Result<String, Error> {
        let caller = self.admit(sender).await?;
        let key = public_key(&key)?;
        let request = PasswordRequest::parse(parent_window, options, self.web.mode())?;
        let app = self.app(&caller, &request.app_id)?;
        let path = request_path(sender, &request.handle_token);
        let (desk, sealed_for) = (Arc::clone(self), path.clone());
        let recorded = Party::caller(&caller, &app.identity);
        self.begin_web(&caller, path, Some(recorded), move |_| async move {
            let picked = desk.web.request(&app, &request.place, &request.wanted);
            hand_over(picked.await?, &key, &sealed_for)
        })
    }

    /// `WebCredentials.Generate`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn generate_password(
        &self,
        sender: &UniqueName<'_>,
        key: Vec<u8>,
        options: GenerateOptions,
    ) -> Result<(Vec<u8>, GenerateResults), Error> {
        self.admit(sender).await?;
        let (key, form) = (public_key(&key)?, form(options)?);
        let internal = |error: String| Error::new(Reason::Internal, error);
        let generated = form.generate(&mut SystemRandom);
        let generated = generated.map_err(|error| internal(error.to_string()))?;
        let password = Password::new(generated.reveal().as_bytes().to_vec());
        let password = password.map_err(|error| internal(error.to_string()))?;
        let (to_app, path) = (Direction::PasswordToApp, requests_path(sender));
        let sealed = password.seal(&key, to_app, KEY_OF_THE_CALL, &path);
        let sealed = sealed.map_err(|error| internal(error.to_string()))?;
        let entropy = Some(generated.bits());
        Ok((sealed, GenerateResults { entropy }))
    }

    /// `WebCredentials.Refresh`. Returns the path of the request that will answer.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn refresh_domain(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        domain: String,
        options: RefreshOptions,
    ) -> Result<String, Error> {
        let caller = self.admit(sender).await?;
        let site = site(&domain, self.web.mode())?;
        let app = self.app(&caller, &options.app_id.unwrap_or_default())?;
        let path = request_path(sender, &read_handle(options.handle_token)?);
        let desk = Arc::clone(self);
        self.begin_web(&caller, path, None, move |_| async move {
            let report = desk.web.refresh(&app, &site).await?;
            Ok(WebResults {
                domain: report.domain,
                app_id: report.app_id,
                associated: report.associated,
                developer: report.developer,
                stages: report.stages,
                ..WebResults::default()
            })
        })
    }

    /// `WebCredentials.CheckDomain`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn check_domain(
        &self,
        sender: &UniqueName<'_>,
        domain: String,
        options: CheckOptions,
    ) -> Result<DomainReport, Error> {
        let caller = self.admit(sender).await?;
        let site = site(&domain, self.web.mode())?;
        let app = self.app(&caller, &options.app_id.unwrap_or_default())?;
        let app_id = &app.identity.app_id;
        if app_id.is_empty() {
            return Err(invalid("app_id", "is missing: say which app it is about"));
        }
        // It may have no network otherwise, and would have some by this.
        if caller.is_confined() && !self.web.declares(&app, &site) {
            let message = format!("{app_id} is in a sandbox, and does not declare {site}");
            return Err(Error::new(Reason::AccessDenied, message));
        }
        let _charge = Charge::of(self, caller.account())?;
        let freshness = match options.refresh {
            Some(true) => Freshness::Anew,
            _ => Freshness::Cached,
        };
        let domains = app.domains.as_deref();
        let (report, _): (_, Word) = self.web.check(app_id, domains, &site, freshness).await;
        Ok(report)
    }

    /// `WebCredentials.ListDecisions`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn list_decisions(
        &self,
        sender: &UniqueName<'_>,
    ) -> Result<Vec<DecisionInfo>, Error> {
        let caller = self.admit(sender).await?;
        let all = self.web.decisions().list().map_err(unreadable)?;
        let own = caller.evidence.confined_as().unwrap_or_default();
        let shown = |decision: &Decision| !caller.is_confined() || decision.app == own;
        Ok(all.into_iter().filter(shown).map(to_wire).collect())
    }

    /// `WebCredentials.RevokeDecision`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn revoke_decision(
        &self,
        sender: &UniqueName<'_>,
        app_id: String,
        domain: String,
    ) -> Result<(), Error> {
        let caller = self.admit(sender).await?;
        check_app_id("app_id", &app_id)?;
        if caller.is_confined() {
            let message = "an app in a sandbox cannot take back what the person decided";
            return Err(Error::new(Reason::AccessDenied, message));
        }
        let host = match domain.as_str() {
            "" => None,
            domain => Some(site(domain, self.web.mode())?.host().clone()),
        };
        let (decisions, of) = (Arc::clone(self.web.decisions()), app_id.clone());
        // It waits for its turn with the files there, and nobody else is to wait for that.
        let revoking = tokio::task::spawn_blocking(move || decisions.revoke(&of, host.as_ref()));
        let revoked = revoking.await;
        let revoked = revoked.map_err(|broken| Error::new(Reason::Internal, broken.to_string()))?;
        match revoked.map_err(unreadable)? {
            0 => {
                let message = format!("the person decided nothing for {app_id} and {domain:?}");
                Err(Error::new(Reason::NotFound, message))
            }
            _ => Ok(()),
        }
    }

    /// The app that calls, which says to be `claim`.
    fn app(&self, caller: &Caller, claim: &str) -> Result<App, Error> {
        if !claim.is_empty() {
            check_app_id("app_id", claim)?;
        }
        let turn_away = |denial| self.turn_away(Action::WebCredentials, caller, claim, denial);
        let identity: Identity = caller.identity(claim).map_err(turn_away)?;
        let catalogue = self.ports.providers.catalogue();
        let web_app = catalogue.web_app(&identity.app_id);
        Ok(App {
            caller: caller.clone(),
            shown: show(&catalogue, &identity),
            domains: web_app.map(|app| app.domains.clone()),
            identity,
        })
    }

    /// Opens a request that `work` will answer.
    fn begin_web<W>(
        self: &Arc<Self>,
        caller: &Caller,
        path: String,
        recorded_for: Option<Party>,
        work: impl FnOnce(WebCallId) -> W,
    ) -> Result<String, Error>
    where
        W: Future<Output = Result<WebResults, Refusal>> + Send + 'static,
    {
        let id = WebCallId::random();
        self.floor().enter_web(
            id,
            OpenCall::new(caller.clone(), path.as_str(), recorded_for),
        )?;
        self.changed.notify_one();
        let (desk, work) = (Arc::clone(self), work(id));
        let work = tokio::spawn(async move {
            let answer = work.await;
            desk.answer_web(id, answer).await;
        });
        self.floor().web.work_on(id, work.abort_handle());
        Ok(path)
    }

    /// Answers a request, unless it was called off, and closes it.
    async fn answer_web(&self, id: WebCallId, answer: Result<WebResults, Refusal>) {
        let call = self.floor().leave_web(id, BootTime::now());
        if let Some(call) = &call {
            self.record_web(call, answer.as_ref().err());
        }
        if let Some(call) = call.filter(|call| !call.is_silent) {
            self.respond_web(&call, answer).await;
        }
        self.changed.notify_one();
        self.web_ended.notify_waiters();
    }

    async fn respond_web(&self, call: &OpenCall, answer: Result<WebResults, Refusal>) {
        let body = match answer {
            Ok(results) => (response::DONE, results),
            Err(refusal) => {
                tracing::info!(%refusal, caller = %call.caller.unique_name, "web credentials");
                refused(refusal)
            }
        };
        let signal = Message::signal(&*call.path, names::REQUEST, "Response")
            .and_then(|signal| signal.destination(&call.caller.unique_name))
            .and_then(|signal| signal.build(&body));
        let sent = match signal {
            Ok(signal) => self.bus.send(&signal).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "an answer could not be sent");
        }
    }

    /// `Request.Close` of a web call. What the person has agreed to goes on.
    pub(super) fn close_web(&self, sender: &UniqueName<'_>, path: &str) -> bool {
        let mut floor = self.floor();
        let Some(id) = floor.web_at(path, sender) else {
            return false;
        };
        let called_off = floor.call_off(id, BootTime::now());
        drop(floor);
        self.record_called_off(called_off.as_slice());
        self.changed.notify_one();
        self.web_ended.notify_waiters();
        true
    }

    /// The service stops: what can still be called off is, and everybody told. What the person has agreed to is
    /// waited for, but not long: the store may hang.
    pub(super) async fn close_web_calls(&self, reason: Reason) {
        let called_off = self.floor().call_off_all(BootTime::now());
        for call in called_off {
            let stopped = Refusal::of(Stage::Consent, Error::plain(reason));
            self.record_web(&call, Some(&stopped));
            self.respond_web(&call, Err(stopped)).await;
        }
        if tokio::time::timeout(LAST_WAIT, self.web_calls_ended())
            .await
            .is_ok()
        {
            return;
        }
        let given_up = self.floor().give_up_web(BootTime::now());
        tracing::warn!(
            "{} changes of passwords did not end in time",
            given_up.len()
        );
        for call in given_up {
            let message = "the service stops in the middle of the change: look whether it was made, or ask \
                           for it again";
            let stopped = Refusal::new(Stage::Store, reason, message);
            self.record_web(&call, Some(&stopped));
            if !call.is_silent {
                self.respond_web(&call, Err(stopped)).await;
            }
        }
    }

    async fn web_calls_ended(&self) {
        loop {
            let ended = self.web_ended.notified();
            if self.floor().web.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

/// One call of an app that may keep websites busy, until it is dropped.
struct Charge<'d> {
    desk: &'d Desk,
    app: Account,
}

impl Charge<'_> {
    fn of(desk: &Desk, app: Account) -> Result<Charge<'_>, Error> {
        desk.floor().charge_web(&app)?;
        Ok(Charge { desk, app })
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.desk.floor().release_web(&self.app);
    }
}

/// The password that the person picked, sealed to the app.
fn hand_over(picked: Picked, key: &PublicKey, path: &str) -> Result<WebResults, Refusal> {
    let failed = |error: String| Refusal::new(Stage::Store, Reason::StoreFailed, error);
    let password = Password::new(picked.password.as_bytes().to_vec());
    let password = password.map_err(|error| failed(error.to_string()))?;
    let sealed = password.seal(key, Direction::PasswordToApp, KEY_OF_THE_CALL, path);
    Ok(WebResults {
        domain: Some(picked.site.host().to_string()),
        port: Some(picked.site.port().get().into()),
        account: Some(picked.account),
        sealed_password: Some(sealed.map_err(|error| failed(error.to_string()))?),
        ..WebResults::default()
    })
}

fn refused(refusal: Refusal) -> (u32, WebResults) {
    let response = match refusal.is_the_persons() {
        true => response::DECLINED,
        false => response::ENDED,
    };
    let results = WebResults {
        error: Some(refusal.error.reason.dbus_name().to_owned()),
        message: Some(refusal.error.message),
        stage: Some(refusal.stage.name().to_owned()),
        url: refusal.url,
        status: refusal.status.map(u32::from),
        ..WebResults::default()
    };
    (response, results)
}

fn to_wire(decision: Decision) -> DecisionInfo {
    let Verdict::Never = decision.verdict;
    DecisionInfo {
        app_id: Some(decision.app),
        domain: Some(decision.domain),
        decision: Some("never".to_owned()),
        decided: Some(decision.since),
    }
}

fn unreadable(error: DecisionsError) -> Error {
    let message = format!("what the person decided: {error}");
    Error::new(Reason::Internal, message)
}
