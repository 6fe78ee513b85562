//! Apple's contract of the three functions, theirs beside ours: every row of the table in
//! `protocol/README.md` is played, and must come to what it says.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use credex_protocol::wire::{
    AddOptions, AppIdentity, FinishedDetails, GenerateOptions, ProgressDetails, WebRequestOptions,
};
use credex_protocol::{Error, Passphrase, Reason};
use futures_util::FutureExt;
use tokio::sync::mpsc::UnboundedSender;
use zbus::names::UniqueName;

use super::arguments::{AddRequest, PasswordRequest, form};
use crate::caller::{Assurance, Caller, Denial, Evidence, Identity, Porter, Process};
use crate::chooser::{
    Act, Answer, Chooser, ChooserError, Consent, PassphraseQuestion, Question, Verdict,
};
use crate::policy::Policy;
use crate::web_credentials::calls::{
    App, Calls, Change, Freshness, Place, Ports, Sites, Statement, Word,
};
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::domain::{Mode, Site};
use crate::web_credentials::generate::SystemRandom;
use crate::web_credentials::store::{
    Asking, Comparison, Found, Login, Memory, Password, Saved, Store, StoreError,
};

const README: &str = include_str!("../../../../protocol/README.md");
const APP: &str = "org.example.Shop";

/// What a person would do.
#[derive(Debug, Clone, Copy)]
enum Will {
    Agree,
    NotNow,
    Never,
}

/// An app, its sites, a store and a person.
struct World {
    domains: Vec<&'static str>,
    evidence: Assurance,
    silent: HashSet<&'static str>,
    unwilling: HashSet<&'static str>,
    broken: bool,
    store: Arc<Memory>,
    questions: Arc<Questions>,
    home: tempfile::TempDir,
}

#[derive(Default)]
pub(super) struct Questions {
    answers: Mutex<VecDeque<Will>>,
    asked: Mutex<Vec<(&'static str, Vec<String>)>>,
    /// What somebody else saves while the person looks at the question.
    meanwhile: Mutex<Option<(Arc<Memory>, Login)>>,
}

impl World {
    fn new() -> World {
        World {
            domains: vec!["example.org", "shop.example.com:8443", "other.example.net"],
            evidence: Assurance::Installed,
            silent: HashSet::new(),
            unwilling: HashSet::new(),
            broken: false,
            store: Arc::default(),
            questions: Arc::default(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    async fn with(self, domain: &str, account: &str, password: &str) -> World {
        let login = login(domain, account, password);
        self.store.put(&login, &Asking::default()).await.unwrap();
        self
    }

    fn and_person(self, wills: &[Will]) -> World {
        self.questions.answers.lock().unwrap().extend(wills);
        self
    }

    fn calls(&self) -> Calls {
        let store: Arc<dyn Store> = match self.broken {
            true => Arc::new(ReadOnly(Arc::clone(&self.store))),
            false => Arc::clone(&self.store) as Arc<dyn Store>,
        };
        let ports = Ports {
            sites: Arc::new(Web {
                silent: self.silent.clone(),
                unwilling: self.unwilling.clone(),
            }),
            store,
            decisions: Arc::new(Decisions::new(self.home.path().join("decisions.json"))),
            chooser: Arc::clone(&self.questions) as Arc<dyn Chooser>,
            porter: Arc::new(Doorless),
        };
        let patience = Duration::from_secs(60);
        Calls::new(ports, Policy::default(), Mode::Standard, patience)
    }

    fn app(&self) -> App {
        let evidence = match self.evidence {
            Assurance::Unverified => Evidence::Unverified {
                why: String::new(),
                confined_as: None,
            },
            _ => Evidence::Installed {
                app_ids: vec![APP.to_owned()],
            },
        };
        App {
            caller: caller(evidence),
            identity: Identity {
                app_id: APP.to_owned(),
                assurance: self.evidence,
                origin: None,
            },
            shown: AppIdentity::default(),
            domains: Some(
                self.domains
                    .iter()
                    .map(|&domain| domain.to_owned())
                    .collect(),
            ),
        }
    }

    /// What comes of an `Add`, in the words of the table.
    async fn add(&self, domain: &str, account: &str, password: Option<&str>) -> String {
        let before = self.questions.asked.lock().unwrap().len();
        let of = (domain.to_owned(), account.to_owned());
        let request = AddRequest::parse(String::new(), of, AddOptions::default(), Mode::Standard);
        let request = match request {
            Ok(request) => request,
            Err(Error { reason, .. }) => return self.told(reason.name(), before),
        };
        let change = match password {
            Some(password) => {
                Change::Save(Login::new(request.site, request.account, secret(password)).unwrap())
            }
            None => Change::Delete {
                site: request.site,
                account: request.account,
            },
        };
        let calls = self.calls();
        let done = calls
            .add(&self.app(), &request.place, &change, &|| true)
            .await;
        match done {
            Ok(outcome) => self.told(outcome.name(), before),
            Err(refusal) => self.told(refusal.error.reason.name(), before),
        }
    }

    /// What comes of a `Request`, in the words of the table.
    async fn request(&self, options: WebRequestOptions) -> String {
        let before = self.questions.asked.lock().unwrap().len();
        let request = PasswordRequest::parse(String::new(), options, Mode::Standard).unwrap();
        let (calls, app) = (self.calls(), self.app());
        match calls.request(&app, &request.place, &request.wanted).await {
            Ok(picked) => {
                let (account, site) = (picked.account, picked.site);
                let what = format!(
                    "{account}` of `{}` port `{}",
                    site.host(),
                    site.port().get()
                );
                self.told(&what, before)
            }
            Err(refusal) => self.told(refusal.error.reason.name(), before),
        }
    }

    fn told(&self, what: &str, before: usize) -> String {
        let asked = self.questions.asked.lock().unwrap();
        match asked[before..]
            .iter()
            .map(|(kind, _)| *kind)
            .collect::<Vec<_>>()[..]
        {
            [] => format!("`{what}`, no question"),
            [kind] => format!("`{what}`, after the question `{kind}`"),
            _ => panic!("asked twice: {asked:?}"),
        }
    }

    /// The accounts between which the person could choose last.
    fn offered(&self) -> Vec<String> {
        self.questions
            .asked
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .1
            .clone()
    }
}

pub(super) fn caller(evidence: Evidence) -> Caller {
    Caller {
        unique_name: UniqueName::from_static_str_unchecked(":1.1").into(),
        process: Process {
            pid: std::process::id(),
            started: 1,
        },
        program: None,
        evidence,
    }
}

fn secret(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec()).unwrap()
}

fn login(domain: &str, account: &str, password: &str) -> Login {
    let site = Site::parse(domain, Mode::Standard).unwrap();
    Login::new(site, account.to_owned(), secret(password)).unwrap()
}

#[derive(Default)]
pub(super) struct Web {
    silent: HashSet<&'static str>,
    unwilling: HashSet<&'static str>,
}

#[async_trait]
impl Sites for Web {
    async fn statement(&self, site: &Site, _: &str, _: Freshness) -> Statement {
        let site = site.to_string();
        let word = match (
            self.silent.contains(site.as_str()),
            self.unwilling.contains(site.as_str()),
        ) {
            (true, _) => Word::Unreachable {
                url: format!("https://{site}/"),
                status: Some(500),
                message: "it is down".to_owned(),
            },
            (_, true) => Word::NotNamed("it names others".to_owned()),
            _ => Word::Named,
        };
        let files = Vec::new();
        Statement { word, files }
    }
}

pub(super) struct Doorless;

#[async_trait]
impl Porter for Doorless {
    async fn identify(&self, name: &UniqueName<'_>) -> Result<Caller, Denial> {
        Err(Denial::Unknown {
            name: name.to_string(),
            why: "nobody comes in here".to_owned(),
        })
    }

    async fn identify_again(&self, _: &Caller) -> Result<(), Denial> {
        Ok(())
    }
}

#[async_trait]
impl Chooser for Questions {
    async fn ask(&self, _: Question) -> Result<Answer, ChooserError> {
        Ok(Answer::Decline)
    }

    async fn consent(&self, consent: Consent) -> Result<Verdict, ChooserError> {
        let (kind, accounts) = match consent.act {
            Act::Add(account) => ("add", vec![account]),
            Act::Update(account) => ("update", vec![account]),
            Act::Delete(account) => ("delete", vec![account]),
            Act::Choose(accounts) => ("choose", accounts),
        };
        let first = accounts[0].clone();
        self.asked.lock().unwrap().push((kind, accounts));
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some((store, login)) = meanwhile {
            store.put(&login, &Asking::default()).await.unwrap();
        }
        let will = self.answers.lock().unwrap().pop_front();
        Ok(match will.unwrap_or(Will::Agree) {
            Will::Agree => Verdict::Agreed(first),
            Will::NotNow => Verdict::NotNow,
            Will::Never => Verdict::Never,
        })
    }

    async fn passphrase(&self, _: PassphraseQuestion) -> Result<Option<Passphrase>, ChooserError> {
        Ok(None)
    }

    async fn progress(&self, _: &str, _: &str, _: ProgressDetails) {}

    async fn finished(&self, _: &str, _: &str, _: FinishedDetails) {}

    fn on_cancel(&self, _: UnboundedSender<String>) {}
}

/// A store that refuses every change.
struct ReadOnly(Arc<Memory>);

fn refused(doing: &'static str) -> StoreError {
    StoreError::Refused {
        doing,
        reason: "the disk is full".to_owned(),
    }
}

#[async_trait]
impl Store for ReadOnly {
    fn name(&self) -> &'static str {
        "a store that cannot be written"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        self.0.find(sites, account, asking).await
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError> {
        self.0.password(site, account, asking).await
    }

    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError> {
        self.0.compare(login, asking).await
    }

    async fn put_over(
        &self,
        _: Option<Comparison>,
        _: &Login,
        _: &Asking,
    ) -> Result<Saved, StoreError> {
        Err(refused("a change"))
    }

    async fn delete(&self, _: &Site, _: &str, _: &Asking) -> Result<bool, StoreError> {
        Err(refused("a deletion"))
    }
}

/// The rows of the table: what is asked, and what we say.
fn table() -> Vec<(&'static str, &'static str)> {
    let lines = README.lines();
    let rows = lines.skip_while(|line| !line.starts_with("| What is asked |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim));
    cells
        .map(|mut cells| {
            let label = cells.next().unwrap();
            (label, cells.nth(1).unwrap())
        })
        .collect()
}

fn only(domain: &str) -> WebRequestOptions {
    WebRequestOptions {
        domain: Some(domain.to_owned()),
        ..WebRequestOptions::default()
    }
}

async fn played() -> Vec<(&'static str, String)> {
    let new = World::new;
    let saved = || async { World::new().with("example.org", "ada", "old").await };
    let mut rows = vec![
        (
            "a password, and none is saved",
            new().add("example.org", "ada", Some("new")).await,
        ),
        (
            "another password than is saved",
            saved().await.add("example.org", "ada", Some("new")).await,
        ),
        (
            "the password that is saved",
            saved().await.add("example.org", "ada", Some("old")).await,
        ),
        (
            "to delete what is saved",
            saved().await.add("example.org", "ada", None).await,
        ),
        (
            "to delete, and none is saved",
            new().add("example.org", "ada", None).await,
        ),
        (
            "a password, and the person declines",
            new()
                .and_person(&[Will::NotNow])
                .add("example.org", "ada", Some("new"))
                .await,
        ),
    ];
    let again = new().and_person(&[Will::NotNow]);
    again.add("example.org", "ada", Some("new")).await;
    rows.push((
        "the same again after *not now*",
        again.add("example.org", "ada", Some("new")).await,
    ));
    let never = new().and_person(&[Will::Never]);
    rows.push((
        "a password, and the person says *never*",
        never.add("example.org", "ada", Some("new")).await,
    ));
    rows.push((
        "anything for that app and domain after *never*",
        never.request(only("example.org")).await,
    ));
    for (label, password) in [
        ("a change that the store refuses", Some("new")),
        ("a deletion that the store refuses", None),
    ] {
        let mut broken = saved().await;
        broken.broken = true;
        rows.push((label, broken.add("example.org", "ada", password).await));
    }
    rows.push(("no domain", new().add("", "ada", Some("new")).await));
    rows.push((
        "no account",
        new().add("example.org", "", Some("new")).await,
    ));
    rows.push((
        "a domain that is not declared",
        new().add("example.com", "ada", Some("new")).await,
    ));
    rows.push((
        "a port that is not declared",
        new().add("example.org:444", "ada", Some("new")).await,
    ));
    let mut high = new();
    high.domains = vec!["example.org:65535"];
    rows.push((
        "a port above 32767",
        high.add("example.org:65535", "ada", Some("new")).await,
    ));
    rows.push((
        "the domain in other letters: `EXAMPLE.org`",
        new().add("EXAMPLE.org", "ada", Some("new")).await,
    ));
    let mut unwilling = new();
    unwilling.unwilling = HashSet::from(["example.org"]);
    rows.push((
        "a domain whose website does not name the app",
        unwilling.add("example.org", "ada", Some("new")).await,
    ));
    let mut silent = new();
    silent.silent = HashSet::from(["example.org"]);
    rows.push((
        "a domain whose website cannot be reached",
        silent.add("example.org", "ada", Some("new")).await,
    ));
    let mut unknown = new();
    unknown.evidence = Assurance::Unverified;
    rows.push((
        "anything, by a program that is not installed",
        unknown.add("example.org", "ada", Some("new")).await,
    ));
    rows.extend(requested().await);
    rows
}

async fn requested() -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let two = || async {
        let world = World::new().with("example.org", "ada", "1").await;
        world.with("example.org", "bea", "2").await
    };
    let world = two().await;
    rows.push((
        "a saved password of a domain",
        world.request(only("example.org")).await,
    ));
    assert_eq!(world.offered(), ["ada", "bea"]);
    let account = WebRequestOptions {
        account: Some("bea".to_owned()),
        ..only("example.org")
    };
    rows.push(("that of an account", world.request(account).await));
    assert_eq!(world.offered(), ["bea"], "no other is shown");
    let world = World::new().with("other.example.net", "eve", "3").await;
    let all = WebRequestOptions::default();
    rows.push(("that of any domain", world.request(all.clone()).await));
    let world = world.with("example.org", "ada", "1").await;
    let mut world = world.with("shop.example.com:8443", "dan", "4").await;
    world.request(all.clone()).await;
    let offered = [
        "ada (example.org)",
        "dan (shop.example.com:8443)",
        "eve (other.example.net)",
    ];
    assert_eq!(world.offered(), offered, "every domain is searched");
    let port = WebRequestOptions {
        port: Some(8443),
        ..all.clone()
    };
    rows.push(("that of a port", world.request(port).await));
    world.unwilling = HashSet::from(["example.org", "shop.example.com:8443"]);
    rows.push((
        "that of any domain, and one website does not name the app",
        world.request(all.clone()).await,
    ));
    rows.push((
        "a password, and none is saved that fits",
        World::new().request(all.clone()).await,
    ));
    let declines = two().await.and_person(&[Will::NotNow]);
    rows.push((
        "a password, and the person picks none",
        declines.request(all).await,
    ));
    rows
}

#[tokio::test]
async fn every_row_of_the_contract_comes_to_what_the_readme_says() {
    let (table, mut played) = (table(), played().await);
    played.extend(generated());
    let labels: Vec<&str> = table.iter().map(|(label, _)| *label).collect();
    let known: Vec<&str> = played.iter().map(|(label, _)| *label).collect();
    assert_eq!(
        labels, known,
        "the rows of the README are those that are played"
    );
    for ((label, said), (_, came)) in table.iter().zip(&played) {
        assert_eq!(said, came, "{label}");
    }
}

#[tokio::test]
async fn who_agrees_to_add_does_not_agree_to_overwrite_what_a_browser_saved_meanwhile() {
    let world = World::new().and_person(&[Will::Agree, Will::NotNow]);
    let saved = login("example.org", "ada", "the browser's");
    *world.questions.meanwhile.lock().unwrap() = Some((Arc::clone(&world.store), saved));
    let change = Change::Save(login("example.org", "ada", "the app's"));
    let (calls, app) = (world.calls(), world.app());
    let done = calls.add(&app, &Place::default(), &change, &|| true).await;
    assert_eq!(done.unwrap_err().error.reason, Reason::Declined);
    let asked = world.questions.asked.lock().unwrap().clone();
    let kinds: Vec<&str> = asked.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["add", "update"]);
    let still = login("example.org", "ada", "the browser's");
    let compared = world.store.compare(&still, &Asking::default()).await;
    assert_eq!(compared.unwrap(), Comparison::Same);
}

#[tokio::test]
async fn what_a_browser_saves_in_the_last_moment_is_not_overwritten_either() {
    let world = World::new().and_person(&[Will::Agree]);
    let saved = login("example.org", "ada", "the browser's");
    let change = Change::Save(login("example.org", "ada", "the app's"));
    let (calls, app) = (world.calls(), world.app());
    let browser = || {
        let asking = Asking::default();
        let saving = world.store.put(&saved, &asking);
        saving.now_or_never().unwrap().unwrap();
        true
    };
    let done = calls.add(&app, &Place::default(), &change, &browser).await;
    let error = done.unwrap_err().error;
    assert_eq!(error.reason, Reason::StoreFailed, "{error}");
    assert!(error.message.contains("try again"), "{error}");
    let compared = world.store.compare(&saved, &Asking::default()).await;
    assert_eq!(compared.unwrap(), Comparison::Same);
}

#[tokio::test]
async fn a_never_that_waits_for_its_turn_with_the_file_keeps_nobody_else_waiting() {
    let world = Arc::new(World::new().and_person(&[Will::Never]));
    let directory = std::fs::File::open(world.home.path()).unwrap();
    rustix::fs::flock(&directory, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let asking = Arc::clone(&world);
    let adding = tokio::spawn(async move { asking.add("example.org", "ada", Some("new")).await });
    while world.questions.asked.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!adding.is_finished());
    drop(directory);
    assert_eq!(adding.await.unwrap(), "`Never`, after the question `add`");
}

/// The three forms, with their entropy.
fn generated() -> Vec<(&'static str, String)> {
    let made = |format: Option<&str>, rules: Option<&str>| {
        let options = GenerateOptions {
            format: format.map(str::to_owned),
            rules: rules.map(str::to_owned),
        };
        let password = form(options).unwrap().generate(&mut SystemRandom).unwrap();
        let length = password.reveal().chars().count();
        format!("{length} characters, {:.0} bits", password.bits())
    };
    vec![
        ("a new password", made(None, None)),
        (
            "a new password of the newer form",
            made(Some("strong"), None),
        ),
        (
            "a new password by the rules of a website",
            made(None, Some("minlength: 12; maxlength: 12; allowed: digit;")),
        ),
    ]
}
