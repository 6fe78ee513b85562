//! What `protocol/README.md` says of states, times and limits is what this service does. The rest of
//! that page is held against the XML by `protocol/tests/readme.rs`.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use credex_protocol::Reason;
use credexd::clock::BootTime;
use credexd::config::Config;
use credexd::exchange::state::{Effect, Event, State, Step};

const README: &str = include_str!("../../protocol/README.md");
const NOW: BootTime = BootTime(1_000_000);
const UNTIL: BootTime = BootTime(2_000_000);

/// The live states, with `attempts` left, in the order of the columns.
fn live(attempts: u32) -> [State; 5] {
    let (at, until, expires) = (NOW, UNTIL, UNTIL);
    [
        State::Choosing { until },
        State::Exporting { until },
        State::Deposited { at, until },
        State::Offered {
            at,
            expires,
            attempts,
        },
        State::Claimed { until },
    ]
}

const ENDED: [State; 4] = [
    State::Completed,
    State::Cancelled,
    State::Expired,
    State::Failed,
];

/// The rows, each with the event it speaks of and the wrong tokens that are still forgiven.
fn events() -> Vec<(&'static str, Event, u32)> {
    let unreachable = Event::ImporterUnreachable(Reason::ImporterUnavailable);
    let more_time = Event::ExtensionAsked(Duration::from_secs(600));
    vec![
        ("The person agrees", Event::PersonAgreed, 5),
        ("The person says no", Event::PersonDeclined, 5),
        ("The person stops it", Event::PersonStopped, 5),
        (
            "There is nobody to choose",
            Event::ChoosingFailed(Reason::NoImporter),
            5,
        ),
        ("The exporter deposits", Event::PayloadAccepted, 5),
        ("The exporter closes", Event::ExporterClosed, 5),
        ("The exporter leaves the bus", Event::ExporterVanished, 5),
        ("The importer acknowledges", Event::ImporterAcknowledged, 5),
        ("The importer cannot be reached", unreachable, 5),
        ("The importer asks for more time", more_time, 5),
        ("The importer redeems", Event::TokenRedeemed, 5),
        ("The importer shows a wrong token", Event::TokenWrong, 5),
        (
            "The importer shows its last wrong token",
            Event::TokenWrong,
            1,
        ),
        ("The importer declines", Event::ImporterDeclined, 5),
        ("The importer leaves the bus", Event::ImporterVanished, 5),
        ("The importer completes", Event::ReceiptGiven, 5),
        ("The time is up", Event::TimePassed, 5),
        (
            "The service stops",
            Event::ServiceFailed(Reason::ServiceStopped),
            5,
        ),
    ]
}

#[test]
fn every_cell_of_the_table_of_states_and_events_is_what_happens() {
    let table = rows("| Event |");
    let events = events();
    assert_eq!(table.len(), events.len());
    for (row, (label, event, attempts)) in table.iter().zip(events) {
        assert_eq!(row[0], label);
        for (cell, state) in row[1..].iter().zip(live(attempts)) {
            let now = if event == Event::TimePassed {
                UNTIL
            } else {
                NOW
            };
            let step = state.step(event, now, &Config::default().terms());
            assert_eq!(*cell, told(state, &step), "{label}, while {}", state.name());
        }
    }
}

/// A step as the table tells it.
fn told(before: State, step: &Step) -> String {
    let name = step.state.name();
    let reason = step.effects.iter().find_map(|effect| match effect {
        Effect::Conclude(conclusion) => conclusion.reason,
        _ => None,
    });
    match (name == before.name(), step.answer, reason) {
        (true, Ok(()), _) => "stays".to_owned(),
        (true, Err(Reason::WrongState), _) => "·".to_owned(),
        (true, Err(why), _) => format!("no {}", why.name()),
        (false, _, Some(reason)) => format!("{name} {}", reason.name()),
        (false, _, None) => format!("→ {name}"),
    }
}

#[test]
fn the_states_are_named_as_on_the_wire_and_in_their_order() {
    let states = live(5).into_iter().chain(ENDED);
    let names: Vec<_> = states.map(|state| format!("`{}`", state.name())).collect();
    let column: Vec<_> = rows("| State |").iter().map(|row| row[0]).collect();
    assert_eq!(column, names);
    let columns = README.lines().find(|line| line.starts_with("| Event |"));
    let heads: Vec<_> = live(5).iter().map(|state| state.name()).collect();
    assert_eq!(
        columns.unwrap(),
        format!("| Event | {} |", heads.join(" | "))
    );
}

#[test]
fn whoever_ends_it_is_not_told_and_the_other_side_is() {
    let by_exporter = [Event::ExporterClosed, Event::ExporterVanished];
    let by_importer = [
        Event::TokenWrong,
        Event::ImporterDeclined,
        Event::ImporterVanished,
        Event::ReceiptGiven,
    ];
    for (label, event, attempts) in events() {
        for state in live(attempts) {
            let now = if event == Event::TimePassed {
                UNTIL
            } else {
                NOW
            };
            let step = state.step(event, now, &Config::default().terms());
            for effect in step.effects {
                let Effect::Conclude(end) = effect else {
                    continue;
                };
                let knows = matches!(state, State::Offered { .. } | State::Claimed { .. });
                let exporter = !by_exporter.contains(&event);
                let importer = knows && !by_importer.contains(&event);
                assert_eq!(
                    (end.tell_exporter, end.tell_importer),
                    (exporter, importer),
                    "{label}"
                );
            }
        }
    }
}

#[test]
fn the_time_limits_are_the_defaults() {
    let seconds = Config::default().seconds;
    let expected = [
        ("choose", seconds.choose),
        ("deposit", seconds.deposit),
        ("acknowledge", seconds.acknowledge),
        ("offer", seconds.offer),
        ("extended", seconds.extended),
        ("receipt", seconds.receipt),
        ("idle", seconds.idle),
    ];
    let expected = expected.map(|(key, value)| (key, u64::from(value)));
    assert_eq!(
        defaults("| Key | Default | From |"),
        BTreeMap::from(expected)
    );
}

#[test]
fn the_limits_are_the_defaults() {
    let limits = Config::default().limits;
    let expected = [
        ("payload", limits.payload),
        ("exchanges_per_app", limits.exchanges_per_app.into()),
        ("exchanges", limits.exchanges.into()),
        ("running_importers", limits.running_importers.into()),
        ("token_attempts", limits.token_attempts.into()),
    ];
    assert_eq!(
        defaults("| Key | Default | Meaning |"),
        BTreeMap::from(expected)
    );
}

#[test]
fn the_configuration_file_is_named_where_it_is_read() {
    let file = credexd::config::DEFAULT_FILE;
    assert_eq!(README.matches(file).count(), 2);
    assert!(Path::new(file).is_absolute());
}

/// The first two columns of a table of keys and defaults.
fn defaults(head: &str) -> BTreeMap<&'static str, u64> {
    let rows = rows(head);
    let read = |row: &Vec<&'static str>| (row[0].trim_matches('`'), row[1].parse().unwrap());
    rows.iter().map(read).collect()
}

/// The rows of the one table that begins with `head`.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let lines = README.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table begins with {head}");
    rows
}
