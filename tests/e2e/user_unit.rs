//! The service as it is installed: started by the bus as a unit of a real systemd, which manages the session
//! of an ordinary user (`systemd/README.md`). Each story is set up by root and played by that user.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;

use credex::{Change, Password, SharedWebCredentials};
use credex_tests::app::{self, Entry, Role};
use credex_tests::caller::{self, Caller, Trick};
use credex_tests::chooser::{Script, pid};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::flatpak::{self, Flatpak};
use credex_tests::importer::Importer;
use credex_tests::patience::{eventually, within};
use credex_tests::process::Peer;
use credex_tests::user_manager::{UNITS, USER, UserManager, is_played};
use credex_tests::website::{Authority, Identity, Page, Website};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, recv, send, socket};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::Signal;
use zbus::fdo::DBusProxy;

use crate::confined::told;
use crate::scene::{COUNTS, VAULT, payload};

const SHOP: &str = "org.example.Shop";
const AUTHORITY: &str = "/etc/credex/test-authority.pem";
/// Where the story reads how the website is called.
const HOST: &str = "/etc/credex/test-host";

/// Has the user play `story`, a test of this file, with this configuration. Every one of `logged` must then
/// have been logged.
async fn play(story: &str, configured: &str, logged: &[&str]) {
    let Some(manager) = UserManager::open().await else {
        return;
    };
    manager.install_service(configured).await;
    manager.play(&format!("user_unit::{story}")).await;
    for text in logged {
        eventually(text, || manager.log(), |log| log.contains(text)).await;
    }
}

/// The process of the service that serves now; the bus starts one if there is none.
async fn service(desktop: &Desktop) -> u32 {
    let bus = desktop.bus.connect().await;
    let bus = DBusProxy::new(&bus).await.unwrap();
    Exporter::join(desktop).await.status().await;
    let name = credex_protocol::names::BUS_NAME.try_into().unwrap();
    bus.get_connection_unix_process_id(name).await.unwrap()
}

/// What is in force, or is as far as a kernel has it that is older than what it is written for.
fn is_in_force(state: &str) -> bool {
    state == "in-force" || state.contains("this kernel's Landlock is older")
}

/// Confined no more than whatever the person starts.
#[track_caller]
fn is_free(pid: u32) {
    assert_eq!(told(pid, "Seccomp"), "0");
    assert_eq!(told(pid, "NoNewPrivs"), "0");
}

/// Systemd may still be at it.
async fn has_its_scope(importer: u32) {
    let scope = format!("app-credex-{VAULT}-{importer}.scope");
    eventually(&scope, || unit_of(importer), |unit| *unit == scope).await;
}

/// Whom there are in its user namespace: first number, the same outside, and how many.
fn users_of(pid: u32) -> String {
    let map = std::fs::read_to_string(format!("/proc/{pid}/uid_map")).unwrap();
    map.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unit_of(pid: u32) -> String {
    let group = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let unit = group.trim().rsplit('/').next().unwrap_or_default();
    unit.to_owned()
}

#[tokio::test]
async fn the_bus_starts_the_unit_which_is_hardened_and_what_it_starts_is_not() {
    if !is_played() {
        let story = "the_bus_starts_the_unit_which_is_hardened_and_what_it_starts_is_not";
        let completed = format!("to {VAULT} [launched]: completed");
        return play(story, "", &[&completed]).await;
    }
    let desktop = Desktop::in_session();
    desktop.person.will(&Script::choose(VAULT));
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));

    let daemon = service(&desktop).await;
    assert_eq!(unit_of(daemon), "credexd.service");
    assert_eq!(told(daemon, "Seccomp"), "2");
    assert_eq!(told(daemon, "NoNewPrivs"), "1");
    assert_eq!(told(daemon, "CapBnd"), "0000000000000000");
    assert_eq!(users_of(daemon), format!("{USER} {USER} 1"));
    let exporter = Exporter::join(&desktop).await;
    let protections = exporter.status().await.protections.unwrap();
    assert!(protections.contains_key("witness"), "{protections:?}");
    for (name, state) in protections {
        assert!(is_in_force(&state), "{name}: {state}");
    }
    let daemon = Peer::of_pid(daemon).unwrap();
    assert!(daemon.children().is_empty(), "it starts nothing itself");

    let session = exporter.agreed(COUNTS).await;
    let chooser = pid(&desktop.person.asked().await);
    is_free(chooser);
    assert!(unit_of(chooser).starts_with("credex-launcher@"));
    session.deposit(&payload(), COUNTS).await.unwrap();
    let offer = reports.next("offer").await;
    let importer = pid(&offer);
    is_free(importer);
    has_its_scope(importer).await;
    reports.next("imported").await;
    assert_eq!(session.receipt().await.0["note"].succeeded, 1);
}

#[tokio::test]
async fn the_unit_leaves_when_idle_and_starts_again() {
    if !is_played() {
        let story = "the_unit_leaves_when_idle_and_starts_again";
        return play(story, "[seconds]\nidle = 1", &[]).await;
    }
    let desktop = Desktop::in_session();
    let first = Peer::of_pid(service(&desktop).await).unwrap();
    let listening = || {
        let runtime = std::env::var("XDG_RUNTIME_DIR").unwrap();
        let sockets = ["launcher", "witness", "fetcher", "dialler"]
            .map(|name| format!("{runtime}/credex/{name}"));
        sockets.map(|socket| std::path::Path::new(&socket).exists())
    };
    // All but one come right after the service.
    eventually("the sockets", listening, |now| *now == [true; 4]).await;
    first.ended().await;
    eventually("the end of the sockets, too", listening, |now| {
        *now == [false; 4]
    })
    .await;
    assert_ne!(service(&desktop).await, first.pid());
    eventually("the sockets again", listening, |now| *now == [true; 4]).await;
}

#[tokio::test]
async fn an_app_that_the_unit_started_outlives_it() {
    if !is_played() {
        return play("an_app_that_the_unit_started_outlives_it", "", &[]).await;
    }
    let desktop = Desktop::in_session();
    desktop.person.will(&Script::choose(VAULT));
    let reports = desktop.reports("importer");
    let command = app::command(&reports, VAULT, Role::Announce);
    desktop.install(&Entry::importer(VAULT).exec(&command));
    let session = Exporter::join(&desktop).await.agreed(COUNTS).await;
    session.deposit(&payload(), COUNTS).await.unwrap();
    let importer = pid(&reports.next("offer").await);
    session.receipt().await;
    let first = Peer::of_pid(service(&desktop).await).unwrap();
    first.signal(Signal::TERM);
    first.ended().await;
    assert_ne!(service(&desktop).await, first.pid());
    // It belongs to nobody who ended.
    has_its_scope(importer).await;
}

#[tokio::test]
async fn under_the_unit_a_flatpak_and_a_process_that_hides_are_known() {
    if !is_played() {
        let story = "under_the_unit_a_flatpak_and_a_process_that_hides_are_known";
        return play(story, "", &[]).await;
    }
    let desktop = Desktop::in_session();
    desktop.person.will(&Script::Hang);
    let _importer = Importer::announced(&desktop, VAULT).await;
    let words = caller::command(Trick::AskUndumpable, "org.example.Hidden");
    let mut command = std::process::Command::new(&words[0]);
    command.args(&words[1..]);
    is_known(&desktop, command, "org.example.Hidden", "unverified").await;
    let Some(flatpak) = Flatpak::install(&desktop) else {
        return;
    };
    is_known(&desktop, flatpak.run(""), flatpak::APP, "sandboxed").await;
}

async fn is_known(desktop: &Desktop, mut command: std::process::Command, id: &str, level: &str) {
    let mut app = Caller::start(&mut command);
    assert_eq!(app.said().await, "asked");
    let asked = desktop.person.asked().await;
    assert_eq!(asked["exporter"]["app_id"], id, "{asked}");
    assert_eq!(asked["exporter"]["assurance"], level, "{asked}");
}

#[tokio::test]
async fn under_the_unit_a_website_is_asked_by_the_units_of_the_fetcher_and_of_the_dialler() {
    let story = "under_the_unit_a_website_is_asked_by_the_units_of_the_fetcher_and_of_the_dialler";
    let Some(protections) = asks_a_website(story, "").await else {
        return;
    };
    for name in ["fetcher", "fetcher-unit", "dialler", "dialler-unit"] {
        assert!(is_in_force(&protections[name]), "{protections:?}");
    }
}

/// A connection that was made in another network namespace is all that it has. One of the site's files does not come
/// for as long as there must be a fetcher to look at.
#[tokio::test]
async fn the_unit_of_the_fetcher_has_no_network() {
    let story = "the_unit_of_the_fetcher_has_no_network";
    if is_played() {
        asks_a_website(story, "").await.unwrap();
        return;
    }
    let Some((manager, site)) = with_a_website("memory", "").await else {
        return;
    };
    site.serve("/.well-known/apple-app-site-association", Page::Silence);
    let network = |pid| Some(std::fs::metadata(format!("/proc/{pid}/ns/net")).ok()?.ino());
    let ours = network(std::process::id()).unwrap();
    let looking = async {
        let site = site;
        let look = || {
            // One that has asked for its file is no longer on its way into its network.
            let asked = site.requests().len() > 1;
            let fetchers = manager.processes_of("credex-fetcher@").into_iter();
            (asked, fetchers.filter_map(network).collect::<Vec<_>>())
        };
        let waits = |(asked, networks): &(bool, Vec<u64>)| *asked && !networks.is_empty();
        let (_, networks) = eventually("a fetcher that waits for the site", look, waits).await;
        networks
    };
    let story = format!("user_unit::{story}");
    let (networks, ()) = tokio::join!(looking, manager.play(&story));
    assert!(!networks.contains(&ours), "{networks:?}");
}

/// As where ordinary programs get no user namespace.
#[tokio::test]
async fn a_fetcher_and_a_dialler_whose_units_do_not_start_confine_themselves_and_that_is_said() {
    let story =
        "a_fetcher_and_a_dialler_whose_units_do_not_start_confine_themselves_and_that_is_said";
    let broken = "[Service]\nExecStart=\nExecStart=/bin/false\n";
    let Some(protections) = asks_a_website(story, broken).await else {
        return;
    };
    for name in ["fetcher", "dialler"] {
        assert!(is_in_force(&protections[name]), "{protections:?}");
        let unit = &protections[&format!("{name}-unit")];
        assert!(unit.contains("does not start"), "{protections:?}");
    }
}

/// A password is saved for a website that names the app. `changed` is a drop-in for the units of the fetcher and the
/// dialler. To whom plays it, what then protects the service.
async fn asks_a_website(story: &str, changed: &str) -> Option<BTreeMap<String, String>> {
    if !is_played() {
        let (manager, site) = with_a_website("memory", changed).await?;
        manager.play(&format!("user_unit::{story}")).await;
        assert!(!site.requests().is_empty());
        return None;
    }
    let desktop = Desktop::in_session();
    desktop.person.will(&Script::agree());
    let (app, host) = shop(&desktop).await;
    let password = Password::new(b"correct horse".to_vec()).unwrap();
    let added = app.add(&host, "ada", &password).await;
    assert_eq!(added.unwrap(), Change::Added);
    // The service changes few other files than this one.
    desktop.person.will(&Script::Never);
    let refused = app.add(&host, "bea", &password).await.unwrap_err();
    assert!(refused.to_string().contains("never"), "{refused}");
    let decisions = std::fs::read_to_string(desktop.path("data/credex/decisions.json"));
    assert!(decisions.unwrap().contains(SHOP));
    let status = Exporter::join(&desktop).await.status().await;
    status.protections
}

/// The app that the website names, and how that is called.
async fn shop(desktop: &Desktop) -> (SharedWebCredentials, String) {
    let host = std::fs::read_to_string(HOST).unwrap();
    let group = format!("[org.credex.WebCredentials1]\nDomains={host};\n");
    desktop.install(&Entry::new(SHOP).group(&group));
    let app = SharedWebCredentials::connect_to(desktop.bus.address(), SHOP);
    (app.await.unwrap(), host)
}

/// The service installed, which keeps passwords in `store`, with `changed` as by [`asks_a_website`], and the website.
async fn with_a_website(store: &str, changed: &str) -> Option<(UserManager, Website)> {
    let manager = UserManager::open().await?;
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    let names = format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{SHOP}\"}}}}]"
    );
    site.serve("/.well-known/assetlinks.json", Page::json(&names));
    manager.install(authority.file(), AUTHORITY);
    manager.write(HOST, &site.host());
    for name in ["fetcher", "dialler"] {
        let drop_in = format!("/etc/systemd/user/credex-{name}@.service.d/story.conf");
        manager.write(&drop_in, changed);
    }
    let configured = format!(
        "[web_credentials]\ndeveloper = true\nstore = {store:?}\nauthority = {AUTHORITY:?}"
    );
    manager.install_service(&configured).await;
    Some((manager, site))
}

/// Else its passwords would be split over two stores once it is gone.
#[tokio::test]
async fn under_the_unit_it_is_remembered_that_there_was_a_keyring() {
    if !is_played() {
        let Some((manager, _site)) = with_a_website("keyring", "").await else {
            return;
        };
        let story = "user_unit::under_the_unit_it_is_remembered_that_there_was_a_keyring";
        return manager.play(story).await;
    }
    let desktop = Desktop::in_session();
    desktop.person.will(&Script::agree());
    let keyring = desktop.bus.connect().await;
    keyring
        .request_name("org.freedesktop.secrets")
        .await
        .unwrap();
    let (app, host) = shop(&desktop).await;
    let password = Password::new(b"correct horse".to_vec()).unwrap();
    let runtime = std::env::var("XDG_RUNTIME_DIR").unwrap();
    let mark = std::path::Path::new(&runtime).join("credex/keyring-seen");
    let marked = eventually("the mark", || mark.exists(), |&is_there| is_there);
    // This keyring does not answer.
    tokio::select! {
        added = app.add(&host, "ada", &password) => assert!(mark.exists(), "{added:?}"),
        _ = marked => {}
    }
}

#[tokio::test]
async fn the_launchers_socket_starts_nothing_for_anybody_but_the_service() {
    if !is_played() {
        let story = "the_launchers_socket_starts_nothing_for_anybody_but_the_service";
        return play(story, "", &["is not credexd.service"]).await;
    }
    let desktop = Desktop::in_session();
    service(&desktop).await;
    // One that the launcher would answer, with a refusal.
    let stranger = Stranger::connect("launcher").await;
    stranger.say(&serde_json::json!({
        "serial": 1, "argv": [], "environment": [], "fds": [],
    }));
    assert_eq!(stranger.hears().await, 0, "it answered");
}

#[tokio::test]
async fn the_witness_serves_nobody_but_the_service() {
    if !is_played() {
        let story = "the_witness_serves_nobody_but_the_service";
        return play(story, "", &["is not credexd.service"]).await;
    }
    let desktop = Desktop::in_session();
    let daemon = service(&desktop).await;
    let stranger = Stranger::connect("witness").await;
    stranger.say(&serde_json::json!("Owner"));
    // The one that looks for the service does not even look at others; its successor does.
    end_witness(daemon).await;
    assert_eq!(stranger.hears().await, 0, "it answered");
    assert_eq!(service(&desktop).await, daemon);
    assert_eq!(witnesses(daemon).len(), 1, "it waits for the service");
}

/// The socket that is called so, and may come a moment after the service.
async fn opened(name: &str) -> String {
    let runtime = std::env::var("XDG_RUNTIME_DIR").unwrap();
    let path = format!("{runtime}/credex/{name}");
    let is_there = || std::path::Path::new(&path).exists();
    eventually("the socket", is_there, |&is_there| is_there).await;
    path
}

/// Who connects to a socket that is for the service.
struct Stranger(OwnedFd);

impl Stranger {
    async fn connect(name: &str) -> Stranger {
        let path = opened(name).await;
        let socket = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
        connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
        Stranger(socket)
    }

    /// It may have been hung up on already.
    fn say(&self, request: &serde_json::Value) {
        send(&self.0, request.to_string().as_bytes(), SendFlags::NOSIGNAL).ok();
    }

    /// How much it hears before it is hung up on.
    async fn hears(self) -> usize {
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = [0; 1024];
            recv(self.0, &mut answer, RecvFlags::empty()).map_or(0, |(length, _)| length)
        });
        within("the end of the connection", answer).await.unwrap()
    }
}

#[tokio::test]
async fn a_witness_that_died_is_followed_by_another() {
    if !is_played() {
        return play("a_witness_that_died_is_followed_by_another", "", &[]).await;
    }
    let desktop = Desktop::in_session();
    let daemon = service(&desktop).await;
    let first = end_witness(daemon).await;
    assert_eq!(service(&desktop).await, daemon, "it goes on");
    assert!(matches!(witnesses(daemon)[..], [second] if second != first));
}

/// The processes that look at callers for this service.
fn witnesses(daemon: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // Other stories have managers of their own.
    let is_one = |&pid: &u32| {
        let read = |name| std::fs::read_to_string(format!("/proc/{pid}/{name}"));
        let group = read("cgroup").unwrap_or_default();
        let parent = format!("PPid:\t{}\n", told(daemon, "PPid"));
        group.contains("/credex-witness.service")
            && read("status").is_ok_and(|status| status.contains(&parent))
    };
    pids.filter(is_one).collect()
}

/// Kills the one witness that there is, which was this process.
async fn end_witness(daemon: u32) -> u32 {
    let [witness] = witnesses(daemon)[..] else {
        panic!("one witness: {:?}", witnesses(daemon));
    };
    let witness = Peer::of_pid(witness).unwrap();
    witness.signal(Signal::KILL);
    witness.ended().await;
    witness.pid()
}

/// What the generator writes where ordinary programs get no user namespace is given to a manager that would give
/// them one.
#[tokio::test]
async fn where_there_are_no_user_namespaces_the_service_does_without_and_says_so() {
    if !is_played() {
        let Some(manager) = UserManager::open().await else {
            return;
        };
        assert_eq!(generated("true"), None, "here there are some");
        let changed = generated("echo 0 >/proc/sys/user/max_user_namespaces").unwrap();
        let drop_in = "/etc/systemd/user/credexd.service.d/50-no-user-namespace.conf";
        manager.write(drop_in, &changed);
        manager.install_service("").await;
        let story = "where_there_are_no_user_namespaces_the_service_does_without_and_says_so";
        return manager.play(&format!("user_unit::{story}")).await;
    }
    let desktop = Desktop::in_session();
    let daemon = service(&desktop).await;
    assert_eq!(users_of(daemon), users_of(std::process::id()));
    assert_eq!(told(daemon, "NoNewPrivs"), "1");
    let exporter = Exporter::join(&desktop).await;
    let mut protections = exporter.status().await.protections.unwrap();
    let lacks = protections.remove("user-namespace").unwrap();
    assert!(lacks.contains("allows ordinary programs none"), "{lacks}");
    for (name, state) in protections {
        assert!(is_in_force(&state), "{name}: {state}");
    }
}

/// What the generator of the package writes, after `restriction` was run in a user namespace of its own.
fn generated(restriction: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    let script = format!("{restriction}; exec sh {UNITS}/credex-user-namespaces \"$0\"");
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", &script]);
    assert!(command.arg(directory.path()).status().unwrap().success());
    let written = directory.path().join("credexd.service.d");
    let written = std::fs::read_dir(written).ok()?.next()?.unwrap();
    Some(std::fs::read_to_string(written.path()).unwrap())
}

/// From inside of its user namespace everybody but the person looks the same.
#[tokio::test]
async fn the_unit_believes_no_configuration_but_roots() {
    let Some(manager) = UserManager::open().await else {
        return;
    };
    manager.install_service("").await;
    let ask = |expected| {
        let ask = "busctl --user introspect org.credex.Exchange1 /org/credex/Exchange1";
        format!("{ask} >/dev/null 2>&1 {expected}")
    };
    manager.run(&["sh", "-c", &ask("")]).await;
    manager
        .run(&["systemctl", "--user", "stop", "credexd.service"])
        .await;
    let file = manager.outside("/etc/credex/credexd.conf");
    std::os::unix::fs::chown(file, Some(4343), None).unwrap();
    manager
        .run(&["sh", "-c", &ask("&& exit 1 || exit 0")])
        .await;
    let told = |log: &String| log.contains("4343") && log.contains("/etc/credex/credexd.conf");
    eventually("why it does not start", || manager.log(), told).await;
}

/// Whether the kernel tells a program that sees nobody who calls it.
fn knows_control_groups() -> bool {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next().and_then(|number| number.parse().ok());
    let version: (Option<u32>, Option<u32>) = (next(), next());
    version >= (Some(6), Some(13))
}

#[tokio::test]
async fn the_diallers_socket_connects_nobody_but_the_service() {
    if !knows_control_groups() {
        eprintln!("not tried: this kernel is older than Linux 6.13");
        return;
    }
    if !is_played() {
        let story = "the_diallers_socket_connects_nobody_but_the_service";
        return play(story, "", &["which calls, is not credexd.service"]).await;
    }
    let desktop = Desktop::in_session();
    service(&desktop).await;
    for program in ["dialler", "fetcher"] {
        let path = opened(program).await;
        let answer = tokio::task::spawn_blocking(move || {
            let mut socket = UnixStream::connect(path).unwrap();
            // What both would answer, if only that it cannot be done. They may have hung up already.
            let request = serde_json::json!({
                "host": "nowhere.invalid", "port": 443, "timeout": 10_000, "loopback": false,
                "url": "https://nowhere.invalid/", "developer": null,
            });
            socket.write_all(format!("{request}\n").as_bytes()).ok();
            socket.shutdown(Shutdown::Write).ok();
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer).ok();
            answer
        });
        let answer = within("the program to hang up", answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), "", "{program} answered");
    }
}
