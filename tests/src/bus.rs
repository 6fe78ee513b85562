//! A message bus of its own: a real `dbus-daemon` that starts nothing but what the test installs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Peer, Process};

/// A running bus.
#[derive(Debug)]
pub struct Bus {
    process: Option<Process>,
    start: Start,
}

/// What it takes to start it again at the same address.
#[derive(Debug)]
struct Start {
    config: PathBuf,
    log: PathBuf,
    address: String,
    environment: Vec<(String, String)>,
}

/// Those of the bus of every desktop session, as far as a story reaches them (`session.conf`).
const LIMITS: &str = "<limit name=\"max_incoming_bytes\">1000000000</limit>\
    <limit name=\"max_incoming_unix_fds\">250000000</limit>\
    <limit name=\"max_outgoing_bytes\">1000000000</limit>\
    <limit name=\"max_outgoing_unix_fds\">250000000</limit>\
    <limit name=\"max_message_size\">1000000000</limit>\
    <limit name=\"max_completed_connections\">100000</limit>\
    <limit name=\"max_connections_per_user\">100000</limit>\
    <limit name=\"max_replies_per_connection\">50000</limit>";

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guests {
    /// The user of the test, as on every session bus.
    OwnUser,
    /// Everybody.
    Everybody,
}

impl Bus {
    /// Starts a bus in `directory`, which activates what is in `services`, with `environment`.
    pub(crate) fn start(
        directory: &Path,
        services: &Path,
        guests: Guests,
        environment: Vec<(String, String)>,
    ) -> Bus {
        let address = format!("unix:path={}", directory.join("bus").display());
        let config = directory.join("bus.conf");
        std::fs::write(&config, configuration(&address, services, guests)).unwrap();
        let log = directory.join("bus.log");
        let start = Start {
            config,
            log,
            address,
            environment,
        };
        let process = Some(start.run());
        Bus { process, start }
    }

    /// The bus that listens at `address` already.
    pub(crate) fn at(address: String, directory: &Path) -> Bus {
        let start = Start {
            config: PathBuf::new(),
            log: directory.join("bus.log"),
            address,
            environment: Vec::new(),
        };
        Bus {
            process: None,
            start,
        }
    }

    /// Where it listens. Stays the same when it is started again.
    pub fn address(&self) -> &str {
        &self.start.address
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        let process = self.process.as_ref();
        process.expect("the bus has not been killed").pid()
    }

    /// A connection yet to be made.
    pub fn builder(&self) -> zbus::connection::Builder<'_> {
        zbus::connection::Builder::address(self.address()).expect("the address of the bus is one")
    }

    /// A connection that only this test knows of.
    pub async fn connect(&self) -> zbus::Connection {
        self.builder()
            .build()
            .await
            .expect("the bus lets the test in")
    }

    /// Kills it. Every connection to it breaks.
    pub fn kill(&mut self) {
        self.process = None;
        std::fs::remove_file(self.start.address.trim_start_matches("unix:path=")).ok();
    }

    /// Starts it again at the same address, after [`kill`](Self::kill).
    pub fn start_again(&mut self) {
        self.process = Some(self.start.run());
    }

    /// Its process, to be looked at.
    pub fn peer(&self) -> Peer {
        let process = self.process.as_ref().expect("the bus runs");
        Peer::of_pid(process.pid()).expect("the bus runs")
    }

    pub(crate) fn log(&self) -> &Path {
        &self.start.log
    }
}

impl Start {
    fn run(&self) -> Process {
        listening(&self.config, &self.log, &self.address, &self.environment)
    }
}

/// Starts a bus, and returns once it listens: it prints its address then.
pub(crate) fn listening(
    config: &Path,
    log: &Path,
    address: &str,
    environment: &[(String, String)],
) -> Process {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new("sh");
    // The address goes to the pipe, and what activated programs say goes to the log.
    command
        .args(["-c", r#"exec dbus-daemon --nofork --nopidfile --config-file="$0" --print-address=9 9>&0 </dev/null"#])
        .arg(config)
        .env_clear()
        .envs(environment.iter().cloned());
    let process = Process::start_with_input(&mut command, log, Stdio::from(writer));
    drop(command);
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    assert!(
        line.starts_with(address),
        "dbus-daemon did not start; is it installed? It said {line:?} and {:?}",
        std::fs::read_to_string(log)
    );
    process
}

fn configuration(address: &str, services: &Path, guests: Guests) -> String {
    let everybody = match guests {
        Guests::OwnUser => "",
        Guests::Everybody => "<allow user=\"*\"/>",
    };
    format!(
        "<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\
         <servicedir>{}</servicedir>{LIMITS}<policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
         <allow own=\"*\"/>{everybody}</policy></busconfig>",
        services.display()
    )
}
