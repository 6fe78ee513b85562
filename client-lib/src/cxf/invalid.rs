//! Why a whole document is refused: the few faults after which nothing in it can be trusted.
//!
//! Everything milder costs one item, one credential or one member: see [`super::Problem`].

/// A fault of the document itself. Nothing of it should be imported.
///
/// No variant carries a value of the document, only places in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A byte sequence is not UTF-8; `offset` counts bytes from the start of the document.
    #[error("byte {offset} of the document is not UTF-8: encode the document as UTF-8")]
    NotUtf8 {
        /// The first byte that does not belong to a character.
        offset: usize,
    },
    /// The text breaks the grammar of JSON, or the limits of I-JSON (RFC 7493): half of a surrogate
    /// pair, a number that no double can hold.
    #[error(
        "not JSON at line {line}, column {column} ({path}): {reason}: write the document with a \
         JSON library"
    )]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// The value that was being read.
        path: String,
        /// What the parser expected.
        reason: String,
    },
    /// Objects and arrays lie deeper in one another than any CXF document needs.
    #[error("{path} lies deeper than {limit} levels: flatten the member that nests so deeply")]
    TooDeep {
        /// The first object or array beyond the limit.
        path: String,
        /// The deepest level allowed.
        limit: usize,
    },
    /// One object names a member twice, so two readers may see two different documents.
    #[error("{path} appears twice in one object: keep one of the two")]
    DuplicateMember {
        /// The second of the two.
        path: String,
    },
    /// One object has more members than can be held against one another in bounded memory.
    #[error("{path} is member number {limit} of one object and more follow: use an array instead")]
    TooManyMembers {
        /// The first member beyond the limit.
        path: String,
        /// The most members that one object may have.
        limit: usize,
    },
    /// The document is an array, a string, a number…
    #[error("the document is not a JSON object: send a CXF Header")]
    NotAnObject,
    /// There is neither a list of accounts nor the items of a bare account.
    #[error("$.accounts holds no account: send a CXF Header with at least one Account")]
    NoAccounts,
    /// The document is a Header and a bare Account at once, and a reader would have to choose.
    #[error("$.accounts and $.items are both there: put the items into an Account of $.accounts")]
    HeaderAndAccount,
    /// The document follows another major version of CXF, or one that cannot be told.
    #[error("$.version is {}, and only 1 is understood: export as CXF 1", major_name(.major))]
    UnsupportedVersion {
        /// The version found, if it was a number.
        major: Option<u64>,
    },
}

fn major_name(major: &Option<u64>) -> String {
    major.map_or_else(
        || "unreadable".to_owned(),
        |number| format!("major version {number}"),
    )
}
