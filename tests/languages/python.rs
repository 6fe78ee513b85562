//! The Python binding (`client-lib/python`): its own tests, on a real bus with the real service; and
//! what an interruption does.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use credex_tests::app::Entry;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::patience::within;
use credex_tests::python;
use credex_tests::website::{Authority, Identity, Page, Website};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::cast::{PYTHON, is_there};

/// The app that has a website.
const SHOP: &str = "org.example.PythonShop";

/// Python with the binding, on this desktop.
fn interpreter(desktop: &Desktop) -> Command {
    // Whoever waits for what does not come is ended.
    let mut command = Command::new("/usr/bin/timeout");
    command.args(["--kill-after=10", "400", PYTHON]).env_clear();
    command.envs(desktop.environment().iter().cloned());
    command.env("PYTHONPATH", python::path());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("CREDEX_TEST_PERSON", desktop.person.script_file());
    command.stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tests_of_the_binding_pass() {
    let pytest = Path::new("/usr/lib/python3/dist-packages/pytest");
    if !is_there(&[("python3-pytest", pytest.into())]) {
        return;
    }
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    site.serve("/.well-known/assetlinks.json", Page::json(statement(SHOP)));
    let desktop = Desktop::plan().configured(&developing(&authority));
    let desktop = desktop.open().await;
    let declared = format!("[org.credex.WebCredentials1]\nDomains={};\n", site.host());
    desktop.install(&Entry::new(SHOP).group(&declared));

    let mut pytest = interpreter(&desktop);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"]);
    pytest.env("CREDEX_TEST_DOMAIN", site.host());
    pytest.arg(python::sources().join("tests"));
    let output = tokio::task::spawn_blocking(move || pytest.output()).await;
    let output = output.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}{why}", output.status);
    assert!(said.contains(" passed"), "{said}");
}

/// The website names the app.
fn statement(app: &str) -> String {
    format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{app}\"}}}}]"
    )
}

/// Apps that nobody knows may share passwords with websites that nobody else trusts.
fn developing(authority: &Authority) -> String {
    let authority = authority.file();
    format!("[web_credentials]\ndeveloper = true\nstore = \"memory\"\nauthority = {authority:?}")
}

/// Ends while it is still being called back: the callback takes its time, and the end takes longer.
const ENDING: &str = r#"
import sys, threading, time
from credex import _credex

class Slow:
    closed = False
    def flush(self):
        if sys.is_finalizing():
            time.sleep(1)

sys.stdout, called = Slow(), threading.Event()

def callback():
    called.set()
    time.sleep(0.3)

connecting = _credex.connect_exporter("org.example.PythonExporter")
connecting.on_done(callback)
called.wait()
"#;

#[tokio::test]
async fn a_program_may_end_while_it_is_called_back() {
    if !is_there(&[("python3", PYTHON.into())]) {
        return;
    }
    let desktop = Desktop::plan().open().await;
    let mut python = interpreter(&desktop);
    python.args(["-c", ENDING]);
    let output = tokio::task::spawn_blocking(move || python.output()).await;
    let output = output.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert_eq!(said, "");
}

/// Foresees something at an importer in the same process, and at one that is installed.
const FORESEEING: &str = r#"
import asyncio, credex
from credex import Loss, Plan, aio

COUNTS = {"basic-auth": 9, "credit-card": 3}

def at_one_that_runs(importer):
    numbers = dict(added=7, same=21, kept=22, replaced=23, both=24, dropped=25, unreadable=26)
    losses = [
        Loss(type="credit-card", reason="no-place", count=2),
        Loss(type="credit-card", reason="websites-only", count=1),
        Loss(type="basic-auth", reason="too-large", count=8, part=True),
        Loss(reason="other", count=5),
    ]
    return Plan(importer=importer.unique_name, losses=losses, **numbers)

AT_ONE_THAT_IS_INSTALLED = Plan(importer="org.example.Installed", added=12)

def waiting():
    with credex.Importer.connect("org.example.PythonVault", name="Vault") as importer, \
            credex.Exporter.connect("org.example.PythonMover") as exporter:
        for plan in (at_one_that_runs(importer), AT_ONE_THAT_IS_INSTALLED):
            try:
                exporter.request(COUNTS, plan=plan)
            except credex.Declined:
                pass

async def awaiting():
    importer = await aio.Importer.connect("org.example.PythonVault", name="Vault")
    exporter = await aio.Exporter.connect("org.example.PythonMover")
    async with importer, exporter:
        for plan in (at_one_that_runs(importer), AT_ONE_THAT_IS_INSTALLED):
            try:
                await exporter.request(COUNTS, plan=plan)
            except credex.Declined:
                pass
"#;

/// The one importer with a plan that the person is shown, without its connection, and the plan.
fn shown(asked: &Value) -> (String, Value) {
    let importers = asked["importers"].as_array().unwrap().iter();
    let with_plan: Vec<_> = importers.filter(|each| !each["plan"].is_null()).collect();
    let [only] = with_plan[..] else {
        panic!("one importer has a plan: {asked:#}");
    };
    let id = only["id"].as_str().unwrap();
    let app = id.split('@').next().unwrap();
    (app.to_owned(), only["plan"].clone())
}

async fn a_plan_is_shown_with_its_importer(call: &str) {
    if !is_there(&[("python3", PYTHON.into())]) {
        return;
    }
    let desktop = Desktop::plan().chooser(Script::Decline).open().await;
    desktop.install(&Entry::importer("org.example.Installed").exec("/bin/true"));
    let mut python = interpreter(&desktop);
    python.args(["-c", &format!("{FORESEEING}\n{call}")]);
    let mut python = Running(python.spawn().unwrap());

    let (app, plan) = shown(&within("she is asked", desktop.person.asked()).await);
    assert_eq!(app, "org.example.PythonVault");
    let loss = |kind: Value, reason: &str, count: u32, part: bool| json!({"type": kind, "reason": reason, "count": count, "part": part});
    let losses = [
        loss(Value::Null, "other", 5, true),
        loss("basic-auth".into(), "too-large", 8, true),
        loss("credit-card".into(), "no-place", 2, false),
        loss("credit-card".into(), "websites-only", 1, false),
    ];
    let expected = json!({
        "added": 7, "same": 21, "kept": 22, "replaced": 23, "both": 24, "dropped": 25,
        "importer": null, "unreadable": 26, "losses": losses,
    });
    assert_eq!(plan, expected);
    let (app, plan) = shown(&within("she is asked again", desktop.person.asked()).await);
    assert_eq!(app, "org.example.Installed");
    assert_eq!((&plan["added"], &plan["losses"]), (&json!(12), &json!([])));

    let ended = tokio::task::spawn_blocking(move || python.0.wait()).await;
    assert!(ended.unwrap().unwrap().success());
}

#[tokio::test]
async fn what_is_foreseen_in_python_is_shown_with_the_importer() {
    a_plan_is_shown_with_its_importer("waiting()").await;
}

#[tokio::test]
async fn what_is_foreseen_in_a_loop_is_shown_with_the_importer() {
    a_plan_is_shown_with_its_importer("asyncio.run(awaiting())").await;
}

/// Asks, says that it was interrupted, and stays on the bus.
const BLOCKING: &str = r#"
import credex, threading
exporter = credex.Exporter.connect("org.example.PythonExporter")
try:
    exporter.request({"note": 1})
except KeyboardInterrupt:
    print("interrupted", flush=True)
    threading.Event().wait()
"#;
const AIO: &str = r#"
import asyncio, threading
from credex import aio
async def main():
    exporter = await aio.Exporter.connect("org.example.PythonExporter")
    try:
        await exporter.request({"note": 1})
    except asyncio.CancelledError:
        print("interrupted", flush=True)
        threading.Event().wait()
asyncio.run(main())
"#;

/// A program that ends with the story.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn an_interruption_takes_the_question_back(program: &str) {
    if !is_there(&[("python3", PYTHON.into())]) {
        return;
    }
    let desktop = Desktop::plan().chooser(Script::Hang).open().await;
    let _importer = credex_tests::importer::Importer::announced(&desktop, "org.example.Any").await;
    let mut command = Command::new(PYTHON);
    command.args(["-c", program]).env_clear();
    command.envs(desktop.environment().iter().cloned());
    command.env("PYTHONPATH", python::path());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut python = Running(command.spawn().unwrap());
    within("she is asked", desktop.person.asked()).await;
    let said = BufReader::new(python.0.stdout.take().unwrap());
    kill_process(Pid::from_child(&python.0), Signal::INT).unwrap();
    let finished = within("she is told", desktop.person.finished()).await;
    assert_eq!(finished["outcome"], "cancelled", "{finished:#}");
    let said = tokio::task::spawn_blocking(move || said.lines().next()).await;
    assert_eq!(said.unwrap().unwrap().unwrap(), "interrupted");
}

#[tokio::test]
async fn an_interruption_takes_back_what_is_waited_for() {
    an_interruption_takes_the_question_back(BLOCKING).await;
}

#[tokio::test]
async fn an_interruption_takes_back_what_is_awaited() {
    an_interruption_takes_the_question_back(AIO).await;
}
