//! What an app asks for, read out of the arguments of the calls of `WebCredentials`. Pure: whatever is
//! not of its documented form is refused with the name of the argument.

use credex_protocol::Error;
use credex_protocol::envelope::PublicKey;
use credex_protocol::wire::{AddOptions, GenerateOptions, WebRequestOptions};

use crate::desk::request::{check_length, handle_token, invalid};
use crate::web_credentials::calls::{Place, Wanted};
use crate::web_credentials::domain::{Mode, Site};
use crate::web_credentials::generate::{Form, Rules};

const LONGEST_WINDOW: usize = 1024;
const LONGEST_TOKEN: usize = 4096;
const LONGEST_ACCOUNT: usize = 1024;

/// A well-formed `Add`, but for its password.
#[derive(Debug)]
pub(super) struct AddRequest {
    pub(super) place: Place,
    pub(super) site: Site,
    pub(super) account: String,
    pub(super) handle_token: String,
    pub(super) key_id: Option<u64>,
    /// What the caller says it is; empty if it says nothing.
    pub(super) app_id: String,
}

/// A well-formed `Request`.
#[derive(Debug)]
pub(super) struct PasswordRequest {
    pub(super) place: Place,
    pub(super) wanted: Wanted,
    pub(super) handle_token: String,
    pub(super) app_id: String,
}

impl AddRequest {
    pub(super) fn parse(
        parent_window: String,
        (domain, account): (String, String),
        options: AddOptions,
        mode: Mode,
    ) -> Result<AddRequest, Error> {
        Ok(AddRequest {
            place: place(parent_window, options.activation_token)?,
            site: site(&domain, mode)?,
            account: checked_account(account)?,
            handle_token: read_handle(options.handle_token)?,
            key_id: options.key_id,
            app_id: options.app_id.unwrap_or_default(),
        })
    }
}

impl PasswordRequest {
    pub(super) fn parse(
        parent_window: String,
        options: WebRequestOptions,
        mode: Mode,
    ) -> Result<PasswordRequest, Error> {
        let port = options.port.map(|port| match u16::try_from(port) {
            Ok(port @ 1..) => Ok(port),
            _ => Err(invalid("port", "must be 1 to 65535")),
        });
        let wanted = Wanted {
            site: options
                .domain
                .map(|domain| site(&domain, mode))
                .transpose()?,
            account: options.account.map(checked_account).transpose()?,
            port: port.transpose()?,
        };
        Ok(PasswordRequest {
            place: place(parent_window, options.activation_token)?,
            wanted,
            handle_token: read_handle(options.handle_token)?,
            app_id: options.app_id.unwrap_or_default(),
        })
    }
}

/// The website that is meant.
pub(super) fn site(domain: &str, mode: Mode) -> Result<Site, Error> {
    Site::parse(domain, mode).map_err(|error| invalid("domain:", &error.to_string()))
}

/// The caller's key.
pub(super) fn public_key(bytes: &[u8]) -> Result<PublicKey, Error> {
    PublicKey::from_bytes(bytes).map_err(|error| invalid("public_key:", &error.to_string()))
}

/// How a new password is to look.
pub(super) fn form(options: GenerateOptions) -> Result<Form, Error> {
    if let Some(rules) = options.rules {
        let rules = Rules::parse(&rules);
        return match rules {
            Ok(rules) => Ok(Form::Rules(rules)),
            Err(error) => Err(invalid("rules:", &error.to_string())),
        };
    }
    match options.format.as_deref() {
        None | Some("grouped") => Ok(Form::Classic),
        Some("strong") => Ok(Form::Typeable),
        Some(_) => Err(invalid("format", "must be grouped or strong")),
    }
}

pub(super) fn read_handle(token: Option<String>) -> Result<String, Error> {
    handle_token("handle_token", token)
}

fn place(parent_window: String, activation_token: Option<String>) -> Result<Place, Error> {
    check_length("parent_window", &parent_window, LONGEST_WINDOW)?;
    let token = activation_token.as_deref().unwrap_or_default();
    check_length("activation_token", token, LONGEST_TOKEN)?;
    Ok(Place {
        parent_window,
        activation_token,
    })
}

fn checked_account(account: String) -> Result<String, Error> {
    check_length("account", &account, LONGEST_ACCOUNT)?;
    match account.is_empty() || account.contains(char::is_control) {
        true => Err(invalid(
            "account",
            "must be 1 to 1024 bytes without control characters",
        )),
        false => Ok(account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credex_protocol::Reason;

    fn add(domain: &str, account: &str) -> Result<AddRequest, Error> {
        let arguments = (domain.to_owned(), account.to_owned());
        AddRequest::parse(
            String::new(),
            arguments,
            AddOptions::default(),
            Mode::Standard,
        )
    }

    #[test]
    fn a_domain_and_an_account_are_needed() {
        add("example.org:8443", "ada").unwrap();
        for (domain, account, named) in [
            ("", "ada", "domain: "),
            ("https://example.org", "ada", "domain: "),
            ("co.uk", "ada", "domain: "),
            ("localhost", "ada", "domain: "),
            ("example.org", "", "account "),
            ("example.org", "a\u{1b}[2J", "account "),
            ("example.org", &"a".repeat(1025), "account "),
        ] {
            let error = add(domain, account).unwrap_err();
            assert_eq!(error.reason, Reason::InvalidArgument);
            assert!(error.message.starts_with(named), "{error}");
        }
    }

    #[test]
    fn a_port_is_one_and_a_format_is_known() {
        let options = |port| WebRequestOptions {
            port: Some(port),
            ..WebRequestOptions::default()
        };
        let parse = |port| PasswordRequest::parse(String::new(), options(port), Mode::Standard);
        assert_eq!(parse(65535).unwrap().wanted.port, Some(65535));
        for port in [0, 65536] {
            assert!(parse(port).unwrap_err().message.starts_with("port "));
        }
        let format = |format: &str| {
            form(GenerateOptions {
                format: Some(format.to_owned()),
                rules: None,
            })
        };
        assert_eq!(format("strong").unwrap(), Form::Typeable);
        assert!(format("poem").unwrap_err().message.starts_with("format "));
    }
}
