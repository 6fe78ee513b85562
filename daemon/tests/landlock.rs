//! Which files the daemon can change once it is confined. Each test confines a thread of its own. That the whole
//! daemon can still do its work, the stories of its unit hold (`tests/e2e/user_unit.rs`).

#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

use std::fs;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use credexd::landlock;

/// A person's home, in which `own` is the service's.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        fs::create_dir(home.at("own")).unwrap();
        fs::write(home.at(".bashrc"), "mine").unwrap();
        home
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What `attempt` comes to, once its thread may change `own` alone; `None`, and why on standard error, where the
    /// kernel's Landlock is too old, or off.
    fn confined<T: Send>(&self, attempt: impl FnOnce(&Path) -> T + Send) -> Option<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| match landlock::enter(&[self.at("own")]) {
                Ok(()) => Some(attempt(self.0.path())),
                Err(why) => {
                    eprintln!("not tried: {why}");
                    None
                }
            });
            thread.join().unwrap()
        })
    }

    #[track_caller]
    fn refuses<T: Send>(&self, attempt: impl FnOnce(&Path) -> io::Result<T> + Send) {
        let attempt = |home: &Path| attempt(home).map(drop).map_err(|error| error.kind());
        if let Some(outcome) = self.confined(attempt) {
            // Across directories the kernel tells programs to copy instead, which is then refused.
            let kinds = [ErrorKind::PermissionDenied, ErrorKind::CrossesDevices];
            assert!(
                outcome.is_err_and(|kind| kinds.contains(&kind)),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn no_file_of_the_persons_can_be_changed_or_made_or_taken_away() {
    let home = Home::new();
    home.refuses(|home| fs::write(home.join(".bashrc"), "theirs"));
    home.refuses(|home| fs::write(home.join("autostart.desktop"), "theirs"));
    home.refuses(|home| fs::remove_file(home.join(".bashrc")));
    home.refuses(|home| fs::rename(home.join(".bashrc"), home.join("own/.bashrc")));
    home.refuses(|home| fs::create_dir(home.join("directory")));
    home.refuses(|_| fs::OpenOptions::new().write(true).open("/dev/null"));
    home.refuses(|home| std::os::unix::fs::symlink("own", home.join("link")));
    assert_eq!(fs::read_to_string(home.at(".bashrc")).unwrap(), "mine");
}

#[test]
fn nothing_listens_and_nothing_can_be_run() {
    let home = Home::new();
    home.refuses(|_| TcpListener::bind("127.0.0.1:0"));
    home.refuses(|_| std::process::Command::new("/bin/true").spawn());
}

#[test]
fn its_own_files_are_replaced_and_everybodys_are_read() {
    let home = Home::new();
    let replaced = home.confined(|home| -> io::Result<String> {
        let own = home.join("own");
        fs::write(own.join("new"), "kept")?;
        fs::rename(own.join("new"), own.join("decisions.json"))?;
        fs::read_to_string(home.join(".bashrc"))
    });
    if let Some(read) = replaced {
        assert_eq!(read.unwrap(), "mine");
        let kept = fs::read_to_string(home.at("own/decisions.json"));
        assert_eq!(kept.unwrap(), "kept");
    }
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let refusal = landlock::enter(&["/nowhere/credex".into()]).unwrap_err();
    assert!(refusal.to_string().contains("/nowhere/credex"), "{refusal}");
}
