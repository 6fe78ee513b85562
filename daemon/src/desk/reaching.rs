//! How the chosen importer is reached: by its bus name, which the bus may activate; else as a process
//! of our own, which announces itself. Serves design §6 and `Importer1.Offer`.

use std::sync::Arc;
use std::time::Duration;

use credex_protocol::envelope::PublicKey;
use credex_protocol::wire::OfferOptions;
use credex_protocol::{Reason, names};
use zbus::message::Message;
use zbus::names::{BusName, OwnedUniqueName, UniqueName};
use zbus::zvariant::ObjectPath;

use super::Desk;
use super::effects::public_key;
use super::errand::Errand;
use super::record::{ExchangeId, ImportingPeer, Launch, Target};
use crate::caller::Caller;
use crate::exchange::state::{Event, State};
use crate::launcher::Program;
use crate::providers::{Catalogue, Importer};

/// How long after its deadline an acknowledgement is still answered.
const TOO_LATE: Duration = Duration::from_secs(60);

/// How an importer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By its name on the bus.
    Called,
    /// We started its program.
    Launched,
}

/// Why the importer was not reached: for the exporter and the person.
pub(super) struct Unreachable(pub(super) Reason, pub(super) String);

impl Unreachable {
    pub(super) fn new(why: impl Into<String>) -> Unreachable {
        Unreachable(Reason::ImporterUnavailable, why.into())
    }
}

impl Desk {
    /// Finds the importer in a task of its own, which ends with the exchange.
    pub(super) fn reach_in_background(self: &Arc<Self>, id: ExchangeId) {
        let desk = Arc::clone(self);
        let task = tokio::spawn(async move {
            if let Err(unreachable) = desk.reach(id).await {
                desk.give_up(id, unreachable);
            }
            desk.work_is_done(id);
        });
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.work = Some(task.abort_handle());
        }
    }

    fn give_up(self: &Arc<Self>, id: ExchangeId, Unreachable(reason, why): Unreachable) {
        self.feed(id, Event::ImporterUnreachable(reason), Some(why));
    }

    /// Called by the task at work on an exchange, which is waiting for others from then on: a handle
    /// to an ended task keeps all of that task's memory.
    pub(super) fn work_is_done(&self, id: ExchangeId) {
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.work.take_if(|work| work.id() == tokio::task::id());
        }
    }

    async fn reach(self: &Arc<Self>, id: ExchangeId) -> Result<(), Unreachable> {
        let target = self.floor().exchanges.get(&id).and_then(|exchange| {
            let agreement = exchange.agreement.as_ref();
            agreement.map(|agreement| agreement.target.clone())
        });
        match target {
            None => {}
            Some(Target::Running(name, _)) => {
                self.offer_in_background(id, name.into_inner().into(), Way::Called);
            }
            Some(Target::Installed(importer)) => {
                let catalogue = self.ports.providers.catalogue();
                let importer = catalogue.importer(&importer).ok_or_else(|| {
                    Unreachable::new(format!("{importer} is no longer installed"))
                })?;
                self.reach_installed(id, &catalogue, importer).await?;
            }
        }
        Ok(())
    }

    async fn reach_installed(
        self: &Arc<Self>,
        id: ExchangeId,
        catalogue: &Catalogue,
        importer: &Importer,
    ) -> Result<(), Unreachable> {
        let Ok(name) = BusName::try_from(importer.id.clone()) else {
            return self.launch(id, catalogue, importer).await;
        };
        if !importer.dbus_activatable {
            let owner = self.driver.owner(&name).await.map_err(Unreachable::new)?;
            if owner.is_none() {
                return self.launch(id, catalogue, importer).await;
            }
        }
        self.offer_in_background(id, name, Way::Called);
        Ok(())
    }

    /// Starts the importer. What follows begins with its `Import.Announce`.
    async fn launch(
        self: &Arc<Self>,
        id: ExchangeId,
        catalogue: &Catalogue,
        importer: &Importer,
    ) -> Result<(), Unreachable> {
        let why =
            |why: String| Unreachable::new(format!("{} cannot be started: {why}", importer.name));
        let exec = importer
            .exec
            .as_ref()
            .ok_or_else(|| why("it has no Exec line".into()))?;
        if importer.terminal {
            return Err(why("it runs in a terminal; start it there first".into()));
        }
        let argv = exec
            .command(catalogue.search_path())
            .map_err(|error| why(error.to_string()))?;
        let token = self.floor().exchanges.get(&id).and_then(|exchange| {
            exchange
                .activation_token
                .as_deref()
                .map(|token| token.to_owned())
        });
        let environment = token.into_iter().flat_map(|token| {
            ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"]
                .map(|variable| (variable.to_owned(), token.clone().into()))
        });
        let program = Program {
            argv,
            environment: environment.collect(),
            fds: Vec::new(),
            app: Some(importer.id.clone()),
            is_forgotten: false,
        };
        let _starting = self.starting.read().await;
        let older = self.driver.connections().await.map_err(why)?;
        let started = self.ports.launcher.start(program).await;
        let started = started.map_err(|error| why(error.to_string()))?;
        tracing::info!(%id, importer = importer.id, pid = started.pid, "started the importer");
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.launched = Some(Box::new(Launch { started, older }));
        }
        Ok(())
    }

    /// The exchange for which `caller` was started, if it was, and its app is `app_id`.
    pub(super) fn launched_for(&self, caller: &Caller, app_id: &str) -> Option<ExchangeId> {
        let floor = self.floor();
        let mut waiting = floor.exchanges.iter();
        waiting
            .find(|(_, exchange)| {
                let Some(launch) = &exchange.launched else {
                    return false;
                };
                let agreement = exchange.agreement.as_ref();
                let app = agreement.map(|agreement| &agreement.target);
                matches!(exchange.state, State::Deposited { .. })
                    && matches!(app, Some(Target::Installed(id)) if **id == *app_id)
                    && launch.is_by(caller, &*self.ports.launcher)
            })
            .map(|(id, _)| *id)
    }

    /// Makes the offer, in a task that outlives the exchange: an importer that acknowledges too late
    /// is told so.
    pub(super) fn offer_in_background(
        self: &Arc<Self>,
        id: ExchangeId,
        name: BusName<'static>,
        way: Way,
    ) {
        let Some(options) = self.offer_options(id) else {
            return;
        };
        if let Some(exchange) = self.floor().exchanges.get_mut(&id) {
            exchange.launched = None;
        }
        let desk = Arc::clone(self);
        let patience = self.terms.acknowledge.saturating_add(TOO_LATE);
        tokio::spawn(async move {
            let offer = tokio::time::timeout(patience, desk.offer(id, name, way, options));
            if let Ok(Err(unreachable)) = offer.await {
                desk.give_up(id, unreachable);
            }
        });
    }

    /// Calls `Importer1.Offer`, and takes the one who answers for the importer from then on.
    async fn offer(
        self: &Arc<Self>,
        id: ExchangeId,
        name: BusName<'static>,
        way: Way,
        options: OfferOptions,
    ) -> Result<(), Unreachable> {
        let path = ObjectPath::try_from(id.offer_path());
        let path = path.map_err(|error| Unreachable::new(error.to_string()))?;
        let (to, interface) = (Some(name.clone()), Some(names::IMPORTER));
        let body = (&path, options);
        let call = self
            .bus
            .call_method(to, names::IMPORTER_PATH, interface, "Offer", &body);
        let answer = call.await.map_err(|error| not_acknowledged(&name, error))?;
        let key = acknowledgement(&answer)?;
        let header = answer.header();
        let sender = header.sender();
        let sender = sender.ok_or_else(|| Unreachable::new("the importer has no name"))?;
        self.check_answerer(&name, sender).await?;
        let known = self
            .floor()
            .announced
            .get(sender)
            .map(|peer| Arc::clone(&peer.caller));
        let caller = match known {
            Some(caller) => caller,
            None => {
                let caller = self.ports.porter.identify(sender).await;
                Arc::new(caller.map_err(|denial| Unreachable::new(denial.to_string()))?)
            }
        };
        let Some(assurance) = self.vet(id, &caller, way)? else {
            self.run(vec![Errand::too_late(caller.unique_name.clone(), id)]);
            return Ok(());
        };
        let importer = ImportingPeer {
            caller,
            assurance,
            public_key: key,
        };
        self.acknowledged(id, importer);
        Ok(())
    }

    /// Anybody can answer a call on a session bus, so the one who did must be the one who was asked.
    async fn check_answerer(
        &self,
        asked: &BusName<'_>,
        answered: &UniqueName<'_>,
    ) -> Result<(), Unreachable> {
        let owner = match asked {
            BusName::Unique(name) => Some(OwnedUniqueName::from(name.to_owned())),
            name => self.driver.owner(name).await.map_err(Unreachable::new)?,
        };
        if owner.is_some_and(|owner| owner == *answered) {
            return Ok(());
        }
        tracing::warn!(%asked, %answered, "somebody else answered an offer");
        Err(Unreachable::new(format!(
            "somebody else answered in place of {asked}"
        )))
    }

    fn acknowledged(self: &Arc<Self>, id: ExchangeId, importer: ImportingPeer) {
        let name = importer.caller.unique_name.clone();
        let level = importer.assurance.name();
        tracing::info!(%id, level, pid = importer.caller.process.pid, "acknowledged");
        let mut floor = self.floor();
        let has_left = floor.has_left(&name);
        let waiting = floor.exchanges.get_mut(&id);
        match waiting.filter(|exchange| matches!(exchange.state, State::Deposited { .. })) {
            Some(exchange) => exchange.importer = Some(Box::new(importer)),
            None => {
                drop(floor);
                return self.run(vec![Errand::too_late(name, id)]);
            }
        }
        drop(floor);
        self.feed(id, Event::ImporterAcknowledged, None);
        if has_left {
            self.feed(id, Event::ImporterVanished, None);
        }
    }

    fn offer_options(&self, id: ExchangeId) -> Option<OfferOptions> {
        let floor = self.floor();
        let exchange = floor.exchanges.get(&id)?;
        let agreement = exchange.agreement.as_ref()?;
        let State::Deposited { at, .. } = exchange.state else {
            return None;
        };
        Some(OfferOptions {
            exporter: Some(exchange.exporter.to_wire()),
            format_version: Some(agreement.format_version.to_string()),
            counts: Some(exchange.counted.deposited()),
            types: Some(exchange.counted.granted()),
            session_public_key: Some(exchange.keys.as_ref()?.public_key.as_bytes().to_vec()),
            expires: Some(at.after(self.terms.offer).0),
            activation_token: exchange.activation_token.as_deref().map(str::to_owned),
            parent_window: Some(exchange.parent_window.to_string()),
        })
    }
}

fn acknowledgement(answer: &Message) -> Result<PublicKey, Unreachable> {
    let body = answer.body();
    let key: Vec<u8> = body
        .deserialize()
        .map_err(|error| Unreachable::new(format!("the importer acknowledged wrongly: {error}")))?;
    public_key(&key)
        .map_err(|why| Unreachable::new(format!("the importer acknowledged, but {why}")))
}

/// Tells an importer that is not there from one that does not want the offer.
fn not_acknowledged(name: &BusName<'_>, error: zbus::Error) -> Unreachable {
    let zbus::Error::MethodError(kind, message, _) = &error else {
        return Unreachable::new(format!("{name} could not be called: {error}"));
    };
    let message = message.as_deref().unwrap_or_default();
    let standard = kind.strip_prefix("org.freedesktop.DBus.Error.");
    if standard.is_some() {
        return Unreachable::new(format!("{name} did not take the offer: {message} ({kind})"));
    }
    Unreachable(
        Reason::ImporterDeclined,
        format!("the importer declined: {message}"),
    )
}
