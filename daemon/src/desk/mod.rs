//! The desk: the live exchanges, and what each call and each event means to them. Serves design §3.
//!
//! Every change goes through `Desk::advance`: it asks the pure state machine, carries out at
//! once what concerns keys and payloads, and returns what must be said to others as errands,
//! which are run after the lock has been released. No lock is held while anybody is waited for.

mod announced;
mod counted;
mod effects;
mod ended;
mod errand;
mod exporter;
mod exporting;
mod floor;
mod importing;
mod permission;
mod plan;
mod reaching;
mod record;
mod recording;
mod request;
mod status;
mod timekeeper;
mod vetting;
mod web;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credex_protocol::{Error, Reason};
use futures_util::future::join_all;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, RwLock};
use tokio_util::task::TaskTracker;
use zbus::names::UniqueName;

use self::effects::Applied;
use self::errand::Errand;
use self::floor::Floor;
use crate::audit::Audit;
use crate::authorization::{Authorization, Refusal};
use crate::caller::{BusDriver, Caller, Denial, Porter};
use crate::chooser::Chooser;
use crate::clock::BootTime;
use crate::config::Config;
use crate::custody::Custody;
use crate::exchange::state::{Event, Terms};
use crate::launcher::Launcher;
use crate::protections::Protections;
use crate::providers::Providers;
use crate::web_credentials::calls::{self, Calls, Sites};
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::domain::Mode;
use crate::web_credentials::store::Store;

pub use self::record::ExchangeId;
pub use self::timekeeper::Quiet;

/// What the desk needs from the world, each behind a trait.
pub struct Ports {
    /// Who is calling.
    pub porter: Arc<dyn Porter>,
    /// Where decisions are recorded.
    pub audit: Arc<dyn Audit>,
    /// Whether the person has proven who they are.
    pub authorization: Arc<dyn Authorization>,
    /// Asks the person.
    pub chooser: Arc<dyn Chooser>,
    /// Starts importers.
    pub launcher: Arc<dyn Launcher>,
    /// Who can import and export.
    pub providers: Providers,
    /// What websites say of apps.
    pub sites: Arc<dyn Sites>,
    /// Where passwords of websites are kept.
    pub store: Arc<dyn Store>,
    /// What the person has decided of apps and websites.
    pub decisions: Arc<Decisions>,
    /// What protects the service here.
    pub protections: Protections,
}

/// The live exchanges and all that can happen to them.
pub struct Desk {
    bus: zbus::Connection,
    config: Config,
    terms: Terms,
    ports: Ports,
    driver: BusDriver,
    custody: Custody,
    web: Calls,
    floor: Mutex<Floor>,
    changed: Notify,
    /// Held for reading while a program is being started: who announces itself waits for that, because it may be
    /// the one.
    starting: RwLock<()>,
    web_ended: Notify,
    /// The errands that are being run.
    errands: TaskTracker,
}

impl Desk {
    /// A desk without exchanges that speaks on `bus`.
    #[must_use]
    pub fn new(bus: zbus::Connection, config: Config, ports: Ports) -> Arc<Desk> {
        let web = web_calls(&config, &ports);
        Arc::new(Desk {
            web,
            web_ended: Notify::new(),
            errands: TaskTracker::new(),
            terms: config.terms(),
            floor: Mutex::new(Floor::new(&config.limits, BootTime::now())),
            custody: Custody::default(),
            changed: Notify::new(),
            starting: RwLock::new(()),
            driver: BusDriver::new(bus.clone()),
            bus,
            config,
            ports,
        })
    }

    /// Lets exactly the callers in whom the porter knows. Whatever is begun begins here; what goes on
    /// with it is known by the unique name that began it.
    async fn admit(&self, sender: &UniqueName<'_>) -> Result<Caller, Error> {
        self.floor().touch(BootTime::now());
        self.ports.porter.identify(sender).await.map_err(denied)
    }

    /// Lets `event` happen to an exchange, and runs the errands that follow in a task of their own.
    fn feed(self: &Arc<Self>, id: ExchangeId, event: Event, detail: Option<String>) {
        let applied = self.advance(&mut self.floor(), id, event, detail);
        if let Err(reason) = applied.answer {
            tracing::debug!(%id, ?event, ?reason, "event came too late");
        }
        self.run(applied.errands);
    }

    /// Asks the state machine, and carries out what cannot wait.
    /// `detail` says why in particular, if that is the end.
    fn advance(
        &self,
        floor: &mut Floor,
        id: ExchangeId,
        event: Event,
        detail: Option<String>,
    ) -> Applied {
        let now = BootTime::now();
        let applied = floor.advance(id, event, detail, now, &self.terms);
        if let Some(entry) = &applied.recorded {
            self.ports.audit.record(entry);
        }
        if applied.deadline_moved {
            self.changed.notify_one();
        }
        applied
    }

    /// Lets the event of a call happen, lets the others go on, and gives the caller its answer.
    fn settle(
        self: &Arc<Self>,
        mut floor: MutexGuard<'_, Floor>,
        id: ExchangeId,
        event: Event,
        detail: Option<String>,
    ) -> Result<Applied, Error> {
        let mut applied = self.advance(&mut floor, id, event, detail);
        drop(floor);
        self.run(std::mem::take(&mut applied.errands));
        applied.answer.map_err(Error::plain)?;
        Ok(applied)
    }

    fn run(self: &Arc<Self>, errands: Vec<Errand>) {
        if !errands.is_empty() {
            let desk = Arc::clone(self);
            self.errands
                .spawn(async move { desk.run_now(errands).await });
        }
    }

    async fn run_now(self: Arc<Self>, errands: Vec<Errand>) {
        for errand in errands {
            errand.run(&self).await;
        }
    }

    /// Ends every exchange because the service cannot go on, and waits until all have been told, also of
    /// what ended before: the apps first, so that no dialog that hangs can keep it from them.
    pub async fn close(self: &Arc<Self>, reason: Reason) {
        let mut errands = Vec::new();
        {
            let mut floor = self.floor();
            for id in floor.ids_where(|_| true) {
                let end = Event::ServiceFailed(reason);
                errands.extend(self.advance(&mut floor, id, end, None).errands);
            }
        }
        let (to_person, to_apps) = errands.into_iter().partition(Errand::is_for_chooser);
        let to_person: Vec<Errand> = to_person;
        tokio::join!(
            self.close_web_calls(reason),
            Arc::clone(self).run_now(to_apps)
        );
        self.errands.close();
        let to_person = join_all(to_person.into_iter().map(|errand| errand.run(self)));
        tokio::join!(self.errands.wait(), to_person);
    }

    /// Where the chooser reports exchanges that the person stops after having agreed.
    pub fn on_person_stops(&self, exchanges: UnboundedSender<String>) {
        self.ports.chooser.on_cancel(exchanges);
    }

    /// A connection has left the bus.
    pub fn name_lost(self: &Arc<Self>, name: &UniqueName<'_>) {
        let mut floor = self.floor();
        let exporting = floor.ids_where(|exchange| exchange.exporter.unique_name == *name);
        let importing = floor.ids_where(|exchange| exchange.is_imported_by(name));
        let exporting = exporting
            .into_iter()
            .map(|id| (id, Event::ExporterVanished));
        let importing = importing
            .into_iter()
            .map(|id| (id, Event::ImporterVanished));
        let mut errands = Vec::new();
        for (id, event) in exporting.chain(importing) {
            errands.extend(self.advance(&mut floor, id, event, None).errands);
        }
        let called_off = floor.forget_web_peer(name, BootTime::now());
        floor.forget_peer(name);
        drop(floor);
        self.record_called_off(&called_off);
        self.changed.notify_one();
        self.web_ended.notify_waiters();
        self.run(errands);
    }

    /// A panic elsewhere must not keep the rest from being told and wiped.
    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shared web credentials, as they are configured.
fn web_calls(config: &Config, ports: &Ports) -> Calls {
    let mode = match config.web_credentials.developer {
        true => Mode::Developer,
        false => Mode::Standard,
    };
    let ports = calls::Ports {
        sites: Arc::clone(&ports.sites),
        store: Arc::clone(&ports.store),
        decisions: Arc::clone(&ports.decisions),
        chooser: Arc::clone(&ports.chooser),
        porter: Arc::clone(&ports.porter),
    };
    let patience = Duration::from_secs(u64::from(config.seconds.choose));
    Calls::new(ports, config.policy.clone(), mode, patience)
}

fn denied(denial: Denial) -> Error {
    tracing::warn!(%denial, "denied");
    Error::new(Reason::AccessDenied, denial.to_string())
}

fn not_authenticated(refusal: Refusal) -> Error {
    Error::new(Reason::NotAuthenticated, refusal.to_string())
}
