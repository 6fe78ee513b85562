//! What stays in memory: nothing of the plaintext and no key, in any process that stands between the
//! two apps, during an exchange and after it (design §3 and §4).
//!
//! The test's own process is both apps, and is not looked at.

use std::os::unix::fs::MetadataExt;

use credex_protocol::envelope::PrivateKey;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{APP_ID, Exporter, Session};
use credex_tests::importer::Importer;
use credex_tests::memory::{Memory, disguises};
use credex_tests::payload::{self, Sealed};
use data_encoding::HEXLOWER;

use crate::scene::{COUNTS, VAULT};

/// The processes between the two apps.
struct Between {
    desktop: Desktop,
    importer: Importer,
    exporter: Exporter,
    /// Keeps the chooser there, which would go with its last exchange.
    other: Session,
    chooser: u32,
    launcher: u32,
}

impl Between {
    async fn open() -> Between {
        let desktop = Desktop::plan().chooser(Script::choose(VAULT)).open().await;
        let importer = Importer::announced(&desktop, VAULT).await;
        let exporter = Exporter::join(&desktop).await;
        let chooser = desktop.person.sits();
        let (other, chooser) = futures_util::future::join(exporter.agreed(COUNTS), chooser).await;
        let mut desktop = desktop;
        let launcher = child_of(desktop.daemon().peer().pid());
        Between {
            desktop,
            importer,
            exporter,
            other,
            chooser,
            launcher,
        }
    }

    fn pids(&mut self) -> [(&'static str, u32); 4] {
        let daemon = self.desktop.daemon().peer().pid();
        [
            ("credexd", daemon),
            ("the launching process", self.launcher),
            ("the chooser", self.chooser),
            ("dbus-daemon", self.desktop.bus.pid()),
        ]
    }

    /// The memory of each that may be read: root may read the daemon's, others may not.
    fn memories(&mut self) -> Vec<(&'static str, Memory)> {
        let read = |(name, pid)| match Memory::of(pid) {
            Ok(memory) => Some((name, memory)),
            Err(error) => {
                assert!(!is_root(), "{name}: {error}");
                eprintln!("the memory of {name} is not looked at, which only root may: {error}");
                None
            }
        };
        self.pids().into_iter().filter_map(read).collect()
    }

    /// Looks for each of `secrets` in each process, in each of its disguises.
    fn hold_nothing_of(&mut self, when: &str, secrets: &[(&str, &[u8])]) {
        for (process, memory) in self.memories() {
            for (secret, bytes) in secrets {
                for (disguise, needle) in disguises(bytes) {
                    let places = memory.places(&needle);
                    assert!(
                        places.is_empty(),
                        "{when}, {process} holds {secret} as {disguise}: {places:#?}"
                    );
                }
            }
        }
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn child_of(pid: u32) -> u32 {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap();
    let mut children = children.split_whitespace();
    let only = children.next().expect("the daemon has a launching process");
    assert_eq!(children.next(), None, "and no other child");
    only.parse().unwrap()
}

/// 32 letters that are nowhere else.
fn marker() -> String {
    let random = PrivateKey::generate().unwrap();
    HEXLOWER.encode(&random.as_bytes()[..16])
}

fn payload_with(marker: &str) -> Sealed {
    let document = format!("{{\"note\":\"{}\"}}", marker.repeat(2000));
    payload::seal(
        document.as_bytes(),
        &[("file", marker.repeat(2000).as_bytes())],
    )
}

/// The private key of `session`, found where the daemon keeps its keys.
fn private_key(memory: &Memory, session: &Session) -> [u8; 32] {
    let guarded = memory
        .guarded()
        .flat_map(|mapping| mapping.bytes.chunks_exact(32));
    let mut keys = guarded.map(|bytes| <[u8; 32]>::try_from(bytes).unwrap());
    let fits = |key: &[u8; 32]| PrivateKey::from_bytes(key).public_key() == session.public_key;
    keys.find(fits)
        .expect("the private key is in the guarded memory")
}

#[tokio::test]
async fn the_search_finds_what_is_there() {
    let mut between = Between::open().await;
    for (process, memory) in between.memories() {
        let known = match process {
            "credexd" | "the chooser" => APP_ID,
            "the launching process" => "DBUS_SESSION_BUS_ADDRESS=",
            _ => "org.credex.Exchange1",
        };
        assert!(!memory.places(known.as_bytes()).is_empty(), "{process}");
    }
}

#[tokio::test]
async fn no_process_in_between_holds_plaintext_keys_or_token() {
    let mut between = Between::open().await;
    let marker = marker();
    let payload = payload_with(&marker);
    let session = between.exporter.agreed(COUNTS).await;
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = between.importer.offer().await;
    let (token, key) = (offer.token(), *payload.key.as_bytes());
    let own = between
        .memories()
        .into_iter()
        .find(|(name, _)| *name == "credexd");
    let private = own.map(|(_, memory)| private_key(&memory, &session));

    let plain: [(&str, &[u8]); 2] = [
        ("the plaintext", marker.as_bytes()),
        ("the content key", &key),
    ];
    between.hold_nothing_of("before the redemption", &plain);
    for (process, memory) in between.memories() {
        let secrets = [
            ("the token", Some(&token[..])),
            ("the private key", private.as_ref().map(|key| &key[..])),
        ];
        for (name, secret) in secrets {
            let Some(secret) = secret else { continue };
            let places = memory.places(secret);
            match process {
                "credexd" => assert_eq!(places.len(), 1, "{name}, once and guarded: {places:#?}"),
                _ => assert_eq!(places, [""; 0], "{process} holds {name}"),
            }
        }
    }

    offer.redeem().await.unwrap();
    let mut secrets = plain.to_vec();
    secrets.push(("the token", &token));
    secrets.extend(private.as_ref().map(|key| ("the private key", &key[..])));
    between.hold_nothing_of("after the redemption", &secrets);
    offer.complete(&Default::default()).await.unwrap();
    session.receipt().await;
    between.hold_nothing_of("after the end", &secrets);
}

#[tokio::test]
async fn an_exchange_that_ends_badly_leaves_no_key_either() {
    let mut between = Between::open().await;
    let marker = marker();
    let payload = payload_with(&marker);
    let session = between.exporter.agreed(COUNTS).await;
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = between.importer.offer().await;
    let (token, key) = (offer.token(), *payload.key.as_bytes());
    let own = between
        .memories()
        .into_iter()
        .find(|(name, _)| *name == "credexd");
    let private = own.map(|(_, memory)| private_key(&memory, &session));
    let wrong = offer.seal_token(&[7; 16]);
    between
        .importer
        .redeem_raw(&offer.path, &wrong)
        .await
        .unwrap_err();
    session.close().await.unwrap();
    between.importer.withdrawn().await;
    let mut secrets: Vec<(&str, &[u8])> = vec![
        ("the plaintext", marker.as_bytes()),
        ("the content key", &key),
        ("the token", &token),
    ];
    secrets.extend(private.as_ref().map(|key| ("the private key", &key[..])));
    between.hold_nothing_of("after the end", &secrets);
}

#[tokio::test]
async fn keys_are_kept_out_of_swap_and_core_dumps() {
    let mut between = Between::open().await;
    let session = between.exporter.agreed(COUNTS).await;
    let daemon = between.desktop.daemon().peer().pid();
    let proc = |what: &str| std::fs::read_to_string(format!("/proc/{daemon}/{what}"));
    let status = between.exporter.status().await;
    assert_eq!(
        (status.memory_locked, status.undumpable),
        (Some(true), Some(true))
    );
    // An undumpable process belongs to root in the eyes of everybody else.
    let shown = std::fs::metadata(format!("/proc/{daemon}/status")).unwrap();
    assert_eq!(shown.uid(), 0);
    assert_eq!(Memory::of(daemon).is_ok(), is_root());
    if !is_root() {
        return eprintln!("the limits and the key pages are not looked at: only root may");
    }
    let limits = proc("limits").unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let values: Vec<&str> = core.unwrap().split_whitespace().skip(4).collect();
    assert_eq!(values, ["0", "0", "bytes"]);
    let memory = Memory::of(daemon).unwrap();
    assert_ne!(private_key(&memory, &session), [0; 32]);
    session.close().await.unwrap();
    between.other.close().await.unwrap();
    while between.exporter.status().await.exchanges != Some(0) {}
    let memory = Memory::of(daemon).unwrap();
    let mut guarded = memory.guarded().flat_map(|mapping| &mapping.bytes);
    assert!(guarded.all(|byte| *byte == 0), "the page of keys is wiped");
}
