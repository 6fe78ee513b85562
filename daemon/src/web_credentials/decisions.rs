//! What the person said once and for all: *never*, for an app and a domain. Serves design §7, "Person".
//!
//! To agree is not remembered: each change and each hand-over is asked anew. The port is not part of a
//! decision, so that an app cannot get around one with another port.
//!
//! The file holds no secret. While it cannot be read, every question that depends on it is answered with an
//! error that names it: a *never* that was forgotten silently would be worse than an app that waits.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::domain::Host;
use super::private_directory::Turn;

/// The most decisions that are kept.
pub const MAX_DECISIONS: usize = 10_000;
/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 8 << 20;
const VERSION: u32 = 1;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The app, by its ID.
    pub app: String,
    /// The host, in ASCII.
    pub domain: String,
    /// What was decided.
    pub verdict: Verdict,
    /// When, in seconds since 1970.
    pub since: u64,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The app is not to ask about this domain.
    Never,
}

/// The decisions of one person, in a file.
#[derive(Debug)]
pub struct Decisions {
    path: PathBuf,
    one: Mutex<()>,
}

/// Why the decisions cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// It is not what we wrote.
    #[error("{}: {reason}; mend it or remove it, which forgets what was refused for good", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// It cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There are too many.
    #[error("there are {MAX_DECISIONS} decisions already: revoke some")]
    Full,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    decisions: Vec<Decision>,
}

impl Decisions {
    /// Those in the file `path`, which need not be there yet. Nothing is read here.
    #[must_use]
    pub fn new(path: PathBuf) -> Decisions {
        let one = Mutex::new(());
        Decisions { path, one }
    }

    /// Whether the person said *never* to `app` and `domain`.
    ///
    /// # Errors
    /// The file cannot be read. Then nothing is to be asked or handed over.
    pub fn is_never(&self, app: &str, domain: &Host) -> Result<bool, DecisionsError> {
        Ok(self.list()?.iter().any(|it| it.concerns(app, Some(domain))))
    }

    /// All of them, in the order in which they were made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self) -> Result<Vec<Decision>, DecisionsError> {
        read(&self.path)
    }

    /// Remembers that the person said *never* to `app` and `domain`. Waits for its turn in the directory,
    /// which it shares with the encrypted file of passwords: not to be called where others wait, too.
    ///
    /// # Errors
    /// The file cannot be read or written, or there are [`MAX_DECISIONS`].
    pub fn never(&self, app: &str, domain: &Host) -> Result<(), DecisionsError> {
        self.change(|decisions| {
            if decisions.iter().any(|it| it.concerns(app, Some(domain))) {
                return Ok(());
            }
            if decisions.len() >= MAX_DECISIONS {
                return Err(DecisionsError::Full);
            }
            decisions.push(Decision {
                app: app.to_owned(),
                domain: domain.as_str().to_owned(),
                verdict: Verdict::Never,
                since: now(),
            });
            Ok(())
        })
    }

    /// Forgets what was decided about `app`, at one `domain` or at all. Returns how many it were. Waits as
    /// [`never`](Self::never) does.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn revoke(&self, app: &str, domain: Option<&Host>) -> Result<usize, DecisionsError> {
        let mut revoked = 0;
        self.change(|decisions| {
            let before = decisions.len();
            decisions.retain(|it| !it.concerns(app, domain));
            revoked = before - decisions.len();
            Ok(())
        })?;
        Ok(revoked)
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Decision>) -> Result<(), DecisionsError>,
    ) -> Result<(), DecisionsError> {
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        let file = |error| DecisionsError::File {
            path: self.path.clone(),
            error,
        };
        let (directory, name) = parts(&self.path);
        let turn = Turn::take(directory).map_err(file)?;
        turn.sweep(&format!(".{name}.")).map_err(file)?;
        let before = read(&self.path)?;
        let mut decisions = before.clone();
        change(&mut decisions)?;
        if decisions == before {
            return Ok(());
        }
        let version = VERSION;
        let content = serde_json::to_vec_pretty(&Content { version, decisions });
        let content = content.map_err(|error| file(error.into()))?;
        turn.replace(name, &content).map_err(file)
    }
}

impl Decision {
    fn concerns(&self, app: &str, domain: Option<&Host>) -> bool {
        self.app == app && domain.is_none_or(|domain| self.domain == domain.as_str())
    }
}

fn parts(path: &Path) -> (&Path, &str) {
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str());
    (directory, name.unwrap_or("decisions.json"))
}

fn read(path: &Path) -> Result<Vec<Decision>, DecisionsError> {
    let broken = |reason: String| DecisionsError::Broken {
        path: path.to_owned(),
        reason,
    };
    let mut text = Vec::new();
    match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut text)),
    }
    .map_err(|error| DecisionsError::File {
        path: path.to_owned(),
        error,
    })?;
    if text.len() as u64 > MAX_FILE {
        return Err(broken(format!("it is larger than {MAX_FILE} bytes")));
    }
    let content: Content =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    match content.version {
        VERSION => Ok(content.decisions),
        other => Err(broken(format!("version {other} is not known here"))),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_credentials::domain::{Mode, Site};

    fn host(name: &str) -> Host {
        Site::parse(name, Mode::Standard).unwrap().host().clone()
    }

    fn decisions(directory: &tempfile::TempDir) -> Decisions {
        Decisions::new(directory.path().join("credex/decisions.json"))
    }

    #[test]
    fn never_is_remembered_by_the_next_service_until_it_is_revoked() {
        let home = tempfile::tempdir().unwrap();
        let site = host("example.org");
        assert!(!decisions(&home).is_never("org.example.App", &site).unwrap());
        decisions(&home).never("org.example.App", &site).unwrap();
        decisions(&home).never("org.example.App", &site).unwrap();
        assert!(decisions(&home).is_never("org.example.App", &site).unwrap());
        assert_eq!(decisions(&home).list().unwrap().len(), 1);
        let revoked = decisions(&home).revoke("org.example.App", Some(&site));
        assert_eq!(revoked.unwrap(), 1);
        assert!(!decisions(&home).is_never("org.example.App", &site).unwrap());
    }

    #[test]
    fn never_is_for_one_app_and_one_domain_at_every_port() {
        let home = tempfile::tempdir().unwrap();
        let kept = decisions(&home);
        kept.never("org.example.App", &host("example.org:8443"))
            .unwrap();
        assert!(
            kept.is_never("org.example.App", &host("example.org"))
                .unwrap()
        );
        assert!(
            !kept
                .is_never("org.example.Other", &host("example.org"))
                .unwrap()
        );
        assert!(
            !kept
                .is_never("org.example.App", &host("www.example.org"))
                .unwrap()
        );
    }

    #[test]
    fn all_of_an_app_can_be_revoked_and_nothing_of_another() {
        let home = tempfile::tempdir().unwrap();
        let kept = decisions(&home);
        for (app, site) in [("a", "one.org"), ("a", "two.org"), ("b", "one.org")] {
            kept.never(app, &host(site)).unwrap();
        }
        assert_eq!(kept.revoke("a", None).unwrap(), 2);
        let left = kept.list().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(
            (left[0].app.as_str(), left[0].domain.as_str()),
            ("b", "one.org")
        );
    }

    #[test]
    fn a_broken_file_is_named_and_neither_read_as_empty_nor_written_over() {
        let home = tempfile::tempdir().unwrap();
        let kept = decisions(&home);
        kept.never("a", &host("one.org")).unwrap();
        let good = std::fs::read_to_string(&kept.path).unwrap();
        for broken in [
            String::new(),
            good[..good.len() - 3].to_owned(),
            good.replace("\"version\": 1", "\"version\": 2"),
            good.replace("never", "maybe"),
            good.replace("\"app\"", "\"apq\""),
        ] {
            std::fs::write(&kept.path, &broken).unwrap();
            let site = host("two.org");
            for error in [
                kept.is_never("a", &site).unwrap_err(),
                kept.never("a", &site).unwrap_err(),
                kept.revoke("a", None).unwrap_err(),
            ] {
                assert!(matches!(error, DecisionsError::Broken { .. }), "{error}");
                assert!(error.to_string().contains("credex/decisions.json"));
            }
            assert_eq!(std::fs::read_to_string(&kept.path).unwrap(), broken);
        }
    }

    #[test]
    fn there_is_an_end_to_decisions() {
        let home = tempfile::tempdir().unwrap();
        let kept = decisions(&home);
        kept.never("a", &host("one.org")).unwrap();
        let mut many = kept.list().unwrap();
        while many.len() < MAX_DECISIONS {
            let app = format!("org.example.App{}", many.len());
            many.push(Decision {
                app,
                ..many[0].clone()
            });
        }
        let content = Content {
            version: VERSION,
            decisions: many,
        };
        std::fs::write(&kept.path, serde_json::to_vec(&content).unwrap()).unwrap();
        let full = kept.never("b", &host("one.org"));
        assert!(matches!(full, Err(DecisionsError::Full)), "{full:?}");
        assert!(
            kept.is_never("org.example.App9999", &host("one.org"))
                .unwrap()
        );
    }
}
