//! What the rules of the administrator and of the person allow, asked wherever an app begins something.
//! Serves "Rules" of `daemon/README.md`.

use credex_protocol::{Error, Reason};

use super::{Desk, denied};
use crate::audit::{Entry, Outcome, Party};
use crate::caller::{Assurance, Caller, Denial, Identity};
use crate::policy::{Action, Verdict};

impl Desk {
    /// Whether `app` may do `action`. That it may not is put on record.
    pub(super) fn permit(&self, action: Action, app: Party) -> Result<(), Error> {
        let level = app.level.unwrap_or(Assurance::Unverified);
        let Verdict::Forbidden { rule, reason } =
            self.config.policy.judge(action, &app.app_id, level)
        else {
            return Ok(());
        };
        let named = match app.app_id.as_str() {
            "" => "an app without a name",
            app_id => app_id,
        };
        let why = reason.map_or(String::new(), |reason| format!(": {reason}"));
        let (action_name, level) = (action.name(), level.name());
        let message = format!("{action_name} is forbidden to {named} ({level}) by {rule}{why}");
        self.ports.audit.record(&Entry {
            reason: Some(Reason::Forbidden),
            rule: Some(rule),
            ..Entry::of(action, Outcome::Forbidden, app)
        });
        Err(Error::new(Reason::Forbidden, message))
    }

    /// Puts on record that `caller` was not let in under the name of `claim`.
    pub(super) fn turn_away(
        &self,
        action: Action,
        caller: &Caller,
        claim: &str,
        denial: Denial,
    ) -> Error {
        let claimed = Identity {
            app_id: claim.to_owned(),
            assurance: Assurance::Unverified,
            origin: None,
        };
        self.ports.audit.record(&Entry {
            reason: Some(Reason::AccessDenied),
            ..Entry::of(action, Outcome::Forbidden, Party::caller(caller, &claimed))
        });
        denied(denial)
    }

    /// Whether the importer `app_id` may have anything at all, whoever it will turn out to be.
    pub(super) fn may_ever_import(&self, app_id: &str) -> bool {
        let policy = &self.config.policy;
        policy.judge(Action::Import, app_id, Assurance::Sandboxed) == Verdict::Allowed
    }
}
