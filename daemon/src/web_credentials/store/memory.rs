//! A store that lasts as long as the process. For `credex demo` and tests, which say so.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Asking, Comparison, Found, Login, Password, Saved, Store, StoreError};
use crate::web_credentials::domain::Site;

type Key = (Site, String);

/// Passwords in the memory of this process.
#[derive(Debug, Default)]
pub struct Memory {
    logins: Mutex<BTreeMap<Key, Password>>,
}

impl Memory {
    fn logins(&self) -> MutexGuard<'_, BTreeMap<Key, Password>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    fn name(&self) -> &'static str {
        "memory, until the service ends"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        _: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        let logins = self.logins();
        let of_site = |site| logins.keys().filter(move |(of, _)| of == site);
        let wanted = |found: &Found| account.is_none_or(|account| found.account == account);
        let found = sites.iter().flat_map(of_site).map(|(site, account)| Found {
            site: site.clone(),
            account: account.clone(),
        });
        Ok(found.filter(wanted).collect())
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        _: &Asking,
    ) -> Result<Password, StoreError> {
        let key = (site.clone(), account.to_owned());
        self.logins().get(&key).cloned().ok_or(StoreError::NotFound)
    }

    async fn compare(&self, login: &Login, _: &Asking) -> Result<Comparison, StoreError> {
        Ok(compare(&self.logins(), login))
    }

    async fn put_over(
        &self,
        before: Option<Comparison>,
        login: &Login,
        _: &Asking,
    ) -> Result<Saved, StoreError> {
        let mut logins = self.logins();
        compare(&logins, login).check(before)?;
        let key = (login.site().clone(), login.account().to_owned());
        Ok(match logins.insert(key, login.password().clone()) {
            None => Saved::Added,
            Some(_) => Saved::Updated,
        })
    }

    async fn delete(&self, site: &Site, account: &str, _: &Asking) -> Result<bool, StoreError> {
        let key = (site.clone(), account.to_owned());
        Ok(self.logins().remove(&key).is_some())
    }
}

fn compare(logins: &BTreeMap<Key, Password>, login: &Login) -> Comparison {
    let key = (login.site().clone(), login.account().to_owned());
    match logins.get(&key) {
        None => Comparison::Absent,
        Some(stored) if stored.is(login.password()) => Comparison::Same,
        Some(_) => Comparison::Different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_credentials::store::contract;

    #[tokio::test(flavor = "current_thread")]
    async fn memory_keeps_the_contract_of_a_store() {
        contract::holds(&Memory::default()).await;
    }
}
