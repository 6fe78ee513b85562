//! Where shared web credentials are kept: the trait, and what it speaks of. Serves design §7, "Store".
//!
//! The key of a credential is its site and its account. A credential may be kept in several items, one
//! for each form of the site in which the browser learned it; the trait speaks of credentials, and an
//! adapter keeps their items alike. Nothing here decides whether an app may ask: that has been settled
//! before a store is called.

#[cfg(test)]
mod contract;
mod epiphany;
mod error;
mod file;
mod login;
mod memory;
mod secret_service;

use async_trait::async_trait;
use credex_protocol::wire::AppIdentity;

use super::domain::Site;
use crate::caller::Process;

pub use error::StoreError;
pub use file::{FileStore, PassphraseQuestion, Passphrases, Purpose};
pub use login::{Comparison, Found, Login, LoginError, Password, PasswordError, Saved};
pub use memory::Memory;
pub use secret_service::{Patience, SecretService};

/// On whose behalf a store asks the person something of its own: to unlock it, or for its passphrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking {
    /// The app's process, and what it is taken for.
    pub app: Option<(Process, AppIdentity)>,
    /// The app's window, as in `Export.RequestExport`; empty if it has none.
    pub parent_window: String,
    /// An XDG activation token.
    pub activation_token: Option<String>,
}

/// Keeps web credentials. Every call may wait for the person to unlock the store; to drop its future takes
/// that question back. A write is whole or not there, also if either side is killed in the middle of it.
#[async_trait]
pub trait Store: Send + Sync {
    /// What people call it, for example `the keyring of this session`.
    fn name(&self) -> &'static str;

    /// The credentials of `sites`, or those of one `account`, without their passwords: by site in the
    /// order of `sites`, then by account.
    ///
    /// # Errors
    /// The store cannot be read: a locked store is not an empty one.
    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError>;

    /// The password of one credential. Where its items differ, that of the item that was changed last.
    ///
    /// # Errors
    /// There is no such credential any more, or the store cannot be read.
    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError>;

    /// Whether `login` is stored as it is: in all items of its account.
    ///
    /// # Errors
    /// The store cannot be read.
    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError>;

    /// Adds `login`, or gives its password to every item of its account, whatever is there.
    ///
    /// # Errors
    /// As [`put_over`](Self::put_over).
    async fn put(&self, login: &Login, asking: &Asking) -> Result<Saved, StoreError> {
        self.put_over(None, login, asking).await
    }

    /// The same, if what is stored still compares to `login` as `before`, which is what the person agreed to, or
    /// has become the same. There is never a second item for what is already there. Returns once the
    /// store has confirmed it, and holds it when read again.
    ///
    /// # Errors
    /// `Changed`: it compares otherwise by now, and nothing was written. The store cannot be written, and
    /// holds either what it held or `login`; calling again is safe.
    async fn put_over(
        &self,
        before: Option<Comparison>,
        login: &Login,
        asking: &Asking,
    ) -> Result<Saved, StoreError>;

    /// Removes every item of one account of one site. Returns whether there was any.
    ///
    /// # Errors
    /// The store cannot be written, and holds what is left of it; calling again is safe.
    async fn delete(&self, site: &Site, account: &str, asking: &Asking)
    -> Result<bool, StoreError>;
}
