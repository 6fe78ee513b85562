//! What of a call of shared web credentials is put on record: that an app changed or got a password, or
//! why not; never which. Serves "Audit" of `daemon/README.md`.

use credex_protocol::Reason;

use super::open_calls::OpenCall;
use crate::audit::{Entry, Outcome};
use crate::desk::Desk;
use crate::policy::Action;

impl Desk {
    /// Records how a call ended, if it is one that the person decides about: `None` is well.
    pub(super) fn record_web(&self, call: &OpenCall, reason: Option<Reason>) {
        let Some(app) = &call.recorded_for else {
            return;
        };
        self.ports.audit.record(&Entry {
            reason,
            ..Entry::of(Action::WebCredentials, outcome(reason), app.clone())
        });
    }

    /// Records that calls were called off.
    pub(in crate::desk) fn record_called_off(&self, calls: &[OpenCall]) {
        for call in calls {
            self.record_web(call, Some(Reason::Cancelled));
        }
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
