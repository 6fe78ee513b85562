//! The process behind a connection, held so that no look at it can meet another one. Serves design §5.
//!
//! Everything goes through one descriptor of `/proc/PID`, which was opened while a pidfd said that the
//! process lives: it never leads to a later process of the same number.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, Mode, OFlags, StatxFlags, openat, readlinkat, statx};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

use super::Process;
use super::process::start_time;

/// The most that is read of one file of `/proc`, in bytes.
const MAX_PROC: usize = 1 << 20;
/// The most files of a process that are looked at.
const MAX_FILES: usize = 4096;

/// Which file, wherever it is called what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId {
    device: (u32, u32),
    inode: u64,
}

/// A process that is being looked at.
#[derive(Debug)]
pub(super) struct Peer {
    process: Process,
    pidfd: OwnedFd,
    directory: OwnedFd,
}

/// A file that a process has open.
#[derive(Debug)]
pub(super) struct OpenSocket {
    /// The socket's inode number.
    pub(super) inode: u32,
    /// Whether it would be closed by an `exec`. What is so was not there before the last one.
    pub(super) closes_on_exec: bool,
}

impl Peer {
    /// The process that has `pid` now.
    ///
    /// # Errors
    /// There is no such process (any more).
    pub(super) fn of_pid(pid: u32) -> io::Result<Peer> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pidfd = pidfd_open(raw.ok_or(ErrorKind::InvalidInput)?, PidfdFlags::empty())?;
        Peer::of(pid, pidfd)
    }

    /// The process that `pidfd` is of: from a bus, the one that made the connection.
    ///
    /// # Errors
    /// It has ended, or is out of sight in a process namespace that is not below ours.
    pub(super) fn of_pidfd(pidfd: OwnedFd) -> io::Result<Peer> {
        use std::os::fd::AsRawFd;
        let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
        let pid = pid_of_fdinfo(&told).ok_or(ErrorKind::NotFound)?;
        Peer::of(pid, pidfd)
    }

    /// The process that was called `process` before.
    ///
    /// # Errors
    /// It has ended.
    pub(super) fn again(process: Process) -> io::Result<Peer> {
        let peer = Peer::of_pid(process.pid)?;
        match peer.process == process {
            true => Ok(peer),
            false => Err(ErrorKind::NotFound.into()),
        }
    }

    fn of(pid: u32, pidfd: OwnedFd) -> io::Result<Peer> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(format!("/proc/{pid}"), flags, Mode::empty())?;
        let stat = read_at(&directory, "stat")?;
        let started = start_time(&String::from_utf8_lossy(&stat)).ok_or(ErrorKind::InvalidData)?;
        let process = Process { pid, started };
        let peer = Peer {
            process,
            pidfd,
            directory,
        };
        // The number was this process's when the directory was opened only if it is now.
        match peer.lives()? {
            true => Ok(peer),
            false => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Its name for good.
    pub(super) fn process(&self) -> Process {
        self.process
    }

    /// Whether it has not ended.
    pub(super) fn lives(&self) -> io::Result<bool> {
        let mut ended = [PollFd::new(&self.pidfd, PollFlags::IN)];
        Ok(poll(&mut ended, Some(&Timespec::default()))? == 0)
    }

    /// One of its namespaces: `mnt`, `user`, `pid`.
    ///
    /// # Errors
    /// `PermissionDenied`: it hides. The same goes for all that follow.
    pub(super) fn namespace(&self, kind: &str) -> io::Result<FileId> {
        identify(&self.directory, &format!("ns/{kind}"), AtFlags::empty())
    }

    /// Its executable.
    pub(super) fn program(&self) -> io::Result<FileId> {
        identify(&self.directory, "exe", AtFlags::STATX_DONT_SYNC)
    }

    /// What the kernel calls its executable; ends in ` (deleted)` if it is that.
    pub(super) fn program_path(&self) -> io::Result<Vec<u8>> {
        Ok(readlinkat(&self.directory, "exe", Vec::new())?.into_bytes())
    }

    /// What it sees as `/`. Nothing is asked of the file system that lies there.
    pub(super) fn root(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(openat(&self.directory, "root", flags, Mode::empty())?)
    }

    /// One of its files in `/proc`.
    pub(super) fn read(&self, name: &str) -> io::Result<String> {
        let bytes = read_at(&self.directory, name)?;
        String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into())
    }

    /// The value of a line of its `status`, such as `Seccomp:`.
    pub(super) fn status(&self, field: &str) -> io::Result<String> {
        let status = read_at(&self.directory, "status")?;
        let status = String::from_utf8_lossy(&status);
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        Ok(line.ok_or(ErrorKind::InvalidData)?.trim().to_owned())
    }

    /// The sockets that it has open.
    ///
    /// # Errors
    /// It hides, or has more than [`MAX_FILES`] files.
    pub(super) fn sockets(&self) -> io::Result<Vec<OpenSocket>> {
        let mut sockets = Vec::new();
        for file in self.files()? {
            let (target, told) = file?;
            let Some(inode) = socket_inode(target.to_str().unwrap_or_default()) else {
                continue;
            };
            let Ok(told) = read_at(&self.directory, &told) else {
                continue; // Closed meanwhile.
            };
            let closes_on_exec = closes_on_exec(&String::from_utf8_lossy(&told));
            sockets.push(OpenSocket {
                inode,
                closes_on_exec,
            });
        }
        Ok(sockets)
    }

    /// What it waits for together with `file` (epoll(7)), itself included. Whoever waits for a file has had it
    /// open; what was only handed to this process for another is not among these.
    ///
    /// # Errors
    /// `NotFound`: it does not wait for `file`. It hides, or has more than [`MAX_FILES`] files.
    pub(super) fn waits_for(&self, file: FileId) -> io::Result<Vec<FileId>> {
        for found in self.files()? {
            let (target, told) = found?;
            if target.to_bytes() != b"anon_inode:[eventpoll]" {
                continue;
            }
            let Ok(told) = read_at(&self.directory, &told) else {
                continue; // Closed meanwhile.
            };
            let told = String::from_utf8_lossy(&told);
            let waits_for: Vec<FileId> = told.lines().filter_map(waited_for).collect();
            if waits_for.contains(&file) {
                return Ok(waits_for);
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    /// The processes that its first thread has started and that run.
    ///
    /// # Errors
    /// It has ended, or the kernel does not tell.
    pub(super) fn children(&self) -> io::Result<Vec<Peer>> {
        let told = self.read(&format!("task/{}/children", self.process.pid))?;
        let pids = told.split_ascii_whitespace().flat_map(str::parse);
        Ok(pids.flat_map(Peer::of_pid).collect())
    }

    /// What it has open: what the kernel calls each, and where it tells more of it.
    fn files(&self) -> io::Result<impl Iterator<Item = io::Result<(CString, String)>>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let files = openat(&self.directory, "fd", flags, Mode::empty())?;
        let entries = rustix::fs::Dir::read_from(&files)?.enumerate();
        Ok(entries.filter_map(move |(count, entry)| match entry {
            _ if count > MAX_FILES => Some(Err(io::Error::other("it has too many files open"))),
            Err(error) => Some(Err(error.into())),
            Ok(entry) => match readlinkat(&files, entry.file_name(), Vec::new()) {
                Ok(target) => {
                    let number = entry.file_name().to_string_lossy();
                    Some(Ok((target, format!("fdinfo/{number}"))))
                }
                Err(error @ (Errno::ACCESS | Errno::PERM)) => Some(Err(error.into())),
                Err(_) => None, // `.`, `..`, or closed meanwhile.
            },
        }))
    }
}

impl FileId {
    /// Device and inode number as the kernel's socket tables write them, in 32 bits each.
    pub(super) fn in_socket_tables(self) -> (u32, u32) {
        let (major, minor) = self.device;
        #[allow(clippy::cast_possible_truncation, reason = "as the kernel does")]
        let inode = self.inode as u32;
        ((major << 20) | minor, inode)
    }

    /// The file with this inode number in the same file system.
    pub(super) fn beside(self, inode: u64) -> FileId {
        FileId { inode, ..self }
    }

    /// The inode number alone, by which a namespace is known, and a socket.
    pub(super) fn inode(self) -> u64 {
        self.inode
    }
}

/// Which file `path` below `directory` is, without asking a file system that may not answer.
pub(super) fn identify(directory: impl AsFd, path: &str, flags: AtFlags) -> io::Result<FileId> {
    let told = statx(directory, path, flags, StatxFlags::INO)?;
    Ok(FileId {
        device: (told.stx_dev_major, told.stx_dev_minor),
        inode: told.stx_ino,
    })
}

/// Which file `fd` is.
pub(super) fn identify_fd(fd: impl AsFd) -> io::Result<FileId> {
    identify(fd, "", AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC)
}

fn read_at(directory: impl AsFd, name: &str) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = File::from(openat(directory, name, flags, Mode::empty())?);
    read_bounded(file, MAX_PROC)
}

/// All of `file`, if that is at most `limit` bytes.
pub(super) fn read_bounded(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The process ID in a pidfd's `fdinfo`; `None` if it has ended (-1) or is out of sight (0).
fn pid_of_fdinfo(told: &str) -> Option<u32> {
    let line = told.lines().find_map(|line| line.strip_prefix("Pid:"))?;
    line.trim().parse().ok().filter(|&pid| pid != 0)
}

/// `socket:[4711]` → 4711.
fn socket_inode(target: &str) -> Option<u32> {
    let number = target.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// The file of a line of an epoll's `fdinfo`: `tfd: … ino:1f sdev:9`.
fn waited_for(line: &str) -> Option<FileId> {
    let mut fields = line.strip_prefix("tfd:")?.split_ascii_whitespace();
    let mut number = |name: &str| {
        let value = fields.find_map(|field| field.strip_prefix(name))?;
        u64::from_str_radix(value, 16).ok()
    };
    let inode = number("ino:")?;
    let device = u32::try_from(number("sdev:")?).ok()?;
    Some(FileId {
        device: (device >> 20, device & 0xf_ffff),
        inode,
    })
}

fn closes_on_exec(told: &str) -> bool {
    let line = told.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = line.and_then(|line| u32::from_str_radix(line.trim(), 8).ok());
    flags.is_some_and(|flags| flags & OFlags::CLOEXEC.bits() != 0)
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pidfd_names_its_process_until_that_has_ended() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let raw = Pid::from_child(&child);
        let open = || pidfd_open(raw, PidfdFlags::empty()).unwrap();
        let (early, late) = (open(), open());
        let peer = Peer::of_pidfd(early).unwrap();
        assert_eq!(peer.process().pid, child.id());
        assert!(peer.lives().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!peer.lives().unwrap());
        assert!(Peer::of_pidfd(late).is_err());
        assert!(
            peer.read("cgroup").is_err(),
            "the directory leads nowhere else"
        );
    }

    #[test]
    fn a_process_is_found_among_those_that_its_parent_has_started() {
        // The tests have threads of their own, and only what the first one has started is told of.
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let output = shell.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut io::BufReader::new(output), &mut said).unwrap();
        let children = Peer::of_pid(shell.id()).unwrap().children().unwrap();
        let pids: Vec<String> = children
            .iter()
            .map(|it| it.process().pid.to_string())
            .collect();
        assert_eq!(pids, [said.trim()]);
        let sleep = Pid::from_raw(said.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(sleep, rustix::process::Signal::KILL).unwrap();
        shell.wait().unwrap();
    }

    #[test]
    fn a_process_out_of_sight_has_no_number() {
        for (told, pid) in [
            ("pos:\t0\nPid:\t17\nNSpid:\t17\n", Some(17)),
            ("Pid:\t-1\n", None),
            ("Pid:\t0\n", None),
            ("NSpid:\t3\n", None),
            ("", None),
        ] {
            assert_eq!(pid_of_fdinfo(told), pid, "{told:?}");
        }
    }

    #[test]
    fn our_own_sockets_are_seen_with_what_an_exec_would_do_to_them() {
        let (ours, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let inode = identify_fd(&ours).unwrap().inode;
        let closes = || {
            let sockets = Peer::of_pid(std::process::id()).unwrap().sockets().unwrap();
            let found = sockets
                .iter()
                .find(|socket| u64::from(socket.inode) == inode);
            found.unwrap().closes_on_exec
        };
        assert!(closes());
        rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::empty()).unwrap();
        assert!(!closes());
    }

    #[test]
    fn what_is_waited_for_is_told_apart_from_what_is_only_open() {
        use rustix::event::epoll;
        let us = Peer::of_pid(std::process::id()).unwrap();
        let (waited, beside) = std::os::unix::net::UnixStream::pair().unwrap();
        let (open, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let id = |socket| identify_fd(socket).unwrap();
        assert!(us.waits_for(id(&waited)).is_err());
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        for (number, socket) in [(1, &waited), (2, &beside)] {
            let data = epoll::EventData::new_u64(number);
            epoll::add(&epoll, socket, data, epoll::EventFlags::IN).unwrap();
        }
        let mut found = us.waits_for(id(&waited)).unwrap();
        found.sort();
        let mut both = [id(&waited), id(&beside)];
        both.sort();
        assert_eq!(found, both);
        assert!(us.waits_for(id(&open)).is_err());
        assert_eq!(id(&waited).beside(id(&open).inode()), id(&open));
    }
}
