//! What the rules of the administrator and of the person allow, asked wherever an app begins something.
//! Serves "Rules" of `daemon/README.md`.

use credex_protocol::{Error, Reason};

use super::Desk;
use crate::caller::Assurance;
use crate::policy::{Action, Verdict};

impl Desk {
    /// Whether the app `app_id`, of whose name we are as sure as `level` says, may do `action`.
    pub(super) fn permit(
        &self,
        action: Action,
        app_id: &str,
        level: Assurance,
    ) -> Result<(), Error> {
        let Verdict::Forbidden { rule, reason } = self.config.policy.judge(action, app_id, level)
        else {
            return Ok(());
        };
        let action = action.name();
        tracing::warn!(app_id, level = level.name(), action, rule, "forbidden");
        let app = if app_id.is_empty() {
            "an app without a name"
        } else {
            app_id
        };
        let reason = reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        let message = format!(
            "{action} is forbidden to {app} ({}) by {rule}{reason}",
            level.name()
        );
        Err(Error::new(Reason::Forbidden, message))
    }

    /// The same for an importer that has still to show who it is: whether it may if it shows its best.
    pub(super) fn may_ever_import(&self, app_id: &str) -> Result<(), Error> {
        self.permit(Action::Import, app_id, Assurance::Sandboxed)
    }
}
