//! The Debian package, without a script that runs when it is installed: systemd and the bus find new
//! files by themselves, and a service that runs goes on with the program that it was started from until
//! it is idle. Only the dynamic linker has to be told of the library, and dpkg does that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, at, output};
use crate::options::Options;
use crate::programs::Programs;
use crate::tree::{below, lay_out, rewrite};

const DPKG_DEV: &str = "install dpkg-dev and binutils";

/// Has dpkg run ldconfig.
const TRIGGERS: &str = "activate-noawait ldconfig\n";

/// For `dpkg-shlibdeps`, when it packs what is linked with the library: its soname, and who has it.
const LIBRARIES: &str = concat!("libcredex 0 credex (>= ", env!("CARGO_PKG_VERSION"), ")\n");

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
    let text = control_file(&options.version, &architecture, &usr, stage.path())?;
    for (name, text) in [
        ("control", &*text),
        ("triggers", TRIGGERS),
        ("shlibs", LIBRARIES),
    ] {
        write(&tree.join("DEBIAN").join(name), text)?;
    }
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

/// What Debian wants otherwise than the standards of everybody: zsh's completions elsewhere, libraries
/// below the name of the architecture, manual pages compressed, the licence under its name, nothing with
/// symbols.
fn follow_debian(usr: &Path) -> Result<(), Failure> {
    let vendor = usr.join("share/zsh/vendor-completions");
    fs::rename(usr.join("share/zsh/site-functions"), &vendor)
        .map_err(at("cannot make", &vendor))?;
    move_libraries(usr)?;
    let copyright = usr.join("share/doc/credex/copyright");
    fs::copy(usr.join("share/doc/credex/LICENSE"), &copyright)
        .map_err(at("cannot make", &copyright))?;
    let pages = usr.join("share/man");
    let mut gzip = Command::new("gzip");
    gzip.args(["--best", "--no-name", "--recursive"]).arg(pages);
    output(&mut gzip, "install gzip")?;
    let mut strip = Command::new("strip");
    strip.args(["--strip-unneeded", "--remove-section=.comment"]);
    output(strip.args(linked_in(usr)?), DPKG_DEV).map(drop)
}

/// Moves the library, and what tells of it, to where libraries of this architecture are.
fn move_libraries(usr: &Path) -> Result<(), Failure> {
    let triplet = line("dpkg-architecture", &["--query", "DEB_HOST_MULTIARCH"])?;
    let (lib, multiarch) = (usr.join("lib"), usr.join("lib").join(&triplet));
    fs::create_dir_all(&multiarch).map_err(at("cannot make", &multiarch))?;
    for from in files_in(&lib)? {
        let name = from.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with("libcredex.so") || name == "pkgconfig" {
            fs::rename(&from, multiarch.join(name)).map_err(at("cannot move", &from))?;
        }
    }
    let description = multiarch.join("pkgconfig/credex.pc");
    let place = format!("libdir=${{prefix}}/lib/{triplet}\n");
    rewrite(
        &description,
        &description,
        &[("libdir=${prefix}/lib\n", &place)],
    )
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
 when an app calls it. The library for C is with it, and its header.
"
    ))
}

/// The packages with the libraries that ours are linked with.
fn libraries(usr: &Path, stage: &Path) -> Result<String, Failure> {
    // It wants to be called where a source package is.
    write(
        &stage.join("debian/control"),
        "Source: credex\n\nPackage: credex\nArchitecture: any\n",
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.current_dir(stage).arg("-O");
    let said = output(command.args(linked_in(usr)?), DPKG_DEV)?;
    let packages = said
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    packages
        .map(str::to_owned)
        .ok_or(Failure::NoLibraries(said))
}

/// What came from a linker: the programs below `usr`, and the library.
fn linked_in(usr: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = files_in(&usr.join("bin"))?;
    found.extend(files_in(&usr.join("libexec"))?);
    let triplet = line("dpkg-architecture", &["--query", "DEB_HOST_MULTIARCH"])?;
    // The link by the plain name is enough to find it.
    found.push(usr.join("lib").join(triplet).join("libcredex.so"));
    Ok(found)
}

fn files_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = || at("cannot read", directory);
    let entries = fs::read_dir(directory).map_err(unreadable())?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable()))
        .collect()
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
