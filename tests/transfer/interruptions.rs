//! A transfer that is broken off at any moment: the target is the old one or the new one, and no
//! secret is in any file.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use credex_adapters::{Attachment, FieldType, Item, Object, Record};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::memory::disguises;
use credex_tests::patience::within;
use credex_tests::process::Peer;
use credex_tests::programs;
use credex_tests::terminal::Screen;
use memchr::memmem;
use rustix::process::Signal;
use zeroize::Zeroizing;

use crate::stage::{PASSPHRASE, desktop, file, get, plan, put, transfer};

/// Secrets that are to be found nowhere but in the stores.
const PASSWORD: &str = "ruffled-otter-91-MARKER";
const BYTES: &[u8] = b"the bytes of an attachment, MARKED";
/// Moments of killing, and of Ctrl-C.
const KILLINGS: usize = 50;
const INTERRUPTS: usize = 12;
/// Sets the moments, to see them again.
const SEED: &str = "CREDEX_SEED";

/// A sequence of moments.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let said = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seed = said.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("{SEED}={seed}");
        Chance(seed)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit.max(1)
    }

    fn moment(&mut self, whole: Duration) -> Duration {
        let micros = u64::try_from(whole.as_micros()).unwrap();
        Duration::from_micros(self.below(micros))
    }
}

fn login(title: &str) -> Record {
    let mut item = Item::new(None, title);
    item.set_urls([format!("https://{title}.example")]);
    item.push_login(Some("ada"), Some(PASSWORD));
    item.push_custom_field(FieldType::Concealed, "PIN", PASSWORD);
    Record::new(item, format!("item “{title}”"))
}

fn with_file(title: &str) -> Record {
    let mut record = login(title);
    let mut file = Object::credential("file");
    file.set("id", "ZmlsZQ");
    file.set("name", "secret.txt");
    record.item.credentials.push(file);
    record.attachments.push(Attachment {
        id: "ZmlsZQ".to_owned(),
        content: Zeroizing::new(BYTES.to_vec()),
    });
    record
}

/// A desktop with two stores of a kind, and what is in the target.
struct Scene {
    desktop: Desktop,
    from: String,
    to: String,
    before: Vec<u8>,
}

impl Scene {
    async fn set(scheme: &str) -> Scene {
        let desktop = desktop().await;
        std::fs::create_dir(desktop.path("tmp")).unwrap();
        let store = |name: &str| format!("{scheme}:{}", desktop.path(name).display());
        let (from, to) = (store("old"), store("new"));
        put(&from, &[with_file("shop"), login("mail"), login("bank")]);
        put(&to, &[login("there-already")]);
        let before = std::fs::read(file(&to)).unwrap();
        Scene {
            desktop,
            from,
            to,
            before,
        }
    }

    fn begin(&self) -> Child {
        let mut command = transfer(&self.desktop, &self.from, &self.to, &[]);
        command
            .env("TMPDIR", self.desktop.path("tmp"))
            .spawn()
            .unwrap()
    }

    /// Whether the target is the new one; fails if it is neither.
    fn is_new(&self) -> bool {
        if std::fs::read(file(&self.to)).unwrap() == self.before {
            return false;
        }
        let mut titles: Vec<_> = get(&self.to)
            .iter()
            .map(|record| record.item.title().to_owned())
            .collect();
        titles.sort();
        assert_eq!(titles, ["bank", "mail", "shop", "there-already"]);
        true
    }

    /// No file of the desktop has a secret in it, in whatever disguise.
    fn has_no_plaintext(&self) {
        let secrets = [PASSWORD.as_bytes(), BYTES, PASSPHRASE.as_bytes()];
        for secret in secrets {
            for (disguise, needle) in disguises(secret) {
                look_for(&self.desktop.path(""), disguise, &needle);
            }
        }
    }
}

fn look_for(directory: &Path, disguise: &str, needle: &[u8]) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            look_for(&path, disguise, needle);
        } else if kind.is_file() {
            let content = std::fs::read(&path).unwrap();
            assert!(
                memmem::find(&content, needle).is_none(),
                "{} has a secret in it ({disguise})",
                path.display()
            );
        }
    }
}

/// Every process of a tree.
fn tree(peer: Peer, all: &mut Vec<Peer>) {
    for child in peer.children() {
        tree(child, all);
    }
    all.push(peer);
}

async fn ended(mut transfer: Child) -> Option<i32> {
    let waiting = tokio::task::spawn_blocking(move || transfer.wait().unwrap().code());
    within("the transfer to end", waiting).await.unwrap()
}

/// How long a transfer takes that nobody disturbs.
async fn undisturbed(scheme: &str) -> Duration {
    let scene = Scene::set(scheme).await;
    let began = Instant::now();
    assert_eq!(ended(scene.begin()).await, Some(0));
    let took = began.elapsed();
    assert!(scene.is_new());
    scene.has_no_plaintext();
    took
}

#[tokio::test]
async fn whatever_is_killed_at_whatever_moment_the_target_is_the_old_one_or_the_new_one() {
    let mut chance = Chance::new();
    let whole = undisturbed("kdbx").await;
    let mut came_through = 0;
    for number in 0..KILLINGS {
        let mut scene = Scene::set("kdbx").await;
        let transfer = scene.begin();
        tokio::time::sleep(chance.moment(whole)).await;
        let mut processes = Vec::new();
        if let Some(peer) = Peer::of_pid(transfer.id()) {
            tree(peer, &mut processes);
        }
        tree(scene.desktop.daemon().peer(), &mut processes);
        // One of them, or all at once.
        let one = chance.below(processes.len() as u64 + 1) as usize;
        let victims = match processes.get(one) {
            Some(victim) => std::slice::from_ref(victim),
            None => &processes[..],
        };
        victims
            .iter()
            .for_each(|victim| victim.signal(Signal::KILL));
        ended(transfer).await;
        came_through += usize::from(scene.is_new());
        scene.has_no_plaintext();
        eprintln!(
            "moment {number}: {} of {} killed",
            victims.len(),
            processes.len()
        );
    }
    eprintln!("{came_through} of {KILLINGS} came through");
}

#[tokio::test]
async fn ctrl_c_at_any_moment_leaves_the_target_as_it_was_unless_it_says_otherwise() {
    let mut chance = Chance::new();
    let whole = undisturbed("kdbx").await;
    for _ in 0..INTERRUPTS {
        let scene = Scene::set("kdbx").await;
        let transfer = scene.begin();
        tokio::time::sleep(chance.moment(whole)).await;
        if let Some(peer) = Peer::of_pid(transfer.id()) {
            peer.signal(Signal::INT);
        }
        let code = ended(transfer).await;
        match scene.is_new() {
            true => assert_eq!(code, Some(0), "it is said that it was written"),
            // None: before it could catch a signal.
            false => assert!(matches!(code, Some(3) | None), "{code:?}"),
        }
        scene.has_no_plaintext();
    }
}

#[tokio::test]
async fn ctrl_c_while_a_passphrase_is_typed_shows_the_terminal_again() {
    let desktop = desktop().await;
    let store = |name: &str| format!("kdbx:{}", desktop.path(name).display());
    put(&store("old"), &[login("shop")]);
    let mut screen = Screen::open();
    let mut command = std::process::Command::new(programs::credex());
    command.args(["transfer", "--from", &store("old"), "--to", &store("new")]);
    let transfer = screen.start(command, desktop.environment());
    screen.sees("The passphrase of").await;
    screen.hides_what_is_typed().await;
    Peer::of_pid(transfer.id()).unwrap().signal(Signal::INT);
    screen.sees("interrupted").await;
    assert_eq!(ended(transfer).await, Some(3));
    assert!(!file(&store("new")).exists());
}

#[tokio::test]
async fn ctrl_c_while_the_chooser_asks_takes_the_question_back() {
    let desktop = plan().chooser(Script::Hang).open().await;
    let store = |name: &str| format!("kdbx:{}", desktop.path(name).display());
    let (from, to) = (store("old"), store("new"));
    put(&from, &[login("shop")]);
    let child = transfer(&desktop, &from, &to, &[]).spawn().unwrap();
    desktop.person.asked().await;
    Peer::of_pid(child.id()).unwrap().signal(Signal::INT);
    assert_eq!(ended(child).await, Some(3));
    assert!(!file(&to).exists());
}
