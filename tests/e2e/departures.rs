//! Who leaves in the middle of something, or comes when it is over; and what ends, and leaves nothing
//! behind (design §3).

use std::collections::HashMap;
use std::time::Duration;

use credex_protocol::envelope::PrivateKey;
use credex_protocol::names;
use credex_protocol::proxy::StatusProxy;
use credex_protocol::wire::{ExportOptions, NoOptions};
use credex_tests::Reason;
use credex_tests::app::Entry;
use credex_tests::chooser::{Script, pid};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, Request, options};
use credex_tests::importer::{Importer, Manners};
use credex_tests::monitor::Monitor;
use credex_tests::patience::{eventually, within};
use credex_tests::process::Peer;
use credex_tests::terminal;
use futures_util::StreamExt;
use futures_util::future::join_all;
use rustix::process::Signal;
use serde::Serialize;
use serde_json::Value;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::zvariant::{self, DynamicType};
use zbus::{Connection, Message};

use crate::confined::told;
use crate::scene::{COUNTS, Scene, State, VAULT, payload};

/// Many enough that some leave at every moment of their call.
const MANY: usize = 200;
/// How many of them are there at once.
const AT_ONCE: usize = 20;
/// What the service takes at most to say good-bye, and what a loaded machine may add.
const FAREWELL: Duration = Duration::from_secs(3 + 2);

/// Calls the service without waiting for the answer.
async fn call<B: Serialize + DynamicType>(
    connection: &Connection,
    (interface, method): (&str, &str),
    body: &B,
) {
    let call = Message::method_call(names::SERVICE_PATH, method).unwrap();
    let call = call.destination(names::BUS_NAME).unwrap();
    let call = call.interface(interface).unwrap().build(body).unwrap();
    connection.send(&call).await.unwrap();
}

/// One leaves at the worst of all moments: the service reads in one go who it is, and that it is gone.
async fn leaves_while_it_is_looked_up<B: Serialize + DynamicType>(
    desktop: &mut Desktop,
    method: (&str, &str),
    body: &B,
) {
    let (bus, daemon) = (desktop.bus.peer(), desktop.daemon().peer());
    let (leaver, other) = (desktop.bus.connect().await, desktop.bus.connect().await);
    let monitor = Monitor::listen(desktop, drop).await;
    let onlooker = DBusProxy::new(&desktop.bus.connect().await).await.unwrap();
    let name = leaver.unique_name().unwrap().to_string();
    let mut departures = onlooker
        .receive_name_owner_changed_with_args(&[(0, name.as_str())])
        .await
        .unwrap();
    daemon.freeze().await;
    call(&leaver, method, body).await;
    monitor.hears(method.1).await;
    bus.freeze().await;
    // Waits at the bus before the question who calls, and so is read before its answer.
    call(&other, ("org.freedesktop.DBus.Peer", "Ping"), &()).await;
    daemon.thaw().await;
    daemon.freeze().await;
    leaver.close().await.ok();
    bus.signal(Signal::CONT);
    within("the departure", departures.next()).await.unwrap();
    daemon.signal(Signal::CONT);
}

/// Many do so, and the bus has told the service of every departure.
async fn many_call_and_leave<B: Serialize + DynamicType>(
    desktop: &Desktop,
    method: (&str, &str),
    body: &B,
) {
    let onlooker = desktop.bus.connect().await;
    let bus = DBusProxy::new(&onlooker).await.unwrap();
    let mut left = bus
        .receive_name_owner_changed_with_args(&[(2, "")])
        .await
        .unwrap();
    for _ in 0..MANY / AT_ONCE {
        let connections = join_all((0..AT_ONCE).map(|_| desktop.bus.connect())).await;
        let mut names: Vec<String> = connections
            .iter()
            .map(|connection| connection.unique_name().unwrap().to_string())
            .collect();
        let leaving = connections.into_iter().map(async |connection| {
            call(&connection, method, body).await;
            connection.close().await.ok();
        });
        join_all(leaving).await;
        while !names.is_empty() {
            let name = within("every departure", left.next()).await.unwrap();
            let name = name.args().unwrap().name().to_string();
            names.retain(|other| *other != name);
        }
    }
}

#[tokio::test]
async fn importers_that_leave_while_they_announce_themselves_are_not_listed() {
    let plan = Desktop::plan().limit("running_importers", 1000);
    let mut desktop = plan.seconds("idle", 1).open().await;
    let body = (VAULT, HashMap::<&str, zvariant::Value<'_>>::new());
    let method = (names::IMPORT, "Announce");
    leaves_while_it_is_looked_up(&mut desktop, method, &body).await;
    many_call_and_leave(&desktop, method, &body).await;
    let onlooker = desktop.bus.connect().await;
    let status = StatusProxy::new(&onlooker).await.unwrap();
    let (listed, _) = status.providers(NoOptions {}).await.unwrap();
    assert_eq!(listed, []);
    // Nobody is left for whom it would stay.
    let ended = desktop.daemon().process.ended().await;
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn exporters_that_leave_while_they_ask_leave_no_exchange_and_no_dialog() {
    let many = MANY as u64;
    let plan = Desktop::plan().limit("exchanges", many);
    let plan = plan.limit("exchanges_per_app", many).chooser(Script::Hang);
    let mut desktop = plan.open().await;
    desktop.install(&Entry::importer(VAULT).exec("/bin/true"));
    let body = (
        "",
        HashMap::from([("app_id", zvariant::Value::from(VAULT))]),
    );
    let method = (names::EXPORT, "RequestExport");
    leaves_while_it_is_looked_up(&mut desktop, method, &body).await;
    many_call_and_leave(&desktop, method, &body).await;
    let onlooker = Exporter::join(&desktop).await;
    assert_eq!(onlooker.status().await.exchanges, Some(0));
    let launcher = launcher_of(&desktop.daemon().peer());
    let dialogs = || launcher.children().len();
    eventually("no dialog is open", dialogs, |open| *open == 0).await;
    let mut asked: Vec<Value> = desktop.person.left();
    asked.retain(|report| report["said"] == "asked");
    for _ in 0..asked.len() {
        let finished = desktop.person.finished().await["exchange"].clone();
        asked.retain(|report| report["exchange"] != finished);
    }
    assert_eq!(asked, [Value::Null; 0]);
}

fn launcher_of(daemon: &Peer) -> Peer {
    let named = |peer: &Peer| told(peer.pid(), "Name") == "credexd-launch";
    let mut children = daemon.children().into_iter();
    children.find(named).expect("it has a launching process")
}

/// An importer that acknowledges its offers when the test says so, with its own hand.
struct Slow {
    importer: Importer,
    monitor: Monitor,
}

impl Slow {
    async fn announced(desktop: &Desktop) -> Slow {
        let importer = Importer::announced_with(desktop, VAULT, Manners::KeepSilent).await;
        let monitor = Monitor::listen(desktop, drop).await;
        Slow { importer, monitor }
    }

    async fn acknowledges(&self) {
        let offer = self.monitor.hears("Offer").await;
        let answer = Message::method_return(&offer.header()).unwrap();
        let key = PrivateKey::generate().unwrap().public_key();
        let answer = answer.build(&key.as_bytes().to_vec()).unwrap();
        self.importer.connection().send(&answer).await.unwrap();
    }

    /// It is told once that the offer is over, and nothing else.
    async fn is_told_of_the_end(&self, offer: &str) {
        let withdrawn = self.importer.withdrawn().await;
        assert_eq!(withdrawn.offer, offer);
        assert_eq!(self.importer.left().await, [""; 0]);
    }
}

#[tokio::test]
async fn an_importer_that_acknowledges_after_its_deadline_is_told_that_the_offer_is_over() {
    let plan = Desktop::plan().seconds("acknowledge", 1);
    let desktop = plan.chooser(Script::choose(VAULT)).open().await;
    let slow = Slow::announced(&desktop).await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let (offer, _) = slow.importer.offered().await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ImporterSilent, "{error}");
    assert!(!handed_over);
    slow.acknowledges().await;
    slow.is_told_of_the_end(&offer).await;
}

#[tokio::test]
async fn an_importer_that_acknowledges_what_the_exporter_took_back_is_told_that_it_is_over() {
    let desktop = Desktop::sending_to(VAULT).await;
    let slow = Slow::announced(&desktop).await;
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let (offer, _) = slow.importer.offered().await;
    session.close().await.unwrap();
    slow.acknowledges().await;
    slow.is_told_of_the_end(&offer).await;
}

#[tokio::test]
async fn a_service_that_stops_tells_every_app_though_its_dialog_is_stuck() {
    let stories = State::ALL.map(async |state| {
        let mut scene = Scene::at(state).await;
        let chooser = Peer::of_pid(scene.chooser).unwrap();
        chooser.freeze().await;
        let stops = scene.desktop.daemon().process.stop();
        let stopped = tokio::time::timeout(FAREWELL, stops).await;
        let status = stopped.expect("the service does not wait for its dialog");
        assert!(status.success(), "{state:?}: {status}");
        match &scene.session {
            Some(session) => {
                let (error, handed_over) = session.failure().await;
                assert_eq!(error.reason, Reason::ServiceStopped, "{state:?}: {error}");
                assert_eq!(handed_over, state == State::Claimed, "{state:?}");
            }
            None => {
                let (_, error) = scene.request.refusal().await;
                assert_eq!(error.reason, Reason::ServiceStopped, "{state:?}: {error}");
            }
        }
        if state >= State::Offered {
            let withdrawn = scene.importer.withdrawn().await;
            assert_eq!(withdrawn.error.reason, Reason::ServiceStopped, "{state:?}");
        }
        chooser.signal(Signal::CONT);
        chooser.ended().await;
        scene.restart_daemon().await;
        assert_eq!(scene.exporter.left().await, [""; 0], "{state:?}");
        assert_eq!(scene.importer.left().await, [""; 0], "{state:?}");
    });
    join_all(stories).await;
}

#[tokio::test]
async fn a_service_that_stops_tells_every_app_though_several_dialogs_are_stuck() {
    let plan = Desktop::plan().chooser(Script::Hang);
    let mut desktop = plan.scripted_at_terminals().open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (mut requests, mut choosers, mut terminals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..4 {
        let (master, name) = terminal::open();
        terminals.push(master);
        let window = format!("tty:{name}");
        let asked = exporter.request(&window, options(COUNTS)).await;
        requests.push(asked.unwrap());
        let chooser = pid(&desktop.person.asked().await);
        choosers.push(Peer::of_pid(chooser).unwrap());
    }
    for chooser in &choosers {
        chooser.freeze().await;
    }
    let stops = desktop.daemon().process.stop();
    let stopped = tokio::time::timeout(FAREWELL, stops).await;
    assert!(stopped.expect("it does not wait for its dialogs").success());
    for request in &requests {
        let (_, error) = request.refusal().await;
        assert_eq!(error.reason, Reason::ServiceStopped, "{error}");
    }
    for chooser in choosers {
        chooser.signal(Signal::CONT);
        chooser.ended().await;
    }
}

/// The service as the bus starts it, and as it comes and goes.
struct Visits {
    bus: DBusProxy<'static>,
    changes: NameOwnerChangedStream,
}

impl Visits {
    async fn watched(desktop: &Desktop) -> Visits {
        let bus = DBusProxy::new(&desktop.bus.connect().await).await.unwrap();
        let changes = bus.receive_name_owner_changed_with_args(&[(0, names::BUS_NAME)]);
        let changes = changes.await.unwrap();
        Visits { bus, changes }
    }

    /// The process that serves now.
    async fn current(&self) -> Peer {
        let name = names::BUS_NAME.try_into().unwrap();
        let pid = self.bus.get_connection_unix_process_id(name).await;
        Peer::of_pid(pid.unwrap()).unwrap()
    }

    /// Waits until it leaves.
    async fn leaves(&mut self) {
        loop {
            let change = within("the service to leave", self.changes.next()).await;
            if change.unwrap().args().unwrap().new_owner().is_none() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_comes_while_the_service_leaves_is_answered() {
    let plan = Desktop::plan().activated().seconds("idle", 1);
    let plan = plan.limit("exchanges_per_app", 30);
    let desktop = plan.chooser(Script::Decline).open().await;
    desktop.install(&Entry::importer(VAULT).exec("/bin/true"));
    let caller = Exporter::join(&desktop).await;
    let visits = Visits::watched(&desktop).await;
    let monitor = Monitor::listen(&desktop, drop).await;
    for _ in 0..4 {
        caller.status().await;
        let daemon = visits.current().await;
        // It sleeps until after it should have left, so that it finds its time up and the calls
        // waiting at one and the same moment.
        daemon.freeze().await;
        let calls = (0..60).map(|number| {
            let caller = caller.clone();
            tokio::spawn(async move {
                match number % 2 {
                    0 => drop(caller.status().await),
                    _ => drop(caller.ask(COUNTS).await.refusal().await),
                }
            })
        });
        let calls: Vec<_> = calls.collect();
        for member in ["GetStatus", "RequestExport"].repeat(30) {
            monitor.hears(member).await;
        }
        tokio::time::sleep(Duration::from_millis(1100)).await;
        daemon.signal(Signal::CONT);
        for call in calls {
            within("every call to be answered", call).await.unwrap();
        }
    }
}

#[tokio::test]
async fn calls_right_after_the_service_has_left_are_answered() {
    let plan = Desktop::plan().activated().seconds("idle", 1);
    let plan = plan.limit("exchanges_per_app", 20);
    let desktop = plan.chooser(Script::Decline).open().await;
    desktop.install(&Entry::importer(VAULT).exec("/bin/true"));
    let mut visits = Visits::watched(&desktop).await;
    let caller = Exporter::join(&desktop).await;
    for round in 0..6 {
        caller.status().await;
        visits.leaves().await;
        // Its name is gone, its process perhaps not yet; then it is; then another one has come.
        let calls = (0..20).map(|number| {
            let caller = caller.clone();
            async move {
                tokio::time::sleep(Duration::from_micros(number * 200 * round)).await;
                caller.status().await;
                caller.ask(COUNTS).await.refusal().await;
            }
        });
        within("every call to be answered", join_all(calls)).await;
    }
}

#[tokio::test]
async fn a_service_whose_launching_process_is_killed_ends_and_the_next_call_starts_another() {
    let plan = Desktop::plan().activated();
    let desktop = plan.chooser(Script::choose(VAULT)).open().await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let mut visits = Visits::watched(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let offer = importer.offer().await;
    let daemon = visits.current().await;
    launcher_of(&daemon).signal(Signal::KILL);
    let (error, handed_over) = session.failure().await;
    assert_eq!(error.reason, Reason::ServiceStopped, "{error}");
    assert!(!handed_over);
    let withdrawn = importer.withdrawn().await;
    assert_eq!(withdrawn.offer, offer.path);
    assert_eq!(withdrawn.error.reason, Reason::ServiceStopped);
    visits.leaves().await;
    daemon.ended().await;
    assert_eq!(exporter.status().await.exchanges, Some(0));
    assert_ne!(visits.current().await.pid(), daemon.pid());
}

/// A request under a name of the caller's own.
async fn ask_as(exporter: &Exporter, handle_token: &str) -> Request {
    let asked = ExportOptions {
        handle_token: Some(handle_token.to_owned()),
        ..options(COUNTS)
    };
    exporter.request("", asked).await.unwrap()
}

#[tokio::test]
async fn a_handle_token_is_free_again_once_its_request_is_answered() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let first = ask_as(&exporter, "same").await;
    let session = first.session().await;
    desktop.person.asked().await;
    desktop.person.will(&Script::Hang);
    let second = ask_as(&exporter, "same").await;
    assert_eq!(second.path, first.path);
    let asked = desktop.person.asked().await;
    second.close().await.unwrap();
    let finished = desktop.person.finished().await;
    assert_eq!(finished["exchange"], asked["exchange"], "{finished}");
    assert_eq!(finished["outcome"], "cancelled", "{finished}");
    // The end of one does not free the name of another.
    let third = ask_as(&exporter, "same").await;
    desktop.person.asked().await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    importer.import().await;
    session.receipt().await;
    third.close().await.unwrap();
    assert_eq!(exporter.left().await, [""; 0]);
    assert_eq!(exporter.status().await.exchanges, Some(0));
}

#[tokio::test]
async fn what_came_too_late_is_not_what_an_exchange_ends_with() {
    let plan = Desktop::plan().seconds("receipt", 1);
    let scene = Scene::planned(State::Claimed, plan).await;
    scene.session().close().await.unwrap();
    let (error, handed_over) = scene.session().failure().await;
    assert_eq!(error.reason, Reason::NoReceipt, "{error}");
    assert!(handed_over);
    let finished = scene.desktop.person.finished().await;
    for message in [&error.message, finished["message"].as_str().unwrap()] {
        assert!(!message.contains("took it back"), "{message}");
    }
}
