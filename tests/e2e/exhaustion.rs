//! Too much of everything, and peers that stop in the middle: nobody hangs, the others are served,
//! and the daemon stays what it was (design §3, "quotas").

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};

use credex_protocol::names;
use credex_protocol::wire::{
    AnnounceOptions, Counts, ExportOptions, NoOptions, object_path, response,
};
use credex_tests::app::{self, Entry, Role};
use credex_tests::chooser::{self, Script};
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::exporter::{Exporter, options};
use credex_tests::importer::{Importer, Manners};
use credex_tests::patience::{eventually, within};
use credex_tests::process::{Peer, Process};
use credex_tests::raw::RawPeer;
use credex_tests::terminal;
use credex_tests::{Error, Reason};
use futures_util::future::{join, join_all};
use rustix::process::Signal;
use zbus::Message;
use zbus::message::Flags;
use zbus::zvariant::Fd;

use crate::scene::{COUNTS, DOCUMENT, VAULT, idle_files, payload};

const CLIENTS: usize = 200;

/// No limit but those of the kernel.
fn unlimited() -> Plan {
    let plan = Desktop::plan().chooser(Script::choose(VAULT));
    let plan = plan.limit("exchanges", 100_000);
    plan.limit("exchanges_per_app", 100_000)
}

/// An app that takes everything, until the test ends.
async fn eager_importer(desktop: &Desktop) -> Importer {
    let importer = Importer::announced(desktop, VAULT).await;
    let works = importer.clone();
    tokio::spawn(async move {
        loop {
            let (path, options) = works.offered().await;
            let works = works.clone();
            tokio::spawn(async move {
                let offer = works.token_of(path, options).await;
                // Where no file can be opened, the caller cannot be looked up.
                let (opened, _) = loop {
                    match offer.redeem().await {
                        Ok(redeemed) => break redeemed,
                        Err(error) => assert_eq!(error.reason, Reason::AccessDenied, "{error}"),
                    }
                };
                assert_eq!(opened.document, DOCUMENT);
                let completed = offer.complete(&Default::default()).await;
                completed.expect("a receipt is taken");
            });
        }
    });
    importer
}

/// A whole exchange, or why the service would not begin it.
async fn exchange(exporter: &Exporter) -> Result<(), Error> {
    let request = exporter.request("", options(COUNTS)).await?;
    let session = request.session().await;
    session.deposit(&payload(), COUNTS).await?;
    session.receipt().await;
    Ok(())
}

/// `CLIENTS` apps at once, each with a whole exchange. Returns how many were refused.
async fn crowd(desktop: &Desktop) -> usize {
    let exporters = join_all((0..CLIENTS).map(|_| Exporter::join(desktop))).await;
    let all = join_all(exporters.iter().map(exchange));
    let refusals = within("an answer to every client", all).await;
    let refusals = refusals.into_iter().filter_map(Result::err);
    let judge = |refusal: Error| {
        assert_eq!(refusal.reason, Reason::QuotaExceeded, "{refusal}");
        assert!(refusal.message.contains("try later"), "{refusal}");
    };
    refusals.map(judge).count()
}

/// The same process still does a whole exchange, and then has no more open than when it was idle.
async fn assert_still_serves(desktop: &mut Desktop, exporter: &Exporter, idle: usize) {
    exchange(exporter).await.unwrap();
    assert!(desktop.daemon().process.is_running());
    let daemon = desktop.daemon().peer();
    let open = || files(&daemon);
    eventually("as many files as before", open, |now| now.len() == idle).await;
}

/// What the daemon has open. Without permission to look, that is nothing at any time.
fn files(daemon: &Peer) -> Vec<String> {
    daemon.open_files().unwrap_or_default()
}

#[tokio::test]
async fn with_few_file_descriptors_a_crowd_is_served_or_told_to_come_later() {
    let plan = unlimited().started_by(&["prlimit", "--nofile=64:64"]);
    let mut desktop = plan.open().await;
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let idle = idle_files(&mut desktop)
        .await
        .map_or(0, |files| files.len());
    exchange(&exporter).await.unwrap();
    let refused = crowd(&desktop).await;
    assert!(
        (1..CLIENTS).contains(&refused),
        "{refused} of {CLIENTS} were refused"
    );
    assert_still_serves(&mut desktop, &exporter, idle).await;
}

#[tokio::test]
async fn the_daemon_takes_the_file_descriptors_it_may_have() {
    let plan = unlimited().started_by(&["prlimit", "--nofile=64:4096"]);
    let mut desktop = plan.open().await;
    let _importer = eager_importer(&desktop).await;
    assert_eq!(crowd(&desktop).await, 0, "none was refused");
    assert!(desktop.daemon().process.is_running());
}

/// Calls with as many file descriptors as the bus lets into one message, to a method that takes none,
/// from eight connections, until all have been refused.
async fn flood(desktop: &Desktop) {
    let null = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let body: Vec<Fd<'_>> = (0..16).map(|_| Fd::from(null.as_fd())).collect();
    let body = &body;
    let calls = |bus: zbus::Connection| async move {
        for _ in 0..50 {
            let (to, path) = (Some(names::BUS_NAME), names::SERVICE_PATH);
            let answer = bus.call_method(to, path, Some(names::STATUS), "GetStatus", body);
            let error = Error::from(answer.await.unwrap_err());
            let allowed = [Reason::InvalidArgument, Reason::QuotaExceeded];
            assert!(allowed.contains(&error.reason), "{error}");
        }
    };
    let flooders = join_all((0..8).map(|_| desktop.bus.connect())).await;
    join_all(flooders.into_iter().map(calls)).await;
}

#[tokio::test]
async fn descriptors_that_nobody_asked_for_are_refused_and_the_others_are_served() {
    let plan = unlimited().started_by(&["prlimit", "--nofile=256:256"]);
    let mut desktop = plan.open().await;
    let daemon = desktop.daemon().peer();
    let idle = idle_files(&mut desktop)
        .await
        .map_or(0, |files| files.len());
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let meanwhile = async {
        for _ in 0..20 {
            exchange(&exporter).await.unwrap();
        }
    };
    within("an answer to every call", join(flood(&desktop), meanwhile)).await;
    assert!(desktop.daemon().process.is_running());
    eventually(
        "as many files as before",
        || files(&daemon),
        |now| now.len() == idle,
    )
    .await;
}

/// An exchange that may fail at any point, but not hang.
async fn attempt(exporter: &Exporter) {
    let Ok(request) = exporter.request("", options(COUNTS)).await else {
        return;
    };
    let (response, results) = request.answer().await;
    if response != response::DONE {
        return;
    }
    let session = request.granted(results);
    match session.deposit(&payload(), COUNTS).await {
        Ok(_) => drop(session.ending().await),
        Err(refusal) => {
            assert_eq!(refusal.reason, Reason::QuotaExceeded, "{refusal}");
            session.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn where_a_flood_takes_every_descriptor_the_others_are_told_and_served_afterwards() {
    let plan = unlimited().started_by(&["prlimit", "--nofile=64:64"]);
    let mut desktop = plan.open().await;
    let idle = idle_files(&mut desktop)
        .await
        .map_or(0, |files| files.len());
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let meanwhile = async {
        for _ in 0..20 {
            attempt(&exporter).await;
        }
    };
    within("an answer to every call", join(flood(&desktop), meanwhile)).await;
    assert_still_serves(&mut desktop, &exporter, idle).await;
}

#[tokio::test]
async fn signals_and_silent_calls_with_descriptors_do_not_pile_up_either() {
    let plan = unlimited().started_by(&["prlimit", "--nofile=64:64"]);
    let mut desktop = plan.open().await;
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let idle = idle_files(&mut desktop)
        .await
        .map_or(0, |files| files.len());
    exchange(&exporter).await.unwrap();
    let bus = desktop.bus.connect().await;
    let null = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let body: Vec<Fd<'_>> = (0..16).map(|_| Fd::from(null.as_fd())).collect();
    for _ in 0..400 {
        let signal = Message::signal("/", "org.example.Flood", "Flood").unwrap();
        let signal = signal.destination(names::BUS_NAME).unwrap();
        bus.send(&signal.build(&body).unwrap()).await.unwrap();
        let call = Message::method_call("/nowhere", "Deposit").unwrap();
        let call = call.destination(names::BUS_NAME).unwrap();
        let call = call.with_flags(Flags::NoReplyExpected).unwrap();
        bus.send(&call.build(&body).unwrap()).await.unwrap();
    }
    // What was sent before an answer has been dealt with.
    Exporter::on(bus).status().await;
    assert_still_serves(&mut desktop, &exporter, idle).await;
}

/// A question of the shortest kind.
fn question() -> Message {
    let call = Message::method_call(names::SERVICE_PATH, "RequestExport").unwrap();
    let call = call.destination(names::BUS_NAME).unwrap();
    let call = call.interface(names::EXPORT).unwrap();
    call.build(&("", ExportOptions::default())).unwrap()
}

#[tokio::test]
async fn a_procession_of_apps_that_ask_and_leave_keeps_nobody_waiting() {
    let desktop = unlimited().open().await;
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    for _ in 0..20 {
        for _ in 0..10 {
            let mut peer = RawPeer::join(&desktop);
            (0..10).for_each(|_| peer.send(&question()));
        }
        within("another to be served", exchange(&exporter))
            .await
            .unwrap();
    }
    let settled = async { while exporter.status().await.exchanges != Some(0) {} };
    within("the exchanges to end with their apps", settled).await;
}

#[tokio::test]
async fn one_connection_that_asks_two_thousand_times_without_reading_is_held_to_its_quota() {
    let desktop = Desktop::plan().chooser(Script::Hang).open().await;
    let _importer = Importer::announced(&desktop, VAULT).await;
    let mut peer = RawPeer::join(&desktop);
    (0..2000).for_each(|_| peer.send(&question()));
    let onlooker = Exporter::join(&desktop).await;
    let settled = async { while onlooker.status().await.exchanges != Some(8) {} };
    within("the flood to be held to eight exchanges", settled).await;
    // Whoever is the same app shares its quota; nobody else is kept from anything.
    assert!(!peer.is_let_go());
    let settled = async { while onlooker.status().await.exchanges != Some(0) {} };
    within("the flood's exchanges to end with it", settled).await;
}

#[tokio::test]
async fn a_hundred_importers_that_announce_themselves_are_held_to_their_quota() {
    let desktop = Desktop::plan()
        .chooser(Script::choose("org.example.App0"))
        .open()
        .await;
    let importers = join_all((0..100).map(|_| Importer::join(&desktop))).await;
    let mut refused = 0;
    for (number, importer) in importers.iter().enumerate() {
        let id = format!("org.example.App{number}");
        if let Err(refusal) = importer.announce(&id, AnnounceOptions::default()).await {
            assert_eq!(refusal.reason, Reason::QuotaExceeded, "{refusal}");
            refused += 1;
        }
    }
    // All of them are one app, which has a quota of its own below that of all.
    assert_eq!(refused, 100 - 8);
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    importers[0].import().await;
    session.receipt().await;
}

#[tokio::test]
async fn giant_arguments_are_refused_by_their_names_and_answered_briefly() {
    let scene = crate::scene::Scene::at(crate::scene::State::Claimed).await;
    let (exporter, importer) = (&scene.exporter, &scene.importer);
    let long = "x".repeat(1 << 19);
    let many: Counts = (0..50_000)
        .map(|number| (format!("t{number}"), 1))
        .collect();
    let base = ExportOptions::default;
    let some = || Some(long.clone());
    let asked = [
        ("parent_window", long.as_str(), base()),
        (
            "app_id",
            "",
            ExportOptions {
                app_id: some(),
                ..base()
            },
        ),
        (
            "for",
            "",
            ExportOptions {
                provider: some(),
                ..base()
            },
        ),
        (
            "activation_token",
            "",
            ExportOptions {
                activation_token: some(),
                ..base()
            },
        ),
        (
            "handle_token",
            "",
            ExportOptions {
                handle_token: some(),
                ..base()
            },
        ),
        (
            "counts",
            "",
            ExportOptions {
                counts: Some(many.clone()),
                ..base()
            },
        ),
        (
            "counts",
            "",
            ExportOptions {
                counts: Some([(long.clone(), 1)].into()),
                ..base()
            },
        ),
        (
            "format_versions",
            "",
            ExportOptions {
                format_versions: Some(vec![long.clone()]),
                ..base()
            },
        ),
        (
            "format_versions",
            "",
            ExportOptions {
                format_versions: Some(vec!["1.0".into(); 100_000]),
                ..base()
            },
        ),
    ];
    let mut refusals = Vec::new();
    for (name, window, options) in asked {
        refusals.push((name, exporter.request(window, options).await.map(drop)));
    }
    let announce = |id, name| {
        let options = AnnounceOptions {
            name,
            ..AnnounceOptions::default()
        };
        importer.announce(id, options)
    };
    refusals.push(("app_id", announce(&long, None).await));
    refusals.push(("name", announce(VAULT, some()).await));
    let receipt = many
        .keys()
        .map(|name| (name.clone(), Default::default()))
        .collect();
    refusals.push(("receipt", scene.offer().complete(&receipt).await));
    refusals.push(("reason", scene.offer().decline(&long).await));
    let sentences = vec![long.as_str(); 2];
    refusals.push((
        "discrepancies",
        scene
            .offer()
            .complete_with(&Default::default(), &sentences)
            .await,
    ));
    let sentences = vec![""; 100_000];
    refusals.push((
        "discrepancies",
        scene
            .offer()
            .complete_with(&Default::default(), &sentences)
            .await,
    ));
    for (name, refusal) in refusals {
        let refusal = refusal.expect_err(name);
        assert_eq!(refusal.reason, Reason::InvalidArgument, "{name}");
        // What is even larger than a call may be is not read at all.
        let by_name = [name, "a call of Credex has at most"];
        let named = by_name.iter().any(|name| refusal.message.starts_with(name));
        assert!(named, "{name}: {refusal}");
        assert!(
            refusal.message.len() < 1024,
            "{name}: {} bytes",
            refusal.message.len()
        );
    }
    // A path that leads nowhere, as long as it likes.
    let nowhere = format!("{}/{long}", names::OFFER_PREFIX);
    let path = object_path(&nowhere).unwrap();
    let refusal = importer
        .proxy()
        .await
        .extend(&path, 1, NoOptions {})
        .await
        .unwrap_err();
    assert!(Error::from(refusal).message.len() < 1024);
    scene.offer().complete(&Default::default()).await.unwrap();
    scene.session().receipt().await;
}

#[tokio::test]
async fn an_option_that_nobody_knows_is_ignored_unless_it_is_giant() {
    let desktop = Desktop::sending_to(VAULT).await;
    let bus = desktop.bus.connect().await;
    let answer = async |size| {
        let blob = zbus::zvariant::Value::from(vec![0u8; size]);
        let options = HashMap::from([("unheard_of", blob)]);
        let (to, path) = (Some(names::BUS_NAME), names::SERVICE_PATH);
        let answer = bus.call_method(to, path, Some(names::STATUS), "GetStatus", &options);
        within("an answer", answer).await.map_err(Error::from)
    };
    answer(1 << 19).await.unwrap();
    let refusal = answer(16 << 20).await.unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidArgument, "{refusal}");
}

/// Waits until `name` is on the bus.
async fn is_there(desktop: &Desktop, name: &str) {
    let connection = desktop.bus.connect().await;
    let bus = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
    let there = async { while !bus.name_has_owner(name.try_into().unwrap()).await.unwrap() {} };
    within("the importer to take its name", there).await;
}

#[tokio::test]
async fn an_importer_that_is_stopped_is_reported_and_gets_nothing() {
    let plan = Desktop::plan()
        .chooser(Script::choose(VAULT))
        .seconds("acknowledge", 1);
    let desktop = plan.open().await;
    desktop.install(&Entry::importer(VAULT).dbus_activatable());
    let reports = desktop.reports("importer");
    let words = app::command(&reports, VAULT, Role::Own);
    let mut words = words.split(' ');
    let mut command = std::process::Command::new(words.next().unwrap());
    command
        .args(words)
        .envs(desktop.environment().iter().cloned());
    let importer = Process::start(&mut command, &desktop.path("importer.log"));
    is_there(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let stopped = Peer::of_pid(importer.pid()).unwrap();
    stopped.signal(Signal::STOP);
    session.deposit(&payload(), COUNTS).await.unwrap();
    let (error, handed_over) = session.failure().await;
    assert_eq!(
        (error.reason, handed_over),
        (Reason::ImporterSilent, false),
        "{error}"
    );
    let finished = desktop.person.finished().await;
    assert_eq!(finished["error"], Reason::ImporterSilent.dbus_name());
    assert_eq!(finished["handed_over"], false);
    // Back again, it finds an offer that is over, and no token for it.
    stopped.signal(Signal::CONT);
    exporter.status().await;
    assert_eq!(exporter.left().await, [""; 0]);
    let said =
        |report: &serde_json::Value| report["said"] == "offer" || report["said"] == "imported";
    assert!(!reports.left().iter().any(said), "{:?}", reports.left());
}

#[tokio::test]
async fn an_exporter_that_stops_before_its_deposit_is_not_waited_for_for_ever() {
    let plan = Desktop::plan()
        .chooser(Script::choose(VAULT))
        .seconds("deposit", 1);
    let desktop = plan.open().await;
    let importer = Importer::announced_with(&desktop, VAULT, Manners::Acknowledge).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    let (error, handed_over) = session.failure().await;
    assert_eq!(
        (error.reason, handed_over),
        (Reason::Expired, false),
        "{error}"
    );
    assert_eq!(desktop.person.finished().await["outcome"], "expired");
    let late = session.deposit(&payload(), COUNTS).await.unwrap_err();
    assert_eq!(late.reason, Reason::NotFound, "{late}");
    assert_eq!(importer.left().await, [""; 0]);
}

#[tokio::test]
async fn a_chooser_that_is_stopped_keeps_only_its_own_questions_waiting() {
    let plan = Desktop::plan()
        .chooser(Script::Hang)
        .scripted_at_terminals();
    let desktop = plan.open().await;
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let question = exporter.ask(COUNTS).await;
    let stopped = chooser::pid(&desktop.person.asked().await);
    Peer::of_pid(stopped).unwrap().signal(Signal::STOP);
    desktop.person.will(&Script::choose(VAULT));
    // At another place somebody else is asked.
    let (_controller, name) = terminal::open();
    let elsewhere = exporter
        .request(&format!("tty:{name}"), options(COUNTS))
        .await;
    let session = elsewhere.unwrap().session().await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    session.receipt().await;
    assert_ne!(chooser::pid(&desktop.person.asked().await), stopped);
    // Here somebody new, once the question has been taken back.
    question.close().await.unwrap();
    exchange(&exporter).await.unwrap();
    assert_ne!(chooser::pid(&desktop.person.asked().await), stopped);
    assert_eq!(exporter.left().await, [""; 0]);
}

#[tokio::test]
async fn a_stopped_chooser_loses_its_question_when_the_persons_time_is_up() {
    let plan = Desktop::plan().chooser(Script::Hang).seconds("choose", 1);
    let desktop = plan.open().await;
    let _importer = eager_importer(&desktop).await;
    let exporter = Exporter::join(&desktop).await;
    let question = exporter.ask(COUNTS).await;
    let stopped = chooser::pid(&desktop.person.asked().await);
    Peer::of_pid(stopped).unwrap().signal(Signal::STOP);
    let (_, error) = question.refusal().await;
    assert_eq!(error.reason, Reason::Expired, "{error}");
    desktop.person.will(&Script::choose(VAULT));
    exchange(&exporter).await.unwrap();
}

#[tokio::test]
async fn two_thousand_exchanges_leave_nothing_behind() {
    let mut desktop = unlimited().open().await;
    let importer = eager_importer(&desktop).await;
    // One that stays keeps the chooser, which would start two thousand times.
    let exporter = Exporter::join(&desktop).await;
    let _stays = exporter.agreed(COUNTS).await;
    let daemon = desktop.daemon().peer();
    let mut after = Vec::new();
    for part in [200, 1800] {
        for _ in 0..part {
            exchange(&exporter).await.unwrap();
        }
        assert_eq!(exporter.status().await.exchanges, Some(1));
        after.push((daemon.anonymous_kib(), files(&daemon).len()));
    }
    let [(early, files), (late, files_late)] = after[..] else {
        panic!("two parts");
    };
    eprintln!("RssAnon of the daemon: {early} KiB after 200 exchanges, {late} KiB after 2,000");
    assert!(late <= early + 64, "{early} KiB became {late} KiB");
    assert_eq!(files, files_late);
    assert_eq!(importer.left().await, [""; 0]);
}
