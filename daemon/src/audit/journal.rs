//! Records to journald, in its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).
//!
//! By hand, because the libraries for it (libsystemd, tracing-journald, systemd-journal-logger) wait
//! while journald's queue is full, and the daemon must not. What remains of the protocol is a line
//! `NAME=value` for each field: no value of a record has a line break in it.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::{Audit, Entry, Lines, fields};

/// Where journald listens.
const SOCKET: &str = "/run/systemd/journal/socket";

/// Records to journald.
#[derive(Debug)]
pub struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
    /// Records that journald has not taken since the last that it took.
    lost: AtomicU64,
    is_absence_told: AtomicBool,
}

impl Journal {
    /// Records to the journald of this system.
    ///
    /// # Errors
    /// There can be no socket. Whether journald is there shows with the first record.
    pub fn open() -> io::Result<Journal> {
        Journal::at(Path::new(SOCKET))
    }

    /// Records to the journald that listens at `path`.
    ///
    /// # Errors
    /// There can be no socket.
    pub fn at(path: &Path) -> io::Result<Journal> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Journal {
            socket,
            path: path.to_owned(),
            lost: AtomicU64::new(0),
            is_absence_told: AtomicBool::new(false),
        })
    }

    fn taken(&self, lost: u64) {
        self.lost.fetch_sub(lost, Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "the journal did not take some records of decisions");
        }
    }

    /// journald is busy: nothing is said now, because the log would wait for it.
    fn not_taken(&self) {
        self.lost.fetch_add(1, Relaxed);
    }

    fn absent(&self, error: &io::Error, entry: &Entry) {
        self.lost.fetch_add(1, Relaxed);
        if !self.is_absence_told.swap(true, Relaxed) {
            let socket = self.path.display();
            tracing::warn!(%socket, %error, "there is no journal: decisions are recorded in the log");
        }
        Lines.record(entry);
    }
}

impl Audit for Journal {
    fn record(&self, entry: &Entry) {
        let lost = self.lost.load(Relaxed);
        match self.socket.send_to(&datagram(entry, lost), &self.path) {
            Ok(_) => self.taken(lost),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.not_taken(),
            Err(error) => self.absent(&error, entry),
        }
    }
}

fn datagram(entry: &Entry, lost: u64) -> Vec<u8> {
    let mut lines = String::new();
    for (name, value) in fields(entry) {
        lines.push_str(&format!("{name}={value}\n"));
    }
    if lost > 0 {
        lines.push_str(&format!("CREDEX_LOST={lost}\n"));
    }
    lines.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::fields::tests::full;
    use super::*;

    struct Journald {
        directory: tempfile::TempDir,
        socket: UnixDatagram,
    }

    impl Journald {
        fn listening() -> Journald {
            let directory = tempfile::tempdir().unwrap();
            let socket = UnixDatagram::bind(directory.path().join("socket")).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            Journald { directory, socket }
        }

        fn journal(&self) -> Journal {
            Journal::at(&self.directory.path().join("socket")).unwrap()
        }

        /// The next datagram, read as the protocol says.
        fn receive(&self) -> BTreeMap<String, String> {
            let mut buffer = vec![0; 1 << 16];
            let length = self.socket.recv(&mut buffer).unwrap();
            parse(&buffer[..length])
        }
    }

    /// Both forms of a field: `NAME=value`, and a name alone before a length and as many bytes.
    fn parse(mut rest: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        let mut add = |name: &[u8], value: &[u8]| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            assert!(
                fields.insert(text(name), text(value)).is_none(),
                "twice: {}",
                text(name)
            );
        };
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            match line.iter().position(|&byte| byte == b'=') {
                Some(equals) => {
                    add(&line[..equals], &line[equals + 1..]);
                    rest = after;
                }
                None => {
                    let length = u64::from_le_bytes(after[..8].try_into().unwrap()) as usize;
                    add(line, &after[8..8 + length]);
                    assert_eq!(after[8 + length], b'\n');
                    rest = &after[9 + length..];
                }
            }
        }
        assert!(rest.is_empty(), "something follows the last field");
        fields
    }

    #[test]
    fn journald_understands_every_field() {
        let journald = Journald::listening();
        journald.journal().record(&full());
        let expected = fields(&full());
        let expected = expected
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        assert_eq!(journald.receive(), expected.collect());
    }

    #[test]
    fn hostile_text_adds_no_field() {
        let journald = Journald::listening();
        let mut entry = full();
        entry.app.app_id = "x\n_UID=0\nMESSAGE_ID\n\0\0\0\0\0\0\0\0\n".into();
        journald.journal().record(&entry);
        let names: Vec<_> = journald.receive().into_keys().collect();
        let mut expected: Vec<_> = fields(&full()).into_iter().map(|(name, _)| name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_busy_journal_is_not_waited_for_and_is_told_what_it_missed() {
        let journald = Journald::listening();
        let journal = journald.journal();
        let mut sent = 0;
        while journal.lost.load(Relaxed) < 3 {
            journal.record(&full());
            sent += 1;
            assert!(sent < 100_000, "the queue is never full");
        }
        for _ in 0..sent - 3 {
            assert!(!journald.receive().contains_key("CREDEX_LOST"));
        }
        journal.record(&full());
        assert_eq!(journald.receive()["CREDEX_LOST"], "3");
        journal.record(&full());
        assert!(
            !journald.receive().contains_key("CREDEX_LOST"),
            "it is said once"
        );
    }

    #[test]
    fn an_absent_journal_stops_nothing_and_is_found_again() {
        let journald = Journald::listening();
        let journal = journald.journal();
        let path = journald.directory.path().join("socket");
        std::fs::remove_file(&path).unwrap();
        journal.record(&full());
        journal.record(&full());
        assert_eq!(journal.lost.load(Relaxed), 2);
        let journald = Journald {
            socket: UnixDatagram::bind(&path).unwrap(),
            ..journald
        };
        journal.record(&full());
        assert_eq!(journald.receive()["CREDEX_LOST"], "2");
        assert_eq!(journal.lost.load(Relaxed), 0);
    }
}
