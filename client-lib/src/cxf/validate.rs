//! Reading a whole document: [`validate`] in one pass and constant memory, [`inspect`] with a
//! memory for identifiers.

use super::ids::Ids;
use super::role::Role;
use super::seen::Seen;
use super::walk::{Value, Walk};
use super::{Counts, Invalid, Report};

/// Reads a CXF document in one pass and tells what is in it, what to ignore and what was tolerated.
///
/// It takes less than twice the time of skipping over the JSON, and no memory that grows with the
/// document, but for one buffer of the JSON parser as large as the longest string with an escape in
/// it. The parser does not wipe that buffer. Identifiers are checked each for itself; [`inspect`] holds them against one another.
///
/// # Errors
///
/// [`Invalid`] if nothing of the document should be imported. A fault of one item or credential is
/// no error, but a [`super::Problem`] of the report.
pub fn validate(document: &[u8]) -> Result<Report, Invalid> {
    read(document, Walk::default())
}

/// Does what [`validate`] does, and finds identifiers that are used twice in one account, and
/// references to items that the document does not hold.
///
/// # Errors
///
/// As [`validate`].
pub fn inspect(document: &[u8]) -> Result<Report, Invalid> {
    read(
        document,
        Walk {
            ids: Some(Ids::default()),
            ..Walk::default()
        },
    )
}

fn read<'de>(document: &'de [u8], mut walk: Walk<'de>) -> Result<Report, Invalid> {
    use serde::de::DeserializeSeed;

    let text = std::str::from_utf8(document).map_err(|fault| Invalid::NotUtf8 {
        offset: fault.valid_up_to(),
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let outcome = Value {
        walk: &mut walk,
        role: Role::Root,
    }
    .deserialize(&mut json)
    .and_then(|seen| json.end().map(|()| seen));
    if let Some(invalid) = walk.fatal.take() {
        return Err(invalid);
    }
    match outcome {
        Ok(seen) if seen.has(Seen::OBJECT) => Ok(report(walk)),
        Ok(_) => Err(Invalid::NotAnObject),
        Err(fault) => Err(not_json(&fault, walk.path())),
    }
}

fn not_json(fault: &serde_json::Error, path: String) -> Invalid {
    // serde_json appends the place, which has members of its own here.
    let told = fault.to_string();
    let reason = told.split(" at line ").next().unwrap_or(&told).to_owned();
    Invalid::NotJson {
        line: fault.line(),
        column: fault.column(),
        path,
        reason,
    }
}

fn report(walk: Walk<'_>) -> Report {
    let mut ignored = Counts::default();
    ignored.add_known("totp", walk.ignored);
    let inconsistencies = walk.ids.map(|ids| ids.findings).unwrap_or_default();
    Report {
        counts: walk.counts.into_counts(),
        present: walk.present.into_counts(),
        ignored,
        untyped: walk.untyped,
        accounts: walk.accounts,
        collections: walk.collections,
        items: walk.items,
        quarantined: walk.findings.problems,
        quarantined_total: walk.findings.total,
        notes: walk.findings.notes,
        inconsistencies: inconsistencies.problems,
        inconsistencies_total: inconsistencies.total,
    }
}
