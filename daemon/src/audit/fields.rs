//! A record as the fields of a journal entry (systemd.journal-fields(7)): ours begin with `CREDEX_`.
//! Text from others is bounded, and has nothing in it that acts on a terminal or hides.
//! Serves the table in "Audit" of `daemon/README.md`.

use credex_protocol::wire::{Counts, Receipt, Tally};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::{Entry, Outcome, Party};

/// What all records have in common, and nothing else in the journal has. Random, once and for all.
pub const MESSAGE_ID: &str = "016837d2d89f487e8f1334c76ff917da";

/// Longest text of others, in characters.
const LONGEST: usize = 256;
/// Most credential types that are listed.
const MOST_TYPES: usize = 64;

/// The fields of `entry`, each with a value of one line.
#[must_use]
pub fn fields(entry: &Entry) -> Vec<(&'static str, String)> {
    let to = entry.to.as_ref();
    let counts = |counts: &Option<Counts>| counts.as_ref().map(listed);
    let tallies = |count: fn(&Tally) -> u32| entry.received.as_ref().map(|all| tallied(all, count));
    let mut fields = vec![
        ("MESSAGE", sentence(entry)),
        ("MESSAGE_ID", MESSAGE_ID.to_owned()),
        ("PRIORITY", priority(entry.outcome).to_owned()),
        ("SYSLOG_IDENTIFIER", "credexd".to_owned()),
        ("CREDEX_ACTION", entry.action.name().to_owned()),
        ("CREDEX_OUTCOME", entry.outcome.name().to_owned()),
    ];
    let text = |text: &Option<String>| text.as_deref().map(harmless);
    let further = [
        ("CREDEX_EXCHANGE", text(&entry.exchange)),
        ("CREDEX_APP", Some(harmless(&entry.app.app_id))),
        ("CREDEX_APP_LEVEL", level(&entry.app)),
        ("CREDEX_APP_ORIGIN", origin(&entry.app)),
        ("CREDEX_APP_PID", pid(&entry.app)),
        ("CREDEX_APP_NAME", text(&entry.app.unique_name)),
        ("CREDEX_TO", to.map(|to| harmless(&to.app_id))),
        ("CREDEX_TO_LEVEL", to.and_then(level)),
        ("CREDEX_TO_ORIGIN", to.and_then(origin)),
        ("CREDEX_TO_PID", to.and_then(pid)),
        ("CREDEX_TO_NAME", to.and_then(|to| text(&to.unique_name))),
        ("CREDEX_DECLARED", counts(&entry.declared)),
        ("CREDEX_GRANTED", counts(&entry.granted)),
        ("CREDEX_DEPOSITED", counts(&entry.deposited)),
        ("CREDEX_RECEIVED", tallies(|tally| tally.succeeded)),
        ("CREDEX_RECEIVED_FAILED", tallies(|tally| tally.failed)),
        ("CREDEX_RECEIVED_IGNORED", tallies(|tally| tally.ignored)),
        (
            "CREDEX_REASON",
            entry.reason.map(|reason| reason.dbus_name().to_owned()),
        ),
        ("CREDEX_RULE", text(&entry.rule)),
    ];
    let known = further
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    fields.extend(known);
    fields
}

/// The record in one sentence, for whoever reads the journal without `credex log`.
fn sentence(entry: &Entry) -> String {
    let (action, outcome) = (entry.action.name(), entry.outcome.name());
    let to = entry.to.as_ref().map(|to| format!(" to {}", told(to)));
    let reason = entry.reason.map(|reason| format!(" ({})", reason.name()));
    let app = told(&entry.app);
    let (to, reason) = (to.unwrap_or_default(), reason.unwrap_or_default());
    format!("{action} by {app}{to}: {outcome}{reason}")
}

fn told(party: &Party) -> String {
    let name = match party.app_id.as_str() {
        "" => "an app without a name".to_owned(),
        app_id => harmless(app_id),
    };
    party
        .level
        .map_or(name.clone(), |level| format!("{name} [{}]", level.name()))
}

fn level(party: &Party) -> Option<String> {
    party.level.map(|level| level.name().to_owned())
}

fn origin(party: &Party) -> Option<String> {
    party.origin.map(|origin| origin.name().to_owned())
}

fn pid(party: &Party) -> Option<String> {
    party.pid.map(|pid| pid.to_string())
}

/// As in syslog(3): what an administrator may want to look into is a warning.
fn priority(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Forbidden | Outcome::NotAuthenticated | Outcome::Failed => "4",
        Outcome::Declined | Outcome::Cancelled | Outcome::Expired => "5",
        Outcome::Granted | Outcome::Completed => "6",
    }
}

/// `basic-auth=3 passkey=1`.
fn listed(counts: &Counts) -> String {
    pairs(counts.iter().map(|(name, count)| (name.as_str(), *count)))
}

/// The same of what an importer reported; empty if there is none.
fn tallied(receipt: &Receipt, count: fn(&Tally) -> u32) -> String {
    let counts = receipt
        .iter()
        .map(|(name, tally)| (name.as_str(), count(tally)));
    pairs(counts.filter(|(_, count)| *count > 0))
}

fn pairs<'a>(counts: impl Iterator<Item = (&'a str, u32)>) -> String {
    let word = |name: &str| harmless(name).replace([' ', '='], "\u{fffd}");
    let pairs: Vec<String> = counts
        .take(MOST_TYPES)
        .map(|(name, count)| format!("{}={count}", word(name)))
        .collect();
    pairs.join(" ")
}

/// `text` in one line of at most [`LONGEST`] characters, where what cannot be seen shows as `�`.
fn harmless(text: &str) -> String {
    let visible = |c: char| match c.general_category() {
        GeneralCategory::Control
        | GeneralCategory::Format
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned => '\u{fffd}',
        _ => c,
    };
    let mut bounded: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        bounded.push('…');
    }
    bounded
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use credex_protocol::Reason;

    use super::*;
    use crate::caller::{Assurance, Origin};
    use crate::policy::Action;

    /// A record in which everything is known.
    pub(in crate::audit) fn full() -> Entry {
        let app = Party {
            app_id: "org.a.Vault".into(),
            level: Some(Assurance::Sandboxed),
            origin: Some(Origin::FlatpakUser),
            pid: Some(12),
            unique_name: Some(":1.7".into()),
        };
        let to = Party {
            app_id: "org.b.Safe".into(),
            level: Some(Assurance::Installed),
            origin: Some(Origin::System),
            pid: Some(34),
            unique_name: Some(":1.8".into()),
        };
        let counts = Counts::from([("basic-auth".into(), 3), ("passkey".into(), 1)]);
        let tally = Tally {
            succeeded: 1,
            failed: 2,
            ignored: 0,
        };
        Entry {
            exchange: Some("0123456789abcdef".into()),
            to: Some(to),
            declared: Some(counts.clone()),
            granted: Some(counts.clone()),
            deposited: Some(counts),
            received: Some(Receipt::from([("basic-auth".into(), tally)])),
            reason: Some(Reason::Forbidden),
            rule: Some("/etc/credex/credexd.conf line 3".into()),
            ..Entry::of(Action::Export, Outcome::Forbidden, app)
        }
    }

    fn map(entry: &Entry) -> BTreeMap<&'static str, String> {
        fields(entry).into_iter().collect()
    }

    #[test]
    fn a_record_says_who_what_to_whom_how_and_why() {
        let told = map(&full());
        for (name, value) in [
            (
                "MESSAGE",
                "export by org.a.Vault [sandboxed] to org.b.Safe [installed]: forbidden (Forbidden)",
            ),
            ("PRIORITY", "4"),
            ("CREDEX_APP_ORIGIN", "flatpak-user"),
            ("CREDEX_APP_NAME", ":1.7"),
            ("CREDEX_TO_PID", "34"),
            ("CREDEX_DECLARED", "basic-auth=3 passkey=1"),
            ("CREDEX_RECEIVED", "basic-auth=1"),
            ("CREDEX_RECEIVED_FAILED", "basic-auth=2"),
            ("CREDEX_REASON", "org.credex.Error.Forbidden"),
            ("CREDEX_RULE", "/etc/credex/credexd.conf line 3"),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
        assert!(
            !told.contains_key("CREDEX_RECEIVED_IGNORED"),
            "there are none"
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let told = map(&Entry::of(
            Action::Import,
            Outcome::Granted,
            Party::default(),
        ));
        let names: Vec<_> = told.keys().copied().collect();
        let always = [
            "CREDEX_ACTION",
            "CREDEX_OUTCOME",
            "MESSAGE",
            "MESSAGE_ID",
            "PRIORITY",
            "SYSLOG_IDENTIFIER",
        ];
        assert_eq!(names, always);
        assert_eq!(told["MESSAGE"], "import by an app without a name: granted");
    }

    #[test]
    fn names_of_journal_fields_are_as_journald_wants_them() {
        for (name, value) in fields(&full()) {
            assert!(
                name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_uppercase()),
                "{name}"
            );
            assert!(
                name.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
                "{name}"
            );
            assert!(!value.contains('\n'), "{name}={value:?}");
        }
    }

    #[test]
    fn hostile_text_is_one_short_visible_line() {
        let mut entry = full();
        let evil = format!("org.a\nMESSAGE=x\x1b[2J\u{202e}{}", "y".repeat(10_000));
        entry.app.app_id = evil.clone();
        entry.rule = Some(evil.clone());
        entry.exchange = Some(evil.clone());
        entry.declared = Some(Counts::from([(evil, 1), ("a b=9".into(), 2)]));
        let told = map(&entry);
        for (name, value) in &told {
            assert!(value.chars().count() < 1000, "{name}");
            assert!(
                !value.contains(char::is_control) && !value.contains('\u{202e}'),
                "{name}={value}"
            );
        }
        assert!(told["CREDEX_APP"].starts_with("org.a�MESSAGE=x�[2J�yyy"));
        assert!(
            told["CREDEX_DECLARED"].starts_with("a�b�9=2 org.a�"),
            "{}",
            told["CREDEX_DECLARED"]
        );
    }

    #[test]
    fn as_many_types_are_listed_as_fit_into_a_record() {
        let many = (0..10_000).map(|number| (format!("type-{number:04}"), 1));
        let entry = Entry {
            declared: Some(many.collect()),
            ..full()
        };
        assert_eq!(
            map(&entry)["CREDEX_DECLARED"].split(' ').count(),
            MOST_TYPES
        );
    }

    #[test]
    fn the_readme_lists_every_field() {
        let readme = include_str!("../../README.md");
        let (_, section) = readme.split_once("## Audit\n").unwrap();
        let rows = section
            .lines()
            .filter(|line| line.starts_with("| `CREDEX_"));
        let listed: Vec<&str> = rows
            .flat_map(|row| row.split('|').nth(1).unwrap().split('`'))
            .filter(|name| name.starts_with("CREDEX_"))
            .collect();
        let mut entry = full();
        let tally = Tally {
            succeeded: 1,
            failed: 1,
            ignored: 1,
        };
        entry.received = Some(Receipt::from([("note".into(), tally)]));
        let told = fields(&entry).into_iter().map(|(name, _)| name);
        let mut told: Vec<&str> = told.filter(|name| name.starts_with("CREDEX_")).collect();
        told.push("CREDEX_LOST");
        assert_eq!(listed, told);
        assert!(section.contains(MESSAGE_ID));
        for outcome in Outcome::ALL {
            assert!(
                section.contains(&format!("| `{}` |", outcome.name())),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn every_outcome_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Outcome::ALL.map(Outcome::name).into();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}
