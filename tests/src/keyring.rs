//! A real gnome-keyring, unlocked: the Secret Service of most sessions (design §7, "Store").

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use futures_util::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::{MatchRule, MessageStream};

use crate::desktop::Desktop;
use crate::patience::within;
use crate::process::Process;

const PROGRAM: &str = "/usr/bin/gnome-keyring-daemon";
const NAME: &str = "org.freedesktop.secrets";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";

/// The keyring of a desktop. It ends with this.
#[derive(Debug)]
pub struct Keyring {
    _process: Process,
    created: MessageStream,
}

impl Keyring {
    /// Whether it is installed. If not, says so.
    pub fn can_run() -> bool {
        let is_installed = Path::new(PROGRAM).is_file();
        if !is_installed {
            eprintln!("no keyring is tried: {PROGRAM} is not installed (tests/install)");
        }
        is_installed
    }

    /// Starts it with an empty collection, and waits until it serves.
    pub async fn start(desktop: &Desktop) -> Keyring {
        let passphrase = desktop.path("passphrase");
        std::fs::write(&passphrase, "of the keyring").unwrap();
        // It refuses a runtime directory that others can read.
        std::fs::set_permissions(desktop.path("run"), Permissions::from_mode(0o700)).unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .args(["--unlock", "--components=secrets", "--foreground"])
            .env_clear()
            .envs(desktop.environment().iter().cloned());
        let bus = desktop.bus.connect().await;
        let driver = DBusProxy::new(&bus).await.unwrap();
        let mut owners = driver
            .receive_name_owner_changed_with_args(&[(0, NAME)])
            .await
            .unwrap();
        let input = File::open(&passphrase).unwrap();
        let log = desktop.path("keyring.log");
        let process = Process::start_with_input(&mut command, &log, input.into());
        within("gnome-keyring to serve", owners.next()).await;
        let rule = MatchRule::builder()
            .sender(NAME)
            .and_then(|rule| rule.interface(COLLECTION))
            .and_then(|rule| rule.member("ItemCreated"));
        let created = MessageStream::for_match_rule(rule.unwrap().build(), &bus, None).await;
        Keyring {
            _process: process,
            created: created.unwrap(),
        }
    }

    /// Waits until something more has been put into it.
    pub async fn item_created(&mut self) {
        let created = within("something to be put into the keyring", self.created.next()).await;
        created.expect("the bus is there").unwrap();
    }
}
