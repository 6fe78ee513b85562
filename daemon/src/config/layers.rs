//! Layer upon layer: what each file changes of what the files before it said. Serves "Who may set
//! what" of `daemon/README.md`.
//!
//! An administrator's file replaces what stands. What one of the person's says goes through the
//! "stricter of" function of its key, which alone decides what then stands: there is no other way for
//! it to get there.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::error::{ConfigError, Place};
use super::rules::{self, DefaultsInFile, RuleInFile};
use super::sources::{Author, Source, line_of};
use super::strictness::Standing;
use super::tables::{
    AuthenticationInFile, ChooserInFile, ExporterInFile, LimitsInFile, SecondsInFile,
    WebCredentialsInFile,
};
use super::{Config, Loaded};

/// What one file says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct InFile {
    limits: LimitsInFile,
    seconds: SecondsInFile,
    chooser: ChooserInFile,
    authentication: AuthenticationInFile,
    exporter: ExporterInFile,
    web_credentials: WebCredentialsInFile,
    default: DefaultsInFile,
    rule: Vec<Spanned<RuleInFile>>,
}

/// Where each key that was set has its value from.
type Origins = BTreeMap<&'static str, Origin>;

#[derive(Debug)]
struct Origin {
    place: Place,
    author: Author,
}

/// One file being read, and what it adds to.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    source: &'a Source,
    origins: &'a mut Origins,
    warnings: &'a mut Vec<String>,
}

/// What the files that were read so far say together.
#[derive(Debug, Default)]
struct Layers {
    config: Config,
    origins: Origins,
    warnings: Vec<String>,
}

/// What all `sources` say together, in their order: first the administrator's, then the person's.
pub(super) fn settle(sources: &[Source]) -> Result<Loaded, ConfigError> {
    let is_administrators = |source: &Source| source.author == Author::Administrator;
    let (administrators, persons) = sources.split_at(sources.partition_point(is_administrators));
    let mut layers = Layers::default();
    for source in administrators {
        layers.add(source)?;
    }
    layers.check_token_life()?;
    for source in persons {
        layers.add(source)?;
    }
    let seconds = &mut layers.config.seconds;
    seconds.offer = seconds.offer.min(seconds.extended);
    let files = sources.iter().map(|source| source.file.to_path_buf());
    layers.config.files = files.collect();
    Ok(Loaded {
        config: layers.config,
        warnings: layers.warnings,
    })
}

impl Layers {
    fn add(&mut self, source: &Source) -> Result<(), ConfigError> {
        let mut reading = Reading {
            source,
            origins: &mut self.origins,
            warnings: &mut self.warnings,
        };
        reading.apply_to(&mut self.config)
    }

    /// The two keys that have to fit together.
    fn check_token_life(&self) -> Result<(), ConfigError> {
        let (offer, extended) = (self.config.seconds.offer, self.config.seconds.extended);
        if extended >= offer {
            return Ok(());
        }
        let told = |key: &str, value: u32| {
            let place = self.origins.get(key).map(|set| set.place.to_string());
            let place = place.unwrap_or_else(|| "built in".to_owned());
            format!("{key} = {value} ({place})")
        };
        Err(ConfigError::Contradiction {
            low: told("seconds.extended", extended),
            high: told("seconds.offer", offer),
        })
    }
}

impl Reading<'_> {
    fn apply_to(&mut self, config: &mut Config) -> Result<(), ConfigError> {
        let file: InFile =
            toml::from_str(&self.source.text).map_err(|error| self.invalid(error))?;
        config.limits.take(file.limits, self)?;
        config.seconds.take(file.seconds, self)?;
        config.chooser.take(file.chooser, self)?;
        config.authentication.take(file.authentication, self)?;
        config.exporter.take(file.exporter, self)?;
        config.web_credentials.take(file.web_credentials, self)?;
        rules::take(&mut config.policy, file.default, file.rule, self)
    }

    fn invalid(&self, source: toml::de::Error) -> ConfigError {
        ConfigError::Invalid {
            file: self.source.file.to_path_buf(),
            source: source.into(),
        }
    }

    /// Puts what the file asks for in the place of what stands, as far as its author may do that.
    pub(super) fn settle<T: PartialEq>(
        &mut self,
        key: &'static str,
        stands: &mut T,
        asked: Spanned<T>,
        must_be: fn(&T) -> Result<(), &'static str>,
        stricter: fn(Standing<'_, T>, &T) -> T,
    ) -> Result<(), ConfigError> {
        let place = self.place(&asked.span());
        let asked = asked.into_inner();
        must_be(&asked).map_err(|what| ConfigError::Value {
            place: place.clone(),
            key: key.to_owned(),
            what: what.to_owned(),
        })?;
        let author = self.source.author;
        let held = match author {
            Author::Administrator => asked,
            Author::Person => self.tighten(key, &place, stands, &asked, stricter),
        };
        if author == Author::Administrator || held != *stands {
            self.origins.insert(key, Origin { place, author });
        }
        *stands = held;
        Ok(())
    }

    /// What holds after the person asked for `asked`, with a warning if that is something else.
    fn tighten<T: PartialEq>(
        &mut self,
        key: &'static str,
        place: &Place,
        stands: &T,
        asked: &T,
        stricter: fn(Standing<'_, T>, &T) -> T,
    ) -> T {
        let before = self.origins.get(key);
        let standing = Standing {
            value: stands,
            is_settled: before.is_some_and(|set| set.author == Author::Administrator),
        };
        let held = stricter(standing, asked);
        if held != *asked {
            let says = |set: &Origin| format!("what {} says", set.place);
            let holds = before.map_or("what is built in".to_owned(), says);
            self.warn(format!(
                "{place}: {key} is ignored, because a person's file can only tighten; {holds} holds"
            ));
        }
        held
    }

    /// What the text of `key` means.
    pub(super) fn parse<T>(
        &self,
        key: &str,
        text: &Spanned<String>,
        meaning: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        meaning(text.get_ref()).map_err(|what| ConfigError::Value {
            place: self.place(&text.span()),
            key: key.to_owned(),
            what,
        })
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place {
            file: self.source.file.clone(),
            line: line_of(self.source.text.as_bytes(), span.start),
        }
    }

    pub(super) fn author(&self) -> Author {
        self.source.author
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }
}
