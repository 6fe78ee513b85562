//! Row 6: a thousand logins through Credex, against the same through gnome-keyring: what an app does
//! today that wants others to have them.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use credex_tests::desktop::Desktop;
use credex_tests::process::Process;
use futures_util::StreamExt;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Value};

use crate::Pace;
use crate::apps::{Apps, Stage, Taking};
use crate::stats::median;
use crate::table::{Aim, Table};
use crate::vault::{logins, password, site};

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PATH: &str = "/org/freedesktop/secrets";
const SCHEMA: (&str, &str) = ("xdg:schema", "org.example.Login");

/// `(session, parameters, value, content type)`.
type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let number = pace.rounds(1000, 200);
    let stage = Stage::open(Desktop::plan());
    let Some(keyring) = Keyring::start(&stage) else {
        return table.note("gnome-keyring is not installed: no row");
    };
    let floor = keyring.write_and_read(&stage, number);
    drop(stage);
    let apps = Apps::start(Taking::Checked);
    let document = logins(number);
    let ours = median((0..21).map(|_| apps.export(&document)).collect());
    let what = format!("{number} logins, against gnome-keyring");
    table.times(&what, floor, ours, Aim::AtLeast(1000.0));
    table.note("a whole exchange: checks, question, start of the chooser, hand-over, receipt");
    let bare = median((0..21).map(|_| apps.hand_over_checked(&document)).collect());
    table.times(
        "  from the deposit to the opened payload",
        floor,
        bare,
        Aim::None,
    );
}

/// A real gnome-keyring on the bus of a desktop, with a login keyring on disk.
pub(crate) struct Keyring {
    process: Process,
}

impl Keyring {
    /// `None` if it is not installed.
    pub(crate) fn start(stage: &Stage) -> Option<Keyring> {
        let program = "/usr/bin/gnome-keyring-daemon";
        std::path::Path::new(program).exists().then_some(())?;
        let path = |name| stage.desktop.path(name);
        std::fs::set_permissions(path("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(path("passphrase"), "a long passphrase").unwrap();
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                r#"exec "$0" --unlock --components=secrets --foreground <"$1""#,
            ])
            .args([program.as_ref(), path("passphrase").as_os_str()])
            .env_clear()
            .envs(stage.desktop.environment().iter().cloned());
        stage.runtime.block_on(async {
            let connection = stage.desktop.bus.connect().await;
            let bus = DBusProxy::new(&connection).await.unwrap();
            let mut owners = bus
                .receive_name_owner_changed_with_args(&[(0, NAME)])
                .await
                .unwrap();
            let process = Process::start(&mut command, &path("keyring.log"));
            owners.next().await.unwrap();
            Some(Keyring { process })
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Writes so many logins into the person's own collection, and reads them back.
    fn write_and_read(&self, stage: &Stage, number: usize) -> Duration {
        stage.runtime.block_on(async {
            let client = Client::open(stage.desktop.bus.connect().await).await;
            let start = Instant::now();
            for login in 0..number {
                client.store(login).await;
            }
            let found = client.read_all().await;
            let time = start.elapsed();
            assert_eq!(found, number);
            time
        })
    }
}

/// An app that speaks to the keyring, as plainly as can be.
struct Client {
    bus: Connection,
    session: OwnedObjectPath,
    collection: OwnedObjectPath,
}

impl Client {
    async fn open(bus: Connection) -> Client {
        let plain = ("plain", Value::from(""));
        let opened = call(&bus, PATH, SERVICE, "OpenSession", &plain).await;
        let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize().unwrap();
        let alias = call(&bus, PATH, SERVICE, "ReadAlias", &"login").await;
        let collection: OwnedObjectPath = alias.body().deserialize().unwrap();
        assert_ne!(collection.as_str(), "/", "there is a login keyring");
        Client {
            bus,
            session,
            collection,
        }
    }

    async fn store(&self, login: usize) {
        let url = site(login);
        let attributes = HashMap::from([("url", url.as_str()), SCHEMA]);
        let properties = HashMap::from([
            (format!("{ITEM}.Label"), Value::from(url.as_str())),
            (format!("{ITEM}.Attributes"), Value::from(attributes)),
        ]);
        let secret: Secret = (
            self.session.clone(),
            Vec::new(),
            password(login).into_bytes(),
            "text/plain".to_owned(),
        );
        let body = (properties, secret, false);
        let stored = call(&self.bus, &self.collection, COLLECTION, "CreateItem", &body).await;
        let (item, _): (OwnedObjectPath, OwnedObjectPath) = stored.body().deserialize().unwrap();
        assert_ne!(item.as_str(), "/", "no prompt");
    }

    async fn read_all(&self) -> usize {
        let ours = HashMap::from([SCHEMA]);
        let found = call(&self.bus, PATH, SERVICE, "SearchItems", &ours).await;
        let (unlocked, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            found.body().deserialize().unwrap();
        let body = (unlocked, &self.session);
        let secrets = call(&self.bus, PATH, SERVICE, "GetSecrets", &body).await;
        let secrets: HashMap<OwnedObjectPath, Secret> = secrets.body().deserialize().unwrap();
        secrets.len()
    }
}

async fn call(
    bus: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &(impl serde::Serialize + DynamicType),
) -> zbus::Message {
    let called = bus.call_method(Some(NAME), path, Some(interface), method, body);
    called.await.unwrap()
}
