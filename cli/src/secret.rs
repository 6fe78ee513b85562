//! A password or passphrase from the person: typed without an echo, from a pipe, or from a file
//! descriptor; never from an argument, which every process of the computer can read.

use std::fs::File;
use std::io::{self, Read, Write};

use credex::{LONGEST_PASSWORD, Password};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal;

/// Reads a password from the descriptor `fd`, else from the terminal, else from standard input.
pub(crate) async fn read(fd: Option<u32>, interrupt: &mut Interrupt) -> Result<Password, Failure> {
    let line = match fd {
        Some(fd) => line_from(fd, interrupt).await?,
        None if !terminal::reads_input() => interrupt.or(blocking(|| line_of(io::stdin()))).await?,
        None => typed("Password: ", true, interrupt).await?,
    };
    Password::new(line).map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// Reads the first line of the descriptor `fd`.
pub(crate) async fn line_from(fd: u32, interrupt: &mut Interrupt) -> Result<Line, Failure> {
    // Opened anew by its name, because it belongs to whoever passed it.
    let file = File::open(format!("/proc/self/fd/{fd}"));
    let file = file.map_err(|error| unreadable(&format!("file descriptor {fd}"), &error))?;
    interrupt.or(blocking(move || line_of(file))).await
}

/// Asks at the terminal for a line that is not shown, and once more if it is `new`, until both are
/// the same.
pub(crate) async fn typed(
    prompt: &str,
    new: bool,
    interrupt: &mut Interrupt,
) -> Result<Line, Failure> {
    let _quiet = Quiet::set()?;
    loop {
        let first = ask(prompt, interrupt).await?;
        if !new || ask("Once more: ", interrupt).await? == first {
            return Ok(first);
        }
        io::stderr().write_all(b"The two differ. Try again.\n")?;
    }
}

/// Shows `prompt`, and reads a line that is shown.
pub(crate) async fn answer(prompt: &str, interrupt: &mut Interrupt) -> Result<Line, Failure> {
    let mut screen = io::stderr();
    screen.write_all(prompt.as_bytes())?;
    screen.flush()?;
    interrupt.or(blocking(|| line_of(io::stdin()))).await
}

async fn ask(prompt: &str, interrupt: &mut Interrupt) -> Result<Line, Failure> {
    let mut screen = io::stderr();
    screen.write_all(prompt.as_bytes())?;
    screen.flush()?;
    let typed = interrupt.or(blocking(|| line_of(io::stdin()))).await;
    screen.write_all(b"\n")?;
    typed
}

async fn blocking(
    read: impl FnOnce() -> Result<Line, Failure> + Send + 'static,
) -> Result<Line, Failure> {
    let (sender, answer) = tokio::sync::oneshot::channel();
    // A thread of its own, for a runtime waits for its own at the end, also after Ctrl-C.
    std::thread::spawn(move || sender.send(read()).ok());
    let gone = || Failure::new(Exit::Failed, "the password could not be read");
    answer.await.map_err(|_| gone())?
}

/// A line as bytes.
type Line = Zeroizing<Vec<u8>>;

/// The first line, without its end, as far as it is not too long for a password.
fn line_of(mut from: impl Read) -> Result<Line, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD + 2));
    let mut byte = Zeroizing::new([0]);
    while line.len() <= LONGEST_PASSWORD {
        let read = from.read(byte.as_mut_slice());
        match read.map_err(|error| unreadable("the password", &error))? {
            0 => break,
            _ if byte[0] == b'\n' => break,
            _ => line.push(byte[0]),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

fn unreadable(what: &str, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("{what} cannot be read: {error}"))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn set() -> Result<Quiet, Failure> {
        let failed = |errno: rustix::io::Errno| unreadable("the terminal", &errno.into());
        let usual = tcgetattr(stdin()).map_err(failed)?;
        let mut quiet = usual.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &quiet).map_err(failed)?;
        Ok(Quiet(usual))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The terminal may be gone, and then nobody is there to see.
        tcsetattr(stdin(), OptionalActions::Flush, &self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_without_its_end() {
        for (given, read) in [
            ("geheim", "geheim"),
            ("geheim\n", "geheim"),
            ("a b\r\nc", "a b"),
        ] {
            let line = line_of(given.as_bytes()).unwrap();
            assert_eq!(Password::new(line).unwrap().expose(), read);
        }
        for refused in ["", "\n", &"x".repeat(LONGEST_PASSWORD + 1)] {
            let line = line_of(refused.as_bytes()).unwrap();
            assert!(Password::new(line).is_err());
        }
    }
}
