//! A process, told apart from every later one that gets the same number. Serves design §5.

use std::io;

use serde::{Deserialize, Serialize};

use super::peer::Peer;

/// A process ID and the moment at which that process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// The process ID.
    pub pid: u32,
    /// Clock ticks since the computer started.
    pub started: u64,
}

impl Process {
    /// The process that has `pid` now.
    ///
    /// # Errors
    /// There is no such process (any more).
    pub fn of_pid(pid: u32) -> io::Result<Process> {
        Ok(Peer::of_pid(pid)?.process())
    }
}

/// Field 22 of `/proc/PID/stat`. The second field is a name in parentheses that may itself contain
/// anything, so counting starts behind the last one that closes.
pub(super) fn start_time(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_cannot_name_itself_into_another_start_time() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in ["sh", "a b", "x) R 1 1 1 1", ")) 0 0"] {
            assert_eq!(
                start_time(&format!("12 ({name}) {fields}")),
                Some(4711),
                "{name}"
            );
        }
    }

    #[test]
    fn a_process_that_is_gone_has_no_identity() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(Process::of_pid(pid).is_err());
        assert!(Process::of_pid(0).is_err());
        assert!(Process::of_pid(std::process::id()).is_ok());
    }
}
