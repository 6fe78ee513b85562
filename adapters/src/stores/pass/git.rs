//! The history of a store: one commit for a whole writing, made with the person's own `git` in the
//! copy of the store that is to take its place.
//!
//! As with `pass`, everything that was staged goes with it, and it is signed if git or `pass`
//! (`pass.signcommits`) is set to. Hooks are not run: they would see a store that is not in its place.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::gpg::{Gpg, harmless};
use super::process::{Patience, Ran, Stopped, run};
use super::tree::GIT;
use crate::Fault;

/// Bytes of what git says.
const LIMIT: usize = 1 << 20;

/// Commits the files in the repositories that they are in, if they are in any: most often one, but
/// folders of a store may have their own.
pub(super) fn commit(
    store: &Path,
    files: &[PathBuf],
    message: &str,
    gpg: &Gpg,
) -> Result<(), Fault> {
    let mut repositories: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
    for file in files {
        let above = file.ancestors().skip(1);
        let mut with_git = above.filter(|folder| store.join(folder).join(GIT).exists());
        if let Some(folder) = with_git.next() {
            let inner = file.strip_prefix(folder).unwrap_or(file);
            repositories
                .entry(store.join(folder))
                .or_default()
                .push(inner);
        }
    }
    for (folder, files) in repositories {
        Repository { folder, gpg }.commit(&files, message)?;
    }
    Ok(())
}

struct Repository<'g> {
    folder: PathBuf,
    gpg: &'g Gpg,
}

impl Repository<'_> {
    fn commit(&self, files: &[&Path], message: &str) -> Result<(), Fault> {
        self.is_whole()?;
        let mut names = Vec::new();
        for file in files {
            names.extend_from_slice(file.as_os_str().as_bytes());
            names.push(0);
        }
        self.ask(&["update-index", "--add", "-z", "--stdin"], &names)?;
        let signs = self.run(&["config", "--type=bool", "--get", "pass.signcommits"], b"")?;
        let signs = signs.output.starts_with(b"true");
        let mut arguments = vec!["commit", "--quiet", "--no-verify", "-m", message];
        arguments.extend(signs.then_some("-S"));
        self.ask(&arguments, b"").map(drop)
    }

    /// What is elsewhere cannot be replaced together with the store.
    fn is_whole(&self) -> Result<(), Fault> {
        let told = self.ask(&["rev-parse", "--show-toplevel", "--absolute-git-dir"], b"")?;
        let told = String::from_utf8_lossy(&told.output).into_owned();
        let mut paths = told.lines().map(|line| Path::new(line).canonicalize().ok());
        let here = self.folder.canonicalize().ok();
        let own = here.as_ref().map(|here| here.join(GIT));
        match here.is_some() && paths.next() == Some(here) && paths.next() == Some(own) {
            true => Ok(()),
            false => Err(self.fault(
                "the repository of the store is not in its .git folder, or it is the work tree of \
                 another"
                    .to_owned(),
                "Clone it as a store of its own",
            )),
        }
    }

    fn ask(&self, arguments: &[&str], input: &[u8]) -> Result<Ran, Fault> {
        let ran = self.run(arguments, input)?;
        match ran.status.success() {
            true => Ok(ran),
            false => Err(self.fault(
                format!(
                    "it refuses to {}: {}",
                    arguments.first().unwrap_or(&"start"),
                    harmless(&ran.said)
                ),
                "See what pass git status says",
            )),
        }
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Ran, Fault> {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder);
        for setting in [
            // It would go on in the background while the folder is moved.
            "gc.auto=0",
            "maintenance.auto=false",
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
        ] {
            command.args(["-c", setting]);
        }
        command.args(arguments);
        for variable in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
        ] {
            command.env_remove(variable);
        }
        command.env(
            "GIT_CEILING_DIRECTORIES",
            self.folder.parent().unwrap_or(&self.folder),
        );
        command.env("GIT_TERMINAL_PROMPT", "0");
        self.gpg.set_home(&mut command);
        // It may ask for the passphrase of a signing key, and does not tell.
        let patience = Patience {
            program: self.gpg.patience.person,
            ..self.gpg.patience
        };
        run(&mut command, input, LIMIT, patience, |_| false).map_err(|stopped| match stopped {
            Stopped::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.fault("it is not installed".to_owned(), "Install git")
            }
            stopped => self.fault(stopped.to_string(), "See what pass git status says"),
        })
    }

    fn fault(&self, what: String, advice: &str) -> Fault {
        Fault::Program {
            program: "git".to_owned(),
            what,
            advice: advice.to_owned(),
        }
    }
}
