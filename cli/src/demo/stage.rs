//! The private directory and the processes of the demo: put up, watched, and cleared away whatever
//! happens.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use credex_protocol::names;
use futures_util::StreamExt;
use tempfile::TempDir;
use zbus::fdo::DBusProxy;

use super::bus::{Bus, BusChoice};
use super::cast;
use super::child::Running;
use super::news::{News, Newsroom};
use super::roles::Role;
use crate::exit::Exit;
use crate::failure::Failure;

/// How long the service may take to start, and the launched programs to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// The path of a socket has at most 107 bytes; this leaves room for its name.
const LONGEST_PLACE: usize = 70;

/// Everything that must be gone in the end.
pub(super) struct Stage {
    directory: Option<TempDir>,
    newsroom: Newsroom,
    bus: Option<Bus>,
    service: Option<Running>,
    exporter: Option<Running>,
}

impl Stage {
    /// Makes the private directory, and registers the apps in it.
    pub(super) fn build() -> Result<Stage, Failure> {
        let directory = private_directory()
            .map_err(|error| Failure::file("made", &std::env::temp_dir(), &error))?;
        let place = directory.path();
        let failed = |error| Failure::file("written", place, &error);
        furnish(place).map_err(failed)?;
        let newsroom = Newsroom::open(place.join("news")).map_err(failed)?;
        Ok(Stage {
            directory: Some(directory),
            newsroom,
            bus: None,
            service: None,
            exporter: None,
        })
    }

    /// Starts the bus; returns what it is, for people.
    pub(super) async fn start_bus(&mut self, choice: BusChoice) -> Result<String, Failure> {
        let bus = Bus::start(choice, self.place()?).await?;
        let called = bus.called.to_owned();
        self.bus = Some(bus);
        Ok(called)
    }

    /// Starts the service with a chooser that has `answers`, and waits for its name.
    pub(super) async fn start_service(
        &mut self,
        answers: &[&str],
        configured: &str,
    ) -> Result<(), Failure> {
        let file = self.place()?.join("credexd.conf");
        let chooser = self.chooser(answers)?;
        // Nothing of the person's leaves: no reason to ask for their password.
        let config = format!(
            "[chooser]\nterminal = {chooser}\n[authentication]\nexport = \"waived\"\n{configured}"
        );
        std::fs::write(&file, config).map_err(|error| Failure::file("written", &file, &error))?;
        let arguments = ["--config".as_ref(), file.as_os_str()];
        self.service = Some(self.start("the service", "credexd", &arguments)?);
        let appeared = tokio::time::timeout(PATIENCE, self.service_appears());
        match appeared.await {
            Ok(appeared) => appeared,
            Err(_late) => Err(Failure::new(
                Exit::Failed,
                "the service did not start in time",
            )),
        }
    }

    /// Starts the exporting app, which asks at `parent_window`.
    pub(super) fn start_exporter(&mut self, parent_window: &str) -> Result<(), Failure> {
        let arguments = [self.newsroom.path().as_os_str(), parent_window.as_ref()];
        let exporter = self.start("the exporting app", Role::Exporter.name(), &arguments)?;
        self.exporter = Some(exporter);
        Ok(())
    }

    /// The next that an actor reports.
    ///
    /// # Errors
    /// An actor failed, or the bus or the service ended.
    pub(super) async fn next_news(&mut self) -> Result<News, Failure> {
        let news = tokio::select! {
            biased;
            news = self.newsroom.next() => news,
            failure = ended(self.service.as_mut()) => return Err(failure),
            failure = ended(self.bus.as_mut().map(|bus| &mut bus.process)) => return Err(failure),
            failure = ended_for_long(self.exporter.as_mut()) => return Err(failure),
        };
        match news {
            Some(News::Failed {
                who,
                exit,
                what,
                advice,
            }) => Err(reported(&who, exit, what, advice)),
            Some(news) => Ok(news),
            None => Err(Failure::new(Exit::Failed, "the actors fell silent")),
        }
    }

    /// Ends every process, and removes the directory. Safe to call at any time.
    pub(super) async fn clear(&mut self) -> Result<(), Failure> {
        let bus = self.bus.as_mut().map(|bus| &mut bus.process);
        let processes = [self.exporter.as_mut(), self.service.as_mut(), bus];
        let mut outcome = Ok(());
        for process in processes.into_iter().flatten() {
            outcome = outcome.and(process.stop().await);
        }
        // What the service launched ends with the bus.
        let late = tokio::time::timeout(PATIENCE, self.newsroom.empty())
            .await
            .is_err();
        if late && outcome.is_ok() {
            outcome = Err(Failure::new(
                Exit::Failed,
                "a program of the demo does not end",
            ));
        }
        match self.directory.take().map(TempDir::close) {
            Some(Err(error)) => {
                outcome.and(Err(Failure::file("removed", &std::env::temp_dir(), &error)))
            }
            _ => outcome,
        }
    }

    /// Adds to an unexpected failure what the processes said.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        if failure.exit != Exit::Failed {
            return failure;
        }
        let bus = self.bus.as_ref().map(|bus| &bus.process);
        let processes = [self.exporter.as_ref(), self.service.as_ref(), bus];
        let told = processes.into_iter().flatten().flat_map(|process| {
            let said = process.said().into_iter();
            said.map(|line| format!("{} said: {line}", process.what))
        });
        let told: Vec<String> = told.collect();
        match told.is_empty() {
            true => failure,
            false => failure.advise(told.join("\n       ")),
        }
    }

    fn place(&self) -> Result<&Path, Failure> {
        let cleared = || Failure::new(Exit::Failed, "the demo is over");
        self.directory
            .as_ref()
            .map(TempDir::path)
            .ok_or_else(cleared)
    }

    /// Writes a file of the demo's, and returns where it is.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let file = self.place()?.join(name);
        std::fs::write(&file, text).map_err(|error| Failure::file("written", &file, &error))?;
        Ok(file)
    }

    /// This program, under another name.
    pub(super) fn role_of(&self, name: &str) -> Result<PathBuf, Failure> {
        let link = self.place()?.join(name);
        let program = std::env::current_exe()?;
        symlink(program, &link).map_err(|error| Failure::file("made", &link, &error))?;
        Ok(link)
    }

    /// Waits until the chooser has closed, if there is one: it writes to the same terminal.
    pub(super) async fn chooser_closed(&mut self) {
        let closed = tokio::time::timeout(PATIENCE, self.newsroom.empty());
        if closed.await.is_err() {
            tracing::debug!("the chooser stays open");
        }
    }

    pub(super) fn address(&self) -> String {
        self.bus
            .as_ref()
            .map_or_else(String::new, |bus| bus.address.clone())
    }

    /// Starts this program under another name, in the session of the demo.
    fn start(
        &self,
        what: &'static str,
        name: &str,
        arguments: &[&OsStr],
    ) -> Result<Running, Failure> {
        let place = self.place()?;
        let home = place.join("home");
        let environment = [
            ("DBUS_SESSION_BUS_ADDRESS", OsString::from(self.address())),
            ("XDG_DATA_DIRS", place.join("share").into()),
            ("XDG_DATA_HOME", home.join("share").into()),
            ("XDG_CONFIG_HOME", home.join("config").into()),
            ("HOME", home.into()),
        ];
        let program = std::env::current_exe()?;
        Running::start(what, program.as_os_str(), name, arguments, &environment)
    }

    /// The command line of the chooser, as a TOML array.
    fn chooser(&self, answers: &[&str]) -> Result<String, Failure> {
        let program = self.place()?.join(Role::Chooser.name());
        let mut words = vec![
            program.to_string_lossy(),
            self.newsroom.path().to_string_lossy(),
        ];
        words.extend(answers.iter().map(|&word| word.into()));
        // A JSON string is a TOML string.
        Ok(serde_json::to_string(&words).map_err(std::io::Error::from)?)
    }

    async fn service_appears(&mut self) -> Result<(), Failure> {
        let failed = |error: zbus::Error| {
            Failure::new(Exit::Failed, format!("the bus does not work: {error}"))
        };
        let address = self.address();
        let builder = zbus::connection::Builder::address(address.as_str()).map_err(failed)?;
        let connection = builder.build().await.map_err(failed)?;
        let bus = DBusProxy::new(&connection).await.map_err(failed)?;
        let changes = bus
            .receive_name_owner_changed_with_args(&[(0, names::BUS_NAME)])
            .await;
        let mut changes = changes.map_err(failed)?;
        let name =
            zbus::names::BusName::from_static_str(names::BUS_NAME).map_err(|e| failed(e.into()))?;
        if bus
            .name_has_owner(name)
            .await
            .map_err(|error| failed(error.into()))?
        {
            return Ok(());
        }
        tokio::select! {
            _appeared = changes.next() => Ok(()),
            failure = ended(self.service.as_mut()) => Err(failure),
        }
    }
}

/// Waits until a process ends that should not; for ever if there is none.
async fn ended(process: Option<&mut Running>) -> Failure {
    match process {
        Some(process) => process.ended().await,
        None => std::future::pending().await,
    }
}

/// Waits until a process has ended, and what it said last must have arrived.
async fn ended_for_long(process: Option<&mut Running>) -> Failure {
    let failure = ended(process).await;
    tokio::time::sleep(PATIENCE).await;
    failure
}

fn reported(who: &str, exit: u8, what: String, advice: Option<String>) -> Failure {
    let exit = Exit::ALL.iter().find(|known| known.code() == exit);
    let failure = match exit {
        Some(Exit::Declined) => Failure::new(Exit::Declined, format!("{what} Nothing was sent.")),
        exit => Failure::new(*exit.unwrap_or(&Exit::Failed), format!("{who}: {what}")),
    };
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

/// A directory for nobody but us.
fn private_directory() -> std::io::Result<TempDir> {
    let usual = std::env::temp_dir();
    let place = match usual.as_os_str().len() > LONGEST_PLACE || !usual.is_absolute() {
        true => PathBuf::from("/tmp"),
        false => usual,
    };
    tempfile::Builder::new()
        .prefix("credex-demo-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(place)
}

/// The actors under their names, and the desktop entries that lead to them.
fn furnish(place: &Path) -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    for role in [Role::Chooser, Role::Exporter, Role::Importer] {
        symlink(&program, place.join(role.name()))?;
    }
    let applications = place.join("share/applications");
    for directory in [
        &applications,
        &place.join("home/share"),
        &place.join("home/config"),
    ] {
        std::fs::create_dir_all(directory)?;
    }
    let word = |path: &Path| cast::exec_argument(&path.to_string_lossy());
    for app in &cast::IMPORTING {
        let importer = word(&place.join(Role::Importer.name()));
        let exec = format!("{importer} {} {}", word(&place.join("news")), app.id);
        let file = applications.join(format!("{}.desktop", app.id));
        std::fs::write(file, app.desktop_entry(&exec))?;
    }
    let exec = word(&place.join(Role::Exporter.name()));
    let file = applications.join(format!("{}.desktop", cast::EXPORTER_ID));
    std::fs::write(file, cast::exporter_entry(&exec))
}
