//! Another app, as the service established it (design §5).

use std::fmt;

use credex_protocol::wire::AppIdentity;

/// The app on the other side. Its names may be hostile text: show them as text, and never alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// Desktop-entry ID; empty where there is none.
    pub app_id: String,
    /// Display name; empty where there is none.
    pub name: String,
    /// How sure the service is that it is this app.
    pub assurance: Assurance,
    /// Which exporting provider of the app, where it has several.
    pub provider: Option<String>,
    /// Where it was installed from, for instance `flatpak-system`, if that is known.
    pub origin: Option<String>,
    /// A warning of the service about what it says of itself, if there is one. May quote hostile text.
    pub conflict: Option<String>,
}

impl From<AppIdentity> for App {
    fn from(wire: AppIdentity) -> Self {
        Self {
            app_id: wire.app_id.unwrap_or_default(),
            name: wire.name.unwrap_or_default(),
            assurance: Assurance::from_wire(wire.assurance.as_deref()),
            provider: wire.provider,
            origin: wire.origin,
            conflict: wire.conflict,
        }
    }
}

/// How sure the service is who an app is, from the least to the most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// A claim. Also every level that this release does not know.
    #[default]
    Unverified,
    /// Its program belongs to the system: provenance, not proof.
    Installed,
    /// The service started it.
    Launched,
    /// The kernel confines it, and its sandbox names it.
    Sandboxed,
}

impl Assurance {
    const ALL: [Self; 4] = [
        Self::Unverified,
        Self::Installed,
        Self::Launched,
        Self::Sandboxed,
    ];

    /// The word of the protocol for it, for instance `sandboxed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Installed => "installed",
            Self::Launched => "launched",
            Self::Sandboxed => "sandboxed",
        }
    }

    fn from_wire(word: Option<&str>) -> Self {
        Self::ALL
            .into_iter()
            .find(|level| word == Some(level.name()))
            .unwrap_or_default()
    }
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assurance_that_nobody_knows_is_none() {
        assert_eq!(Assurance::from_wire(Some("blessed")), Assurance::Unverified);
        assert_eq!(Assurance::from_wire(None), Assurance::Unverified);
        for level in Assurance::ALL {
            assert_eq!(Assurance::from_wire(Some(level.name())), level);
        }
    }
}
