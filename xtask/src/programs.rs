//! The programs and the library that are installed, and the pages and completions of `credex`: built, or found where
//! they were built before.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::{Options, source, target_directory};

/// What cargo builds for everybody, by package.
const PACKAGES: [&str; 4] = ["credex-cli", "credexd", "credex-chooser", "credex-fetcher"];
/// The libraries, for C and for Python.
const LIBRARIES: [&str; 2] = ["credex-c", crate::wheel::PACKAGE];
/// The dialog in a window, which needs GTK.
const WINDOW: &str = "credex-chooser-gtk";

/// Programs that are ready.
#[derive(Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    /// Whether the dialog in a window is among them.
    pub(crate) has_window: bool,
}

impl Programs {
    /// The program or library called `name`.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.directory.join(name);
        match path.is_file() {
            true => Ok(path),
            false => Err(Failure::NoProgram {
                name: name.to_owned(),
                directory: self.directory.clone(),
            }),
        }
    }

    /// Writes the manual pages and completions of `credex` into `directory`.
    pub(crate) fn write_manual(&self, directory: &Path) -> Result<(), Failure> {
        let manual = self.path("examples/manual")?;
        output(Command::new(manual).arg(directory), "it was just built").map(drop)
    }
}

/// The programs that the command line names, or else all, built for release.
pub(crate) fn at_hand(options: &Options) -> Result<Programs, Failure> {
    if let Some(directory) = &options.programs {
        return Ok(Programs {
            directory: directory.clone(),
            has_window: directory.join(WINDOW).is_file(),
        });
    }
    let has_window = has_gtk();
    let window = has_window.then_some(WINDOW);
    build(["--bins"], PACKAGES.into_iter().chain(window))?;
    // With the window, which asks for features of many crates: cargo would build all of these anew without them.
    build(
        ["--example=manual"],
        ["credex-cli"].into_iter().chain(window),
    )?;
    build(["--lib"], LIBRARIES)?;
    Ok(Programs {
        directory: target_directory().join("release"),
        has_window,
    })
}

fn build<'a>(
    what: impl IntoIterator<Item = &'a str>,
    packages: impl IntoIterator<Item = &'a str>,
) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(source());
    command.args(["build", "--release", "--locked"]).args(what);
    for package in packages {
        command.args(["--package", package]);
    }
    let status = command.status();
    let status = status.map_err(at("cannot start", Path::new("cargo")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Failed {
            program: "cargo build".to_owned(),
            status,
            said: "what is wrong is above".to_owned(),
        }),
    }
}

/// Whether the libraries of the window are there.
fn has_gtk() -> bool {
    let mut command = Command::new("pkg-config");
    let status = command.args(["--exists", "gtk4 >= 4.8", "libadwaita-1 >= 1.2"]);
    status.status().is_ok_and(|status| status.success())
}
