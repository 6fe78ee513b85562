//! Texts as C wants them: they end with a zero byte, and live as long as the object that they are about.

use std::ffi::{CString, c_char};
use std::ptr;

use credex::{App, Assurance};

use crate::failure::{Failure, Result};

/// A copy for C. A zero byte, which would cut the text short, becomes a question mark.
pub(crate) fn word(text: &str) -> CString {
    let whole: Vec<u8> = text
        .bytes()
        .map(|it| if it == 0 { b'?' } else { it })
        .collect();
    CString::new(whole).unwrap_or_default()
}

/// NULL where there is none.
pub(crate) fn or_null(word: Option<&CString>) -> *const c_char {
    word.map_or(ptr::null(), |word| word.as_ptr())
}

/// The element at `index`.
pub(crate) fn at<T>(list: &[T], index: usize) -> Result<&T> {
    list.get(index).ok_or_else(|| {
        let len = list.len();
        Failure::argument(format!("the index {index} is beyond the last of {len}"))
    })
}

/// How sure the service is who an app is, from the least to the most.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexAssurance {
    /// A claim.
    Unverified = 0,
    /// Its program belongs to the system: provenance, not proof.
    Installed = 1,
    /// The service started it.
    Launched = 2,
    /// The kernel confines it, and its sandbox names it.
    Sandboxed = 3,
}

/// The app on the other side, as the service established it. Its names may be hostile text: show them as
/// text, and never alone. They belong to the offer or import that was asked.
#[repr(C)]
#[derive(Debug)]
pub struct CredexApp {
    /// Desktop-entry ID; empty where there is none.
    pub id: *const c_char,
    /// Display name; empty where there is none.
    pub name: *const c_char,
    /// How sure the service is that it is this app.
    pub assurance: CredexAssurance,
    /// Which exporting provider of the app, or NULL.
    pub provider: *const c_char,
    /// Where it was installed from, for instance "flatpak-system", or NULL.
    pub origin: *const c_char,
    /// A warning of the service about what it says of itself, or NULL. May quote hostile text.
    pub conflict: *const c_char,
}

/// How many credentials of a type. The name belongs to what was asked.
#[repr(C)]
#[derive(Debug)]
pub struct CredexCount {
    /// The credential type, for instance "basic-auth".
    pub type_name: *const c_char,
    /// How many.
    pub number: u32,
}

/// An app, in words that live.
#[derive(Debug)]
pub(crate) struct AppWords {
    id: CString,
    name: CString,
    assurance: CredexAssurance,
    provider: Option<CString>,
    origin: Option<CString>,
    conflict: Option<CString>,
}

impl AppWords {
    pub(crate) fn new(app: &App) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(word);
        Self {
            id: word(&app.app_id),
            name: word(&app.name),
            assurance: match app.assurance {
                Assurance::Unverified => CredexAssurance::Unverified,
                Assurance::Installed => CredexAssurance::Installed,
                Assurance::Launched => CredexAssurance::Launched,
                Assurance::Sandboxed => CredexAssurance::Sandboxed,
            },
            provider: optional(&app.provider),
            origin: optional(&app.origin),
            conflict: optional(&app.conflict),
        }
    }

    pub(crate) fn for_c(&self) -> CredexApp {
        CredexApp {
            id: self.id.as_ptr(),
            name: self.name.as_ptr(),
            assurance: self.assurance,
            provider: or_null(self.provider.as_ref()),
            origin: or_null(self.origin.as_ref()),
            conflict: or_null(self.conflict.as_ref()),
        }
    }
}

/// Credentials counted by type, in words that live.
#[derive(Debug, Clone)]
pub(crate) struct CountWords(Vec<(CString, u32)>);

impl CountWords {
    pub(crate) fn new(counts: &credex::cxf::Counts) -> Self {
        let words = counts.iter().map(|(name, number)| (word(name), number));
        Self(words.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn at(&self, index: usize) -> Result<CredexCount> {
        let (name, number) = at(&self.0, index)?;
        Ok(CredexCount {
            type_name: name.as_ptr(),
            number: *number,
        })
    }
}
