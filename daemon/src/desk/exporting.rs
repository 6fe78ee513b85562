//! The exporter's side: from its request over the person's answer to its deposit. Serves
//! `org.credex.Exchange1.Export`, `.Request` and `.Session`.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use credex_protocol::envelope::{CheckedEnvelope, Refusal};
use credex_protocol::names::{request_path, session_path};
use credex_protocol::wire::{AppIdentity, Counts, ImporterInfo};
use credex_protocol::{Error, Reason};
use zbus::names::UniqueName;

use super::counted::Counted;
use super::exporter::ExportingApp;
use super::record::{Agreement, Exchange, ExchangeId, Payload, Target};
use super::request::{ExportRequest, check_types, invalid};
use super::{Desk, denied, not_authenticated};
use crate::audit::Party;
use crate::caller::{Assurance, Caller, Identity};
use crate::chooser::{Answer, ChooserError, Question};
use crate::clock::BootTime;
use crate::exchange::state::{Event, State};
use crate::policy::Action;
use crate::providers::{Catalogue, to_info};

/// An importer that could take what is asked, and how.
struct Candidate {
    info: ImporterInfo,
    target: Target,
    format_version: String,
}

impl Desk {
    /// `Export.RequestExport`. Returns the path of the request that will answer.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn request_export(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        parent_window: String,
        options: credex_protocol::wire::ExportOptions,
    ) -> Result<String, Error> {
        let exporter = self.admit(sender).await?;
        let request = ExportRequest::parse(parent_window, options)?;
        let identity = exporter.identity(&request.app_id);
        let turn_away = |denial| self.turn_away(Action::Export, &exporter, &request.app_id, denial);
        let identity = identity.map_err(turn_away)?;
        self.permit(Action::Export, Party::caller(&exporter, &identity))?;
        let catalogue = self.ports.providers.catalogue();
        let app = introduce(&catalogue, &identity, request.provider.as_deref())?;
        let id = ExchangeId::random();
        let (app_id, level) = (identity.app_id.clone(), identity.assurance.name());
        let path = request_path(exporter.unique_name.as_str(), &request.handle_token);
        let party = ExportingApp::new(&exporter, identity, &app);
        self.floor().enter(id, self.begin(&request, &path, party))?;
        self.changed.notify_one();
        tracing::info!(%id, app_id, level, pid = exporter.process.pid, "asked");
        let work = Arc::clone(self).choose(id, exporter, request, app, catalogue);
        let work = tokio::spawn(work);
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.work = Some(work.abort_handle());
        }
        Ok(path)
    }

    fn begin(&self, request: &ExportRequest, path: &str, exporter: ExportingApp) -> Exchange {
        let name = exporter.unique_name.as_str();
        Exchange {
            state: State::begin(BootTime::now(), &self.terms),
            request_path: Some(path.into()),
            session_path: session_path(name, &request.session_handle_token).into(),
            exporter,
            parent_window: request.parent_window.as_str().into(),
            activation_token: request.activation_token.as_deref().map(Box::from),
            counted: Counted::declare(&request.counts),
            agreement: None,
            keys: None,
            payload: None,
            importer: None,
            launched: None,
            work: None,
            detail: None,
            receipt: None,
            conclusion: None,
        }
    }

    /// Asks the person. Aborted when the exchange ends first.
    async fn choose(
        self: Arc<Self>,
        id: ExchangeId,
        exporter: Caller,
        request: ExportRequest,
        app: AppIdentity,
        catalogue: Arc<Catalogue>,
    ) {
        match self.ask(id, &exporter, request, app, catalogue).await {
            Ok(Some((agreement, types))) => self.agree(id, agreement, &types),
            Ok(None) => self.feed(id, Event::PersonDeclined, Some("The person said no".into())),
            Err(error) => {
                self.feed(id, Event::ChoosingFailed(error.reason), Some(error.message));
            }
        }
        self.work_is_done(id);
    }

    /// What the person agreed to, and for which types, if to anything.
    async fn ask(
        &self,
        id: ExchangeId,
        exporter: &Caller,
        request: ExportRequest,
        app: AppIdentity,
        catalogue: Arc<Catalogue>,
    ) -> Result<Option<(Agreement, BTreeSet<String>)>, Error> {
        let candidates = self.candidates(&catalogue, exporter, &request)?;
        drop(catalogue);
        let prospect = self.ports.authorization.prospect(exporter.process);
        let authentication = prospect.await.map_err(not_authenticated)?;
        let declared: BTreeSet<String> = request.counts.keys().cloned().collect();
        let question = Question {
            exchange: id.to_string(),
            parent_window: request.parent_window,
            exporter: app,
            authentication,
            counts: request.counts,
            importers: candidates
                .iter()
                .map(|candidate| candidate.info.clone())
                .collect(),
            activation_token: request.activation_token,
        };
        let answer = self
            .ports
            .chooser
            .ask(question)
            .await
            .map_err(chooser_error)?;
        let Answer::Send { importer, types } = answer else {
            return Ok(None);
        };
        let nonsense = |what: &str| Error::new(Reason::ChooserFailed, what);
        let mut candidates = candidates.into_iter();
        let chosen = candidates
            .find(|candidate| candidate.info.id.as_ref() == Some(&importer))
            .ok_or_else(|| nonsense("The chooser named an importer that was not offered"))?;
        if !types.is_subset(&declared) {
            return Err(nonsense("The chooser let types go that were not asked for"));
        }
        let authorization = &self.ports.authorization;
        let proven = authorization.authorize(exporter.process, authentication);
        proven.await.map_err(not_authenticated)?;
        let same = self.ports.porter.identify_again(exporter).await;
        same.map_err(denied)?;
        let told = chosen
            .info
            .id
            .filter(|_| self.config.exporter.told_destination);
        let agreement = Agreement {
            target: chosen.target,
            told: told.map(Box::from),
            format_version: chosen.format_version.into(),
        };
        Ok(Some((agreement, types)))
    }

    /// Every importer, installed or running, that reads a version which the exporter writes.
    fn candidates(
        &self,
        catalogue: &Catalogue,
        exporter: &Caller,
        request: &ExportRequest,
    ) -> Result<Vec<Candidate>, Error> {
        let installed = catalogue.importers_for(&request.format_versions);
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut is_forbidden = false;
        for (importer, version) in installed.iter().flatten() {
            if !self.may_ever_import(&importer.id) {
                is_forbidden = true;
                continue;
            }
            let target = Target::Installed(importer.id.as_str().into());
            candidates.push(Candidate {
                info: ImporterInfo {
                    plan: request.plan_at(&target),
                    ..to_info(importer, &request.counts)
                },
                target,
                format_version: version.clone(),
            });
        }
        let floor = self.floor();
        let mut unread = Vec::new();
        let listed = floor.announced.listed();
        for (name, running) in listed.filter(|(name, _)| **name != exporter.unique_name) {
            let target = Target::Running(name.clone(), running.app_id.as_str().into());
            match running.common_version(&request.format_versions) {
                Some(format_version) => candidates.push(Candidate {
                    info: ImporterInfo {
                        plan: request.plan_at(&target),
                        ..running.to_info(&request.counts)
                    },
                    target,
                    format_version,
                }),
                None => unread.push(running.app_id.as_str()),
            }
        }
        match installed {
            Ok(_) if candidates.is_empty() && is_forbidden => {
                let message = "the rules of this computer forbid every app that could take it";
                Err(Error::new(Reason::Forbidden, message))
            }
            Err(error) if candidates.is_empty() => {
                let error = match unread.is_empty() {
                    true => error,
                    false => not_read(&request.format_versions, &unread),
                };
                Err(match exporter.is_confined() {
                    true => told_to_confined(error, &request.format_versions),
                    false => error,
                })
            }
            _ => Ok(candidates),
        }
    }

    /// The person agreed: a key is made, and the exporter is told where to deposit.
    fn agree(self: &Arc<Self>, id: ExchangeId, agreement: Agreement, types: &BTreeSet<String>) {
        let keys = match self.custody.open_session() {
            Ok(keys) => keys,
            Err(error) => {
                let detail = format!("No key could be made: {error}");
                return self.feed(id, Event::ChoosingFailed(Reason::Internal), Some(detail));
            }
        };
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.agreement = Some(Box::new(agreement));
            exchange.counted.grant(types);
            exchange.keys = Some(keys);
        }
        self.feed(id, Event::PersonAgreed, None);
    }

    /// `Session.Deposit`. Returns when the offer ends.
    ///
    /// # Errors
    /// As documented with the method; a refused payload leaves the session as it was.
    pub fn deposit(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        path: &str,
        fd: OwnedFd,
        wrapped_key: Vec<u8>,
        counts: Counts,
    ) -> Result<BootTime, Error> {
        check_types("counts", counts.keys())?;
        let id = self.floor().at(path, sender)?;
        let envelope = CheckedEnvelope::check(fd, self.config.limits.payload).map_err(refused)?;
        let mut floor = self.floor();
        let Some(exchange) = floor.exchanges.get_mut(&id) else {
            return Err(Error::plain(Reason::NotFound));
        };
        if let (State::Exporting { .. }, Some(keys)) = (exchange.state, &exchange.keys) {
            check_granted(exchange, &counts)?;
            keys.check(&wrapped_key, &exchange.session_path)
                .map_err(|error| {
                    Error::new(Reason::PayloadRefused, format!("wrapped_key: {error}"))
                })?;
            exchange.payload = Some(Box::new(Payload {
                envelope,
                wrapped_key: wrapped_key.into(),
            }));
            exchange.counted.deposit(&counts);
        }
        match self.settle(floor, id, Event::PayloadAccepted, None)?.state {
            Some(State::Deposited { at, .. }) => Ok(at.after(self.terms.offer)),
            _ => Err(Error::plain(Reason::WrongState)),
        }
    }

    /// `Request.Close`, of an export or of a call of shared web credentials.
    ///
    /// # Errors
    /// There is no such object of this caller.
    pub fn close_request(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        path: &str,
    ) -> Result<(), Error> {
        match self.close_web(sender, path) {
            true => Ok(()),
            false => self.close_export(sender, path),
        }
    }

    /// `Session.Close`.
    ///
    /// # Errors
    /// There is no such object of this caller.
    pub fn close_export(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        path: &str,
    ) -> Result<(), Error> {
        let id = self.floor().at(path, sender)?;
        self.feed(
            id,
            Event::ExporterClosed,
            Some("The exporter took it back".into()),
        );
        Ok(())
    }

    /// The person stopped an exchange after having agreed to it.
    pub fn stop(self: &Arc<Self>, exchange: &str) {
        if let Ok(id) = exchange.parse() {
            self.feed(
                id,
                Event::PersonStopped,
                Some("The person stopped it".into()),
            );
        }
    }
}

/// Whoever says himself that he sends what the person kept back is not helped along.
fn check_granted(exchange: &Exchange, counts: &Counts) -> Result<(), Error> {
    let mut names = counts.keys();
    let more = names.find(|name| !exchange.counted.is_granted(name));
    more.map_or(Ok(()), |name| {
        Err(invalid(
            "counts",
            &format!("has {name}, which the person did not let go"),
        ))
    })
}

/// The exporting app, as the person and the importer are told of it.
fn introduce(
    catalogue: &Catalogue,
    who: &Identity,
    provider: Option<&str>,
) -> Result<AppIdentity, Error> {
    Ok(AppIdentity {
        provider: catalogue.exporting_provider(&who.app_id, provider)?,
        ..show(catalogue, who)
    })
}

/// An app, as the person is told of it.
pub(super) fn show(catalogue: &Catalogue, who: &Identity) -> AppIdentity {
    let name = catalogue.name_of(&who.app_id);
    let is_claim = who.assurance == Assurance::Unverified;
    let conflict = name
        .filter(|_| is_claim)
        .map(|name| format!("{name} is installed here, and nothing shows that this program is it"));
    AppIdentity {
        app_id: Some(who.app_id.clone()),
        name: name.map(str::to_owned),
        assurance: Some(who.assurance.name().to_owned()),
        provider: None,
        origin: who.origin.map(|origin| origin.name().to_owned()),
        conflict,
    }
}

/// There are importers, and some of them run, but none can read what the exporter writes.
fn not_read(written: &[String], running: &[&str]) -> Error {
    let (written, running) = (written.join(", "), running.join(", "));
    let message = format!(
        "no app here reads format {written} of the exporter, and neither does what runs ({running}); \
         update one of the two"
    );
    Error::new(Reason::NoCommonVersion, message)
}

/// Which apps there are is not for an app in a sandbox to know.
fn told_to_confined(error: Error, written: &[String]) -> Error {
    if error.reason != Reason::NoCommonVersion {
        return error;
    }
    let message = format!(
        "no app here reads format {} of the exporter; update it, or the app that is to take its credentials",
        written.join(", ")
    );
    Error::new(Reason::NoCommonVersion, message)
}

fn chooser_error(error: ChooserError) -> Error {
    let reason = match error {
        ChooserError::Unavailable(_) => Reason::ChooserUnavailable,
        ChooserError::Failed(_) => Reason::ChooserFailed,
        ChooserError::TooMany(_) => Reason::QuotaExceeded,
    };
    Error::new(reason, error.to_string())
}

fn refused(refusal: Refusal) -> Error {
    let reason = match refusal {
        Refusal::TooLarge { .. } => Reason::PayloadTooLarge,
        _ => Reason::PayloadRefused,
    };
    Error::new(reason, refusal.to_string())
}
