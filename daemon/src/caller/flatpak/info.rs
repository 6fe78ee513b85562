//! What a `.flatpak-info` says. Pure. Serves design §5; the file is described in flatpak-metadata(5).

use std::path::{Path, PathBuf};

use crate::caller::keyfile::{KeyFile, KeyFileError};

/// The longest app ID, as the D-Bus Specification has it for names.
const MAX_APP_ID: usize = 255;

/// The claims of a sandbox about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// The app.
    pub(super) app_id: String,
    /// What else it says; nobody confirms a sandbox that leaves one out.
    pub(super) instance: Option<Instance>,
}

/// One run of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    /// Its number.
    pub(super) id: String,
    /// Where the app is deployed: the `files` that it sees as `/app`.
    pub(super) app: PathBuf,
    /// Where its runtime is: the `files` that it sees as `/usr`.
    pub(super) runtime: PathBuf,
}

/// Why a `.flatpak-info` cannot be believed at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InfoError {
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error("it has no key name in [Application]")]
    NoName,
    #[error("{0:?} is no app ID")]
    Name(String),
}

impl Info {
    pub(super) fn read(bytes: &[u8]) -> Result<Info, InfoError> {
        let file = KeyFile::read(bytes)?;
        let app_id = file.get("Application", "name").ok_or(InfoError::NoName)?;
        if !is_app_id(app_id) {
            return Err(InfoError::Name(app_id.to_owned()));
        }
        Ok(Info {
            app_id: app_id.to_owned(),
            instance: instance(&file),
        })
    }
}

fn instance(file: &KeyFile) -> Option<Instance> {
    let path = |key| {
        let path = Path::new(file.get("Instance", key)?);
        path.is_absolute().then(|| path.to_owned())
    };
    let id = file.get("Instance", "instance-id")?;
    // It becomes a file name.
    let is_number = id.len() <= 32 && id.bytes().all(|b| b.is_ascii_digit());
    Some(Instance {
        id: is_number.then(|| id.to_owned())?,
        app: path("app-path")?,
        runtime: path("runtime-path")?,
    })
}

/// At least two elements of letters, digits, `_` and `-`, none of which starts with a digit, as
/// Flatpak has it.
pub(super) fn is_app_id(id: &str) -> bool {
    let is_element = |element: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let first = element.bytes().next();
        first.is_some_and(|b| !b.is_ascii_digit()) && element.bytes().all(allowed)
    };
    id.len() <= MAX_APP_ID && id.contains('.') && id.split('.').all(is_element)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "[Application]\nname=org.a.Vault\nruntime=runtime/org.a.P/x86_64/1\n\n\
        [Instance]\ninstance-id=1331018720\napp-path=/var/lib/flatpak/app/org.a.Vault/x86_64/1/c/files\n\
        runtime-path=/var/lib/flatpak/runtime/org.a.P/x86_64/1/c/files\nflatpak-version=1.14.10\n";

    #[test]
    fn a_sandbox_names_its_app_its_run_and_where_both_come_from() {
        let info = Info::read(INFO.as_bytes()).unwrap();
        assert_eq!(info.app_id, "org.a.Vault");
        let instance = info.instance.unwrap();
        assert_eq!(instance.id, "1331018720");
        assert!(instance.app.ends_with("org.a.Vault/x86_64/1/c/files"));
        assert!(instance.runtime.ends_with("org.a.P/x86_64/1/c/files"));
    }

    #[test]
    fn without_a_name_there_is_nobody() {
        let error = |text: &str| Info::read(text.as_bytes()).unwrap_err();
        assert_eq!(error(""), InfoError::NoName);
        assert_eq!(error("[Application]\nname=\n"), InfoError::NoName);
        assert_eq!(error("[Runtime]\nname=org.a.P\n"), InfoError::NoName);
        assert_eq!(
            error("[Application]\nname=a/../b.c\n"),
            InfoError::Name("a/../b.c".into())
        );
    }

    #[test]
    fn a_run_that_does_not_say_all_is_not_told_at_all() {
        for (from, to) in [
            ("instance-id=1331018720", "instance-id=../../x"),
            ("instance-id=1331018720", ""),
            ("app-path=/", "app-path="),
            ("runtime-path=/", "other="),
        ] {
            let info = Info::read(INFO.replace(from, to).as_bytes()).unwrap();
            assert_eq!(info.instance, None, "{from} → {to}");
        }
    }

    #[test]
    fn an_app_id_has_the_form_of_one() {
        for good in ["org.a", "org.a.B-c_d", "com.x9.y"] {
            assert!(is_app_id(good), "{good}");
        }
        let long = format!("a.{}", "b".repeat(254));
        for bad in [
            "", "a", ".a", "a.", "a..b", "9.a", "a.9b", "a.b c", "a.b\n", "ä.b", &long,
        ] {
            assert!(!is_app_id(bad), "{bad}");
        }
    }
}
