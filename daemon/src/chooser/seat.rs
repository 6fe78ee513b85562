//! Where the person sits: at the terminal that the exporter names, at the display, or at the terminal
//! from which the daemon was started. Serves `parent_window` of `Export.RequestExport`.

use std::os::fd::OwnedFd;

use credex_protocol::wire::AppIdentity;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{ChooserError, Programs};

/// A place where a dialog can be shown, and one chooser runs at most.
#[derive(Debug)]
pub(super) enum Seat {
    /// A terminal of our user, open for reading and writing.
    Terminal {
        /// Its device number.
        device: u64,
        /// Open, not controlling anything, and blocking.
        terminal: OwnedFd,
    },
    /// The display of the session.
    Display,
}

/// Tells seats apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SeatId {
    /// The terminal of this device number.
    Terminal(u64),
    /// The display.
    Display,
}

impl Seat {
    /// The seat at which a question of `app` is to be asked.
    ///
    /// A terminal named from inside a sandbox is not to be believed: the sandbox has terminals of its
    /// own, and the same name means another one here.
    pub(super) fn find(
        programs: &Programs,
        parent_window: &str,
        app: &AppIdentity,
    ) -> Result<Seat, ChooserError> {
        let sandboxed = app.assurance.as_deref() == Some("sandboxed");
        let named = parent_window.strip_prefix("tty:").filter(|_| !sandboxed);
        if let Some(path) = named {
            return open(path).map_err(ChooserError::Unavailable);
        }
        if programs.display && programs.graphical.is_some() {
            return Ok(Seat::Display);
        }
        match controlling_terminal() {
            Some(path) => open(&path).map_err(ChooserError::Unavailable),
            None => Err(ChooserError::Unavailable(nowhere(programs).to_owned())),
        }
    }

    /// Tells it from others.
    pub(super) fn id(&self) -> SeatId {
        match self {
            Seat::Terminal { device, .. } => SeatId::Terminal(*device),
            Seat::Display => SeatId::Display,
        }
    }
}

fn nowhere(programs: &Programs) -> &'static str {
    if programs.display {
        "there is a display, but no graphical chooser is configured; export from a terminal, \
         with parent_window \"tty:/dev/pts/N\""
    } else {
        "there is neither a display nor a terminal; export from a terminal, with parent_window \
         \"tty:/dev/pts/N\""
    }
}

/// Opens a terminal that belongs to our user, without becoming its session leader.
fn open(path: &str) -> Result<Seat, String> {
    if !is_terminal_name(path) {
        return Err(format!(
            "{path:?} is not the name of a terminal: it must be /dev/pts/N or /dev/ttyN"
        ));
    }
    let refused = |errno: Errno| format!("the terminal {path} cannot be used: {errno}");
    // Without waiting: a serial line may take for ever to open.
    let flags =
        OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let terminal = rustix::fs::open(path, flags, Mode::empty()).map_err(refused)?;
    let stat = rustix::fs::fstat(&terminal).map_err(refused)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice
        || !rustix::termios::isatty(&terminal)
    {
        return Err(format!("{path} is not a terminal"));
    }
    if stat.st_uid != rustix::process::getuid().as_raw() {
        return Err(format!("the terminal {path} belongs to another user"));
    }
    let status = rustix::fs::fcntl_getfl(&terminal).map_err(refused)?;
    rustix::fs::fcntl_setfl(&terminal, status - OFlags::NONBLOCK).map_err(refused)?;
    Ok(Seat::Terminal {
        device: stat.st_rdev,
        terminal,
    })
}

/// `/dev/pts/N`, or `/dev/tty` followed by letters and digits, but not `/dev/tty` itself.
fn is_terminal_name(path: &str) -> bool {
    let all = |text: &str, ok: fn(&u8) -> bool| {
        (1..=16).contains(&text.len()) && text.as_bytes().iter().all(ok)
    };
    match (
        path.strip_prefix("/dev/pts/"),
        path.strip_prefix("/dev/tty"),
    ) {
        (Some(number), _) => all(number, u8::is_ascii_digit),
        (_, Some(rest)) => all(rest, u8::is_ascii_alphanumeric),
        _ => false,
    }
}

/// The name of the terminal from which the daemon was started, if it was.
fn controlling_terminal() -> Option<String> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    terminal_of(&stat)
}

/// Reads `tty_nr`, the fifth field after the name of the program, which may contain anything.
fn terminal_of(stat: &str) -> Option<String> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let number: u32 = fields.split(' ').nth(4)?.parse().ok()?;
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00);
    match major {
        136 => Some(format!("/dev/pts/{minor}")),
        4 if (1..64).contains(&minor) => Some(format!("/dev/tty{minor}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_terminals_are_opened() {
        for name in [
            "/dev/pts/0",
            "/dev/pts/1234",
            "/dev/tty1",
            "/dev/ttyS0",
            "/dev/ttyUSB0",
        ] {
            assert!(is_terminal_name(name), "{name}");
        }
        for name in [
            "",
            "/dev/tty",
            "/dev/pts/",
            "/dev/pts/ptmx",
            "/dev/pts/../sda",
            "/dev/tty/../sda",
            "/dev/null",
            "/tmp/pts/0",
            "dev/pts/0",
            "/dev/pts/0\0",
            "/dev/pts/0 ",
        ] {
            assert!(
                open(name)
                    .unwrap_err()
                    .contains("not the name of a terminal"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_terminal_that_is_not_there_is_named_in_the_refusal() {
        let why = open("/dev/pts/987654").unwrap_err();
        assert!(why.contains("/dev/pts/987654"), "{why}");
    }

    #[test]
    fn the_terminal_of_the_daemon_is_found_whatever_the_daemon_is_called() {
        let stat = |tty: u32| format!("42 (a) R 1 (b) S 1 42 42 {tty} 42 4194304");
        assert_eq!(
            terminal_of(&stat(136 << 8 | 3)).as_deref(),
            Some("/dev/pts/3")
        );
        assert_eq!(
            terminal_of(&stat(136 << 8 | 1 << 20 | 4)).as_deref(),
            Some("/dev/pts/260")
        );
        assert_eq!(terminal_of(&stat(4 << 8 | 2)).as_deref(), Some("/dev/tty2"));
        assert_eq!(terminal_of(&stat(0)), None);
    }
}
