//! Where the chooser asks: the person's terminal, or, for an answer given in advance, one that nobody
//! sees.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::stdio::stdin;

use super::cast::Importing;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;

/// A terminal for the chooser.
pub(super) struct Screen {
    name: String,
    choice: Option<&'static Importing>,
    /// Keeps a terminal of our own there.
    _line: Option<OwnedFd>,
}

impl Screen {
    /// The terminal that the person sits at, if the service can open it.
    pub(super) fn of_terminal() -> Result<Screen, Failure> {
        let refused =
            |why: String| Failure::new(Exit::Failed, format!("the terminal cannot be used: {why}"));
        let name =
            terminal::name_of(stdin()).ok_or_else(|| refused("it has no name".to_owned()))?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&name, flags, Mode::empty());
        let stat = opened
            .and_then(rustix::fs::fstat)
            .map_err(|errno| refused(errno.to_string()))?;
        let usual = name.starts_with("/dev/pts/") || name.starts_with("/dev/tty");
        if !usual || stat.st_uid != rustix::process::getuid().as_raw() {
            return Err(refused(format!("{name} belongs to somebody else")));
        }
        Ok(Screen {
            name,
            choice: None,
            _line: None,
        })
    }

    /// A terminal of our own, for the chooser to answer at by itself.
    pub(super) fn scripted(choice: &'static Importing) -> Result<Screen, Failure> {
        Ok(Screen {
            choice: Some(choice),
            ..Screen::unseen()?
        })
    }

    /// A terminal that nobody sees.
    pub(super) fn unseen() -> Result<Screen, Failure> {
        let opened = open_unseen();
        let (name, line) = opened.map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("no terminal can be made for the chooser: {error}"),
            )
        })?;
        Ok(Screen {
            name,
            choice: None,
            _line: Some(line),
        })
    }

    /// Who is chosen without asking.
    pub(super) fn choice(&self) -> Option<&'static Importing> {
        self.choice
    }

    pub(super) fn parent_window(&self) -> String {
        format!("tty:{}", self.name)
    }
}

/// A terminal whose output is read and forgotten.
fn open_unseen() -> std::io::Result<(String, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?
        .into_string()
        .map_err(std::io::Error::other)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let line = rustix::fs::open(&name, flags, Mode::empty())?;
    std::thread::Builder::new()
        .name("screen".to_owned())
        .spawn(move || {
            let mut scratch = [0; 4096];
            while matches!(rustix::io::read(&master, &mut scratch), Ok(1..)) {}
        })?;
    Ok((name, line))
}
