//! The person's own `gpg`, as `pass` calls it. What is plaintext goes through pipes only.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use zeroize::Zeroizing;

use super::process::{Patience, Ran, Stopped, run};
use crate::Fault;

/// Bytes of an entry, before and after encryption. `gpg` compresses, so that a small file can
/// be a large one.
pub(super) const LARGEST: usize = 64 << 20;

/// A `gpg`, and how long to wait for it.
#[derive(Debug, Clone)]
pub struct Gpg {
    program: OsString,
    options: Vec<OsString>,
    home: Option<PathBuf>,
    pub(super) patience: Patience,
}

/// What kept `gpg` from encrypting or decrypting.
#[derive(Debug, thiserror::Error)]
pub(super) enum GpgError {
    /// Something that stops everything.
    #[error(transparent)]
    Fault(Fault),
    /// Something that is wrong with this file only.
    #[error("{0}")]
    File(String),
}

impl Default for Gpg {
    /// That of the person, with the options that the environment has for `pass`.
    ///
    /// `gpg` gets two minutes, for a smartcard may wait to be touched without a word; and
    /// ten minutes from when it tells that a pinentry is open.
    fn default() -> Self {
        let options = std::env::var("PASSWORD_STORE_GPG_OPTS").unwrap_or_default();
        Self {
            program: "gpg".into(),
            options: options.split_whitespace().map(OsString::from).collect(),
            home: None,
            patience: Patience {
                program: Duration::from_secs(120),
                person: Duration::from_secs(600),
            },
        }
    }
}

impl Gpg {
    /// With the keys in `home` instead of the usual place.
    #[must_use]
    pub fn at_home(self, home: impl Into<PathBuf>) -> Self {
        Self {
            home: Some(home.into()),
            ..self
        }
    }

    /// With another program instead of `gpg`.
    #[must_use]
    pub fn called(self, program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            ..self
        }
    }

    /// With other times to wait.
    #[must_use]
    pub fn waiting(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Encrypts for `recipients`.
    pub(super) fn encrypt(
        &self,
        plain: &[u8],
        recipients: &[String],
    ) -> Result<Zeroizing<Vec<u8>>, GpgError> {
        let mut command = self.command();
        command.args(["--encrypt", "--no-encrypt-to", "--compress-algo=none"]);
        for recipient in recipients {
            command.arg(format!("--recipient={recipient}"));
        }
        let ran = self.run(&mut command, plain)?;
        match ran.status.success() && !ran.output.is_empty() {
            true => Ok(ran.output),
            false => Err(GpgError::Fault(self.fault(
                format!("it cannot encrypt: {}", harmless(&ran.said)),
                "See that the keys named in .gpg-id are in your keyring and trusted (gpg --edit-key)",
            ))),
        }
    }

    /// Decrypts.
    pub(super) fn decrypt(&self, cipher: &[u8]) -> Result<Zeroizing<Vec<u8>>, GpgError> {
        let mut command = self.command();
        let ran = self.run(command.arg("--decrypt"), cipher)?;
        // Its exit status also tells of signatures that it cannot check, which nobody asked for.
        if has(&ran.said, "DECRYPTION_OKAY") {
            return Ok(ran.output);
        }
        Err(match reason(&ran.said) {
            Some(CANCELED | FULLY_CANCELED) => GpgError::Fault(Fault::Cancelled),
            Some(BAD_PASSPHRASE) => GpgError::Fault(Fault::WrongPassphrase {
                place: "the key of the password store".to_owned(),
            }),
            Some(NO_PINENTRY | NO_AGENT) => GpgError::Fault(self.fault(
                format!("it cannot ask you: {}", harmless(&ran.said)),
                "Install a pinentry program, or unlock the key first (pass show of any entry)",
            )),
            // GnuPG 2.2 says no more of a question that was closed.
            None if asked(&ran.said) && !has(&ran.said, "NO_SECKEY") => {
                GpgError::Fault(Fault::Cancelled)
            }
            _ if has(&ran.said, "NO_SECKEY") => {
                GpgError::File("it is encrypted for a key that you do not have".to_owned())
            }
            _ if has(&ran.said, "NODATA") => {
                GpgError::File("it is not encrypted with OpenPGP".to_owned())
            }
            _ => GpgError::File(format!("gpg cannot decrypt it: {}", harmless(&ran.said))),
        })
    }

    /// The fingerprints of the keys that made the signature in the file `signature` over `content`, as
    /// far as it is valid.
    pub(super) fn signers(
        &self,
        signature: &std::path::Path,
        content: &[u8],
    ) -> Result<Vec<String>, GpgError> {
        let mut command = self.command();
        command.arg("--verify").arg(signature).arg("-");
        let ran = self.run(&mut command, content)?;
        let valid = ran.said.lines().filter_map(|line| {
            let rest = line.strip_prefix(STATUS)?.strip_prefix("VALIDSIG ")?;
            let mut words = rest.split_whitespace();
            let (own, primary) = (words.next()?, words.next_back());
            Some([own.to_owned(), primary.unwrap_or(own).to_owned()])
        });
        match ran.status.success() {
            true => Ok(valid.flatten().collect()),
            false => Ok(Vec::new()),
        }
    }

    /// The environment that programs need that call `gpg` themselves.
    pub(super) fn set_home(&self, command: &mut Command) {
        if let Some(home) = &self.home {
            command.env("GNUPGHOME", home);
        }
        // As `pass` does: a pinentry in the terminal has to know which one.
        if std::env::var_os("GPG_TTY").is_none()
            && let Ok(terminal) = rustix::termios::ttyname(std::io::stdin(), Vec::new())
        {
            command.env("GPG_TTY", terminal.to_string_lossy().as_ref());
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.options);
        command.args(["--batch", "--quiet", "--yes", "--status-fd=2"]);
        self.set_home(&mut command);
        command
    }

    fn run(&self, command: &mut Command, input: &[u8]) -> Result<Ran, GpgError> {
        run(command, input, LARGEST, self.patience, asked).map_err(|stopped| match stopped {
            Stopped::TooMuch(_) => {
                GpgError::File(format!("it is larger than {} MiB", LARGEST >> 20))
            }
            Stopped::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                GpgError::Fault(self.fault("it is not installed".to_owned(), "Install GnuPG"))
            }
            stopped => GpgError::Fault(self.fault(
                stopped.to_string(),
                "See whether it answers by itself (pass show of any entry), and restart its agent \
                 (gpgconf --kill gpg-agent)",
            )),
        })
    }

    fn fault(&self, what: String, advice: &str) -> Fault {
        Fault::Program {
            program: self.program.to_string_lossy().into_owned(),
            what,
            advice: advice.to_owned(),
        }
    }
}

/// What a status line begins with (GnuPG, doc/DETAILS).
const STATUS: &str = "[GNUPG:] ";
/// Codes of libgpg-error.
const BAD_PASSPHRASE: u32 = 11;
const NO_AGENT: u32 = 77;
const NO_PINENTRY: u32 = 86;
const CANCELED: u32 = 99;
const FULLY_CANCELED: u32 = 198;

fn has(said: &str, keyword: &str) -> bool {
    let mut lines = said.lines().filter_map(|line| line.strip_prefix(STATUS));
    lines.any(|line| line.split_whitespace().next() == Some(keyword))
}

fn asked(said: &str) -> bool {
    has(said, "PINENTRY_LAUNCHED")
}

/// The code of the error that decryption ended with. Its upper half says whose error it is.
fn reason(said: &str) -> Option<u32> {
    let mut codes = said.lines().filter_map(|line| {
        let rest = line.strip_prefix(STATUS)?.strip_prefix("ERROR ")?;
        let code = rest.split_whitespace().nth(1)?;
        Some(code.parse::<u32>().ok()? & 0xffff)
    });
    codes.next_back()
}

/// What a program said, in a line that shows on a terminal as what it is.
pub(super) fn harmless(said: &str) -> String {
    const LONGEST: usize = 300;
    let lines = said.lines().filter(|line| !line.starts_with(STATUS));
    let text = lines.map(str::trim).collect::<Vec<_>>().join("; ");
    let shown = text.chars().map(|letter| match letter.is_control() {
        true => '\u{fffd}',
        false => letter,
    });
    shown.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gpg_says_shows_as_a_line_without_escapes() {
        let said = "[GNUPG:] NODATA 1\ngpg: no\u{1b}[2Jvalid data\r\ngpg: sorry\n";
        assert_eq!(harmless(said), "gpg: no\u{fffd}[2Jvalid data; gpg: sorry");
    }

    #[test]
    fn the_code_of_an_error_is_read_without_its_source() {
        let said = "[GNUPG:] ERROR pkdecrypt_failed 83886179\ngpg: x";
        assert_eq!(reason(said), Some(CANCELED));
        assert_eq!(reason("gpg: ERROR pkdecrypt_failed 99"), None);
    }
}
