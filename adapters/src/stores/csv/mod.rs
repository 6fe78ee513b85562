//! The CSV files of browsers and of Apple Passwords. They are read whatever wrote them: `csv:FILE`
//! goes by the names of the columns, and keeps columns that it does not know as custom fields.
//! Writing has a scheme for each: `firefox-csv`, `chromium-csv`, `apple-csv`.
//!
//! | | Firefox | Chromium | Apple Passwords |
//! | --- | --- | --- | --- |
//! | takes | passwords of websites | passwords of websites | anything |
//! | natively | first web address, user name, password, times, id | first web address, user name, password, note | title, first address, user name, password, note, one-time password |
//! | everything else | is lost | in the note, if that stays under 1,000 letters | in the note |
//!
//! Chromium takes no file with more than 3,000 logins. What is carried in a note is a block that
//! people can read ([`crate::forms::block`]). What Firefox says beyond that (realm, action of the
//! form, last use) is passed on in the extension `mozilla.org/login`. A file is written only where
//! there is none, for its owner alone; or to an open file descriptor, `fd/3` or `-`. Its content is
//! plaintext in any case, so nobody writes it who has not insisted.
//!
//! A value that begins like a formula (`=`, `+`, `-`, `@`) is written as it is, for it may be a
//! password: a spreadsheet program would run it, so such files are not for these.
//!
//! Sources: RFC 4180; `LoginCSVImport.sys.mjs` and `LoginExport.sys.mjs` of Firefox ESR 153;
//! `csv_password.cc` and `password_importer.cc` of Chromium; what Passwords of macOS 15 exports.

mod dialect;
mod native;
mod table;

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use self::dialect::{Column, Dialect};
use super::REMOVAL;
use crate::file::{self, Seen};
use crate::{
    Access, Adapter, Ask, Change, Description, Direction, Fault, Foreseen, Quarantined, Record,
    Store, Written, new_id,
};

/// Ten thousand logins have 2 MB. A line may be as long as the file.
const LARGEST: u64 = 64 << 20;
/// Which CXF types have columns.
const NATIVE: &[&str] = &["basic-auth", "note", "totp"];

/// CSV files of any kind, to be read.
#[derive(Debug, Clone, Copy)]
pub struct Csv;

/// CSV files of a browser.
#[derive(Debug, Clone, Copy)]
pub struct BrowserCsv(Dialect);

impl BrowserCsv {
    /// Firefox's.
    pub const FIREFOX: Self = Self(Dialect::Firefox);
    /// Chromium's, Chrome's and Edge's.
    pub const CHROMIUM: Self = Self(Dialect::Chromium);
    /// Apple Passwords' and Safari's.
    pub const APPLE: Self = Self(Dialect::Apple);
}

impl Adapter for Csv {
    fn describe(&self) -> Description {
        Description {
            scheme: "csv",
            name: "CSV file of any browser or manager",
            location: "FILE",
            direction: Direction::In,
            plaintext: true,
            native: NATIVE,
            removal: REMOVAL,
        }
    }

    fn open(&self, location: &str, _: Access, _: &mut dyn Ask) -> Result<Box<dyn Store>, Fault> {
        Ok(Box::new(Table::read(location, None)?))
    }
}

impl Adapter for BrowserCsv {
    fn describe(&self) -> Description {
        let (scheme, name) = match self.0 {
            Dialect::Firefox => ("firefox-csv", "CSV file of Firefox"),
            Dialect::Chromium => ("chromium-csv", "CSV file of Chromium, Chrome or Edge"),
            Dialect::Apple => ("apple-csv", "CSV file of Apple Passwords"),
        };
        let has = |wanted: &Column| self.0.columns().iter().any(|(_, column)| column == wanted);
        Description {
            scheme,
            name,
            location: "FILE, or to write, fd/NUMBER or -",
            direction: Direction::Both,
            plaintext: true,
            native: match (has(&Column::Note), has(&Column::Totp)) {
                (false, _) => &["basic-auth"],
                (true, false) => &["basic-auth", "note"],
                (true, true) => NATIVE,
            },
            removal: REMOVAL,
        }
    }

    fn open(
        &self,
        location: &str,
        access: Access,
        _: &mut dyn Ask,
    ) -> Result<Box<dyn Store>, Fault> {
        match access {
            Access::Read => Ok(Box::new(Table::read(location, Some(self.0))?)),
            Access::Write => Ok(Box::new(Table::begin(location, self.0)?)),
        }
    }
}

/// Where a table is written.
enum Target {
    New(PathBuf),
    Descriptor(PathBuf),
}

/// An open table.
struct Table {
    place: String,
    dialect: Option<Dialect>,
    target: Option<Target>,
    columns: Vec<Column>,
    rows: Vec<table::Row>,
}

impl Table {
    fn read(location: &str, dialect: Option<Dialect>) -> Result<Self, Fault> {
        let (content, _) = file::read(Path::new(location), LARGEST)?;
        let (columns, rows) = parse(&content, location)?;
        Ok(Self {
            place: location.to_owned(),
            dialect,
            target: None,
            columns,
            rows,
        })
    }

    fn begin(location: &str, dialect: Dialect) -> Result<Self, Fault> {
        let target = match location.strip_prefix("fd/").map(str::parse::<u32>) {
            _ if location == "-" => Target::Descriptor("/proc/self/fd/1".into()),
            Some(Ok(number)) => Target::Descriptor(format!("/proc/self/fd/{number}").into()),
            _ => Target::New(location.into()),
        };
        if let Target::New(path) = &target {
            file::has_directory(path)?;
            if path.symlink_metadata().is_ok() {
                return Err(Fault::Malformed {
                    place: location.to_owned(),
                    what: "there is a file already".to_owned(),
                    advice: "Write to a new one, or read this one with csv:FILE".to_owned(),
                });
            }
        }
        Ok(Self {
            place: location.to_owned(),
            dialect: Some(dialect),
            target: Some(target),
            columns: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// The record in a row, and what is wrong with it.
    fn record(&self, row: &table::Row) -> (Result<Record, Quarantined>, Option<Quarantined>) {
        let origin = format!("{}, line {}", self.place, row.line);
        let cells = match &row.cells {
            Ok(cells) => cells,
            Err(reason) => return (Err(Quarantined::new(origin, *reason)), None),
        };
        if cells.len() > self.columns.len() {
            let reason = "it has more values than there are columns";
            return (Err(Quarantined::new(origin, reason)), None);
        }
        if cells.iter().all(|cell| cell.is_empty()) {
            return (Err(Quarantined::new(origin, "it is empty")), None);
        }
        let read = native::read(&self.columns, cells);
        let damage = read
            .damage
            .map(|error| Quarantined::new(origin.clone(), error.to_string()));
        (
            Ok(Record {
                origin,
                ..read.record
            }),
            damage,
        )
    }
}

/// The columns and rows of a file.
fn parse(content: &[u8], place: &str) -> Result<(Vec<Column>, Vec<table::Row>), Fault> {
    let malformed = |what: &str, advice: &str| Fault::Malformed {
        place: place.to_owned(),
        what: what.to_owned(),
        advice: advice.to_owned(),
    };
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return Err(malformed("it is UTF-16", "Save it as UTF-8"));
    }
    let mut rows = table::read(content);
    let unnamed = || {
        malformed(
            "its first line does not name its columns",
            "Export it again",
        )
    };
    if rows.is_empty() {
        return Err(unnamed());
    }
    let header = rows.remove(0).cells.map_err(|_| unnamed())?;
    let columns = Column::of_header(header.iter().map(|name| name.as_str()));
    let has = |wanted: &[Column]| wanted.iter().any(|wanted| columns.contains(wanted));
    if !has(&[Column::Password, Column::Note]) || !has(&[Column::Url, Column::Title]) {
        return Err(unnamed());
    }
    Ok((columns, rows))
}

impl Store for Table {
    fn read(
        &mut self,
        each: &mut dyn FnMut(Result<Record, Quarantined>) -> bool,
    ) -> Result<(), Fault> {
        let mut ids = HashSet::new();
        for row in &self.rows {
            let (mut record, damage) = self.record(row);
            // Two rows may say the same.
            if let Ok(record) = &mut record
                && !ids.insert(record.item.id().to_owned())
            {
                record.item.members.set("id", new_id());
            }
            if damage.is_some_and(|damage| !each(Err(damage))) || !each(record) {
                break;
            }
        }
        Ok(())
    }

    fn foresee(&self, record: &Record) -> Foreseen {
        let Some(dialect) = self.dialect else {
            return Foreseen::default();
        };
        match native::write(dialect, record) {
            Ok(written) => written.foreseen,
            Err(foreseen) => foreseen,
        }
    }

    fn write(
        &mut self,
        changes: &[Change],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Written, Fault> {
        let (Some(dialect), Some(target)) = (self.dialect, &self.target) else {
            return Err(Fault::Malformed {
                place: self.place.clone(),
                what: "it was opened to be read".to_owned(),
                advice: "Open it to be written".to_owned(),
            });
        };
        let mut written = Written::default();
        let mut rows = Vec::with_capacity(changes.len());
        for (at, change) in changes.iter().enumerate() {
            let record = change.record();
            match native::write(dialect, record) {
                Ok(row) => rows.push(row),
                Err(foreseen) => {
                    let why = foreseen.lost.into_iter().next().map(|(_, why)| why.words);
                    let told = Quarantined::new(record.origin.clone(), why.unwrap_or_default());
                    written.refused.push(told);
                }
            }
            progress(at + 1);
        }
        if rows.len() > dialect.most_rows() {
            return Err(Fault::TooLarge {
                place: self.place.clone(),
                what: format!("there are {} logins", rows.len()),
                limit: format!(
                    "the {} that {} takes of one file",
                    dialect.most_rows(),
                    dialect.name()
                ),
                advice: "Choose a part of them for each of several files".to_owned(),
            });
        }
        let header = dialect.columns().iter().map(|(name, _)| *name).collect();
        let cells = rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.as_str()).collect());
        let table: Vec<Vec<&str>> = [header].into_iter().chain(cells).collect();
        let content = table::write(&table);
        let mut verify = |content: &[u8]| verify(content, &rows, &self.place);
        match target {
            Target::New(path) => {
                file::replace(path, &Seen::Nothing, &content, &mut verify)?;
            }
            Target::Descriptor(path) => {
                verify(&content)?;
                pour(path, &content, &self.place)?;
            }
        }
        written.records = rows.len();
        (self.columns, self.rows) = parse(&content, &self.place)?;
        Ok(written)
    }
}

/// Looks whether the rows are read as they should be.
fn verify(content: &[u8], expected: &[native::Written], place: &str) -> Result<(), Fault> {
    let (columns, rows) = parse(content, place)?;
    let differs = |what: String| Fault::ReadBack {
        place: place.to_owned(),
        what,
    };
    if rows.len() != expected.len() {
        return Err(differs("the number of lines".to_owned()));
    }
    for (row, expected) in rows.iter().zip(expected) {
        let cells = row
            .cells
            .as_ref()
            .map_err(|reason| differs((*reason).to_owned()))?;
        let read = native::read(&columns, cells).record;
        if !read.is_like(&expected.expected) {
            return Err(differs(format!("line {}", row.line)));
        }
    }
    Ok(())
}

/// Writes to an open file descriptor, which the caller has given us.
fn pour(path: &Path, content: &Zeroizing<Vec<u8>>, place: &str) -> Result<(), Fault> {
    let fault = |source| Fault::Io {
        place: place.to_owned(),
        source,
    };
    let mut file = OpenOptions::new().write(true).open(path).map_err(fault)?;
    file.write_all(content)
        .and_then(|()| file.flush())
        .map_err(fault)
}
