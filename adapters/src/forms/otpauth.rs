//! One-time passwords as `otpauth://` URIs (the format of Google Authenticator's QR codes), and as
//! bare base32 secrets, from and to the `totp` credential of CXF 1.0.
//!
//! What a credential cannot say (counters, Steam's alphabet) is no `totp`: it stays the text that it
//! is.

use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::Object;

const SCHEME: &str = "otpauth://";
/// What stands for itself in a URI (RFC 3986, § 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Every authenticator shows between these many digits.
const DIGITS: std::ops::RangeInclusive<u64> = 4..=10;
/// A day in seconds: no code lives longer.
const LONGEST_PERIOD: u64 = 86_400;

/// What makes a one-time password.
#[derive(Default)]
pub struct Totp<'t> {
    /// The secret, in base32.
    pub secret: &'t str,
    /// Seconds; 30 if nothing is said.
    pub period: Option<u64>,
    /// Digits; 6 if nothing is said.
    pub digits: Option<u64>,
    /// `SHA1`, `sha-256`, `HMAC-SHA-512` …; SHA-1 if nothing is said.
    pub algorithm: Option<&'t str>,
    /// For whom the codes are.
    pub username: Option<&'t str>,
    /// By whom they are asked for.
    pub issuer: Option<&'t str>,
}

impl Totp<'_> {
    /// The `totp` credential; `None` if a member is none that CXF knows.
    #[must_use]
    pub fn credential(&self) -> Option<Object> {
        let (period, digits) = (self.period.unwrap_or(30), self.digits.unwrap_or(6));
        if !(1..=LONGEST_PERIOD).contains(&period) || !DIGITS.contains(&digits) {
            return None;
        }
        let mut totp = Object::credential("totp");
        totp.set("secret", secret(self.secret)?.as_str());
        totp.set("period", period);
        totp.set("digits", digits);
        totp.set("algorithm", algorithm(self.algorithm.unwrap_or("sha1"))?);
        let named = [("username", self.username), ("issuer", self.issuer)];
        for (name, value) in named {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                totp.set(name, value);
            }
        }
        Some(totp)
    }
}

/// Reads an `otpauth://totp/` URI, or a bare secret in base32 with or without spaces; `None` if it is
/// neither, or says what CXF cannot.
#[must_use]
pub fn parse(text: &str) -> Option<Object> {
    let text = text.trim();
    match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => parse_uri(text.get(SCHEME.len()..)?),
        _ => Totp {
            secret: text,
            ..Totp::default()
        }
        .credential(),
    }
}

fn parse_uri(rest: &str) -> Option<Object> {
    let (path, query) = rest.split_once('?')?;
    let (kind, label) = path.split_once('/').unwrap_or((path, ""));
    if !kind.eq_ignore_ascii_case("totp") {
        return None;
    }
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let pairs: Option<Vec<_>> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((name.to_ascii_lowercase(), decode(value)?))
        })
        .collect();
    let pairs = pairs?;
    let find = |name: &str| {
        let pair = pairs.iter().find(|(each, _)| each == name)?;
        Some(pair.1.as_str()).filter(|value| !value.is_empty())
    };
    if find("encoder").is_some() {
        return None;
    }
    let label = decode(label)?;
    let (prefix, username) = match label.split_once(':') {
        Some((issuer, username)) => (Some(issuer.trim()), username.trim()),
        None => (None, label.trim()),
    };
    let issuer = find("issuer");
    // A label without a user name repeats the issuer, or says nothing.
    let is_issuer = prefix.is_none() && issuer == Some(username);
    Totp {
        secret: find("secret")?,
        period: number(find("period"))?,
        digits: number(find("digits"))?,
        algorithm: find("algorithm"),
        username: Some(username).filter(|_| !is_issuer),
        issuer: issuer.or(prefix),
    }
    .credential()
}

/// A number that may be absent; `None` if it is there and none.
fn number(text: Option<&str>) -> Option<Option<u64>> {
    text.map(str::parse).transpose().ok()
}

/// The decoded text. A plus sign stands for itself, as in every part of a URI: authenticators that
/// mean a space write `%20`.
fn decode(text: &str) -> Option<Zeroizing<String>> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(Zeroizing::new(decoded.into_owned()))
}

/// A secret as CXF has it: in capitals, without spaces and padding; `None` if it is no base32.
fn secret(text: &str) -> Option<Zeroizing<String>> {
    let mut secret = Zeroizing::new(String::with_capacity(text.len()));
    let letters = text.trim_end_matches('=').chars();
    secret.extend(letters.filter(|letter| !matches!(letter, ' ' | '-')));
    secret.make_ascii_uppercase();
    let decoded = BASE32_NOPAD.decode(secret.as_bytes()).map(Zeroizing::new);
    // Many secrets have bits left over, which base32 forbids and no authenticator minds.
    let is_base32 = match decoded {
        Ok(decoded) => !decoded.is_empty(),
        Err(error) => error.kind == data_encoding::DecodeKind::Trailing,
    };
    is_base32.then_some(secret)
}

/// An algorithm as CXF calls it.
fn algorithm(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    match name.trim_start_matches("hmac") {
        "sha1" => Some("sha1"),
        "sha256" => Some("sha256"),
        "sha512" => Some("sha512"),
        _ => None,
    }
}

/// The URI of a `totp` credential, with every member spelled out; `None` if it lacks a secret or has
/// an algorithm that CXF does not know.
#[must_use]
pub fn uri(totp: &Object) -> Option<Zeroizing<String>> {
    let secret = secret(totp.text("secret")?)?;
    let algorithm = algorithm(totp.text("algorithm")?)?.to_ascii_uppercase();
    let escape = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    let issuer = totp.text("issuer").unwrap_or_default();
    let username = totp.text("username").unwrap_or_default();
    let label = match (issuer, username) {
        ("", username) => escape(username),
        (issuer, "") => escape(issuer),
        (issuer, username) => format!("{}:{}", escape(issuer), escape(username)),
    };
    let (period, digits) = (totp.number("period")?, totp.number("digits")?);
    // Large enough from the start: a string that grows leaves its old content behind unwiped.
    let mut uri = Zeroizing::new(String::with_capacity(
        128 + label.len() + secret.len() + 3 * issuer.len(),
    ));
    uri.extend([SCHEME, "totp/", &label, "?secret=", &secret]);
    uri.push_str(&format!(
        "&period={period}&digits={digits}&algorithm={algorithm}"
    ));
    if !issuer.is_empty() {
        uri.extend(["&issuer=", &escape(issuer)]);
    }
    Some(uri)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(totp: &Object) -> String {
        serde_json::to_string(totp).unwrap()
    }

    #[test]
    fn a_scanned_code_becomes_a_credential() {
        let uri = "otpauth://totp/ACME%20Co:john@example.com?secret=hxdm vjec jjws rb3h\
                   &issuer=ACME%20Co&algorithm=SHA256&digits=8&period=60";
        assert_eq!(
            shown(&parse(uri).unwrap()),
            r#"{"algorithm":"sha256","digits":8,"issuer":"ACME Co","period":60,"secret":"HXDMVJECJJWSRB3H","type":"totp","username":"john@example.com"}"#
        );
    }

    #[test]
    fn a_bare_secret_has_what_everybody_takes_for_granted() {
        assert_eq!(
            shown(&parse("jbsw y3dp-ehpk 3pxp==").unwrap()),
            r#"{"algorithm":"sha1","digits":6,"period":30,"secret":"JBSWY3DPEHPK3PXP","type":"totp"}"#
        );
    }

    #[test]
    fn what_cxf_cannot_say_is_no_totp() {
        for text in [
            "",
            "hunter2!",
            "otpauth://hotp/a?secret=JBSWY3DP&counter=1",
            "otpauth://totp/a?secret=JBSWY3DP&encoder=steam",
            "otpauth://totp/a?secret=JBSWY3DP&digits=0",
            "otpauth://totp/a?secret=JBSWY3DP&digits=x",
            "otpauth://totp/a?secret=JBSWY3DP&algorithm=MD5",
            "otpauth://totp/a?secret=",
            "otpauth://totp/a",
            "otpauth://totp/%ff?secret=JBSWY3DP",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_issuer_alone_is_not_taken_for_a_user_name() {
        let totp = parse("otpauth://totp/ACME?secret=JBSWY3DP&issuer=ACME").unwrap();
        assert_eq!(
            (totp.text("issuer"), totp.text("username")),
            (Some("ACME"), None)
        );
    }

    proptest! {
        #[test]
        fn a_credential_comes_back_from_its_uri(
            secret in "[A-Z2-7]{8}{1,4}",
            period in 1..=300_u64,
            digits in 6..=8_u64,
            algorithm in prop::sample::select(vec!["sha1", "sha256", "sha512"]),
            username in prop::option::of("[a-z&=?#%+/ é@]{0,8}[a-z]"),
            issuer in prop::option::of("[A-Z&=?#%+/ é]{0,8}[A-Z]"),
        ) {
            let totp = Totp {
                secret: &secret,
                period: Some(period),
                digits: Some(digits),
                algorithm: Some(algorithm),
                username: username.as_deref().map(str::trim),
                issuer: issuer.as_deref().map(str::trim),
            };
            let totp = totp.credential().unwrap();
            prop_assert_eq!(parse(&uri(&totp).unwrap()), Some(totp));
        }

        #[test]
        fn what_can_be_read_of_any_text_can_be_written(
            text in "(otpauth://totp/.{0,9}[?]secret=)?[A-Za-z2-7 =&]{0,20}.{0,20}",
        ) {
            if let Some(totp) = parse(&text) {
                prop_assert!(parse(&uri(&totp).unwrap()).is_some());
            }
        }
    }
}
