//! The real Firefox imports what we write, and we read what it exports.
//!
//! It is driven by Marionette, its own remote protocol: messages of JSON behind their length, first a
//! greeting, then `[0, id, command, parameters]` and `[1, id, error, result]`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use credex_adapters::stores::csv::{BrowserCsv, Csv};
use credex_adapters::{Access, Item, Record};
use serde_json::{Value, json};

use super::{add, open, told};

/// A first start under load.
const PATIENCE: Duration = Duration::from_secs(180);
const PREFERENCES: &str = r#"
user_pref("marionette.port", 0);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("toolkit.telemetry.enabled", false);
"#;

/// A running Firefox, which ends with this.
struct Firefox {
    child: Child,
    wire: BufReader<TcpStream>,
    sent: u64,
}

impl Firefox {
    /// Starts it with a profile of its own; `None` if there is none.
    fn start(home: &Path) -> Option<Self> {
        let profile = home.join("profile");
        std::fs::create_dir(&profile).unwrap();
        std::fs::write(profile.join("user.js"), PREFERENCES).unwrap();
        let child = Command::new("firefox-esr")
            .args([
                "--headless",
                "--no-remote",
                "--marionette",
                "--remote-allow-system-access",
            ])
            .arg("--profile")
            .arg(&profile)
            .env("HOME", home)
            .env("MOZ_CRASHREPORTER_DISABLE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                eprintln!("Firefox cannot be started, so it does not import: {error}");
                return None;
            }
        };
        let Some(wire) = connect(&profile.join("MarionetteActivePort"), &mut child) else {
            let _reaped = (child.kill(), child.wait());
            panic!("Firefox did not answer within {PATIENCE:?}");
        };
        wire.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut firefox = Self {
            child,
            wire: BufReader::new(wire),
            sent: 0,
        };
        assert_eq!(firefox.receive()["marionetteProtocol"], 3);
        firefox.ask("WebDriver:NewSession", &json!({}));
        firefox.ask("Marionette:SetContext", &json!({"value": "chrome"}));
        Some(firefox)
    }

    /// Runs a function with access to everything, and waits for what it returns.
    fn run(&mut self, function: &str, path: &Path) -> Value {
        let script = format!(
            "const [path, done] = arguments; ({function})(path).then(done, error => done(String(error)));"
        );
        let parameters = json!({"script": script, "args": [path], "scriptTimeout": 120_000});
        self.ask("WebDriver:ExecuteAsyncScript", &parameters)["value"].clone()
    }

    fn ask(&mut self, command: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let message = json!([0, self.sent, command, parameters]).to_string();
        write!(self.wire.get_mut(), "{}:{message}", message.len()).unwrap();
        let answer = self.receive();
        assert_eq!(
            (&answer[0], &answer[2]),
            (&json!(1), &Value::Null),
            "{command}"
        );
        answer[3].clone()
    }

    fn receive(&mut self) -> Value {
        let mut length = Vec::new();
        self.wire.read_until(b':', &mut length).unwrap();
        let length = std::str::from_utf8(&length).unwrap().trim_end_matches(':');
        let mut message = vec![0; length.parse().unwrap()];
        self.wire.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }
}

/// The connection, as soon as Firefox says where it listens.
fn connect(port: &Path, child: &mut Child) -> Option<TcpStream> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE && child.try_wait().unwrap().is_none() {
        let port = std::fs::read_to_string(port)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let wire = port.and_then(|port: u16| TcpStream::connect(("127.0.0.1", port)).ok());
        if wire.is_some() {
            return wire;
        }
        // Nobody tells when that file is there.
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _reaped = (self.child.kill(), self.child.wait());
    }
}

const IMPORT: &str = r#"async path => {
    const { LoginCSVImport } = ChromeUtils.importESModule("resource://gre/modules/LoginCSVImport.sys.mjs");
    return (await LoginCSVImport.importFromCSV(path)).map(row => row.result);
}"#;
const EXPORT: &str = r#"async path => {
    const { LoginExport } = ChromeUtils.importESModule("resource://gre/modules/LoginExport.sys.mjs");
    await LoginExport.exportAsCSV(path);
    return "exported";
}"#;

fn logins() -> Vec<Record> {
    let texts = [
        ("https://forge.example", "smith", "=1+1, \"steel\";"),
        ("https://fjord.example", "", "Blåbær ☃ 𝄞"),
        ("http://plain.example:8080", "a,b\"c", " spaces "),
    ];
    let records = texts
        .iter()
        .zip(1_600_000_000_i64..)
        .map(|((url, username, password), made)| {
            let mut item = Item::new(
                None,
                url.split_once("://").unwrap().1.split(':').next().unwrap(),
            );
            item.set_urls([*url]);
            item.push_login(
                Some(username).filter(|name| !name.is_empty()).copied(),
                Some(password),
            );
            item.members.set("creationAt", made);
            item.members.set("modifiedAt", made + 7);
            Record::new(item, "")
        });
    records.collect()
}

#[test]
fn firefox_imports_what_we_write_and_we_read_what_it_exports() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut firefox) = Firefox::start(home.path()) else {
        return;
    };
    let (ours, theirs) = (home.path().join("ours.csv"), home.path().join("theirs.csv"));
    let written = logins();
    add(
        &mut *open(&BrowserCsv::FIREFOX, &ours, Access::Write).unwrap(),
        &written,
    );
    assert_eq!(
        firefox.run(IMPORT, &ours),
        json!(["added", "added", "added"])
    );
    assert_eq!(firefox.run(EXPORT, &theirs), "exported");
    drop(firefox);
    let (mut read, quarantined) = told(&mut *open(&Csv, &theirs, Access::Read).unwrap());
    assert_eq!(quarantined, []);
    read.sort_by_key(|record| record.item.members.number("creationAt"));
    assert_eq!(read.len(), written.len());
    for (mut read, written) in read.into_iter().zip(written) {
        // When it was used last, which we had nothing to say of.
        read.item.members.take("extensions");
        let scope = json!({"urls": written.item.urls().collect::<Vec<_>>(), "androidApps": []});
        let mut expected = written.clone();
        expected.item.members.set("scope", scope);
        assert_eq!(read.item.members, expected.item.members);
        assert_eq!(
            read.item.credentials,
            expected.item.credentials,
            "{}",
            written.item.title()
        );
    }
}
