//! How many exchanges one app, and the whole session, may have at once. Every exchange is charged
//! when it begins and released when it ends, here and nowhere else. Serves design §3.

use std::collections::HashMap;
use std::hash::Hash;

/// Why a charge was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// The app has too many.
    #[error("this app has {0} exchanges going on, which is the most an app may have")]
    App(u32),
    /// The session has too many.
    #[error("there are {0} exchanges going on, which is the most there may be")]
    Session(u32),
}

/// Counts what is charged to whom. `K` names an app.
#[derive(Debug)]
pub struct Ledger<K> {
    per_app: u32,
    in_all: u32,
    charged: u32,
    apps: HashMap<K, u32>,
}

impl<K: Hash + Eq + Clone> Ledger<K> {
    /// Allows `per_app` exchanges to each app and `in_all` together.
    #[must_use]
    pub fn new(per_app: u32, in_all: u32) -> Ledger<K> {
        Ledger {
            per_app,
            in_all,
            charged: 0,
            apps: HashMap::new(),
        }
    }

    /// Charges one exchange to `app`.
    ///
    /// # Errors
    /// The app or the session has as many as it may; nothing is charged then.
    pub fn charge(&mut self, app: &K) -> Result<(), Exceeded> {
        if self.charged >= self.in_all {
            return Err(Exceeded::Session(self.in_all));
        }
        let count = self.apps.entry(app.clone()).or_insert(0);
        if *count >= self.per_app {
            return Err(Exceeded::App(self.per_app));
        }
        *count += 1;
        self.charged += 1;
        Ok(())
    }

    /// Gives one exchange of `app` back.
    pub fn release(&mut self, app: &K) {
        let Some(count) = self.apps.get_mut(app) else {
            return;
        };
        *count -= 1;
        self.charged -= 1;
        if *count == 0 {
            self.apps.remove(app);
        }
    }

    /// How many exchanges are charged.
    #[must_use]
    pub fn charged(&self) -> u32 {
        self.charged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_that_floods_leaves_room_for_the_others() {
        let mut ledger = Ledger::new(2, 3);
        assert_eq!(ledger.charge(&"flood"), Ok(()));
        assert_eq!(ledger.charge(&"flood"), Ok(()));
        assert_eq!(ledger.charge(&"flood"), Err(Exceeded::App(2)));
        assert_eq!(ledger.charge(&"calm"), Ok(()));
        assert_eq!(ledger.charge(&"third"), Err(Exceeded::Session(3)));
    }

    #[test]
    fn what_ends_is_given_back() {
        let mut ledger = Ledger::new(1, 1);
        for _ in 0..3 {
            assert_eq!(ledger.charge(&"app"), Ok(()));
            ledger.release(&"app");
        }
        assert_eq!((ledger.charged(), ledger.apps.len()), (0, 0));
    }
}
