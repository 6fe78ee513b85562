//! The store of a session: its Secret Service where there is one, else the encrypted file, whose
//! passphrase the chooser asks for. Serves design §7, "Store".
//!
//! The file is for sessions that have no Secret Service at all. Where one was there and is away, because it
//! crashed or was ended, to go on with the file would split the passwords over two stores: that is an
//! error, which says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use credex_protocol::Passphrase;

use super::domain::Site;
use super::private_directory::Turn;
use super::store::{
    Asking, Comparison, FileStore, Found, Login, PassphraseQuestion, Passphrases, Password,
    Purpose, Saved, SecretService, Store, StoreError,
};
use crate::chooser::{self, Chooser};

/// The name of an empty file that says that there was a Secret Service.
const MARK: &str = "keyring-seen";

/// Looks at each call which of the two it is: a keyring may be started later than the service.
pub struct SessionStore {
    bus: zbus::Connection,
    keyring: SecretService,
    file: FileStore,
    sighting: Sighting,
}

/// Whether a Secret Service has been seen in this session.
#[derive(Debug)]
pub struct Sighting {
    seen: AtomicBool,
    /// Where [`MARK`] is once it was, so that it is remembered when this service, which leaves when it is idle, comes
    /// back.
    directory: Option<PathBuf>,
}

impl SessionStore {
    /// The keyring of `bus`, or `file` if there is none and `sighting` knows of none.
    #[must_use]
    pub fn new(
        bus: zbus::Connection,
        keyring: SecretService,
        file: FileStore,
        sighting: Sighting,
    ) -> SessionStore {
        SessionStore {
            bus,
            keyring,
            file,
            sighting,
        }
    }

    async fn there(&self) -> Result<&dyn Store, StoreError> {
        let is_there = SecretService::is_there(&self.bus).await;
        if is_there.map_err(|error| StoreError::Unavailable(error.to_string()))? {
            self.sighting.note();
            return Ok(&self.keyring);
        }
        match self.sighting.was() {
            true => Err(StoreError::Away),
            false => Ok(&self.file),
        }
    }
}

impl Sighting {
    /// Remembered in `directory`, which ends with the session; without one, as long as this process lives.
    #[must_use]
    pub fn new(directory: Option<PathBuf>) -> Sighting {
        Sighting {
            seen: AtomicBool::new(false),
            directory,
        }
    }

    fn was(&self) -> bool {
        let marked = |directory: &PathBuf| directory.join(MARK).try_exists().unwrap_or(true);
        self.seen.load(Ordering::Relaxed) || self.directory.as_ref().is_some_and(marked)
    }

    fn note(&self) {
        if self.seen.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(directory) = &self.directory
            && let Err(error) = Turn::take(directory).and_then(|turn| turn.replace(MARK, b""))
        {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "it will not be remembered that there was a keyring");
        }
    }
}

#[async_trait]
impl Store for SessionStore {
    fn name(&self) -> &'static str {
        "the passwords of this session"
    }

    async fn find(
        &self,
        sites: &[Site],
        account: Option<&str>,
        asking: &Asking,
    ) -> Result<Vec<Found>, StoreError> {
        self.there().await?.find(sites, account, asking).await
    }

    async fn password(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<Password, StoreError> {
        self.there().await?.password(site, account, asking).await
    }

    async fn compare(&self, login: &Login, asking: &Asking) -> Result<Comparison, StoreError> {
        self.there().await?.compare(login, asking).await
    }

    async fn put_over(
        &self,
        before: Option<Comparison>,
        login: &Login,
        asking: &Asking,
    ) -> Result<Saved, StoreError> {
        self.there().await?.put_over(before, login, asking).await
    }

    async fn delete(
        &self,
        site: &Site,
        account: &str,
        asking: &Asking,
    ) -> Result<bool, StoreError> {
        self.there().await?.delete(site, account, asking).await
    }
}

/// Has the chooser ask for the passphrase of the file.
pub struct AskedPassphrases {
    /// Asks.
    pub chooser: Arc<dyn Chooser>,
    /// How long the person may take. Meanwhile every app waits that needs the file, and one may have them
    /// asked where they are not.
    pub patience: Duration,
}

#[async_trait]
impl Passphrases for AskedPassphrases {
    async fn ask(&self, question: PassphraseQuestion) -> Result<Option<Passphrase>, String> {
        let asking = question.asking;
        let Some((asker, app)) = asking.app else {
            return Err("it is not known for which app".to_owned());
        };
        let question = chooser::PassphraseQuestion {
            asker,
            app,
            parent_window: asking.parent_window,
            purpose: match question.purpose {
                Purpose::Open => chooser::Purpose::Open,
                Purpose::Create => chooser::Purpose::Create,
            },
            store: question.store.to_owned(),
            attempt: question.attempt,
            activation_token: asking.activation_token,
        };
        let answer = tokio::time::timeout(self.patience, self.chooser.passphrase(question)).await;
        let late = |_| {
            let seconds = self.patience.as_secs();
            format!("the person was asked for its passphrase, and did not answer for {seconds} s")
        };
        answer.map_err(late)?.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use credex_protocol::wire::{AppIdentity, FinishedDetails, ProgressDetails};
    use tokio::sync::mpsc::UnboundedSender;

    use super::*;
    use crate::caller::Process;
    use crate::chooser::{Answer, ChooserError, Consent, Question, Verdict};

    /// A question on a terminal that nobody looks at.
    struct Unseen;

    #[async_trait]
    impl Chooser for Unseen {
        async fn ask(&self, _: Question) -> Result<Answer, ChooserError> {
            std::future::pending().await
        }

        async fn consent(&self, _: Consent) -> Result<Verdict, ChooserError> {
            std::future::pending().await
        }

        async fn passphrase(
            &self,
            _: chooser::PassphraseQuestion,
        ) -> Result<Option<Passphrase>, ChooserError> {
            std::future::pending().await
        }

        async fn progress(&self, _: &str, _: &str, _: ProgressDetails) {}

        async fn finished(&self, _: &str, _: &str, _: FinishedDetails) {}

        fn on_cancel(&self, _: UnboundedSender<String>) {}
    }

    #[tokio::test]
    async fn a_passphrase_that_nobody_types_is_not_waited_for_without_end() {
        let asked = AskedPassphrases {
            chooser: Arc::new(Unseen),
            patience: Duration::from_millis(1),
        };
        let process = Process { pid: 1, started: 1 };
        let question = PassphraseQuestion {
            purpose: Purpose::Open,
            store: "a file",
            attempt: 1,
            asking: Asking {
                app: Some((process, AppIdentity::default())),
                ..Asking::default()
            },
        };
        let error = asked.ask(question).await.unwrap_err();
        assert!(error.contains("did not answer"), "{error}");
    }
}
