//! A new store of each kind, and what came back from it.

use std::path::Path;

use credex::cxf;
use credex_adapters::{
    Access, Adapter, Ask, Attachment, Change, Fault, Foreseen, Question, Record, Store,
    read_document,
};
use zeroize::Zeroizing;

/// What a store was given, what it said would become of that, and what came back.
pub(crate) struct Tried {
    pub(crate) records: Vec<(Record, Foreseen)>,
}

impl Tried {
    /// Writes the sample into a new store, and reads it back.
    pub(crate) fn sample(adapter: Box<dyn Adapter>) -> Result<Self, String> {
        let files = cxf::sample_attachments().iter();
        let files = files.map(|(id, content)| Attachment {
            id: (*id).to_owned(),
            content: Zeroizing::new(content.to_vec()),
        });
        let told = read_document(cxf::sample(), files).map_err(|error| error.to_string())?;
        Self::with(adapter, told.into_iter().filter_map(Result::ok).collect())
    }

    /// Writes `records` into a new store, and reads them back. Panics if something else is lost than
    /// was foreseen.
    pub(crate) fn with(adapter: Box<dyn Adapter>, records: Vec<Record>) -> Result<Self, String> {
        let told = |error: std::io::Error| error.to_string();
        // The socket of an agent has to have a short path.
        let directory = tempfile::Builder::new()
            .prefix("cx")
            .tempdir()
            .map_err(told)?;
        let (adapter, location) = place(adapter, directory.path())?;
        let open = |access| adapter.open(&location, access, &mut Knows);
        let mut store = open(Access::Write).map_err(|fault| fault.to_string())?;
        let foreseen: Vec<_> = records.iter().map(|each| store.foresee(each)).collect();
        let changes: Vec<_> = records.iter().cloned().map(Change::Add).collect();
        let written = store.write(&changes, &mut |_| {});
        let written = written.map_err(|fault| fault.to_string())?;
        drop(store);
        let mut store = open(Access::Read).map_err(|fault| fault.to_string())?;
        let back = read(&mut *store).map_err(|fault| fault.to_string())?;
        let refused: Vec<_> = written.refused.iter().map(|each| &each.origin).collect();
        for (record, foreseen) in records.iter().zip(&foreseen) {
            if foreseen.lost.is_empty() && !refused.contains(&&record.origin) {
                let same = |back: &Record| is_the_same(record, back);
                let scheme = adapter.describe().scheme;
                assert!(
                    back.iter().any(same),
                    "{scheme} lost something of {}",
                    record.origin
                );
            }
        }
        let records = records.into_iter().zip(foreseen).collect();
        Ok(Self { records })
    }
}

fn is_the_same(record: &Record, back: &Record) -> bool {
    let surroundings = |record: &Record| {
        let mut files = record.attachments.clone();
        files.sort_by(|a, b| a.id.cmp(&b.id));
        (record.account.clone(), record.places.clone(), files)
    };
    record.item == back.item && surroundings(record) == surroundings(back)
}

fn read(store: &mut dyn Store) -> Result<Vec<Record>, Fault> {
    let mut back = Vec::new();
    store.read(&mut |told| {
        back.extend(told);
        true
    })?;
    Ok(back)
}

/// Knows every passphrase.
struct Knows;

impl Ask for Knows {
    fn ask(&mut self, _question: &Question) -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new("tin whistle under snow".to_owned()))
    }
}

/// Where a new store may be, and what it needs.
fn place(
    adapter: Box<dyn Adapter>,
    directory: &Path,
) -> Result<(Box<dyn Adapter>, String), String> {
    let at = |name: &str| directory.join(name).display().to_string();
    match adapter.describe().scheme {
        "secret-service" if std::env::var_os("CREDEX_TABLES_SECRET_SERVICE").is_none() => Err(
            "it writes to the session's keyring; set CREDEX_TABLES_SECRET_SERVICE=1 in a session \
                 that is only for this"
                .to_owned(),
        ),
        "secret-service" => Ok((adapter, String::new())),
        _ => Ok((adapter, at("store"))),
    }
}
