//! The fetcher and its dialler: two processes of this program that fetch one file of one site for `credexd`, and
//! end. Serves "Fetching" of section "Shared web credentials: association" of `protocol/README.md`, and design §7.
//!
//! They are processes of their own so that whoever answers on the network, and whatever he sends, meets a
//! program that has no bus, no files and no other program to reach: [`sandbox`] sees to that before
//! the first byte comes in, DNS included. And so that the daemon has no TLS in its memory. They are two, so that
//! what understands a site's TLS and HTTP has no network: the dialler connects to the one site that the
//! daemon names, and the fetcher is handed that connection, and can make no other.
//!
//! The standard input of each is a socket to the daemon; see [`credexd::web_credentials::fetch::wire`] and
//! [`credexd::web_credentials::fetch::dial`].

pub mod addresses;
mod certificate;
mod connection;
pub mod dial;
mod dialler;
mod errors;
mod fetcher;
mod freshness;
pub mod http;
pub mod names;
mod progress;
pub mod roots;
pub mod sandbox;
mod tls;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use credexd::launcher::check_caller;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

/// The time on a processor after which something must be wrong, in seconds.
const PROCESSOR_SECONDS: u64 = 20;

/// Runs the program. `arguments` are those behind its name: none for the fetcher, `--dial` for the dialler.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let done = match arguments {
        [] => daemon("credex-fetcher").and_then(fetcher::serve),
        [dial] if dial == "--dial" => daemon("credex-dialler").and_then(dialler::serve),
        _ => Err(io::Error::other("it takes --dial, or nothing")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("credex-fetcher (to be run by credexd only): {error}\n");
            let written = io::stderr().write_all(message.as_bytes());
            ExitCode::from(if written.is_ok() { 1 } else { 2 })
        }
    }
}

/// The socket to the daemon, for the program whose unit is called `unit`. Who else gets hold of it, from inside a
/// sandbox without a network, is not served.
fn daemon(unit: &str) -> io::Result<UnixStream> {
    close_all_but_standard();
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    check_caller(&socket, unit)?;
    Ok(UnixStream::from(socket))
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
