//! What the running service has given up, what it says of that, and that what it starts keeps it all
//! (`daemon/README.md`, "Confinement"). Under systemd: `user_unit`.

use credex_tests::app::{self, Entry, Role};
use credex_tests::chooser::pid;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::patience::eventually;
use credex_tests::process::Peer;
use rustix::process::Signal;

use crate::scene::{COUNTS, VAULT, payload};

/// A line of `/proc/PID/status`.
pub(crate) fn told(pid: u32, key: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.expect(key).trim_start_matches(':').trim().to_owned()
}

#[tokio::test]
async fn the_service_confines_itself_and_says_so() {
    let mut desktop = Desktop::plan().open().await;
    let daemon = desktop.daemon().peer().pid();
    assert_eq!(told(daemon, "Seccomp"), "2");
    assert_eq!(told(daemon, "NoNewPrivs"), "1");
    let status = Exporter::join(&desktop).await.status().await;
    let protections = status.protections.unwrap();
    for name in [
        "seccomp",
        "no-new-privileges",
        "undumpable",
        "core-limit",
        "memory-locked",
    ] {
        assert_eq!(protections[name], "in-force", "{name}");
    }
    // What this start lacks is said, too, and not in silence.
    assert!(protections["unit"].contains("not started by its systemd unit"));
    assert!(desktop.log().contains("unit protects less than it could"));
}

#[tokio::test]
async fn what_the_service_starts_is_as_free_as_if_the_person_had_started_it() {
    let mut desktop = Desktop::sending_to(VAULT).await;
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(COUNTS).await;
    is_free(pid(&desktop.person.asked().await));
    session.deposit(&payload(), COUNTS).await.unwrap();
    is_free(pid(&reports.next("offer").await));
    reports.next("imported").await;
    let started = desktop.daemon().peer().children();
    let [launching] = started.as_slice() else {
        panic!("the service itself starts nothing else: {started:?}");
    };
    is_free(launching.pid());
}

#[tokio::test]
async fn the_launching_process_shares_no_socket_with_the_service_and_ends_when_that_is_killed() {
    let mut desktop = Desktop::plan().open().await;
    Exporter::join(&desktop).await.status().await;
    let daemon = desktop.daemon().peer();
    let [launching] = <[Peer; 1]>::try_from(daemon.children()).unwrap();
    let session = || told(launching.pid(), "NSsid");
    let leads = |session: &String| *session == launching.pid().to_string();
    eventually("the launching process to lead a session", session, leads).await;
    assert_eq!(told(launching.pid(), "Name"), "credexd-launch");
    match (daemon.open_files(), launching.open_files()) {
        (Some(files), Some(theirs)) => {
            let test = Peer::of_pid(std::process::id()).and_then(|test| test.open_files());
            let inherited = test.unwrap_or_default();
            let shared = |name: &&String| theirs.contains(name) && !inherited.contains(name);
            let sockets = files.iter().filter(|name| name.starts_with("socket:"));
            assert_eq!(sockets.filter(shared).count(), 0, "{files:?} {theirs:?}");
        }
        _ => eprintln!("what the two have open is not looked at, which only root may"),
    }
    daemon.signal(Signal::KILL);
    launching.ended().await;
}

/// Confined no more than this test.
#[track_caller]
fn is_free(pid: u32) {
    for key in ["Seccomp", "NoNewPrivs", "CapBnd"] {
        assert_eq!(told(pid, key), told(std::process::id(), key), "{key}");
    }
}
