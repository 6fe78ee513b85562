//! Who asks, and how sure that is. Serves the table of levels in design §5.

use credex_protocol::wire::AppIdentity;

use crate::hostile;

/// How sure the service is of who an app is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// A sandbox confines and names it.
    Sandboxed,
    /// The service started it.
    Launched,
    /// Its program belongs to the system.
    Installed,
    /// A claim. Also whatever the chooser does not know.
    Unverified,
}

/// Where an app was installed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A Flatpak that an administrator installed.
    FlatpakSystem,
    /// A Flatpak that the person installed.
    FlatpakUser,
    /// A snap.
    Snap,
    /// A package of the system.
    System,
}

/// An app that asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Display name, or if it gives none its id.
    pub name: String,
    /// Desktop-entry ID; empty where there is none.
    pub id: String,
    /// The exporting provider of the app, where it has several.
    pub provider: Option<String>,
    /// How sure the service is.
    pub assurance: Assurance,
    /// Where it was installed from, where that is known.
    pub source: Option<Source>,
    /// A warning about what it says of itself.
    pub conflict: Option<String>,
}

impl App {
    /// Reads who asks, and makes its texts safe to show.
    #[must_use]
    pub fn parse(app: AppIdentity) -> App {
        let id = hostile::identifier(app.app_id.as_deref().unwrap_or_default());
        App {
            name: name_or_id(app.name.as_deref(), &id),
            id,
            provider: app.provider.as_deref().map(hostile::name),
            assurance: Assurance::parse(app.assurance.as_deref().unwrap_or_default()),
            source: app.origin.as_deref().and_then(Source::parse),
            conflict: warning(app.conflict),
        }
    }
}

impl Assurance {
    /// The level of its name on the wire.
    #[must_use]
    pub fn parse(word: &str) -> Assurance {
        match word {
            "sandboxed" => Assurance::Sandboxed,
            "launched" => Assurance::Launched,
            "installed" => Assurance::Installed,
            _ => Assurance::Unverified,
        }
    }
}

impl Source {
    fn parse(word: &str) -> Option<Source> {
        match word {
            "flatpak-system" => Some(Source::FlatpakSystem),
            "flatpak-user" => Some(Source::FlatpakUser),
            "snap" => Some(Source::Snap),
            "system" => Some(Source::System),
            _ => None,
        }
    }
}

/// A name to show, whatever there is of it.
pub(super) fn name_or_id(name: Option<&str>, id: &str) -> String {
    match name.map(hostile::name) {
        Some(name) if !name.is_empty() => name,
        _ if !id.is_empty() => id.to_owned(),
        _ => crate::wording::nameless(),
    }
}

/// A warning to show, if there is one.
pub(super) fn warning(text: Option<String>) -> Option<String> {
    text.map(|text| hostile::sentence(&text))
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_known_counts_as_the_least_assurance() {
        for unknown in [None, Some("notarised".to_owned())] {
            let app = App::parse(AppIdentity {
                assurance: unknown,
                origin: Some("moon".into()),
                ..AppIdentity::default()
            });
            assert_eq!((app.assurance, app.source), (Assurance::Unverified, None));
        }
    }
}
