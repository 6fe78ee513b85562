//! What was found out about an app, and what follows for what it says of itself. Pure. Serves the table
//! of levels in design §5.

use serde::{Deserialize, Serialize};

/// How sure we are of an app ID. The later, the surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// A claim.
    Unverified,
    /// Provenance, not proof: the program belongs to the system.
    Installed,
    /// We started it.
    Launched,
    /// The kernel confines it, and the sandbox names it.
    Sandboxed,
}

impl Assurance {
    /// Every level, the surest last.
    pub const ALL: [Assurance; 4] = [
        Assurance::Unverified,
        Assurance::Installed,
        Assurance::Launched,
        Assurance::Sandboxed,
    ];

    /// The name on the wire and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Assurance::Unverified => "unverified",
            Assurance::Installed => "installed",
            Assurance::Launched => "launched",
            Assurance::Sandboxed => "sandboxed",
        }
    }
}

/// Where an app was installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// A Flatpak that an administrator installed.
    FlatpakSystem,
    /// A Flatpak that the person installed.
    FlatpakUser,
    /// A snap.
    Snap,
    /// A package of the system: the program and its directories are root's.
    System,
}

impl Origin {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Origin::FlatpakSystem => "flatpak-system",
            Origin::FlatpakUser => "flatpak-user",
            Origin::Snap => "snap",
            Origin::System => "system",
        }
    }
}

/// What a look at a caller brought to light.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// Its sandbox names it, and whoever made the sandbox confirms that.
    Sandboxed {
        /// Its desktop-entry ID.
        app_id: String,
        /// Who installed it.
        origin: Origin,
    },
    /// Its executable belongs to the system, as do the desktop entries that start it.
    Installed {
        /// The desktop-entry IDs; never empty.
        app_ids: Vec<String>,
    },
    /// Nothing.
    Unverified {
        /// What was in the way of more, for the log.
        why: String,
        /// The name by which a sandbox calls it that could not be confirmed, empty if it gives none. It
        /// can claim no other: whoever is confined gains nothing by what keeps us from seeing that.
        confined_as: Option<String>,
    },
}

/// Who a caller is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Desktop-entry ID; empty where there is none.
    pub app_id: String,
    /// How sure we are of that.
    pub assurance: Assurance,
    /// Where it was installed from, where that is known.
    pub origin: Option<Origin>,
}

impl Evidence {
    /// The app ID that holds whatever the caller says, where there is one.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        match self {
            Evidence::Sandboxed { app_id, .. } => Some(app_id),
            Evidence::Installed { app_ids } => match app_ids.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            Evidence::Unverified { .. } => None,
        }
    }

    /// The app ID that its sandbox gives it, confirmed or not; `None` if it seems to be in none.
    #[must_use]
    pub fn confined_as(&self) -> Option<&str> {
        match self {
            Evidence::Sandboxed { app_id, .. } => Some(app_id),
            Evidence::Unverified { confined_as, .. } => confined_as.as_deref(),
            Evidence::Installed { .. } => None,
        }
    }

    /// The same app, of which no more than its claim is left.
    #[must_use]
    pub fn doubted(&self, why: String) -> Evidence {
        Evidence::Unverified {
            why,
            confined_as: self.confined_as().map(str::to_owned),
        }
    }

    /// Whether this, found later of the same process, still holds all that was found `before`.
    #[must_use]
    pub fn is_worth(&self, before: &Evidence) -> bool {
        matches!(before, Evidence::Unverified { .. }) || self == before
    }

    /// Who it is that says to be `claim`; empty if it says nothing. `None` if that cannot be.
    #[must_use]
    pub fn identity(&self, claim: &str) -> Option<Identity> {
        let identity = |app_id: &str, assurance, origin| Identity {
            app_id: app_id.to_owned(),
            assurance,
            origin,
        };
        match self {
            Evidence::Sandboxed { app_id, origin } => (claim.is_empty() || claim == app_id)
                .then(|| identity(app_id, Assurance::Sandboxed, Some(*origin))),
            Evidence::Installed { app_ids } if app_ids.iter().any(|app_id| app_id == claim) => {
                let origin = Some(Origin::System);
                Some(identity(claim, Assurance::Installed, origin))
            }
            Evidence::Installed { .. } if claim.is_empty() => self
                .app_id()
                .map(|app_id| identity(app_id, Assurance::Installed, Some(Origin::System)))
                .or_else(|| Some(identity("", Assurance::Unverified, None))),
            Evidence::Unverified {
                confined_as: Some(app_id),
                ..
            } => (claim.is_empty() || claim == app_id)
                .then(|| identity(app_id, Assurance::Unverified, None)),
            // A program of the system that is started by other entries than the one it names: a claim.
            Evidence::Installed { .. } | Evidence::Unverified { .. } => {
                Some(identity(claim, Assurance::Unverified, None))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flatpak() -> Evidence {
        Evidence::Sandboxed {
            app_id: "org.a.Vault".into(),
            origin: Origin::FlatpakUser,
        }
    }

    fn program(app_ids: &[&str]) -> Evidence {
        Evidence::Installed {
            app_ids: app_ids.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    #[test]
    fn a_claim_is_held_against_what_was_found() {
        let nobody = Evidence::Unverified {
            why: "".into(),
            confined_as: None,
        };
        let one = program(&["org.a.Vault"]);
        let two = program(&["org.a.Vault", "org.b.Vault"]);
        for (evidence, claim, expected) in [
            (flatpak(), "", Some(("org.a.Vault", Assurance::Sandboxed))),
            (
                flatpak(),
                "org.a.Vault",
                Some(("org.a.Vault", Assurance::Sandboxed)),
            ),
            (flatpak(), "org.b.Vault", None),
            (one.clone(), "", Some(("org.a.Vault", Assurance::Installed))),
            (
                one.clone(),
                "org.a.Vault",
                Some(("org.a.Vault", Assurance::Installed)),
            ),
            (
                one,
                "org.b.Vault",
                Some(("org.b.Vault", Assurance::Unverified)),
            ),
            (
                two.clone(),
                "org.b.Vault",
                Some(("org.b.Vault", Assurance::Installed)),
            ),
            (two, "", Some(("", Assurance::Unverified))),
            (
                nobody.clone(),
                "org.a.Vault",
                Some(("org.a.Vault", Assurance::Unverified)),
            ),
            (nobody, "", Some(("", Assurance::Unverified))),
        ] {
            let identity = evidence.identity(claim);
            let found = identity
                .as_ref()
                .map(|who| (who.app_id.as_str(), who.assurance));
            assert_eq!(found, expected, "{evidence:?} claims {claim:?}");
        }
    }

    #[test]
    fn a_confined_app_that_cannot_be_confirmed_can_still_be_nobody_else() {
        let doubted = flatpak().doubted("a connection to the bus has no name".into());
        for claim in ["", "org.a.Vault"] {
            let identity = doubted.identity(claim).unwrap();
            assert_eq!(identity.app_id, "org.a.Vault");
            assert_eq!(identity.assurance, Assurance::Unverified);
        }
        assert_eq!(doubted.identity("org.b.Vault"), None);
        assert_eq!(doubted.confined_as(), Some("org.a.Vault"));
        let program = program(&["org.a.Vault"]).doubted(String::new());
        assert_eq!(program.confined_as(), None);
        assert!(program.identity("org.b.Vault").is_some());
    }

    #[test]
    fn the_levels_are_ordered_as_sure_as_they_are() {
        assert!(Assurance::ALL.is_sorted());
    }
}
