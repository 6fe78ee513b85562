//! Who can import and who can export, by all desktop entries together. Serves design §6.
//!
//! The entry of the system wins over the person's own of the same ID, whatever the system's says: a
//! file in the home directory must neither replace nor hide what is installed for everybody.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use credex_protocol::wire::{Counts, ImporterInfo};
use credex_protocol::{Error, Reason};

use super::directories::Directories;
use super::entry::{self, Declared, Exporter, Importer, Origin, WebApp};
use super::exec::find_program;
use super::listing::{self, Found, Listing};

/// What the desktop entries say.
#[derive(Debug, Default)]
pub struct Catalogue {
    importers: Vec<Importer>,
    exporters: BTreeMap<String, Exporter>,
    web_apps: BTreeMap<String, WebApp>,
    problems: Vec<Problem>,
    search_path: OsString,
}

/// What is wrong with an entry, or with where entries are.
#[derive(Debug)]
struct Problem {
    /// The desktop-entry ID, where it is of one.
    app_id: Option<String>,
    sentence: String,
}

impl Catalogue {
    /// Reads all entries of `directories`. What cannot be read becomes a problem.
    #[must_use]
    pub fn read(directories: &Directories) -> Catalogue {
        Catalogue::from_listing(&Listing::of(directories), directories)
    }

    pub(super) fn from_listing(listing: &Listing, directories: &Directories) -> Catalogue {
        let unsearched = listing.problems.iter().map(|sentence| Problem {
            app_id: None,
            sentence: sentence.clone(),
        });
        let mut catalogue = Catalogue {
            problems: unsearched.collect(),
            search_path: directories.search_path.clone(),
            ..Catalogue::default()
        };
        let mut claims: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
        for found in &listing.found {
            claims.entry(&found.id).or_default().push(found);
        }
        for claims in claims.values() {
            catalogue.add(claims, &directories.locales);
        }
        catalogue.importers.sort_by(|a, b| {
            let key = |importer: &Importer| (importer.origin, importer.name.to_lowercase());
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        warn_of_namesakes(&mut catalogue.importers);
        catalogue
    }

    /// Adds what the first of the entries of one ID declares.
    fn add(&mut self, claims: &[&Found], locales: &[String]) {
        let Some((winner, losers)) = claims.split_first() else {
            return;
        };
        let Some(declared) = self.declared(winner, locales) else {
            return;
        };
        let shadow = losers.iter().find(|loser| loser.origin == Origin::User);
        match (declared.importer, shadow) {
            (Some(mut importer), shadow) => {
                importer.conflict = shadow.map(|shadow| {
                    format!(
                        "{} claims to be the same app; {} is the one used",
                        shadow.path.display(),
                        winner.path.display()
                    )
                });
                self.importers.push(importer);
            }
            (None, Some(shadow)) if winner.origin == Origin::System => {
                self.complain_of_shadow(shadow, winner);
            }
            (None, _) => {}
        }
        if let Some(exporter) = declared.exporter {
            self.exporters.insert(winner.id.clone(), exporter);
        }
        if let Some(web) = declared.web {
            self.web_apps.insert(winner.id.clone(), web);
        }
    }

    /// What `found` declares; `None`, and a problem, if that cannot be told.
    fn declared(&mut self, found: &Found, locales: &[String]) -> Option<Declared> {
        let path = &found.path;
        let result = listing::read(path).map_err(|error| error.to_string());
        let result = result.and_then(|text| match text {
            None => Ok(Declared::default()),
            Some(text) => entry::read(&text, &found.id, path, found.origin, locales)
                .map_err(|error| error.to_string()),
        });
        match result {
            Ok(declared) => Some(declared),
            Err(problem) => {
                self.complain(&found.id, format!("{}: {problem}", path.display()));
                None
            }
        }
    }

    fn complain_of_shadow(&mut self, shadow: &Found, winner: &Found) {
        if matches!(listing::read(&shadow.path), Ok(Some(_))) {
            let sentence = format!(
                "{}: is not used, because {} is the entry of this app and takes no credentials; \
                 give the file a name of its own",
                shadow.path.display(),
                winner.path.display()
            );
            self.complain(&shadow.id, sentence);
        }
    }

    fn complain(&mut self, app_id: &str, sentence: String) {
        self.problems.push(Problem {
            app_id: Some(app_id.to_owned()),
            sentence,
        });
    }

    /// Every importing provider that is installed, the system's first, then by name.
    pub fn importers(&self) -> impl Iterator<Item = &Importer> {
        self.importers.iter().filter(|importer| {
            let program = importer.try_exec.as_ref();
            program.is_none_or(|p| find_program(OsStr::new(p), &self.search_path).is_some())
        })
    }

    /// The importing provider of the desktop-entry ID `id`.
    #[must_use]
    pub fn importer(&self, id: &str) -> Option<&Importer> {
        self.importers().find(|importer| importer.id == id)
    }

    /// What the app `app_id` declares of websites, if it does.
    #[must_use]
    pub fn web_app(&self, app_id: &str) -> Option<&WebApp> {
        self.web_apps.get(app_id)
    }

    /// The display name of the app `app_id`, if its desktop entry speaks of Credex.
    #[must_use]
    pub fn name_of(&self, app_id: &str) -> Option<&str> {
        let exporter = self.exporters.get(app_id).map(|exporter| &exporter.name);
        let web = || self.web_app(app_id).map(|web| &web.name);
        let importer = || self.importer(app_id).map(|importer| &importer.name);
        exporter.or_else(importer).or_else(web).map(String::as_str)
    }

    /// What is wrong with entries that declare providers, a sentence each.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems
            .iter()
            .map(|problem| problem.sentence.as_str())
    }

    /// The same of the entries of the app `app_id` alone.
    pub fn problems_of(&self, app_id: &str) -> impl Iterator<Item = &str> {
        let own = |problem: &&Problem| problem.app_id.as_deref() == Some(app_id);
        let problems = self.problems.iter().filter(own);
        problems.map(|problem| problem.sentence.as_str())
    }

    /// Where the programs of the entries are found, as in `$PATH`.
    #[must_use]
    pub fn search_path(&self) -> &OsStr {
        &self.search_path
    }

    /// The importers that read one of `format_versions`, each with the first of these it reads.
    ///
    /// # Errors
    /// `NoImporter`: nobody takes credentials. `NoCommonVersion`: nobody reads these versions.
    pub fn importers_for(
        &self,
        format_versions: &[String],
    ) -> Result<Vec<(&Importer, String)>, Error> {
        let common = |importer: &Importer| {
            let mut offered = format_versions.iter();
            offered
                .find(|version| importer.format_versions.contains(version))
                .cloned()
        };
        let found: Vec<_> = self
            .importers()
            .filter_map(|importer| Some((importer, common(importer)?)))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let read: Vec<_> = self
            .importers()
            .map(|importer| format!("{} {}", importer.id, importer.format_versions.join(", ")))
            .collect();
        let written = format_versions.join(", ");
        Err(if read.is_empty() {
            let message = format!(
                "no app on this computer takes credentials through Credex (format {written}); \
                 install one"
            );
            Error::new(Reason::NoImporter, message)
        } else {
            let message = format!(
                "no app here reads format {written} of the exporter; these are read: {}; \
                 update one of the two",
                read.join("; ")
            );
            Error::new(Reason::NoCommonVersion, message)
        })
    }

    /// Which exporting provider of the app `app_id` is meant, if `wanted` was asked for.
    ///
    /// # Errors
    /// `ProviderRequired`: the app lists several. `UnknownProvider`: it does not list `wanted`.
    pub fn exporting_provider(
        &self,
        app_id: &str,
        wanted: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let listed = self.exporters.get(app_id);
        let listed = listed.map_or(&[][..], |exporter| exporter.providers.as_slice());
        match wanted {
            Some(wanted) if listed.iter().any(|name| name == wanted) => Ok(Some(wanted.to_owned())),
            Some(wanted) => {
                let listed = match listed {
                    [] => "none".to_owned(),
                    listed => listed.join(", "),
                };
                let message = format!(
                    "app {app_id:?} has no exporting provider {wanted:?}; its desktop entry lists \
                     {listed}"
                );
                Err(Error::new(Reason::UnknownProvider, message))
            }
            None if listed.len() > 1 => {
                let message = format!(
                    "app {app_id:?} has several exporting providers; name one with `for`: {}",
                    listed.join(", ")
                );
                Err(Error::new(Reason::ProviderRequired, message))
            }
            None => Ok(listed.first().cloned()),
        }
    }
}

/// Two apps of one name are not told apart in a dialog. Only the person's own can be the impostor,
/// or the one that was meant.
fn warn_of_namesakes(importers: &mut [Importer]) {
    let name = |importer: &Importer| importer.name.trim().to_lowercase();
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for importer in importers.iter() {
        names
            .entry(name(importer))
            .or_default()
            .push(importer.id.clone());
    }
    for importer in importers {
        let namesakes = names.get(&name(importer)).map_or(&[][..], Vec::as_slice);
        let other = namesakes.iter().find(|id| **id != importer.id);
        if let (Origin::User, None, Some(other)) = (importer.origin, &importer.conflict, other) {
            importer.conflict = Some(format!("another app, {other}, bears the same name"));
        }
    }
}

/// `importer` as the person and the command line see it; `counts` are the exporter's.
#[must_use]
pub fn to_info(importer: &Importer, counts: &Counts) -> ImporterInfo {
    let refused = |kind: &&String| {
        let taken = importer.credential_types.as_ref();
        taken.is_some_and(|taken| !taken.contains(*kind))
    };
    let types = importer.credential_types.as_ref();
    ImporterInfo {
        id: Some(importer.id.clone()),
        name: Some(importer.name.clone()),
        icon: importer.icon.clone(),
        origin: Some(importer.origin.name().to_owned()),
        format_versions: Some(importer.format_versions.clone()),
        credential_types: types.map(|types| types.iter().cloned().collect()),
        will_not_take: Some(counts.keys().filter(refused).cloned().collect()),
        conflict: importer.conflict.clone(),
        assurance: None,
        plan: None,
    }
}
