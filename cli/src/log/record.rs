//! A record of the service as `journalctl --output=json` gives it, and how it is shown.
//!
//! Any program of this user can have written it, so nothing in it is taken for granted: what is not
//! of the form that the service writes counts as not known.

use std::collections::BTreeMap;

use credex_chooser::hostile::sentence;
use credex_protocol::Reason;
use credex_protocol::wire::Counts;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::output::{BAD, FAINT, GOOD, STRONG, WARNING};

const INDENT: &str = "    ";

/// A record.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Record {
    time: Option<Timestamp>,
    action: Option<String>,
    outcome: Option<String>,
    exchange: Option<String>,
    app: Party,
    to: Option<Party>,
    declared: Option<Counts>,
    granted: Option<Counts>,
    deposited: Option<Counts>,
    received: Option<BTreeMap<String, Received>>,
    reason: Option<String>,
    rule: Option<String>,
    lost: u64,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Party {
    app_id: Option<String>,
    level: Option<String>,
    origin: Option<String>,
    pid: Option<u32>,
    unique_name: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Received {
    succeeded: u32,
    failed: u32,
    ignored: u32,
}

/// One of the counts.
type Part = fn(&mut Received) -> &mut u32;

/// The fields of a journal entry.
struct Fields(Map<String, Value>);

impl Fields {
    /// Text; where the journal has bytes instead (systemd's "Journal JSON Format"), what of them is text.
    fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(bytes) => {
                let byte = |value: &Value| u8::try_from(value.as_u64()?).ok();
                let bytes: Option<Vec<u8>> = bytes.iter().map(byte).collect();
                bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// `basic-auth=3 passkey=1`.
    fn counts(&self, name: &str) -> Option<Counts> {
        let text = self.text(name)?;
        let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
        Some(pairs.collect())
    }

    fn party(&self, prefix: &str) -> Party {
        let field = |name: &str| format!("{prefix}{name}");
        Party {
            app_id: self.text(prefix),
            level: self.text(&field("_LEVEL")),
            origin: self.text(&field("_ORIGIN")),
            pid: self.number(&field("_PID")),
            unique_name: self.text(&field("_NAME")),
        }
    }

    fn received(&self) -> Option<BTreeMap<String, Received>> {
        let mut received: BTreeMap<String, Received> = BTreeMap::new();
        let parts: [(&str, Part); 3] = [
            ("CREDEX_RECEIVED", |received| &mut received.succeeded),
            ("CREDEX_RECEIVED_FAILED", |received| &mut received.failed),
            ("CREDEX_RECEIVED_IGNORED", |received| &mut received.ignored),
        ];
        for (field, part) in parts {
            for (name, count) in self.counts(field).unwrap_or_default() {
                *part(received.entry(name).or_default()) = count;
            }
        }
        (!received.is_empty()).then_some(received)
    }
}

impl Record {
    /// Reads one line of `journalctl --output=json`.
    pub(super) fn parse(line: &str) -> Result<Record, serde_json::Error> {
        let fields = Fields(serde_json::from_str(line)?);
        let time = fields.number("__REALTIME_TIMESTAMP");
        let to = fields.party("CREDEX_TO");
        Ok(Record {
            time: time.and_then(|time| Timestamp::from_microsecond(time).ok()),
            action: fields.text("CREDEX_ACTION"),
            outcome: fields.text("CREDEX_OUTCOME"),
            exchange: fields.text("CREDEX_EXCHANGE"),
            app: fields.party("CREDEX_APP"),
            to: (to != Party::default()).then_some(to),
            declared: fields.counts("CREDEX_DECLARED"),
            granted: fields.counts("CREDEX_GRANTED"),
            deposited: fields.counts("CREDEX_DEPOSITED"),
            received: fields.received(),
            reason: fields.text("CREDEX_REASON"),
            rule: fields.text("CREDEX_RULE"),
            lost: fields.number("CREDEX_LOST").unwrap_or_default(),
        })
    }

    /// A line, and what belongs to it indented below, in `columns`.
    pub(super) fn lines(&self, columns: usize) -> Vec<String> {
        let options = textwrap::Options::new(columns)
            .initial_indent(INDENT)
            .subsequent_indent(INDENT);
        let mut lines = vec![self.head()];
        for paragraph in self.paragraphs() {
            let wrapped = textwrap::wrap(&paragraph, &options);
            lines.extend(wrapped.into_iter().map(|line| line.into_owned()));
        }
        lines
    }

    fn head(&self) -> String {
        let local = |time: Timestamp| time.to_zoned(TimeZone::system());
        let time = self.time.map_or_else(
            || "at an unknown time".to_owned(),
            |time| local(time).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        );
        let action = sentence(self.action.as_deref().unwrap_or("something"));
        let outcome = sentence(self.outcome.as_deref().unwrap_or("unknown"));
        let style = match outcome.as_str() {
            "granted" | "completed" => GOOD,
            "declined" | "cancelled" | "expired" => WARNING,
            _ => BAD,
        };
        format!("{FAINT}{time}{FAINT:#}  {STRONG}{action}{STRONG:#} {style}{outcome}{style:#}")
    }

    fn paragraphs(&self) -> Vec<String> {
        let mut paragraphs = vec![format!("by {}", self.app.told())];
        paragraphs.extend(self.to.as_ref().map(|to| format!("to {}", to.told())));
        let counted = [
            ("declared", &self.declared),
            ("granted", &self.granted),
            ("deposited", &self.deposited),
        ];
        for (word, counts) in counted {
            paragraphs.extend(
                counts
                    .as_ref()
                    .map(|counts| format!("{word} {}", listed(counts))),
            );
        }
        paragraphs.extend(self.received.as_ref().map(told_received));
        paragraphs.extend(self.reason.as_deref().map(told_reason));
        paragraphs.extend(
            self.rule
                .as_deref()
                .map(|rule| format!("rule: {}", sentence(rule))),
        );
        if self.lost > 0 {
            let lost = self.lost;
            paragraphs.push(format!(
                "before this, the journal did not take records: {lost}"
            ));
        }
        paragraphs
    }
}

impl Party {
    /// `org.a.Vault (sandboxed, flatpak-user, process 12)`.
    fn told(&self) -> String {
        let app_id = self.app_id.as_deref().unwrap_or("an app without a name");
        let words = [self.level.clone(), self.origin.clone()]
            .into_iter()
            .flatten();
        let pid = self.pid.map(|pid| format!("process {pid}"));
        let words: Vec<String> = words.chain(pid).collect();
        match words.is_empty() {
            true => sentence(app_id),
            false => sentence(&format!("{app_id} ({})", words.join(", "))),
        }
    }
}

fn listed(counts: &Counts) -> String {
    let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    match counts.collect::<Vec<_>>().join(", ").as_str() {
        "" => "nothing".to_owned(),
        listed => sentence(listed),
    }
}

fn told_received(received: &BTreeMap<String, Received>) -> String {
    let part = |word: &str, count: fn(&Received) -> u32| {
        let counts = received
            .iter()
            .map(|(name, part)| (name.clone(), count(part)));
        let counts: Counts = counts.filter(|(_, count)| *count > 0).collect();
        (!counts.is_empty()).then(|| format!("{word} {}", listed(&counts)))
    };
    let parts = [
        part("received", |part| part.succeeded),
        part("failed", |part| part.failed),
        part("left out", |part| part.ignored),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What the error name means, where there is such an error.
fn told_reason(name: &str) -> String {
    let known = Reason::ALL.iter().find(|reason| reason.dbus_name() == name);
    match known {
        Some(reason) => format!("{}: {}", reason.name(), reason.meaning()),
        None => sentence(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credex_protocol::wire::{Receipt, Tally};
    use credexd::audit::{Entry, Outcome, Party as Told, fields};
    use credexd::caller::{Assurance, Origin};
    use credexd::policy::Action;

    /// A record in which everything is known, as the service writes it.
    fn full() -> Map<String, Value> {
        let party = |app_id: &str, pid| Told {
            app_id: app_id.into(),
            level: Some(Assurance::Sandboxed),
            origin: Some(Origin::FlatpakUser),
            pid: Some(pid),
            unique_name: Some(format!(":1.{pid}")),
        };
        let counts = Counts::from([("basic-auth".into(), 3), ("passkey".into(), 1)]);
        let tally = Tally {
            succeeded: 1,
            failed: 2,
            ignored: 3,
        };
        let entry = Entry {
            exchange: Some("0123456789abcdef".into()),
            to: Some(party("org.b.Safe", 2)),
            declared: Some(counts.clone()),
            granted: Some(counts.clone()),
            deposited: Some(counts),
            received: Some(Receipt::from([("passkey".into(), tally)])),
            reason: Some(Reason::ImporterSilent),
            rule: Some("/etc/credex/credexd.conf line 3".into()),
            ..Entry::of(Action::Export, Outcome::Failed, party("org.a.Vault", 1))
        };
        let fields = fields(&entry).into_iter();
        let mut fields: Map<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        fields.insert("CREDEX_LOST".to_owned(), "7".into());
        fields.insert("__REALTIME_TIMESTAMP".to_owned(), "1790000000123456".into());
        fields
    }

    fn parse(fields: &Map<String, Value>) -> Record {
        Record::parse(&serde_json::to_string(fields).unwrap()).unwrap()
    }

    fn shown(record: &Record) -> String {
        anstream::adapter::strip_str(&record.lines(80).join("\n")).to_string()
    }

    #[test]
    fn every_field_that_the_service_writes_is_told_in_both_forms() {
        let whole = parse(&full());
        let apart_from = ["MESSAGE", "MESSAGE_ID", "PRIORITY", "SYSLOG_IDENTIFIER"];
        for name in full()
            .keys()
            .filter(|name| !apart_from.contains(&name.as_str()))
        {
            let mut fields = full();
            fields.remove(name);
            let less = parse(&fields);
            assert_ne!(less, whole, "{name} is not read");
            // For people, the exchange and the connections are too much.
            let only_for_programs = ["CREDEX_EXCHANGE", "CREDEX_APP_NAME", "CREDEX_TO_NAME"];
            if !only_for_programs.contains(&name.as_str()) {
                assert_ne!(shown(&less), shown(&whole), "{name} is not shown");
            }
        }
    }

    #[test]
    fn a_record_is_shown_in_a_few_lines_that_fit() {
        let text = shown(&parse(&full()));
        for part in [
            "  export failed\n",
            "    by org.a.Vault (sandboxed, flatpak-user, process 1)\n",
            "    to org.b.Safe (sandboxed, flatpak-user, process 2)\n",
            "    declared 3 basic-auth, 1 passkey\n",
            "    received 1 passkey; failed 2 passkey; left out 3 passkey\n",
            "    ImporterSilent: The importer did not acknowledge the offer in time.\n",
            "    rule: /etc/credex/credexd.conf line 3\n",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        let narrow = parse(&full()).lines(40);
        assert!(
            narrow.iter().skip(1).all(|line| line.chars().count() <= 40),
            "{narrow:#?}"
        );
    }

    #[test]
    fn a_forged_record_can_neither_act_on_the_terminal_nor_break_anything() {
        let mut fields = full();
        for (_, value) in fields.iter_mut() {
            *value = "\x1b[2J=x\u{202e}\n2026-01-01 export granted".into();
        }
        let record = parse(&fields);
        for line in record.lines(80) {
            let plain = anstream::adapter::strip_str(&line).to_string();
            assert!(!plain.contains(['\x1b', '\u{202e}', '\n']), "{plain:?}");
        }
        for strange in [
            Value::Null,
            7.into(),
            vec![300, 1].into(),
            Value::Object(Map::new()),
        ] {
            fields
                .iter_mut()
                .for_each(|(_, value)| *value = strange.clone());
            let nothing = parse(&Map::new());
            assert_eq!(parse(&fields), nothing, "{strange}");
            assert!(shown(&nothing).contains("an app without a name"));
        }
    }

    #[test]
    fn bytes_are_read_as_the_text_that_they_are() {
        let mut fields = Map::new();
        fields.insert("CREDEX_RULE".to_owned(), b"/x\xc3\xbc".to_vec().into());
        assert_eq!(parse(&fields).rule.as_deref(), Some("/xü"));
    }
}
