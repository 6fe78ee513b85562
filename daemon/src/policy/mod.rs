//! Who may do what: the rules of the administrator, and those by which the person ties themselves
//! further. Pure: the files are read in `config`. Serves "Rules" of `daemon/README.md`.
//!
//! The two sets of rules are judged one after the other, and both must allow. So whatever the person's
//! say, nothing is allowed that the administrator's forbid.

mod pattern;
mod ruleset;

use serde::Deserialize;

use crate::caller::Assurance;

pub use pattern::{AppPattern, PatternError};
pub use ruleset::{Rule, Ruleset};

/// What an app wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Send credentials to another app.
    Export,
    /// Receive credentials from another app.
    Import,
    /// Read or change passwords that it shares with its website.
    WebCredentials,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 3] = [Action::Export, Action::Import, Action::WebCredentials];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Action::Export => "export",
            Action::Import => "import",
            Action::WebCredentials => "web-credentials",
        }
    }
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may go on.
    Allow,
    /// It may not.
    Deny,
}

/// What the policy says of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It may go on, which means that the person is asked.
    Allowed,
    /// It may not.
    Forbidden {
        /// Where that is written: file and line.
        rule: String,
        /// What the author of the rule wants the person to read.
        reason: Option<String>,
    },
}

/// All rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Those of the administrator.
    pub administrator: Ruleset,
    /// Those of the person.
    pub person: Ruleset,
}

impl Policy {
    /// Whether the app `app_id`, of whose name we are as sure as `level` says, may do `action`.
    /// An app without a name has an empty `app_id`.
    pub fn judge(&self, action: Action, app_id: &str, level: Assurance) -> Verdict {
        match self.administrator.judge(action, app_id, level) {
            Verdict::Allowed => self.person.judge(action, app_id, level),
            forbidden @ Verdict::Forbidden { .. } => forbidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(decision: Decision, place: &str) -> Ruleset {
        let mut rules = Ruleset::default();
        rules.set_default(Action::Export, decision, place.to_owned());
        rules
    }

    #[test]
    fn both_the_administrator_and_the_person_must_allow() {
        use Decision::{Allow, Deny};
        for (administrator, person, decided) in [
            (Allow, Allow, None),
            (Deny, Allow, Some("a")),
            (Allow, Deny, Some("p")),
            (Deny, Deny, Some("a")),
        ] {
            let policy = Policy {
                administrator: only(administrator, "a"),
                person: only(person, "p"),
            };
            let expected = decided.map_or(Verdict::Allowed, |rule| Verdict::Forbidden {
                rule: rule.to_owned(),
                reason: None,
            });
            let verdict = policy.judge(Action::Export, "org.a.App", Assurance::Sandboxed);
            assert_eq!(verdict, expected, "{administrator:?} and {person:?}");
        }
    }

    #[test]
    fn without_rules_everything_may_be_asked_of_the_person() {
        for action in Action::ALL {
            for level in Assurance::ALL {
                let verdict = Policy::default().judge(action, "", level);
                assert_eq!(
                    verdict,
                    Verdict::Allowed,
                    "{} {}",
                    action.name(),
                    level.name()
                );
            }
        }
    }
}
