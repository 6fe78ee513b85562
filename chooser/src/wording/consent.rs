//! Whether an app may touch a password that it shares with its website. Serves design §7.

use tr::tr;

use crate::model::{Account, Act, App, Consent};

/// The headline of the question.
#[must_use]
pub fn consent_headline(consent: &Consent) -> String {
    let (app, site) = (&consent.app.name, &consent.site);
    match &consent.act {
        Act::Add(_) => tr!("“{app}” wants to save a password for {site}.", app, site),
        Act::Update(_) => tr!(
            "“{app}” wants to change a saved password for {site}.",
            app,
            site
        ),
        Act::Delete(_) => tr!(
            "“{app}” wants to delete a saved password for {site}.",
            app,
            site
        ),
        Act::Choose(_) => tr!(
            "“{app}” wants to use a saved password for {site}.",
            app,
            site
        ),
    }
}

/// An account, by its name.
#[must_use]
pub fn account(account: &Account) -> String {
    match account.name.as_str() {
        "" => tr!("an account without a name"),
        name => name.to_owned(),
    }
}

/// What follows from agreeing.
#[must_use]
pub fn consequence(consent: &Consent) -> String {
    match &consent.act {
        Act::Add(_) => tr!(
            "It will be kept with your passwords, where your browser and other apps of this website find it."
        ),
        Act::Update(_) => tr!(
            "The password that is saved now will be replaced, for your browser, too. It cannot be brought back."
        ),
        Act::Delete(_) => {
            tr!("The password will be gone, for your browser, too. It cannot be brought back.")
        }
        Act::Choose(_) => tr!(
            "It will receive the password of the account that you choose, and can sign in as you."
        ),
    }
}

/// That developer mode is on, to be shown wherever it is.
#[must_use]
pub fn developer(app: &App) -> String {
    tr!(
        "Developer mode is on: “{}” may not be an app of this website at all.",
        app.name
    )
}

/// The labels of the three answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentWords {
    /// Agrees; names what happens.
    pub agree: String,
    /// Refuses this time.
    pub not_now: String,
    /// Refuses for good.
    pub never: String,
}

/// How the three answers are called, for buttons.
#[must_use]
pub fn consent_words(consent: &Consent) -> ConsentWords {
    ConsentWords {
        agree: match &consent.act {
            Act::Add(_) => tr!("Save password"),
            Act::Update(_) => tr!("Change password"),
            Act::Delete(_) => tr!("Delete password"),
            Act::Choose(_) => tr!("Use password"),
        },
        not_now: tr!("Not now"),
        never: tr!("Never"),
    }
}

/// The person agreed.
#[must_use]
pub fn agreed(app: &App) -> String {
    tr!("Agreed. “{}” has been told.", app.name)
}

/// The person said no; `for_good`: never.
#[must_use]
pub fn refused(consent: &Consent, for_good: bool) -> String {
    let (app, site) = (&consent.app.name, &consent.site);
    if for_good {
        tr!(
            "“{app}” will not ask again for {site}. To change that, use “credex web forget”.",
            app,
            site
        )
    } else {
        tr!("Not now. Nothing was changed.")
    }
}
