//! What the daemon and its fetcher say to one another over a stream socket: one request as a line of JSON; once
//! there is one, the connection to the site ([`dial`](super::dial)); one answer as a line of JSON, the body of the
//! file, then the end.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::passing::Lines;
use crate::web_credentials::association::MAX_FILE;

/// The longest request, and the longest answer before its body, in bytes.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// Fetch this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// An `https` URL.
    pub url: String,
    /// How long all of it may take, in milliseconds.
    pub timeout: u32,
    /// The exceptions of developer mode, if that is on.
    pub developer: Option<Developer>,
}

/// What developer mode allows: addresses of this computer, and an authority of one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Developer {
    /// A file of further root certificates (PEM).
    pub authority: Option<PathBuf>,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What became of it.
    pub outcome: Result<Fetched, FetchError>,
    /// What the kernel could not do to confine the fetcher. Empty if all is well.
    pub unconfined: Vec<String>,
}

/// A file, as a site serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// Where it was fetched from.
    pub url: String,
    /// The HTTP status: 200.
    pub status: u16,
    /// The addresses to which the name resolved; the connection went to one of them.
    pub addresses: Vec<SocketAddr>,
    /// The certificate of the site.
    pub certificate: Certificate,
    /// The value of `Content-Type`.
    pub content_type: Option<String>,
    /// How long it may be kept.
    pub freshness: Freshness,
    /// Its contents.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// How long those are, in bytes.
    length: usize,
}

/// The certificate that a site has shown. Texts of the site's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// For whom it was made out.
    pub subject: String,
    /// Who made it out.
    pub issuer: String,
    /// Until when it holds, in seconds since 1970.
    pub not_after: i64,
}

/// What HTTP says of how long a file may be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// By its rules, in seconds from now.
    pub seconds: u64,
    /// The headers behind that, in lower case with their values.
    pub headers: Vec<(String, String)>,
}

/// How far a fetch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The fetcher did not come to do it.
    Start,
    /// The name was to be resolved.
    Resolve,
    /// A connection was to be made.
    Connect,
    /// The site was to prove who it is.
    Tls,
    /// The request was sent, and an answer was to come.
    Http,
    /// The file was to come.
    Body,
}

/// What went wrong, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The time was up.
    TimedOut,
    /// The name resolves to nothing.
    NoSuchName,
    /// The name resolves to an address that is not public.
    PrivateAddress,
    /// No connection, or it broke.
    Connection,
    /// The certificate has expired, or does not hold yet.
    Expired,
    /// The certificate is not from an authority that this system trusts.
    Untrusted,
    /// The certificate is another host's.
    WrongHost,
    /// Something else in TLS.
    Tls,
    /// The site sends elsewhere, which is not followed.
    Redirect(String),
    /// A status other than 200.
    Status,
    /// Neither JSON nor plain text nor bytes.
    WrongType,
    /// More than 128 KiB.
    TooLong,
    /// Less than was promised.
    Truncated,
    /// Not the language of HTTP.
    Protocol,
    /// No root certificates, no confinement, no fetcher or dialler: nothing that the site could mend.
    Here,
}

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub struct FetchError {
    /// How far it came.
    pub stage: Stage,
    /// What was to be fetched.
    pub url: String,
    /// The HTTP status, if it came that far.
    pub status: Option<u16>,
    /// What went wrong, for programs.
    pub fault: Fault,
    /// What went wrong, for people.
    pub problem: String,
    /// The addresses to which the name resolved, if it did.
    pub addresses: Vec<SocketAddr>,
    /// The certificate of the site, if it has shown one.
    pub certificate: Option<Box<Certificate>>,
}

impl FetchError {
    /// That the fetch of `url` did not come to begin.
    #[must_use]
    pub fn here(url: &str, problem: impl fmt::Display) -> FetchError {
        FetchError {
            stage: Stage::Start,
            url: url.to_owned(),
            status: None,
            fault: Fault::Here,
            problem: problem.to_string(),
            addresses: Vec::new(),
            certificate: None,
        }
    }

    /// Whether the site says that there is no such file.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.stage == Stage::Http && matches!(self.status, Some(404 | 410))
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}", self.url, self.problem, self.stage.name())?;
        match self.status {
            Some(status) => write!(f, ", status {status})"),
            None => f.write_str(")"),
        }
    }
}

impl Stage {
    /// As on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Start => "start",
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Tls => "tls",
            Stage::Http => "http",
            Stage::Body => "body",
        }
    }
}

impl Fetched {
    /// A file with the contents `body`, of which nothing else is known yet.
    #[must_use]
    pub fn new(url: &str, body: Vec<u8>) -> Fetched {
        Fetched {
            url: url.to_owned(),
            status: 200,
            addresses: Vec::new(),
            certificate: Certificate::default(),
            content_type: None,
            freshness: Freshness::default(),
            length: body.len(),
            body,
        }
    }
}

impl Request {
    /// Writes it.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(&line(self)?)
    }

    /// Reads it.
    ///
    /// # Errors
    /// The other side is gone, or sent something else.
    pub fn read(from: &mut Lines<impl AsFd>) -> io::Result<Request> {
        Ok(serde_json::from_slice(&from.next(MAX_HEAD)?)?)
    }
}

/// As a line of JSON, which has no other ends of lines in it.
pub(super) fn line(of: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

impl Answer {
    /// The longest answer, in bytes.
    pub const MAX_LEN: usize = MAX_HEAD + 1 + MAX_FILE;

    /// Writes it.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut message = line(self)?;
        if let Ok(fetched) = &self.outcome {
            message.extend_from_slice(&fetched.body);
        }
        to.write_all(&message)
    }

    /// Understands a whole answer. The fetcher has spoken with the network, so nothing in it is trusted
    /// to be well-formed.
    ///
    /// # Errors
    /// It is not an answer, or not a whole one.
    pub fn parse(message: &[u8]) -> io::Result<Answer> {
        let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem);
        if message.is_empty() {
            let problem = "the fetcher ended without an answer";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        let end = message.iter().position(|byte| *byte == b'\n');
        let end = end.filter(|end| *end <= MAX_HEAD);
        let (head, body) = message.split_at(end.ok_or_else(|| invalid("it has no head"))?);
        let mut answer: Answer = serde_json::from_slice(head)?;
        if let Ok(fetched) = &mut answer.outcome {
            let body = &body[1..];
            if body.len() != fetched.length || body.len() > MAX_FILE {
                return Err(invalid("its body is not as long as it says"));
            }
            fetched.body = body.to_vec();
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://example.org/.well-known/assetlinks.json";

    fn written(answer: &Answer) -> Vec<u8> {
        let mut message = Vec::new();
        answer.write(&mut message).unwrap();
        message
    }

    #[test]
    fn a_file_with_any_bytes_arrives_as_it_was_sent() {
        let answer = Answer {
            outcome: Ok(Fetched::new(URL, b"\n{\0\xff}\n".to_vec())),
            unconfined: vec![],
        };
        assert_eq!(Answer::parse(&written(&answer)).unwrap(), answer);
    }

    #[test]
    fn an_answer_that_was_cut_off_is_none() {
        let answer = Answer {
            outcome: Ok(Fetched::new(URL, b"[1, 2]".to_vec())),
            unconfined: vec![],
        };
        let message = written(&answer);
        for length in 0..message.len() {
            assert!(Answer::parse(&message[..length]).is_err(), "{length}");
        }
        let longer = [message.as_slice(), b"x"].concat();
        assert!(Answer::parse(&longer).is_err());
    }

    #[test]
    fn an_error_says_what_where_and_how_far() {
        let mut error = FetchError::here(URL, "the certificate has expired");
        error.stage = Stage::Tls;
        assert_eq!(
            error.to_string(),
            format!("{URL}: the certificate has expired (tls)")
        );
        error.status = Some(404);
        error.stage = Stage::Http;
        assert!(error.is_absent());
        assert!(error.to_string().ends_with("(http, status 404)"));
    }
}
