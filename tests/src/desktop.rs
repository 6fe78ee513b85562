//! Where a story begins: a bus, a daemon, a person and what is installed.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::app::Entry;
use crate::bus::{Bus, Guests};
use crate::chooser::{Person, Script};
use crate::daemon::{self, Daemon, Start};
use crate::programs;
use crate::reports::Reports;
use crate::screen::{self, Compositor, Screen};
use crate::user_manager;

/// What every desktop has.
const DIRECTORIES: [&str; 5] = [
    "share/applications",
    "data/applications",
    "services",
    "home",
    "run",
];

/// A person's desktop. Everything ends with it.
#[derive(Debug)]
pub struct Desktop {
    daemon: Option<Daemon>,
    /// The bus.
    pub bus: Bus,
    /// The person.
    pub person: Person,
    start: Start,
    directory: TempDir,
}

/// A desktop that is not set up yet.
#[derive(Debug)]
pub struct Plan {
    script: Script,
    has_chooser: bool,
    windows: bool,
    guests: Guests,
    activated: bool,
    started_by: Vec<String>,
    terminal: Terminal,
    limits: Vec<(String, u64)>,
    seconds: Vec<(String, u64)>,
    variables: Vec<(String, String)>,
    authentication: &'static str,
    configured: String,
}

/// Who asks at a terminal.
#[derive(Debug)]
enum Terminal {
    /// The chooser that is beside the daemon.
    Own,
    /// The script.
    Scripted,
    /// A program with its arguments.
    Program(Vec<String>),
}

impl Desktop {
    /// Plans a desktop. As it stands: the person declines and need not prove who they are, nothing is
    /// installed, and the daemon stays.
    pub fn plan() -> Plan {
        Plan {
            script: Script::Decline,
            has_chooser: true,
            windows: false,
            guests: Guests::OwnUser,
            activated: false,
            started_by: Vec::new(),
            terminal: Terminal::Own,
            limits: Vec::new(),
            seconds: vec![("idle".to_owned(), 0)],
            variables: Vec::new(),
            authentication: "waived",
            configured: String::new(),
        }
    }

    /// The desktop of the session in which this test is played: with its bus, the service that is installed
    /// there, and a person who declines until she [is told](Person::will) what to do.
    pub fn in_session() -> Desktop {
        let at = user_manager::desktop_of_session();
        let name = at.file_name().expect("it has a name");
        let directory = tempfile::Builder::new()
            .prefix(name)
            .rand_bytes(0)
            .tempdir_in(at.parent().expect("it is in a directory"))
            .unwrap();
        for name in DIRECTORIES {
            std::fs::create_dir_all(at.join(name)).unwrap();
        }
        let environment = user_manager::session_environment(&at);
        let bus = environment
            .iter()
            .find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS");
        let address = bus.expect("the session has a bus").1.clone();
        Desktop {
            daemon: None,
            bus: Bus::at(address, &at),
            person: Person::sit_down(&at, &Script::Decline),
            start: Start {
                config: at.join("credexd.conf"),
                log: at.join("credexd.log"),
                by: Vec::new(),
                environment,
            },
            directory,
        }
    }

    /// A desktop on which the person sends everything to `importer`.
    pub async fn sending_to(importer: &str) -> Desktop {
        Desktop::plan()
            .chooser(Script::choose(importer))
            .open()
            .await
    }

    /// The daemon that the test started.
    pub fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("the test has started a daemon")
    }

    /// Starts the daemon, and waits until it serves.
    pub async fn start_daemon(&mut self) {
        // The old one must be gone, or its name is taken.
        self.daemon = None;
        self.daemon = Some(self.start.run(&self.bus.connect().await).await);
    }

    /// Installs an app for all users.
    pub fn install(&self, entry: &Entry) {
        entry.write(&self.path("share/applications"));
    }

    /// Installs an app for this user alone.
    pub fn install_for_user(&self, entry: &Entry) {
        entry.write(&self.path("data/applications"));
    }

    /// Has the bus start `command` when somebody calls `name`. Before the bus reads its directory
    /// again, it must be told: see [`reload`](Self::reload).
    pub fn install_service(&self, name: &str, command: &str) {
        write_service(&self.path("services"), name, command);
    }

    /// Has the bus read its services again.
    pub async fn reload(&self) {
        let connection = self.bus.connect().await;
        let bus = zbus::fdo::DBusProxy::new(&connection).await.unwrap();
        bus.reload_config().await.unwrap();
    }

    /// Somewhere for processes to report to.
    pub fn reports(&self, name: &str) -> Reports {
        Reports::open(self.path(&format!("{name}.sock")))
    }

    /// A file or directory of this desktop.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The environment of its programs.
    pub fn environment(&self) -> &[(String, String)] {
        &self.start.environment
    }

    /// What the daemon and the bus have logged.
    pub fn log(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let (daemon, bus) = (read(&self.start.log), read(self.bus.log()));
        format!("--- credexd:\n{daemon}--- the bus, and what it started:\n{bus}")
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

impl Plan {
    /// What the person does when asked.
    pub fn chooser(mut self, script: Script) -> Plan {
        self.script = script;
        self
    }

    /// There is no chooser, and no terminal.
    pub fn without_chooser(mut self) -> Plan {
        self.has_chooser = false;
        self
    }

    /// The person sits at a display, and decides in the real windows.
    pub fn with_windows(self, screen: &Screen) -> Plan {
        self.windows_at("DISPLAY", screen.display())
    }

    /// The same on a Wayland compositor.
    pub fn with_wayland(self, compositor: &Compositor) -> Plan {
        self.windows_at("WAYLAND_DISPLAY", &compositor.display())
            .variable("GDK_BACKEND", "wayland")
    }

    fn windows_at(self, variable: &str, display: &str) -> Plan {
        let mut plan = self.variable(variable, display);
        plan.windows = true;
        // The fastest way to draw without a graphics card.
        plan.variable("GSK_RENDERER", "cairo")
    }

    /// Other users may connect to the bus.
    pub fn with_guests(mut self) -> Plan {
        self.guests = Guests::Everybody;
        self
    }

    /// The daemon is not started: the bus starts it when it is called.
    pub fn activated(mut self) -> Plan {
        self.activated = true;
        self
    }

    /// The daemon is started by this program, which becomes it: `prlimit --nofile=64`.
    pub fn started_by(mut self, words: &[&str]) -> Plan {
        self.started_by = words.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The person answers by script at terminals, too.
    pub fn scripted_at_terminals(mut self) -> Plan {
        self.terminal = Terminal::Scripted;
        self
    }

    /// At terminals this program asks.
    pub fn at_terminals(mut self, words: &[&str]) -> Plan {
        self.terminal = Terminal::Program(words.iter().map(|&word| word.to_owned()).collect());
        self
    }

    /// Sets a limit of the configuration.
    pub fn limit(mut self, key: &str, value: u64) -> Plan {
        self.limits.push((key.to_owned(), value));
        self
    }

    /// Sets a span of the configuration.
    pub fn seconds(mut self, key: &str, value: u64) -> Plan {
        self.seconds.retain(|(known, _)| known != key);
        self.seconds.push((key.to_owned(), value));
        self
    }

    /// Has the person prove who they are, if the computer can check that.
    pub fn authenticating(mut self) -> Plan {
        self.authentication = "required";
        self
    }

    /// Adds `text` to the configuration of the daemon: tables of their own.
    pub fn configured(mut self, text: &str) -> Plan {
        self.configured.push_str(text);
        self.configured.push('\n');
        self
    }

    /// Sets a variable in the environment of all its programs.
    pub fn variable(mut self, name: &str, value: &str) -> Plan {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets it up.
    pub async fn open(self) -> Desktop {
        let directory = tempfile::Builder::new()
            .prefix("credex-")
            .tempdir()
            .unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in DIRECTORIES {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let mut environment = environment(directory.path());
        if self.windows {
            add_system_data(&mut environment);
        }
        environment.retain(|(name, _)| self.variables.iter().all(|(other, _)| other != name));
        environment.extend(self.variables.iter().cloned());
        let person = Person::sit_down(directory.path(), &self.script);
        let config = at("credexd.conf");
        std::fs::write(&config, self.configuration(&person)).unwrap();
        if self.windows {
            write_service(&at("services"), "org.a11y.Bus", screen::accessibility());
            stand_still(&at("config/gtk-4.0"));
        }
        if self.activated {
            daemon::install(&at("services"), &config);
        }
        if self.guests == Guests::Everybody {
            let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o711);
            std::fs::set_permissions(directory.path(), everybody).unwrap();
        }
        let bus = Bus::start(
            directory.path(),
            &at("services"),
            self.guests,
            environment.clone(),
        );
        let start = Start {
            config,
            log: at("credexd.log"),
            by: self.started_by,
            environment,
        };
        let mut desktop = Desktop {
            daemon: None,
            bus,
            person,
            start,
            directory,
        };
        if !self.activated {
            desktop.start_daemon().await;
        }
        desktop
    }

    fn configuration(&self, person: &Person) -> String {
        let table = |name: &str, values: &[(String, u64)]| {
            let lines = values
                .iter()
                .map(|(key, value)| format!("{key} = {value}\n"));
            format!("[{name}]\n{}", lines.collect::<String>())
        };
        let mut chooser = "[chooser]\n".to_owned();
        if self.windows {
            chooser += &format!("graphical = [{:?}]\n", programs::credex_chooser_gtk());
        } else if self.has_chooser {
            chooser += &format!("graphical = {:?}\n", person.argv());
        } else {
            chooser += "graphical = []\n";
        }
        match &self.terminal {
            Terminal::Own => {}
            Terminal::Scripted => chooser += &format!("terminal = {:?}\n", person.argv()),
            Terminal::Program(words) => chooser += &format!("terminal = {words:?}\n"),
        }
        let authentication = self.authentication;
        let authentication = format!("[authentication]\nexport = \"{authentication}\"\n");
        table("limits", &self.limits)
            + &authentication
            + &table("seconds", &self.seconds)
            + &chooser
            + &self.configured
    }
}

/// Icons and settings of the toolkit.
fn add_system_data(environment: &mut [(String, String)]) {
    for (_, directories) in environment
        .iter_mut()
        .filter(|(name, _)| name == "XDG_DATA_DIRS")
    {
        directories.push_str(":/usr/share");
    }
}

/// Nothing moves: a page that is on its way out could be taken for the one that is shown.
fn stand_still(settings: &Path) {
    std::fs::create_dir_all(settings).unwrap();
    let text = "[Settings]\ngtk-enable-animations=0\n";
    std::fs::write(settings.join("settings.ini"), text).unwrap();
}

fn write_service(services: &Path, name: &str, command: &str) {
    let text = format!("[D-BUS Service]\nName={name}\nExec={command}\n");
    std::fs::write(services.join(format!("{name}.service")), text).unwrap();
}

/// An environment that leads nowhere but into `directory`.
pub(crate) fn environment(directory: &Path) -> Vec<(String, String)> {
    let at = |name: &str| directory.join(name).display().to_string();
    let own = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", at("home")),
        ("XDG_RUNTIME_DIR", at("run")),
        ("XDG_DATA_HOME", at("data")),
        ("XDG_DATA_DIRS", at("share")),
        ("XDG_CONFIG_HOME", at("config")),
        (
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", at("bus")),
        ),
        ("DISPLAY", ":none".to_owned()),
        ("CREDEX_LOG", "debug".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ];
    let own = own
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    // Where measured coverage of started programs goes.
    let profile = std::env::var("LLVM_PROFILE_FILE");
    let profile = profile.map(|value| ("LLVM_PROFILE_FILE".to_owned(), value));
    own.chain(profile).collect()
}
