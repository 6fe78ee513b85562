//! With gnome-keyring: what GNOME Web and `libsecret` see of ours, what we see of theirs, and locks.

use std::sync::Arc;

use credex_protocol::Passphrase;
use credexd::web_credentials::domain::{Mode, Site};
use credexd::web_credentials::session_store::{SessionStore, Sighting};
use credexd::web_credentials::store::{
    Asking, Comparison, FileStore, Login, PassphraseQuestion, Passphrases, Password, Patience,
    Saved, SecretService, Store, StoreError,
};

use crate::gnome::{Person, keyring, lock};
use crate::session::{Session, has};

pub(crate) fn login(site: &str, account: &str, password: &str) -> Login {
    let site = Site::parse(site, Mode::Standard).unwrap();
    let password = Password::new(password.as_bytes().to_vec()).unwrap();
    Login::new(site, account.to_owned(), password).unwrap()
}

/// What `secret-tool` tells of the items with `attributes`: its lines, without times.
pub(crate) fn told(session: &Session, attributes: &[&str]) -> Vec<String> {
    let search = ["search", "--all", "--unlock"];
    let output = session.secret_tool(&[&search, attributes].concat(), "");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("created") && !line.starts_with("modified"))
        .filter(|line| !line.starts_with('['))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

/// Stores what GNOME Web stored on "Save" of a form whose fields are `mail` and `pw`.
fn browser_saves(session: &Session, id: &str, account: &str, fields: [&str; 2], password: &str) {
    let origin = "https://example.org";
    let label = format!("Password for {account} in a form in {origin}");
    let attributes = [
        ("xdg:schema", "org.epiphany.FormPassword"),
        ("id", id),
        ("uri", origin),
        ("target_origin", origin),
        ("form_username", fields[0]),
        ("form_password", fields[1]),
        ("username", account),
        ("server_time_modified", "0"),
    ];
    let mut arguments = vec!["store", "--label", &label];
    arguments.extend(attributes.iter().flat_map(|(key, value)| [*key, *value]));
    let output = session.secret_tool(&arguments, password);
    assert!(output.status.success(), "{output:?}");
}

fn is_here() -> bool {
    has("gnome-keyring-daemon") && has("secret-tool") && has("python3")
}

#[tokio::test(flavor = "current_thread")]
async fn what_we_save_is_an_item_of_gnome_web_to_its_last_attribute() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let _keyring = keyring(&session, None).await;
    let store = session.store();
    let ann = login("example.org:8443", "ann", "hunter2");
    let saved = store.put(&ann, &Asking::default()).await.unwrap();
    assert_eq!(saved, Saved::Added);
    let other = login("example.org:8443", "ann", "hunter3");
    let asking = Asking::default();
    let over = store.put_over(Some(Comparison::Absent), &other, &asking);
    assert!(matches!(over.await, Err(StoreError::Changed)));
    let origin = "https://example.org:8443";
    let mut lines = told(
        &session,
        &["xdg:schema", "org.epiphany.FormPassword", "uri", origin],
    );
    let id = lines
        .iter()
        .position(|line| line.starts_with("attribute.id = {"));
    lines.remove(id.expect("it has an id in braces"));
    let expected = [
        "attribute.form_password = password",
        "attribute.form_username = username",
        "attribute.server_time_modified = 0",
        "attribute.target_origin = https://example.org:8443",
        "attribute.uri = https://example.org:8443",
        "attribute.username = ann",
        "label = Password for ann in a form in https://example.org:8443",
        "schema = org.epiphany.FormPassword",
        "secret = hunter2",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test(flavor = "current_thread")]
async fn what_the_browser_saved_is_found_and_changed_in_its_place() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let _keyring = keyring(&session, None).await;
    let store = session.store();
    let asking = Asking::default();
    browser_saves(&session, "{1}", "ann", ["mail", "pw"], "hunter2");
    let site = Site::parse("example.org", Mode::Standard).unwrap();
    let sites = std::slice::from_ref(&site);
    let found = store.find(sites, None, &asking).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].account, "ann");
    let password = store.password(&site, "ann", &asking).await.unwrap();
    assert_eq!(password.as_bytes(), b"hunter2");

    let query = ["uri", "https://example.org"];
    let before = told(&session, &query);
    let new = login("example.org", "ann", "correct horse");
    assert_eq!(store.put(&new, &asking).await.unwrap(), Saved::Updated);
    let changed = |line: &String| line.replace("hunter2", "correct horse");
    let expected: Vec<String> = before.iter().map(changed).collect();
    assert_eq!(told(&session, &query), expected);

    // Another account goes into the form that the browser knows.
    let bob = login("example.org", "bob", "hunter3");
    assert_eq!(store.put(&bob, &asking).await.unwrap(), Saved::Added);
    let lines = told(&session, &["username", "bob"]);
    assert!(
        lines.contains(&"attribute.form_username = mail".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"attribute.form_password = pw".to_owned()),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_account_that_the_browser_keeps_for_two_forms_stays_one_account() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let _keyring = keyring(&session, None).await;
    let store = session.store();
    let asking = Asking::default();
    browser_saves(&session, "{1}", "ann", ["mail", "pw"], "hunter2");
    browser_saves(&session, "{2}", "ann", ["user", "secret"], "old one");
    let new = login("example.org", "ann", "hunter2");
    let sites = std::slice::from_ref(new.site());
    assert_eq!(store.find(sites, None, &asking).await.unwrap().len(), 1);
    assert_eq!(
        store.compare(&new, &asking).await.unwrap(),
        Comparison::Different
    );
    assert_eq!(store.put(&new, &asking).await.unwrap(), Saved::Updated);
    let lines = told(&session, &["username", "ann"]);
    let secrets = lines.iter().filter(|line| *line == "secret = hunter2");
    assert_eq!(secrets.count(), 2);
    assert!(store.delete(new.site(), "ann", &asking).await.unwrap());
    assert_eq!(told(&session, &["username", "ann"]), Vec::<String>::new());
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_of_another_site_port_scheme_or_schema_is_a_credential() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let _keyring = keyring(&session, None).await;
    let store = session.store();
    let form = "org.epiphany.FormPassword";
    for (schema, origin, account) in [
        (form, "http://example.org", "ann"),
        (form, "https://example.org:8443", "ann"),
        (form, "https://www.example.org", "ann"),
        (form, "https://example.org", ""),
        (
            "org.gnome.keyring.NetworkPassword",
            "https://example.org",
            "ann",
        ),
    ] {
        let attributes = ["xdg:schema", schema, "uri", origin, "username", account];
        let arguments = [&["store", "--label=x"], &attributes[..]].concat();
        assert!(session.secret_tool(&arguments, "hunter2").status.success());
    }
    let site = Site::parse("example.org", Mode::Standard).unwrap();
    let found = store.find(&[site], None, &Asking::default()).await;
    assert_eq!(found.unwrap(), []);
}

#[tokio::test(flavor = "current_thread")]
async fn a_locked_keyring_asks_for_itself_and_is_never_taken_for_an_empty_one() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let mut person = Person::at(&session);
    let _keyring = keyring(&session, Some(&person)).await;
    let store = session.store();
    let asking = Asking::default();
    let ann = login("example.org", "ann", "hunter2");
    let sites = std::slice::from_ref(ann.site());
    store.put(&ann, &asking).await.unwrap();

    lock(&session).await;
    person.closes_it();
    let closed = store.find(sites, None, &asking).await;
    assert!(matches!(closed, Err(StoreError::Dismissed)), "{closed:?}");
    person.closes_it();
    let other = login("example.org", "ann", "hunter3");
    let closed = store.put(&other, &asking).await;
    assert!(matches!(closed, Err(StoreError::Dismissed)), "{closed:?}");
    person.closes_it();
    let closed = store.delete(ann.site(), "ann", &asking).await;
    assert!(matches!(closed, Err(StoreError::Dismissed)), "{closed:?}");

    person.unlocks();
    let same = store.compare(&ann, &asking).await.unwrap();
    assert_eq!(same, Comparison::Same);

    lock(&session).await;
    person.unlocks();
    let bob = login("example.org", "bob", "hunter4");
    assert_eq!(store.put(&bob, &asking).await.unwrap(), Saved::Added);
    assert_eq!(store.find(sites, None, &asking).await.unwrap().len(), 2);
}

/// Nobody is asked for the passphrase of a file.
struct Nobody;

#[async_trait::async_trait]
impl Passphrases for Nobody {
    async fn ask(&self, _: PassphraseQuestion) -> Result<Option<Passphrase>, String> {
        Err("a file was to be opened".to_owned())
    }
}

/// The store of a service that has just been started in `session`.
fn session_store(session: &Session) -> SessionStore {
    let file = FileStore::new(session.path("data/credex/web.keyring"), Arc::new(Nobody));
    let sighting = Sighting::new(Some(session.path("run/credex")));
    SessionStore::new(session.bus.clone(), session.store(), file, sighting)
}

#[tokio::test(flavor = "current_thread")]
async fn a_keyring_that_went_away_is_waited_for_and_not_replaced_by_a_file() {
    if !is_here() {
        return;
    }
    let session = Session::start().await;
    let asking = Asking::default();
    let ann = login("example.org", "ann", "hunter2");
    // Without a keyring in the whole session there is the file.
    let file = session_store(&session)
        .put(&ann, &asking)
        .await
        .unwrap_err();
    assert!(matches!(file, StoreError::NobodyToAsk(_)), "{file}");
    let running = keyring(&session, None).await;
    let store = session_store(&session);
    assert_eq!(store.put(&ann, &asking).await.unwrap(), Saved::Added);
    session.unserved(running).await;
    let bob = login("example.org", "bob", "hunter3");
    for store in [store, session_store(&session)] {
        let away = store.put(&bob, &asking).await.unwrap_err();
        assert!(matches!(away, StoreError::Away), "{away}");
        let away = store.find(&[ann.site().clone()], None, &asking).await;
        assert!(matches!(away, Err(StoreError::Away)), "{away:?}");
    }
    assert!(!session.path("data/credex").exists());
    let _again = keyring(&session, None).await;
    let store = session_store(&session);
    let found = store.compare(&ann, &asking).await.unwrap();
    assert_eq!(found, Comparison::Same);
}

#[tokio::test(flavor = "current_thread")]
async fn a_session_without_a_secret_service_is_told_from_an_empty_one() {
    if !has("dbus-daemon") {
        return;
    }
    let session = Session::start().await;
    assert!(!SecretService::is_there(&session.bus).await.unwrap());
    let store = SecretService::new(session.bus.clone(), Patience::default());
    let ann = login("example.org", "ann", "hunter2");
    let told = store.compare(&ann, &Asking::default()).await.unwrap_err();
    assert!(matches!(told, StoreError::Unavailable(_)), "{told}");
}
