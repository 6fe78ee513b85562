//! What makes a record of one store and a record of another the same one.

use serde_json::Value;

use crate::Record;

/// Keys of one record. A person has few user names and sites in one; what has thousands of both
/// would have millions of keys.
const MOST: usize = 1000;

/// A reason to take two records for the same one. Records that share one are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The credential ID of a passkey.
    Passkey(String),
    /// A user name at a website.
    Login {
        /// The host, in small letters, without `www.` and without the usual ports.
        site: String,
        /// The user name, without white space around it.
        username: String,
    },
    /// A title and the types of the credentials, for what has neither.
    Titled {
        /// The title.
        title: String,
        /// The types, in the order of their names.
        types: Vec<String>,
        /// The user name of a login without a website.
        username: Option<String>,
    },
}

/// The keys of a record: the credential IDs of its passkeys, and its user names at its websites; a
/// record without either has its title and the types of its credentials. Of the pairs of user names
/// and websites, the first thousand.
#[must_use]
pub fn keys(record: &Record) -> Vec<Key> {
    let of_kind = |kind| {
        let all = record.item.credentials.iter();
        all.filter(move |credential| credential.kind() == kind)
    };
    let passkeys = of_kind("passkey").filter_map(|passkey| passkey.text("credentialId"));
    let mut keys: Vec<_> = passkeys
        .map(|id| Key::Passkey(id.trim_end_matches('=').to_owned()))
        .collect();
    let logins = of_kind("basic-auth").flat_map(|login| {
        let username = login.field("username").unwrap_or_default().trim();
        let sites = record.item.urls().filter_map(site);
        sites.map(move |site| Key::Login {
            site,
            username: username.to_owned(),
        })
    });
    keys.extend(logins.take(MOST));
    if keys.is_empty() {
        keys.push(titled(record));
    }
    keys.dedup();
    keys
}

fn titled(record: &Record) -> Key {
    let credentials = record.item.credentials.iter();
    let mut types: Vec<_> = credentials.map(|each| each.kind().to_owned()).collect();
    types.sort();
    types.dedup();
    let login = record.item.credential("basic-auth");
    Key::Titled {
        title: record.item.title().trim().to_owned(),
        types,
        username: login
            .and_then(|login| login.field("username"))
            .map(|name| name.trim().to_owned()),
    }
}

/// The host of an address, as it is compared.
fn site(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let usual = match scheme {
        "http" => ":80",
        _ => ":443",
    };
    let host = host.strip_suffix(usual).unwrap_or(host).to_lowercase();
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty()).then(|| host.to_owned())
}

/// The texts in which a search looks: titles, user names, addresses and tags, never secrets.
pub(super) fn searched(record: &Record) -> Vec<&str> {
    let item = &record.item;
    let mut texts = vec![item.title()];
    texts.extend(item.members.text("subtitle"));
    texts.extend(item.urls());
    texts.extend(item.tags());
    for credential in &item.credentials {
        texts.extend(credential.field("username"));
        texts.extend(credential.get("username").and_then(Value::as_str));
        texts.extend(credential.text("rpId"));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Object};

    fn login(url: &str, username: &str) -> Record {
        let mut item = Item::new(None, "Shop");
        item.set_urls([url]);
        item.push_login(Some(username), Some("secret"));
        Record::new(item, "")
    }

    #[test]
    fn one_person_at_one_site_is_one_login_however_the_address_is_written() {
        let key = keys(&login("https://shop.example/login", "ada"));
        for other in [
            "http://www.shop.example",
            "shop.example",
            "HTTPS://Shop.Example.:443/?next=/",
            "https://ada:x@shop.example",
        ] {
            assert_eq!(keys(&login(other, "ada ")), key, "{other}");
        }
        for other in ["https://shop.example:8443", "https://mail.shop.example"] {
            assert_ne!(keys(&login(other, "ada")), key, "{other}");
        }
        assert_ne!(keys(&login("https://shop.example", "bob")), key);
    }

    #[test]
    fn a_passkey_is_known_by_its_credential_id() {
        let mut record = login("https://shop.example", "ada");
        let mut passkey = Object::credential("passkey");
        passkey.set("credentialId", "AQID==");
        record.item.credentials.push(passkey);
        assert_eq!(keys(&record)[0], Key::Passkey("AQID".to_owned()));
    }

    #[test]
    fn thousands_of_names_at_thousands_of_sites_do_not_make_millions_of_keys() {
        let mut record = login("https://0.example", "ada");
        let sites = (0..3000).map(|number| format!("https://{number}.example"));
        record.item.set_urls(sites);
        for number in 0..3000 {
            record.item.push_login(Some(&number.to_string()), None);
        }
        assert!(keys(&record).len() <= 1000);
    }

    #[test]
    fn what_has_no_site_is_known_by_its_title_and_types() {
        let note = |title| {
            let mut item = Item::new(None, title);
            item.push_note("text");
            keys(&Record::new(item, ""))
        };
        assert_eq!(note("Plan"), note("Plan"));
        assert_ne!(note("Plan"), note("Other"));
    }
}
