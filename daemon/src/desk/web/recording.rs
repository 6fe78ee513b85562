//! What of a call of shared web credentials is put on record: that an app changed or got a password, or
//! why not; never which. Serves "Audit" of `daemon/README.md`.

use credex_protocol::{Error, Reason};

use super::open_calls::OpenCall;
use crate::audit::{Entry, Outcome, Party};
use crate::desk::Desk;
use crate::policy::Action;
use crate::web_credentials::calls::{Refusal, Stage};

impl Desk {
    /// Records how a call ended, if it is one that the person decides about: `None` is well.
    pub(super) fn record_web(&self, call: &OpenCall, refusal: Option<&Refusal>) {
        if let Some(app) = &call.recorded_for {
            self.ports.audit.record(&entry(app, refusal));
        }
    }

    /// Records that calls were called off.
    pub(in crate::desk) fn record_called_off(&self, calls: &[OpenCall]) {
        for call in calls {
            let called_off = Refusal::of(Stage::Consent, Error::plain(Reason::Cancelled));
            self.record_web(call, Some(&called_off));
        }
    }
}

fn entry(app: &Party, refusal: Option<&Refusal>) -> Entry {
    let reason = refusal.map(|refusal| refusal.error.reason);
    Entry {
        reason,
        rule: refusal.and_then(|refusal| refusal.rule.clone()),
        ..Entry::of(Action::WebCredentials, outcome(reason), app.clone())
    }
}

fn outcome(reason: Option<Reason>) -> Outcome {
    match reason {
        None => Outcome::Completed,
        Some(Reason::Declined | Reason::Never) => Outcome::Declined,
        Some(Reason::Forbidden | Reason::AccessDenied) => Outcome::Forbidden,
        Some(Reason::Cancelled) => Outcome::Cancelled,
        Some(Reason::Expired) => Outcome::Expired,
        Some(_) => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_that_forbade_it_is_on_record() {
        let refusal = Refusal {
            rule: Some("/etc/credex/policy.d/10.conf:3".to_owned()),
            ..Refusal::of(Stage::Policy, Error::plain(Reason::Forbidden))
        };
        let entry = entry(&Party::default(), Some(&refusal));
        assert_eq!(entry.outcome, Outcome::Forbidden);
        assert_eq!(entry.rule, refusal.rule);
    }

    #[test]
    fn a_refusal_of_the_person_is_told_from_one_of_a_rule_and_from_a_failure() {
        for (reason, expected) in [
            (None, Outcome::Completed),
            (Some(Reason::Never), Outcome::Declined),
            (Some(Reason::Declined), Outcome::Declined),
            (Some(Reason::Forbidden), Outcome::Forbidden),
            (Some(Reason::StoreFailed), Outcome::Failed),
        ] {
            assert_eq!(outcome(reason), expected, "{reason:?}");
        }
    }
}
