//! An app that asks to export, as a process of its own, that a sandbox can be put around and that can
//! play tricks with its own process. Serves design §5.
//!
//! It is told what to do by its arguments, says on standard output what came of it, and stays until
//! its bus ends.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use credex_protocol::names;
use credex_protocol::proxy::ExportProxy;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use zbus::connection::Builder;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Message};

use crate::exporter::{Exporter, options as options_of};
use crate::patience::within;
use crate::programs;
use crate::raw::RawPeer;

/// What it asks to export.
const COUNTS: &[(&str, u32)] = &[("note", 1)];

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    /// It asks.
    Ask,
    /// It asks after it made itself undumpable, as password managers do.
    AskUndumpable,
    /// It connects, hands the connection to a child, and becomes another program: its further
    /// arguments. The child asks then.
    Become,
    /// The same, and the other program has the connection, too.
    BecomeSharing,
    /// It asks, and becomes another program, which has the connection, when it is given a line.
    AskAndBecome,
    /// It keeps a connection over which it never introduces itself, and asks over another.
    AskBesideMute,
    /// It connects, and does not introduce itself.
    Mute,
    /// It finds out what it can of other apps and of the service: see [`Learned`].
    Learn,
}

/// What an app learned without anybody having been asked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learned {
    /// The keys of `Status.GetStatus`.
    pub status: Vec<String>,
    /// The providers of `Status.Providers`: `id`, and `conflict` if there is one.
    pub providers: Vec<(String, Option<String>)>,
    /// Its problems.
    pub problems: Vec<String>,
    /// Why it could not export in a format that nobody reads.
    pub refusal: String,
}

/// The words of a command that runs the app, which says to be `claim`.
pub fn command(trick: Trick, claim: &str) -> Vec<String> {
    command_of(&programs::calling_app().display().to_string(), trick, claim)
}

/// The same with the app at `program`.
pub fn command_of(program: &str, trick: Trick, claim: &str) -> Vec<String> {
    vec![program.to_owned(), format!("{trick:?}"), claim.to_owned()]
}

/// A running app, whatever was put around it. Ends when dropped.
#[derive(Debug)]
pub struct Caller {
    child: Child,
    said: tokio::io::Lines<BufReader<tokio::net::unix::pipe::Receiver>>,
}

impl Caller {
    /// Starts it by `command`.
    pub fn start(command: &mut Command) -> Caller {
        let (reader, writer) = std::io::pipe().unwrap();
        let child = command.stdin(Stdio::piped()).stdout(writer).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        // The writing end is in the command.
        command.stdout(Stdio::null());
        let reader = tokio::net::unix::pipe::Receiver::from_owned_fd(OwnedFd::from(reader));
        let said = BufReader::new(reader.unwrap()).lines();
        Caller { child, said }
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives it a line on standard input.
    pub fn tell(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it has a standard input");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Waits until its first process has ended.
    pub fn reap(&mut self) {
        self.child.wait().expect("a child can be waited for");
    }

    /// What came of it: `asked`, or why it was refused.
    pub async fn said(&mut self) -> String {
        loop {
            let line = within("the app to say what came of it", self.said.next_line()).await;
            let line = line
                .unwrap()
                .expect("the app says something before it ends");
            if let Some(said) = line.strip_prefix("credex: ") {
                return said.to_owned();
            }
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs the app. Its arguments: what to do, its claim, and for some more.
pub fn main(arguments: impl Iterator<Item = String>) {
    let arguments: Vec<String> = arguments.collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["Ask", claim] => ask(claim),
        ["AskUndumpable", claim] => {
            set_dumpable_behavior(DumpableBehavior::NotDumpable).expect("a process may hide");
            ask(claim);
        }
        ["Become", claim, program @ ..] => become_another(claim, program, false),
        ["BecomeSharing", claim, program @ ..] => become_another(claim, program, true),
        ["AskAndBecome", claim, program @ ..] => ask_and_become(claim, program),
        ["AskBesideMute", claim] => {
            let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("the session has a bus");
            let _mute = RawPeer::mute(&address);
            ask(claim);
        }
        ["Mute", _] => {
            let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("the session has a bus");
            let mut mute = RawPeer::mute(&address);
            say("connected");
            mute.is_read_out();
        }
        ["Learn", claim] => learn(claim),
        ["keep", claim] => keep(claim),
        other => panic!("unknown arguments {other:?}"),
    }
}

fn say(what: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "credex: {what}")
        .and_then(|()| out.flush())
        .ok();
}

fn on_the_bus<F: Future<Output = ()>>(act: impl FnOnce(Connection) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be built").block_on(async {
        let bus = Builder::session()
            .expect("the session has a bus")
            .build()
            .await;
        let bus = bus.expect("the bus lets the app in");
        act(bus.clone()).await;
        bus.closed().await;
    });
}

fn ask(claim: &str) {
    on_the_bus(async |bus| {
        let proxy = ExportProxy::new(&bus).await.expect("a proxy can be built");
        let asked = credex_protocol::wire::ExportOptions {
            app_id: Some(claim.to_owned()).filter(|claim| !claim.is_empty()),
            ..options_of(COUNTS)
        };
        match proxy.request_export("", asked).await {
            Ok(_) => say("asked"),
            Err(error) => say(&error.to_string()),
        }
    });
}

fn learn(claim: &str) {
    on_the_bus(async |bus| {
        let options = HashMap::<String, Value<'_>>::new();
        let status = bus.call_method(
            Some(names::BUS_NAME),
            names::SERVICE_PATH,
            Some(names::STATUS),
            "GetStatus",
            &options,
        );
        let status = status.await.expect("the service tells its status");
        let status: BTreeMap<String, OwnedValue> = status.body().deserialize().unwrap();
        let app = Exporter::on(bus);
        let (providers, problems) = app.providers().await;
        let providers = providers.into_iter();
        let asked = credex_protocol::wire::ExportOptions {
            app_id: Some(claim.to_owned()).filter(|claim| !claim.is_empty()),
            format_versions: Some(vec!["7.0".to_owned()]),
            ..options_of(COUNTS)
        };
        let asked = app.request("", asked).await.expect("it may ask");
        let learned = Learned {
            status: status.into_keys().collect(),
            providers: providers
                .map(|provider| (provider.id.unwrap_or_default(), provider.conflict))
                .collect(),
            problems,
            refusal: asked.refusal().await.1.message,
        };
        say(&serde_json::to_string(&learned).expect("it can be written"));
    });
}

/// Standard input is the pipe by which the child learns that this process is another program: it is
/// closed by that.
#[allow(
    clippy::zombie_processes,
    reason = "the program that this process becomes does not know of the child"
)]
fn become_another(claim: &str, program: &[&str], sharing: bool) {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("the session has a bus");
    let peer = RawPeer::at(&address);
    let (signal, held) = std::io::pipe().expect("a pipe can be made");
    let connection = peer
        .stream()
        .as_fd()
        .try_clone_to_owned()
        .expect("a socket can be doubled");
    let own = std::env::current_exe().expect("a process knows its program");
    let child = Command::new(own)
        .args(["keep", claim])
        .stdin(Stdio::from(connection))
        .stderr(Stdio::from(OwnedFd::from(signal)))
        .spawn();
    child.expect("the app can be started");
    if sharing {
        fcntl_setfd(peer.stream(), FdFlags::empty()).expect("a socket may be inherited");
    }
    let (name, arguments) = program.split_first().expect("a program to become");
    let error = Command::new(name).args(arguments).exec();
    drop(held);
    panic!("cannot become {name}: {error}");
}

/// The child: standard input is the connection, standard error what ends when the parent is another.
fn keep(claim: &str) {
    let clone = |fd: &dyn Fn() -> std::io::Result<OwnedFd>| fd().expect("a file can be doubled");
    let mut signal = File::from(clone(&|| std::io::stderr().as_fd().try_clone_to_owned()));
    let ended = signal.read(&mut [0]).expect("the parent ends the pipe");
    assert_eq!(ended, 0);
    let stream = UnixStream::from(clone(&|| std::io::stdin().as_fd().try_clone_to_owned()));
    let mut peer = RawPeer::on(stream);
    request(&mut peer, claim);
    peer.is_read_out();
}

fn ask_and_become(claim: &str, program: &[&str]) {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").expect("the session has a bus");
    let mut peer = RawPeer::at(&address);
    request(&mut peer, claim);
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("it is told when");
    fcntl_setfd(peer.stream(), FdFlags::empty()).expect("a socket may be inherited");
    let (name, arguments) = program.split_first().expect("a program to become");
    let error = Command::new(name).args(arguments).exec();
    panic!("cannot become {name}: {error}");
}

fn request(peer: &mut RawPeer, claim: &str) {
    let asked = credex_protocol::wire::ExportOptions {
        app_id: Some(claim.to_owned()),
        ..options_of(COUNTS)
    };
    let call = Message::method_call(names::SERVICE_PATH, "RequestExport").unwrap();
    let call = call.destination(names::BUS_NAME).unwrap();
    let call = call.interface(names::EXPORT).unwrap();
    peer.send(&call.build(&("", asked)).unwrap());
    say("asked");
}

/// Where a copy of the app can be made that needs nothing of the system: itself and the libraries
/// that the loader finds for it, each with the path at which it looks.
pub fn parts() -> Vec<PathBuf> {
    let listed = Command::new("ldd").arg(programs::calling_app()).output();
    let listed = listed.expect("ldd is part of the C library");
    let listed = String::from_utf8(listed.stdout).expect("ldd writes text");
    let paths = listed
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    paths.map(PathBuf::from).collect()
}
