//! With gnome-keyring: what GNOME Web and `libsecret` see of ours, what we see of theirs, and locks.

use std::fs;
use std::time::{Duration, Instant};

use credex::cxf;
use credex_adapters::stores::secret_service::Patience;
use credex_adapters::{Access, Change, Fault, FieldType, Item, Record};

use crate::session::{PATIENCE, Person, Session, add, comes_back, have, open_at, open_with};

const NEEDED: [&str; 4] = [
    "gnome-keyring-daemon",
    "secret-tool",
    "gdbus",
    "dbus-daemon",
];

fn login(title: &str, url: Option<&str>) -> Record {
    let mut item = Item::new(None, title);
    item.push_login(Some("ann"), Some("hunter2"));
    item.set_urls(url);
    Record::new(item, "")
}

#[test]
fn the_sample_comes_back_to_the_last_member() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    comes_back(&session, cxf::sample());
}

#[test]
fn the_documents_of_others_come_back_to_the_last_member() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/cxf");
    for name in ["appendix-a.json", "kitchen-sink.json"] {
        let Ok(content) = fs::read(format!("{folder}/{name}")) else {
            eprintln!("left out: there is no {folder}/{name}");
            continue;
        };
        if have(&NEEDED) {
            let session = Session::start();
            let _keyring = session.gnome_keyring(None);
            comes_back(&session, &content);
        }
    }
}

#[test]
fn gnome_web_finds_a_login_that_we_wrote() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let mut store = session.open("").unwrap();
    let changes = add(&[login("Bank", Some("https://bank.example/login"))]);
    store.write(&changes, &mut |_| {}).unwrap();
    // What the browser searches by, when a form of these two fields is shown.
    let told = session.told(&[
        "xdg:schema",
        "org.epiphany.FormPassword",
        "uri",
        "https://bank.example",
        "target_origin",
        "https://bank.example",
        "form_username",
        "username",
        "form_password",
        "password",
    ]);
    for expected in [
        "label = Password for ann in a form in https://bank.example",
        "secret = hunter2",
        "attribute.username = ann",
        "attribute.server_time_modified = 0",
    ] {
        assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
    }
    assert_eq!(
        session.told(&["xdg:schema", "org.credex.Commit"]),
        Vec::<String>::new()
    );
}

#[test]
fn items_of_others_are_read_as_logins_and_the_rest_by_request() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let network = "org.gnome.keyring.NetworkPassword";
    session.stores(
        "ann@nas",
        &[
            "xdg:schema",
            network,
            "protocol",
            "smb",
            "server",
            "nas",
            "user",
            "ann",
        ],
        "pw1",
    );
    let web = "org.epiphany.FormPassword";
    session.stores(
        "x",
        &[
            "xdg:schema",
            web,
            "id",
            "{1}",
            "uri",
            "https://a.example",
            "username",
            "bob",
        ],
        "pw2",
    );
    session.stores(
        "a key",
        &["application", "chromium", "user", "carol"],
        "pw3",
    );
    session.stores("empty", &["xdg:schema", network, "server", "void"], "");
    let told = |location: &str| {
        let (records, aside) = session.read(location);
        let mut told: Vec<_> = records
            .iter()
            .map(|each| {
                let login = each.item.credential("basic-auth").unwrap();
                let text = |name| login.field(name).unwrap_or_default().to_owned();
                (
                    each.item.title().to_owned(),
                    text("username"),
                    text("password"),
                )
            })
            .collect();
        told.sort();
        (
            told,
            aside.iter().map(ToString::to_string).collect::<Vec<_>>(),
        )
    };
    let own = |title: &str, name: &str, password: &str| {
        (title.to_owned(), name.to_owned(), password.to_owned())
    };
    let logins = [own("a.example", "bob", "pw2"), own("ann@nas", "ann", "pw1")];
    let empty = vec!["item “empty”: it has no secret".to_owned()];
    assert_eq!(told(""), (logins.to_vec(), empty.clone()));
    let all = [
        own("a key", "carol", "pw3"),
        logins[0].clone(),
        logins[1].clone(),
    ];
    assert_eq!(told("?all"), (all.to_vec(), empty));
}

#[test]
fn an_item_that_is_replaced_stays_where_its_app_finds_it_and_is_there_once() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let network = [
        "xdg:schema",
        "org.gnome.keyring.NetworkPassword",
        "server",
        "nas",
        "user",
        "ann",
    ];
    session.stores("ann@nas", &network, "old");
    let mut store = session.open("").unwrap();
    for password in ["new", "newer"] {
        let (mut read, _) = session.read("");
        let mut record = read.remove(0);
        assert!(read.is_empty());
        let id = record.item.id().to_owned();
        record.item.members.set("title", "The box in the cellar");
        record.item.credentials[0].set_field("password", FieldType::Concealed, password);
        store
            .write(&[Change::Replace(id, record.clone())], &mut |_| {})
            .unwrap();
        let (read, _) = session.read("");
        assert_eq!(read[0].item, record.item);
        let told = session.told(&network);
        let secrets: Vec<_> = told
            .iter()
            .filter(|line| line.starts_with("secret"))
            .collect();
        assert_eq!(secrets, [&format!("secret = {password}")]);
    }
    let companions = session.told(&["xdg:schema", "org.credex.Residue"]);
    let count = companions
        .iter()
        .filter(|line| line.starts_with("label"))
        .count();
    assert_eq!(count, 1);
}

#[test]
fn what_a_person_or_an_app_changes_wins() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let mut web = login("Bank", Some("https://bank.example/login"));
    web.item
        .push_custom_field(FieldType::Concealed, "PIN", "4711");
    session
        .open("")
        .unwrap()
        .write(&add(&[web]), &mut |_| {})
        .unwrap();
    let told = session.told(&["xdg:schema", "org.epiphany.FormPassword"]);
    let mut attributes = Vec::new();
    for line in &told {
        if let Some((name, value)) = line
            .strip_prefix("attribute.")
            .and_then(|line| line.split_once(" = "))
        {
            attributes.extend([name, value]);
        }
    }
    attributes.extend(["xdg:schema", "org.epiphany.FormPassword"]);
    session.stores(
        "Password for ann in a form in https://bank.example",
        &attributes,
        "changed",
    );
    let (read, aside) = session.read("");
    assert_eq!((read.len(), aside), (1, vec![]));
    let login = read[0].item.credential("basic-auth").unwrap();
    assert_eq!(login.field("password"), Some("changed"));
    assert_eq!(read[0].item.title(), "Bank");
    assert!(read[0].item.credential("custom-fields").is_some());
}

#[test]
fn a_change_since_it_was_read_is_not_overwritten() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let item = [
        "xdg:schema",
        "org.gnome.keyring.NetworkPassword",
        "server",
        "nas",
    ];
    session.stores("nas", &item, "old");
    let mut store = session.open("").unwrap();
    let mut read = Vec::new();
    store
        .read(&mut |told| {
            read.extend(told.ok());
            true
        })
        .unwrap();
    session.stores("nas, renamed", &item, "theirs");
    let id = read[0].item.id().to_owned();
    let changed = store
        .write(&[Change::Replace(id, read.remove(0))], &mut |_| {})
        .unwrap_err();
    assert!(matches!(changed, Fault::Changed { .. }), "{changed}");
    assert!(session.told(&item).contains(&"secret = theirs".to_owned()));
}

#[test]
fn a_locked_keyring_asks_for_itself_and_a_person_may_close_the_question() {
    if !have(&NEEDED) || !have(&["python3"]) {
        return;
    }
    let session = Session::start();
    let mut person = Person::at(&session);
    let _keyring = session.gnome_keyring(Some(&person));
    session
        .open("")
        .unwrap()
        .write(&add(&[login("x", None)]), &mut |_| {})
        .unwrap();
    session.lock();
    person.closes_it();
    assert!(matches!(session.open(""), Err(Fault::Cancelled)));
    person.unlocks();
    assert_eq!(session.read("").0.len(), 1);
}

#[test]
fn what_is_not_there_is_said() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let nobody = open_at(&session.address, "", Access::Read).err().unwrap();
    assert!(nobody.to_string().contains("Start a keyring"), "{nobody}");
    let _keyring = session.gnome_keyring(None);
    let other = open_at(&session.address, "Films", Access::Read)
        .err()
        .unwrap();
    assert!(
        other.to_string().contains("There are “Login”") || other.to_string().contains("“Login”"),
        "{other}"
    );
}

#[test]
fn a_file_as_large_as_we_say_is_kept_and_a_larger_one_is_lost_as_foreseen() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let _keyring = session.gnome_keyring(None);
    let mut record = login("x", None);
    for (id, size) in [("YQ", 256 << 10), ("Yg", 1)] {
        let mut file = credex_adapters::Object::credential("file");
        file.set("id", id);
        record.item.credentials.push(file);
        record.attachments.push(credex_adapters::Attachment {
            id: id.to_owned(),
            content: zeroize::Zeroizing::new(vec![7; size]),
        });
    }
    let mut store = session.open("").unwrap();
    let foreseen = store.foresee(&record);
    assert_eq!(foreseen.lost.len(), 1);
    assert_eq!(foreseen.lost[0].0, "credentials[2]");
    store
        .write(&add(std::slice::from_ref(&record)), &mut |_| {})
        .unwrap();
    let (read, _) = session.read("");
    assert_eq!(read[0].item.credentials, record.item.credentials[..2]);
    assert_eq!(read[0].attachments, record.attachments[..1]);
}

#[test]
fn a_keyring_that_hangs_is_waited_for_as_long_as_was_said() {
    if !have(&NEEDED) {
        return;
    }
    let session = Session::start();
    let keyring = session.gnome_keyring(None);
    let pid = rustix::process::Pid::from_child(&keyring.0);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let patience = Patience {
        service: Duration::from_millis(300),
        person: PATIENCE,
    };
    let before = Instant::now();
    let hangs = open_with(&session.address, "", Access::Read, patience).err();
    let told = hangs.unwrap().to_string();
    assert!(told.contains("did not answer"), "{told}");
    assert!(before.elapsed() < PATIENCE);
}
