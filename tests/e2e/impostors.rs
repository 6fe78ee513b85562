//! Apps that answer for others, or ask for more than is theirs (design §5, §6). Any process of the same
//! user hears every call on the bus, and the bus delivers an answer from whoever sends it.

use std::collections::HashMap;
use std::num::NonZeroU32;

use credex_protocol::envelope::PrivateKey;
use credex_protocol::names;
use credex_tests::app::{self, Entry, Role};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, Session, options};
use credex_tests::importer::{Importer, Manners};
use credex_tests::monitor::Monitor;
use credex_tests::patience::within;
use credex_tests::{Error, Reason};
use rustix::process::Signal;
use serde::Serialize;
use zbus::Message;
use zbus::fdo::PeerProxy;
use zbus::zvariant::{DynamicType, Value};

use crate::scene::{COUNTS, DOCUMENT, VAULT, payload};

const BUS: &str = "org.freedesktop.DBus";
const OTHER: &str = "org.example.Other";
/// How many calls ahead of an overheard message an impostor answers, and before it: it cannot hear
/// what the service says to its choosers, which is counted, too.
const AHEAD: u32 = 12;
/// How often. The service reads some of these before it makes the call, and so drops them.
const AGAIN: u32 = 40;

/// Hears everything, and answers what others are asked.
struct Impostor {
    monitor: Monitor,
    app: Importer,
}

impl Impostor {
    /// It has announced itself as another app, so that the service knows already who it is.
    async fn join(desktop: &Desktop) -> Impostor {
        Impostor {
            monitor: Monitor::listen(desktop, drop).await,
            app: Importer::announced(desktop, OTHER).await,
        }
    }

    /// Answers `call`, which somebody else was asked.
    async fn answers<B: Serialize + DynamicType>(&self, call: &Message, body: &B) {
        let answer = Message::method_return(&call.header()).unwrap();
        self.send(&answer.build(body).unwrap()).await;
        self.is_heard().await;
    }

    /// Answers the calls around `message` of the same sender, whatever they ask. They reach it before
    /// any other answer to a call that it has not made yet.
    async fn answers_around<B: Serialize + DynamicType>(&self, message: &Message, body: &B) {
        let serial = message.primary_header().serial_num().get();
        for _ in 0..AGAIN {
            for guess in serial.saturating_sub(AHEAD).max(1)..=serial + AHEAD {
                let answer = Message::method_return(&message.header()).unwrap();
                let answer = answer.reply_serial(NonZeroU32::new(guess));
                self.send(&answer.build(body).unwrap()).await;
            }
        }
        self.is_heard().await;
    }

    async fn send(&self, message: &Message) {
        self.app.connection().send(message).await.unwrap();
    }

    /// The bus reads the messages of one sender in their order.
    async fn is_heard(&self) {
        let bus = PeerProxy::new(self.app.connection(), BUS, "/").await;
        bus.unwrap().ping().await.unwrap();
    }

    /// The exchange has ended, and the impostor was not told of it.
    async fn gets_nothing(&self, desktop: &Desktop, session: &Session) {
        let (error, handed_over) = session.failure().await;
        assert_eq!(error.reason, Reason::ImporterUnavailable, "{error}");
        assert!(!handed_over);
        assert_eq!(self.app.left().await, [""; 0]);
        let onlooker = Exporter::join(desktop).await;
        assert_eq!(onlooker.status().await.exchanges, Some(0));
    }
}

/// What an importer acknowledges an offer with.
fn fresh_key() -> Vec<u8> {
    let key = PrivateKey::generate().unwrap();
    key.public_key().as_bytes().to_vec()
}

/// An app that has a desktop entry, owns its name, and thinks an offer over.
async fn slow_app(desktop: &Desktop) -> Importer {
    desktop.install(&Entry::importer(VAULT).dbus_activatable());
    let importer = Importer::on(desktop.bus.builder(), Manners::KeepSilent).await;
    importer.own(VAULT).await;
    importer
}

/// Calls `Status.GetStatus`, and returns the whole message that answers.
async fn get_status(caller: &Exporter, options: HashMap<&str, Value<'_>>) -> zbus::Result<Message> {
    let (path, interface) = (names::SERVICE_PATH, Some(names::STATUS));
    let bus = caller.connection();
    bus.call_method(
        Some(names::BUS_NAME),
        path,
        interface,
        "GetStatus",
        &(options,),
    )
    .await
}

async fn deposited(desktop: &Desktop) -> Session {
    let session = Exporter::join(desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    session
}

#[tokio::test]
async fn whoever_answers_an_offer_for_a_connection_that_announced_itself_gets_nothing() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced_with(&desktop, VAULT, Manners::KeepSilent).await;
    let impostor = Impostor::join(&desktop).await;
    let session = deposited(&desktop).await;
    importer.offered().await;
    let offer = impostor.monitor.hears("Offer").await;
    impostor.answers(&offer, &fresh_key()).await;
    impostor.gets_nothing(&desktop, &session).await;
}

#[tokio::test]
async fn whoever_answers_an_offer_for_an_app_that_runs_gets_nothing() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = slow_app(&desktop).await;
    let impostor = Impostor::join(&desktop).await;
    let session = deposited(&desktop).await;
    importer.offered().await;
    let offer = impostor.monitor.hears("Offer").await;
    impostor.answers(&offer, &fresh_key()).await;
    impostor.gets_nothing(&desktop, &session).await;
}

#[tokio::test]
async fn whoever_answers_an_offer_for_an_app_that_the_bus_is_starting_gets_nothing() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    desktop.install(&Entry::importer(VAULT).dbus_activatable());
    desktop.install_service(VAULT, &app::command(&reports, VAULT, Role::Dawdle));
    desktop.reload().await;
    let impostor = Impostor::join(&desktop).await;
    let session = deposited(&desktop).await;
    // The bus shows no call before it can deliver it, so this one is guessed.
    reports.next("started").await;
    let agreed = impostor.monitor.hears("Response").await;
    impostor.answers_around(&agreed, &fresh_key()).await;
    impostor.gets_nothing(&desktop, &session).await;
}

#[tokio::test]
async fn whoever_also_answers_for_the_bus_who_owns_the_apps_name_gets_nothing() {
    let mut desktop = Desktop::sending_to(VAULT).await;
    let importer = slow_app(&desktop).await;
    let impostor = Impostor::join(&desktop).await;
    let session = deposited(&desktop).await;
    importer.offered().await;
    let offer = impostor.monitor.hears("Offer").await;
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    impostor.answers(&offer, &fresh_key()).await;
    let own = impostor.app.name();
    impostor.answers_around(&offer, &own).await;
    daemon.signal(Signal::CONT);
    impostor.gets_nothing(&desktop, &session).await;
}

#[tokio::test]
async fn whoever_answers_for_the_bus_who_calls_makes_nobody_into_somebody_else() {
    let mut desktop = Desktop::plan().chooser(Script::Hang).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let impostor = Impostor::join(&desktop).await;
    let caller = Exporter::join(&desktop).await;
    let answered = get_status(&caller, HashMap::new()).await.unwrap();
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    let asking = tokio::spawn({
        let caller = caller.clone();
        async move { caller.request("", options(COUNTS)).await }
    });
    impostor.monitor.hears("RequestExport").await;
    // Our own user, and the first process of all: one that is there.
    let credentials = HashMap::from([
        (
            "UnixUserID",
            Value::from(rustix::process::getuid().as_raw()),
        ),
        ("ProcessID", Value::from(1_u32)),
    ]);
    impostor.answers_around(&answered, &credentials).await;
    daemon.signal(Signal::CONT);
    let refused = within("an answer", asking).await.unwrap().unwrap_err();
    assert_eq!(refused.reason, Reason::AccessDenied, "{refused}");
    assert_eq!(caller.status().await.exchanges, Some(0));
    assert_eq!(desktop.person.left(), [serde_json::Value::Null; 0]);
}

#[tokio::test]
async fn an_app_that_announces_itself_again_and_again_gets_one_offer() {
    let mut desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::AnnounceOften);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let monitor = Monitor::listen(&desktop, drop).await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    reports.next("started").await;
    // The daemon finds all three announcements waiting.
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    for _ in 0..3 {
        monitor.hears("Announce").await;
    }
    daemon.signal(Signal::CONT);
    let imported = reports.next("imported").await;
    assert_eq!(imported["document"].as_str().unwrap().as_bytes(), DOCUMENT);
    session.receipt().await;
    let seen = monitor.seen().await;
    let is_offer = |message: &&Message| {
        message
            .header()
            .member()
            .is_some_and(|name| name == "Offer")
    };
    assert_eq!(seen.iter().filter(is_offer).count(), 1);
}

#[tokio::test]
async fn one_process_has_eight_announcements_at_most() {
    let desktop = Desktop::plan().open().await;
    let mut importers = Vec::new();
    for _ in 0..8 {
        importers.push(Importer::announced(&desktop, VAULT).await);
    }
    let ninth = Importer::join(&desktop).await;
    let error = ninth.announce(VAULT, Default::default()).await.unwrap_err();
    assert_eq!(error.reason, Reason::QuotaExceeded, "{error}");
    assert!(error.message.contains('8'), "{error}");
    let first = importers[0].proxy().await;
    first.withdraw(Default::default()).await.unwrap();
    ninth.announce(VAULT, Default::default()).await.unwrap();
}

#[tokio::test]
async fn an_app_that_was_started_for_an_exchange_is_never_one_too_many() {
    let plan = Desktop::plan().limit("running_importers", 1);
    let desktop = plan.chooser(Script::choose(VAULT)).open().await;
    is_never_one_too_many(&desktop).await;
}

/// An app is started for an exchange, and imports, where another takes the last place.
async fn is_never_one_too_many(desktop: &Desktop) {
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let _other = Importer::announced(desktop, OTHER).await;
    let session = deposited(desktop).await;
    reports.next("imported").await;
    session.receipt().await;
}

/// Systemd, which is to give it a scope, keeps the service waiting meanwhile.
#[tokio::test]
async fn an_app_that_is_faster_than_its_start_is_never_one_too_many() {
    let plan = Desktop::plan().limit("running_importers", 1);
    let desktop = plan.chooser(Script::choose(VAULT)).open().await;
    let silent = desktop.bus.connect().await;
    silent
        .request_name("org.freedesktop.systemd1")
        .await
        .unwrap();
    is_never_one_too_many(&desktop).await;
}

#[tokio::test]
async fn a_call_of_more_than_a_mebibyte_is_refused_with_the_limit() {
    let desktop = Desktop::plan().open().await;
    let caller = Exporter::join(&desktop).await;
    // Options that are not known are ignored, however long they are.
    let ask = async |length: usize| {
        let options = HashMap::from([("unknown", Value::from("x".repeat(length)))]);
        within("an answer", get_status(&caller, options)).await
    };
    ask(1_000_000).await.unwrap();
    let error = Error::from(ask(1 << 20).await.unwrap_err());
    assert_eq!(error.reason, Reason::InvalidArgument, "{error}");
    assert!(error.message.contains("1048576"), "{error}");
    caller.status().await;
}

#[tokio::test]
async fn an_importer_that_runs_in_a_terminal_is_not_started_and_named_to_the_person_alone() {
    let desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    let entry = Entry::importer(VAULT).exec(&command).line("Terminal=true");
    desktop.install(&entry);
    let session = deposited(&desktop).await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterUnavailable, "{error}");
    assert!(!handed_over);
    assert!(
        !error.message.contains(VAULT),
        "it is for the person: {error}"
    );
    let finished = desktop.person.finished().await;
    let message = finished["message"].as_str().unwrap();
    assert!(message.contains(VAULT), "{finished}");
    assert!(message.contains("terminal"), "{finished}");
    assert_eq!(reports.left(), [serde_json::Value::Null; 0]);
}
