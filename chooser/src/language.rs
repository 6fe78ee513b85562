//! The person's language: which catalogue of `po/` is used. Serves gettext's own rules, "Locale
//! Environment Variables" of its manual.
//!
//! The catalogues are gettext's, and are part of the program: nothing has to be installed, and nobody can
//! put another in their place.

use tr::MoTranslator;

/// Every language that there is a catalogue of, by its code, compiled.
const CATALOGUES: [(&str, &[u8]); 1] = [("de", include_bytes!(concat!(env!("OUT_DIR"), "/de.mo")))];

/// The codes of the languages that there is a catalogue of.
pub fn languages() -> impl Iterator<Item = &'static str> {
    CATALOGUES.iter().map(|(code, _)| *code)
}

/// Speaks the person's language from now on, if there is a catalogue of it; else English.
pub fn set_from_environment() {
    if let Some(catalogue) = catalogue() {
        tr::set_translator!(catalogue);
    }
}

/// The catalogue of the person's language, for a crate of its own with sentences of its own.
#[must_use]
pub fn catalogue() -> Option<MoTranslator> {
    let variable = |name: &str| std::env::var(name).ok();
    let code = chosen(variable)?;
    let (_, mo) = CATALOGUES.iter().find(|(known, _)| *known == code)?;
    // What is built in has been read by the tests.
    MoTranslator::from_vec_u8(mo.to_vec()).ok()
}

/// The code of the first catalogue that the environment asks for. `None`: English.
fn chosen(variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(set)?;
    if is_plain(&locale) {
        return None;
    }
    let listed = set("LANGUAGE");
    let wanted = listed.as_deref().unwrap_or(&locale).split(':');
    for language in wanted.map(language_of) {
        if is_plain(language) || language == "en" {
            return None;
        }
        if let Some((code, _)) = CATALOGUES.iter().find(|(code, _)| *code == language) {
            return Some(code);
        }
    }
    None
}

/// The locale in which nothing is translated, `LANGUAGE` or not.
fn is_plain(locale: &str) -> bool {
    ["C", "POSIX"].contains(&locale)
}

/// `de` of `de_AT.UTF-8@euro`.
fn language_of(locale: &str) -> &str {
    locale.split(['_', '.', '@']).next().unwrap_or(locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(environment: &[(&str, &str)]) -> Option<&'static str> {
        chosen(|name| {
            let found = environment.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_chooses_the_language_as_gettext_would() {
        for (environment, language) in [
            (&[("LANG", "de_AT.UTF-8")][..], Some("de")),
            (&[("LANG", "en_GB.UTF-8")], None),
            (
                &[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "de_DE")],
                Some("de"),
            ),
            (&[("LC_ALL", "fr_FR"), ("LANG", "de_DE")], None),
            (&[("LC_ALL", ""), ("LANG", "de")], Some("de")),
            (&[("LANGUAGE", "fr:de:en"), ("LANG", "C.UTF-8")], Some("de")),
            (&[("LANGUAGE", "en:de"), ("LANG", "de_DE")], None),
            (&[("LANGUAGE", "de"), ("LANG", "C")], None),
            (&[("LANGUAGE", "de"), ("LC_ALL", "POSIX")], None),
            (&[("LANGUAGE", "de")], None),
            (&[], None),
        ] {
            assert_eq!(with(environment), language, "{environment:?}");
        }
    }
}
