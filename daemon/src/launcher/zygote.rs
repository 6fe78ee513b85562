//! The launching process: starts programs on request, adopts and reaps what they leave behind, and
//! ends with the daemon, which the programs survive. Serves design §6.
//!
//! It has one thread, no bus, and no fd but its socket, so that what it starts can inherit nothing.
//! `Command` itself gives a program an empty signal mask and the default for SIGPIPE.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, ExitCode, Stdio};
use std::sync::Arc;

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{
    DumpableBehavior, WaitOptions, getpid, set_child_subreaper, set_dumpable_behavior, setsid, wait,
};
use rustix::thread::set_name;
use signal_hook::consts::{FORBIDDEN, SIGCHLD, SIGPIPE};
use signal_hook::low_level::pipe;

use super::environment::scrub;
use super::lineage::{self, Birth};
use super::message::{FD_LIMIT, Refusal, Reply, Request};
use super::packet::{receive, send};
use super::unit_socket;

/// Runs the launching process, whose standard input is the socket that `ProcessLauncher` made or
/// connected to, until the daemon has closed the other end.
#[must_use]
pub fn run_zygote() -> ExitCode {
    ExitCode::from(run())
}

/// The same in a copy of the daemon, whose end of the line `socket` is.
pub(super) fn run_forked(socket: OwnedFd) -> u8 {
    match rustix::stdio::dup2_stdin(&socket) {
        Ok(()) => drop(socket),
        Err(error) => return complain(&error.into()),
    }
    run()
}

fn run() -> u8 {
    match Zygote::set_up().and_then(|mut zygote| zygote.serve()) {
        Ok(()) => 0,
        Err(error) => complain(&error),
    }
}

/// Says what was wrong, and with which exit code to end.
fn complain(error: &io::Error) -> u8 {
    let message = format!("credexd --launcher (to be run by credexd only): {error}\n");
    match io::stderr().write_all(message.as_bytes()) {
        Ok(()) => 1,
        Err(_) => 2,
    }
}

/// What `ps` and the kernel's messages tell it apart from the daemon by, of which it may be a copy.
const NAME: &CStr = c"credexd-launch";

struct Zygote {
    socket: OwnedFd,
    /// Readable after a child has ended.
    ended: UnixStream,
    /// Keep everything else at [`FD_LIMIT`] and above; see [`reserve`].
    _reserved: Vec<OwnedFd>,
}

impl Zygote {
    fn set_up() -> io::Result<Zygote> {
        set_name(NAME)?;
        let socket = unit_socket::handed_over()?;
        // Without a terminal, so that neither Ctrl-C nor a hang-up of the daemon's reaches the
        // programs, and none of them can get hold of it. A unit has none to begin with.
        if !lineage::leads_session(process::id()) {
            setsid()?;
        }
        set_child_subreaper(Some(getpid()))?;
        close_on_exec()?;
        let reserved = reserve(&File::open("/dev/null")?)?;
        let (ended, signal) = UnixStream::pair()?;
        ended.set_nonblocking(true)?;
        pipe::register(SIGCHLD, signal)?;
        handle_ignored_signals()?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        Ok(Zygote {
            socket,
            ended,
            _reserved: reserved,
        })
    }

    fn serve(&mut self) -> io::Result<()> {
        loop {
            let mut waiting = [
                PollFd::new(&self.socket, PollFlags::IN),
                PollFd::new(&self.ended, PollFlags::IN),
            ];
            match poll(&mut waiting, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let asked = !waiting[0].revents().is_empty();
            self.reap()?;
            if asked && !self.answer()? {
                return Ok(());
            }
        }
    }

    /// Takes leave of all children that have ended.
    fn reap(&mut self) -> io::Result<()> {
        match self.ended.read(&mut [0; 512]) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) | Err(Errno::CHILD) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Answers one request; `false` if there are no more.
    fn answer(&self) -> io::Result<bool> {
        let Some((message, fds)) = receive(self.socket.as_fd())? else {
            return Ok(false);
        };
        let request: Request = serde_json::from_slice(&message)?;
        let reply = Reply {
            serial: request.serial,
            launcher: process::id(),
            outcome: spawn(request, fds).map_err(Refusal::from),
        };
        let reply = serde_json::to_vec(&reply)?;
        match send(self.socket.as_fd(), &reply, &[]) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            result => result.map(|()| true),
        }
    }
}

/// Starts a program.
// `Zygote::reap` waits for it, as for the children it leaves behind.
#[allow(clippy::zombie_processes)]
fn spawn(request: Request, fds: Vec<OwnedFd>) -> io::Result<Birth> {
    let (program, arguments) = request
        .argv
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    if fds.len() != request.fds.len() {
        return Err(io::Error::other("not all fds have arrived"));
    }
    let mappings = fds.into_iter().zip(request.fds);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(scrub(std::env::vars_os()))
        .envs(request.environment)
        .stdin(Stdio::null())
        .process_group(0)
        .fd_mappings(
            mappings
                .map(|(parent_fd, child_fd)| FdMapping {
                    parent_fd,
                    child_fd,
                })
                .collect(),
        )
        .map_err(io::Error::other)?;
    let pid = command.spawn()?.id();
    // It is there, even if it has ended, until we reap it.
    let stat = lineage::look(pid).ok_or(io::ErrorKind::NotFound)?;
    Ok(Birth {
        pid,
        start_time: stat.start_time,
    })
}

/// Sees to it that no program inherits what we have inherited ourselves.
fn close_on_exec() -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        let number: i32 = number.ok_or_else(|| io::Error::other("/proc/self/fd is odd"))?;
        if number > 2 {
            // SAFETY: the fd was open a moment ago, and the only thread is here, so it still is.
            #[allow(unsafe_code)]
            let fd = unsafe { BorrowedFd::borrow_raw(number) };
            fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

/// A program would ignore whatever signals we do, because we were started by `nohup` for example.
/// Those that we handle, if only by doing nothing, have their default when it starts.
fn handle_ignored_signals() -> io::Result<()> {
    let odd = || io::Error::other("/proc/self/status is odd");
    let status = fs::read_to_string("/proc/self/status")?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let ignored = ignored.ok_or_else(odd)?;
    for signal in 1..=31 {
        let concerns_us = ignored & (1 << (signal - 1)) != 0 && signal != SIGPIPE;
        if concerns_us && !FORBIDDEN.contains(&signal) {
            signal_hook::flag::register(signal, Arc::default())?;
        }
    }
    Ok(())
}

/// Occupies all free numbers below [`FD_LIMIT`]. A program's fds get their numbers between `fork`
/// and `exec`; were the pipe through which `Command` reports a failing `exec` among these numbers,
/// the report would be written into the program's fd.
fn reserve(null: &File) -> io::Result<Vec<OwnedFd>> {
    let mut reserved = Vec::new();
    loop {
        let fd = fcntl_dupfd_cloexec(null, 3)?;
        if fd.as_raw_fd() >= FD_LIMIT {
            return Ok(reserved);
        }
        reserved.push(fd);
    }
}
