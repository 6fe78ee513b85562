//! What an exporter asks for, read out of the arguments of `Export.RequestExport`. Pure: whatever is
//! not of its documented form is refused with the name of the option.

use credex_protocol::wire::{Counts, ExportOptions, Plan};
use credex_protocol::{Error, Reason, names};

use super::plan::Foreseen;
use super::record::Target;

const MOST_TYPES: usize = 64;
const MOST_VERSIONS: usize = 16;
const LONGEST_NAME: usize = 255;
const LONGEST_WINDOW: usize = 1024;

/// A well-formed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExportRequest {
    pub(super) parent_window: String,
    pub(super) activation_token: Option<String>,
    /// What the caller says it is; empty if it says nothing.
    pub(super) app_id: String,
    pub(super) provider: Option<String>,
    pub(super) format_versions: Vec<String>,
    pub(super) counts: Counts,
    pub(super) plan: Option<Foreseen>,
    pub(super) handle_token: String,
    pub(super) session_handle_token: String,
}

impl ExportRequest {
    /// Reads the arguments of the call.
    pub(super) fn parse(
        parent_window: String,
        options: ExportOptions,
    ) -> Result<ExportRequest, Error> {
        check_length("parent_window", &parent_window, LONGEST_WINDOW)?;
        check_length(
            "activation_token",
            options.activation_token.as_deref().unwrap_or(""),
            4096,
        )?;
        check_length(
            "for",
            options.provider.as_deref().unwrap_or(""),
            LONGEST_NAME,
        )?;
        let app_id = options.app_id.unwrap_or_default();
        if !app_id.is_empty() {
            check_app_id("app_id", &app_id)?;
        }
        let counts = options.counts.unwrap_or_default();
        check_types("counts", counts.keys())?;
        let plan = options.plan.map(|plan| Foreseen::parse(plan, &counts));
        Ok(ExportRequest {
            parent_window,
            activation_token: options.activation_token,
            app_id,
            provider: options.provider,
            format_versions: check_versions(options.format_versions)?,
            counts,
            plan: plan.transpose()?,
            handle_token: handle_token("handle_token", options.handle_token)?,
            session_handle_token: handle_token(
                "session_handle_token",
                options.session_handle_token,
            )?,
        })
    }

    /// What the exporter foresees at this importer, if it says so.
    pub(super) fn plan_at(&self, importer: &Target) -> Option<Plan> {
        self.plan.as_ref().and_then(|plan| plan.at(importer))
    }
}

/// A text of at most so many bytes.
pub(super) fn check_length(what: &str, text: &str, longest: usize) -> Result<(), Error> {
    match text.len() <= longest {
        true => Ok(()),
        false => Err(invalid(what, &format!("is longer than {longest} bytes"))),
    }
}

/// A desktop-entry ID: what may stand in one, and no more.
pub(super) fn check_app_id(what: &str, app_id: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=LONGEST_NAME).contains(&app_id.len()) && app_id.bytes().all(allowed) {
        return Ok(());
    }
    Err(invalid(
        what,
        "must be a desktop-entry ID: 1 to 255 of A-Z a-z 0-9 . _ -",
    ))
}

/// Names of credential types, as in `counts`.
pub(super) fn check_types<'a>(
    what: &str,
    types: impl ExactSizeIterator<Item = &'a String>,
) -> Result<(), Error> {
    if types.len() > MOST_TYPES {
        return Err(invalid(
            what,
            &format!("names more than {MOST_TYPES} credential types"),
        ));
    }
    for name in types {
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            let problem = "must name credential types in 1 to 255 bytes without control characters";
            return Err(invalid(what, problem));
        }
    }
    Ok(())
}

/// Format versions, `["1.0"]` if there are none.
pub(super) fn check_versions(versions: Option<Vec<String>>) -> Result<Vec<String>, Error> {
    let versions = versions.unwrap_or_else(|| vec![names::FORMAT_VERSION.to_owned()]);
    let allowed = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let well_formed =
        |version: &String| (1..=16).contains(&version.len()) && version.bytes().all(allowed);
    if (1..=MOST_VERSIONS).contains(&versions.len()) && versions.iter().all(well_formed) {
        return Ok(versions);
    }
    Err(invalid(
        "format_versions",
        "must be 1 to 16 versions such as \"1.0\"",
    ))
}

/// A handle token; a random one if there is none.
pub(super) fn handle_token(what: &str, token: Option<String>) -> Result<String, Error> {
    match token {
        None => Ok(format!("t{}", uuid::Uuid::new_v4().simple())),
        Some(token) if names::is_handle_token(&token) => Ok(token),
        Some(_) => Err(invalid(what, "must be 1 to 64 of A-Z a-z 0-9 _")),
    }
}

/// An argument is not as it should be.
pub(super) fn invalid(what: &str, problem: &str) -> Error {
    Error::new(Reason::InvalidArgument, format!("{what} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: ExportOptions) -> String {
        let error = ExportRequest::parse(String::new(), options).unwrap_err();
        assert_eq!(error.reason, Reason::InvalidArgument);
        error.message
    }

    #[test]
    fn a_bare_request_gets_the_documented_defaults() {
        let request = ExportRequest::parse(String::new(), ExportOptions::default()).unwrap();
        assert_eq!(request.format_versions, ["1.0"]);
        assert!(names::is_handle_token(&request.handle_token));
        assert_ne!(request.handle_token, request.session_handle_token);
    }

    #[test]
    fn what_is_malformed_is_refused_by_its_name() {
        let some = |text: &str| Some(text.to_owned());
        let base = ExportOptions::default;
        let message = refusal(ExportOptions {
            handle_token: some("../x"),
            ..base()
        });
        assert!(message.starts_with("handle_token "), "{message}");
        let message = refusal(ExportOptions {
            app_id: some("a\u{202e}b"),
            ..base()
        });
        assert!(message.starts_with("app_id "), "{message}");
        let message = refusal(ExportOptions {
            format_versions: Some(vec![]),
            ..base()
        });
        assert!(message.starts_with("format_versions "), "{message}");
        let many = (0..65)
            .map(|number| (format!("type-{number}"), 1))
            .collect();
        let message = refusal(ExportOptions {
            counts: Some(many),
            ..base()
        });
        assert!(message.starts_with("counts "), "{message}");
        let escape = Counts::from([("\u{1b}[2J".to_owned(), 1)]);
        let message = refusal(ExportOptions {
            counts: Some(escape),
            ..base()
        });
        assert!(message.starts_with("counts "), "{message}");
    }
}
