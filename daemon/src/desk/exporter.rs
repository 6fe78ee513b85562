//! The exporter, as an exchange keeps it while it waits: what is still told of it, and no more of what
//! was found when it was looked at. Serves design §5.

use credex_protocol::wire::AppIdentity;
use zbus::names::OwnedUniqueName;

use crate::audit::Party;
use crate::caller::{Account, Caller, Identity};

/// An app that exports, and what the person was told of it, which the importer and the journal are told,
/// too.
#[derive(Debug)]
pub(super) struct ExportingApp {
    pub(super) unique_name: OwnedUniqueName,
    /// Whose quota is charged.
    pub(super) account: Account,
    pid: u32,
    identity: Identity,
    name: Option<Box<str>>,
    provider: Option<Box<str>>,
    conflict: Option<Box<str>>,
}

impl ExportingApp {
    /// `caller`, which was taken for `identity` and shown as `app`.
    pub(super) fn new(caller: &Caller, identity: Identity, app: &AppIdentity) -> ExportingApp {
        let kept = |text: &Option<String>| text.as_deref().map(Box::from);
        ExportingApp {
            unique_name: caller.unique_name.clone(),
            account: caller.account(),
            pid: caller.process.pid,
            identity,
            name: kept(&app.name),
            provider: kept(&app.provider),
            conflict: kept(&app.conflict),
        }
    }

    /// As it travels.
    pub(super) fn to_wire(&self) -> AppIdentity {
        let told = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        AppIdentity {
            app_id: Some(self.identity.app_id.clone()),
            name: told(&self.name),
            assurance: Some(self.identity.assurance.name().to_owned()),
            provider: told(&self.provider),
            origin: self.identity.origin.map(|origin| origin.name().to_owned()),
            conflict: told(&self.conflict),
        }
    }

    /// As it is put on record.
    pub(super) fn to_party(&self) -> Party {
        Party {
            app_id: self.identity.app_id.clone(),
            level: Some(self.identity.assurance),
            origin: self.identity.origin,
            pid: Some(self.pid),
            unique_name: Some(self.unique_name.to_string()),
        }
    }
}
