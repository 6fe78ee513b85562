//! What an app declares in `Domains=` of its desktop entry, and which site that covers. Serves
//! "Domains" of section "Shared web credentials: association" of `protocol/README.md`.

use std::fmt;

use super::Mode;
use super::error::{DomainError, Fault};
use super::host::Site;

/// The most domains that one app can declare.
pub const MAX_DOMAINS: usize = 64;

/// One domain as an app declares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// `example.org`: this site alone.
    Exact(Site),
    /// `*.example.org`: every host below it at any depth, and not it itself.
    Below(Site),
}

/// The domains that one app declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domains(Vec<Pattern>);

impl Pattern {
    /// Reads `host`, `*.host`, `host:port` or `*.host:port`.
    ///
    /// # Errors
    /// It does not name a site, or the sites below one; see [`Fault`].
    pub fn parse(text: &str, mode: Mode) -> Result<Pattern, DomainError> {
        let pattern = match text.strip_prefix("*.") {
            Some(base) => Pattern::below(base, mode),
            None => Site::read(text, mode).map(Pattern::Exact),
        };
        pattern.map_err(|fault| DomainError {
            given: text.to_owned(),
            fault,
        })
    }

    fn below(base: &str, mode: Mode) -> Result<Pattern, Fault> {
        let site = Site::read(base, mode)?;
        // Unlike a registered name, `localhost` has no owner who could answer for all below it.
        match site.host().as_str() {
            "localhost" => Err(Fault::PublicSuffix("localhost".to_owned())),
            _ => Ok(Pattern::Below(site)),
        }
    }

    /// Whether the app means `site`. Ports are equal or the answer is no.
    #[must_use]
    pub fn covers(&self, site: &Site) -> bool {
        match self {
            Pattern::Exact(own) => own == site,
            Pattern::Below(base) => base.port() == site.port() && site.host().is_below(base.host()),
        }
    }

    /// The site whose well-known file answers for everything that this covers: the host itself, and
    /// `example.org` for `*.example.org`.
    #[must_use]
    pub fn answered_by(&self) -> &Site {
        match self {
            Pattern::Exact(site) | Pattern::Below(site) => site,
        }
    }

    /// The more specific comes first: what is exact, then the longer name.
    fn rank(&self) -> (bool, usize) {
        let labels = self.answered_by().host().as_str().split('.').count();
        (matches!(self, Pattern::Exact(_)), labels)
    }
}

impl Domains {
    /// Reads the elements of a declaration. One that is wrong is left out, and does not spoil the
    /// others; so are those after the first [`MAX_DOMAINS`].
    #[must_use]
    pub fn declared<'a>(
        elements: impl IntoIterator<Item = &'a str>,
        mode: Mode,
    ) -> (Domains, Vec<DomainError>) {
        let mut domains = Vec::new();
        let mut wrong = Vec::new();
        for element in elements.into_iter().take(MAX_DOMAINS) {
            match Pattern::parse(element, mode) {
                Ok(pattern) if domains.contains(&pattern) => {}
                Ok(pattern) => domains.push(pattern),
                Err(error) => wrong.push(error),
            }
        }
        (Domains(domains), wrong)
    }

    /// The one of the declared domains by which the app means `site`: an exact one before a wildcard,
    /// and the longer of two wildcards.
    #[must_use]
    pub fn covering(&self, site: &Site) -> Option<&Pattern> {
        let covering = self.0.iter().filter(|pattern| pattern.covers(site));
        covering.max_by_key(|pattern| pattern.rank())
    }

    /// The declared domains, in their order, each once.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    /// Whether the app declares none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Exact(site) => write!(f, "{site}"),
            Pattern::Below(base) => write!(f, "*.{base}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Mode::Standard).unwrap()
    }

    fn site(text: &str) -> Site {
        Site::parse(text, Mode::Standard).unwrap()
    }

    #[test]
    fn a_declaration_covers_what_it_says_and_nothing_that_resembles_it() {
        for (declared, asked, covered) in [
            ("example.org", "example.org", true),
            ("example.org", "EXAMPLE.ORG.", true),
            ("example.org:443", "example.org", true),
            ("example.org", "example.org:443", true),
            ("bücher.example", "xn--bcher-kva.example", true),
            ("example.org", "www.example.org", false),
            ("www.example.org", "example.org", false),
            ("example.org", "example.org:8443", false),
            ("example.org:8443", "example.org", false),
            ("example.org:8443", "example.org:8443", true),
            ("example.org", "example.com", false),
            ("*.example.org", "www.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "evilexample.org", false),
            ("*.example.org", "example.org.evil.net", false),
            ("*.example.org", "www.example.org:8443", false),
            ("*.example.org:8443", "www.example.org:8443", true),
            ("*.example.org:443", "www.example.org", true),
            ("*.EXAMPLE.org.", "www.example.org", true),
            ("*.me.github.io", "blog.me.github.io", true),
            ("*.me.github.io", "you.github.io", false),
        ] {
            let answer = pattern(declared).covers(&site(asked));
            assert_eq!(answer, covered, "{declared} and {asked}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_the_first_part_and_never_for_a_public_suffix() {
        let suffix = |name: &str| Fault::PublicSuffix(name.to_owned());
        for (declared, fault) in [
            ("*", Fault::Wildcard),
            ("*.", Fault::Empty),
            ("**.example.org", Fault::Wildcard),
            ("*.*.example.org", Fault::Wildcard),
            ("a*.example.org", Fault::Wildcard),
            ("www.*.org", Fault::Wildcard),
            ("*example.org", Fault::Wildcard),
            ("*.com", suffix("com")),
            ("*.co.uk", suffix("co.uk")),
            ("*.CO.UK:443", suffix("co.uk")),
            ("*.github.io", suffix("github.io")),
            ("*.公司.cn", suffix("xn--55qx5d.cn")),
            ("*.intranet", suffix("intranet")),
            ("*.127.0.0.1", Fault::Address),
            ("*.localhost", Fault::Localhost),
            ("*..example.org", Fault::EmptyLabel),
            ("*.example.org/", Fault::NotAHost('/')),
        ] {
            let error = Pattern::parse(declared, Mode::Standard).expect_err(declared);
            assert_eq!(error.fault, fault, "{declared}");
        }
        let error = Pattern::parse("*.localhost", Mode::Developer).unwrap_err();
        assert_eq!(error.fault, suffix("localhost"));
    }

    #[test]
    fn a_wildcard_is_answered_by_the_host_below_which_it_lies_and_every_other_by_itself() {
        for (declared, answers) in [
            ("*.example.org", "example.org"),
            ("*.app.example.org:8443", "app.example.org:8443"),
            ("www.example.org", "www.example.org"),
            ("example.org:8443", "example.org:8443"),
        ] {
            assert_eq!(
                pattern(declared).answered_by(),
                &site(answers),
                "{declared}"
            );
        }
    }

    #[test]
    fn the_most_specific_of_several_declarations_answers() {
        let declared = ["*.example.org", "*.eu.example.org", "www.eu.example.org"];
        let (domains, wrong) = Domains::declared(declared, Mode::Standard);
        assert_eq!(wrong, []);
        for (asked, by) in [
            ("www.eu.example.org", "www.eu.example.org"),
            ("shop.eu.example.org", "*.eu.example.org"),
            ("eu.example.org", "*.example.org"),
            ("www.example.org", "*.example.org"),
        ] {
            assert_eq!(
                domains.covering(&site(asked)),
                Some(&pattern(by)),
                "{asked}"
            );
        }
        assert_eq!(domains.covering(&site("example.org")), None);
    }

    #[test]
    fn a_wrong_element_is_named_and_does_not_spoil_the_others() {
        let elements = ["*.co.uk", "example.org", "EXAMPLE.org:443", "*.example.org"];
        let (domains, wrong) = Domains::declared(elements, Mode::Standard);
        let kept: Vec<_> = domains.iter().map(ToString::to_string).collect();
        assert_eq!(kept, ["example.org", "*.example.org"]);
        let said: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "\"*.co.uk\": co.uk is a public suffix, under which names of many owners lie; \
              name one of them"
            ]
        );
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_as_what_reads_the_same(text in ".{0,64}|(\\*\\.)?([a-zß-ü0-9-]{1,9}\\.){1,3}(org|co\\.uk|de)(:[0-9]{1,6})?") {
            if let Ok(pattern) = Pattern::parse(&text, Mode::Standard) {
                let written = pattern.to_string();
                prop_assert_eq!(Pattern::parse(&written, Mode::Standard), Ok(pattern));
                prop_assert!(written.is_ascii());
            }
        }

        #[test]
        fn no_declaration_covers_a_site_outside_the_domain_that_answers_for_it(
            declared in "(\\*\\.)?([a-c]{1,2}\\.){1,3}org", asked in "([a-c]{1,2}\\.){1,4}org",
        ) {
            let (declared, asked) = (pattern(&declared), site(&asked));
            if declared.covers(&asked) {
                let registrable = |site: &Site| psl::domain_str(site.host().as_str()).map(str::to_owned);
                prop_assert_eq!(registrable(&asked), registrable(declared.answered_by()));
            }
        }
    }
}
