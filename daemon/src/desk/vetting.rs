//! Whether whoever answers an offer is the app that the person chose, and how sure that is. Serves
//! design §5 and "Which answer for which token" of `protocol/README.md`.

use super::Desk;
use super::reaching::{Unreachable, Way};
use super::record::{ExchangeId, Target};
use crate::audit::Party;
use crate::caller::{Assurance, Caller, Identity};
use crate::policy::Action;

impl Desk {
    /// How sure we are of `caller`, which acknowledged the offer of an exchange. `None` if that has
    /// ended meanwhile.
    pub(super) fn vet(
        &self,
        id: ExchangeId,
        caller: &Caller,
        way: Way,
    ) -> Result<Option<Assurance>, Unreachable> {
        let Some((app_id, is_installed)) = self.chosen(id) else {
            return Ok(None);
        };
        let catalogue = is_installed.then(|| self.ports.providers.catalogue());
        let importer = catalogue.as_deref();
        let importer = importer.and_then(|catalogue| catalogue.importer(&app_id));
        let confined_as = importer.and_then(|importer| importer.confined_as.as_deref());
        let claim = confined_as.unwrap_or(&app_id);
        let identity = caller.identity(claim);
        let identity = identity.map_err(|denial| Unreachable::new(denial.to_string()))?;
        if confined_as.is_some() && identity.assurance != Assurance::Sandboxed {
            let why = format!(
                "{app_id} is installed in a sandbox, and the program that answered for it is not in it"
            );
            return Err(Unreachable::new(why));
        }
        let level = match way {
            Way::Called => identity.assurance,
            Way::Launched => identity.assurance.max(Assurance::Launched),
        };
        let identity = Identity {
            assurance: level,
            ..identity
        };
        let permitted = self.permit(Action::Import, Party::caller(caller, &identity));
        permitted.map_err(|error| Unreachable(error.reason, error.message))?;
        Ok(Some(level))
    }

    /// The app that the person chose, and whether by its desktop entry.
    fn chosen(&self, id: ExchangeId) -> Option<(String, bool)> {
        let floor = self.floor();
        let agreement = floor.exchanges.get(&id)?.agreement.as_ref()?;
        let is_installed = matches!(agreement.target, Target::Installed(_));
        Some((agreement.target.app_id().to_owned(), is_installed))
    }
}
