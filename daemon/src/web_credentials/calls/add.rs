//! `WebCredentials.Add`: add, change or delete one password.

use credex_protocol::Reason;

use super::{App, Ask, Calls, GoAhead, Outcome, Place, Refusal, Stage, Step, Wish, step};
use crate::chooser::Act;
use crate::web_credentials::domain::Site;
use crate::web_credentials::store::{Asking, Comparison, Login, Saved};
/// What is to become of the password of one account of one site.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is to be this.
    Save(Login),
    /// There is to be none.
    Delete {
        /// Of which site.
        site: Site,
        /// Of which account.
        account: String,
    },
}

impl Calls {
    /// Goes through all stages, and carries the change out if the person agrees. To drop the future
    /// calls it off, until `go_ahead` has said yes.
    ///
    /// # Errors
    /// A stage says no; nothing was changed then, unless the store says so.
    pub async fn add(
        &self,
        app: &App,
        place: &Place,
        change: &Change,
        go_ahead: GoAhead<'_>,
    ) -> Result<Outcome, Refusal> {
        self.vouch(app)?;
        self.admit(app, change.site()).await?;
        let asking = place.asking(app);
        if let Step::Settled(outcome) = self.look(change, &asking).await? {
            return Ok(outcome);
        }
        let _turn = self.turn(app).await?;
        // Whoever had the turn before may have changed it, or been told never.
        self.is_not_forbidden_for_good(&app.identity.app_id, change.site())?;
        let mut agreed = None;
        let agreed = loop {
            let ask = match self.look(change, &asking).await? {
                Step::Settled(outcome) => return Ok(outcome),
                Step::Consent(ask) => ask,
            };
            // A browser may have saved one meanwhile: who agreed to add did not agree to overwrite.
            if agreed == Some(ask) {
                break ask;
            }
            self.consent(app, place, change.sites(), change.act(ask))
                .await?;
            agreed = Some(ask);
        };
        // The look may have had the person unlock the store, who takes their time for that, too.
        self.is_still(app).await?;
        if !go_ahead() {
            let message = "it was called off";
            return Err(Refusal::new(Stage::Consent, Reason::Cancelled, message));
        }
        // That took a moment, too, and there is always one more: the store itself has the last look.
        self.carry_out(change, agreed, &asking).await
    }

    async fn look(&self, change: &Change, asking: &Asking) -> Result<Step, Refusal> {
        let store = &self.ports.store;
        Ok(match change {
            Change::Save(login) => step(Wish::Save, store.compare(login, asking).await?),
            Change::Delete { site, account } => {
                let sites = std::slice::from_ref(site);
                let found = store.find(sites, Some(account), asking).await?;
                let stored = match found.is_empty() {
                    true => Comparison::Absent,
                    false => Comparison::Different,
                };
                step(Wish::Delete, stored)
            }
        })
    }

    async fn carry_out(
        &self,
        change: &Change,
        agreed: Ask,
        asking: &Asking,
    ) -> Result<Outcome, Refusal> {
        let store = &self.ports.store;
        Ok(match change {
            Change::Save(login) => {
                let before = match agreed {
                    Ask::Add => Comparison::Absent,
                    Ask::Update | Ask::Delete => Comparison::Different,
                };
                match store.put_over(Some(before), login, asking).await? {
                    Saved::Added => Outcome::Added,
                    Saved::Updated => Outcome::Updated,
                }
            }
            Change::Delete { site, account } => match store.delete(site, account, asking).await? {
                true => Outcome::Deleted,
                false => Outcome::Absent,
            },
        })
    }
}

impl Change {
    fn site(&self) -> &Site {
        match self {
            Change::Save(login) => login.site(),
            Change::Delete { site, .. } => site,
        }
    }

    fn sites(&self) -> &[Site] {
        std::slice::from_ref(self.site())
    }

    fn act(&self, ask: Ask) -> Act {
        let account = self.account().to_owned();
        match ask {
            Ask::Add => Act::Add(account),
            Ask::Update => Act::Update(account),
            Ask::Delete => Act::Delete(account),
        }
    }

    fn account(&self) -> &str {
        match self {
            Change::Save(login) => login.account(),
            Change::Delete { account, .. } => account,
        }
    }
}
