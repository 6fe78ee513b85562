//! What the daemon and its dialler say to one another, and what of it the fetcher hears: one request as a line of
//! JSON; one answer as a line of JSON, with the connection beside it. Serves "Fetching" of section "Shared web
//! credentials: association" of `protocol/README.md`.
//!
//! The fetcher meets what a site sends, so it has no say in where a connection leads: the daemon tells the
//! dialler, and hands on what that one has made.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

use serde::{Deserialize, Serialize};

use super::passing::{self, Lines};
use super::wire::{self, Fault, FetchError, MAX_HEAD, Stage};
use crate::web_credentials::domain::{Mode, Site};

/// Connect to this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The name of the host.
    pub host: String,
    /// The port, by TCP.
    pub port: u16,
    /// How long all of it may take, in milliseconds.
    pub timeout: u32,
    /// Whether it may be this computer, as developer mode allows.
    pub loopback: bool,
}

/// What came of a request. The connection itself is beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What is known of the connection, or why there is none.
    pub outcome: Result<Dialled, DialError>,
    /// What the kernel could not do to confine the dialler. Empty if all is well.
    pub unconfined: Vec<String>,
}

/// A connection was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialled {
    /// The addresses to which the name resolved; the connection goes to one of them.
    pub addresses: Vec<SocketAddr>,
    /// How long it took, in milliseconds.
    pub took: u32,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{problem} ({stage})", stage = stage.name())]
pub struct DialError {
    /// How far it came: `Start`, `Resolve` or `Connect`.
    pub stage: Stage,
    /// What went wrong, for programs.
    pub fault: Fault,
    /// What went wrong, for people.
    pub problem: String,
    /// The addresses to which the name resolved, if it did.
    pub addresses: Vec<SocketAddr>,
}

impl DialError {
    /// That it did not come to begin.
    #[must_use]
    pub fn here(problem: impl std::fmt::Display) -> DialError {
        DialError {
            stage: Stage::Start,
            fault: Fault::Here,
            problem: problem.to_string(),
            addresses: Vec::new(),
        }
    }

    /// What it means for who wanted to fetch `url`.
    #[must_use]
    pub fn of_fetching(self, url: &str) -> FetchError {
        FetchError {
            stage: self.stage,
            fault: self.fault,
            addresses: self.addresses,
            ..FetchError::here(url, self.problem)
        }
    }
}

impl Request {
    /// What must be connected to for `request`.
    ///
    /// # Errors
    /// Its URL is not one of a site, and by `https`.
    pub fn of(request: &wire::Request) -> Result<Request, String> {
        let url = &request.url;
        let rest = url.strip_prefix("https://");
        let rest = rest.ok_or_else(|| format!("{url} is not an https URL"))?;
        let (site, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // Whether this computer is meant is seen by its addresses.
        let site = Site::parse(site, Mode::Developer);
        let site = site.map_err(|error| format!("{url} is not the URL of a site: {error}"))?;
        Ok(Request {
            host: site.host().as_str().to_owned(),
            port: site.port().get(),
            timeout: request.timeout,
            loopback: request.developer.is_some(),
        })
    }

    /// Says it over `socket`.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn write(&self, socket: impl AsFd) -> io::Result<()> {
        passing::send(socket, &self.to_line()?, None)
    }

    /// Hears it.
    ///
    /// # Errors
    /// The other side is gone, or says something else.
    pub fn read(socket: impl AsFd) -> io::Result<Request> {
        let line = Lines::new(socket).next(MAX_HEAD)?;
        Ok(serde_json::from_slice(&line)?)
    }

    pub(super) fn to_line(&self) -> io::Result<Vec<u8>> {
        wire::line(self)
    }
}

impl Answer {
    /// The longest answer, in bytes.
    pub const MAX_LEN: usize = MAX_HEAD;

    /// Says it over `socket`, with the connection beside it.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn write(&self, socket: impl AsFd, connection: Option<&TcpStream>) -> io::Result<()> {
        passing::send(socket, &self.to_line()?, connection.map(AsFd::as_fd))
    }

    /// Hears it.
    ///
    /// # Errors
    /// The other side is gone, or says something else.
    pub fn read(lines: &mut Lines<impl AsFd>) -> io::Result<(Answer, Option<OwnedFd>)> {
        let line = lines.next(MAX_HEAD)?;
        Answer::parse(&line, lines.take_fd())
    }

    /// Understands a whole answer, and what came beside it. The dialler has spoken with the network, so nothing
    /// in it is trusted to be well-formed.
    ///
    /// # Errors
    /// It is not an answer, or not a whole one.
    pub fn parse(text: &[u8], beside: Option<OwnedFd>) -> io::Result<(Answer, Option<OwnedFd>)> {
        if text.is_empty() {
            let problem = "the dialler ended without an answer";
            return Err(io::Error::new(ErrorKind::UnexpectedEof, problem));
        }
        let answer: Answer = serde_json::from_slice(text)?;
        match (&answer.outcome, &beside) {
            (Ok(_), Some(_)) | (Err(_), None) => Ok((answer, beside)),
            (Ok(_), None) => Err(invalid("its connection is missing")),
            (Err(_), Some(_)) => Err(invalid("it has a connection beside an error")),
        }
    }

    pub(super) fn to_line(&self) -> io::Result<Vec<u8>> {
        wire::line(self)
    }
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_credentials::fetch::Developer;

    fn of(url: &str, developer: bool) -> Result<Request, String> {
        Request::of(&wire::Request {
            url: url.to_owned(),
            timeout: 7,
            developer: developer.then(Developer::default),
        })
    }

    #[test]
    fn what_is_connected_to_is_the_host_and_port_of_the_url() {
        for (url, host, port) in [
            ("https://example.org/.well-known/x", "example.org", 443),
            ("https://example.org:8443/x", "example.org", 8443),
            (
                "https://example.org?x=https://evil.example/",
                "example.org",
                443,
            ),
            ("https://localhost", "localhost", 443),
        ] {
            let request = of(url, false).unwrap();
            assert_eq!((request.host.as_str(), request.port), (host, port), "{url}");
            assert_eq!((request.timeout, request.loopback), (7, false));
        }
        assert!(of("https://localhost/", true).unwrap().loopback);
    }

    #[test]
    fn a_url_that_names_no_site_is_not_connected_to() {
        for url in [
            "http://example.org/",
            "example.org",
            "https://",
            "https:///x",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://user@example.org/",
            "https://example.org:0/",
            "https://example.org\\@evil.example/",
        ] {
            assert!(of(url, true).is_err(), "{url}");
        }
    }

    #[test]
    fn an_answer_without_the_connection_that_it_speaks_of_is_none() {
        let connection = || Some(OwnedFd::from(tempfile::tempfile().unwrap()));
        let said = |outcome| {
            let answer = Answer {
                outcome,
                unconfined: Vec::new(),
            };
            answer.to_line().unwrap()
        };
        let dialled = Dialled {
            addresses: vec!["8.8.8.8:443".parse().unwrap()],
            took: 3,
        };
        let good = said(Ok(dialled.clone()));
        let (heard, beside) = Answer::parse(&good, connection()).unwrap();
        assert_eq!(heard.outcome, Ok(dialled));
        assert!(beside.is_some());
        assert!(Answer::parse(&good, None).is_err());
        let bad = said(Err(DialError::here("no")));
        assert!(Answer::parse(&bad, None).unwrap().0.outcome.is_err());
        assert!(Answer::parse(&bad, connection()).is_err());
        assert!(Answer::parse(&good[..good.len() - 3], connection()).is_err());
        assert!(Answer::parse(b"", None).is_err());
    }
}
