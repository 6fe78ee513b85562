//! The stages in front of the store: who is calling, do the rules allow it, is the domain declared,
//! has the person said never, does the site name the app.

use credex_protocol::Reason;
use credex_protocol::names::WEB_CREDENTIALS_GROUP;

use super::{App, Calls, Freshness, Refusal, Stage, Word};
use crate::caller::Assurance;
use crate::policy::{Action, Verdict};
use crate::web_credentials::domain::{Domains, Pattern, Site};

impl Calls {
    /// Whether the app may have anything to do with passwords of sites.
    ///
    /// # Errors
    /// Nothing shows that it is an app, or a rule forbids it.
    pub(super) fn vouch(&self, app: &App) -> Result<(), Refusal> {
        let denied = |message| Refusal::new(Stage::Identity, Reason::AccessDenied, message);
        let (app_id, level) = (&app.identity.app_id, app.identity.assurance);
        if app_id.is_empty() {
            let message = "it is not known which app this is; say so with app_id";
            return Err(denied(message.to_owned()));
        }
        if level < Assurance::Installed && !self.is_for_developers() {
            return Err(denied(format!(
                "nothing shows that this program is {app_id}: install it for all users, or as a \
                 Flatpak or snap; for an app in the making, turn developer mode on"
            )));
        }
        match self.policy.judge(Action::WebCredentials, app_id, level) {
            Verdict::Allowed => Ok(()),
            Verdict::Forbidden { rule, reason } => {
                let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
                let message = format!(
                    "passwords of websites are forbidden to {app_id} ({}) by {rule}{reason}",
                    level.name()
                );
                Err(Refusal {
                    rule: Some(rule),
                    ..Refusal::new(Stage::Policy, Reason::Forbidden, message)
                })
            }
        }
    }

    /// What the app declares.
    pub(super) fn domains(&self, app: &App) -> Domains {
        let elements = app.domains.iter().flatten().map(String::as_str);
        Domains::declared(elements, self.mode).0
    }

    /// Whether the app declares `site`.
    #[must_use]
    pub fn declares(&self, app: &App, site: &Site) -> bool {
        self.domains(app).covering(site).is_some()
    }

    /// Goes through the stages of one site.
    ///
    /// # Errors
    /// One of them says no.
    pub(super) async fn admit(&self, app: &App, site: &Site) -> Result<(), Refusal> {
        let app_id = &app.identity.app_id;
        let declared = self.domains(app);
        let pattern = covering(&declared, app_id, site)?;
        self.is_not_forbidden_for_good(app_id, site)?;
        let asked = self
            .ports
            .sites
            .statement(pattern.answered_by(), app_id, Freshness::Cached);
        believe(asked.await.word)
    }

    /// Whether the person has said *never*.
    pub(super) fn is_not_forbidden_for_good(
        &self,
        app_id: &str,
        site: &Site,
    ) -> Result<(), Refusal> {
        let refused = |reason, message| Err(Refusal::new(Stage::Decision, reason, message));
        match self.ports.decisions.is_never(app_id, site.host()) {
            Ok(true) => refused(
                Reason::Never,
                format!(
                    "the person said that {app_id} is never to use passwords of {host}; `credex web \
                     forget {app_id} {host}` takes that back",
                    host = site.host()
                ),
            ),
            Ok(false) => Ok(()),
            // A never may be among what cannot be read.
            Err(error) => refused(
                Reason::Internal,
                format!("what the person decided cannot be read: {error}"),
            ),
        }
    }
}

/// The declared domain by which the app means `site`.
pub(super) fn covering<'d>(
    declared: &'d Domains,
    app_id: &str,
    site: &Site,
) -> Result<&'d Pattern, Refusal> {
    declared.covering(site).ok_or_else(|| {
        let message = format!(
            "{app_id} does not declare {site}: add it to Domains= in [{WEB_CREDENTIALS_GROUP}] of its \
             desktop entry"
        );
        Refusal::new(Stage::Declaration, Reason::NotDeclared, message)
    })
}

pub(super) fn believe(word: Word) -> Result<(), Refusal> {
    match word {
        Word::Named => Ok(()),
        Word::NotNamed(message) => Err(Refusal::new(
            Stage::Association,
            Reason::NotAssociated,
            message,
        )),
        Word::Unreachable {
            url,
            status,
            message,
        } => Err(Refusal {
            url: Some(url),
            status,
            ..Refusal::new(Stage::Association, Reason::SiteUnreachable, message)
        }),
    }
}
