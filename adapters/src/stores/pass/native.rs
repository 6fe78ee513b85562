//! A record as an entry, and an entry as a record.

use std::path::Path;

use data_encoding::{BASE64, BASE64_MIME_PERMISSIVE};
use zeroize::Zeroizing;

use super::entry::{self, Entry, is_line, is_taken};
use super::name;
use crate::carry::{Carried, carry, restore};
use crate::forms::large_files::without_large_files;
use crate::forms::otpauth;
use crate::{Attachment, FieldType, Item, Object, Quarantined, Record, Why};

/// The id of an entry that we wrote, until the residue says another. It has to be the same wherever the
/// entry is moved to.
const UNSAID: &str = "credex";
/// Bytes of attachments that go with an entry. Every look at its password decrypts them too.
const FILES: usize = 8 << 20;
/// What gopass 1.9 and before called a file.
const BASE64_SUFFIX: &str = ".b64";

/// A record as it will be written, and what of it is lost.
pub(super) struct Written {
    /// The text of the entry.
    pub(super) text: Zeroizing<String>,
    /// What would be read of it without what is carried.
    pub(super) native: Record,
    /// What will be read of it.
    pub(super) whole: Record,
    /// Credentials that the store does not take, and why.
    pub(super) lost: Vec<(String, Why)>,
}

/// Makes an entry of a record, for the file that it will be in.
pub(super) fn write(record: &Record, file: &Path) -> Written {
    let (mut whole, lost) = without_large_files(record, FILES);
    whole.origin = origin(file);
    // What does not come back as it is has a value that we did not think of: it is carried as a whole.
    let attempt = attempt(&whole, natively(&whole), file);
    let (text, native) = match read(&attempt.0, file) {
        (back, _) if back == whole => attempt,
        _ => self::attempt(&whole, Entry::default(), file),
    };
    Written {
        text,
        native,
        whole,
        lost,
    }
}

fn attempt(whole: &Record, natively: Entry, file: &Path) -> (Zeroizing<String>, Record) {
    let nothing = Carried::default();
    let bare = entry::read(&entry::write(&natively, &nothing));
    let mut native = record(bare, file);
    native.item.members.set("id", UNSAID);
    let carried = carry(whole, &native, &is_taken);
    (entry::write(&natively, &carried), native)
}

/// What an entry can say of a record that others understand.
fn natively(record: &Record) -> Entry {
    let mut entry = Entry::default();
    let item = &record.item;
    if let Some(login) = item.credential("basic-auth") {
        let text = |name: &str| {
            login
                .field(name)
                .map(|text| Zeroizing::new(text.to_owned()))
        };
        entry.login = text("username").filter(|login| is_line(login));
        let is_first_line = |password: &Zeroizing<String>| {
            let is_other =
                password.starts_with("-----BEGIN ") || password.starts_with("otpauth://");
            !is_other && !password.contains(['\n', '\r', '\0'])
        };
        entry.password = text("password").filter(is_first_line);
    }
    entry.urls = item
        .urls()
        .filter(|url| is_line(url))
        .map(str::to_owned)
        .collect();
    let totps = item.credentials.iter().filter(|each| each.kind() == "totp");
    entry.otps = totps.filter_map(otpauth::uri).collect();
    let note = item
        .credential("note")
        .and_then(|note| note.field("content"));
    entry.note = note.map(|note| Zeroizing::new(note.to_owned()));
    entry
}

/// What the entry in `file` says; what Credex kept there and cannot be read is told beside it.
pub(super) fn read(text: &str, file: &Path) -> (Record, Option<Quarantined>) {
    let mut entry = entry::read(text);
    let mut carried = std::mem::take(&mut entry.carried);
    let residue = entry.residue.take();
    let mut native = record(entry, file);
    let mut told = None;
    match residue {
        None => {}
        Some(Ok(residue)) => {
            native.item.members.set("id", UNSAID);
            native = restore(native, &mut carried, &residue);
        }
        Some(Err(error)) => told = Some(Quarantined::new(origin(file), error.to_string())),
    }
    if native.item.id() == UNSAID {
        native.item.members.set("id", name::id(file));
    }
    (native, told)
}

/// Where an entry is, for a person.
pub(super) fn origin(file: &Path) -> String {
    let shown = file.with_extension("");
    format!("entry “{}”", shown.to_string_lossy())
}

/// What an entry says by itself.
fn record(mut entry: Entry, file: &Path) -> Record {
    let mut item = Item::new(Some(name::id(file)), &name::title(file));
    let mut attachments = Vec::new();
    if let Some((credential, attachment)) = attached(&mut entry, file) {
        item.credentials.push(credential);
        attachments.push(attachment);
    }
    let (login, password) = (entry.login.take(), entry.password.take());
    item.push_login(
        login.as_ref().map(|text| text.as_str()),
        password.as_ref().map(|text| text.as_str()),
    );
    item.set_urls(std::mem::take(&mut entry.urls));
    for otp in &entry.otps {
        match otpauth::parse(otp) {
            Some(totp) => item.credentials.push(totp),
            None => item.push_custom_field(FieldType::Concealed, "otpauth", otp),
        }
    }
    if let Some(note) = &entry.note {
        item.push_note(note);
    }
    for (label, value) in &entry.fields {
        item.push_custom_field(field_type(label), label, value);
    }
    let mut record = Record::new(item, origin(file));
    record.places.extend(name::place(file));
    record.attachments = attachments;
    record
}

/// A file, as gopass keeps it.
fn attached(entry: &mut Entry, file: &Path) -> Option<(Object, Attachment)> {
    let title = name::title(file);
    let encoding = |entry: &Entry| {
        let mut fields = entry.fields.iter();
        fields.any(|(key, value)| {
            key.eq_ignore_ascii_case("content-transfer-encoding")
                && value.eq_ignore_ascii_case("base64")
        })
    };
    let (text, called) = if encoding(entry) {
        (entry.note.as_ref()?, None)
    } else {
        let called = title.strip_suffix(BASE64_SUFFIX)?;
        let alone = entry.login.is_none() && entry.urls.is_empty() && entry.note.is_none();
        (entry.password.as_ref().filter(|_| alone)?, Some(called))
    };
    let content = BASE64_MIME_PERMISSIVE
        .decode(text.as_bytes())
        .or_else(|_| BASE64.decode(text.as_bytes()));
    let content = Zeroizing::new(content.ok()?);
    let disposition = entry.take("content-disposition");
    let named = disposition.as_ref().and_then(|text| {
        let (_, name) = text.split_once("filename=")?;
        Some(name.trim_matches('"'))
    });
    let mut credential = Object::credential("file");
    let id = name::id(&file.join("file"));
    credential.set("id", id.as_str());
    credential.set("name", named.or(called).unwrap_or(&title));
    credential.set("decryptedSize", content.len());
    credential.set("integrityHash", hash(&content));
    match called {
        Some(_) => drop(entry.password.take()),
        None => {
            drop(entry.take("content-transfer-encoding"));
            drop(entry.note.take());
        }
    }
    Some((credential, Attachment { id, content }))
}

fn hash(content: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(content))
}

/// Whether a value should be shown is not said; its name tells.
fn field_type(label: &str) -> FieldType {
    const SECRET: [&str; 8] = [
        "pass", "pin", "secret", "token", "key", "code", "cvv", "answer",
    ];
    let label = label.to_lowercase();
    match SECRET.iter().any(|word| label.contains(word)) {
        true => FieldType::Concealed,
        false => FieldType::String,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Place;

    /// Texts of which lines, keys and ends are made.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "([a-z :#\\\\\"']|\n|\r|login: |url:|otpauth://|credex: \\{|---|: ){0,6}",
        ]
    }

    fn whole() -> impl Strategy<Value = Record> {
        let texts = (text(), text(), text(), text(), text());
        let lists = (
            prop::collection::vec(text(), 0..3),
            prop::collection::vec((text(), text()), 0..4),
        );
        (texts, lists, any::<[bool; 3]>()).prop_map(|(texts, (urls, fields), has)| {
            let (title, username, password, note, folder) = texts;
            let mut item = Item::new(Some("aQ".to_owned()), &title);
            item.set_urls(urls);
            item.push_login(
                has[0].then_some(username.as_str()),
                has[1].then_some(password.as_str()),
            );
            if has[2] {
                item.push_note(&note);
            }
            for (label, value) in &fields {
                item.push_custom_field(FieldType::String, label, value);
            }
            let mut record = Record::new(item, "");
            record.places = vec![Place::titled([folder.as_str()])];
            record
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_as_it_was(whole in whole()) {
            let file = name::file(&name::path(&whole), 1);
            let written = write(&whole, &file);
            let (back, told) = read(&written.text, &file);
            prop_assert_eq!(told, None);
            prop_assert_eq!(&back, &written.whole);
            prop_assert_eq!(back.item, whole.item);
        }

        #[test]
        fn whatever_others_wrote_is_read_somehow(text in text()) {
            let (record, _) = read(&text, Path::new("a/b.gpg"));
            prop_assert_eq!(record.item.title(), "b");
        }
    }

    #[test]
    fn a_login_with_all_that_others_know_is_there_for_them_and_nothing_twice() {
        let mut item = Item::new(Some("aQ".to_owned()), "Bank");
        item.push_login(Some("ann"), Some("correct horse"));
        item.set_urls(["https://bank.example"]);
        item.push_note("Ask for Bob.\n\nOn Mondays.");
        item.push_custom_field(FieldType::Concealed, "PIN", "4711");
        let written = write(&Record::new(item, ""), Path::new("Bank.gpg"));
        let lines: Vec<_> = written.text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "correct horse",
                "login: ann",
                "url: https://bank.example",
                "PIN: 4711"
            ]
        );
        assert!(lines[4].starts_with("credex: {"));
        assert_eq!(lines[5..], ["", "Ask for Bob.", "", "On Mondays."]);
        for value in ["correct horse", "ann", "bank.example", "4711", "Bob"] {
            assert_eq!(written.text.matches(value).count(), 1, "{value}");
        }
    }
}
