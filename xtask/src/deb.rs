//! The Debian package, without anything that runs when it is installed: systemd and the bus find new
//! files by themselves, and a service that runs goes on with the program that it was started from until
//! it is idle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::Options;
use crate::programs::Programs;
use crate::tree::{below, lay_out};

const DPKG_DEV: &str = "install dpkg-dev and binutils";

/// Packs what `programs` are installed with; returns the package.
pub(crate) fn pack(programs: &Programs, options: &Options) -> Result<PathBuf, Failure> {
    let directory = options.directory("debian");
    fs::create_dir_all(&directory).map_err(at("cannot make", &directory))?;
    let stage = tempfile::tempdir_in(&directory).map_err(at("cannot write to", &directory))?;
    let tree = stage.path().join("credex");
    lay_out(programs, &options.prefix, &tree)?;
    let usr = below(&tree, &options.prefix);
    follow_debian(&usr)?;
    let architecture = line("dpkg", &["--print-architecture"])?;
    let control = tree.join("DEBIAN/control");
    let text = control_file(&options.version, &architecture, &usr, stage.path())?;
    write(&control, &text)?;
    // Whatever the umask of who packs it.
    let mut chmod = Command::new("chmod");
    output(
        chmod.args(["--recursive", "u=rwX,go=rX"]).arg(&tree),
        DPKG_DEV,
    )?;
    let name = format!("credex_{}_{architecture}.deb", options.version);
    let package = directory.join(name);
    let mut command = Command::new("dpkg-deb");
    command.args(["--root-owner-group", "--build"]);
    output(command.arg(&tree).arg(&package), DPKG_DEV)?;
    Ok(package)
}

/// What Debian wants otherwise than the standards of everybody: zsh's completions elsewhere, manual pages
/// compressed, the licence under its name, programs without symbols.
fn follow_debian(usr: &Path) -> Result<(), Failure> {
    let vendor = usr.join("share/zsh/vendor-completions");
    fs::rename(usr.join("share/zsh/site-functions"), &vendor)
        .map_err(at("cannot make", &vendor))?;
    let copyright = usr.join("share/doc/credex/copyright");
    fs::copy(usr.join("share/doc/credex/LICENSE"), &copyright)
        .map_err(at("cannot make", &copyright))?;
    let pages = usr.join("share/man");
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--no-name", "--recursive"]).arg(pages);
    output(&mut gzip, "install gzip")?;
    let mut strip = Command::new("strip");
    strip.args(["--strip-unneeded", "--remove-section=.comment"]);
    output(strip.args(programs_in(usr)?), DPKG_DEV).map(drop)
}

fn control_file(
    version: &str,
    architecture: &str,
    usr: &Path,
    stage: &Path,
) -> Result<String, Failure> {
    let size: u64 = line("du", &["-sk", "--apparent-size", &usr.to_string_lossy()])?
        .split_whitespace()
        .next()
        .and_then(|size| size.parse().ok())
        .unwrap_or_default();
    let libraries = libraries(usr, stage)?;
    Ok(format!(
        "Package: credex
Version: {version}
Architecture: {architecture}
Maintainer: The Credex maintainers <maintainers@credex.invalid>
Section: utils
Priority: optional
Installed-Size: {size}
Depends: {libraries}, default-dbus-session-bus | dbus-session-bus
Recommends: polkitd | policykit-1
Suggests: gnome-keyring | keepassxc
Description: moves passwords and passkeys from one app to another
 Credex is a service of the session through which password managers hand
 credentials to each other: sealed, in memory, once, and to the one app that
 the person chose. It asks the person in a window or a terminal, and starts
 when an app calls it.
"
    ))
}

/// The packages with the libraries that the programs are linked with.
fn libraries(usr: &Path, stage: &Path) -> Result<String, Failure> {
    // It wants to be called where a source package is.
    write(
        &stage.join("debian/control"),
        "Source: credex\n\nPackage: credex\nArchitecture: any\n",
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.current_dir(stage).arg("-O");
    for program in programs_in(usr)? {
        command.arg(program);
    }
    let said = output(&mut command, DPKG_DEV)?;
    let packages = said
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    packages
        .map(str::to_owned)
        .ok_or(Failure::NoLibraries(said))
}

/// The programs below `usr`.
fn programs_in(usr: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for directory in [usr.join("bin"), usr.join("libexec")] {
        for entry in fs::read_dir(&directory).map_err(at("cannot read", &directory))? {
            found.push(entry.map_err(at("cannot read", &directory))?.path());
        }
    }
    Ok(found)
}

fn line(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let said = output(Command::new(program).args(arguments), DPKG_DEV)?;
    Ok(said.trim().to_owned())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(at("cannot make", directory))?;
    fs::write(path, text).map_err(at("cannot write", path))
}
