//! How GNOME Web (Epiphany) keeps the passwords of forms: the schema, pure. Serves design §7, "Store".
//!
//! It reads an item only if `id`, `uri`, `target_origin`, `form_password` and `server_time_modified` are
//! there, and takes a `username` only together with a `form_username`. For a form it searches by `uri`,
//! `target_origin`, the names of both fields and, once one is typed or chosen, `username`; it aborts when it
//! wants to change one password and finds two. So each attribute is always written, and an item is
//! changed in place.
//!
//! Its "never save" is a permission of the browser, kept in its settings: there is no item for it, and
//! nothing without an account is taken for a credential here.

use std::collections::HashMap;

use crate::web_credentials::domain::Site;

/// The attributes of an item.
pub(super) type Attributes = HashMap<String, String>;

const SCHEMA: (&str, &str) = ("xdg:schema", "org.epiphany.FormPassword");
const ID: &str = "id";
const ORIGIN: &str = "uri";
const TARGET: &str = "target_origin";
const ACCOUNT: &str = "username";
const ACCOUNT_FIELD: &str = "form_username";
const PASSWORD_FIELD: &str = "form_password";
const SYNCED: &str = "server_time_modified";

/// The names of the two fields of a login form, in HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    account: String,
    password: String,
}

/// What the items of `site` have in common, or those of one `account`.
pub(super) fn query(site: &Site, account: Option<&str>) -> Attributes {
    let mut query = attributes([SCHEMA, (ORIGIN, &site.origin())]);
    if let Some(account) = account {
        query.insert(ACCOUNT.to_owned(), account.to_owned());
    }
    query
}

/// Whose password an item holds, if it is a credential of `site`.
pub(super) fn account<'a>(item: &'a Attributes, site: &Site) -> Option<&'a str> {
    let has = |key: &str, value: &str| item.get(key).is_some_and(|found| found == value);
    let account = item.get(ACCOUNT).filter(|account| !account.is_empty())?;
    (has(SCHEMA.0, SCHEMA.1) && has(ORIGIN, &site.origin())).then_some(account)
}

/// The attributes of a new item.
pub(super) fn item(site: &Site, account: &str, fields: &Fields) -> Attributes {
    let id = format!("{{{}}}", uuid::Uuid::new_v4());
    let origin = site.origin();
    attributes([
        SCHEMA,
        (ID, &id),
        (ORIGIN, &origin),
        (TARGET, &origin),
        (ACCOUNT, account),
        (ACCOUNT_FIELD, &fields.account),
        (PASSWORD_FIELD, &fields.password),
        (SYNCED, "0"),
    ])
}

/// The label of a new item.
pub(super) fn label(site: &Site, account: &str) -> String {
    format!("Password for {account} in a form in {}", site.origin())
}

impl Fields {
    /// Those in which the browser learned another account of the same site: it is most likely the same
    /// form.
    pub(super) fn of(item: &Attributes) -> Option<Fields> {
        Some(Fields {
            account: item.get(ACCOUNT_FIELD)?.clone(),
            password: item.get(PASSWORD_FIELD)?.clone(),
        })
    }
}

impl Default for Fields {
    /// The most usual ones. An app does not know its site's form; where they are others, the browser
    /// lists the password without filling it in.
    fn default() -> Fields {
        Fields {
            account: "username".to_owned(),
            password: "password".to_owned(),
        }
    }
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> Attributes {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    pairs.into_iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_credentials::domain::Mode;

    fn site(text: &str) -> Site {
        Site::parse(text, Mode::Standard).unwrap()
    }

    #[test]
    fn an_item_has_each_attribute_that_the_browser_wants_to_see() {
        let site = site("bücher.example:8443");
        let mut item = item(&site, "ann", &Fields::default());
        let id = item.remove(ID).unwrap();
        let uuid = id.trim_start_matches('{').trim_end_matches('}');
        assert_eq!(id, format!("{{{uuid}}}"));
        assert_eq!(uuid::Uuid::parse_str(uuid).unwrap().get_version_num(), 4);
        let origin = "https://xn--bcher-kva.example:8443";
        let expected = attributes([
            ("xdg:schema", "org.epiphany.FormPassword"),
            ("uri", origin),
            ("target_origin", origin),
            ("form_username", "username"),
            ("form_password", "password"),
            ("username", "ann"),
            ("server_time_modified", "0"),
        ]);
        assert_eq!(item, expected);
        assert_eq!(
            label(&site, "ann"),
            format!("Password for ann in a form in {origin}")
        );
    }

    #[test]
    fn every_item_that_is_written_is_found_again() {
        let site = site("example.org");
        let item = item(&site, "ann", &Fields::default());
        for query in [query(&site, None), query(&site, Some("ann"))] {
            assert!(query.iter().all(|(key, value)| item[key] == *value));
        }
        assert_eq!(account(&item, &site), Some("ann"));
    }

    #[test]
    fn what_is_no_password_of_an_account_of_the_site_is_no_credential() {
        let site = site("example.org");
        let good = item(&site, "ann", &Fields::default());
        for (key, value) in [
            ("username", None),
            ("username", Some("")),
            ("uri", Some("http://example.org")),
            ("uri", Some("https://example.org:8443")),
            ("uri", None),
            ("xdg:schema", Some("org.gnome.keyring.Note")),
            ("xdg:schema", None),
        ] {
            let mut other = good.clone();
            other.remove(key);
            other.extend(value.map(|value| (key.to_owned(), value.to_owned())));
            assert_eq!(account(&other, &site), None, "{key} {value:?}");
        }
    }

    #[test]
    fn another_account_goes_into_the_form_that_the_browser_knows() {
        let site = site("example.org");
        let known = Fields {
            account: "login[mail]".into(),
            password: "login[pw]".into(),
        };
        let seen = item(&site, "ann", &known);
        let fields = Fields::of(&seen).unwrap();
        let new = item(&site, "bob", &fields);
        assert_eq!(new[ACCOUNT_FIELD], "login[mail]");
        assert_eq!(new[PASSWORD_FIELD], "login[pw]");
        assert_ne!(new[ID], seen[ID]);
    }
}
