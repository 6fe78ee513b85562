//! Terminals for programs that ask at one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::thread;

use tokio::sync::watch;

use crate::patience::{eventually, within};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::LocalModes;

/// A new terminal that controls nobody: its controlling end, and the name of the other, which is there
/// as long as the first.
pub fn open() -> (OwnedFd, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    (controller, name.into_string().unwrap())
}

/// A terminal with somebody at it.
#[derive(Debug)]
pub struct Screen {
    controller: File,
    name: String,
    shown: watch::Receiver<String>,
}

impl Screen {
    /// A new terminal.
    pub fn open() -> Screen {
        let (controller, name) = open();
        let controller = File::from(controller);
        let mut reader = controller.try_clone().unwrap();
        let (show, shown) = watch::channel(String::new());
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            // It cannot be read while nobody has it open, and when it is gone nobody looks.
            while !show.is_closed() {
                match reader.read(&mut chunk) {
                    Ok(n) => show.send_modify(|text| {
                        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
                    }),
                    Err(_) => return,
                }
            }
        });
        Screen {
            controller,
            name,
            shown,
        }
    }

    /// Waits until what is typed is not shown. What was typed before that is thrown away by programs
    /// that ask for passwords.
    pub async fn hides_what_is_typed(&self) {
        let line = File::options().read(true).write(true).open(&self.name);
        let line = line.unwrap();
        let modes = || rustix::termios::tcgetattr(&line).unwrap().local_modes;
        eventually("the terminal to hide what is typed", modes, |modes| {
            !modes.contains(LocalModes::ECHO)
        })
        .await;
    }

    /// Starts `command` with all its streams at this terminal, which it does not control yet.
    pub fn start(&self, mut command: Command, environment: &[(String, String)]) -> Child {
        let line = File::options().read(true).write(true).open(&self.name);
        let line = line.unwrap();
        command
            .stdin(line.try_clone().unwrap())
            .stdout(line.try_clone().unwrap())
            .stderr(line)
            .env_clear()
            .envs(environment.iter().cloned());
        command.spawn().unwrap()
    }

    /// Waits until `text` is to be seen, and returns all that was shown until then.
    pub async fn sees(&mut self, text: &str) -> String {
        let waited = self.shown.wait_for(|shown| shown.contains(text));
        let is_seen = within(&format!("{text:?} to be seen"), waited)
            .await
            .is_ok();
        let shown = self.shown.borrow().clone();
        assert!(
            is_seen,
            "nobody is at the terminal any more, and {text:?} is missing:\n{shown}"
        );
        shown
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        writeln!(self.controller, "{line}").unwrap();
    }
}
