//! The rules of one author, and the order in which they are judged. Serves "Rules" of
//! `daemon/README.md`.
//!
//! A denial that fits decides. Else the first rule that allows. Else the default for the action. So the
//! order of the denials, and of the files that they are in, does not matter.

use std::collections::BTreeMap;

use super::{Action, AppPattern, Decision, Verdict};
use crate::caller::Assurance;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which action it speaks of.
    pub action: Action,
    /// Which apps; `None` for all, also those without a name.
    pub app: Option<AppPattern>,
    /// Under which level an app must be; `None` for any.
    pub below: Option<Assurance>,
    /// What it says.
    pub decision: Decision,
    /// What the person is told.
    pub reason: Option<String>,
    /// Where it is written: file and line.
    pub place: String,
}

impl Rule {
    /// Whether it speaks of this attempt.
    #[must_use]
    pub fn fits(&self, action: Action, app_id: &str, level: Assurance) -> bool {
        self.action == action
            && self.app.as_ref().is_none_or(|app| app.means(app_id))
            && self.below.is_none_or(|below| level < below)
    }

    /// Whether there can be an attempt of which both speak.
    #[must_use]
    pub fn overlaps(&self, other: &Rule) -> bool {
        let apps_overlap = match (&self.app, &other.app) {
            (Some(one), Some(two)) => one.overlaps(two),
            _ => true,
        };
        self.action == other.action && apps_overlap
    }

    fn forbids(&self) -> Verdict {
        Verdict::Forbidden {
            rule: self.place.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// The rules of one author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    rules: Vec<Rule>,
    defaults: BTreeMap<Action, (Decision, String)>,
}

impl Ruleset {
    /// Adds a rule behind the others.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Sets what holds for `action` where no rule fits, and where that is written.
    pub fn set_default(&mut self, action: Action, decision: Decision, place: String) {
        self.defaults.insert(action, (decision, place));
    }

    /// What holds for `action` where no rule fits, and where that is written, if it is.
    #[must_use]
    pub fn default_of(&self, action: Action) -> (Decision, Option<&str>) {
        match self.defaults.get(&action) {
            Some((decision, place)) => (*decision, Some(place)),
            None => (Decision::Allow, None),
        }
    }

    /// Where it is written that not everything which `rule` fits is allowed, if that is so.
    #[must_use]
    pub fn stands_against(&self, rule: &Rule) -> Option<&str> {
        let mut fitting = self.rules.iter().filter(|other| other.overlaps(rule));
        let denial = fitting
            .clone()
            .find(|other| other.decision == Decision::Deny);
        match (denial, fitting.next(), self.default_of(rule.action)) {
            (Some(denial), _, _) => Some(&denial.place),
            (None, None, (Decision::Deny, place)) => place,
            _ => None,
        }
    }

    /// What these rules say of one attempt.
    pub fn judge(&self, action: Action, app_id: &str, level: Assurance) -> Verdict {
        let mut fitting = self
            .rules
            .iter()
            .filter(|rule| rule.fits(action, app_id, level));
        let denial = fitting.clone().find(|rule| rule.decision == Decision::Deny);
        if let Some(denial) = denial {
            return denial.forbids();
        }
        if fitting.next().is_some() {
            return Verdict::Allowed;
        }
        match self.defaults.get(&action) {
            Some((Decision::Deny, place)) => Verdict::Forbidden {
                rule: place.clone(),
                reason: None,
            },
            _ => Verdict::Allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Assurance::{Installed, Launched, Sandboxed, Unverified};

    fn rule(decision: Decision, app: &str, below: Option<Assurance>, place: &str) -> Rule {
        Rule {
            action: Action::Export,
            app: (!app.is_empty()).then(|| app.parse().unwrap()),
            below,
            decision,
            reason: Some(format!("because of {place}")),
            place: place.to_owned(),
        }
    }

    fn rules(rules: &[Rule]) -> Ruleset {
        let mut set = Ruleset::default();
        rules.iter().for_each(|rule| set.add(rule.clone()));
        set
    }

    fn judged(rules: &Ruleset, app_id: &str, level: Assurance) -> Option<String> {
        match rules.judge(Action::Export, app_id, level) {
            Verdict::Allowed => None,
            Verdict::Forbidden { rule, .. } => Some(rule),
        }
    }

    #[test]
    fn one_app_can_be_denied() {
        let rules = rules(&[rule(Decision::Deny, "org.x.App", None, "x")]);
        assert_eq!(judged(&rules, "org.x.App", Sandboxed).as_deref(), Some("x"));
        assert_eq!(judged(&rules, "org.y.App", Unverified), None);
        let import = rules.judge(Action::Import, "org.x.App", Sandboxed);
        assert_eq!(import, Verdict::Allowed, "it is about another action");
    }

    #[test]
    fn everybody_below_a_level_can_be_denied() {
        let rules = rules(&[rule(Decision::Deny, "", Some(Installed), "x")]);
        assert_eq!(
            judged(&rules, "org.x.App", Unverified).as_deref(),
            Some("x")
        );
        assert_eq!(judged(&rules, "", Unverified).as_deref(), Some("x"));
        for level in [Installed, Launched, Sandboxed] {
            assert_eq!(judged(&rules, "org.x.App", level), None);
        }
    }

    #[test]
    fn only_some_can_be_allowed() {
        let mut rules = rules(&[
            rule(Decision::Allow, "org.x.App", None, "x"),
            rule(Decision::Allow, "com.corp.*", None, "corp"),
        ]);
        rules.set_default(Action::Export, Decision::Deny, "the default".to_owned());
        assert_eq!(judged(&rules, "org.x.App", Unverified), None);
        assert_eq!(judged(&rules, "com.corp.Vault", Unverified), None);
        for other in ["org.y.App", "com.corp", ""] {
            assert_eq!(
                judged(&rules, other, Sandboxed).as_deref(),
                Some("the default")
            );
        }
    }

    #[test]
    fn a_denial_decides_wherever_it_stands() {
        let allow = rule(Decision::Allow, "org.x.App", None, "allow");
        let deny = rule(Decision::Deny, "org.*", None, "deny");
        for both in [[allow.clone(), deny.clone()], [deny, allow]] {
            let verdict = rules(&both).judge(Action::Export, "org.x.App", Sandboxed);
            let expected = Verdict::Forbidden {
                rule: "deny".into(),
                reason: Some("because of deny".into()),
            };
            assert_eq!(verdict, expected);
        }
    }
}
