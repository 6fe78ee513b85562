//! A site: the host and the port of an origin whose scheme is `https`. Serves "Domains" of section
//! "Shared web credentials: association" of `protocol/README.md`.

use std::fmt;
use std::num::NonZeroU16;

use idna::uts46::{DnsLength, Hyphens, Uts46};
use idna::{AsciiDenyList, uts46};

use super::Mode;
use super::error::{DomainError, Fault};

/// The longest text that is looked at, in bytes: a host in Unicode may take more than in ASCII.
const MAX_TEXT: usize = 1024;
/// What only a URL has.
const OF_URLS: [char; 5] = ['/', '\\', '?', '#', '@'];

/// A host that can have an app: its name in ASCII, in lower case, without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

/// A TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(NonZeroU16);

/// A host and a port: what somebody asks for, and what serves a well-known file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    host: Host,
    port: Port,
}

impl Host {
    /// The name, for example `xn--bcher-kva.example`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for people: in Unicode, unless it is not valid there. Two names may look alike.
    #[must_use]
    pub fn to_unicode(&self) -> String {
        let (name, validity) = Uts46::new().to_unicode(
            self.0.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
        );
        match validity {
            Ok(()) => name.into_owned(),
            Err(_) => self.0.clone(),
        }
    }

    /// Whether it is a name below `base`, at any depth.
    #[must_use]
    pub fn is_below(&self, base: &Host) -> bool {
        self.0
            .strip_suffix(&base.0)
            .is_some_and(|rest| rest.ends_with('.'))
    }

    fn parse(text: &str, mode: Mode) -> Result<Host, Fault> {
        // The brackets, and any colon that is left beside the port's, are of IPv6.
        if text.contains(['[', ']', ':']) {
            return Err(Fault::Address);
        }
        if text.contains('*') {
            return Err(Fault::Wildcard);
        }
        let name = to_ascii(text)?;
        let host = Host(name.strip_suffix('.').unwrap_or(&name).to_owned());
        if host.0.is_empty() {
            return Err(Fault::Empty);
        }
        if host.0.split('.').any(str::is_empty) {
            return Err(Fault::EmptyLabel);
        }
        if !uts46::verify_dns_length(&host.0, false) {
            return Err(Fault::TooLong);
        }
        host.is_public(mode).map(|()| host)
    }

    fn is_public(&self, mode: Mode) -> Result<(), Fault> {
        let last = self.0.rsplit('.').next().unwrap_or_default();
        if last == "localhost" {
            return match mode {
                Mode::Developer => Ok(()),
                Mode::Standard => Err(Fault::Localhost),
            };
        }
        // Whatever ends in a number is an IPv4 address or nothing (URL Standard, "ends in a number").
        let hexadecimal = last.strip_prefix("0x");
        let is_number = |digits: &str, radix| digits.chars().all(|digit| digit.is_digit(radix));
        if is_number(last, 10) || hexadecimal.is_some_and(|digits| is_number(digits, 16)) {
            return Err(Fault::Address);
        }
        if psl::suffix_str(&self.0) == Some(self.0.as_str()) {
            return Err(Fault::PublicSuffix(self.0.clone()));
        }
        Ok(())
    }
}

/// IDNA, without its limits of length.
fn to_ascii(text: &str) -> Result<String, Fault> {
    let ascii = Uts46::new().to_ascii(
        text.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Ignore,
    );
    match ascii {
        Ok(ascii) => Ok(ascii.into_owned()),
        Err(_) => Err(Fault::NotAName),
    }
}

impl Port {
    /// That of `https`, which is meant where none is named.
    pub const STANDARD: Port = match NonZeroU16::new(443) {
        Some(port) => Port(port),
        None => unreachable!(),
    };

    /// The number, 1 to 65535.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0.get()
    }

    fn parse(digits: &str) -> Result<Port, Fault> {
        let wrong = || Fault::Port(digits.chars().take(8).collect());
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
        let number = digits.parse().ok().filter(|_| plain);
        number.map(Port).ok_or_else(wrong)
    }
}

impl Site {
    /// Reads `host` or `host:port`, as somebody asks for it.
    ///
    /// # Errors
    /// It is not the name of a site; see [`Fault`].
    pub fn parse(text: &str, mode: Mode) -> Result<Site, DomainError> {
        Site::read(text, mode).map_err(|fault| DomainError {
            given: text.to_owned(),
            fault,
        })
    }

    pub(super) fn read(text: &str, mode: Mode) -> Result<Site, Fault> {
        if text.len() > MAX_TEXT {
            return Err(Fault::TooLong);
        }
        if let Some(sign) = text.chars().find(|sign| OF_URLS.contains(sign)) {
            return Err(Fault::NotAHost(sign));
        }
        if text.starts_with('[') {
            return Err(Fault::Address);
        }
        let (host, port) = match text.split_once(':') {
            None => (text, Port::STANDARD),
            Some((_, rest)) if rest.contains(':') => return Err(Fault::Address),
            Some((host, digits)) => (host, Port::parse(digits)?),
        };
        if host.is_empty() {
            return Err(Fault::Empty);
        }
        let host = Host::parse(host, mode)?;
        Ok(Site { host, port })
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> Port {
        self.port
    }

    /// `https://HOST` or `https://HOST:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://{self}")
    }

    /// The URL of the file `name` in its `/.well-known/`.
    #[must_use]
    pub fn well_known(&self, name: &str) -> String {
        format!("https://{self}/.well-known/{name}")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Site {
    /// `HOST`, or `HOST:PORT` if the port is not the standard one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Port::STANDARD => write!(f, "{}", self.host),
            Port(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_read_as_one_host_and_one_port() {
        for (text, host, port) in [
            ("example.org", "example.org", 443),
            ("example.org:443", "example.org", 443),
            ("example.org:1", "example.org", 1),
            ("example.org:65535", "example.org", 65535),
            ("EXAMPLE.Org.", "example.org", 443),
            ("example.org.:8443", "example.org", 8443),
            ("bücher.example", "xn--bcher-kva.example", 443),
            ("BÜCHER.example", "xn--bcher-kva.example", 443),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", 443),
            ("faß.de", "xn--fa-hia.de", 443),
            ("例え。jp", "xn--r8jz45g.jp", 443),
            ("ｅｘａｍｐｌｅ．org", "example.org", 443),
            ("a.b.c.example.co.uk", "a.b.c.example.co.uk", 443),
            ("me.github.io", "me.github.io", 443),
            (
                "r3---sn-h0jeen7y.example.com",
                "r3---sn-h0jeen7y.example.com",
                443,
            ),
            ("1e100.net", "1e100.net", 443),
            ("site.example", "site.example", 443),
        ] {
            let site = Site::parse(text, Mode::Standard).unwrap();
            assert_eq!(
                (site.host.as_str(), site.port.get()),
                (host, port),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_site_is_refused_with_its_fault() {
        use Fault::*;
        let long_label = format!("{}.org", "a".repeat(64));
        let long_name = format!("{}org", "abcdefg.".repeat(32));
        let endless = "ü".repeat(MAX_TEXT);
        let suffix = |name: &str| PublicSuffix(name.to_owned());
        let port = |text: &str| Port(text.to_owned());
        for (text, fault) in [
            ("", Empty),
            (".", Empty),
            (":443", Empty),
            ("https://example.org", NotAHost('/')),
            ("example.org/login", NotAHost('/')),
            ("example.org\\@evil.org", NotAHost('\\')),
            ("me@example.org", NotAHost('@')),
            ("example.org?x", NotAHost('?')),
            ("example.org#x", NotAHost('#')),
            (long_label.as_str(), TooLong),
            (long_name.as_str(), TooLong),
            (endless.as_str(), TooLong),
            ("example..org", EmptyLabel),
            (".example.org", EmptyLabel),
            ("example.org..", EmptyLabel),
            ("exa mple.org", NotAName),
            (" example.org", NotAName),
            ("exa_mple.org", NotAName),
            ("-example.org", NotAName),
            ("example-.org", NotAName),
            ("exam%70le.org", NotAName),
            ("example.org\n", NotAName),
            ("exam\0ple.org", NotAName),
            ("xn--a.org", NotAName),
            ("xn--.org", NotAName),
            ("ex\u{202e}ample.org", NotAName),
            ("127.0.0.1", Address),
            ("127.0.0.1.", Address),
            ("192.168.1.1:8443", Address),
            ("8.8.8.8", Address),
            ("127.1", Address),
            ("2130706433", Address),
            ("0x7f.1", Address),
            ("0x7f000001", Address),
            ("0x", Address),
            ("017700000001", Address),
            ("１２７.0.0.1", Address),
            ("a.1.2.3.4", Address),
            ("[::1]", Address),
            ("[::1]:443", Address),
            ("::1", Address),
            ("2001:db8::1", Address),
            ("[example.org]", Address),
            ("*.example.org", Wildcard),
            ("*", Wildcard),
            ("foo*.example.org", Wildcard),
            ("com", suffix("com")),
            ("co.uk", suffix("co.uk")),
            ("CO.UK.", suffix("co.uk")),
            ("github.io", suffix("github.io")),
            ("公司.cn", suffix("xn--55qx5d.cn")),
            ("intranet", suffix("intranet")),
            ("localhost", Localhost),
            ("LOCALHOST.", Localhost),
            ("app.localhost:8443", Localhost),
            ("example.org:", port("")),
            ("example.org:0", port("0")),
            ("example.org:0443", port("0443")),
            ("example.org:65536", port("65536")),
            ("example.org:+443", port("+443")),
            ("example.org:-1", port("-1")),
            ("example.org:４４３", port("４４３")),
            ("example.org:https", port("https")),
            ("example.org:443 ", port("443 ")),
        ] {
            let error = Site::parse(text, Mode::Standard).expect_err(text);
            assert_eq!(error.fault, fault, "{text:?}");
            assert_eq!(error.given, text);
        }
    }

    #[test]
    fn this_computer_is_a_site_for_developers_and_an_address_is_for_nobody() {
        let site = Site::parse("localhost:8443", Mode::Developer).unwrap();
        assert_eq!(site.origin(), "https://localhost:8443");
        assert!(Site::parse("app.localhost", Mode::Developer).is_ok());
        for text in ["127.0.0.1", "[::1]", "co.uk", "intranet"] {
            assert!(Site::parse(text, Mode::Developer).is_err(), "{text}");
        }
    }

    #[test]
    fn a_site_is_written_without_the_standard_port() {
        let site = |text| Site::parse(text, Mode::Standard).unwrap();
        assert_eq!(site("Example.org:443").to_string(), "example.org");
        assert_eq!(site("example.org:80").to_string(), "example.org:80");
        assert_eq!(
            site("bücher.example:8443").well_known("assetlinks.json"),
            "https://xn--bcher-kva.example:8443/.well-known/assetlinks.json"
        );
        assert_eq!(site("bücher.example").host().to_unicode(), "bücher.example");
    }

    #[test]
    fn an_error_repeats_no_more_of_a_hostile_text_than_is_safe_to_show() {
        let hostile = format!("evil\u{1b}[31m\u{202e}{}", "x".repeat(500));
        let said = Site::parse(&hostile, Mode::Standard)
            .unwrap_err()
            .to_string();
        assert!(said.len() < 300, "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
}
