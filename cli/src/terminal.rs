//! The terminal that this program runs in, if any: where the person is asked (`parent_window` of
//! `Export.RequestExport`), and how wide it is.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{isatty, tcgetwinsize, ttyname};

/// How wide a terminal is that does not say.
const COLUMNS: usize = 80;

/// The name of the terminal behind standard input, error or output: `/dev/pts/3`.
pub(crate) fn name() -> Option<String> {
    [stdin(), stderr(), stdout()].into_iter().find_map(name_of)
}

/// The name of the terminal that `fd` is.
pub(crate) fn name_of(fd: BorrowedFd<'_>) -> Option<String> {
    ttyname(fd, Vec::new()).ok()?.into_string().ok()
}

/// Where to ask the person; empty without a terminal.
pub(crate) fn parent_window() -> String {
    name().map_or_else(String::new, |name| format!("tty:{name}"))
}

/// Whether standard output is a terminal.
pub(crate) fn shows_output() -> bool {
    isatty(stdout())
}

/// Whether standard error is a terminal.
pub(crate) fn shows_errors() -> bool {
    isatty(stderr())
}

/// Whether standard input is a terminal.
pub(crate) fn reads_input() -> bool {
    isatty(stdin())
}

/// Whether somebody can read and type.
pub(crate) fn is_interactive() -> bool {
    reads_input() && shows_output()
}

/// The width of the terminal behind standard output, in columns.
pub(crate) fn columns() -> usize {
    let size = tcgetwinsize(stdout().as_fd()).map(|size| usize::from(size.ws_col));
    size.ok().filter(|columns| *columns > 0).unwrap_or(COLUMNS)
}
