//! `WebCredentials.Request`: one saved password, which the person picks.

use credex_protocol::Reason;
use futures_util::future::join_all;

use super::admission::covering;
use super::{App, Calls, Place, Refusal, Stage};
use crate::chooser::Act;
use crate::web_credentials::domain::{Pattern, Site};
use crate::web_credentials::store::{Found, Password};

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only of this site; of every declared one without a wildcard if `None`.
    pub site: Option<Site>,
    /// Only of this account.
    pub account: Option<String>,
    /// Only of this port.
    pub port: Option<u16>,
}

/// What the person picked.
#[derive(Debug)]
pub struct Picked {
    /// The site.
    pub site: Site,
    /// The account. May be hostile text.
    pub account: String,
    /// Its password.
    pub password: Password,
}

impl Calls {
    /// Goes through all stages, each site for itself, and has the person pick one of what is saved. To
    /// drop the future takes the question back.
    ///
    /// # Errors
    /// A stage says no to every site; nothing is saved; the person says no.
    pub async fn request(
        &self,
        app: &App,
        place: &Place,
        wanted: &Wanted,
    ) -> Result<Picked, Refusal> {
        self.vouch(app)?;
        let (sites, refusals) = self.admitted(app, self.sites(app, wanted)?).await;
        if let (true, Some(first)) = (sites.is_empty(), refusals.first()) {
            return Err(first.1.clone());
        }
        let _turn = self.turn(app).await?;
        let asking = place.asking(app);
        let account = wanted.account.as_deref();
        let found = self.ports.store.find(&sites, account, &asking).await?;
        // Whoever had the turn before may have been told never.
        let allowed = |found: &Found| {
            let app_id = &app.identity.app_id;
            self.is_not_forbidden_for_good(app_id, &found.site).is_ok()
        };
        let found: Vec<Found> = found.into_iter().filter(allowed).collect();
        if found.is_empty() {
            return Err(nothing(&sites, account, &refusals));
        }
        let picked = self.pick(app, place, found).await?;
        let password = self
            .ports
            .store
            .password(&picked.site, &picked.account, &asking)
            .await?;
        // The person may have been asked to unlock the store again, and took their time.
        self.is_still(app).await?;
        Ok(Picked {
            site: picked.site,
            account: picked.account,
            password,
        })
    }

    /// Which sites are meant.
    fn sites(&self, app: &App, wanted: &Wanted) -> Result<Vec<Site>, Refusal> {
        let (declared, app_id) = (self.domains(app), &app.identity.app_id);
        let sites: Vec<Site> = match &wanted.site {
            Some(site) => {
                covering(&declared, app_id, site)?;
                vec![site.clone()]
            }
            None => {
                let exact = declared.iter().filter_map(|pattern| match pattern {
                    Pattern::Exact(site) => Some(site.clone()),
                    Pattern::Below(_) => None,
                });
                exact.collect()
            }
        };
        let fits = |site: &Site| wanted.port.is_none_or(|port| site.port().get() == port);
        let sites: Vec<Site> = sites.into_iter().filter(fits).collect();
        if sites.is_empty() {
            let port = wanted
                .port
                .map_or(String::new(), |port| format!(" of port {port}"));
            let message = format!(
                "{app_id} declares no domain{port} without a wildcard: name the one that is meant"
            );
            return Err(Refusal::new(
                Stage::Declaration,
                Reason::NotDeclared,
                message,
            ));
        }
        Ok(sites)
    }

    /// The sites to which no stage says no, and what is said to the others. All are asked at once.
    async fn admitted(&self, app: &App, sites: Vec<Site>) -> (Vec<Site>, Vec<(Site, Refusal)>) {
        let asked = sites.iter().map(|site| self.admit(app, site));
        let answers = join_all(asked).await;
        let (mut admitted, mut refused) = (Vec::new(), Vec::new());
        for (site, answer) in sites.into_iter().zip(answers) {
            match answer {
                Ok(()) => admitted.push(site),
                Err(refusal) => refused.push((site, refusal)),
            }
        }
        (admitted, refused)
    }

    /// Has the person pick one. Where the candidates are of several sites, each is shown with its own.
    async fn pick(&self, app: &App, place: &Place, found: Vec<Found>) -> Result<Found, Refusal> {
        let mut sites: Vec<Site> = found.iter().map(|found| found.site.clone()).collect();
        sites.dedup();
        let label = |found: &Found| match sites.as_slice() {
            [_] => found.account.clone(),
            _ => format!("{} ({})", found.account, found.site),
        };
        let act = Act::Choose(found.iter().map(label).collect());
        let chosen = self.consent(app, place, &sites, act).await?;
        let picked = found.into_iter().find(|found| label(found) == chosen);
        picked.ok_or_else(|| {
            let message = "the chooser named an account that was not offered";
            Refusal::new(Stage::Consent, Reason::ChooserFailed, message)
        })
    }
}

/// Nothing fits. What was left out is told, too.
fn nothing(sites: &[Site], account: Option<&str>, refusals: &[(Site, Refusal)]) -> Refusal {
    let names: Vec<String> = sites.iter().map(ToString::to_string).collect();
    let account = account.map_or(String::new(), |account| format!(" of {account:?}"));
    let mut message = format!("no password{account} is saved for {}", names.join(", "));
    for (site, refusal) in refusals {
        message += &format!("; {site} was left out: {}", refusal.error.message);
    }
    Refusal::new(Stage::Store, Reason::NoCredential, message)
}
