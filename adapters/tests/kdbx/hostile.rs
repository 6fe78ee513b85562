//! Files that ask for too much, entries that are none, and whoever dies in the middle.

use std::fs::File;
use std::time::{Duration, Instant};

use super::*;

/// A new database with this parameter of its key derivation changed.
fn with_parameter(path: &Path, name: u8, value: u64) {
    add(path, &sample()[..1]);
    let mut content = std::fs::read(path).unwrap();
    let entry = [5, 1, 0, 0, 0, name, 8, 0, 0, 0];
    let at = content
        .windows(entry.len())
        .position(|at| at == entry)
        .unwrap()
        + entry.len();
    content[at..at + 8].copy_from_slice(&value.to_le_bytes());
    std::fs::write(path, content).unwrap();
}

/// Opens what should not be opened, without asking anybody.
fn refused(path: &Path) -> String {
    let mut nobody = answers(PASSPHRASE);
    let begun = Instant::now();
    let told = Kdbx.open(path.to_str().unwrap(), Access::Read, &mut nobody);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(nobody.asked, []);
    let fault = told.err().unwrap();
    assert!(matches!(fault, Fault::TooLarge { .. }), "{fault}");
    fault.to_string()
}

#[test]
fn two_gibibytes_of_memory_for_a_key_are_refused_before_anybody_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hostile.kdbx");
    with_parameter(&path, b'M', 2 << 30);
    let told = refused(&path);
    assert!(
        told.contains("it wants 2048 MiB of memory for its key, which is more than 1024 MiB"),
        "{told}"
    );
    std::fs::remove_file(&path).unwrap();
    with_parameter(&path, b'I', u64::MAX);
    refused(&path);
}

#[test]
fn a_file_of_a_gigabyte_is_refused_before_anybody_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hostile.kdbx");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    refused(&path);
}

#[test]
fn what_is_no_database_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let told = open(&path, Access::Read).err().unwrap();
    assert!(matches!(told, Fault::Missing { .. }), "{told}");
    std::fs::write(&path, "not a database").unwrap();
    for access in [Access::Read, Access::Write] {
        let told = open(&path, access).err().unwrap();
        assert!(matches!(told, Fault::Malformed { .. }), "{told}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"not a database");
}
