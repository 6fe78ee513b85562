//! Whether an app may touch a password that it shares with its website. Serves
//! `Chooser1.AskConsent`; design §7.

use credex_protocol::wire::{ConsentRequest, ConsentResults, response};

use super::App;
use crate::hostile;

/// Why a consent cannot be put to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// There is nothing like it.
    #[error("kind is {0:?}: it must be add, update, delete or choose")]
    Kind(String),
    /// What is it about?
    #[error("the request names no domain: give the website it is about")]
    NoDomain,
    /// A port that there is not.
    #[error("port is {0}: it must be between 1 and 65535")]
    Port(u32),
    /// Too many accounts, or too few.
    #[error("{0} accounts do not fit the kind: one, or for choose at least one")]
    Accounts(usize),
}

/// An account, by what the person signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    raw: String,
    /// Its name, safe to show; empty if it has none.
    pub name: String,
}

/// What the app wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Save a password.
    Add(Account),
    /// Put another in the place of one that is saved.
    Update(Account),
    /// Delete one that is saved.
    Delete(Account),
    /// Get one of those that are saved. Never empty.
    Choose(Vec<Account>),
}

/// The question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who asks.
    pub app: App,
    /// What for.
    pub act: Act,
    /// The website: its domain, and the port where it is not the standard one. Safe to show.
    pub site: String,
    /// Developer mode is on, and must be shown.
    pub developer: bool,
    /// XDG activation token, for a front end with windows.
    pub activation_token: Option<String>,
}

/// What the person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; for [`Act::Choose`] with this account.
    Agreed(Option<Account>),
    /// No, this time.
    NotNow,
    /// No, and do not ask again for this app and domain.
    Never,
}

impl Consent {
    /// Reads the question, and makes its texts safe to show.
    ///
    /// # Errors
    /// Something that it cannot do without is missing or makes no sense.
    pub fn parse(request: ConsentRequest) -> Result<Consent, ConsentError> {
        let domain = request.domain.filter(|domain| !domain.is_empty());
        let domain = domain.ok_or(ConsentError::NoDomain)?;
        let accounts = request.accounts.unwrap_or_default();
        let accounts = accounts.into_iter().map(Account::new).collect();
        Ok(Consent {
            app: App::parse(request.app.unwrap_or_default()),
            act: act(&request.kind.unwrap_or_default(), accounts)?,
            site: site(&domain, request.port)?,
            developer: request.developer.unwrap_or_default(),
            activation_token: request.activation_token,
        })
    }

    /// The accounts that it is about: one, or the candidates.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        match &self.act {
            Act::Add(one) | Act::Update(one) | Act::Delete(one) => std::slice::from_ref(one),
            Act::Choose(candidates) => candidates,
        }
    }
}

fn act(kind: &str, mut accounts: Vec<Account>) -> Result<Act, ConsentError> {
    let wrong = ConsentError::Accounts(accounts.len());
    match (kind, accounts.len(), accounts.pop()) {
        ("choose", _, Some(last)) => {
            accounts.push(last);
            Ok(Act::Choose(accounts))
        }
        ("add", 1, Some(one)) => Ok(Act::Add(one)),
        ("update", 1, Some(one)) => Ok(Act::Update(one)),
        ("delete", 1, Some(one)) => Ok(Act::Delete(one)),
        ("add" | "update" | "delete" | "choose", ..) => Err(wrong),
        (other, ..) => Err(ConsentError::Kind(other.to_owned())),
    }
}

fn site(domain: &str, port: Option<u32>) -> Result<String, ConsentError> {
    let domain = hostile::domain(domain);
    match port {
        None => Ok(domain),
        Some(port @ 1..=65535) => Ok(format!("{domain}:{port}")),
        Some(port) => Err(ConsentError::Port(port)),
    }
}

impl Account {
    fn new(raw: String) -> Account {
        let name = hostile::name(&raw);
        Account { raw, name }
    }

    /// Whether a script that writes `text` means this account.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        self.raw == text
    }
}

impl Verdict {
    /// As `AskConsent` returns it.
    #[must_use]
    pub fn into_wire(self) -> (u32, ConsentResults) {
        let account = |account| ConsentResults { account };
        match self {
            Verdict::Agreed(chosen) => (response::DONE, account(chosen.map(|it| it.raw))),
            Verdict::NotNow => (response::DECLINED, account(None)),
            Verdict::Never => (response::NEVER, account(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: &str, accounts: &[&str]) -> ConsentRequest {
        ConsentRequest {
            kind: Some(kind.into()),
            domain: Some("example.org".into()),
            accounts: Some(accounts.iter().map(|&each| each.into()).collect()),
            ..ConsentRequest::default()
        }
    }

    #[test]
    fn a_consent_is_about_one_account_or_about_a_choice_of_some() {
        for kind in ["add", "update", "delete"] {
            assert_eq!(
                Consent::parse(request(kind, &["alice"]))
                    .unwrap()
                    .accounts()
                    .len(),
                1
            );
            for wrong in [&[][..], &["alice", "bob"]] {
                assert_eq!(
                    Consent::parse(request(kind, wrong)),
                    Err(ConsentError::Accounts(wrong.len()))
                );
            }
        }
        assert_eq!(
            Consent::parse(request("choose", &[])),
            Err(ConsentError::Accounts(0))
        );
        let two = Consent::parse(request("choose", &["alice", "bob"])).unwrap();
        let names: Vec<_> = two.accounts().iter().map(|each| &each.name).collect();
        assert_eq!(names, ["alice", "bob"]);
    }

    #[test]
    fn a_consent_to_something_unheard_of_is_not_asked_for() {
        assert_eq!(
            Consent::parse(request("share", &["alice"])),
            Err(ConsentError::Kind("share".into()))
        );
        let nowhere = ConsentRequest {
            domain: None,
            ..request("add", &["alice"])
        };
        assert_eq!(Consent::parse(nowhere), Err(ConsentError::NoDomain));
    }

    #[test]
    fn a_port_is_part_of_the_site() {
        let at = |port| {
            let request = ConsentRequest {
                port,
                ..request("add", &["alice"])
            };
            Consent::parse(request).map(|consent| consent.site)
        };
        assert_eq!(at(None).unwrap(), "example.org");
        assert_eq!(at(Some(8443)).unwrap(), "example.org:8443");
        assert_eq!(at(Some(0)), Err(ConsentError::Port(0)));
        assert_eq!(at(Some(65536)), Err(ConsentError::Port(65536)));
    }

    #[test]
    fn the_account_goes_back_as_it_came() {
        let consent = Consent::parse(request("choose", &["a\u{202e}lice"])).unwrap();
        let account = consent.accounts()[0].clone();
        assert_eq!(account.name, "a�lice");
        let (response, results) = Verdict::Agreed(Some(account)).into_wire();
        assert_eq!(response, response::DONE);
        assert_eq!(results.account.as_deref(), Some("a\u{202e}lice"));
    }
}
