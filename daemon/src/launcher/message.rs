//! What the daemon and its launching process say to one another: one JSON document per [packet](super::packet), the
//! fds beside it. Serves design §6.
//!
//! After an upgrade the daemon may be older than the launching process that its unit gives it: what is added
//! here must be allowed to be missing.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use super::Program;
use super::lineage::Birth;
use super::packet::{MAX_FDS, MAX_MESSAGE};

/// fds of a program are numbered below this.
pub(super) const FD_LIMIT: i32 = 32;

/// Start this.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) serial: u64,
    pub(super) argv: Vec<OsString>,
    pub(super) environment: Vec<(String, OsString)>,
    /// The numbers that the fds beside the message get.
    pub(super) fds: Vec<i32>,
}

/// What became of the request with the same serial.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) serial: u64,
    /// The process ID of the launching process.
    pub(super) launcher: u32,
    pub(super) outcome: Result<Birth, Refusal>,
}

/// Why a program was not started.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    errno: Option<i32>,
    message: String,
}

impl Request {
    /// The message that starts `program`, and the fds beside it.
    ///
    /// # Errors
    /// The program is not one that can be started, or takes too much to describe.
    pub(super) fn encode(serial: u64, program: Program) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
        let wrong = |problem: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        let (fds, numbers): (Vec<_>, Vec<_>) = program.fds.into_iter().unzip();
        let is_text = |text: &OsStr| !text.as_encoded_bytes().contains(&0);
        let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
        let mut distinct = numbers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if program.argv.is_empty() {
            return wrong("no program was named");
        }
        if !program.argv.iter().all(|argument| is_text(argument)) {
            return wrong("an argument contains NUL");
        }
        if !program
            .environment
            .iter()
            .all(|(name, value)| is_name(name) && is_text(value))
        {
            return wrong("a variable has no name, or contains NUL, or = in its name");
        }
        if numbers.len() > MAX_FDS || !numbers.iter().all(|n| (0..FD_LIMIT).contains(n)) {
            return wrong("at most 16 fds can be given, numbered 0 to 31");
        }
        if distinct.len() != numbers.len() {
            return wrong("two fds would get the same number");
        }
        let message = serde_json::to_vec(&Request {
            serial,
            argv: program.argv,
            environment: program.environment,
            fds: numbers,
        })?;
        if message.len() > MAX_MESSAGE {
            return wrong("the arguments and variables are too long");
        }
        Ok((message, fds))
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal {
            errno: error.raw_os_error(),
            message: error.to_string(),
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        match refusal.errno {
            Some(errno) => io::Error::from_raw_os_error(errno),
            None => io::Error::other(refusal.message),
        }
    }
}
