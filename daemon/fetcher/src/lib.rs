//! The fetcher: fetches one file of one site for `credexd`, and ends. Serves "Fetching" of section
//! "Shared web credentials: association" of `protocol/README.md`, and design §7.
//!
//! It is a process of its own so that whoever answers on the network, and whatever he sends, meets a
//! program that has no bus, no files and no other program to reach: [`sandbox`] sees to that before
//! the first byte comes in, DNS included. And so that the daemon has no TLS in its memory.
//!
//! Its standard input is a socket to the daemon; see [`credexd::web_credentials::fetch::wire`].

pub mod addresses;
mod certificate;
mod errors;
mod freshness;
pub mod http;
pub mod names;
mod progress;
pub mod roots;
pub mod sandbox;
mod tls;

use std::fs::File;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use credexd::web_credentials::fetch::wire::{Answer, FetchError, Request};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

use crate::names::SystemNames;

/// The time on a processor after which something must be wrong, in seconds.
const PROCESSOR_SECONDS: u64 = 20;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("credex-fetcher (to be run by credexd only): {error}\n");
            let written = io::stderr().write_all(message.as_bytes());
            ExitCode::from(if written.is_ok() { 1 } else { 2 })
        }
    }
}

fn serve() -> io::Result<()> {
    close_all_but_standard();
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let socket = UnixStream::from(socket);
    let request = Request::read(&socket)?;
    withdraw()?;
    let answer = answer(&request);
    answer.write(&socket)?;
    socket.shutdown(Shutdown::Write)
}

/// Closes whatever was left open by mistake where this was started.
fn close_all_but_standard() {
    // SAFETY: nothing in this process owns an fd yet but the standard ones.
    #[allow(unsafe_code)]
    let closed = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    // Only a kernel before Linux 5.9 refuses; the launcher has closed them already, too.
    debug_assert_eq!(closed, 0);
}

/// Leaves everything alone that can be left without help of the kernel's.
fn withdraw() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let limit = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    rustix::process::setrlimit(Resource::Core, limit(0))?;
    rustix::process::setrlimit(Resource::Cpu, limit(PROCESSOR_SECONDS))?;
    Ok(())
}

/// Reads what it needs, confines itself, and only then turns to the network.
fn answer(request: &Request) -> Answer {
    let mut unconfined = Vec::new();
    let mut fetch = || -> Result<_, FetchError> {
        let here = |problem: &dyn std::fmt::Display| FetchError::here(&request.url, problem);
        let roots = roots::load(request.developer.as_ref()).map_err(|error| here(&error))?;
        let names = SystemNames::open().map_err(|error| here(&error))?;
        let port = http::port(&request.url).map_err(|error| here(&error))?;
        unconfined = sandbox::enter(port).map_err(|error| here(&error))?;
        http::fetch(request, roots, names)
    };
    Answer {
        outcome: fetch(),
        unconfined,
    }
}
