//! A record as an item and its companion, and the two as a record.
//!
//! Attributes can be seen by everybody on the bus, and lie unencrypted in some keyrings: only what
//! other apps put there too (the site, the user name) is in them. Everything else is secret.

use std::collections::HashMap;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::found::{Attributes, Draft};
use super::schema::{
    ID, ITEM, KIND, Kind, LOGIN, NOTE, OF, OTHER, RESIDUE, SCHEMA, URL, USER, WEB, id, link,
    origin, record,
};
use crate::carry::{carry, restore};
use crate::forms::block;
use crate::forms::large_files::without_large_files;
use crate::{FieldType, Quarantined, Record, Why};

/// The id of an item of ours, until what is carried says another.
const UNSAID: &str = "credex";
/// Bytes of attachments that go with an item: keyrings hold secrets in memory that is locked, and
/// write all of them for each that changes.
const FILES: usize = 256 << 10;
/// Letters of an attribute.
const LONGEST: usize = 2000;

/// A record as it will be kept.
pub(super) struct Forms {
    pub(super) main: Draft,
    /// What the item cannot say.
    pub(super) companion: Option<Draft>,
    /// What would be read of the item alone.
    pub(super) native: Record,
    /// What will be read of both.
    pub(super) whole: Record,
    /// Credentials that are not kept, and why.
    pub(super) lost: Vec<(String, Why)>,
}

impl Forms {
    /// The item, and its companion if it has one.
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        [Some(&self.main), self.companion.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// Makes items of a record, in the place of the item that has this label and these attributes.
pub(super) fn write(whole: &Record, old: Option<(&str, &Attributes)>) -> Forms {
    let (whole, lost) = without_large_files(whole, FILES);
    let main = in_place(&whole, old)
        .or_else(|| web(&whole, old))
        .unwrap_or_else(|| own(&whole, old));
    let forms = complete(whole, main, lost);
    match reads_back(&forms) {
        true => forms,
        // There is a value that we did not think of: it is carried as a whole.
        false => {
            let main = other(&forms.whole, old);
            complete(forms.whole, main, forms.lost)
        }
    }
}

/// Whether what will be read is what was written.
pub(super) fn reads_back(forms: &Forms) -> bool {
    let companion = forms.companion.as_ref().map(|draft| draft.secret.as_str());
    let (back, told) = read(&forms.main, companion);
    back == forms.whole && told.is_none()
}

fn complete(mut whole: Record, mut main: Draft, lost: Vec<(String, Why)>) -> Forms {
    whole.origin = origin(&main.label);
    let mut native = record(&main.label, &main.attributes, &main.secret);
    native.item.members.set("id", UNSAID);
    let carried = block::write("", &carry(&whole, &native, &|_| false));
    let mut companion = None;
    if is_carrier(&main.attributes) {
        main.secret = carried;
    } else if !carried.is_empty() {
        companion = Some(Draft {
            label: format!("{} (kept by Credex)", main.label),
            attributes: attributes([(SCHEMA, RESIDUE), (OF, &link(&main.attributes))]),
            secret: carried,
        });
    }
    Forms {
        main,
        companion,
        native,
        whole,
        lost,
    }
}

/// What an item and the secret of its companion say; what Credex kept there and cannot be read is told
/// beside it.
pub(super) fn read(main: &Draft, companion: Option<&str>) -> (Record, Option<Quarantined>) {
    let mut native = record(&main.label, &main.attributes, &main.secret);
    let carrier = is_carrier(&main.attributes).then_some(main.secret.as_str());
    let Some(carried) = companion.or(carrier) else {
        return (native, None);
    };
    let mut noted = block::read(carried);
    let mut told = None;
    match noted.residue {
        Some(Ok(residue)) => {
            native.item.members.set("id", UNSAID);
            native = restore(native, &mut noted.fields, &residue);
        }
        Some(Err(error)) => {
            told = Some(Quarantined::new(native.origin.clone(), error.to_string()));
        }
        None => {}
    }
    // What a person has added since.
    for field in &noted.fields {
        let (label, value) = (&field.label, &field.value);
        native
            .item
            .push_custom_field(FieldType::Concealed, label, value);
    }
    if !noted.note.trim().is_empty() {
        native.item.push_note(noted.note.trim());
    }
    if native.item.id() == UNSAID {
        native.item.members.set("id", id(&link(&main.attributes)));
    }
    (native, told)
}

/// Whether the secret of an item is what is carried.
fn is_carrier(attributes: &Attributes) -> bool {
    Kind::of(attributes) == Kind::Ours && attributes.get(KIND).map(String::as_str) == Some(OTHER)
}

/// The item of another app keeps what that finds it by.
fn in_place(whole: &Record, old: Option<(&str, &Attributes)>) -> Option<Draft> {
    let (label, attributes) = old?;
    let is_of_others = matches!(
        Kind::of(attributes),
        Kind::Chromium | Kind::Network | Kind::Geary | Kind::Labelled | Kind::Unknown
    );
    let (_, password) = login(whole);
    (is_of_others && attributes.contains_key(SCHEMA)).then_some(())?;
    Some(Draft {
        label: label.to_owned(),
        attributes: attributes.clone(),
        secret: password
            .filter(|password| is_line(password))?
            .to_owned()
            .into(),
    })
}

/// A login of a website, as GNOME Web keeps it.
fn web(whole: &Record, old: Option<(&str, &Attributes)>) -> Option<Draft> {
    let (username, password) = login(whole);
    let password = password.filter(|password| is_line(password))?;
    let username = username.filter(|username| !username.is_empty());
    let origin = whole.item.urls().find_map(web_origin)?;
    let old = old.map(|(_, attributes)| attributes);
    let old = old.filter(|attributes| Kind::of(attributes) == Kind::Web);
    let kept = |name: &str, usual: &str| {
        let kept = old.and_then(|attributes| attributes.get(name));
        kept.map_or(usual, String::as_str).to_owned()
    };
    let new_id = format!("{{{}}}", Uuid::new_v4());
    let mut attributes = attributes([
        (SCHEMA, WEB),
        ("id", &kept("id", &new_id)),
        ("uri", &origin),
        ("target_origin", &origin),
        ("form_password", &kept("form_password", "password")),
        ("server_time_modified", &kept("server_time_modified", "0")),
    ]);
    let mut label = format!("Password in a form in {origin}");
    if let Some(username) = username {
        if !is_line(username) {
            return None;
        }
        label = format!("Password for {username} in a form in {origin}");
        attributes.insert(USER.to_owned(), username.to_owned());
        let field = kept("form_username", "username");
        attributes.insert("form_username".to_owned(), field);
    }
    Some(Draft {
        label,
        attributes,
        secret: Zeroizing::new(password.to_owned()),
    })
}

/// What is no login of a website: a login, a note, or something that is carried as a whole.
fn own(whole: &Record, old: Option<(&str, &Attributes)>) -> Draft {
    let mut draft = other(whole, old);
    let (username, password) = login(whole);
    let note = whole
        .item
        .credential("note")
        .and_then(|note| note.field("content"));
    let mut set = |name: &str, value: &str| {
        draft.attributes.insert(name.to_owned(), value.to_owned());
    };
    if let Some(password) = password.filter(|password| is_line(password)) {
        set(KIND, LOGIN);
        if let Some(username) = username.filter(|username| is_line(username)) {
            set(USER, username);
        }
        if let Some(url) = whole.item.urls().next().filter(|url| is_line(url)) {
            set(URL, url);
        }
        draft.secret = Zeroizing::new(password.to_owned());
    } else if let Some(note) = note.filter(|note| is_text(note)) {
        set(KIND, NOTE);
        draft.secret = Zeroizing::new(note.to_owned());
    }
    draft
}

fn other(whole: &Record, old: Option<(&str, &Attributes)>) -> Draft {
    let old = old.and_then(|(_, attributes)| attributes.get(ID));
    let new_id = Uuid::new_v4().simple().to_string();
    let id = old.unwrap_or(&new_id);
    let shown = whole.item.title().chars().take(LONGEST);
    let label: String = shown
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    Draft {
        label: label.trim().to_owned(),
        attributes: attributes([(SCHEMA, ITEM), (ID, id), (KIND, OTHER)]),
        secret: Zeroizing::default(),
    }
}

fn login(whole: &Record) -> (Option<&str>, Option<&str>) {
    let login = whole.item.credential("basic-auth");
    let field = |name: &str| login.and_then(|login| login.field(name));
    (field("username"), field("password"))
}

/// Whether every service keeps this text as it is.
fn is_line(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.len() <= LONGEST
        && !text.contains(char::is_control)
}

fn is_text(text: &str) -> bool {
    let is_other = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    !text.is_empty() && text.trim() == text && !text.contains(is_other)
}

/// The origin of a website, as browsers write it; `None` where that takes more than ASCII.
fn web_origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    let host = host.strip_suffix(usual).unwrap_or(&host);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    (!host.is_empty() && host.chars().all(is_letter)).then(|| format!("{scheme}://{host}"))
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    HashMap::from(pairs.map(owned))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Item, Place};

    fn bank() -> Record {
        let mut item = Item::new(Some("aQ".to_owned()), "Bank");
        item.push_login(Some("ann"), Some("hunter2"));
        item.set_urls([
            "https://Ann@Bank.example:443/login?x",
            "https://other.example",
        ]);
        item.push_custom_field(FieldType::Concealed, "PIN", "4711");
        Record::new(item, "")
    }

    #[test]
    fn a_login_of_a_website_is_an_item_of_gnome_web_to_its_last_attribute() {
        let forms = write(&bank(), None);
        let mut main = forms.main;
        let id = main.attributes.remove("id").unwrap();
        assert!(id.starts_with('{') && id.ends_with('}') && id.len() == 38);
        let origin = "https://bank.example";
        let expected = attributes([
            (SCHEMA, WEB),
            ("uri", origin),
            ("target_origin", origin),
            ("form_username", "username"),
            ("form_password", "password"),
            ("username", "ann"),
            ("server_time_modified", "0"),
        ]);
        assert_eq!(main.attributes, expected);
        assert_eq!(
            main.label,
            format!("Password for ann in a form in {origin}")
        );
        assert_eq!(*main.secret, "hunter2");
        let companion = forms.companion.unwrap();
        assert_eq!(companion.attributes[OF], id);
        assert!(companion.secret.contains("PIN: 4711"));
    }

    #[test]
    fn nothing_secret_is_in_an_attribute_or_a_label() {
        let mut whole = bank();
        whole.item.push_note("a secret note");
        for urls in [vec!["https://bank.example"], vec![]] {
            whole.item.members.take("scope");
            whole.item.set_urls(urls);
            let forms = write(&whole, None);
            for draft in [&forms.main, forms.companion.as_ref().unwrap()] {
                let shown = format!("{} {:?}", draft.label, draft.attributes);
                for secret in ["hunter2", "4711", "a secret note"] {
                    assert!(!shown.contains(secret), "{shown}");
                }
            }
        }
    }

    #[test]
    fn the_item_of_another_app_stays_where_that_finds_it() {
        let found = attributes([
            (SCHEMA, "org.gnome.keyring.NetworkPassword"),
            ("server", "nas"),
            ("user", "ann"),
        ]);
        let forms = write(&bank(), Some(("ann@nas", &found)));
        assert_eq!(
            (forms.main.label.as_str(), &forms.main.attributes),
            ("ann@nas", &found)
        );
        assert_eq!(*forms.main.secret, "hunter2");
        assert!(reads_back(&forms));
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z \n:\\[\\]/]{0,8}",
            "https?://[a-zé:@.]{0,8}"
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_as_it_was(
            texts in (text(), text(), text(), text(), text()),
            urls in prop::collection::vec(text(), 0..3),
            has in any::<[bool; 4]>(),
        ) {
            let (title, username, password, note, field) = texts;
            let mut item = Item::new(Some("aQ".to_owned()), &title);
            item.set_urls(urls);
            item.push_login(
                has[0].then_some(username.as_str()),
                has[1].then_some(password.as_str()),
            );
            if has[2] {
                item.push_note(&note);
            }
            if has[3] {
                item.push_custom_field(FieldType::String, &note, &field);
            }
            let mut whole = Record::new(item, "");
            whole.places = vec![Place::titled([title.as_str()])];
            let forms = write(&whole, None);
            prop_assert!(reads_back(&forms));
            prop_assert_eq!(&forms.whole.item, &whole.item);
            prop_assert!(!forms.main.label.contains(char::is_control));
            prop_assert!(forms.main.attributes.values().all(|value| !value.contains(char::is_control)));
        }
    }
}
