//! The encrypted file: its passphrase, its form on disk.

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use credex_protocol::Passphrase;

use super::*;
use crate::web_credentials::store::contract::{self, login, site};

/// A person who types these, one after the other, and then says no.
#[derive(Default)]
struct Person {
    types: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<(Purpose, u32)>>,
}

#[async_trait]
impl Passphrases for Person {
    async fn ask(&self, question: PassphraseQuestion) -> Result<Option<Passphrase>, String> {
        let asked = (question.purpose, question.attempt);
        self.asked.lock().unwrap().push(asked);
        let mut types = self.types.lock().unwrap();
        let next = (!types.is_empty()).then(|| types.remove(0));
        Ok(next.map(|text| Passphrase::new(text.as_bytes().to_vec()).unwrap()))
    }
}

impl Person {
    fn typing(types: &[&'static str]) -> Arc<Person> {
        let person = Person::default();
        *person.types.lock().unwrap() = types.to_vec();
        Arc::new(person)
    }

    fn asked(&self) -> Vec<(Purpose, u32)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn store(home: &tempfile::TempDir, person: &Arc<Person>) -> FileStore {
    let passphrases: Arc<dyn Passphrases> = person.clone();
    FileStore::new(home.path().join("credex/web.keyring"), passphrases)
}

const RIGHT: &str = "correct horse";

#[tokio::test(flavor = "current_thread")]
async fn the_file_keeps_the_contract_of_a_store_and_asks_once() {
    let home = tempfile::tempdir().unwrap();
    let person = Person::typing(&[RIGHT]);
    let store = store(&home, &person);
    contract::holds(&store).await;
    assert_eq!(person.asked(), [(Purpose::Create, 1)]);
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_asked_where_there_is_nothing_to_open() {
    let home = tempfile::tempdir().unwrap();
    let person = Person::typing(&[]);
    let store = store(&home, &person);
    let asking = Asking::default();
    let sites = [site("example.org")];
    assert_eq!(store.find(&sites, None, &asking).await.unwrap(), []);
    assert!(!store.delete(&sites[0], "ann", &asking).await.unwrap());
    assert_eq!(person.asked(), []);
    assert!(!home.path().join("credex").exists());
}

#[tokio::test(flavor = "current_thread")]
async fn another_service_opens_it_with_the_same_passphrase_and_with_no_other() {
    let home = tempfile::tempdir().unwrap();
    let ann = login("example.org", "ann", "hunter2");
    let asking = Asking::default();
    let first = store(&home, &Person::typing(&[RIGHT]));
    first.put(&ann, &asking).await.unwrap();

    let forgetful = Person::typing(&["wrong horse", "correct hrose", RIGHT]);
    let second = store(&home, &forgetful);
    let compared = second.compare(&ann, &asking).await.unwrap();
    assert_eq!(compared, Comparison::Same);
    let attempts = [1, 2, 3].map(|attempt| (Purpose::Open, attempt));
    assert_eq!(forgetful.asked(), attempts);

    let stranger = Person::typing(&["wrong one", "wrong two", "wrong three", RIGHT]);
    let third = store(&home, &stranger).compare(&ann, &asking).await;
    let told = third.unwrap_err();
    assert!(
        matches!(told, StoreError::WrongPassphrase { attempts: 3, .. }),
        "{told}"
    );
    assert_eq!(stranger.asked().len(), 3);

    let refused = store(&home, &Person::typing(&[]));
    let told = refused.compare(&ann, &asking).await;
    assert!(matches!(told, Err(StoreError::Dismissed)), "{told:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_wrong_passphrase_is_noticed_also_when_no_password_is_left() {
    let home = tempfile::tempdir().unwrap();
    let ann = login("example.org", "ann", "hunter2");
    let asking = Asking::default();
    let first = store(&home, &Person::typing(&[RIGHT]));
    first.put(&ann, &asking).await.unwrap();
    assert!(first.delete(ann.site(), "ann", &asking).await.unwrap());
    let other = store(&home, &Person::typing(&["wrong horse"]));
    let put = other.put(&ann, &asking).await;
    assert!(matches!(put, Err(StoreError::Dismissed)), "{put:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_short_passphrase_makes_no_file() {
    let home = tempfile::tempdir().unwrap();
    let person = Person::typing(&["ßhort77", "short", "x"]);
    let store = store(&home, &person);
    let ann = login("example.org", "ann", "hunter2");
    let told = store.put(&ann, &Asking::default()).await.unwrap_err();
    assert_eq!(
        told.to_string(),
        "the passphrase is too short: use at least 8 characters"
    );
    assert_eq!(person.asked().len(), 3);
    assert!(!home.path().join("credex/web.keyring").exists());
}

#[tokio::test(flavor = "current_thread")]
async fn a_forgotten_passphrase_is_asked_again() {
    let home = tempfile::tempdir().unwrap();
    let person = Person::typing(&[RIGHT, RIGHT]);
    let store = store(&home, &person);
    let ann = login("example.org", "ann", "hunter2");
    let asking = Asking::default();
    store.put(&ann, &asking).await.unwrap();
    store.lock().await;
    store.compare(&ann, &asking).await.unwrap();
    assert_eq!(person.asked(), [(Purpose::Create, 1), (Purpose::Open, 1)]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_file_is_its_owners_and_has_nothing_in_the_clear() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home, &Person::typing(&[RIGHT]));
    let directory = home.path().join("credex");
    let ann = login("example.org", "ann.of.cleves", "hunter2hunter2");
    store.put(&ann, &Asking::default()).await.unwrap();
    let path = directory.join("web.keyring");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&path)), (0o700, 0o600));
    let content = std::fs::read(&path).unwrap();
    for clear in ["hunter2", "cleves", "example.org", RIGHT] {
        let found = content
            .windows(clear.len())
            .any(|it| it == clear.as_bytes());
        assert!(!found, "{clear}");
    }
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_killed_service_left_is_no_password_and_does_not_stay() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home, &Person::typing(&[RIGHT]));
    let ann = login("example.org", "ann", "hunter2");
    let asking = Asking::default();
    store.put(&ann, &asking).await.unwrap();
    let left = home.path().join("credex/.tmpkeyring0123456789abcdef");
    std::fs::write(&left, b"GnomeKeyring\n\r\0\nhalf").unwrap();
    assert_eq!(
        store.compare(&ann, &asking).await.unwrap(),
        Comparison::Same
    );
    assert!(!left.exists());
}

#[tokio::test(flavor = "current_thread")]
async fn a_damaged_file_is_named_and_not_written_over() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("credex/web.keyring");
    let ann = login("example.org", "ann", "hunter2");
    let asking = Asking::default();
    let first = store(&home, &Person::typing(&[RIGHT]));
    first.put(&ann, &asking).await.unwrap();
    let good = std::fs::read(&path).unwrap();
    for damaged in [&b""[..], b"something else", &good[..good.len() / 2]] {
        std::fs::write(&path, damaged).unwrap();
        let store = store(&home, &Person::typing(&[RIGHT]));
        let told = store.put(&ann, &asking).await.unwrap_err();
        assert!(matches!(told, StoreError::File { .. }), "{told}");
        assert!(told.to_string().contains("web.keyring"), "{told}");
        assert_eq!(std::fs::read(&path).unwrap(), damaged);
    }
}
