//! The package `credex`, without a script that runs when it is installed: systemd and the bus find new
//! files by themselves, and a service that runs goes on with the program that it was started from until
//! it is idle. Only the dynamic linker has to be told of the library, and dpkg does that.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Package, compress, files_in, line};
use crate::error::{Failure, at};
use crate::options::Options;
use crate::programs::Programs;
use crate::tree::{below, lay_out as lay_out_tree, rewrite};

/// Has dpkg run ldconfig.
const TRIGGERS: &str = "activate-noawait ldconfig\n";

/// For `dpkg-shlibdeps`, when it packs what is linked with the library: its soname, and who has it.
const LIBRARIES: &str = concat!("libcredex 0 credex (>= ", env!("CARGO_PKG_VERSION"), ")\n");

const ABOUT: &str = "\
Recommends: polkitd
Suggests: gnome-keyring | keepassxc
Description: moves passwords and passkeys from one app to another
 Credex is a service of the session through which password managers hand
 credentials to each other: sealed, in memory, once, and to the one app that
 the person chose. It asks the person in a window or a terminal, and starts
 when an app calls it. The library for C is with it, and its header.
";

/// Puts everything that is installed below `stage`, as Debian wants it.
pub(super) fn lay_out(
    programs: &Programs,
    options: &Options,
    stage: &Path,
) -> Result<Package, Failure> {
    let tree = stage.join("credex");
    lay_out_tree(programs, &options.prefix, &tree)?;
    let usr = below(&tree, &options.prefix);
    let libraries = follow_debian(&usr)?;
    let mut linked = files_in(&usr.join("bin"))?;
    linked.extend(files_in(&usr.join("libexec"))?);
    // The link by the plain name is enough to find it.
    linked.push(libraries.join("libcredex.so"));
    Ok(Package {
        name: "credex",
        tree,
        linked,
        section: "utils",
        depends: "default-dbus-session-bus | dbus-session-bus",
        about: ABOUT,
        control: &[("triggers", TRIGGERS), ("shlibs", LIBRARIES)],
        overrides: include_str!("../../debian/credex.lintian-overrides"),
    })
}

/// What Debian wants otherwise than the standards of everybody: zsh's completions elsewhere, libraries
/// below the name of the architecture, manual pages compressed. Returns where libraries are.
fn follow_debian(usr: &Path) -> Result<PathBuf, Failure> {
    let vendor = usr.join("share/zsh/vendor-completions");
    fs::rename(usr.join("share/zsh/site-functions"), &vendor)
        .map_err(at("cannot make", &vendor))?;
    compress(&usr.join("share/man"))?;
    move_libraries(usr)
}

/// Moves the library, and what tells of it, to where libraries of this architecture are.
fn move_libraries(usr: &Path) -> Result<PathBuf, Failure> {
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
    )?;
    Ok(multiarch)
}
