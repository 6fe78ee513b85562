//! The real KeePassXC opens what we wrote, and we read what it wrote.

use std::io::Write;
use std::process::{Command, Stdio};

use credex_adapters::{FieldType, Item, Object, Place, Record};

use super::*;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// Whether KeePassXC is here; says so if it is not.
fn is_installed() -> bool {
    let found = Command::new("keepassxc-cli")
        .arg("--version")
        .output()
        .is_ok();
    if !found {
        eprintln!("keepassxc-cli is not here (Debian: keepassxc), and nothing was shown");
    }
    found
}

/// What `keepassxc-cli` prints, with these lines on its standard input.
fn keepassxc(arguments: &[&str], lines: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new("keepassxc-cli")
        .args(arguments)
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("HOME", home.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

fn bank() -> Record {
    let mut item = Item::new(None, "Bänk & Söhne <3");
    item.push_login(Some("tøve"), Some("pa&ss\"w<ö>rd ☃ 🔑"));
    let uri =
        format!("otpauth://totp/Bank:tove?secret={SECRET}&issuer=Bank&digits=8&algorithm=SHA1");
    item.credentials
        .extend(credex_adapters::forms::otpauth::parse(&uri));
    item.push_note("first line\nsecond: <line> & more");
    item.push_custom_field(FieldType::Concealed, "PIN", "4711");
    item.push_custom_field(FieldType::String, "Branch", "Süd 12");
    item.set_urls([
        "https://bank.example/?a=1&b=2",
        "https://www.bank.example",
        "bank.example",
    ]);
    item.set_tags(["money", "home"]);
    let content = b"\x00\x01binary\xff".to_vec();
    let mut file = Object::credential("file");
    file.set("id", "ZmlsZQ");
    file.set("name", "key.bin");
    file.set("decryptedSize", content.len());
    file.set("integrityHash", "xZv-");
    item.credentials.push(file);
    let mut record = Record::new(item, "");
    record.places.push(Place::titled(["Home", "Money/Gold"]));
    let id = "ZmlsZQ".to_owned();
    record.attachments.push(credex_adapters::Attachment {
        id,
        content: content.into(),
    });
    record
}

#[test]
fn keepassxc_shows_every_entry_field_code_and_attachment_that_we_wrote() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.kdbx");
    let file = path.to_str().unwrap();
    let mut all = sample();
    all.push(bank());
    add(&path, &all);
    let listed = keepassxc(&["ls", "-q", "-R", "-f", file], &[PASSPHRASE]);
    for record in &all {
        assert!(
            listed.contains(record.item.title()),
            "{}: {listed}",
            record.item.title()
        );
    }
    let bank = "/Home/Money/Gold/Bänk & Söhne <3";
    let attribute = |name: &str| {
        let shown = keepassxc(&["show", "-q", "-s", "-a", name, file, bank], &[PASSPHRASE]);
        shown.strip_suffix('\n').unwrap().to_owned()
    };
    for (name, value) in [
        ("UserName", "tøve"),
        ("Password", "pa&ss\"w<ö>rd ☃ 🔑"),
        ("URL", "https://bank.example/?a=1&b=2"),
        ("KP2A_URL", "https://www.bank.example"),
        ("KP2A_URL_1", "bank.example"),
        ("Notes", "first line\nsecond: <line> & more"),
        ("PIN", "4711"),
        ("Branch", "Süd 12"),
    ] {
        assert_eq!(attribute(name), value, "{name}");
    }
    let shown = keepassxc(
        &["show", "-q", "--all", "--show-attachments", file, bank],
        &[PASSPHRASE],
    );
    for line in [
        "PIN: PROTECTED",
        "Branch: Süd 12",
        "Tags: home,money",
        "key.bin (9.0 B)",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let code = keepassxc(&["show", "-q", "-t", file, bank], &[PASSPHRASE]);
    assert_eq!(code.trim().len(), 8, "{code}");
    assert!(
        code.trim().bytes().all(|byte| byte.is_ascii_digit()),
        "{code}"
    );
    let exported = directory.path().join("key.bin");
    let exported_to = exported.to_str().unwrap();
    keepassxc(
        &[
            "attachment-export",
            "-q",
            file,
            bank,
            "key.bin",
            exported_to,
        ],
        &[PASSPHRASE],
    );
    assert_eq!(std::fs::read(exported).unwrap(), b"\x00\x01binary\xff");
    let card = keepassxc(
        &["show", "-q", "-s", "--all", file, "/Lighthouse Bank"],
        &[PASSPHRASE],
    );
    assert!(
        card.contains("credit-card.number: 5555555555554444"),
        "{card}"
    );
    let passkey = keepassxc(
        &[
            "show",
            "-q",
            "-s",
            "-a",
            "KPEX_PASSKEY_PRIVATE_KEY_PEM",
            file,
            "/Fjord Mail",
        ],
        &[PASSPHRASE],
    );
    assert!(
        passkey.contains("BEGIN PRIVATE KEY") || passkey.trim().is_empty(),
        "{passkey}"
    );
}

#[test]
fn keepassxc_opens_what_has_strange_texts_in_every_place() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.kdbx");
    let strange = [
        "",
        " x ",
        "\u{0}",
        "a\u{1}b",
        "\u{fffe}x",
        "\u{ffff}",
        "\u{85}\u{feff}",
        "\r\n\t<&>\"'",
        "]]>",
        "🔑",
    ];
    let mut all = Vec::new();
    for (number, text) in strange.iter().enumerate() {
        let mut item = Item::new(None, &format!("plain {number}"));
        item.push_login(Some(text), Some(text));
        item.push_note(text);
        for label in strange {
            item.push_custom_field(FieldType::String, label, text);
        }
        item.set_urls([*text, "https://a.example", text]);
        item.set_tags(strange);
        let mut titled = Record::new(Item::new(None, text), "");
        titled
            .item
            .push_custom_field(FieldType::Concealed, text, text);
        titled.places.push(Place::titled(["strange", text]));
        all.extend([Record::new(item, ""), titled]);
    }
    assert_eq!(add(&path, &all).records, all.len());
    let listed = keepassxc(
        &["ls", "-q", "-R", "-f", path.to_str().unwrap()],
        &[PASSPHRASE],
    );
    for number in 0..strange.len() {
        assert!(listed.contains(&format!("plain {number}")), "{listed}");
    }
    let back = records(&path);
    for whole in &all {
        let same = |back: &&Record| back.item.id() == whole.item.id();
        assert_eq!(back.iter().find(same).unwrap().item, whole.item);
    }
}

#[test]
fn what_keepassxc_edits_in_our_database_wins_and_the_rest_stays() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.kdbx");
    let file = path.to_str().unwrap();
    let all = sample();
    add(&path, &all);
    let entry = "/Lighthouse Bank";
    keepassxc(
        &[
            "edit",
            "-q",
            "-u",
            "keeper",
            "-t",
            "Lighthouse",
            file,
            entry,
        ],
        &[PASSPHRASE],
    );
    let back = records(&path);
    assert_eq!(back.len(), all.len());
    for (whole, back) in all.iter().map(|whole| {
        let id = whole.item.id();
        let same = |back: &&Record| back.item.id() == id;
        (
            whole,
            back.iter()
                .find(same)
                .unwrap_or_else(|| panic!("{id} is gone")),
        )
    }) {
        assert_eq!(
            back.attachments,
            whole.attachments,
            "{}",
            whole.item.title()
        );
        assert_eq!(back.places, whole.places, "{}", whole.item.title());
        assert_eq!(back.account, whole.account, "{}", whole.item.title());
        if whole.item.title() != "Lighthouse Bank" {
            assert_eq!(
                back.item.credentials,
                whole.item.credentials,
                "{}",
                whole.item.title()
            );
            continue;
        }
        assert_eq!(back.item.title(), "Lighthouse");
        assert_eq!(
            back.item
                .credential("basic-auth")
                .unwrap()
                .field("username"),
            Some("keeper")
        );
        assert_eq!(
            back.item.credential("credit-card"),
            whole.item.credential("credit-card")
        );
    }
}

#[test]
fn we_read_what_keepassxc_wrote() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.kdbx");
    let file = path.to_str().unwrap();
    keepassxc(
        &["db-create", "-q", "-t", "100", "-p", file],
        &[PASSPHRASE, PASSPHRASE],
    );
    keepassxc(&["mkdir", "-q", file, "Web"], &[PASSPHRASE]);
    keepassxc(
        &[
            "add",
            "-q",
            "-u",
            "tøve",
            "--url",
            "https://a.example",
            "--notes",
            "a\\nb",
            "-p",
            file,
            "Web/Ä",
        ],
        &[PASSPHRASE, "pässword"],
    );
    let attached = directory.path().join("file.txt");
    std::fs::write(&attached, "attached").unwrap();
    let attached = attached.to_str().unwrap();
    keepassxc(
        &[
            "attachment-import",
            "-q",
            file,
            "Web/Ä",
            "file.txt",
            attached,
        ],
        &[PASSPHRASE],
    );
    keepassxc(&["add", "-q", file, "Gone"], &[PASSPHRASE]);
    keepassxc(&["rm", "-q", file, "Gone"], &[PASSPHRASE]);
    let told = read(&mut *open(&path, Access::Read).unwrap());
    let recycled = told.iter().filter_map(|each| each.as_ref().err());
    let recycled: Vec<_> = recycled.map(ToString::to_string).collect();
    assert_eq!(recycled, ["the recycle bin: an entry was left there"]);
    let record = told[0].as_ref().unwrap();
    assert_eq!(record.origin, "entry “Ä” in Web");
    assert_eq!(record.item.title(), "Ä");
    assert_eq!(
        record.item.urls().collect::<Vec<_>>(),
        ["https://a.example"]
    );
    let login = record.item.credential("basic-auth").unwrap();
    assert_eq!(
        (login.field("username"), login.field("password")),
        (Some("tøve"), Some("pässword"))
    );
    assert_eq!(
        record.item.credential("note").unwrap().field("content"),
        Some("a\nb")
    );
    assert_eq!(record.places[0].titles().collect::<Vec<_>>(), ["Web"]);
    assert!(record.item.members.number("creationAt").unwrap() > 1_700_000_000);
    let attached = record.item.credential("file").unwrap();
    assert_eq!(attached.text("name"), Some("file.txt"));
    assert_eq!(
        attached.text("integrityHash"),
        Some("VdkGfvK_rNTcOO9ylGlXlP9hu6RfEbL02bcFFcV7IYc")
    );
    assert_eq!(record.attachments[0].content.as_slice(), b"attached");
}

#[test]
fn what_keepassxc_has_in_a_database_stays_when_we_write_into_it() {
    if !is_installed() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.kdbx");
    let file = path.to_str().unwrap();
    let xml = directory.path().join("theirs.xml");
    std::fs::write(&xml, THEIRS).unwrap();
    keepassxc(
        &["import", "-q", "-p", xml.to_str().unwrap(), file],
        &[PASSPHRASE, PASSPHRASE],
    );
    let export = || keepassxc(&["export", "-q", "-f", "xml", file], &[PASSPHRASE]);
    let before = export();
    let mut written = bank();
    written.places = vec![Place::titled(["Web"])];
    add(&path, &[written]);
    let after = export();
    // Of moments, it writes that of the export.
    let is_moment = |line: &&str| line.contains("SettingsChanged") || line.contains(" GMT<");
    for kept in before.lines().filter(|line| !is_moment(line)) {
        assert!(after.contains(kept), "{kept}");
    }
    let back = records(&path);
    let titles: Vec<_> = back.iter().map(|record| record.item.title()).collect();
    assert_eq!(titles, ["Mail", "Bänk & Söhne <3"]);
    let mail = &back[0].item;
    assert_eq!(
        mail.urls().collect::<Vec<_>>(),
        ["https://mail.example", "https://m.mail.example"]
    );
    assert_eq!(
        mail.credential("totp").unwrap().text("secret"),
        Some(SECRET)
    );
    assert_eq!(
        mail.credential("passkey").unwrap().text("rpId"),
        Some("mail.example")
    );
    assert!(mail.is_favorite());
    assert_eq!(mail.tags().collect::<Vec<_>>(), ["daily"]);
}

/// A document as KeePassXC exports it, with what we have no word for.
const THEIRS: &str = include_str!("theirs.xml");
