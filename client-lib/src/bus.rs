//! One connection to the session bus, and who answers on it (design §3, §5).
//!
//! Everything that arrives is read by one task, which never waits: zbus stops reading the socket
//! once any stream's queue is full. Signals of the service are sent to us alone, so no match rule is
//! spent on them; but anybody may send us one, so only those of the service's owner count. Who that
//! is we are told by the bus alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credex_protocol::names;
use futures_util::StreamExt;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::zvariant::{DynamicDeserialize, DynamicType};
use zbus::{Connection, Message, MessageStream};

use crate::answer::{Answer, BUS, Method, read as read_answer};
use crate::error::{Error, Result};

const BUS_PATH: &str = "/org/freedesktop/DBus";

/// Who owns the name of the service, as far as we have been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Nobody has told us yet.
    Unknown,
    /// Nobody, for now.
    Nobody,
    /// This unique name.
    Unique(String),
    /// The bus is gone, and we shall learn nothing more.
    BusGone,
}

/// Messages to one object path, as they came.
pub(crate) type Mailbox = mpsc::UnboundedReceiver<Message>;

/// A connection that is read from as long as this lives.
#[derive(Debug)]
pub(crate) struct Bus {
    connection: Connection,
    shared: Arc<Shared>,
    reading: AbortHandle,
    runtime: Handle,
}

#[derive(Debug)]
struct Shared {
    owner: watch::Sender<Owner>,
    mailboxes: Mutex<HashMap<String, mpsc::UnboundedSender<Message>>>,
}

impl Bus {
    /// Connects, and asks to be told when the service comes and goes: one round trip after Hello.
    pub(crate) async fn connect(builder: Builder<'_>, owner: watch::Sender<Owner>) -> Result<Self> {
        let connection = builder.build().await.map_err(Error::no_bus)?;
        let shared = Arc::new(Shared {
            owner,
            mailboxes: Mutex::default(),
        });
        let stream = MessageStream::from(&connection);
        let reading = tokio::spawn(read(stream, Arc::clone(&shared))).abort_handle();
        let bus = Self {
            connection,
            shared,
            reading,
            runtime: Handle::current(),
        };
        bus.watch_the_service().await?;
        Ok(bus)
    }

    /// A builder for the session bus, or for the bus at `address`.
    pub(crate) fn at<'a>(address: Option<&str>) -> Result<Builder<'a>> {
        match address {
            Some(address) => Builder::address(address),
            None => Builder::session(),
        }
        .map_err(Error::no_bus)
    }

    pub(crate) fn unique_name(&self) -> &str {
        self.connection
            .unique_name()
            .map_or("", |name| name.as_str())
    }

    pub(crate) fn owner(&self) -> watch::Receiver<Owner> {
        self.shared.owner.subscribe()
    }

    /// Collects what is sent to `path` from now on; closed when the service leaves the bus.
    pub(crate) fn mailbox(&self, path: &str) -> Mailbox {
        let (sender, mailbox) = mpsc::unbounded_channel();
        self.shared.mailboxes().insert(path.to_owned(), sender);
        mailbox
    }

    pub(crate) fn close_mailbox(&self, path: &str) {
        self.shared.mailboxes().remove(path);
    }

    /// Calls the service by its name, which may start it, and returns its unique name.
    ///
    /// # Errors
    /// [`Error::NotTheService`] if somebody else answered; [`Error::Service`];
    /// [`Error::ServiceStopped`].
    pub(crate) async fn call_by_name(
        &self,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<String> {
        let (service, said) = self.answer_by_name(method, body).await?;
        let _answer = said.map_err(Error::bus)?;
        Ok(service)
    }

    /// As [`call_by_name`](Self::call_by_name), and returns the answer, too.
    pub(crate) async fn ask_by_name<T>(
        &self,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<(String, T)>
    where
        T: for<'d> DynamicDeserialize<'d>,
    {
        let (service, said) = self.answer_by_name(method, body).await?;
        Ok((service, read_answer(said)?))
    }

    async fn answer_by_name(
        &self,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<(String, zbus::Result<Message>)> {
        let answer = Answer::of(&self.connection, names::BUS_NAME, method, body).await?;
        let service = match answer.is_refusal_of_the_bus() {
            true => BUS.to_owned(),
            false => self.who_is_the_service(answer.sender()).await?,
        };
        let said = answer.by(&service)?;
        Ok((service, said))
    }

    /// Calls the service by its unique name.
    ///
    /// # Errors
    /// As [`call_by_name`](Self::call_by_name).
    pub(crate) async fn call<T>(
        &self,
        service: &str,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<T>
    where
        T: for<'d> DynamicDeserialize<'d>,
    {
        let answer = Answer::of(&self.connection, service, method, body).await?;
        read_answer(answer.by(service)?)
    }

    /// Asks the bus who the service is, unless that is known.
    pub(crate) async fn look_the_owner_up(&self) -> Result<()> {
        if *self.shared.owner.borrow() != Owner::Unknown {
            return Ok(());
        }
        self.ask_for_the_owner().await.map(|_owner| ())
    }

    /// The unique name of the service. The bus is asked unless its news name the one that is
    /// `expected`: who has just been started may be news that we have not read yet.
    async fn who_is_the_service(&self, expected: &str) -> Result<String> {
        if matches!(&*self.shared.owner.borrow(), Owner::Unique(name) if name == expected) {
            return Ok(expected.to_owned());
        }
        match self.ask_for_the_owner().await? {
            Owner::Unique(name) => Ok(name),
            _ => Err(Error::gone()),
        }
    }

    async fn ask_for_the_owner(&self) -> Result<Owner> {
        let owner = match self.call_bus("GetNameOwner", &names::BUS_NAME).await? {
            Err(zbus::Error::MethodError(name, ..)) if name.ends_with(".NameHasNoOwner") => {
                Owner::Nobody
            }
            answer => Owner::Unique(read_answer(answer)?),
        };
        self.shared.learn(owner.clone());
        Ok(owner)
    }

    /// Takes `name` on the bus, or fails if another process has it.
    pub(crate) async fn own(&self, name: &str) -> Result<()> {
        const DO_NOT_QUEUE: u32 = 4;
        const OWNED: [u32; 2] = [1, 4];
        let answer = self.call_bus("RequestName", &(name, DO_NOT_QUEUE)).await?;
        let answer: u32 = read_answer(answer)?;
        match OWNED.contains(&answer) {
            true => Ok(()),
            false => Err(Error::NameTaken {
                name: name.to_owned(),
            }),
        }
    }

    /// Does something that nobody waits for, such as a last word from a `Drop`.
    pub(crate) fn spawn(&self, last_word: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(last_word);
    }

    async fn watch_the_service(&self) -> Result<()> {
        let rule = format!(
            "type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{}'",
            names::BUS_NAME
        );
        read_answer(self.call_bus("AddMatch", &rule.as_str()).await?)
    }

    async fn call_bus(
        &self,
        name: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<zbus::Result<Message>> {
        let method = Method {
            path: BUS_PATH,
            interface: BUS,
            name,
        };
        Answer::of(&self.connection, BUS, method, body)
            .await?
            .by(BUS)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// The next message in `mailbox` that `sender` sent.
///
/// # Errors
/// [`Error::ServiceStopped`] once the service has left the bus.
pub(crate) async fn next_from(mailbox: &mut Mailbox, sender: &str) -> Result<Message> {
    loop {
        let message = mailbox.recv().await.ok_or_else(Error::gone)?;
        if is_from(&message, sender) {
            return Ok(message);
        }
    }
}

/// Waits at most a second for what was sent before an answer that we already have.
pub(crate) async fn already_sent(mailbox: &mut Mailbox, sender: &str) -> Option<Message> {
    let next = next_from(mailbox, sender);
    tokio::time::timeout(Duration::from_secs(1), next)
        .await
        .ok()?
        .ok()
}

pub(crate) fn is_from(message: &Message, sender: &str) -> bool {
    let header = message.header();
    header.sender().is_some_and(|name| name.as_str() == sender)
}

async fn read(mut stream: MessageStream, shared: Arc<Shared>) {
    while let Some(Ok(message)) = stream.next().await {
        if message.message_type() == Type::Signal {
            shared.sort(message);
        }
    }
    shared.owner.send_replace(Owner::BusGone);
    shared.mailboxes().clear();
}

impl Shared {
    fn mailboxes(&self) -> MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<Message>>> {
        self.mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// News of the bus always count; its answers count only while there were none.
    fn learn(&self, told: Owner) {
        self.owner.send_if_modified(|owner| {
            let unknown = *owner == Owner::Unknown;
            if unknown {
                *owner = told;
            }
            unknown
        });
    }

    fn sort(&self, signal: Message) {
        if is_from(&signal, BUS) {
            self.owner_changed(&signal);
            return;
        }
        if matches!(&*self.owner.borrow(), Owner::Unique(owner) if !is_from(&signal, owner)) {
            return;
        }
        let header = signal.header();
        let Some(path) = header.path().map(|path| path.as_str()) else {
            return;
        };
        let mut mailboxes = self.mailboxes();
        if let Some(mailbox) = mailboxes.get(path)
            && mailbox.send(signal.clone()).is_err()
        {
            mailboxes.remove(path);
        }
    }

    fn owner_changed(&self, signal: &Message) {
        let header = signal.header();
        if header.member().is_none_or(|m| m != "NameOwnerChanged") {
            return;
        }
        let body = signal.body();
        let Ok((names::BUS_NAME, old, new)) = body.deserialize::<(&str, &str, &str)>() else {
            return;
        };
        self.owner.send_replace(match new {
            "" => Owner::Nobody,
            new => Owner::Unique(new.to_owned()),
        });
        if !old.is_empty() {
            self.mailboxes().clear();
        }
    }
}
