//! Who asks, and how sure that is: in words, never by colour alone. Serves the levels of design §5.

use tr::tr;

use crate::model::{App, Assurance, Source};

/// The app ID, which is always shown, or that there is none.
#[must_use]
pub fn app_id(app: &App) -> String {
    match app.id.as_str() {
        "" => tr!("none"),
        id => id.to_owned(),
    }
}

/// How sure it is who asks.
#[must_use]
pub fn identity(app: &App) -> String {
    match (app.assurance, app.source) {
        (Assurance::Sandboxed, Some(Source::FlatpakSystem)) => {
            tr!("Flatpak app, verified; installed by the system")
        }
        (Assurance::Sandboxed, Some(Source::FlatpakUser)) => {
            tr!("Flatpak app, verified; installed by you")
        }
        (Assurance::Sandboxed, Some(Source::Snap)) => tr!("Snap app, verified"),
        (level, _) => assurance(level),
    }
}

/// How sure it is, where nothing is known of the app but the level.
#[must_use]
pub fn assurance(level: Assurance) -> String {
    match level {
        Assurance::Sandboxed => tr!("sandboxed app, verified"),
        Assurance::Launched => tr!("started by Credex"),
        Assurance::Installed => tr!("installed by the system, not verified"),
        Assurance::Unverified => {
            tr!("unknown program; anything in your session can claim this name")
        }
    }
}

/// Why a level that sounds good is no proof, where it is none.
#[must_use]
pub fn no_proof(level: Assurance) -> Option<String> {
    (level == Assurance::Installed).then(|| {
        tr!(
            "“Installed by the system” is no proof: any program of yours can make an installed one run its code, for example with LD_PRELOAD."
        )
    })
}

/// A warning.
#[must_use]
pub fn warning(text: &str) -> String {
    tr!("Warning: {}", text)
}

/// What to call an app that gives neither name nor ID.
#[must_use]
pub fn nameless() -> String {
    tr!("an app without a name")
}

#[cfg(test)]
mod tests {
    use credex_protocol::wire::AppIdentity;

    use super::*;

    fn said(assurance: &str, origin: &str) -> String {
        identity(&App::parse(AppIdentity {
            assurance: Some(assurance.into()),
            origin: Some(origin.into()),
            ..AppIdentity::default()
        }))
    }

    #[test]
    fn only_a_sandboxed_app_is_called_verified() {
        for origin in ["flatpak-system", "flatpak-user", "snap", "system", ""] {
            let verified = said("sandboxed", origin);
            assert!(verified.contains("app, verified"), "{verified}");
            for level in ["launched", "installed", "unverified", "", "verified"] {
                let other = said(level, origin);
                assert!(!other.contains(", verified"), "{level} {origin}: {other}");
            }
        }
        assert!(said("sandboxed", "flatpak-user").ends_with("installed by you"));
    }

    #[test]
    fn an_unverified_name_is_called_a_claim() {
        assert!(said("unverified", "flatpak-system").contains("can claim this name"));
    }

    #[test]
    fn provenance_is_said_to_be_no_proof() {
        assert!(
            no_proof(Assurance::Installed)
                .unwrap()
                .contains("is no proof")
        );
        assert_eq!(no_proof(Assurance::Sandboxed), None);
    }
}
