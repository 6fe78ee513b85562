//! The text of an entry: what its lines say, and lines that say it.
//!
//! `pass` itself knows only that the first line is the password. The rest is what its friends agree
//! on: browserpass (`login:`, `url:` and their synonyms), pass-otp (a line that is an `otpauth://`
//! URI), gopass (`key: value`, then the body). Read are also what gopass wrote before: YAML behind a
//! line `---`, "GOPASS-SECRET-1.0" with MIME headers, and files in base64.
//!
//! An entry that we wrote has a line `credex: {…}` above the first empty line, and is read strictly:
//! fields stand above that empty line, and everything below is the note.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::carry::{Carried, CarriedField, Residue, ResidueError};
use crate::forms::block::{escape, split, unescape};

/// What a line says that holds what has no native form.
const RESIDUE: &str = "credex";
/// A residue that says nothing: the entry is ours, and nothing is to be added to it.
const NOTHING: &str = r#"{"credex":1}"#;
const LOGIN: [&str; 3] = ["login", "username", "user"];
const URL: [&str; 6] = ["url", "uri", "website", "site", "link", "launch"];
const OTP: [&str; 2] = ["otp", "totp"];
const OTPAUTH: &str = "otpauth://";
/// What begins an entry of gopass 1.10 and 1.11.
const MIME: &str = "GOPASS-SECRET-1.0";
/// Letters of what is a key and not the begin of a sentence.
const LONGEST_KEY: usize = 40;

/// What the text of an entry says.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) login: Option<Zeroizing<String>>,
    pub(super) urls: Vec<String>,
    /// URIs, or secrets in base32.
    pub(super) otps: Vec<Zeroizing<String>>,
    /// Other lines `key: value`.
    pub(super) fields: Vec<(String, Zeroizing<String>)>,
    pub(super) note: Option<Zeroizing<String>>,
    /// What the residue refers to.
    pub(super) carried: Vec<CarriedField>,
    /// Whether we wrote it.
    pub(super) residue: Option<Result<Residue, ResidueError>>,
}

/// Whether a field cannot have this name, because it means something.
pub(super) fn is_taken(label: &str) -> bool {
    let label = label.trim().to_ascii_lowercase();
    let label = label.as_str();
    label == RESIDUE || LOGIN.contains(&label) || URL.contains(&label) || OTP.contains(&label)
}

/// Whether a value stands in a line as it is.
pub(super) fn is_line(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && !value.contains(char::is_control)
}

/// The text of an entry.
pub(super) fn write(entry: &Entry, carried: &Carried) -> Zeroizing<String> {
    let residue = carried.residue.as_ref().map(Residue::text);
    let mut lines = vec![entry.password.clone().unwrap_or_default()];
    let mut line = |label: &str, value: &str| {
        lines.push(Zeroizing::new([label, ": ", value].concat()));
    };
    if let Some(login) = &entry.login {
        line(LOGIN[0], login);
    }
    entry.urls.iter().for_each(|url| line(URL[0], url));
    for field in &carried.fields {
        line(&escape(&field.label, true), &escape(&field.value, false));
    }
    line(RESIDUE, residue.as_ref().map_or(NOTHING, |text| text));
    lines.splice(1..1, entry.otps.iter().cloned());
    if let Some(note) = &entry.note {
        lines.extend([Zeroizing::default(), note.clone()]);
    }
    // Large enough from the start: a string that moves leaves its old content behind unwiped.
    let room = lines.iter().map(|line| line.len() + 1).sum();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for line in &lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// What the text of an entry says.
pub(super) fn read(text: &str) -> Entry {
    let mut residue = None;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if residue.is_some() && line.trim().is_empty() {
            let (head, body) = (text.get(..end), text.get(end + line.len()..));
            return ours(head.unwrap_or(text), body, residue);
        }
        residue = residue.or_else(|| written(line).filter(|_| end > 0));
        end += line.len();
    }
    match residue {
        Some(_) => ours(text, None, residue),
        None => others(text),
    }
}

/// The residue in this line.
fn written(line: &str) -> Option<Result<Residue, ResidueError>> {
    let residue = line.strip_prefix(RESIDUE)?.strip_prefix(':')?.trim();
    residue.starts_with('{').then(|| Residue::parse(residue))
}

/// Reads what we wrote: `head` above the first empty line behind the residue, `body` below it.
fn ours(head: &str, body: Option<&str>, residue: Option<Result<Residue, ResidueError>>) -> Entry {
    let mut entry = Entry::default();
    let mut lines = head
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    entry.password = secret(lines.next());
    let labels = match &residue {
        Some(Ok(residue)) => residue.labels(),
        _ => BTreeSet::new(),
    };
    let mut note = Zeroizing::new(String::with_capacity(head.len() + 1));
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let Some((label, value)) = split(line).filter(|_| !line.starts_with(OTPAUTH)) else {
            if !entry.known(line) {
                note.push_str(line);
                note.push('\n');
            }
            continue;
        };
        let label = unescape(label);
        if labels.contains(label.as_str()) {
            entry.carried.push(CarriedField {
                label: label.to_string(),
                value: unescape(value),
                concealed: true,
            });
        } else if *label != RESIDUE && !entry.known(line) {
            let value = Zeroizing::new(value.to_owned());
            entry.fields.push((label.to_string(), value));
        }
    }
    let body = body.map(|body| body.strip_suffix('\n').unwrap_or(body));
    entry.note = match (note.is_empty(), body) {
        (true, body) => body.map(|body| Zeroizing::new(body.to_owned())),
        // What a person wrote above the empty line.
        (false, body) => Some(Zeroizing::new([&note, body.unwrap_or_default()].concat())),
    };
    entry.residue = residue;
    entry
}

/// Reads what others wrote: whatever cannot be made out is note.
fn others(text: &str) -> Entry {
    let mut entry = Entry::default();
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .peekable();
    let is_key = text.starts_with("-----BEGIN ");
    let mut is_mime = false;
    match lines.peek().copied() {
        Some(MIME) => {
            is_mime = true;
            lines.next();
        }
        Some(first) if is_key || first.starts_with(OTPAUTH) => {}
        _ => entry.password = secret(lines.next()),
    }
    let mut note = Zeroizing::new(String::with_capacity(text.len() + 1));
    let mut is_head = !is_key;
    for line in lines {
        let is_part = match () {
            () if is_mime && is_head && entry.mime_password(line) => true,
            () if is_key => false,
            () if entry.known(line) => true,
            () if is_head => line == "---" || entry.field(line),
            () => false,
        };
        is_head &= !line.trim().is_empty();
        if !is_part {
            note.push_str(line);
            note.push('\n');
        }
    }
    let trimmed = note.trim_matches('\n');
    entry.note = (!trimmed.trim().is_empty()).then(|| Zeroizing::new(trimmed.to_owned()));
    entry
}

impl Entry {
    /// Takes in a line that everybody understands in the same way.
    fn known(&mut self, line: &str) -> bool {
        if line.starts_with(OTPAUTH) {
            self.otps.push(Zeroizing::new(line.trim().to_owned()));
            return true;
        }
        let Some((key, value)) = line.split_once(':') else {
            return false;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), plain(value));
        if value.is_empty() {
            return false;
        }
        let key = key.as_str();
        if LOGIN.contains(&key) && self.login.is_none() {
            self.login = Some(Zeroizing::new(value.to_owned()));
        } else if URL.contains(&key) {
            self.urls.push(value.to_owned());
        } else if OTP.contains(&key) {
            self.otps.push(Zeroizing::new(value.to_owned()));
        } else {
            return false;
        }
        true
    }

    fn mime_password(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once(':') else {
            return false;
        };
        let is_it = key.eq_ignore_ascii_case("password") && self.password.is_none();
        if is_it {
            self.password = secret(Some(value.trim()));
        }
        is_it
    }

    /// Takes in a line `key: value`.
    fn field(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once(": ") else {
            return false;
        };
        let is_key = key.len() <= LONGEST_KEY
            && key.starts_with(char::is_alphanumeric)
            && !key.contains("://");
        let value = plain(value);
        let is_field = is_key && !value.is_empty();
        if is_field {
            let value = Zeroizing::new(value.to_owned());
            self.fields.push((key.trim().to_owned(), value));
        }
        is_field
    }

    /// The value of a field, which is taken out.
    pub(super) fn take(&mut self, key: &str) -> Option<Zeroizing<String>> {
        let is_it = |(label, _): &(String, Zeroizing<String>)| label.eq_ignore_ascii_case(key);
        let place = self.fields.iter().position(is_it)?;
        Some(self.fields.remove(place).1)
    }
}

fn secret(line: Option<&str>) -> Option<Zeroizing<String>> {
    let line = line.filter(|line| !line.is_empty())?;
    Some(Zeroizing::new(line.to_owned()))
}

/// A value without what is around it: spaces, and the quotation marks of YAML.
fn plain(value: &str) -> &str {
    let value = value.trim();
    let quoted = |mark: char| {
        let inner = value.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains([mark, '\\'])).then_some(inner)
    };
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}
