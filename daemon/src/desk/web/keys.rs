//! The keys of `WebCredentials.GetKey` that wait for their one password.

use std::collections::HashMap;
use std::time::Duration;

use credex_protocol::{Error, Reason};
use zbus::names::{OwnedUniqueName, UniqueName};

use crate::clock::BootTime;
use crate::custody::PasswordKey;

/// How long a key waits.
const LIFE: Duration = Duration::from_secs(300);
/// Keys that may wait of one connection, and in all.
const OF_ONE: usize = 8;
const IN_ALL: usize = 256;

/// The keys that wait, by their number.
#[derive(Debug, Default)]
pub(in crate::desk) struct Keys(HashMap<u64, Waiting>);

#[derive(Debug)]
struct Waiting {
    of: OwnedUniqueName,
    key: PasswordKey,
    until: BootTime,
}

impl Keys {
    /// Keeps `key` for `of`; returns its number, which is not a secret.
    pub(super) fn keep(
        &mut self,
        of: &OwnedUniqueName,
        key: PasswordKey,
        now: BootTime,
    ) -> Result<u64, Error> {
        self.expire(now);
        let own = self.0.values().filter(|waiting| waiting.of == *of).count();
        if own >= OF_ONE || self.0.len() >= IN_ALL {
            let message = format!(
                "{own} keys of this caller wait for a password, and {} in all: use them, or wait",
                self.0.len()
            );
            return Err(Error::new(Reason::QuotaExceeded, message));
        }
        let id = loop {
            let (id, _) = uuid::Uuid::new_v4().as_u64_pair();
            if id != super::KEY_OF_THE_CALL && !self.0.contains_key(&id) {
                break id;
            }
        };
        let waiting = Waiting {
            of: of.clone(),
            key,
            until: now.after(LIFE),
        };
        self.0.insert(id, waiting);
        Ok(id)
    }

    /// Takes the key out, if it is one of `of`.
    pub(super) fn take(
        &mut self,
        of: &OwnedUniqueName,
        id: u64,
        now: BootTime,
    ) -> Option<PasswordKey> {
        self.expire(now);
        if self.0.get(&id)?.of != *of {
            return None;
        }
        self.0.remove(&id).map(|waiting| waiting.key)
    }

    /// Wipes what is too old.
    pub(in crate::desk) fn expire(&mut self, now: BootTime) {
        self.0.retain(|_, waiting| waiting.until > now);
    }

    /// Wipes what `name` had.
    pub(in crate::desk) fn forget(&mut self, name: &UniqueName<'_>) {
        self.0.retain(|_, waiting| waiting.of != *name);
    }

    /// When the next one is too old.
    pub(in crate::desk) fn first_deadline(&self) -> Option<BootTime> {
        self.0.values().map(|waiting| waiting.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custody::Custody;

    const NOW: BootTime = BootTime(1_000);

    fn name(name: &'static str) -> OwnedUniqueName {
        UniqueName::from_static_str_unchecked(name).into()
    }

    fn kept(keys: &mut Keys, of: &str) -> Result<u64, Error> {
        let of = UniqueName::try_from(of.to_owned()).unwrap().into();
        keys.keep(&of, Custody::default().open_inbox().unwrap(), NOW)
    }

    #[test]
    fn a_key_serves_its_caller_once_and_for_a_while() {
        let mut keys = Keys::default();
        let (one, two) = (
            kept(&mut keys, ":1.1").unwrap(),
            kept(&mut keys, ":1.1").unwrap(),
        );
        assert!(keys.take(&name(":1.2"), one, NOW).is_none());
        assert!(keys.take(&name(":1.1"), one, NOW).is_some());
        assert!(keys.take(&name(":1.1"), one, NOW).is_none());
        assert_eq!(keys.first_deadline(), Some(NOW.after(LIFE)));
        assert!(keys.take(&name(":1.1"), two, NOW.after(LIFE)).is_none());
        assert_eq!(keys.first_deadline(), None);
    }

    #[test]
    fn who_hoards_keys_takes_none_from_others_and_leaves_none() {
        let mut keys = Keys::default();
        for _ in 0..OF_ONE {
            kept(&mut keys, ":1.1").unwrap();
        }
        let error = kept(&mut keys, ":1.1").unwrap_err();
        assert_eq!(error.reason, Reason::QuotaExceeded);
        kept(&mut keys, ":1.2").unwrap();
        keys.forget(&name(":1.1"));
        assert_eq!(keys.0.len(), 1);
        for caller in 3..IN_ALL + 2 {
            kept(&mut keys, &format!(":1.{caller}")).unwrap();
        }
        assert!(kept(&mut keys, ":1.9999").is_err());
    }
}
