//! What protects the service, and what this system does not offer: found out once, logged as a warning
//! where something lacks, and shown by `Status.GetStatus`. Serves design §5.
//!
//! Nothing is weakened in silence: whatever could not be had stays here, with the reason.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The service's own filter of system calls.
pub const SECCOMP: &str = "seccomp";
/// No program that it could run gives privileges.
pub const NO_NEW_PRIVILEGES: &str = "no-new-privileges";
/// Neither debuggers nor other processes of the user look into its memory.
pub const UNDUMPABLE: &str = "undumpable";
/// It leaves no core dump.
pub const CORE_LIMIT: &str = "core-limit";
/// Keys are locked into memory.
pub const MEMORY_LOCKED: &str = "memory-locked";
/// It runs in its hardened unit, and starts others from outside of it.
pub const UNIT: &str = "unit";
/// It changes no files but its own.
pub const LANDLOCK: &str = "landlock";
/// It is alone in a user namespace, where it could have no power over the system.
pub const USER_NAMESPACE: &str = "user-namespace";
/// Who looks at callers for it, from outside of that, is confined by its unit and by itself.
pub const WITNESS: &str = "witness";
/// The fetcher has confined itself.
pub const FETCHER: &str = "fetcher";
/// The fetcher runs in its hardened unit.
pub const FETCHER_UNIT: &str = "fetcher-unit";
/// What connects to sites for the fetcher has confined itself.
pub const DIALLER: &str = "dialler";
/// It runs in its hardened unit.
pub const DIALLER_UNIT: &str = "dialler-unit";

/// The value of what is in force. Any other says what is missing.
pub const IN_FORCE: &str = "in-force";

/// What is in force, by name, shared by all who find out.
#[derive(Debug, Clone, Default)]
pub struct Protections(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Protections {
    /// `name` is in force.
    pub fn hold(&self, name: &'static str) {
        self.lock().insert(name, IN_FORCE.to_owned());
    }

    /// `name` cannot be had, and `why`. Warns the first time.
    pub fn lack(&self, name: &'static str, why: &str) {
        let before = self.lock().insert(name, why.to_owned());
        if before.as_deref() != Some(why) {
            tracing::warn!("{name} protects less than it could: {why}");
        }
    }

    /// `name` is in force, unless it is an error.
    pub fn note(&self, name: &'static str, outcome: Result<(), impl std::fmt::Display>) {
        match outcome {
            Ok(()) => self.hold(name),
            Err(why) => self.lack(name, &why.to_string()),
        }
    }

    /// All that is known so far, for the wire.
    #[must_use]
    pub fn to_wire(&self) -> BTreeMap<String, String> {
        let known = self.lock();
        let each = known.iter();
        each.map(|(name, state)| ((*name).to_owned(), state.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // A map is whole after any panic that could happen above.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_why_until_it_is_there() {
        let protections = Protections::default();
        let told = protections.clone();
        protections.lack(SECCOMP, "this kernel has none");
        assert_eq!(told.to_wire()["seccomp"], "this kernel has none");
        protections.note(SECCOMP, Ok::<(), String>(()));
        assert_eq!(told.to_wire()["seccomp"], "in-force");
    }
}
