//! Runs a program with input and output through pipes, and without end only as long as it should.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use zeroize::Zeroizing;

/// How long to wait for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Since it last read, wrote or said something.
    pub program: Duration,
    /// The same once it has said that a person is being asked.
    pub person: Duration,
}

/// What became of a program.
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    pub(super) output: Zeroizing<Vec<u8>>,
    /// What it said on its standard error, as much of it as anybody would read.
    pub(super) said: String,
}

/// Why a program was not run to its end. Where it ran, it was killed, with all that it started.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("it did not answer for {0} seconds, and was ended")]
    Silent(u64),
    #[error("it wrote more than {0} bytes, and was ended")]
    TooMuch(usize),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Bytes of standard error that are kept.
const SAID: usize = 64 << 10;
const CHUNK: usize = 64 << 10;

/// Runs `command` in a process group of its own, which the end of it does not outlive.
///
/// `limit` is how many bytes it may write. `asks` tells from what it said whether a person is being
/// asked by now.
pub(super) fn run(
    command: &mut Command,
    input: &[u8],
    limit: usize,
    patience: Patience,
    asks: fn(&str) -> bool,
) -> Result<Ran, Stopped> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).process_group(0).spawn()?;
    let ran = Talk::new(&mut child, input, limit).and_then(|talk| talk.finish(patience, asks));
    let (output, said) = match ran {
        Ok(ran) => ran,
        Err(stopped) => {
            // It may have ended by itself meanwhile.
            kill_process_group(Pid::from_child(&child), Signal::KILL).ok();
            child.wait()?;
            return Err(stopped);
        }
    };
    let status = child.wait()?;
    Ok(Ran {
        status,
        output,
        said: String::from_utf8_lossy(&said).into_owned(),
    })
}

/// What goes to a program and comes from it.
struct Talk<'t> {
    ended: std::os::fd::OwnedFd,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    input: &'t [u8],
    limit: usize,
    output: Zeroizing<Vec<u8>>,
    said: Vec<u8>,
}

impl<'t> Talk<'t> {
    fn new(child: &mut Child, input: &'t [u8], limit: usize) -> Result<Self, Stopped> {
        let ended = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
        let talk = Self {
            ended: ended.map_err(io::Error::from)?,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            input,
            limit,
            output: Zeroizing::new(Vec::new()),
            said: Vec::new(),
        };
        let pipes = [
            talk.stdin.as_ref().map(AsFd::as_fd),
            talk.stdout.as_ref().map(AsFd::as_fd),
            talk.stderr.as_ref().map(AsFd::as_fd),
        ];
        for pipe in pipes.into_iter().flatten() {
            rustix::io::ioctl_fionbio(pipe, true).map_err(io::Error::from)?;
        }
        Ok(talk)
    }

    fn finish(
        mut self,
        patience: Patience,
        asks: fn(&str) -> bool,
    ) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), Stopped> {
        let mut last = Instant::now();
        loop {
            let patience = match asks(&String::from_utf8_lossy(&self.said)) {
                true => patience.person,
                false => patience.program,
            };
            let left = patience.saturating_sub(last.elapsed());
            if left.is_zero() {
                return Err(Stopped::Silent(patience.as_secs()));
            }
            // Looked at first: what it wrote before its end is there by then. Whatever it started
            // may keep the pipes open for ever.
            let has_ended = self.wait(left)?;
            if self.advance()? {
                last = Instant::now();
            } else if has_ended {
                return Ok((self.output, self.said));
            }
        }
    }

    /// Waits until something can be done; `true` if the program has ended.
    fn wait(&self, at_most: Duration) -> Result<bool, Stopped> {
        fn watched<'p>(pipe: Option<BorrowedFd<'p>>, flags: PollFlags, into: &mut Vec<PollFd<'p>>) {
            into.extend(pipe.map(|pipe| PollFd::from_borrowed_fd(pipe, flags)));
        }
        let mut fds = vec![PollFd::new(&self.ended, PollFlags::IN)];
        watched(
            self.stdin.as_ref().map(AsFd::as_fd),
            PollFlags::OUT,
            &mut fds,
        );
        watched(
            self.stdout.as_ref().map(AsFd::as_fd),
            PollFlags::IN,
            &mut fds,
        );
        watched(
            self.stderr.as_ref().map(AsFd::as_fd),
            PollFlags::IN,
            &mut fds,
        );
        let at_most = Timespec::try_from(at_most).ok();
        match poll(&mut fds, at_most.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Stopped::Io(error.into())),
        }
        Ok(fds.first().is_some_and(|ended| !ended.revents().is_empty()))
    }

    /// Writes and reads what can be; `false` if nothing could.
    fn advance(&mut self) -> Result<bool, Stopped> {
        let mut moved = self.feed()?;
        moved |= hear(&mut self.stderr, |bytes| {
            let room = SAID.saturating_sub(self.said.len());
            self.said.extend(bytes.iter().take(room));
        })?;
        let output = &mut self.output;
        moved |= hear(&mut self.stdout, |bytes| append(output, bytes))?;
        match self.output.len() > self.limit {
            true => Err(Stopped::TooMuch(self.limit)),
            false => Ok(moved),
        }
    }

    fn feed(&mut self) -> Result<bool, Stopped> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(false);
        };
        match stdin.write(self.input) {
            Ok(written) => {
                self.input = self.input.get(written..).unwrap_or_default();
                if self.input.is_empty() {
                    self.stdin = None;
                }
                Ok(true)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
                // It has heard enough, and says why.
                io::ErrorKind::BrokenPipe => {
                    self.stdin = None;
                    Ok(true)
                }
                _ => Err(error.into()),
            },
        }
    }
}

/// Reads once; `false` if there was nothing.
fn hear(pipe: &mut Option<impl Read>, mut take: impl FnMut(&[u8])) -> Result<bool, Stopped> {
    let Some(open) = pipe else {
        return Ok(false);
    };
    let mut chunk = Zeroizing::new([0; CHUNK]);
    match open.read(&mut *chunk) {
        Ok(0) => {
            *pipe = None;
            Ok(true)
        }
        Ok(length) => {
            take(&chunk[..length]);
            Ok(true)
        }
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
            _ => Err(error.into()),
        },
    }
}

/// Appends, and wipes what is left behind where the vector has to move.
fn append(to: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    if to.capacity() - to.len() < bytes.len() {
        let room = (to.len() + bytes.len()) * 2;
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(to);
        *to = larger;
    }
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        program: Duration::from_secs(60),
        person: Duration::from_secs(60),
    };

    fn shell(script: &str, input: &[u8], limit: usize, patience: Patience) -> Result<Ran, Stopped> {
        let mut command = Command::new("sh");
        run(
            command.args(["-c", script]),
            input,
            limit,
            patience,
            |said| said.contains("asking"),
        )
    }

    #[test]
    fn more_than_a_pipe_holds_goes_in_and_comes_out() {
        let input = vec![7; 1 << 20];
        let ran = shell("cat; echo done >&2; exit 3", &input, 2 << 20, PATIENCE).unwrap();
        assert!(*ran.output == input);
        assert_eq!((ran.said.as_str(), ran.status.code()), ("done\n", Some(3)));
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_all_that_it_started() {
        let short = Patience {
            program: Duration::from_millis(200),
            ..PATIENCE
        };
        let before = Instant::now();
        let stopped = shell("sleep 1000 & sleep 1000", b"", 10, short);
        assert!(matches!(stopped, Err(Stopped::Silent(_))));
        assert!(before.elapsed() < PATIENCE.program);
    }

    #[test]
    fn a_person_who_is_asked_has_more_time_than_the_program() {
        let short = Patience {
            program: Duration::from_millis(1),
            ..PATIENCE
        };
        // Patience with the program begins after it has said so, however late that is.
        let mut command = Command::new("sh");
        let ran = run(command.args(["-c", "sleep 0.3"]), b"", 10, short, |_| true);
        assert!(ran.unwrap().status.success());
    }

    #[test]
    fn a_program_that_writes_without_end_is_ended() {
        let stopped = shell("yes", b"", 1 << 20, PATIENCE);
        assert!(matches!(stopped, Err(Stopped::TooMuch(_))));
    }

    #[test]
    fn what_a_program_leaves_running_is_not_waited_for() {
        let before = Instant::now();
        let ran = shell("sleep 1000 & echo out; kill $! & exit 0", b"", 10, PATIENCE).unwrap();
        assert_eq!(*ran.output, b"out\n");
        assert!(before.elapsed() < PATIENCE.program);
    }
}
