//! `[default]` and `[[rule]]` as they are written, and what they mean. Serves "Rules" of
//! `daemon/README.md`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::layers::Reading;
use super::sources::Author;
use crate::caller::Assurance;
use crate::policy::{Action, Decision, Policy, Rule};

/// Longest text for the person, in bytes.
const LONGEST_REASON: usize = 256;

/// `[default]`.
pub(super) type DefaultsInFile = BTreeMap<Action, Spanned<Decision>>;

/// `[[rule]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleInFile {
    action: Action,
    decision: Decision,
    app: Option<Spanned<String>>,
    below: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
}

/// Adds what the file being read says to the rules of its author.
pub(super) fn take(
    policy: &mut Policy,
    defaults: DefaultsInFile,
    rules: Vec<Spanned<RuleInFile>>,
    reading: &mut Reading<'_>,
) -> Result<(), ConfigError> {
    for (action, decision) in defaults {
        let place = reading.place(&decision.span()).to_string();
        let decision = decision.into_inner();
        if reading.author() == Author::Person && decision == Decision::Allow {
            warn_of_default(policy, action, &place, reading);
        }
        author(policy, reading).set_default(action, decision, place);
    }
    for rule in rules {
        let rule = parse(rule, reading)?;
        if reading.author() == Author::Person && rule.decision == Decision::Allow {
            warn_of_rule(policy, &rule, reading);
        }
        author(policy, reading).add(rule);
    }
    Ok(())
}

fn author<'a>(policy: &'a mut Policy, reading: &Reading<'_>) -> &'a mut crate::policy::Ruleset {
    match reading.author() {
        Author::Administrator => &mut policy.administrator,
        Author::Person => &mut policy.person,
    }
}

fn warn_of_default(policy: &Policy, action: Action, place: &str, reading: &mut Reading<'_>) {
    if let (Decision::Deny, Some(stands)) = policy.administrator.default_of(action) {
        let name = action.name();
        reading.warn(format!(
            "{place}: default.{name} = \"allow\" does not lift the denial in {stands}, which holds"
        ));
    }
}

fn warn_of_rule(policy: &Policy, rule: &Rule, reading: &mut Reading<'_>) {
    if let Some(stands) = policy.administrator.stands_against(rule) {
        let place = &rule.place;
        reading.warn(format!(
            "{place}: this rule does not lift the denial in {stands}, which holds"
        ));
    }
}

fn parse(rule: Spanned<RuleInFile>, reading: &Reading<'_>) -> Result<Rule, ConfigError> {
    let place = reading.place(&rule.span()).to_string();
    let RuleInFile {
        action,
        decision,
        app,
        below,
        reason,
    } = rule.into_inner();
    let parse_app = |text: &str| text.parse().map_err(|error| format!("{error}"));
    let parse_below = |text: &str| level(text, decision);
    Ok(Rule {
        action,
        app: app
            .map(|app| reading.parse("rule.app", &app, parse_app))
            .transpose()?,
        below: below
            .map(|below| reading.parse("rule.below", &below, parse_below))
            .transpose()?,
        decision,
        reason: reason
            .map(|reason| reading.parse("rule.reason", &reason, sentence))
            .transpose()?,
        place,
    })
}

/// A level that somebody can be below. Only with a denial: who allows those below a level has most
/// likely meant the others.
fn level(text: &str, decision: Decision) -> Result<Assurance, String> {
    if decision == Decision::Allow {
        return Err(
            "goes with decision = \"deny\" alone; to allow only those of a level and above, \
                    deny those below it"
                .to_owned(),
        );
    }
    let levels = &Assurance::ALL[1..];
    let level = levels.iter().find(|level| level.name() == text);
    let names: Vec<_> = levels.iter().map(|level| level.name()).collect();
    level
        .copied()
        .ok_or_else(|| format!("must be one of {}", names.join(", ")))
}

/// Something that can be shown to a person in one line.
fn sentence(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_REASON {
        return Err(format!("must not be longer than {LONGEST_REASON} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("must be a single line".to_owned());
    }
    Ok(text.to_owned())
}
