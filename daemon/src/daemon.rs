//! The wiring: a bus, a desk, and the reasons to stop. Serves design §3 and §8.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use credex_protocol::{Reason, names};
use futures_util::future::try_join;
use tokio::sync::mpsc::unbounded_channel;
use zbus::fdo::{DBusProxy, RequestNameFlags, RequestNameReply};
use zbus::names::WellKnownName;
use zbus::{MatchRule, MessageStream};

use crate::bus::Counter;
use crate::config::Config;
use crate::desk::{Desk, Ports, Quiet};

/// How long telling everybody may take when the service stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why the service could not run, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// There is no bus, or it refuses.
    #[error("the session bus cannot be used: {0}")]
    Bus(#[from] zbus::Error),
    /// Another instance serves this session.
    #[error("{name} is taken: another credexd serves this session", name = names::BUS_NAME)]
    NameTaken,
    /// The bus went away.
    #[error("the session bus is gone")]
    BusGone,
    /// A defect; the log says where.
    #[error("the service broke while it read a message")]
    Crashed,
    /// The system refuses something that is needed.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// The service on one bus.
pub struct Daemon {
    bus: zbus::Connection,
    proxy: DBusProxy<'static>,
    messages: MessageStream,
    desk: Arc<Desk>,
}

impl Daemon {
    /// Messages that may wait to be read: few, because each may hold file descriptors.
    pub const QUEUE: usize = 4;

    /// A service on `bus` that does not answer yet.
    ///
    /// # Errors
    /// The bus cannot be spoken to.
    pub async fn new(
        bus: zbus::Connection,
        config: Config,
        ports: Ports,
    ) -> Result<Daemon, DaemonError> {
        let messages = MessageStream::from(&bus);
        let proxy = DBusProxy::new(&bus).await?;
        let desk = Desk::new(bus.clone(), config, ports);
        Ok(Daemon {
            bus,
            proxy,
            messages,
            desk,
        })
    }

    /// Serves until nothing has gone on for a while, `stop` is ready, or the bus is gone. Whatever is
    /// still going on then is ended, and everybody told.
    ///
    /// # Errors
    /// The name is taken, the bus refuses to tell when a connection leaves it, or it is gone.
    pub async fn run(
        self,
        ready: impl FnOnce(),
        stop: impl Future<Output = ()>,
    ) -> Result<(), DaemonError> {
        let Daemon {
            bus,
            proxy,
            messages,
            desk,
        } = self;
        let (stopped, mut stops) = unbounded_channel::<String>();
        desk.on_person_stops(stopped);
        let counter = Arc::new(Counter::new(bus, Arc::clone(&desk)));
        let at_counter = Arc::clone(&counter);
        let mut serving = tokio::spawn(async move { at_counter.serve(messages).await });
        let listening = Arc::clone(&desk);
        let listening = tokio::spawn(async move {
            while let Some(exchange) = stops.recv().await {
                listening.stop(&exchange);
            }
        });
        // The bus takes them in this order, and there is one wait for both.
        try_join(watch_departures(&proxy), request_name(&proxy)).await?;
        ready();
        let outcome = tokio::select! {
            () = stop => Ok(()),
            ended = &mut serving => Err(ended.map_or(DaemonError::Crashed, |()| DaemonError::BusGone)),
            quiet = desk.keep_time() => quiet.map(|Quiet| leaving()).map_err(DaemonError::from),
        };
        let farewell = say_farewell(&proxy, &counter, &desk);
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("not everybody could be told that the service stops");
        }
        serving.abort();
        listening.abort();
        outcome
    }
}

fn leaving() {
    tracing::info!("nothing to do: leaving until somebody calls");
}

/// Gives the name back, so that the bus starts another service for whoever calls from now on; answers
/// what was called before, which has all come when the bus confirms; and ends what it began.
async fn say_farewell(proxy: &DBusProxy<'_>, counter: &Counter, desk: &Arc<Desk>) {
    let name = WellKnownName::from_static_str_unchecked(names::BUS_NAME);
    if let Err(error) = proxy.release_name(name).await {
        tracing::debug!(%error, "the name could not be given back");
    }
    tokio::task::yield_now().await;
    counter.emptied().await;
    desk.close(Reason::ServiceStopped).await;
}

async fn watch_departures(proxy: &DBusProxy<'_>) -> Result<(), DaemonError> {
    let departures = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(2, "")?
        .build();
    let watched = proxy.add_match_rule(departures).await;
    Ok(watched.map_err(zbus::Error::from)?)
}

async fn request_name(proxy: &DBusProxy<'_>) -> Result<(), DaemonError> {
    let name = WellKnownName::from_static_str_unchecked(names::BUS_NAME);
    let flags = RequestNameFlags::DoNotQueue.into();
    match proxy
        .request_name(name, flags)
        .await
        .map_err(zbus::Error::from)?
    {
        RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner => Ok(()),
        _ => Err(DaemonError::NameTaken),
    }
}
