//! Why a text is not the domain of a site. Serves "Domains" of section "Shared web credentials:
//! association" of `protocol/README.md`.

use std::fmt;

/// The longest part of a wrong text that an error repeats, in characters.
const SHOWN: usize = 80;

/// A text that is not the domain of a site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", Shown(given))]
pub struct DomainError {
    /// The text as it was given. May be hostile.
    pub given: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is nothing.
    #[error("no host; give one, for example example.org")]
    Empty,
    /// A URL or a part of one.
    #[error("is more than a host and a port; leave out {0:?} and what belongs to it")]
    NotAHost(char),
    /// Too long for DNS.
    #[error("is longer than the 253 bytes, or a part of it than the 63, that DNS allows")]
    TooLong,
    /// Two dots in a row, or one at the beginning.
    #[error("has an empty part between its dots")]
    EmptyLabel,
    /// Not a host name by IDNA (UTS 46, letters, digits and hyphens only).
    #[error(
        "is no valid host name; parts consist of letters, digits and hyphens, and hyphens are \
         not at their ends"
    )]
    NotAName,
    /// An IPv4 or IPv6 address, in any notation.
    #[error("is an address; only names are associated with apps")]
    Address,
    /// An asterisk that is not the whole first part of a declared domain.
    #[error(
        "has a * that is not its whole first part; only a declaration of the form *.example.org \
         can have one"
    )]
    Wildcard,
    /// Everybody can register names below it.
    #[error("{0} is a public suffix, under which names of many owners lie; name one of them")]
    PublicSuffix(String),
    /// `localhost` or a name below it.
    #[error("is this computer itself, which is a site in developer mode only")]
    Localhost,
    /// Not a port.
    #[error("has {0:?} for a port; ports are 1 to 65535, without zeros in front")]
    Port(String),
}

/// A hostile text, shortened and without anything that is not plainly visible.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start: String = self.0.chars().take(SHOWN).collect();
        if start.len() < self.0.len() {
            start.push('…');
        }
        write!(f, "{start:?}")
    }
}
