//! What the items of others say: which are logins, and what they say of them.
//!
//! | Schema | Whose | Attributes |
//! | --- | --- | --- |
//! | `org.epiphany.FormPassword` | GNOME Web | `uri`, `username`, `form_username` … |
//! | `chrome_libsecret_password_schema` | Chromium, before it kept logins in its profile | `origin_url`, `username_value` |
//! | `org.gnome.keyring.NetworkPassword` | GVfs, Evolution and others (libsecret's `SECRET_SCHEMA_COMPAT_NETWORK`) | `protocol`, `server`, `port`, `user` |
//! | `org.gnome.Geary` | Geary | `proto`, `host`, `login` |
//! | `org.gnome.Evolution.Data.Source` | Evolution: mail and calendars | `e-source-uid` |
//! | `org.remmina.Password` | Remmina | `filename` |
//! | none, with `Uuid` and `Path` | KeePassXC's entries | `Title`, `UserName`, `URL`, `Notes` |
//!
//! `chrome_libsecret_os_crypt_password_v2` is no login, but the key of the browser's own store. It and
//! whatever else there is (keys of apps, tokens of online accounts, networks) is read if that is asked
//! for: as a login with custom fields.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::found::{Attributes, Found};
use crate::{FieldType, Item, Record};

pub(super) const SCHEMA: &str = "xdg:schema";
pub(super) const WEB: &str = "org.epiphany.FormPassword";
const CHROMIUM: &str = "chrome_libsecret_password_schema";
const NETWORK: &str = "org.gnome.keyring.NetworkPassword";
const GEARY: &str = "org.gnome.Geary";
const EVOLUTION: &str = "org.gnome.Evolution.Data.Source";
const REMMINA: &str = "org.remmina.Password";
/// The schemas of our own.
pub(super) const ITEM: &str = "org.credex.Item";
pub(super) const RESIDUE: &str = "org.credex.Residue";
pub(super) const COMMIT: &str = "org.credex.Commit";
/// Followed by the name of the writing.
pub(super) const PENDING: &str = "org.credex.Pending:";
/// What an item of ours is called by itself, and what a companion says whose it is.
pub(super) const ID: &str = "credex:id";
pub(super) const OF: &str = "credex:of";
/// What the secret of an item of ours is.
pub(super) const KIND: &str = "credex:kind";
pub(super) const LOGIN: &str = "login";
pub(super) const NOTE: &str = "note";
pub(super) const OTHER: &str = "other";
pub(super) const USER: &str = "username";
pub(super) const URL: &str = "url";

/// Whose item it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Web,
    Chromium,
    Network,
    Geary,
    /// A password of which nothing but the label is known.
    Labelled,
    KeePassXc,
    Ours,
    /// What no schema says to be a login.
    Unknown,
    /// What belongs to other items.
    Inner,
}

impl Kind {
    pub(super) fn of(attributes: &Attributes) -> Self {
        let schema = attributes.get(SCHEMA).map(String::as_str);
        match schema.unwrap_or_default() {
            WEB => Self::Web,
            CHROMIUM => Self::Chromium,
            NETWORK => Self::Network,
            GEARY => Self::Geary,
            EVOLUTION | REMMINA => Self::Labelled,
            ITEM => Self::Ours,
            RESIDUE | COMMIT => Self::Inner,
            pending if pending.starts_with(PENDING) => Self::Inner,
            "" if attributes.contains_key("Uuid") && attributes.contains_key("Path") => {
                Self::KeePassXc
            }
            _ => Self::Unknown,
        }
    }

    /// Whether it is read without having been asked for.
    pub(super) fn is_login(self) -> bool {
        !matches!(self, Self::Unknown | Self::Inner)
    }
}

/// What an item is linked to its companion by: the same for as long as it is the same item.
pub(super) fn link(attributes: &Attributes) -> String {
    let own = match Kind::of(attributes) {
        Kind::Web => attributes.get("id"),
        Kind::Ours => attributes.get(ID),
        Kind::KeePassXc => attributes.get("Uuid"),
        _ => None,
    };
    if let Some(own) = own {
        return own.clone();
    }
    let made = without_keepassxc(attributes);
    let mut pairs: Vec<_> = made.iter().collect();
    pairs.sort();
    let mut digest = Sha256::new();
    for text in pairs.into_iter().flat_map(|(name, value)| [name, value]) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    BASE64URL_NOPAD.encode(&digest.finalize()[..16])
}

/// The attributes that an item was made with: KeePassXC tells more.
pub(super) fn without_keepassxc(attributes: &Attributes) -> Attributes {
    const OF_KEEPASSXC: [&str; 6] = ["Title", "UserName", "URL", "Notes", "Path", "Uuid"];
    let mut made = attributes.clone();
    made.retain(|name, _| !OF_KEEPASSXC.contains(&name.as_str()));
    made
}

/// The id of an item that says none.
pub(super) fn id(link: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(link)[..16])
}

/// What an item says by itself.
pub(super) fn record(label: &str, attributes: &Attributes, secret: &str) -> Record {
    let text = |name: &str| {
        let text = attributes.get(name).map(String::as_str);
        text.filter(|text| !text.is_empty())
    };
    let mut item = Item::new(Some(id(&link(attributes))), label);
    let secret = Some(secret).filter(|secret| !secret.is_empty());
    match Kind::of(attributes) {
        Kind::Web => {
            item.push_login(text("username"), secret);
            item.set_urls(text("uri"));
            if let Some(host) = text("uri").and_then(host) {
                item.members.set("title", host);
            }
        }
        Kind::Chromium => {
            item.push_login(text("username_value"), secret);
            item.set_urls(text("origin_url").or_else(|| text("signon_realm")));
        }
        Kind::Network => {
            item.push_login(text("user"), secret);
            item.set_urls(network(&text));
        }
        Kind::Geary => {
            item.push_login(text("login"), secret);
            let url = text("host").map(|host| {
                let scheme = text("proto").unwrap_or("imap").to_lowercase();
                format!("{scheme}://{host}")
            });
            item.set_urls(url);
        }
        Kind::Labelled => item.push_login(None, secret),
        Kind::KeePassXc => {
            item.push_login(text("UserName"), secret);
            item.set_urls(text("URL"));
            if let Some(notes) = text("Notes") {
                item.push_note(notes);
            }
            if let Some(title) = text("Title") {
                item.members.set("title", title);
            }
        }
        Kind::Ours => match text(KIND) {
            Some(LOGIN) => {
                item.push_login(text(USER), secret);
                item.set_urls(text(URL));
            }
            Some(NOTE) => item.push_note(secret.unwrap_or_default()),
            // Its secret is what is carried.
            _ => {}
        },
        Kind::Unknown | Kind::Inner => unknown(&mut item, attributes, secret),
    }
    Record::new(item, origin(label))
}

/// Where an item is, for a person.
pub(super) fn origin(label: &str) -> String {
    match label.is_empty() {
        true => "item without a label".to_owned(),
        false => format!("item “{label}”"),
    }
}

/// Adds when an item of others was made and changed, where that is known.
pub(super) fn add_times(record: &mut Record, found: &Found) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(u64::MAX, |now| now.as_secs());
    for (name, time) in [
        ("creationAt", found.created),
        ("modifiedAt", found.modified),
    ] {
        if (1..=now).contains(&time) {
            record.item.members.set(name, time);
        }
    }
}

fn unknown(item: &mut Item, attributes: &Attributes, secret: Option<&str>) {
    const NAMES: [&str; 4] = ["username", "user", "login", "account"];
    let name = NAMES
        .into_iter()
        .find(|name| attributes.contains_key(*name));
    let username = name.and_then(|name| attributes.get(name));
    item.push_login(username.map(String::as_str), secret);
    let mut rest: Vec<_> = attributes.iter().collect();
    rest.sort();
    for (label, value) in rest {
        if Some(label.as_str()) != name && !value.is_empty() {
            item.push_custom_field(FieldType::String, label, value);
        }
    }
}

fn network<'t>(text: &dyn Fn(&str) -> Option<&'t str>) -> Option<String> {
    let server = text("server")?;
    let scheme = text("protocol").unwrap_or("https");
    let port = text("port").filter(|port| *port != "0");
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = text("object").map(|path| format!("/{}", path.trim_start_matches('/')));
    Some(format!(
        "{scheme}://{server}{port}{}",
        path.unwrap_or_default()
    ))
}

/// The host of an origin, and its port if it has one.
fn host(origin: &str) -> Option<&str> {
    let (_, host) = origin.split_once("://")?;
    host.split(['/', '?', '#'])
        .next()
        .filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn told(pairs: &[(&str, &str)]) -> (String, String, Vec<String>) {
        let record = record("a label", &attributes(pairs), "pw");
        let login = record.item.credential("basic-auth").unwrap();
        assert_eq!(login.field("password"), Some("pw"));
        (
            record.item.title().to_owned(),
            login.field("username").unwrap_or_default().to_owned(),
            record.item.urls().map(str::to_owned).collect(),
        )
    }

    #[test]
    fn logins_are_read_as_those_mean_them_whose_they_are() {
        let own = |title: &str, name: &str, url: &str| {
            (title.to_owned(), name.to_owned(), vec![url.to_owned()])
        };
        for (pairs, expected) in [
            (
                &[
                    (SCHEMA, WEB),
                    ("uri", "https://a.example:8443"),
                    ("username", "ann"),
                ][..],
                own("a.example:8443", "ann", "https://a.example:8443"),
            ),
            (
                &[
                    (SCHEMA, CHROMIUM),
                    ("origin_url", "https://b.example/x"),
                    ("username_value", "bob"),
                ],
                own("a label", "bob", "https://b.example/x"),
            ),
            (
                &[
                    (SCHEMA, NETWORK),
                    ("server", "nas"),
                    ("protocol", "smb"),
                    ("object", "films"),
                    ("user", "carol"),
                ],
                own("a label", "carol", "smb://nas/films"),
            ),
            (
                &[
                    (SCHEMA, GEARY),
                    ("host", "mx.example"),
                    ("proto", "IMAP"),
                    ("login", "dora"),
                ],
                own("a label", "dora", "imap://mx.example"),
            ),
            (
                &[
                    ("Uuid", "1"),
                    ("Path", "/x"),
                    ("Title", "X"),
                    ("UserName", "eve"),
                    ("URL", "x.example"),
                ],
                own("X", "eve", "x.example"),
            ),
        ] {
            assert_eq!(told(pairs), expected);
            assert!(Kind::of(&attributes(pairs)).is_login());
        }
    }

    #[test]
    fn keys_of_apps_and_what_is_ours_alone_are_no_logins() {
        for schema in [
            "chrome_libsecret_os_crypt_password_v2",
            "org.gnome.OnlineAccounts",
            RESIDUE,
            COMMIT,
            "org.credex.Pending:x",
            "",
        ] {
            assert!(
                !Kind::of(&attributes(&[(SCHEMA, schema)])).is_login(),
                "{schema}"
            );
        }
    }

    #[test]
    fn an_item_keeps_its_link_when_its_label_changes_or_keepassxc_tells_more() {
        let made = attributes(&[(SCHEMA, NETWORK), ("server", "nas")]);
        let mut told = made.clone();
        told.insert("Title".to_owned(), "NAS".to_owned());
        told.insert("Uuid".to_owned(), "77".to_owned());
        assert_eq!(link(&made), link(&told));
        told.insert("user".to_owned(), "ann".to_owned());
        assert_ne!(link(&made), link(&told));
    }
}
