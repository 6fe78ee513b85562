//! With KeePassXC as the Secret Service, which shares no code with gnome-keyring.

use std::io::Write;
use std::process::Stdio;

use futures_util::StreamExt;
use oo7::dbus::api::Service;
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use credexd::web_credentials::store::{Asking, Comparison, Saved, Store};

use crate::keyring::{login, told};
use crate::session::{PATIENCE, Running, Session, has};

const PASSPHRASE: &str = "of the database";

/// A database with one group, which is the one that other programs may see.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><Generator>KeePassXC</Generator><CustomData><Item>
<Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{54b3ead1-5ab1-4cfd-80ff-51703d9ed921}</Value>
</Item></CustomData></Meta><Root><Group><UUID>VLPq0VqxTP2A/1FwPZ7ZIQ==</UUID>
<Name>Passwords</Name></Group></Root></KeePassFile>"#;

const SETTINGS: &str = "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\n\
    OpenPreviousDatabasesOnStartup=false\nRememberLastDatabases=false\n\
    [FdoSecrets]\nEnabled=true\nConfirmAccessItem=false\nConfirmDeleteItem=false\n\
    ShowNotification=false\n[GUI]\nCheckForUpdates=false\n";

fn make_database(session: &Session) {
    let xml = session.path("database.xml");
    std::fs::write(&xml, DATABASE).unwrap();
    let mut command = session.command("keepassxc-cli");
    let command = command
        .args(["import", "-p"])
        .arg(xml)
        .arg(session.path("t.kdbx"));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let twice = format!("{PASSPHRASE}\n{PASSPHRASE}\n");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(twice.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

async fn keepassxc(session: &Session) -> Running {
    std::fs::write(session.path("k.ini"), SETTINGS).unwrap();
    let start = || {
        let mut command = session.command("keepassxc");
        let command = command.env("QT_QPA_PLATFORM", "offscreen").arg("--config");
        let command = command.arg(session.path("k.ini")).arg("--localconfig");
        let command = command.arg(session.path("l.ini")).arg("--pw-stdin");
        let command = command.arg(session.path("t.kdbx")).stdin(Stdio::piped());
        let mut running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        writeln!(running.stdin(), "{PASSPHRASE}").unwrap();
        running
    };
    let signals_of_it = MatchRule::builder()
        .msg_type(Type::Signal)
        .path_namespace("/org/freedesktop/secrets")
        .unwrap()
        .build();
    let mut signals = MessageStream::for_match_rule(signals_of_it, &session.bus, None)
        .await
        .unwrap();
    let running = session.served(start).await;
    while !is_open(session).await {
        let signal = tokio::time::timeout(PATIENCE, signals.next()).await;
        signal.expect("the database is opened");
    }
    running
}

async fn is_open(session: &Session) -> bool {
    let service = Service::new(&session.bus).await.unwrap();
    match service.read_alias("default").await.unwrap() {
        Some(collection) => !collection.is_locked().await.unwrap(),
        None => false,
    }
}

#[tokio::test(flavor = "current_thread")]
async fn keepassxc_keeps_what_we_save_and_shows_us_what_others_saved() {
    if !has("keepassxc") || !has("keepassxc-cli") || !has("secret-tool") {
        return;
    }
    let session = Session::start().await;
    make_database(&session);
    let _keepassxc = keepassxc(&session).await;
    let store = session.store();
    let asking = Asking::default();

    let ann = login("example.org", "ann", "hunter2");
    assert_eq!(store.put(&ann, &asking).await.unwrap(), Saved::Added);
    let lines = told(&session, &["xdg:schema", "org.epiphany.FormPassword"]);
    for expected in [
        "attribute.form_password = password",
        "attribute.form_username = username",
        "attribute.server_time_modified = 0",
        "attribute.target_origin = https://example.org",
        "attribute.uri = https://example.org",
        "attribute.username = ann",
        "label = Password for ann in a form in https://example.org",
        "secret = hunter2",
    ] {
        assert!(
            lines.contains(&expected.to_owned()),
            "{expected}: {lines:?}"
        );
    }

    let bob = ["xdg:schema", "org.epiphany.FormPassword", "id", "{1}"];
    let bob = [&bob[..], &["uri", "https://example.org", "username", "bob"]].concat();
    let arguments = [&["store", "--label=x"], &bob[..]].concat();
    assert!(session.secret_tool(&arguments, "hunter3").status.success());
    let sites = std::slice::from_ref(ann.site());
    let found = store.find(sites, None, &asking).await.unwrap();
    let accounts: Vec<&str> = found.iter().map(|found| found.account.as_str()).collect();
    assert_eq!(accounts, ["ann", "bob"]);

    let changed = login("example.org", "bob", "correct horse");
    assert_eq!(store.put(&changed, &asking).await.unwrap(), Saved::Updated);
    assert!(store.delete(ann.site(), "ann", &asking).await.unwrap());
    assert_eq!(
        store.compare(&ann, &asking).await.unwrap(),
        Comparison::Absent
    );
    assert_eq!(store.find(sites, None, &asking).await.unwrap().len(), 1);
}
