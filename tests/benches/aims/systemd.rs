//! Row 10: rows 8 and 9 as they are where the package is installed: on a computer of its own, on which the bus
//! of whoever is logged in has systemd start what is called.
//!
//! There the bench runs a second time ([`inside`]), as a program of this person's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use credex_protocol::names;
use credex_tests::machine::{Login, Machine, SHARED};
use credex_tests::programs;
use serde::{Deserialize, Serialize};
use zbus::Connection;

use crate::activation::{status, timed};
use crate::stats::median;
use crate::table::{Aim, Table};
use crate::{Pace, minimal};

const VERSION: &str = "0.1.0";
/// The option by which the bench is told to run [`inside`], with a number of rounds.
pub(crate) const INSIDE: &str = "--inside";
/// The minimal service with all that confines ours.
const CONFINED: &str = "org.example.Minimal1.Confined";
const OUR_UNIT: &str = include_str!("../../../systemd/credexd.service");

/// What is stopped so that everything starts anew.
const UNITS: [&str; 4] = [
    "org.example.Minimal1*.service",
    "credexd.service",
    "credex-witness.service",
    "credex-launcher@*.service",
];
const NEIGHBOURS: [(&str, &str); 2] = [
    ("gnome-keyring", "org.freedesktop.secrets"),
    ("xdg-desktop-portal", "org.freedesktop.portal.Desktop"),
];

/// From a call to its answer, of services that did not run.
#[derive(Serialize, Deserialize)]
struct Starts {
    minimal: Duration,
    confined: Duration,
    ours: Duration,
}

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let Some(package) = package() else {
        return table.note("no package beside the programs (cargo xtask deb): no row for systemd");
    };
    runtime().block_on(async {
        let Some(machine) = Machine::boot(|shared| fill(shared, &package)).await else {
            return table.note("no computer of its own to be had: no row for systemd");
        };
        let file = package.file_name().unwrap().display();
        let install = format!("cd {SHARED} && apt-get install -y ./{file} && cp -r minimal/. /");
        machine.root(&["sh", "-c", &install]).await.succeeded();
        machine.add_user("ada", "a long passphrase").await;
        let ada = machine.log_in("ada").await;
        let rounds = pace.rounds(41, 7).to_string();
        let bench = format!("{SHARED}/bench");
        let said = ada.run(&[&bench, INSIDE, &rounds]).await.succeeded();
        let Starts {
            minimal,
            confined,
            ours,
        } = serde_json::from_str(&said).unwrap();
        let what = "under systemd: activation to the first answer";
        table.times(what, minimal, ours, Aim::AtMost(1.5));
        let what = "  against a minimal service that is confined as ours";
        table.times(what, confined, ours, Aim::AtMost(1.5));
        memory(&machine, &ada, table).await;
    });
}

/// What the service and its witness take when idle, against its neighbours in the same session.
async fn memory(machine: &Machine, ada: &Login<'_>, table: &mut Table) {
    let service = process(ada, names::BUS_NAME).await.unwrap();
    let unit = "credex-witness.service";
    let show = [
        "systemctl",
        "--user",
        "show",
        "--property=MainPID",
        "--value",
        unit,
    ];
    let witness = ada.run(&show).await.succeeded().trim().to_owned();
    let mut neighbours = Vec::new();
    for (package, name) in NEIGHBOURS {
        neighbours.push((package, process(ada, name).await));
    }
    // The first seconds see the runtime's thread for look-ups end.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let service = proportional(machine, &service).await;
    let witness = proportional(machine, &witness).await;
    let mib = |kib: f64| format!("{:.2} MiB", kib / 1024.0);
    table.note(&format!(
        "the service: {}, its witness: {}",
        mib(service),
        mib(witness)
    ));
    let both = service + witness;
    for (package, neighbour) in neighbours {
        let Some(neighbour) = neighbour else {
            table.note(&format!(
                "{package} does not start there: not compared with it"
            ));
            continue;
        };
        let floor = proportional(machine, &neighbour).await;
        let what = format!("under systemd: PSS of both, against {package}");
        table.row(
            &what,
            &mib(floor),
            &mib(both),
            both / floor,
            Aim::AtMost(1.0),
        );
    }
}

/// The process that owns `name` on this person's bus, which starts it if need be; `None` if it cannot.
async fn process(person: &Login<'_>, name: &str) -> Option<String> {
    let bus = ["org.freedesktop.DBus", "/", "org.freedesktop.DBus"];
    let call = ["busctl", "--user", "call"];
    let start = [&call[..], &bus, &["StartServiceByName", "su", name, "0"]].concat();
    person.run(&start).await.status.success().then_some(())?;
    let ask = [&call[..], &bus, &["GetConnectionUnixProcessID", "s", name]].concat();
    let told = person.run(&ask).await.succeeded();
    Some(told.trim().strip_prefix("u ")?.to_owned())
}

/// The share of all memory that this process has, in KiB, as only root can see it.
async fn proportional(machine: &Machine, pid: &str) -> f64 {
    let file = format!("/proc/{pid}/smaps_rollup");
    let told = machine.root(&["sed", "-n", "s/^Pss: *//p", &file]).await;
    let told = told.succeeded();
    told.split(' ').next().unwrap().parse().unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// What `cargo xtask deb` has made, with these programs.
fn package() -> Option<PathBuf> {
    let directory = programs::credexd().parent()?.parent()?.join("debian");
    let mut files = fs::read_dir(directory).ok()?.flatten();
    let ours = format!("credex_{VERSION}_");
    let found = files.find(|file| file.file_name().to_string_lossy().starts_with(&ours));
    found.map(|file| file.path())
}

/// The package; the minimal services, as if they were installed; and this bench.
fn fill(shared: &Path, package: &Path) {
    let place = |to: &str| {
        let to = shared.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        to
    };
    let copy = |from: &Path, to: &str| fs::copy(from, place(to)).unwrap();
    copy(package, package.file_name().unwrap().to_str().unwrap());
    copy(&std::env::current_exe().unwrap(), "bench");
    copy(&minimal::program(), "minimal/usr/libexec/minimal-service");
    let (_, ours) = OUR_UNIT.split_once("[Service]\n").unwrap();
    let of_ours = |line: &&str| !line.starts_with("ExecStart=") && !line.starts_with("BusName=");
    let confined: Vec<&str> = ours.lines().filter(of_ours).collect();
    for (name, options) in [
        (minimal::NAME, "Type=dbus"),
        (CONFINED, &confined.join("\n")),
    ] {
        let exec = format!("/usr/libexec/minimal-service {name}");
        let unit = format!("[Service]\nBusName={name}\nExecStart={exec}\n{options}\n");
        let to = format!("minimal/usr/lib/systemd/user/{name}.service");
        fs::write(place(&to), unit).unwrap();
        let entry =
            format!("[D-BUS Service]\nName={name}\nExec={exec}\nSystemdService={name}.service\n");
        let to = format!("minimal/usr/share/dbus-1/services/{name}.service");
        fs::write(place(&to), entry).unwrap();
    }
}

/// Calls the services in turn, each time after all have ended, and prints what it has seen.
pub(crate) fn inside(rounds: usize) {
    runtime().block_on(async {
        let caller = Connection::session().await.unwrap();
        let [mut least, mut confined, mut ours] = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            least.push(timed(minimal::call(&caller)).await);
            stop_all();
            confined.push(timed(minimal::call_it(&caller, CONFINED)).await);
            stop_all();
            ours.push(timed(status(&caller)).await);
            stop_all();
        }
        let starts = Starts {
            minimal: median(least),
            confined: median(confined),
            ours: median(ours),
        };
        println!("{}", serde_json::to_string(&starts).unwrap());
    });
}

/// Ends everything, and has systemd forget how often it was started.
fn stop_all() {
    for words in [&[&["stop"], &UNITS[..]].concat(), &vec!["reset-failed"]] {
        let mut command = Command::new("systemctl");
        command.args(["--user", "--quiet"]).args(words);
        assert!(command.status().unwrap().success());
    }
}
