//! Which app IDs a rule speaks of. Serves "Rules" of `daemon/README.md`.

use std::fmt;
use std::str::FromStr;

/// One app ID, or all that begin with the same elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppPattern {
    /// `org.example.App`.
    Exactly(String),
    /// `org.example.*`: everything below, and not `org.example` itself. Holds `org.example.`.
    Below(String),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an app ID such as org.example.App, or end in .* as org.example.* does")]
pub struct PatternError;

impl AppPattern {
    /// Whether it means `app_id`. The empty ID of an app without a name is meant by none.
    #[must_use]
    pub fn means(&self, app_id: &str) -> bool {
        match self {
            AppPattern::Exactly(exactly) => exactly == app_id,
            AppPattern::Below(prefix) => app_id
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| !rest.is_empty()),
        }
    }

    /// Whether there can be an app ID that both mean.
    #[must_use]
    pub fn overlaps(&self, other: &AppPattern) -> bool {
        match (self, other) {
            (AppPattern::Exactly(app_id), pattern) | (pattern, AppPattern::Exactly(app_id)) => {
                pattern.means(app_id)
            }
            (AppPattern::Below(one), AppPattern::Below(two)) => {
                one.starts_with(two.as_str()) || two.starts_with(one.as_str())
            }
        }
    }
}

impl FromStr for AppPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<AppPattern, PatternError> {
        let stem = text.strip_suffix(".*");
        let is_element = |element: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !element.is_empty() && element.chars().all(allowed)
        };
        if !stem.unwrap_or(text).split('.').all(is_element) {
            return Err(PatternError);
        }
        Ok(match stem {
            Some(stem) => AppPattern::Below(format!("{stem}.")),
            None => AppPattern::Exactly(text.to_owned()),
        })
    }
}

impl fmt::Display for AppPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppPattern::Exactly(app_id) => f.write_str(app_id),
            AppPattern::Below(prefix) => write!(f, "{prefix}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> AppPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_means_whole_elements_of_an_app_id() {
        for (text, app_id, means) in [
            ("org.a.App", "org.a.App", true),
            ("org.a.App", "org.a.Apple", false),
            ("org.a.App", "org.a.App.Tool", false),
            ("org.a.*", "org.a.App", true),
            ("org.a.*", "org.a.b.App", true),
            ("org.a.*", "org.a", false),
            ("org.a.*", "org.a.", false),
            ("org.a.*", "org.apple.App", false),
            ("org.a.*", "", false),
        ] {
            assert_eq!(pattern(text).means(app_id), means, "{text} and {app_id}");
        }
    }

    #[test]
    fn what_means_nothing_certain_is_no_pattern() {
        for text in [
            "",
            "*",
            ".*",
            "org.*.App",
            "org.a*",
            "org..App",
            "org.a.App ",
            "org/a",
            "a.*.*",
        ] {
            assert_eq!(text.parse::<AppPattern>(), Err(PatternError), "{text:?}");
        }
    }

    #[test]
    fn two_patterns_overlap_when_an_app_can_be_meant_by_both() {
        for (one, two, overlaps) in [
            ("org.a.App", "org.a.App", true),
            ("org.a.App", "org.b.App", false),
            ("org.a.App", "org.a.*", true),
            ("org.*", "org.a.*", true),
            ("org.a.*", "org.b.*", false),
        ] {
            assert_eq!(
                pattern(one).overlaps(&pattern(two)),
                overlaps,
                "{one} and {two}"
            );
            assert_eq!(
                pattern(two).overlaps(&pattern(one)),
                overlaps,
                "{two} and {one}"
            );
        }
    }
}
