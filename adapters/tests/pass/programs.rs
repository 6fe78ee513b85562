//! With the programs whose stores these are.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use credex::cxf;
use credex_adapters::{FieldType, Item, Place, Record};

use crate::scene::{Scene, add, have, records};

fn login(title: &str, folder: &str) -> Record {
    let mut item = Item::new(None, title);
    item.push_login(Some("ann"), Some("correct horse"));
    item.set_urls(["https://example.org/login", "https://example.com"]);
    let uri = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQ&issuer=Example";
    item.credentials
        .extend(credex_adapters::forms::otpauth::parse(uri));
    item.push_note("First line.\n\nlogin: not this one\n");
    item.push_custom_field(FieldType::Concealed, "PIN: second", "4711");
    let mut record = Record::new(item, "");
    record.places = vec![Place::titled([folder])];
    record
}

#[test]
fn pass_shows_what_we_wrote() {
    if !have(&["pass", "gpg", "git", "tree"]) {
        return;
    }
    let scene = Scene::with_history();
    let mut store = scene.open();
    store
        .write(&add(&[login("Bank", "Money")]), &mut |_| {})
        .unwrap();
    let shown = scene.done("pass", &["show", "Money/Bank"], "");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines[0], "correct horse");
    assert!(lines[1].starts_with("otpauth://totp/"), "{shown}");
    for expected in [
        "login: ann",
        "url: https://example.org/login",
        "url: https://example.com",
        "PIN\\: second: 4711",
        "First line.",
    ] {
        assert!(lines.contains(&expected), "{expected}: {shown}");
    }
    let listed = scene.done("pass", &["ls"], "");
    assert!(
        listed.contains("Money") && listed.contains("Bank"),
        "{listed}"
    );
    assert!(
        scene
            .done("pass", &["git", "log", "-1"], "")
            .contains("Credex")
    );
    if fs::exists("/usr/lib/password-store/extensions/otp.bash").unwrap() && have(&["oathtool"]) {
        let code = scene.done("pass", &["otp", "Money/Bank"], "");
        assert!(
            code.trim().len() == 6 && code.trim().parse::<u32>().is_ok(),
            "{code}"
        );
    } else {
        eprintln!("left out: pass-extension-otp is not installed");
    }
}

#[test]
fn we_read_what_pass_and_its_friends_wrote() {
    if !have(&["pass", "gpg"]) {
        return;
    }
    let scene = Scene::new();
    let browser = "pw1\nUser: ann\nURL:https://example.org\nsecurity question: rex\nsome words\n";
    scene.done("pass", &["insert", "-m", "web/a"], browser);
    let gopass = "pw2\n---\nusername: \"bob\"\nurl: https://b.example\nlist:\n- 1\n- 2\n";
    scene.done("pass", &["insert", "-m", "b"], gopass);
    let mime = "GOPASS-SECRET-1.0\nPassword: pw3\nUser: carol\n\nA body: with a colon\n";
    scene.done("pass", &["insert", "-m", "c"], mime);
    let file = "pw\ncontent-disposition: attachment; filename=\"k.bin\"\ncontent-transfer-encoding: Base64\n\naGVs\nbG8=\n";
    scene.done("pass", &["insert", "-m", "d"], file);
    scene.done("pass", &["insert", "-m", "e.b64"], "aGVsbG8=\n");
    let otp = "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ\n";
    scene.done("pass", &["insert", "-m", "f"], otp);
    scene.done(
        "pass",
        &["insert", "-m", "g"],
        "-----BEGIN KEY-----\nurl: x\n",
    );
    scene.done("pass", &["insert", "-e", "h"], "only a password");
    let (read, aside) = scene.read();
    assert_eq!(aside, []);
    let [b, c, d, e, f, g, h, a] = read.as_slice() else {
        panic!("{} entries", read.len())
    };
    let login = |record: &Record| {
        let login = record.item.credential("basic-auth").unwrap();
        let text = |name| login.field(name).unwrap_or_default().to_owned();
        (text("username"), text("password"))
    };
    let note = |record: &Record| {
        let note = record.item.credential("note").unwrap();
        note.field("content").unwrap().to_owned()
    };
    let pair = |name: &str, password: &str| (name.to_owned(), password.to_owned());
    assert_eq!(a.places[0].titles().collect::<Vec<_>>(), ["web"]);
    assert_eq!(login(a), pair("ann", "pw1"));
    assert_eq!(a.item.urls().collect::<Vec<_>>(), ["https://example.org"]);
    assert_eq!(note(a), "some words");
    let custom = a.item.credential("custom-fields").unwrap();
    assert_eq!(
        custom.get("fields").unwrap()[0]["label"],
        "security question"
    );
    assert_eq!(login(b), pair("bob", "pw2"));
    assert_eq!(note(b), "list:\n- 1\n- 2");
    assert_eq!(login(c), pair("carol", "pw3"));
    assert_eq!(note(c), "A body: with a colon");
    for (file, name) in [(d, "k.bin"), (e, "e")] {
        assert_eq!(*file.attachments[0].content, b"hello");
        assert_eq!(
            file.item.credential("file").unwrap().text("name"),
            Some(name)
        );
    }
    assert!(f.item.credential("totp").is_some() && f.item.credentials.len() == 1);
    assert_eq!(note(g), "-----BEGIN KEY-----\nurl: x");
    assert_eq!(login(h), pair("", "only a password"));
}

#[test]
fn what_a_person_edits_with_pass_wins() {
    if !have(&["pass", "gpg"]) {
        return;
    }
    let scene = Scene::new();
    let before = records(cxf::sample());
    scene.open().write(&add(&before), &mut |_| {}).unwrap();
    let edited = scene.done("pass", &["show", "Home/Fjord Mail"], "");
    let mut lines: Vec<_> = edited.lines().collect();
    lines[0] = "a new password";
    lines.insert(1, "PIN: 4711");
    let edited = lines
        .join("\n")
        .replace("login: tove@fjordmail.example", "login: tove")
        + "\n\nA note.\n";
    scene.done("pass", &["insert", "-fm", "Home/Fjord Mail"], &edited);
    scene.done("pass", &["mv", "Home/Fjord Mail", "Mail/Fjord"], "");
    let (read, aside) = scene.read();
    assert_eq!(aside, []);
    let mail = read
        .iter()
        .find(|each| each.item.title() == "Fjord")
        .unwrap();
    assert_eq!(mail.places[0].titles().collect::<Vec<_>>(), ["Mail"]);
    let login = mail.item.credential("basic-auth").unwrap();
    assert_eq!(login.field("password"), Some("a new password"));
    assert_eq!(login.field("username"), Some("tove"));
    let note = mail.item.credential("note").unwrap();
    assert_eq!(note.field("content"), Some("A note."));
    let custom = mail.item.credential("custom-fields").unwrap();
    assert_eq!(custom.get("fields").unwrap()[0]["value"], "4711");
    assert_eq!(mail.item.id(), before[0].item.id());
    assert!(mail.item.is_favorite() && mail.item.credential("totp").is_some());
}

/// Debian's gopass is another than gopasspw's, of the same store.
#[test]
fn a_second_program_for_such_stores_shows_what_we_wrote() {
    if !have(&["gopass", "gpg"]) {
        return;
    }
    let scene = Scene::new();
    scene
        .open()
        .write(&add(&[login("Bank", "Money")]), &mut |_| {})
        .unwrap();
    let shown = scene.done("gopass", &["show", "Money/Bank"], "");
    assert!(
        shown.starts_with("correct horse\n") && shown.contains("login: ann"),
        "{shown}"
    );
}

/// A pinentry that gives `answer` to every question, and writes down that it was asked.
fn pinentry(scene: &Scene, answer: &str) {
    let program = scene.path("pinentry");
    let script = format!(
        "#!/bin/sh\necho OK\nwhile read -r line; do case $line in\n\
         GETPIN*) echo asked >> {}; {answer};;\nBYE*) echo OK; exit;;\n*) echo OK;;\nesac; done\n",
        scene.path("asked").display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let line = format!("pinentry-program {}\n", program.display());
    fs::write(scene.path("gnupg/gpg-agent.conf"), line).unwrap();
    scene.run("gpgconf", &["--kill", "gpg-agent"], "");
}

#[test]
fn the_agent_asks_for_a_passphrase_and_a_person_may_close_the_question() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::with_passphrase("open sesame");
    scene.insert("a", b"pw\n");
    scene.insert("b", b"pw\n");
    pinentry(&scene, "echo 'ERR 83886179 Operation cancelled'");
    let closed = scene.open().read(&mut |_| true).unwrap_err();
    assert_eq!(closed.to_string(), "called off");
    pinentry(&scene, "echo 'D open sesame'; echo OK");
    fs::remove_file(scene.path("asked")).unwrap();
    let (read, aside) = scene.read();
    assert_eq!((read.len(), aside), (2, vec![]));
    assert_eq!(
        fs::read_to_string(scene.path("asked")).unwrap(),
        "asked\n",
        "once"
    );
}
