//! Where a check is played: a private directory, a bus, the real service with a scripted person, or a
//! service of the kit's own; and the implementation. Everything is new for each check.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use credex_protocol::names;
use futures_util::StreamExt;
use tempfile::TempDir;
use zbus::Connection;
use zbus::fdo::DBusProxy;

use super::candidate::{Candidate, Contract};
use super::check::{Finding, trouble};
use super::importing::Importing;
use super::person::{CHOOSER, Person};
use super::stand_in::StandIn;
use super::wire::Wire;
use crate::demo::bus::{Bus, BusChoice};
use crate::demo::child::Running;
use crate::failure::Failure;

/// How long the programs of the kit may take to start.
const STARTING: Duration = Duration::from_secs(20);

/// What differs from check to check.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Setting {
    /// Spans of the service's configuration.
    pub(super) seconds: &'static [(&'static str, u64)],
    /// Limits of the service's configuration.
    pub(super) limits: &'static [(&'static str, u64)],
    /// There is no service: the check plays it.
    pub(super) without_service: bool,
}

/// As it stands.
pub(super) const USUAL: Setting = Setting {
    seconds: &[],
    limits: &[],
    without_service: false,
};

/// The check plays the service.
pub(super) const STAND_IN: Setting = Setting {
    without_service: true,
    ..USUAL
};

/// A stage with everything on it.
pub(super) struct Scene {
    pub(super) contract: Arc<Contract>,
    pub(super) person: Person,
    pub(super) patience: Duration,
    /// The importer under test, once it is there.
    pub(super) importing: Option<Importing>,
    /// What COMMAND was started as.
    pub(super) candidates: Vec<Candidate>,
    /// The kit as the service, where it plays that.
    pub(super) stand_in: Option<StandIn>,
    wire: Option<Wire>,
    service: Option<Running>,
    setting: Setting,
    bus: Bus,
    // Removed last.
    directory: TempDir,
}

impl Scene {
    /// Puts up bus, person and service.
    pub(super) async fn set(
        contract: Arc<Contract>,
        bus: BusChoice,
        setting: Setting,
    ) -> Result<Scene, Finding> {
        let directory = tempfile::Builder::new()
            .prefix("credex-conf-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(short(std::env::temp_dir()))?;
        furnish(directory.path(), &contract)?;
        let person = Person::sit_down(directory.path().join("person"))?;
        let bus = Bus::start(bus, directory.path()).await?;
        let wire = Wire::listen(&bus.address).await;
        let mut scene = Scene {
            patience: contract.patience,
            contract,
            person,
            importing: None,
            candidates: Vec::new(),
            stand_in: None,
            wire,
            service: None,
            setting,
            bus,
            directory,
        };
        match setting.without_service {
            true => scene.stand_in = Some(StandIn::enter(scene.address()).await?),
            false => scene.start_service().await?,
        }
        Ok(scene)
    }

    /// Starts the service, and waits until it serves.
    pub(super) async fn start_service(&mut self) -> Result<(), Finding> {
        let config = self.at("credexd.conf");
        std::fs::write(&config, self.configuration()?)?;
        let arguments = [OsStr::new("--config"), config.as_os_str()];
        let program = std::env::current_exe()?;
        let mut environment = self.environment();
        environment.extend([
            ("XDG_DATA_DIRS", self.at("share").into()),
            // A display that is none: the person answers by script.
            ("DISPLAY", ":none".into()),
            ("WAYLAND_DISPLAY", "".into()),
        ]);
        let service = Running::start(
            "the service",
            program.as_os_str(),
            "credexd",
            &arguments,
            &environment,
        )?;
        self.service = Some(service);
        let late = |_late| trouble("the service did not start in time");
        tokio::time::timeout(STARTING, self.service_appears())
            .await
            .map_err(late)?
    }

    async fn service_appears(&self) -> Result<(), Finding> {
        let connection = self.connect().await?;
        let bus = DBusProxy::new(&connection).await?;
        let ours = [(0, names::BUS_NAME)];
        let mut changes = bus.receive_name_owner_changed_with_args(&ours).await?;
        if !is_owned(&connection, names::BUS_NAME).await? {
            changes.next().await;
        }
        Ok(())
    }

    /// The service dies without a word.
    pub(super) async fn kill_service(&mut self) -> Result<(), Finding> {
        match self.service.take() {
            Some(mut service) => Ok(service.kill().await?),
            None => Ok(()),
        }
    }

    /// A new connection to the bus.
    pub(super) async fn connect(&self) -> Result<Connection, Finding> {
        let builder = zbus::connection::Builder::address(self.address())?;
        Ok(builder.build().await?)
    }

    pub(super) fn address(&self) -> &str {
        &self.bus.address
    }

    /// What goes over the bus.
    pub(super) fn wire(&self) -> Result<&Wire, Finding> {
        let why = "this bus lets nobody listen to everything: try --bus dbus-daemon";
        self.wire.as_ref().ok_or_else(|| super::check::skipped(why))
    }

    /// A file or directory of the scene.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The environment of everything that is started here.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let home = self.at("home");
        vec![
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.address.clone().into()),
            ("XDG_DATA_HOME", home.join("share").into()),
            ("XDG_CONFIG_HOME", home.join("config").into()),
            ("XDG_CACHE_HOME", home.join("cache").into()),
            ("HOME", home.into()),
        ]
    }

    /// Ends everything, and says what the implementation said last.
    pub(super) async fn clear(mut self) -> Result<Vec<String>, Failure> {
        let mut said = Vec::new();
        for candidate in &mut self.candidates {
            candidate.stop().await?;
            said.extend(candidate.said());
        }
        if let Some(mut service) = self.service.take() {
            service.stop().await?;
        }
        self.bus.process.stop().await?;
        Ok(said)
    }

    fn configuration(&self) -> Result<String, Finding> {
        let words = [self.at(CHOOSER), self.person.path().to_owned()];
        // A JSON string is a TOML string.
        let chooser = serde_json::to_string(&words)?;
        let table = |values: &[(&str, u64)]| -> String {
            let lines = values
                .iter()
                .map(|(key, value)| format!("{key} = {value}\n"));
            lines.collect()
        };
        let seconds = table(self.setting.seconds);
        let limits = table(self.setting.limits);
        Ok(format!(
            "[chooser]\nterminal = {chooser}\ngraphical = {chooser}\n\
             [authentication]\nexport = \"waived\"\n\
             [seconds]\nidle = 0\n{seconds}[limits]\n{limits}"
        ))
    }
}

/// Whether somebody owns `name`.
pub(super) async fn is_owned(connection: &Connection, name: &str) -> Result<bool, Finding> {
    let bus = DBusProxy::new(connection).await?;
    let name = zbus::names::BusName::try_from(name).map_err(zbus::Error::from)?;
    Ok(bus.name_has_owner(name).await?)
}

/// The path of a socket has at most 107 bytes.
fn short(usual: PathBuf) -> PathBuf {
    match usual.is_absolute() && usual.as_os_str().len() < 60 {
        true => usual,
        false => PathBuf::from("/tmp"),
    }
}

/// The chooser under its name, the directories, and the desktop entry of the implementation.
fn furnish(place: &Path, contract: &Contract) -> std::io::Result<()> {
    symlink(std::env::current_exe()?, place.join(CHOOSER))?;
    for directory in ["share/applications", "home/share", "home/config", "out"] {
        std::fs::create_dir_all(place.join(directory))?;
    }
    if let Some((id, text)) = &contract.desktop_entry {
        let file = place
            .join("share/applications")
            .join(format!("{id}.desktop"));
        std::fs::write(file, text)?;
    }
    Ok(())
}
