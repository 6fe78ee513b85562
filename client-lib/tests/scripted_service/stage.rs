//! A bus of our own, and a service on it that does what a test tells it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use credex_protocol::names;
use futures_util::StreamExt;
use serde::Serialize;
use zbus::message::Type;
use zbus::zvariant::DynamicType;
use zbus::{Connection, Message, MessageStream, connection};

/// A `dbus-daemon` that starts nothing, and ends with the test.
pub(crate) struct Bus {
    process: Child,
    address: String,
}

impl Bus {
    pub(crate) fn start() -> Bus {
        let name = format!("bus-{}.conf", uuid::Uuid::new_v4());
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, CONFIGURATION).unwrap();
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is needed: see tests/run");
        let mut address = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut address).unwrap();
        std::fs::remove_file(&file).unwrap();
        let address = address.trim().to_owned();
        Bus { process, address }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Somebody on the bus.
    pub(crate) async fn anybody(&self) -> Connection {
        let builder = connection::Builder::address(self.address()).unwrap();
        builder.build().await.unwrap()
    }

    /// The owner of the service's name.
    pub(crate) async fn service(&self) -> Service {
        let connection = self.anybody().await;
        let messages = MessageStream::from(&connection);
        connection.request_name(names::BUS_NAME).await.unwrap();
        Service {
            connection,
            messages,
        }
    }
}

impl Bus {
    /// Listens, as any process of the same user may.
    pub(crate) async fn calls_to_the_bus(&self) -> Calls {
        let monitor = self.anybody().await;
        let heard = MessageStream::from(&monitor);
        let monitoring = zbus::fdo::MonitoringProxy::new(&monitor).await.unwrap();
        let rule = "type='method_call',destination='org.freedesktop.DBus'";
        let rule = zbus::MatchRule::try_from(rule).unwrap();
        monitoring.become_monitor(&[rule], 0).await.unwrap();
        Calls { heard }
    }
}

/// What the bus itself is asked.
pub(crate) struct Calls {
    heard: MessageStream,
}

impl Calls {
    /// The methods called so far; `GetId` of `witness` marks their end.
    pub(crate) async fn until(&mut self, witness: &Connection) -> Vec<String> {
        passed_on(witness).await;
        let mut members = Vec::new();
        loop {
            let message = self.heard.next().await.unwrap().unwrap();
            match message.header().member().map(ToString::to_string) {
                Some(member) if member == "GetId" => return members,
                member => members.extend(member),
            }
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

const CONFIGURATION: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<auth>EXTERNAL</auth><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// A service that does nothing by itself.
pub(crate) struct Service {
    pub(crate) connection: Connection,
    messages: MessageStream,
}

impl Service {
    /// Waits for the next call of `member`.
    pub(crate) async fn called(&mut self, member: &str) -> Message {
        loop {
            let message = self.messages.next().await.unwrap().unwrap();
            let is_call = message.message_type() == Type::MethodCall;
            if is_call && message.header().member().is_some_and(|m| m == member) {
                return message;
            }
        }
    }

    pub(crate) async fn answer(&self, call: &Message, body: &(impl Serialize + DynamicType)) {
        let header = call.header();
        self.connection.reply(&header, body).await.unwrap();
    }

    pub(crate) async fn refuse(&self, call: &Message, error: credex_protocol::Error) {
        let header = call.header();
        self.connection
            .reply_dbus_error(&header, error)
            .await
            .unwrap();
    }
}

/// Answers a call that somebody else was to answer, and returns once the bus has passed it on. The
/// number of the call is no secret: whoever monitors the bus sees it.
pub(crate) async fn forge(
    from: &Connection,
    call: &Message,
    body: &(impl Serialize + DynamicType),
) {
    from.reply(&call.header(), body).await.unwrap();
    passed_on(from).await;
}

/// As [`forge`], with an error.
pub(crate) async fn forge_refusal(
    from: &Connection,
    call: &Message,
    error: credex_protocol::Error,
) {
    let header = call.header();
    from.reply_dbus_error(&header, error).await.unwrap();
    passed_on(from).await;
}

/// Sends a signal to one receiver, and returns once the bus has passed it on.
pub(crate) async fn signal(
    from: &Connection,
    to: &str,
    (path, interface, member): (&str, &str, &str),
    body: &(impl Serialize + DynamicType),
) {
    from.emit_signal(Some(to), path, interface, member, body)
        .await
        .unwrap();
    passed_on(from).await;
}

/// Returns once the bus has passed on what was sent before.
async fn passed_on(from: &Connection) {
    let bus = zbus::fdo::DBusProxy::new(from).await.unwrap();
    bus.get_id().await.unwrap();
}

/// The unique name of who sent `message`.
pub(crate) fn sender(message: &Message) -> String {
    message.header().sender().unwrap().to_string()
}
