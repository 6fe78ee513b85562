//! The terminal, a line at a time: no raw mode, no cursor movements. Nothing here waits for the
//! terminal without leaving room for the end of the socket.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use credex_protocol::LONGEST_PASSPHRASE;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{self, LocalModes, OptionalActions, QueueSelector, Termios};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use zeroize::Zeroizing;

const LONGEST_LINE: usize = 4096;
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=80;

/// Standard input and output.
#[derive(Debug)]
pub(crate) struct Console {
    input: End,
    output: End,
    typed: Vec<u8>,
    /// The line so far that is typed unseen.
    unseen: Zeroizing<Vec<u8>>,
    colour: bool,
}

/// While this lives, the terminal does not show what is typed, but for the end of the line.
#[derive(Debug)]
pub(crate) struct Unseen {
    terminal: OwnedFd,
    before: Option<Termios>,
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // If it fails, the terminal is gone.
            termios::tcsetattr(&self.terminal, OptionalActions::Now, before).ok();
        }
    }
}

impl Console {
    /// Takes standard input and output.
    pub(crate) fn open() -> io::Result<Console> {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
        Ok(Console {
            input: End::open(stdin, OFlags::RDONLY, Interest::READABLE)?,
            output: End::open(stdout, OFlags::WRONLY | OFlags::APPEND, Interest::WRITABLE)?,
            typed: Vec::new(),
            unseen: Zeroizing::default(),
            colour: !plain && termios::isatty(stdout),
        })
    }

    /// Whether the output may be coloured.
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// Columns to write in.
    pub(crate) fn width(&self) -> usize {
        let columns = termios::tcgetwinsize(self.output.fd()).map_or(0, |size| size.ws_col);
        match usize::from(columns) {
            0 => *WIDTHS.end(),
            // The last column is left free: some terminals break the line there.
            columns => (columns - 1).clamp(*WIDTHS.start(), *WIDTHS.end()),
        }
    }

    /// Forgets what was typed at a terminal before now. What is piped in was meant, and stays.
    pub(crate) fn forget_typed(&mut self) -> io::Result<()> {
        match termios::tcflush(self.input.fd(), QueueSelector::IFlush) {
            Ok(()) => {
                self.typed.clear();
                self.unseen = Zeroizing::default();
            }
            Err(Errno::NOTTY | Errno::INVAL) => {}
            Err(Errno::IO) => {} // Hung up: the next read says so.
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Lets what is typed go unseen. Where there is no terminal, nothing is shown anyway.
    pub(crate) fn unsee(&self) -> io::Result<Unseen> {
        let terminal = self.input.fd().try_clone()?;
        let before = match termios::tcgetattr(&terminal) {
            Ok(before) => before,
            Err(Errno::NOTTY | Errno::IO) => {
                let before = None;
                return Ok(Unseen { terminal, before });
            }
            Err(errno) => return Err(errno.into()),
        };
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        unseen.local_modes.insert(LocalModes::ECHONL);
        termios::tcsetattr(&terminal, OptionalActions::Now, &unseen)?;
        Ok(Unseen {
            terminal,
            before: Some(before),
        })
    }

    /// The next line by the byte, or `None` at the end of the input. A line that is longer than a
    /// passphrase is cut, but not to the length of one. May be dropped and called again.
    pub(crate) async fn unseen_line(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        if self.unseen.capacity() == 0 {
            // It never grows: that would leave a copy behind.
            self.unseen = Zeroizing::new(Vec::with_capacity(LONGEST_PASSPHRASE + 1));
        }
        let mut byte = Zeroizing::new([0]);
        loop {
            match self.input.read(byte.as_mut_slice()).await {
                Ok(0) | Err(Errno::IO) => return Ok(None),
                Ok(_) if *byte == [b'\n'] => return Ok(Some(std::mem::take(&mut self.unseen))),
                Ok(_) if self.unseen.len() <= LONGEST_PASSPHRASE => self.unseen.push(byte[0]),
                Ok(_) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Writes all of `text`.
    pub(crate) async fn write(&self, text: &str) -> io::Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let written = self.output.write(rest).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// The next line, or `None` at the end of the input. May be dropped and called again.
    pub(crate) async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            let end = self.typed.iter().position(|byte| *byte == b'\n');
            if let Some(end) = end.or((self.typed.len() > LONGEST_LINE).then_some(LONGEST_LINE)) {
                let line: Vec<u8> = self.typed.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()));
            }
            let mut chunk = [0; 1024];
            match self.input.read(&mut chunk).await {
                Ok(0) | Err(Errno::IO) => return Ok(None),
                Ok(n) => self.typed.extend(chunk.iter().take(n)),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// One direction.
#[derive(Debug)]
enum End {
    /// Can be waited for.
    Polled(AsyncFd<OwnedFd>),
    /// A file: always ready.
    Direct(OwnedFd),
}

impl End {
    /// Opens what `standard` stands for anew, so that not waiting is our habit and not that of
    /// everybody who shares the terminal.
    fn open(standard: impl AsFd, flags: OFlags, interest: Interest) -> io::Result<End> {
        let standard = standard.as_fd();
        let path = format!(
            "/proc/self/fd/{}",
            std::os::fd::AsRawFd::as_raw_fd(&standard)
        );
        let flags = flags | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => fd,
            // A socket, or the terminal of somebody else: share it after all.
            Err(_) => rustix::io::fcntl_dupfd_cloexec(standard, 3)?,
        };
        // SAFETY: an `OwnedFd` keeps its descriptor open for as long as the `AsyncFd` holds it.
        #[allow(unsafe_code)]
        let polled = unsafe { AsyncFd::register_with_interest(fd, interest) };
        match polled {
            Ok(polled) => Ok(End::Polled(polled)),
            Err(refused) => match refused.into_parts() {
                (fd, why) if why.kind() == io::ErrorKind::PermissionDenied => Ok(End::Direct(fd)),
                (_, why) => Err(why),
            },
        }
    }

    fn fd(&self) -> &OwnedFd {
        match self {
            End::Polled(polled) => polled.get_ref(),
            End::Direct(fd) => fd,
        }
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        match self {
            End::Polled(polled) => polled
                .async_io(Interest::READABLE, |fd| {
                    Ok(rustix::io::read(fd, &mut *buffer)?)
                })
                .await
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO)),
            End::Direct(fd) => rustix::io::read(fd, buffer),
        }
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            End::Polled(polled) => {
                let write = |fd: &OwnedFd| Ok(rustix::io::write(fd, bytes)?);
                polled.async_io(Interest::WRITABLE, write).await
            }
            End::Direct(fd) => Ok(rustix::io::write(fd, bytes)?),
        }
    }
}
