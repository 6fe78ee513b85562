//! What the service tells of itself, and of who takes credentials. Serves `org.credex.Exchange1.Status`.
//!
//! The person sees all of it. An app in a sandbox is told what it needs in order to export or import, and
//! nothing from which it could learn which other apps there are, or how well the service is protected.

use credex_protocol::Error;
use credex_protocol::wire::{Counts, ImporterInfo, ServiceStatus};
use zbus::names::UniqueName;

use super::Desk;
use crate::protections::MEMORY_LOCKED;
use crate::providers::to_info;

/// Why keys are not locked into memory.
const UNLOCKED: &str = "the limit of locked memory (ulimit -l) is too low";

impl Desk {
    /// Every importing provider, and what is wrong with desktop entries. To an app in a sandbox: itself,
    /// and what is wrong with its own.
    ///
    /// # Errors
    /// The caller is denied.
    pub async fn list_providers(
        &self,
        sender: &UniqueName<'_>,
    ) -> Result<(Vec<ImporterInfo>, Vec<String>), Error> {
        let caller = self.admit(sender).await?;
        match caller.evidence.confined_as() {
            Some(app_id) => Ok(self.itself(app_id, sender)),
            None => Ok(self.everybody()),
        }
    }

    /// How the service is. To an app in a sandbox: the largest payload that it may deposit.
    ///
    /// # Errors
    /// The caller is denied.
    pub async fn status(&self, sender: &UniqueName<'_>) -> Result<ServiceStatus, Error> {
        let caller = self.admit(sender).await?;
        Ok(match caller.is_confined() {
            true => ServiceStatus {
                payload_limit: Some(self.config.limits.payload),
                ..ServiceStatus::default()
            },
            false => self.whole_status(),
        })
    }

    fn everybody(&self) -> (Vec<ImporterInfo>, Vec<String>) {
        let (catalogue, none) = (self.ports.providers.catalogue(), Counts::new());
        let installed = catalogue
            .importers()
            .map(|importer| to_info(importer, &none));
        let mut infos: Vec<ImporterInfo> = installed.collect();
        let floor = self.floor();
        let running = floor.announced.listed();
        infos.extend(running.map(|(_, running)| running.to_info(&none)));
        let problems = catalogue.problems().map(str::to_owned);
        (infos, problems.collect())
    }

    /// The app `app_id` alone, as it is installed and as it announced itself at `name`.
    fn itself(&self, app_id: &str, name: &UniqueName<'_>) -> (Vec<ImporterInfo>, Vec<String>) {
        let (catalogue, none) = (self.ports.providers.catalogue(), Counts::new());
        let installed = catalogue.importer(app_id).map(|importer| ImporterInfo {
            // It may name another app.
            conflict: None,
            ..to_info(importer, &none)
        });
        let floor = self.floor();
        let running = floor.announced.get(name).filter(|running| running.listed);
        let running = running.map(|running| running.to_info(&none));
        let problems = catalogue.problems_of(app_id).map(str::to_owned);
        (
            installed.into_iter().chain(running).collect(),
            problems.collect(),
        )
    }

    fn whole_status(&self) -> ServiceStatus {
        let files = self.config.files.iter();
        match self.custody.is_locked() {
            true => self.ports.protections.hold(MEMORY_LOCKED),
            false => self.ports.protections.lack(MEMORY_LOCKED, UNLOCKED),
        }
        let floor = self.floor();
        ServiceStatus {
            program_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            exchanges: u32::try_from(floor.exchanges.len()).ok(),
            states: Some(floor.states()),
            memory_locked: Some(self.custody.is_locked()),
            undumpable: Some(crate::process::is_undumpable()),
            payload_limit: Some(self.config.limits.payload),
            session_limit: Some(self.config.limits.exchanges),
            idle_exit: Some(self.config.seconds.idle),
            configuration: Some(files.map(|file| file.display().to_string()).collect()),
            protections: Some(self.ports.protections.to_wire()),
        }
    }
}
