//! Files that are genuine and hostile, for whoever knows the passphrase can make them; and files that
//! somebody has touched who does not.

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::cipher::Cipher;
use super::header::Header;
use super::payload::{Binary, Inner, MOST_CONTENT};
use super::seal::wrap;
use super::{Database, DerivedKey, Element, Kdf, seal, unlock};

fn derived() -> DerivedKey {
    Zeroizing::new([7; 32])
}

/// A genuine file around this document.
fn file(xml: &[u8]) -> Vec<u8> {
    let mut content = Zeroizing::new(Vec::new());
    Inner::write(3, &[9; 64], &[], &mut content).unwrap();
    content.extend_from_slice(xml);
    wrap(
        &mut Header::new(),
        content,
        &Kdf::new().unwrap(),
        &derived(),
    )
    .unwrap()
}

fn open(file: &[u8]) -> Result<Database, Problem> {
    unlock(file)?.open(&derived())
}

fn problem(xml: &[u8]) -> Problem {
    open(&file(xml)).err().unwrap()
}

fn small() -> Database {
    let tree = Element::new("KeePassFile").with([
        Element::with_text("Value", "hunter2").protected(),
        Element::with_text("Name", "x"),
    ]);
    let mut database = Database::new(tree);
    database.binaries.push(Binary {
        flags: 1,
        content: Zeroizing::new(b"attached".to_vec()),
        is_there: true,
    });
    database
}

#[test]
fn a_database_comes_back_with_every_cipher() {
    for cipher in [Cipher::Aes, Cipher::Twofish, Cipher::ChaCha20] {
        for is_compressed in [true, false] {
            let mut database = small();
            database.header.cipher = cipher;
            database.header.is_compressed = is_compressed;
            let sealed = seal(&mut database, &Kdf::new().unwrap(), &derived()).unwrap();
            let shows = |secret: &[u8]| sealed.windows(secret.len()).any(|at| at == secret);
            assert!(!shows(b"hunter2") && !shows(b"attached"));
            let back = open(&sealed).unwrap();
            assert!(back.tree == database.tree && back.binaries == database.binaries);
        }
    }
}

#[test]
fn nothing_that_is_used_once_is_used_twice() {
    let mut database = small();
    let kdf = Kdf::new().unwrap();
    let mut used: Vec<_> = (0..2)
        .map(|_| {
            seal(&mut database, &kdf, &derived()).unwrap();
            (database.header.seed.clone(), database.header.iv.clone())
        })
        .collect();
    let (second, first) = (used.pop().unwrap(), used.pop().unwrap());
    assert!(first.0 != second.0 && first.1 != second.1);
    assert_ne!(Kdf::new().unwrap(), Kdf::new().unwrap());
}

#[test]
fn a_bomb_in_a_genuine_file_is_told() {
    let mut bomb = b"<KeePassFile>".to_vec();
    bomb.resize(1 << 20, b' ');
    let sealed = file(&bomb);
    assert!(sealed.len() < 1 << 16);
    let mut locked = unlock(&sealed).unwrap();
    assert_eq!(locked.most_content, MOST_CONTENT);
    locked.most_content = 1 << 20;
    let told = locked.open(&derived());
    assert!(matches!(told, Err(Problem::TooLarge { .. })));
}

#[test]
fn a_hundred_thousand_groups_in_one_another_are_told() {
    let xml = format!("<KeePassFile>{}", "<Group>".repeat(100_000));
    assert!(matches!(problem(xml.as_bytes()), Problem::TooLarge { .. }));
}

#[test]
fn what_is_no_text_is_told() {
    let xml = b"<KeePassFile><Name>\xff</Name></KeePassFile>";
    let told = problem(xml).to_string();
    assert_eq!(told, "its content is no text in UTF-8");
}

#[test]
fn another_key_is_told_from_damage() {
    let sealed = file(b"<KeePassFile/>");
    let told = unlock(&sealed).unwrap().open(&Zeroizing::new([8; 32]));
    assert!(matches!(told, Err(Problem::WrongKey)));
    let damaged = [&sealed[..sealed.len() - 1], &[sealed[sealed.len() - 1] ^ 1]].concat();
    assert!(matches!(open(&damaged), Err(Problem::Malformed(_))));
}

proptest! {
    #[test]
    fn whatever_is_changed_or_cut_off_is_found_out(at in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let mut sealed = seal(&mut small(), &Kdf::new().unwrap(), &derived()).unwrap();
        let at = at.index(sealed.len());
        prop_assert!(open(&sealed[..at]).is_err());
        sealed[at] ^= by;
        prop_assert!(open(&sealed).is_err());
    }

    #[test]
    fn any_bytes_can_be_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = [&[0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5, 0, 0, 4, 0], bytes.as_slice()].concat();
        prop_assert!(open(&bytes).is_err() && open(&file).is_err());
    }
}
