//! What stores should not be: nothing of it costs more than itself, or takes for ever.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use credex_adapters::stores::pass::Patience;
use credex_adapters::{Fault, Item, Place, Record};

use crate::scene::{PATIENCE, Scene, add, everything, have};

#[test]
fn one_bad_entry_costs_that_entry() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    scene.make_key("gone@example.org", "");
    scene.insert("good", b"pw\nlogin: ann\n");
    scene.insert("latin", b"p\xe4ss\n");
    scene.insert("zeros", &vec![0; 100 << 20]);
    fs::write(scene.root().join("plain.gpg"), "no ciphertext").unwrap();
    fs::write(scene.root().join("empty.gpg"), "").unwrap();
    let sealed = fs::read(scene.root().join("good.gpg")).unwrap();
    fs::write(scene.root().join("torn.gpg"), &sealed[..sealed.len() - 9]).unwrap();
    let residue = "pw\nlogin: bob\ncredex: {\"credex\":1,\"account\":7}\n";
    scene.insert("residue", residue.as_bytes());
    symlink("/etc/passwd", scene.root().join("out.gpg")).unwrap();
    let (read, aside) = scene.read();
    let titles: Vec<_> = read.iter().map(|each| each.item.title()).collect();
    assert_eq!(titles, ["good", "residue"]);
    let bob = read[1].item.credential("basic-auth").unwrap();
    assert_eq!(bob.field("username"), Some("bob"));
    let mut aside: Vec<_> = aside.iter().map(ToString::to_string).collect();
    aside.sort();
    let expected = [
        "entry “empty”: it is not encrypted with OpenPGP",
        "entry “latin”: it is not text",
        "entry “plain”: it is not encrypted with OpenPGP",
        "entry “residue”: what Credex keeps there was changed",
        "entry “torn”: gpg cannot decrypt it: gpg:",
        "entry “zeros”: it is larger than 64 MiB",
        "“out.gpg”: it is a link",
    ];
    assert_eq!(aside.len(), expected.len(), "{aside:#?}");
    for (told, expected) in aside.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_gpg_that_hangs_is_waited_for_as_long_as_was_said() {
    let scene = match have(&["gpg"]) {
        true => Scene::new(),
        false => return,
    };
    scene.insert("a", b"pw\n");
    let hanging = scene.path("hangs");
    fs::write(&hanging, "#!/bin/sh\nsleep 1000 &\nsleep 1000\n").unwrap();
    fs::set_permissions(&hanging, PermissionsExt::from_mode(0o700)).unwrap();
    let short = Patience {
        program: Duration::from_millis(300),
        ..PATIENCE
    };
    let gpg = scene.gpg().called(&hanging).waiting(short);
    let mut store = scene.open_with(gpg).unwrap();
    let before = Instant::now();
    let fault = store.read(&mut |_| true).unwrap_err();
    assert!(fault.to_string().contains("did not answer"), "{fault}");
    let record = Record::new(Item::new(None, "x"), "");
    let fault = store.write(&add(&[record]), &mut |_| {}).unwrap_err();
    assert!(matches!(fault, Fault::Program { .. }), "{fault}");
    assert!(before.elapsed() < PATIENCE.program);
    assert_eq!(fs::read_dir(scene.root()).unwrap().count(), 2, "untouched");
    assert_eq!(scene.left_over(), Vec::<String>::new());
}

#[test]
fn names_that_would_lead_out_of_the_store_stay_in_it() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    let record = |folders: &[&str], title: &str| {
        let mut record = Record::new(Item::new(None, title), "");
        record.places = vec![Place::titled(folders.iter().copied())];
        record
    };
    let deep = vec!["d"; 100_000];
    let before = [
        record(&["..", ".."], "../../escaped"),
        record(&["/tmp"], "/etc/passwd"),
        record(&[".git", "hooks"], "post-commit"),
        record(&[], ".gpg-id"),
        record(&deep, &"long ".repeat(1000)),
        record(&[], "nul\0 and\nline"),
    ];
    let mut store = scene.open();
    let written = store.write(&add(&before), &mut |_| {}).unwrap();
    assert_eq!((written.records, written.refused), (before.len(), vec![]));
    let (mut read, aside) = everything(&mut *store);
    assert_eq!(aside, []);
    read.sort_by_key(|each| before.iter().position(|old| old.item == each.item));
    for (before, after) in before.iter().zip(&read) {
        assert!(before.item == after.item && before.places == after.places);
    }
    assert_eq!(
        fs::read_to_string(scene.root().join(".gpg-id")).unwrap(),
        "ann@example.org\n"
    );
    assert!(!scene.path("escaped.gpg").exists());
}

#[test]
fn a_folder_of_the_store_that_is_a_link_is_not_written_through() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    fs::create_dir(scene.path("outside")).unwrap();
    symlink(scene.path("outside"), scene.root().join("Work")).unwrap();
    let mut record = Record::new(Item::new(None, "x"), "");
    record.places = vec![Place::titled(["Work"])];
    let written = scene.open().write(&add(&[record]), &mut |_| {}).unwrap();
    assert_eq!(written.records, 0);
    assert!(written.refused[0].reason.contains("is a link"));
    assert_eq!(fs::read_dir(scene.path("outside")).unwrap().count(), 0);
}

#[test]
fn a_store_for_nobody_and_no_store_are_told_from_an_empty_one() {
    if !have(&["gpg"]) {
        return;
    }
    let scene = Scene::new();
    assert_eq!(scene.read().0.len(), 0);
    fs::remove_file(scene.root().join(".gpg-id")).unwrap();
    let record = Record::new(Item::new(None, "x"), "");
    let fault = scene
        .open()
        .write(&add(std::slice::from_ref(&record)), &mut |_| {})
        .unwrap_err();
    assert!(matches!(fault, Fault::Missing { .. }), "{fault}");
    fs::write(scene.root().join(".gpg-id"), "stranger@example.org\n").unwrap();
    let fault = scene
        .open()
        .write(&add(&[record]), &mut |_| {})
        .unwrap_err();
    assert!(fault.to_string().contains("it cannot encrypt"), "{fault}");
    fs::remove_dir_all(scene.root()).unwrap();
    assert!(matches!(
        scene.open_with(scene.gpg()),
        Err(Fault::Missing { .. })
    ));
}
