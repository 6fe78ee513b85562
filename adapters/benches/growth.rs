//! What grows faster than the number of items: each step of a transfer with 10,000 items and with 40,000,
//! of kinds that are alike in what items are told apart by.
//!
//! `cargo bench -p credex-adapters --bench growth [-- WORD…]`, where a word is in the name of a kind or a
//! step. Four times the items should take four times as long, or a little more for what is sorted.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench talks and may fail loudly"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use credex_adapters::stores::{bitwarden, kdbx};
use credex_adapters::transfer::{OnDifference, Planning, missing};
use credex_adapters::{
    Access, Adapter, Ask, Attachment, Change, Fault, FieldType, Item, Place, Question, Record,
    Store, read_document, write_document,
};
use rustix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

const FEW: usize = 10_000;
const MANY: usize = 4 * FEW;

struct Answer;

impl Ask for Answer {
    fn ask(&mut self, _: &Question) -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new("correct horse battery staple".to_owned()))
    }
}

type Kind = (&'static str, fn(usize) -> Vec<Record>);
type Step = (&'static str, fn(&[Record]) -> Duration);

const KINDS: [Kind; 7] = [
    ("all different", different),
    ("all the same", same),
    ("the same in folders of their own", folders),
    ("one user name at one site", one_account),
    ("untitled notes", notes),
    ("all in one item: files", files),
    ("all in one item: fields and addresses", fields),
];

const STEPS: [Step; 13] = [
    ("into a document and back", through_a_document),
    ("planned for an empty store", |records| {
        plan(records, &[], OnDifference::Keep)
    }),
    ("planned for where they are", |records| {
        plan(records, records, OnDifference::Keep)
    }),
    ("planned to replace others", |records| {
        plan(records, &changed(records), OnDifference::Replace)
    }),
    ("told", tell),
    ("looked for after the writing", |records| {
        look_for(records, records)
    }),
    ("looked for and not found", |records| {
        look_for(records, &changed(records))
    }),
    ("foreseen for KDBX", |records| foresee(&kdbx::Kdbx, records)),
    ("foreseen for Bitwarden", |records| {
        foresee(&bitwarden::Bitwarden { plain: true }, records)
    }),
    ("written to KDBX and read", |records| {
        write(&kdbx::Kdbx, records)
    }),
    ("replaced in KDBX", |records| replace(&kdbx::Kdbx, records)),
    ("written to Bitwarden and read", |records| {
        write(&bitwarden::Bitwarden { plain: true }, records)
    }),
    ("replaced in Bitwarden", |records| {
        replace(&bitwarden::Bitwarden { plain: true }, records)
    }),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<_> = words
        .iter()
        .filter(|word| !word.starts_with("--"))
        .collect();
    for (kind, make) in KINDS {
        let (few, many) = (make(FEW), make(MANY));
        for (step, measure) in STEPS {
            let is_meant = |word: &&String| kind.contains(*word) || step.contains(*word);
            if !words.is_empty() && !words.iter().any(is_meant) {
                continue;
            }
            let (short, long) = (measure(&few), measure(&many));
            let times = long.as_secs_f64() / short.as_secs_f64();
            println!("{kind:40} {step:32} {short:9.2?} {long:9.2?} {times:6.1}");
        }
    }
}

fn login(number: usize, title: &str, password: &str) -> Record {
    let mut item = Item::new(None, title);
    item.push_login(Some("person@mail.example"), Some(password));
    item.set_urls(["https://mail.example/login"]);
    Record::new(item, format!("item {number}"))
}

fn different(many: usize) -> Vec<Record> {
    let all = (0..many).map(|number| {
        let mut record = login(number, &format!("Site {number}"), &format!("pw {number}"));
        record
            .item
            .set_urls([format!("https://www{number}.example/login")]);
        record
            .places
            .push(Place::titled([format!("Folder {}", number % 50).as_str()]));
        record
    });
    all.collect()
}

fn same(many: usize) -> Vec<Record> {
    (0..many)
        .map(|number| login(number, "Mail", "pw"))
        .collect()
}

fn folders(many: usize) -> Vec<Record> {
    let mut all = same(many);
    for (number, record) in all.iter_mut().enumerate() {
        record
            .places
            .push(Place::titled([format!("Folder {number}").as_str()]));
    }
    all.reverse();
    all
}

fn one_account(many: usize) -> Vec<Record> {
    (0..many)
        .map(|number| login(number, &format!("Mail {number}"), &format!("pw {number}")))
        .collect()
}

fn notes(many: usize) -> Vec<Record> {
    let all = (0..many).map(|number| {
        let mut item = Item::new(None, "");
        item.push_note(&format!("Note {number}"));
        Record::new(item, format!("item {number}"))
    });
    all.collect()
}

fn files(many: usize) -> Vec<Record> {
    let mut record = login(0, "Papers", "pw");
    for number in 0..many {
        let file = Attachment {
            id: format!("file{number}"),
            content: Zeroizing::new(format!("{number}").into_bytes()),
        };
        record
            .item
            .credentials
            .push(file.credential(&format!("paper {number}.txt")));
        record.attachments.push(file);
    }
    vec![record]
}

fn fields(many: usize) -> Vec<Record> {
    let mut record = login(0, "Bank", "pw");
    let all = (0..many).map(|number| {
        serde_json::json!({
            "fieldType": FieldType::Concealed.name(),
            "label": format!("PIN {number}"),
            "value": format!("{number:04}"),
        })
    });
    let mut custom = credex_adapters::Object::credential("custom-fields");
    custom.set("fields", all.collect::<Vec<_>>());
    record.item.credentials.push(custom);
    record
        .item
        .set_urls((0..many).map(|number| format!("https://www{number}.example")));
    vec![record]
}

/// Others of the same keys.
fn changed(records: &[Record]) -> Vec<Record> {
    let mut all = records.to_vec();
    for (number, record) in all.iter_mut().enumerate() {
        record.item.members.set("subtitle", format!("old {number}"));
    }
    all
}

/// CPU time of the process, which does not depend on what else goes on.
fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let now = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let start = now();
    std::hint::black_box(work());
    now() - start
}

fn store(adapter: &dyn Adapter, path: &Path) -> Box<dyn Store> {
    adapter
        .open(path.to_str().unwrap(), Access::Write, &mut Answer)
        .unwrap()
}

fn nowhere(adapter: &dyn Adapter) -> Box<dyn Store> {
    let directory = tempfile::tempdir().unwrap();
    store(adapter, &directory.path().join("new"))
}

fn through_a_document(records: &[Record]) -> Duration {
    let records = records.to_vec();
    time(|| {
        let document = write_document(records, ("bench.example", "Bench"), 1).unwrap();
        read_document(&document.content, document.attachments).unwrap()
    })
}

fn planned(
    store: &dyn Store,
    records: Vec<Record>,
    there: &[Record],
    on_difference: OnDifference,
) -> credex_adapters::transfer::Plan {
    let planning = Planning {
        store,
        there,
        left_out: BTreeSet::new(),
        on_difference,
    };
    planning.plan(records, Vec::new())
}

fn plan(records: &[Record], there: &[Record], on_difference: OnDifference) -> Duration {
    let (records, store) = (
        records.to_vec(),
        nowhere(&bitwarden::Bitwarden { plain: true }),
    );
    time(|| planned(&*store, records, there, on_difference))
}

fn tell(records: &[Record]) -> Duration {
    let store = nowhere(&bitwarden::Bitwarden { plain: true });
    let plan = planned(&*store, records.to_vec(), &[], OnDifference::Keep);
    let told = credex::Plan::at_installed("org.example.Vault");
    time(|| (plan.tell(told), plan.summary()))
}

fn look_for(records: &[Record], there: &[Record]) -> Duration {
    let store = nowhere(&bitwarden::Bitwarden { plain: true });
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    time(|| missing(&*store, &changes, there))
}

fn foresee(adapter: &dyn Adapter, records: &[Record]) -> Duration {
    let store = nowhere(adapter);
    time(|| {
        for record in records {
            std::hint::black_box(store.foresee(record));
        }
    })
}

fn read(store: &mut dyn Store) -> Vec<Record> {
    let mut records = Vec::new();
    store
        .read(&mut |told| {
            records.extend(told);
            true
        })
        .unwrap();
    records
}

fn write(adapter: &dyn Adapter, records: &[Record]) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let mut store = store(adapter, &path);
    time(|| {
        store.write(&changes, &mut |_| ()).unwrap();
        read(&mut *store)
    })
}

fn replace(adapter: &dyn Adapter, records: &[Record]) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
    let mut store = store(adapter, &path);
    store.write(&changes, &mut |_| ()).unwrap();
    let changes = changed(&read(&mut *store)).into_iter();
    let changes: Vec<_> = changes
        .map(|record| Change::Replace(record.item.id().to_owned(), record))
        .collect();
    time(|| {
        store.write(&changes, &mut |_| ()).unwrap();
        read(&mut *store)
    })
}
