//! What 10,000 items from one KDBX database into another cost, against what nobody can avoid: the two
//! key derivations, and `keepassxc-cli export` of the same file, in the same run.
//!
//! `cargo bench -p credex-adapters --bench kdbx`. The promise is a ratio of at most 1.5, verified
//! read-back included.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks and may fail loudly"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use credex_adapters::forms::otpauth;
use credex_adapters::stores::kdbx::Kdbx;
use credex_adapters::{
    Access, Adapter, Ask, Change, Fault, FieldType, Item, Place, Question, Record, Step, Store,
    read_document, write_document,
};
use zeroize::Zeroizing;

const ITEMS: usize = 10_000;
const ROUNDS: usize = 5;
const PASSPHRASE: &str = "correct horse battery staple";

struct Answer;

impl Ask for Answer {
    fn ask(&mut self, _: &Question) -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new(PASSPHRASE.to_owned()))
    }
}

fn main() {
    compare("logins", &logins());
    let vault = credex::cxf::generate_vault(ITEMS);
    let told = read_document(&vault, []).unwrap();
    compare(
        "items of all types",
        &told.into_iter().filter_map(Result::ok).collect::<Vec<_>>(),
    );
}

/// Logins as people have them: folders, a second address, codes, notes, a custom field.
fn logins() -> Vec<Record> {
    let logins = (0..ITEMS).map(|number| {
        let mut item = Item::new(None, &format!("Site {number}"));
        item.members.set("creationAt", 1_700_000_000 + number);
        item.members.set("modifiedAt", 1_750_000_000 + number);
        let user = format!("person{number}@mail.example");
        item.push_login(Some(&user), Some(&format!("pw-{number}-{}", number * 7919)));
        item.set_urls([
            format!("https://www{number}.example/login"),
            format!("https://m{number}.example"),
        ]);
        if number % 3 == 0 {
            let uri = format!("otpauth://totp/S:{user}?secret=JBSWY3DPEHPK3PXP&issuer=S");
            item.credentials.extend(otpauth::parse(&uri));
        }
        item.push_note(&format!("Note {number}\nof two lines, with an umlaut: ü"));
        item.push_custom_field(FieldType::Concealed, "PIN", &format!("{number:04}"));
        item.set_tags([format!("tag{}", number % 20)]);
        let mut record = Record::new(item, "");
        let mut step = Step::titled(&format!("Folder {}", number % 50));
        step.0
            .set("id", format!("AAAAAAAAAAAAAAAAAAAA{:02}", number % 50 + 10));
        record.places.push(Place {
            steps: vec![step],
            owner: None,
        });
        record
    });
    logins.collect()
}

/// Takes turns, so that all meet the same weather, and reports the best of each.
fn compare(name: &str, records: &[Record]) {
    let directory = tempfile::tempdir().unwrap();
    let (source, target) = (
        directory.path().join("old.kdbx"),
        directory.path().join("new.kdbx"),
    );
    write(&source, records.to_vec());
    let empty = directory.path().join("empty.kdbx");
    write(&empty, Vec::new());
    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        let derivation = time(|| drop(open(&empty, Access::Read)));
        let export = time(|| export(&source));
        let direct = time(|| write(&target, read(&source)));
        std::fs::remove_file(&target).unwrap();
        let through = time(|| {
            write(
                &target,
                foreseen(&target, through_a_document(read(&source))),
            )
        });
        std::fs::remove_file(&target).unwrap();
        for (best, now) in best.iter_mut().zip([derivation, export, direct, through]) {
            *best = now.min(*best);
        }
    }
    let [derivation, export, direct, through] = best;
    let floor = 2 * derivation + export;
    let ratio = |took: Duration| took.as_secs_f64() / floor.as_secs_f64();
    println!(
        "{ITEMS} {name} ({} kB): 2 × {derivation:.2?} + export {export:.2?} = {floor:.2?}; \
         KDBX to KDBX {direct:.2?}, ratio {:.2}; with a CXF document and a plan between {through:.2?}, \
         ratio {:.2}",
        source.metadata().unwrap().len() / 1000,
        ratio(direct),
        ratio(through),
    );
}

fn open(path: &Path, access: Access) -> Box<dyn Store> {
    Kdbx.open(path.to_str().unwrap(), access, &mut Answer)
        .unwrap()
}

fn read(path: &Path) -> Vec<Record> {
    let mut records = Vec::with_capacity(ITEMS);
    let mut store = open(path, Access::Read);
    let mut each = |record: Result<Record, _>| {
        records.push(record.unwrap());
        true
    };
    store.read(&mut each).unwrap();
    records
}

fn write(path: &Path, records: Vec<Record>) {
    let changes: Vec<_> = records.into_iter().map(Change::Add).collect();
    let written = open(path, Access::Write)
        .write(&changes, &mut |_| ())
        .unwrap();
    assert_eq!((written.records, written.refused.len()), (changes.len(), 0));
}

fn through_a_document(records: Vec<Record>) -> Vec<Record> {
    let document = write_document(records, ("bench.example", "Bench"), 1).unwrap();
    let told = read_document(&document.content, document.attachments).unwrap();
    told.into_iter().map(Result::unwrap).collect()
}

/// Looks ahead with every record, as whoever plans a transfer does.
fn foreseen(path: &Path, records: Vec<Record>) -> Vec<Record> {
    let store = open(path, Access::Write);
    assert!(
        records
            .iter()
            .all(|record| store.foresee(record).lost.is_empty())
    );
    records
}

fn export(path: &Path) {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new("keepassxc-cli")
        .args(["export", "-q", "-f", "xml", path.to_str().unwrap()])
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}").unwrap();
    assert!(child.wait().unwrap().success());
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}
