//! Who is calling, and what the person is told of it: real processes, real sandboxes, and forgeries of
//! them (design §5).

use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use credex_tests::Reason;
use credex_tests::app::Entry;
use credex_tests::caller::{self, Caller, Learned, Trick};
use credex_tests::chooser::Script;
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::flatpak::{self, Flatpak, forged};
use credex_tests::importer::Importer;
use credex_tests::patience::eventually;
use credex_tests::process::Peer;
use credex_tests::raw::RawPeer;
use credex_tests::system::System;
use rustix::process::Signal;
use rustix::thread::{UnshareFlags, unshare_unsafe};
use zbus::Message;
use zbus::message::Flags;
use zbus::names::BusName;
use zbus::zvariant::Fd;

use crate::scene::VAULT;

const PASSWORDS: &str = "org.example.Passwords";
const OTHER: &str = "org.example.Other";

/// A desktop on which the person is asked, and thinks it over.
async fn asking(plan: Plan) -> (Desktop, Importer) {
    let desktop = plan.chooser(Script::Hang).open().await;
    let importer = Importer::announced(&desktop, VAULT).await;
    (desktop, importer)
}

/// `words`, in the environment of the desktop.
fn on(desktop: &Desktop, words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .envs(desktop.environment().iter().cloned());
    command
}

/// Whom the person is told that `command` is: app ID and level.
async fn introduced(desktop: &Desktop, mut command: Command) -> (String, String) {
    let mut app = Caller::start(&mut command);
    assert_eq!(app.said().await, "asked");
    let asked = desktop.person.asked().await;
    let exporter = |what: &str| {
        asked["exporter"][what]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (exporter("app_id"), exporter("assurance"))
}

fn as_level(who: &(String, String)) -> (&str, &str) {
    (&who.0, &who.1)
}

/// The app is turned away, and nobody is asked.
async fn is_denied(desktop: &Desktop, mut command: Command) -> String {
    let mut app = Caller::start(&mut command);
    let said = app.said().await;
    assert!(said.contains("AccessDenied"), "{said}");
    nobody_was_asked(desktop);
    said
}

#[tokio::test]
async fn a_flatpak_is_the_app_that_it_is_and_cannot_be_another() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    let Some(flatpak) = Flatpak::install(&desktop) else {
        return;
    };
    let who = introduced(&desktop, flatpak.run("")).await;
    assert_eq!(as_level(&who), (flatpak::APP, "sandboxed"));
    let who = introduced(&desktop, flatpak.run(flatpak::APP)).await;
    assert_eq!(as_level(&who), (flatpak::APP, "sandboxed"));
    is_denied(&desktop, flatpak.run(OTHER)).await;
}

/// What `command` finds out about others.
async fn learned_by(mut command: Command) -> Learned {
    let said = Caller::start(&mut command).said().await;
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
}

#[tokio::test]
async fn a_flatpak_learns_neither_which_apps_there_are_nor_what_protects_the_service() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    let Some(flatpak) = Flatpak::install(&desktop) else {
        return;
    };
    desktop.install(&Entry::importer(PASSWORDS).exec("/bin/true"));
    desktop.install(&Entry::importer(OTHER).exec("\"unfinished"));
    let sandboxed = learned_by(flatpak.running(Trick::Learn, "")).await;
    let told = Learned {
        status: vec!["payload_limit".to_owned()],
        providers: vec![],
        problems: vec![],
        refusal:
            "no app here reads format 7.0 of the exporter; update it, or the app that is to take \
                  its credentials."
                .to_owned(),
    };
    assert_eq!(sandboxed, told);
    // Of itself it learns what is wrong with its entry, and then what became of it.
    desktop.install_for_user(&Entry::importer(flatpak::APP).exec("\"unfinished"));
    let sandboxed = learned_by(flatpak.running(Trick::Learn, "")).await;
    assert_eq!(sandboxed.problems.len(), 1, "{sandboxed:?}");
    assert!(
        sandboxed.problems[0].contains(flatpak::APP),
        "{sandboxed:?}"
    );
    let namesake = Entry::importer(flatpak::APP).called(&format!("{PASSWORDS} (test)"));
    desktop.install_for_user(&namesake.exec("/bin/true"));
    let sandboxed = learned_by(flatpak.running(Trick::Learn, "")).await;
    assert_eq!(sandboxed.providers, [(flatpak::APP.to_owned(), None)]);
    assert_eq!(sandboxed.problems, [""; 0]);
    // Who is in no sandbox could look for itself.
    let outside = learned_by(on(&desktop, &caller::command(Trick::Learn, ""))).await;
    assert!(
        outside.status.iter().any(|key| key == "protections"),
        "{outside:?}"
    );
    let ids: Vec<&str> = outside
        .providers
        .iter()
        .map(|(id, _)| id.as_str())
        .collect();
    assert!(
        ids.contains(&PASSWORDS) && ids.contains(&flatpak::APP),
        "{outside:?}"
    );
    let conflicts: Vec<_> = outside
        .providers
        .iter()
        .filter_map(|(_, it)| it.as_ref())
        .collect();
    assert!(
        conflicts.iter().any(|it| it.contains(PASSWORDS)),
        "{outside:?}"
    );
    assert_eq!(outside.problems.len(), 1, "{outside:?}");
    assert!(outside.refusal.contains(VAULT), "{outside:?}");
}

fn nobody_was_asked(desktop: &Desktop) {
    let reports = desktop.person.left();
    let asked = reports.iter().find(|report| report["said"] == "asked");
    assert_eq!(asked, None);
}

fn info(app_id: &str, instance: &str) -> String {
    format!(
        "[Application]\nname={app_id}\nruntime=runtime/org.gnome.Platform/x86_64/45\n\n\
         [Instance]\ninstance-id={instance}\n\
         app-path=/var/lib/flatpak/app/{app_id}/x86_64/stable/c0ffee/files\n\
         runtime-path=/var/lib/flatpak/runtime/org.gnome.Platform/x86_64/45/c0ffee/files\n"
    )
}

/// Arguments of `bwrap` for a `/.flatpak-info` that reads `text`.
fn with_info(desktop: &Desktop, text: &str) -> [String; 3] {
    let path = desktop.path("forged-info");
    std::fs::write(&path, text).unwrap();
    [
        "--ro-bind".into(),
        path.display().to_string(),
        "/.flatpak-info".into(),
    ]
}

/// A record of Flatpak's for `instance`, which says that its sandbox is that of the process `pid`.
fn record(desktop: &Desktop, instance: &str, text: &str, pid: u32) {
    let record = desktop.path("run/.flatpak").join(instance);
    std::fs::create_dir_all(&record).unwrap();
    let namespace = |kind: &str| {
        let link = std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        let link = link.display().to_string();
        link.trim_matches(|c: char| !c.is_ascii_digit()).to_owned()
    };
    let (mount, processes) = (namespace("mnt"), namespace("pid"));
    let told = format!(
        r#"{{"child-pid": {pid}, "mnt-namespace": {mount}, "pid-namespace": {processes}}}"#
    );
    std::fs::write(record.join("info"), text).unwrap();
    std::fs::write(record.join("pid"), pid.to_string()).unwrap();
    std::fs::write(record.join("bwrapinfo.json"), told).unwrap();
}

#[tokio::test]
async fn a_sandbox_that_only_says_to_be_a_flatpak_is_a_claim_with_and_without_a_record() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    if !flatpak::has("bwrap") {
        return;
    }
    let text = info(PASSWORDS, "4711");
    let info = with_info(&desktop, &text);
    let info = info.each_ref().map(String::as_str);
    let words = caller::command(Trick::Ask, PASSWORDS);
    let who = introduced(&desktop, forged(&desktop, &info, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "unverified"));
    // The record names a process in a real sandbox: one of the same kind.
    let alibi = introduced_by_alibi(&desktop, &info).await;
    let inner = eventually(
        "a process in the sandbox",
        || innermost(alibi.pid()),
        Option::is_some,
    )
    .await;
    record(&desktop, "4711", &text, inner.unwrap());
    let who = introduced(&desktop, forged(&desktop, &info, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "unverified"));
}

/// Another sandbox with the same file, that stays.
async fn introduced_by_alibi(desktop: &Desktop, info: &[&str]) -> Caller {
    let words = caller::command(Trick::Ask, "");
    let mut alibi = Caller::start(&mut forged(desktop, info, &words));
    assert_eq!(alibi.said().await, "asked");
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["assurance"], "unverified", "{asked}");
    alibi
}

/// The youngest descendant of a process.
fn innermost(pid: u32) -> Option<u32> {
    let mut peer = Peer::of_pid(pid)?;
    while let Some(child) = peer.children().pop() {
        peer = child;
    }
    (peer.pid() != pid).then(|| peer.pid())
}

#[tokio::test]
async fn a_forgery_with_the_record_and_the_files_of_a_flatpak_that_runs_is_a_claim() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    let Some(flatpak) = Flatpak::install(&desktop) else {
        return;
    };
    let mut real = Caller::start(&mut flatpak.run(""));
    assert_eq!(real.said().await, "asked");
    assert_eq!(
        desktop.person.asked().await["exporter"]["assurance"],
        "sandboxed"
    );
    let records = flatpak.records();
    assert_eq!(records.len(), 1, "{records:?}");
    let text = std::fs::read_to_string(records[0].join("info")).unwrap();
    let info = with_info(&desktop, &text);
    let info = info.each_ref().map(String::as_str);
    let words = caller::command(Trick::Ask, flatpak::APP);
    let who = introduced(&desktop, forged(&desktop, &info, &words)).await;
    assert_eq!(as_level(&who), (flatpak::APP, "unverified"));
    // The same behind the system's own proxy.
    let socket = desktop.path("proxy").display().to_string();
    let proxy = [
        "xdg-dbus-proxy",
        desktop.bus.address(),
        &socket,
        "--filter",
        "--talk=org.credex.Exchange1",
    ]
    .map(str::to_owned);
    let mut proxy = forged(&desktop, &info, &proxy);
    let _proxy = Caller::start(&mut proxy);
    eventually(
        "the proxy to listen",
        || Path::new(&socket).exists(),
        |&there| there,
    )
    .await;
    let mut behind = forged(&desktop, &info, &words);
    // The D-Bus library then waits for the proxy where it would not for a bus.
    behind.env("FLATPAK_ID", flatpak::APP);
    behind.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={socket}"));
    let who = introduced(&desktop, behind).await;
    assert_eq!(as_level(&who), (flatpak::APP, "unverified"));
}

#[tokio::test]
async fn a_flatpak_info_that_cannot_be_read_safely_is_a_denial() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    if !flatpak::has("bwrap") {
        return;
    }
    let at = |name: &str| desktop.path(name).display().to_string();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RWXU).unwrap();
    std::fs::File::create(at("large"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    std::fs::write(at("nul"), "[Application]\nname=org.a.B\0\n").unwrap();
    std::fs::write(at("twice"), "[Application]\nname=org.a.B\nname=org.a.C\n").unwrap();
    std::fs::write(at("nobody"), "[Application]\nruntime=x\n").unwrap();
    std::fs::write(at("good"), info(PASSWORDS, "1")).unwrap();
    let good = at("good");
    let mut forgeries = vec![
        vec!["--symlink".to_owned(), good, "/.flatpak-info".to_owned()],
        vec!["--dir".to_owned(), "/.flatpak-info".to_owned()],
    ];
    for name in ["fifo", "large", "nul", "twice", "nobody"] {
        forgeries.push(vec!["--ro-bind".into(), at(name), "/.flatpak-info".into()]);
    }
    let words = caller::command(Trick::Ask, PASSWORDS);
    for info in forgeries {
        let info: Vec<&str> = info.iter().map(String::as_str).collect();
        let said = is_denied(&desktop, forged(&desktop, &info, &words)).await;
        assert!(said.contains(".flatpak-info"), "{info:?}: {said}");
    }
}

/// A desktop whose system has `PASSWORDS`, installed by root, and the command that runs it.
async fn with_installed(system: &System, plan: Plan) -> (Desktop, Importer, String) {
    let app = credex_tests::programs::calling_app();
    let program = system.install(&app, "passwords", &[PASSWORDS]);
    let (desktop, importer) = asking(plan.variable("XDG_DATA_DIRS", &system.data())).await;
    (desktop, importer, program)
}

#[tokio::test]
async fn a_program_of_the_system_is_known_by_the_entry_that_starts_it_and_can_only_claim_others() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    for (claim, app_id, level) in [
        ("", PASSWORDS, "installed"),
        (PASSWORDS, PASSWORDS, "installed"),
        (OTHER, OTHER, "unverified"),
    ] {
        let words = caller::command_of(&program, Trick::Ask, claim);
        let who = introduced(&desktop, on(&desktop, &words)).await;
        assert_eq!(as_level(&who), (app_id, level), "{claim:?}");
    }
    // The same program from a place where anybody may write.
    let words = caller::command(Trick::Ask, PASSWORDS);
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "unverified"));
}

#[tokio::test]
async fn an_app_in_a_sandbox_that_never_introduces_itself_lowers_itself_alone() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let Some(flatpak) = Flatpak::install(&desktop) else {
        return;
    };
    let mut mute = Caller::start(&mut flatpak.running(Trick::AskBesideMute, ""));
    assert_eq!(mute.said().await, "asked");
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["app_id"], flatpak::APP);
    assert_eq!(asked["exporter"]["assurance"], "unverified");
    let words = caller::command_of(&program, Trick::Ask, PASSWORDS);
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "installed"));
    let who = introduced(&desktop, flatpak.run("")).await;
    assert_eq!(as_level(&who), (flatpak::APP, "sandboxed"));
    // Whose it is cannot be told outside of sandboxes, where it could stand in for any other.
    let _outside = RawPeer::mute(desktop.bus.address());
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "unverified"));
}

#[tokio::test]
async fn who_becomes_another_program_while_the_person_thinks_gets_nothing() {
    let (desktop, _importer) = asking(Desktop::plan()).await;
    for becomes in [false, true] {
        let mut words = caller::command(Trick::AskAndBecome, OTHER);
        words.extend(["/bin/sleep", "1000"].map(str::to_owned));
        let mut app = Caller::start(&mut on(&desktop, &words));
        desktop.person.asked().await;
        if becomes {
            app.tell("now");
            let program = format!("/proc/{}/exe", app.pid());
            let runs = || std::fs::read_link(&program).unwrap();
            let is_another = |runs: &PathBuf| runs.ends_with("sleep");
            eventually("the app is another program", runs, is_another).await;
        }
        desktop.person.answers(&Script::choose(VAULT)).await;
        if becomes {
            let end = desktop.person.finished().await;
            assert_eq!(end["outcome"], "failed", "{end}");
            assert_eq!(end["error"], Reason::AccessDenied.dbus_name());
            assert_eq!(end["handed_over"], false);
            let message = end["message"].as_str().unwrap();
            assert!(message.contains("another program"), "{message}");
        } else {
            assert_eq!(desktop.person.progress().await["state"], "exporting");
            desktop.person.will(&Script::Hang);
            drop(app);
            desktop.person.finished().await;
        }
    }
}

#[tokio::test]
async fn an_app_that_is_upgraded_while_the_person_thinks_is_still_the_one_that_asked() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let words = caller::command_of(&program, Trick::Ask, PASSWORDS);
    let app = Caller::start(&mut on(&desktop, &words));
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["assurance"], "installed", "{asked}");
    // As a package manager does it: the new program takes the place of the one that runs.
    let new = system.install(Path::new(&program), "passwords.new", &[]);
    std::fs::rename(new, &program).unwrap();
    desktop.person.answers(&Script::choose(VAULT)).await;
    assert_eq!(desktop.person.progress().await["state"], "exporting");
    desktop.person.will(&Script::Hang);
    drop(app);
    desktop.person.finished().await;
}

#[tokio::test]
async fn an_interpreter_and_a_program_that_was_removed_name_nobody() {
    let Some(system) = System::build() else {
        return;
    };
    let app = credex_tests::programs::calling_app();
    let python = system.install(&app, "python3.11", &[OTHER]);
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let words = caller::command_of(&python, Trick::Ask, OTHER);
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (OTHER, "unverified"));
    let words = caller::command_of(&program, Trick::Ask, PASSWORDS);
    let gated = ["sh", "-c", r#"read -r line; exec "$@""#, "sh"].map(str::to_owned);
    let mut removed = on(&desktop, &[&gated[..], &words].concat());
    // It asks as soon as it is there, so the daemon stands still until the program is removed.
    let mut app = Caller::start(&mut removed);
    let (mut desktop, program) = (desktop, Path::new(&program));
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    app.tell("go");
    let runs = || std::fs::read_link(format!("/proc/{}/exe", app.pid())).ok();
    eventually("the program to run", runs, |exe| {
        exe.as_deref() == Some(program)
    })
    .await;
    std::fs::remove_file(program).unwrap();
    daemon.signal(Signal::CONT);
    assert_eq!(app.said().await, "asked");
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["assurance"], "unverified", "{asked}");
}

#[tokio::test]
async fn who_leaves_a_connection_to_a_child_and_becomes_a_program_of_the_system_is_a_claim() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let sleep = system.install(Path::new("/bin/sleep"), "sleeper", &[OTHER]);
    let also_connects = caller::command_of(&program, Trick::Ask, "");
    let sleeps = vec![sleep, "600".to_owned()];
    for (trick, become_this, claim) in [
        (Trick::Become, &sleeps, OTHER),
        (Trick::BecomeSharing, &sleeps, OTHER),
        (Trick::Become, &also_connects, PASSWORDS),
        (Trick::BecomeSharing, &also_connects, PASSWORDS),
    ] {
        let words = [caller::command(trick, claim), become_this.clone()].concat();
        let mut app = Caller::start(&mut on(&desktop, &words));
        assert_eq!(app.said().await, "asked");
        let questions = if become_this == &also_connects { 2 } else { 1 };
        for _ in 0..questions {
            let asked = desktop.person.asked().await;
            assert_eq!(
                asked["exporter"]["assurance"], "unverified",
                "{trick:?}: {asked}"
            );
        }
    }
}

/// What `make` returns where there is another network; `None`, and why on standard error, where none can be had.
fn in_another_network<T: Send>(make: impl FnOnce() -> T + Send) -> Option<T> {
    let made = || {
        // SAFETY: it takes no file from anybody, and the thread ends here.
        #[allow(unsafe_code)]
        let left = unsafe { unshare_unsafe(UnshareFlags::NEWNET) };
        match left {
            Ok(()) => Some(make()),
            Err(error) => {
                eprintln!("not tried: a network namespace cannot be had here: {error}");
                None
            }
        }
    };
    std::thread::scope(|scope| scope.spawn(made).join().unwrap())
}

#[tokio::test]
async fn a_connection_from_another_network_does_not_make_up_for_one_without_a_name() {
    let Some(system) = System::build() else {
        return;
    };
    let (mut desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let address = desktop.bus.address().to_owned();
    let Some(_elsewhere) = in_another_network(|| RawPeer::at(&address)) else {
        return;
    };
    let words = caller::command_of(&program, Trick::Ask, "");
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "installed"), "it lowers nobody");
    let level = level_of_who_leaves_a_connection_without_a_name(&mut desktop, &program).await;
    assert_eq!(level, "unverified");
}

/// That of who leaves its connection to a child, after which `program` of the system has connected in its place, but
/// not introduced itself.
async fn level_of_who_leaves_a_connection_without_a_name(
    desktop: &mut Desktop,
    program: &str,
) -> String {
    let becomes = caller::command_of(program, Trick::Mute, "");
    let words = [caller::command(Trick::Become, PASSWORDS), becomes].concat();
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    let mut app = Caller::start(&mut on(desktop, &words));
    let mut said = [app.said().await, app.said().await];
    said.sort();
    assert_eq!(said, ["asked", "connected"]);
    daemon.signal(Signal::CONT);
    let asked = desktop.person.asked().await;
    let level = asked["exporter"]["assurance"].as_str().unwrap();
    level.to_owned()
}

#[tokio::test]
async fn connections_that_come_and_go_do_not_make_up_for_one_without_a_name() {
    let Some(system) = System::build() else {
        return;
    };
    let (mut desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let address = desktop.bus.address().to_owned();
    let (going_on, end) = std::sync::mpsc::channel::<()>();
    let coming_and_going = std::thread::spawn(move || {
        while end.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            RawPeer::at(&address);
            // At times there is none.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    for _ in 0..20 {
        let level = level_of_who_leaves_a_connection_without_a_name(&mut desktop, &program).await;
        assert_eq!(level, "unverified");
    }
    drop(going_on);
    coming_and_going.join().unwrap();
}

/// As in another mount namespace: a container with a session of its own, and the host's network.
#[tokio::test]
async fn the_connections_of_another_bus_of_the_same_name_lower_nobody() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let (_, path) = desktop.bus.address().split_once("path=").unwrap();
    let path = path.split(',').next().unwrap();
    let aside = format!("{path}.aside");
    std::fs::rename(path, &aside).unwrap();
    let other = UnixListener::bind(path).unwrap();
    let _calling = UnixStream::connect(path).unwrap();
    let _called = other.accept().unwrap();
    std::fs::rename(&aside, path).unwrap();
    let words = caller::command_of(&program, Trick::Ask, "");
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "installed"));
}

#[tokio::test]
async fn a_socket_of_another_network_that_is_on_its_way_through_the_bus_lowers_nobody() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let Some((socket, _other)) = in_another_network(|| UnixStream::pair().unwrap()) else {
        return;
    };
    let inode = std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()));
    let name = format!("socket:[{}]", inode.unwrap().ino());
    // Somebody who does not read, and so many messages that the bus has to keep some.
    let mut deaf = RawPeer::at(desktop.bus.address());
    let bus = Message::method_call("/org/freedesktop/DBus", "RequestName").unwrap();
    let bus = bus.destination("org.freedesktop.DBus").unwrap();
    deaf.send(&bus.build(&(OTHER, 0_u32)).unwrap());
    let sender = desktop.bus.connect().await;
    let proxy = zbus::fdo::DBusProxy::new(&sender).await.unwrap();
    let name_of_deaf = BusName::try_from(OTHER).unwrap();
    while !proxy.name_has_owner(name_of_deaf.clone()).await.unwrap() {
        tokio::task::yield_now().await;
    }
    let long = "x".repeat(1 << 20);
    for _ in 0..4 {
        let call = Message::method_call("/", "Take").unwrap();
        let call = call.destination(OTHER).unwrap();
        let call = call.with_flags(Flags::NoReplyExpected).unwrap();
        let body = (&long, Fd::from(&socket));
        sender.send(&call.build(&body).unwrap()).await.unwrap();
    }
    let bus = desktop.bus.peer();
    let keeps = |files: &Option<Vec<String>>| files.as_ref().is_some_and(|it| it.contains(&name));
    eventually("the bus keeps the socket", || bus.open_files(), keeps).await;
    let words = caller::command_of(&program, Trick::Ask, "");
    let who = introduced(&desktop, on(&desktop, &words)).await;
    assert_eq!(as_level(&who), (PASSWORDS, "installed"));
    assert!(keeps(&bus.open_files()));
}

#[tokio::test]
async fn a_library_preloaded_into_a_program_of_the_system_gets_no_further_than_installed() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let library = caller::parts().into_iter().find(|part| {
        part.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("libgcc_s"))
    });
    let words = caller::command_of(&program, Trick::Ask, PASSWORDS);
    let mut preloaded = on(&desktop, &words);
    preloaded.env(
        "LD_PRELOAD",
        library.expect("the app needs the library of the compiler"),
    );
    let who = introduced(&desktop, preloaded).await;
    assert_eq!(as_level(&who), (PASSWORDS, "installed"));
}

#[tokio::test]
async fn an_app_that_hides_its_process_is_served_as_a_claim() {
    let Some(system) = System::build() else {
        return;
    };
    // Root sees everything, so it is root without that right.
    let blind = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all"];
    let plan = Desktop::plan().started_by(&blind);
    let (desktop, _importer, program) = with_installed(&system, plan).await;
    for (trick, level) in [
        (Trick::Ask, "installed"),
        (Trick::AskUndumpable, "unverified"),
    ] {
        let words = caller::command_of(&program, trick, PASSWORDS);
        let words = [blind.map(str::to_owned).to_vec(), words].concat();
        let who = introduced(&desktop, on(&desktop, &words)).await;
        assert_eq!(as_level(&who), (PASSWORDS, level), "{trick:?}");
    }
}

#[tokio::test]
async fn a_caller_that_is_gone_before_it_is_looked_up_is_nobody_also_when_its_number_is_anothers() {
    let Some(system) = System::build() else {
        return;
    };
    let (mut desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let sleep = system.install(Path::new("/bin/sleep"), "sleeper", &[OTHER]);
    let daemon = desktop.daemon().peer();
    for recycled in [false, true] {
        daemon.freeze().await;
        let words = caller::command_of(&program, Trick::Ask, PASSWORDS);
        let monitor = credex_tests::monitor::Monitor::listen(&desktop, drop).await;
        let app = Caller::start(&mut on(&desktop, &words));
        monitor.hears("RequestExport").await;
        let pid = app.pid();
        drop(app);
        let _successor = if recycled { recycle(pid, &sleep) } else { None };
        daemon.signal(Signal::CONT);
        let onlooker = credex_tests::exporter::Exporter::join(&desktop).await;
        assert_eq!(onlooker.status().await.exchanges, Some(0));
        nobody_was_asked(&desktop);
    }
}

#[tokio::test]
async fn a_number_that_was_given_to_a_program_of_the_system_lends_its_name_to_nobody() {
    let Some(system) = System::build() else {
        return;
    };
    let (mut desktop, _importer, _) = with_installed(&system, Desktop::plan()).await;
    let sleep = system.install(Path::new("/bin/sleep"), "sleeper", &[OTHER]);
    let daemon = desktop.daemon().peer();
    daemon.freeze().await;
    // It ends as another program, and its child has the connection and asks.
    let words = [
        caller::command(Trick::Become, OTHER),
        vec!["/bin/true".into()],
    ]
    .concat();
    let mut app = Caller::start(&mut on(&desktop, &words));
    assert_eq!(app.said().await, "asked");
    let pid = app.pid();
    app.reap();
    let successor = recycle(pid, &sleep);
    daemon.signal(Signal::CONT);
    if successor.is_some() {
        let asked = desktop.person.asked().await;
        assert_eq!(asked["exporter"]["assurance"], "unverified", "{asked}");
    }
}

/// Starts `sleep` as the process `pid`; `None`, and why on standard error, if that cannot be had.
fn recycle(pid: u32, sleep: &str) -> Option<credex_tests::process::Process> {
    for _ in 0..200 {
        let last = (pid - 1).to_string();
        if let Err(error) = std::fs::write("/proc/sys/kernel/ns_last_pid", last) {
            eprintln!("not tried: a process number cannot be chosen here: {error}");
            return None;
        }
        let mut command = Command::new(sleep);
        let log = Path::new("/dev/null");
        let process = credex_tests::process::Process::start(command.arg("600"), log);
        if process.pid() == pid {
            return Some(process);
        }
    }
    eprintln!("not tried: the process number {pid} was taken by others each time");
    None
}

/// A control group of this name; `None`, and why on standard error, where none can be made.
struct Group(std::path::PathBuf);

impl Group {
    fn build(name: &str) -> Option<Group> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let mut mounts = mounts
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>());
        let Some(root) = mounts.find(|fields| fields.get(2) == Some(&"cgroup2")) else {
            eprintln!("not tried: there is no unified hierarchy of control groups");
            return None;
        };
        let path = Path::new(root[1]).join(name);
        match std::fs::create_dir(&path) {
            Ok(()) => Some(Group(path)),
            Err(error) => {
                eprintln!("not tried: a control group cannot be made: {error}");
                None
            }
        }
    }

    /// The words that put a command into it.
    fn enter(&self, words: &[String]) -> Vec<String> {
        let script = r#"echo $$ >"$1/cgroup.procs" && shift && exec "$@""#;
        let enter = ["sh", "-c", script, "sh"].map(str::to_owned);
        [&enter[..], &[self.0.display().to_string()], words].concat()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its processes have ended, but may not have left yet.
        for _ in 0..1000 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_unit_may_bear_any_name_and_only_speaks_against_who_is_in_it() {
    let Some(system) = System::build() else {
        return;
    };
    let (desktop, _importer, program) = with_installed(&system, Desktop::plan()).await;
    let number = std::process::id();
    let anybody = caller::command(Trick::Ask, PASSWORDS);
    let passwords = caller::command_of(&program, Trick::Ask, PASSWORDS);
    for (unit, words, level) in [
        (
            format!("app-{PASSWORDS}-{number}.scope"),
            &anybody,
            "unverified",
        ),
        (
            format!("app-{PASSWORDS}-{number}.scope"),
            &passwords,
            "installed",
        ),
        (
            format!("app-{OTHER}-{number}.scope"),
            &passwords,
            "unverified",
        ),
        (
            format!("snap.passwords.passwords-{}.scope", uuid(number)),
            &anybody,
            "unverified",
        ),
        (
            format!("snap.passwords.passwords-{}.scope", uuid(number)),
            &passwords,
            "unverified",
        ),
    ] {
        let Some(group) = Group::build(&unit) else {
            return;
        };
        let who = introduced(&desktop, on(&desktop, &group.enter(words))).await;
        assert_eq!(as_level(&who), (PASSWORDS, level), "{unit}");
    }
}

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}
