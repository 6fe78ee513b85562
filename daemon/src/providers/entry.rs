//! One desktop entry → the importing and the exporting provider it declares, and the websites with
//! which the app shares passwords. Pure. Serves design §6, §7 and the Desktop Entry Specification,
//! section "Interfaces".

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use credex_protocol::names::{EXPORTER, IMPORTER, WEB_CREDENTIALS_GROUP};
use zbus::names::WellKnownName;

use super::exec::{Exec, Fields};
use super::groups::{ENTRY, EntryError, Groups};

/// The longest display name, in bytes.
pub const MAX_NAME: usize = 256;
/// The longest icon name or path, in bytes.
const MAX_ICON: usize = 1024;
/// The longest element of a list, in bytes, and the most elements.
const MAX_ELEMENT: usize = 64;
const MAX_ELEMENTS: usize = 64;
/// The longest declared domain, in bytes: a host of 253, a wildcard and a port.
const MAX_DOMAIN: usize = 262;

/// Whose word a desktop entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Installed for everybody.
    System,
    /// Lies in the person's own files, where any app of the person may put it.
    User,
}

impl Origin {
    /// As on the wire: `system` or `user`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Origin::System => "system",
            Origin::User => "user",
        }
    }
}

/// An app that takes credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importer {
    /// Desktop-entry ID: the path below `applications/`, `/` as `-`, without `.desktop`.
    pub id: String,
    /// Display name in the person's language, at most [`MAX_NAME`] bytes. May be hostile text.
    pub name: String,
    /// Icon name, or the path of an image.
    pub icon: Option<String>,
    /// Whose word this is.
    pub origin: Origin,
    /// Whether the bus starts it; `id` is then a valid bus name.
    pub dbus_activatable: bool,
    /// Format versions that it reads. Never empty.
    pub format_versions: Vec<String>,
    /// Credential types that it takes; all if `None`. Never empty.
    pub credential_types: Option<BTreeSet<String>>,
    /// How to start it; always there unless `dbus_activatable`.
    pub exec: Option<Exec>,
    /// A program without which the app counts as not installed.
    pub try_exec: Option<String>,
    /// Whether `exec` must run in a terminal.
    pub terminal: bool,
    /// The app ID that a sandbox must give to whoever answers for this app; `None` if it is not
    /// confined. Flatpak and Snap write so into the entries that they export.
    pub confined_as: Option<String>,
    /// Where the entry lies.
    pub path: PathBuf,
    /// A warning for the person: another entry claims the same ID, or the same name.
    pub conflict: Option<String>,
}

/// An app that gives credentials away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporter {
    /// Display name in the person's language, at most [`MAX_NAME`] bytes. May be hostile text.
    pub name: String,
    /// The exporting providers that the app tells apart; empty if it is one as a whole.
    pub providers: Vec<String>,
}

/// An app that shares passwords with websites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebApp {
    /// Display name in the person's language, at most [`MAX_NAME`] bytes. May be hostile text.
    pub name: String,
    /// The domains as they are written: whether each is one, only the rules of domains can tell.
    pub domains: Vec<String>,
}

/// What one desktop entry declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// The app takes credentials.
    pub importer: Option<Importer>,
    /// The app gives credentials away.
    pub exporter: Option<Exporter>,
    /// The app shares passwords with websites.
    pub web: Option<WebApp>,
}

/// Reads `text`, the entry `id` that lies at `path`; names are taken in the first of `locales`.
///
/// # Errors
/// The entry means to declare a provider, and does it wrongly.
pub fn read(
    text: &str,
    id: &str,
    path: &Path,
    origin: Origin,
    locales: &[String],
) -> Result<Declared, EntryError> {
    let groups = Groups::read(text, path)?;
    if groups.boolean(ENTRY, "Hidden")? {
        return Ok(Declared::default());
    }
    let implements = groups.list(ENTRY, "Implements").unwrap_or_default();
    let imports = declares(&groups, &implements, IMPORTER)?;
    let exports = declares(&groups, &implements, EXPORTER)?;
    // Nothing is called there, so it is no interface that is implemented: the group is enough.
    let shares = groups.has(WEB_CREDENTIALS_GROUP);
    if !imports && !exports && !shares {
        return Ok(Declared::default());
    }
    if groups.string(ENTRY, "Type") != Some("Application") {
        return Err(EntryError::key(ENTRY, "Type", "must be Application"));
    }
    if !is_id(id) {
        let problem = "only an entry whose file name consists of A-Z a-z 0-9 . _ - is taken";
        return Err(EntryError::key(ENTRY, "Implements", problem));
    }
    let importer = imports.then(|| importer(&groups, id, path, origin, locales));
    let exporter = exports.then(|| exporter(&groups, locales));
    let web = shares.then(|| web(&groups, locales));
    Ok(Declared {
        importer: importer.transpose()?,
        exporter: exporter.transpose()?,
        web: web.transpose()?,
    })
}

/// The program that `text`, the entry `id` at `path`, starts; `None` if it starts none, or is wrong.
pub(super) fn program(text: &str, id: &str, path: &Path) -> Option<OsString> {
    let groups = Groups::read(text, path).ok()?;
    let is_application = groups.string(ENTRY, "Type") == Some("Application");
    if groups.boolean(ENTRY, "Hidden").ok()? || !is_application || !is_id(id) {
        return None;
    }
    let name = groups.string(ENTRY, "Name").unwrap_or_default();
    let icon = groups.string(ENTRY, "Icon");
    let fields = Fields { icon, name, path };
    let exec = Exec::parse(groups.string(ENTRY, "Exec")?, &fields).ok()?;
    exec.argv().first().cloned()
}

/// Whether the entry implements `interface`; the list and the group must agree.
fn declares(
    groups: &Groups,
    implements: &[String],
    interface: &'static str,
) -> Result<bool, EntryError> {
    let listed = implements.iter().any(|name| name == interface);
    match (listed, groups.has(interface)) {
        (false, true) => {
            let problem = format!("does not list {interface}, whose group is there; add it");
            Err(EntryError::key(ENTRY, "Implements", problem))
        }
        (true, false) if interface == IMPORTER => Err(EntryError::key(
            IMPORTER,
            "FormatVersions",
            "is missing; add the group and the key, for example FormatVersions=1.0;",
        )),
        (listed, _) => Ok(listed),
    }
}

fn exporter(groups: &Groups, locales: &[String]) -> Result<Exporter, EntryError> {
    let providers = tokens(groups, EXPORTER, "Providers", MAX_ELEMENT, is_name)?;
    Ok(Exporter {
        name: name(groups, locales)?,
        providers: providers.unwrap_or_default(),
    })
}

fn web(groups: &Groups, locales: &[String]) -> Result<WebApp, EntryError> {
    let group = WEB_CREDENTIALS_GROUP;
    let domains = tokens(groups, group, "Domains", MAX_DOMAIN, is_name)?;
    let missing = || {
        let problem = "is missing; list the domains, as in example.org;*.example.net;";
        EntryError::key(group, "Domains", problem)
    };
    Ok(WebApp {
        name: name(groups, locales)?,
        domains: domains
            .filter(|domains| !domains.is_empty())
            .ok_or_else(missing)?,
    })
}

fn name(groups: &Groups, locales: &[String]) -> Result<String, EntryError> {
    text("Name", MAX_NAME, groups.localized(ENTRY, "Name", locales))?
        .ok_or_else(|| EntryError::key(ENTRY, "Name", "is missing; give the app a name"))
}

fn importer(
    groups: &Groups,
    id: &str,
    path: &Path,
    origin: Origin,
    locales: &[String],
) -> Result<Importer, EntryError> {
    let name = name(groups, locales)?;
    let icon = text("Icon", MAX_ICON, groups.string(ENTRY, "Icon"))?;
    let dbus_activatable = groups.boolean(ENTRY, "DBusActivatable")?;
    if dbus_activatable && WellKnownName::try_from(id).is_err() {
        let problem =
            format!("is true, but {id:?} is no bus name; rename the file, or drop the key");
        return Err(EntryError::key(ENTRY, "DBusActivatable", problem));
    }
    let fields = Fields {
        icon: icon.as_deref(),
        name: &name,
        path,
    };
    let exec = groups.string(ENTRY, "Exec");
    let exec = exec
        .map(|value| Exec::parse(value, &fields))
        .transpose()
        .map_err(|error| EntryError::key(ENTRY, "Exec", error.to_string()))?;
    if exec.is_none() && !dbus_activatable {
        let problem = "is missing; say how to start the app, or set DBusActivatable=true";
        return Err(EntryError::key(ENTRY, "Exec", problem));
    }
    let credential_types = tokens(groups, IMPORTER, "CredentialTypes", MAX_ELEMENT, is_token)?;
    if credential_types.as_ref().is_some_and(Vec::is_empty) {
        let problem = "is empty; leave it out if the app takes all types";
        return Err(EntryError::key(IMPORTER, "CredentialTypes", problem));
    }
    Ok(Importer {
        id: id.to_owned(),
        origin,
        dbus_activatable,
        format_versions: tokens(groups, IMPORTER, "FormatVersions", MAX_ELEMENT, is_token)?
            .filter(|versions| !versions.is_empty())
            .ok_or_else(|| {
                let problem = "is missing; list the versions that the app reads, as in 1.0;";
                EntryError::key(IMPORTER, "FormatVersions", problem)
            })?,
        credential_types: credential_types.map(BTreeSet::from_iter),
        exec,
        try_exec: groups.string(ENTRY, "TryExec").map(str::to_owned),
        terminal: groups.boolean(ENTRY, "Terminal")?,
        confined_as: confined_as(groups, id),
        path: path.to_owned(),
        conflict: None,
        name,
        icon,
    })
}

fn confined_as(groups: &Groups, id: &str) -> Option<String> {
    let flatpak = groups.string(ENTRY, "X-Flatpak").map(str::to_owned);
    let snap = groups.string(ENTRY, "X-SnapInstanceName");
    flatpak.or_else(|| snap.map(|_| id.to_owned()))
}

/// A text of the person's interface, bounded.
fn text(
    key: &'static str,
    limit: usize,
    value: Option<&str>,
) -> Result<Option<String>, EntryError> {
    match value {
        Some(value) if value.len() > limit => {
            let problem = format!("is longer than {limit} bytes; shorten it");
            Err(EntryError::key(ENTRY, key, problem))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// A list, bounded, each of whose elements is `allowed`. What is listed twice counts once.
fn tokens(
    groups: &Groups,
    group: &'static str,
    key: &'static str,
    longest: usize,
    allowed: fn(&str) -> bool,
) -> Result<Option<Vec<String>>, EntryError> {
    let Some(list) = groups.list(group, key) else {
        return Ok(None);
    };
    if list.len() > MAX_ELEMENTS {
        let problem = format!("has more than {MAX_ELEMENTS} elements");
        return Err(EntryError::key(group, key, problem));
    }
    let mut seen = Vec::new();
    for element in list {
        if element.len() > longest || !allowed(&element) {
            let problem = format!(
                "{element:?} is longer than {longest} bytes, or has characters not allowed here"
            );
            return Err(EntryError::key(group, key, problem));
        }
        if !seen.contains(&element) {
            seen.push(element);
        }
    }
    Ok(Some(seen))
}

fn is_token(element: &str) -> bool {
    element.bytes().all(|b| b.is_ascii_graphic())
}

fn is_name(element: &str) -> bool {
    !element.chars().any(char::is_control)
}

fn is_id(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=255).contains(&id.len()) && !id.starts_with(['.', '-']) && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "org.example.Vault";

    fn declared(text: &str) -> Result<Declared, String> {
        let path = Path::new("/usr/share/applications/org.example.Vault.desktop");
        read(text, ID, path, Origin::System, &[]).map_err(|error| error.to_string())
    }

    fn vault(entry: &str, importer: &str) -> String {
        format!(
            "[Desktop Entry]\nType=Application\nName=Vault\nImplements=org.credex.Importer1;\n\
             {entry}\n[org.credex.Importer1]\n{importer}\n"
        )
    }

    fn importer(entry: &str, importer: &str) -> Result<Importer, String> {
        declared(&vault(entry, importer)).map(|declared| declared.importer.unwrap())
    }

    #[track_caller]
    fn refused(result: Result<Importer, String>, start: &str) {
        let error = result.unwrap_err();
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn an_importer_says_what_it_reads_and_takes_and_how_it_is_started() {
        let vault = importer(
            "Exec=vault %U\nIcon=vault\nTerminal=true\nTryExec=vault",
            "FormatVersions=1.1;1.0;1.0;\nCredentialTypes=totp;passkey;",
        )
        .unwrap();
        assert_eq!(vault.id, ID);
        assert_eq!(vault.name, "Vault");
        assert_eq!(vault.icon.as_deref(), Some("vault"));
        assert_eq!(vault.format_versions, ["1.1", "1.0"]);
        let types = BTreeSet::from(["passkey".to_owned(), "totp".to_owned()]);
        assert_eq!(vault.credential_types, Some(types));
        assert_eq!(vault.exec.unwrap().argv(), ["vault"]);
        assert_eq!(vault.try_exec.as_deref(), Some("vault"));
        assert!(vault.terminal && !vault.dbus_activatable);
    }

    #[test]
    fn an_importer_that_lists_no_types_takes_all() {
        let vault = importer("DBusActivatable=true", "FormatVersions=1.0").unwrap();
        assert_eq!(vault.credential_types, None);
        assert!(vault.dbus_activatable && vault.exec.is_none());
    }

    #[test]
    fn a_hidden_entry_declares_nothing() {
        let hidden = vault("Hidden=true\nExec=vault", "FormatVersions=1.0;");
        assert_eq!(declared(&hidden).unwrap(), Declared::default());
    }

    #[test]
    fn an_entry_kept_out_of_the_menus_still_takes_credentials() {
        assert!(importer("NoDisplay=true\nExec=vault", "FormatVersions=1.0;").is_ok());
    }

    #[test]
    fn what_is_missing_is_named_with_its_group() {
        refused(
            importer("Exec=vault", "CredentialTypes=totp;"),
            "key FormatVersions of [org.credex.Importer1]: is missing",
        );
        refused(
            importer("Icon=vault", "FormatVersions=1.0;"),
            "key Exec of [Desktop Entry]: is missing",
        );
        refused(
            importer("Exec=vault", "FormatVersions=1.0;\nCredentialTypes=;"),
            "key CredentialTypes of [org.credex.Importer1]: is empty",
        );
        let nameless = vault("Exec=v", "FormatVersions=1.0;").replace("Name=Vault\n", "");
        assert!(declared(&nameless).unwrap_err().contains("key Name"));
    }

    #[test]
    fn the_list_of_interfaces_and_the_groups_must_agree() {
        let no_group = vault("Exec=v", "").replace("[org.credex.Importer1]\n", "");
        assert!(declared(&no_group).unwrap_err().contains("FormatVersions"));
        let not_listed =
            vault("Exec=v", "FormatVersions=1.0;").replace("Implements=org.credex.Importer1;", "");
        assert!(declared(&not_listed).unwrap_err().contains("Implements"));
    }

    #[test]
    fn an_app_that_shares_passwords_with_websites_needs_its_group_alone() {
        let entry = |group: &str| {
            declared(&format!(
                "[Desktop Entry]\nType=Application\nName=Shop\n[org.credex.WebCredentials1]\n{group}\n"
            ))
        };
        let shop = entry("Domains=example.org;*.example.net;example.org:8443;").unwrap();
        let web = shop.web.unwrap();
        assert_eq!(web.name, "Shop");
        assert_eq!(
            web.domains,
            ["example.org", "*.example.net", "example.org:8443"]
        );
        assert!(shop.importer.is_none() && shop.exporter.is_none());
        assert!(entry("").unwrap_err().contains("Domains"));
        assert!(entry("Domains=;").unwrap_err().contains("Domains"));
        let long = "a".repeat(300);
        assert!(
            entry(&format!("Domains={long};"))
                .unwrap_err()
                .contains("longer")
        );
    }

    #[test]
    fn only_an_application_is_a_provider() {
        let link = vault("Exec=v", "FormatVersions=1.0;").replace("Type=Application", "Type=Link");
        assert!(declared(&link).unwrap_err().contains("key Type"));
    }

    #[test]
    fn an_app_that_the_bus_starts_must_bear_a_bus_name() {
        let text = vault("DBusActivatable=true", "FormatVersions=1.0;");
        let path = Path::new("/usr/share/applications/vault.desktop");
        let error = read(&text, "vault", path, Origin::System, &[]).unwrap_err();
        assert!(error.to_string().contains("\"vault\" is no bus name"));
    }

    #[test]
    fn a_wild_file_name_declares_nothing() {
        let text = vault("Exec=v", "FormatVersions=1.0;");
        for id in ["", "a b", "-v", ".v", "ä", "a\nb", &"v".repeat(256)] {
            let read = read(&text, id, Path::new("/v.desktop"), Origin::User, &[]);
            assert!(read.is_err(), "{id:?}");
        }
    }

    #[test]
    fn names_and_lists_have_an_end() {
        let long = vault("Exec=v", "FormatVersions=1.0;").replace("=Vault", &"=V".repeat(200));
        assert!(declared(&long).unwrap_err().contains("256 bytes"));
        let many = format!("FormatVersions={}", "1;".repeat(65));
        refused(
            importer("Exec=v", &many),
            "key FormatVersions of [org.credex.Importer1]: has more",
        );
        let wide = format!("FormatVersions={};", "1".repeat(65));
        refused(
            importer("Exec=v", &wide),
            "key FormatVersions of [org.credex.Importer1]: \"111",
        );
    }

    #[test]
    fn an_exporter_lists_its_providers_or_none() {
        let text = "[Desktop Entry]\nType=Application\nName=V\nImplements=org.credex.Exporter1;\n";
        let exporter = declared(text).unwrap().exporter.unwrap();
        assert_eq!(exporter.providers, [""; 0]);
        let text = format!("{text}[org.credex.Exporter1]\nProviders=home;work;\n");
        let exporter = declared(&text).unwrap().exporter.unwrap();
        assert_eq!(exporter.providers, ["home", "work"]);
    }

    #[test]
    fn an_entry_of_another_app_is_none_of_our_business() {
        let other = "[Desktop Entry]\nType=Link\nName=org.credex.Importer1\n";
        assert_eq!(declared(other).unwrap(), Declared::default());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall_over(
            lines in prop::collection::vec("(Name|Exec|Type|Implements|)[\\[\\]=;%\\\\ a-cé]{0,20}", 0..12)
        ) {
            let text = format!("[Desktop Entry]\nType=Application\n{}", lines.join("\n"));
            if let Ok(read) = declared(&text) {
                prop_assert_eq!(read, Declared::default());
            }
        }
    }
}
