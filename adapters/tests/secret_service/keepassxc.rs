//! With KeePassXC as the Secret Service, which shares no code with gnome-keyring.

use std::process::Stdio;

use credex::cxf;
use credex_adapters::{Change, FieldType, Item, Record};

use crate::session::{PASSPHRASE, Running, Session, add, comes_back, have};

/// A database with an entry in the one group that other programs may see.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><Generator>KeePassXC</Generator><CustomData><Item>
<Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{54b3ead1-5ab1-4cfd-80ff-51703d9ed921}</Value>
</Item></CustomData></Meta><Root><Group><UUID>VLPq0VqxTP2A/1FwPZ7ZIQ==</UUID>
<Name>Passwords</Name>ENTRY</Group></Root></KeePassFile>"#;
const ENTRY: &str = r"<Entry><UUID>VLPq0VqxTP2A/1FwPZ7ZIg==</UUID>
<String><Key>Title</Key><Value>Mail</Value></String>
<String><Key>UserName</Key><Value>ann</Value></String>
<String><Key>Password</Key><Value>hunter2</Value></String>
<String><Key>URL</Key><Value>https://mail.example</Value></String>
<String><Key>Notes</Key><Value>Two words.</Value></String></Entry>";

/// Saving after every change is left out: KeePassXC 2.7.4 saves in another thread while it takes the
/// next change, and crashes every now and then.
const SETTINGS: &str = "[General]\nConfigVersion=2\nUpdateCheckMessageShown=true\n\
    AutoSaveAfterEveryChange=false\nAutoSaveNonDataChanges=false\n\
    OpenPreviousDatabasesOnStartup=false\nRememberLastDatabases=false\n\
    [FdoSecrets]\nEnabled=true\nConfirmAccessItem=false\nConfirmDeleteItem=false\n\
    ShowNotification=false\n[GUI]\nCheckForUpdates=false\n";

fn is_here() -> bool {
    have(&[
        "keepassxc",
        "keepassxc-cli",
        "dbus-daemon",
        "gdbus",
        "secret-tool",
    ])
}

fn keepassxc(session: &Session, entry: &str) -> Running {
    let xml = session.path("database.xml");
    std::fs::write(&xml, DATABASE.replace("ENTRY", entry)).unwrap();
    let mut command = session.command("keepassxc-cli");
    let command = command
        .args(["import", "-p"])
        .arg(xml)
        .arg(session.path("t.kdbx"));
    let command = command.stdout(Stdio::null());
    let twice = format!("{PASSPHRASE}\n{PASSPHRASE}\n");
    let mut import = Running::told(command.stderr(Stdio::null()), &twice);
    assert!(import.0.wait().unwrap().success());
    std::fs::write(session.path("k.ini"), SETTINGS).unwrap();
    let mut command = session.command("keepassxc");
    let command = command.env("QT_QPA_PLATFORM", "offscreen").arg("--config");
    let command = command.arg(session.path("k.ini")).arg("--localconfig");
    let command = command.arg(session.path("l.ini")).arg("--pw-stdin");
    let command = command.arg(session.path("t.kdbx"));
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let passphrase = format!("{PASSPHRASE}\n");
    session.served(|| Running::told(command, &passphrase))
}

#[test]
fn the_sample_comes_back_to_the_last_member() {
    if !is_here() {
        return;
    }
    let session = Session::start();
    let _keepassxc = keepassxc(&session, "");
    comes_back(&session, cxf::sample());
    let told = session.told(&["xdg:schema", "org.epiphany.FormPassword"]);
    let web = "attribute.uri = https://fjordmail.example".to_owned();
    assert!(told.contains(&web), "{told:?}");
}

#[test]
fn entries_of_keepassxc_are_read_and_replaced() {
    if !is_here() {
        return;
    }
    let session = Session::start();
    let _keepassxc = keepassxc(&session, ENTRY);
    let (mut read, aside) = session.read("");
    assert_eq!((read.len(), aside), (1, vec![]));
    let mut mail = read.remove(0);
    assert_eq!(mail.item.title(), "Mail");
    assert_eq!(
        mail.item.urls().collect::<Vec<_>>(),
        ["https://mail.example"]
    );
    let login = mail.item.credential("basic-auth").unwrap();
    assert_eq!(
        (login.field("username"), login.field("password")),
        (Some("ann"), Some("hunter2"))
    );
    let note = mail.item.credential("note").unwrap();
    assert_eq!(note.field("content"), Some("Two words."));

    let id = mail.item.id().to_owned();
    mail.item.credentials[0].set_field("password", FieldType::Concealed, "changed");
    let mut store = session.open("").unwrap();
    store
        .write(&[Change::Replace(id, mail.clone())], &mut |_| {})
        .unwrap();
    let (read, _) = session.read("");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].item, mail.item);
}

#[test]
fn a_password_that_keepassxc_takes_for_a_placeholder_is_refused_alone() {
    if !is_here() {
        return;
    }
    let session = Session::start();
    let _keepassxc = keepassxc(&session, "");
    let login = |password: &str| {
        let mut item = Item::new(None, "x");
        item.push_login(Some("ann"), Some(password));
        Record::new(item, "the source")
    };
    let changes = add(&[login("{TITLE}"), login("hunter2")]);
    let written = session
        .open("")
        .unwrap()
        .write(&changes, &mut |_| {})
        .unwrap();
    assert_eq!((written.records, written.refused.len()), (1, 1));
    assert!(written.refused[0].reason.contains("does not give it back"));
    assert_eq!(session.read("").0.len(), 1);
}
