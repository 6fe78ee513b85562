//! A new store of each kind, and what came back from it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use credex::cxf;
use credex_adapters::stores::pass::{Gpg, Pass};
use credex_adapters::stores::secret_service::SecretService;
use credex_adapters::{
    Access, Adapter, Ask, Attachment, Change, Fault, Foreseen, Question, Record, Store,
    read_document,
};
use zeroize::Zeroizing;

/// A bus on which nothing starts by itself.
const BUS: &str = r#"<busconfig><type>session</type><listen>LISTEN</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"#;

/// What a store was given, what it said would become of that, and what came back.
pub(crate) struct Tried {
    pub(crate) records: Vec<(Record, Foreseen)>,
}

impl Tried {
    /// Writes the sample into a new store, and reads it back.
    pub(crate) fn sample(adapter: Box<dyn Adapter>) -> Result<Self, String> {
        let files = cxf::sample_attachments().iter();
        let files = files.map(|(id, content)| Attachment {
            id: (*id).to_owned(),
            content: Zeroizing::new(content.to_vec()),
        });
        let told = read_document(cxf::sample(), files).map_err(|error| error.to_string())?;
        let mut records: Vec<_> = told.into_iter().filter_map(Result::ok).collect();
        // One has an id that is none, and a transfer gives it one.
        for record in records
            .iter_mut()
            .filter(|record| record.item.id().is_empty())
        {
            record.item.members.set("id", "bm8taWQ");
        }
        Self::with(adapter, records)
    }

    /// Writes `records` into a new store, and reads them back. Panics if something else is lost than
    /// was foreseen.
    pub(crate) fn with(adapter: Box<dyn Adapter>, records: Vec<Record>) -> Result<Self, String> {
        let told = |error: std::io::Error| error.to_string();
        // The socket of an agent has to have a short path.
        let directory = tempfile::Builder::new()
            .prefix("cx")
            .tempdir()
            .map_err(told)?;
        let place = place(adapter, directory.path())?;
        let open = |access| place.adapter.open(&place.location, access, &mut Knows);
        let mut store = open(Access::Write).map_err(|fault| fault.to_string())?;
        let foreseen: Vec<_> = records.iter().map(|each| store.foresee(each)).collect();
        let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
        let written = store.write(&changes, &mut |_| {});
        let written = written.map_err(|fault| fault.to_string())?;
        drop(store);
        let mut store = open(Access::Read).map_err(|fault| fault.to_string())?;
        let back = read(&mut *store).map_err(|fault| fault.to_string())?;
        let refused: Vec<_> = written.refused.iter().map(|each| &each.origin).collect();
        for (record, foreseen) in records.iter().zip(&foreseen) {
            if foreseen.lost.is_empty() && !refused.contains(&&record.origin) {
                let same = |back: &Record| is_the_same(record, back);
                let scheme = place.adapter.describe().scheme;
                assert!(
                    back.iter().any(same),
                    "{scheme} lost something of {}",
                    record.origin
                );
            }
        }
        let records = records.into_iter().zip(foreseen).collect();
        Ok(Self { records })
    }
}

fn is_the_same(record: &Record, back: &Record) -> bool {
    let surroundings = |record: &Record| {
        let mut files = record.attachments.clone();
        files.sort_by(|a, b| a.id.cmp(&b.id));
        (record.account.clone(), record.places.clone(), files)
    };
    record.item == back.item && surroundings(record) == surroundings(back)
}

fn read(store: &mut dyn Store) -> Result<Vec<Record>, Fault> {
    let mut back = Vec::new();
    store.read(&mut |told| {
        back.extend(told);
        true
    })?;
    Ok(back)
}

/// Knows every passphrase.
struct Knows;

impl Ask for Knows {
    fn ask(&mut self, _question: &Question) -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new("tin whistle under snow".to_owned()))
    }
}

/// Where a new store may be, and what it needs.
struct Place {
    adapter: Box<dyn Adapter>,
    location: String,
    /// Ends with it.
    _session: Option<Session>,
}

impl Place {
    fn of(adapter: Box<dyn Adapter>, location: String) -> Self {
        Self {
            adapter,
            location,
            _session: None,
        }
    }
}

/// Makes a place for a new store.
fn place(adapter: Box<dyn Adapter>, directory: &Path) -> Result<Place, String> {
    let at = |name: &str| directory.join(name).display().to_string();
    match adapter.describe().scheme {
        "pass" => {
            let home = directory.join("gnupg");
            make_key(&home)?;
            let store = directory.join("store");
            let made = std::fs::create_dir(&store);
            made.and_then(|()| std::fs::write(store.join(".gpg-id"), "ann@example.org\n"))
                .map_err(|error| error.to_string())?;
            let pass = Pass::with(Gpg::default().at_home(home));
            let adapter: Box<dyn Adapter> = Box::new(pass);
            Ok(Place::of(adapter, at("store")))
        }
        "secret-service" => {
            let (session, address) = Session::start(directory)?;
            Ok(Place {
                adapter: Box::new(SecretService::at(address)),
                location: String::new(),
                _session: Some(session),
            })
        }
        _ => Ok(Place::of(adapter, at("store"))),
    }
}

fn make_key(home: &Path) -> Result<(), String> {
    let mut directory = std::fs::DirBuilder::new();
    directory
        .mode(0o700)
        .create(home)
        .map_err(|error| error.to_string())?;
    let words = [
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ];
    let made = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(words)
        .args([
            "--quick-generate-key",
            "ann@example.org",
            "future-default",
            "default",
            "never",
        ])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("gpg: {error}"))?;
    match made.status.success() {
        true => Ok(()),
        false => Err(format!("gpg: {}", String::from_utf8_lossy(&made.stderr))),
    }
}

/// A bus of its own with a keyring.
struct Session(Vec<Child>);

impl Session {
    /// Starts both, and tells the address of the bus.
    fn start(directory: &Path) -> Result<(Self, String), String> {
        let told =
            |program: &'static str| move |error: std::io::Error| format!("{program}: {error}");
        let config = directory.join("bus.conf");
        let listen = format!("unix:dir={}", directory.display());
        std::fs::write(&config, BUS.replace("LISTEN", &listen)).map_err(told("bus.conf"))?;
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--config-file={}", config.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(told("dbus-daemon"))?;
        let output = bus.stdout.take();
        let mut session = Self(vec![bus]);
        let mut address = String::new();
        let mut lines = BufReader::new(output.ok_or("dbus-daemon says nothing")?);
        lines.read_line(&mut address).map_err(told("dbus-daemon"))?;
        let address = address.trim().to_owned();
        session.0.push(keyring(directory, &address)?);
        let served = Command::new("gdbus")
            .args([
                "wait",
                "--session",
                "--timeout",
                "30",
                "org.freedesktop.secrets",
            ])
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .status()
            .map_err(told("gdbus"))?;
        match served.success() {
            true => Ok((session, address)),
            false => Err("gnome-keyring-daemon does not serve".to_owned()),
        }
    }
}

fn keyring(directory: &Path, address: &str) -> Result<Child, String> {
    let told = |error: std::io::Error| format!("gnome-keyring-daemon: {error}");
    let mut keyring = Command::new("gnome-keyring-daemon");
    for (name, folder) in [
        ("HOME", "home"),
        ("XDG_RUNTIME_DIR", "run"),
        ("XDG_DATA_HOME", "data"),
    ] {
        let folder = directory.join(folder);
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700).create(&folder).map_err(told)?;
        keyring.env(name, folder);
    }
    let mut keyring = keyring
        .args(["--unlock", "--components=secrets", "--foreground"])
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(told)?;
    let mut passphrase = keyring
        .stdin
        .take()
        .ok_or("gnome-keyring-daemon listens to nobody")?;
    passphrase.write_all(b"of the keyring").map_err(told)?;
    Ok(keyring)
}

impl Drop for Session {
    fn drop(&mut self) {
        for program in self.0.iter_mut().rev() {
            // An error says that it has ended by itself.
            program.kill().and_then(|()| program.wait()).ok();
        }
    }
}
