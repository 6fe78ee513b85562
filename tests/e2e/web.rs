//! Shared web credentials (design §7): an app, a website on this computer, a person, and the real service
//! between them. Passwords are kept in its memory here; the stores have stories of their own.

use std::time::Duration;

use credex::{Change, Error, Password, PasswordFormat, Reason, SharedWebCredentials, Wanted};
use credex_tests::app::Entry;
use credex_tests::chooser::{Script, pid};
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::memory::{Memory, disguises};
use credex_tests::monitor::{Monitor, bytes, contains};
use credex_tests::patience::within;
use credex_tests::process::Peer;
use credex_tests::programs;
use credex_tests::website::{Authority, Identity, Page, Website};
use rustix::process::Signal;
use zbus::Message;
use zbus::message::{Flags, Type};

const APP: &str = "org.example.Shop";
const LINKS: &str = "/.well-known/assetlinks.json";
/// 32 letters that are nowhere else.
const SECRET: &str = "Uq7dT0fXw3rB9kLz5mVn2cHs8pJy4aGe";

/// A desktop with an app and its website.
struct Scene {
    desktop: Desktop,
    authority: Authority,
    site: Option<Website>,
    domain: String,
    app: SharedWebCredentials,
}

impl Scene {
    async fn open(script: Script) -> Scene {
        Scene::planned(Desktop::plan().chooser(script)).await
    }

    async fn planned(plan: Plan) -> Scene {
        Scene::keeping_in("memory", plan).await
    }

    async fn keeping_in(store: &str, plan: Plan) -> Scene {
        let authority = Authority::new();
        let plan = plan.configured(&format!(
            "[web_credentials]\ndeveloper = true\nstore = {store:?}\nauthority = {:?}",
            authority.file()
        ));
        let site = Website::open(&authority, Identity::Good);
        site.serve(LINKS, Page::json(statement(APP)));
        let desktop = plan.open().await;
        desktop.install(&declaring(&site.host()));
        let app = app(&desktop).await;
        Scene {
            domain: site.host(),
            site: Some(site),
            desktop,
            authority,
            app,
        }
    }

    async fn add(&self, account: &str, text: &str) -> credex::Result<Change> {
        self.app.add(&self.domain, account, &password(text)).await
    }

    fn requests(&self) -> usize {
        self.site.as_ref().unwrap().requests().len()
    }
}

async fn app(desktop: &Desktop) -> SharedWebCredentials {
    let app = SharedWebCredentials::connect_to(desktop.bus.address(), APP);
    app.await.unwrap()
}

fn declaring(domain: &str) -> Entry {
    let group = format!("[org.credex.WebCredentials1]\nDomains={domain};\n");
    Entry::new(APP).group(&group)
}

fn statement(app: &str) -> String {
    format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{app}\"}}}}]"
    )
}

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

/// Why it came to nothing, and in which stage.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: credex::Result<T>) -> (Reason, String) {
    match result.unwrap_err() {
        Error::Web(refusal) => (refusal.reason, refusal.stage),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_app_adds_changes_gets_and_deletes_a_password_with_the_persons_consent() {
    let scene = Scene::open(Script::agree()).await;
    let person = &scene.desktop.person;

    assert_eq!(scene.add("ada", "first").await.unwrap(), Change::Added);
    let asked = person.asked_for_consent().await;
    assert_eq!(asked["kind"], "add");
    assert_eq!(asked["domain"], "localhost");
    assert_eq!(asked["accounts"], serde_json::json!(["ada"]));
    assert_eq!(asked["developer"], true, "which the dialog shows");
    assert_eq!(asked["app"]["app_id"], APP);

    assert_eq!(scene.add("ada", SECRET).await.unwrap(), Change::Updated);
    assert_eq!(person.asked_for_consent().await["kind"], "update");
    assert_eq!(scene.add("ada", SECRET).await.unwrap(), Change::Unchanged);

    let got = scene.app.request(Wanted::any()).await.unwrap();
    assert_eq!(person.asked_for_consent().await["kind"], "choose");
    assert_eq!(
        (got.account.as_str(), got.domain.as_str()),
        ("ada", "localhost")
    );
    assert_eq!(format!("localhost:{}", got.port), scene.domain);
    assert_eq!(got.password.expose(), SECRET);

    let deleted = scene.app.delete(&scene.domain, "ada").await.unwrap();
    assert_eq!(deleted, Change::Deleted);
    assert_eq!(person.asked_for_consent().await["kind"], "delete");
    let again = scene.app.delete(&scene.domain, "ada").await.unwrap();
    assert_eq!(again, Change::Absent);
    let nothing = refused(scene.app.request(Wanted::any()).await);
    assert_eq!(nothing, (Reason::NoCredential, "store".to_owned()));
    let asked: Vec<_> = person.left();
    assert!(
        asked.iter().all(|report| report["said"] != "consent"),
        "nobody is asked where nothing would change: {asked:?}"
    );
}

#[tokio::test]
async fn the_person_picks_which_password_an_app_gets() {
    let scene = Scene::open(Script::agree()).await;
    for (account, text) in [("ada", "1"), ("bea", "2")] {
        scene.add(account, text).await.unwrap();
        scene.desktop.person.asked_for_consent().await;
    }
    let bea = Some("bea".to_owned());
    scene.desktop.person.will(&Script::Agree { account: bea });
    let got = scene.app.request(Wanted::any().domain(&scene.domain)).await;
    assert_eq!(got.unwrap().password.expose(), "2");
    let asked = scene.desktop.person.asked_for_consent().await;
    assert_eq!(asked["accounts"], serde_json::json!(["ada", "bea"]));
}

#[tokio::test]
async fn without_a_keyring_passwords_are_kept_in_a_file_that_a_passphrase_opens() {
    let plan = Desktop::plan().chooser(Script::agree());
    let mut scene = Scene::keeping_in("keyring", plan).await;
    assert_eq!(scene.add("ada", SECRET).await.unwrap(), Change::Added);
    let asked = scene.desktop.person.asked_for_passphrase().await;
    assert_eq!(asked["purpose"], "create");
    let file = scene.desktop.path("data/credex/web.keyring");
    assert!(!contains(&std::fs::read(&file).unwrap(), SECRET.as_bytes()));
    scene.desktop.start_daemon().await;
    scene.app = app(&scene.desktop).await;
    let got = scene.app.request(Wanted::any()).await.unwrap();
    assert_eq!(got.password.expose(), SECRET);
    let asked = scene.desktop.person.asked_for_passphrase().await;
    assert_eq!(asked["purpose"], "open");
    scene.desktop.person.will(&Script::Decline);
    scene.desktop.start_daemon().await;
    scene.app = app(&scene.desktop).await;
    let locked = refused(scene.app.request(Wanted::any()).await);
    assert_eq!(locked, (Reason::Locked, "store".to_owned()));
}

#[tokio::test]
async fn not_now_is_an_error_and_the_next_time_another_question() {
    let scene = Scene::open(Script::Decline).await;
    let declined = refused(scene.add("ada", "x").await);
    assert_eq!(declined, (Reason::Declined, "consent".to_owned()));
    assert!(scene.app.decisions().await.unwrap().is_empty());
    scene.desktop.person.will(&Script::agree());
    assert_eq!(scene.add("ada", "x").await.unwrap(), Change::Added);
}

#[tokio::test]
async fn never_is_remembered_until_the_person_takes_it_back() {
    let mut scene = Scene::open(Script::Never).await;
    let said = refused(scene.add("ada", "x").await);
    assert_eq!(said, (Reason::Never, "consent".to_owned()));
    scene.desktop.person.will(&Script::agree());
    scene.desktop.start_daemon().await;
    scene.app = app(&scene.desktop).await;
    let remembered = refused(scene.add("ada", "x").await);
    assert_eq!(remembered, (Reason::Never, "decision".to_owned()));
    let decisions = scene.app.decisions().await.unwrap();
    assert_eq!(decisions.len(), 1);
    assert_eq!(
        (decisions[0].app_id.as_str(), decisions[0].domain.as_str()),
        (APP, "localhost")
    );
    scene.app.revoke(APP, &decisions[0].domain).await.unwrap();
    assert_eq!(scene.add("ada", "x").await.unwrap(), Change::Added);
    let gone = scene.app.revoke(APP, "").await.unwrap_err();
    assert_eq!(gone.reason(), Some(Reason::NotFound));
}

#[tokio::test]
async fn a_domain_that_the_app_does_not_declare_is_none_of_its_business() {
    let scene = Scene::open(Script::agree()).await;
    scene.desktop.install(&declaring("example.org"));
    let refusal = refused(scene.add("ada", "x").await);
    assert_eq!(refusal, (Reason::NotDeclared, "declaration".to_owned()));
    assert_eq!(scene.requests(), 0, "the website is not even asked");
}

#[tokio::test]
async fn a_website_that_does_not_name_the_app_says_no() {
    let scene = Scene::open(Script::agree()).await;
    let site = scene.site.as_ref().unwrap();
    site.serve(LINKS, Page::json(statement("org.example.Other")));
    let refusal = refused(scene.add("ada", "x").await);
    assert_eq!(refusal, (Reason::NotAssociated, "association".to_owned()));
    // It has changed its mind: nobody has to wait until a cache is too old.
    site.serve(LINKS, Page::json(statement(APP)));
    assert!(scene.app.refresh(&scene.domain).await.unwrap().associated);
    assert_eq!(scene.add("ada", "x").await.unwrap(), Change::Added);
}

#[tokio::test]
async fn a_website_that_is_down_is_told_with_its_url_and_status() {
    let mut scene = Scene::open(Script::agree()).await;
    let site = scene.site.as_ref().unwrap();
    site.serve(LINKS, Page::Status(503));
    let error = scene.add("ada", "x").await.unwrap_err();
    let Error::Web(refusal) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.reason, Reason::SiteUnreachable);
    assert_eq!(refusal.status, Some(503));
    assert_eq!(
        refusal.url,
        Some(format!("https://{}{LINKS}", scene.domain))
    );
    scene.site = None;
    let refusal = refused(scene.app.refresh(&scene.domain).await);
    assert_eq!(refusal, (Reason::SiteUnreachable, "association".to_owned()));
}

#[tokio::test]
async fn without_developer_mode_this_computer_is_no_website() {
    let scene = Scene::open(Script::agree()).await;
    let plain = Desktop::plan().chooser(Script::agree());
    let plain = plain.configured("[web_credentials]\nstore = \"memory\"");
    let desktop = plain.open().await;
    desktop.install(&declaring(&scene.domain));
    let app = app(&desktop).await;
    let refusal = app.add(&scene.domain, "ada", &password("x")).await;
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.reason(), Some(Reason::InvalidArgument), "{refusal}");
    assert!(refusal.to_string().contains("developer mode"), "{refusal}");
    assert_eq!(scene.requests(), 0, "it is not asked");
    // Nor is this test, which nobody has installed, the app that it says to be.
    let refusal = refused(app.add("example.org", "ada", &password("x")).await);
    assert_eq!(refusal, (Reason::AccessDenied, "identity".to_owned()));
    drop(scene.authority);
}

#[tokio::test]
async fn a_check_tells_stage_by_stage_what_is_missing() {
    let scene = Scene::open(Script::agree()).await;
    let report = scene.app.check(&scene.domain, None, true).await.unwrap();
    assert!(report.associated && report.developer);
    let links = report
        .stages
        .iter()
        .find(|found| found.passed && found.url.is_some());
    let links = links.unwrap();
    assert_eq!(links.status, Some(200));
    assert_eq!(links.source.as_deref(), Some("network"));
    assert!(
        links
            .certificate
            .as_ref()
            .unwrap()
            .contains("authority of a test")
    );
    let report = scene
        .app
        .check(&scene.domain, Some("org.example.Other"), true)
        .await;
    let report = report.unwrap();
    assert!(!report.associated);
    let missing: Vec<_> = report.stages.iter().filter(|found| !found.passed).collect();
    assert!(missing.iter().any(|found| found.stage == "declaration"));
    assert!(
        missing.iter().all(|found| found.advice.is_some()),
        "{missing:?}"
    );
}

/// What the command line tool does on this desktop, with `typed` on its standard input.
async fn credex(scene: &Scene, arguments: &[&str], typed: &'static str) -> std::process::Output {
    let mut command = std::process::Command::new(programs::credex());
    command
        .args(arguments)
        .env_clear()
        .envs(scene.desktop.environment().iter().cloned())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut { input }, typed.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn the_command_line_checks_adds_and_gets_as_the_app() {
    let scene = Scene::open(Script::agree()).await;
    let domain = scene.domain.as_str();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let check = credex(&scene, &["domain", "check", domain, "--app", APP], "").await;
    let told = text(&check.stdout);
    assert_eq!(check.status.code(), Some(0), "{told}");
    for part in [
        "ok  declaration",
        "status       200",
        "An authority of a test",
        "Developer mode",
    ] {
        assert!(told.contains(part), "no {part:?} in:\n{told}");
    }
    let other = [
        "--json",
        "domain",
        "check",
        domain,
        "--app",
        "org.example.Other",
    ];
    let other = credex(&scene, &other, "").await;
    assert_eq!(other.status.code(), Some(9));
    let told: serde_json::Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(told["associated"], false);
    assert!(
        told["stages"][0]["advice"]
            .as_str()
            .unwrap()
            .contains("Domains=")
    );

    let add = credex(
        &scene,
        &["web", "add", domain, "ada", "--app", APP],
        "geheim\n",
    )
    .await;
    assert_eq!(add.status.code(), Some(0), "{}", text(&add.stderr));
    assert!(!text(&add.stdout).contains("geheim") && !text(&add.stderr).contains("geheim"));
    let get = ["web", "request", domain, "--app", APP];
    let hidden = credex(&scene, &get, "").await;
    assert!(!text(&hidden.stdout).contains("geheim"));
    let shown = credex(&scene, &[&get[..], &["--show"]].concat(), "").await;
    assert_eq!(text(&shown.stdout), "geheim\n");
    scene.desktop.person.will(&Script::Never);
    let never = credex(&scene, &["web", "delete", domain, "ada", "--app", APP], "").await;
    assert_eq!(never.status.code(), Some(3));
    let list = credex(&scene, &["web", "list"], "").await;
    assert!(text(&list.stdout).contains("org.example.Shop  localhost"));
    let forget = credex(&scene, &["web", "forget", APP, "localhost"], "").await;
    assert_eq!(forget.status.code(), Some(0), "{}", text(&forget.stderr));
}

#[tokio::test]
async fn a_generated_password_is_new_each_time_and_nobody_is_asked() {
    let scene = Scene::open(Script::agree()).await;
    let one = scene.app.generate(PasswordFormat::Grouped).await.unwrap();
    let two = scene.app.generate(PasswordFormat::Grouped).await.unwrap();
    assert_ne!(one.password.expose(), two.password.expose());
    assert_eq!(one.password.expose().len(), 15);
    assert!(one.entropy > 69.0 && one.entropy < 69.1, "{}", one.entropy);
    let rules = PasswordFormat::Rules("minlength: x".to_owned());
    let error = scene.app.generate(rules).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::InvalidArgument));
}

#[tokio::test]
async fn a_monitor_on_the_bus_sees_no_password() {
    let scene = Scene::open(Script::agree()).await;
    let monitor = Monitor::listen(&scene.desktop, drop).await;
    scene.add("ada", SECRET).await.unwrap();
    let got = scene.app.request(Wanted::any()).await.unwrap();
    assert_eq!(got.password.expose(), SECRET);
    let made = scene.app.generate(PasswordFormat::Strong).await.unwrap();
    let seen = bytes(&monitor.seen().await);
    assert!(contains(&seen, b"ada"), "it does see the user name");
    for secret in [SECRET, made.password.expose()] {
        for (disguise, needle) in disguises(secret.as_bytes()) {
            assert!(!contains(&seen, &needle), "a password, as {disguise}");
        }
    }
}

#[tokio::test]
async fn the_chooser_and_the_bus_hold_no_password() {
    let scene = Scene::open(Script::Hang).await;
    let adding = scene.add("ada", SECRET);
    let looking = async {
        let asked = scene.desktop.person.asked_for_consent().await;
        for (who, pid) in [
            ("the chooser", pid(&asked)),
            ("the bus", scene.desktop.bus.pid()),
        ] {
            let memory = Memory::of(pid).unwrap();
            assert!(
                !memory.places(b"org.credex").is_empty(),
                "{who} is looked at"
            );
            for (disguise, needle) in disguises(SECRET.as_bytes()) {
                let places = memory.places(&needle);
                assert!(
                    places.is_empty(),
                    "{who} holds it as {disguise}: {places:?}"
                );
            }
        }
    };
    tokio::select! {
        added = adding => panic!("nobody has agreed: {added:?}"),
        () = looking => {}
    }
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_is_taken_back() {
    let scene = Scene::open(Script::Hang).await;
    let person = &scene.desktop.person;
    let asked = tokio::select! {
        added = scene.add("ada", "x") => panic!("nobody has agreed: {added:?}"),
        asked = person.asked_for_consent() => asked,
    };
    // To drop the future has closed the request.
    let chooser = Peer::of_pid(pid(&asked));
    within("the chooser to be let go", async {
        if let Some(chooser) = chooser {
            chooser.ended().await;
        }
    })
    .await;
    // To leave the bus does the same.
    let leaving = app(&scene.desktop).await;
    let asked = tokio::select! {
        added = leaving.delete(&scene.domain, "ada") => {
            assert_eq!(added.unwrap(), Change::Absent);
            None
        }
        asked = person.asked_for_consent() => Some(asked),
    };
    assert!(asked.is_none(), "nothing was saved");
}

#[tokio::test]
async fn the_service_stays_while_a_question_is_open() {
    let plan = Desktop::plan().chooser(Script::Hang).seconds("idle", 1);
    let mut scene = Scene::planned(plan).await;
    let app = scene.app.clone();
    let domain = scene.domain.clone();
    let adding = tokio::spawn(async move { app.add(&domain, "ada", &password("x")).await });
    scene.desktop.person.asked_for_consent().await;
    let left = scene.desktop.daemon().process.ended();
    let left = tokio::time::timeout(Duration::from_millis(2500), left).await;
    assert!(left.is_err(), "it has left: {left:?}");
    adding.abort();
    assert!(adding.await.unwrap_err().is_cancelled());
    let left = scene.desktop.daemon().process.ended();
    assert!(within("the idle service to leave", left).await.success());
}

#[tokio::test]
async fn a_service_that_stops_answers_every_question() {
    let mut scene = Scene::open(Script::Hang).await;
    let app = scene.app.clone();
    let domain = scene.domain.clone();
    let adding = tokio::spawn(async move { app.add(&domain, "ada", &password("x")).await });
    scene.desktop.person.asked_for_consent().await;
    let daemon = scene.desktop.daemon();
    daemon.peer().signal(Signal::TERM);
    within("the service to end", daemon.process.ended()).await;
    let error = adding.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ServiceStopped), "{error}");
}

#[tokio::test]
async fn a_key_serves_once_and_a_password_for_one_request_alone() {
    use credex_protocol::envelope::PublicKey;
    use credex_protocol::envelope::keywrap::Direction;
    use credex_protocol::names::request_path;
    use credex_protocol::proxy::WebCredentialsProxy;
    use credex_protocol::wire::{AddOptions, NoOptions};

    let scene = Scene::open(Script::agree()).await;
    let bus = scene.desktop.bus.connect().await;
    let web = WebCredentialsProxy::new(&bus).await.unwrap();
    let (key, key_id) = web.get_key(NoOptions {}).await.unwrap();
    let key = PublicKey::from_bytes(&key).unwrap();
    let path = request_path(bus.unique_name().unwrap(), "one");
    let seal = |path: &str| {
        let to_service = Direction::PasswordToDaemon;
        password(SECRET)
            .seal(&key, to_service, key_id, path)
            .unwrap()
    };
    let options = |token: &str, key_id| AddOptions {
        handle_token: Some(token.to_owned()),
        key_id,
        app_id: Some(APP.to_owned()),
        activation_token: None,
    };
    let add = async |sealed: &[u8], options| {
        let added = web.add("", &scene.domain, "ada", sealed, options).await;
        added.map_err(|error| credex_protocol::Error::from(error).reason)
    };
    let sealed = seal(&path);
    let without = add(&sealed, options("one", None)).await;
    assert_eq!(without.unwrap_err(), Reason::InvalidArgument);
    let elsewhere = add(&sealed, options("two", Some(key_id))).await;
    assert_eq!(elsewhere.unwrap_err(), Reason::InvalidArgument);
    let used = add(&sealed, options("one", Some(key_id))).await;
    assert_eq!(used.unwrap_err(), Reason::Expired);
    for _ in 0..8 {
        web.get_key(NoOptions {}).await.unwrap();
    }
    let hoarding = web.get_key(NoOptions {}).await.unwrap_err();
    let hoarding = credex_protocol::Error::from(hoarding);
    assert_eq!(hoarding.reason, Reason::QuotaExceeded);
}

#[tokio::test]
async fn a_cached_verdict_answers_in_at_most_three_small_round_trips() {
    let scene = Scene::open(Script::agree()).await;
    scene.add("ada", SECRET).await.unwrap();
    let asked = scene.requests();
    let monitor = Monitor::listen(&scene.desktop, drop).await;
    let report = scene.app.check(&scene.domain, None, false).await.unwrap();
    assert!(report.associated);
    let check = round_trips(&monitor.seen().await);
    assert!(check.len() <= 3, "{check:?}");
    let absent = scene.app.delete(&scene.domain, "nobody").await.unwrap();
    assert_eq!(absent, Change::Absent);
    let both = round_trips(&monitor.seen().await);
    let delete = &both[check.len()..];
    assert!(delete.len() <= 3, "{delete:?}");
    assert!(both.iter().all(|(_, bytes)| *bytes < 1024), "{both:?}");
    assert_eq!(scene.requests(), asked, "the website is not asked again");
}

/// The calls that somebody waits for, and how long they are in bytes.
fn round_trips(seen: &[Message]) -> Vec<(String, usize)> {
    let waits = |message: &&Message| {
        let header = message.header();
        message.message_type() == Type::MethodCall
            && !header.primary().flags().contains(Flags::NoReplyExpected)
            && header.member().is_some_and(|member| member != "Hello")
    };
    let calls = seen.iter().filter(waits);
    let told = calls.map(|message| {
        let member = message.header().member().unwrap().to_string();
        (member, message.data().len())
    });
    told.collect()
}
