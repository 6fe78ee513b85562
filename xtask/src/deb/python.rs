//! The package `python3-credex`: the same files as in the wheel, where Debian's Python looks for them, and
//! what pip reads of them. Its scripts have the modules compiled, as nobody but root may write there.

use std::fs;
use std::path::Path;

use super::metadata::metadata;
use super::{Package, write};
use crate::error::{Failure, at};
use crate::options::{Options, source};
use crate::programs::Programs;
use crate::tree::{below, copy};
use crate::wheel::LIBRARY;

/// Where Debian's Python looks for what is packaged, below the prefix.
const MODULES: &str = "lib/python3/dist-packages";

const ABOUT: &str = "\
Description: moves passwords and passkeys between apps, for Python
 Credex is a service of the session through which password managers hand
 credentials to each other. With this package an app in Python sends and
 receives them, by calls that wait or for asyncio, and shares passwords with
 its website. It has type hints, and lends secrets where they lie instead of
 copying them.
";

/// Puts the package below `stage`.
pub(super) fn lay_out(
    programs: &Programs,
    options: &Options,
    stage: &Path,
) -> Result<Package, Failure> {
    let tree = stage.join("python3-credex");
    let modules = below(&tree, &options.prefix).join(MODULES);
    let package = modules.join("credex");
    fs::create_dir_all(&package).map_err(at("cannot make", &package))?;
    place_sources(&package)?;
    let library = package.join("_credex.abi3.so");
    copy(&programs.path(LIBRARY)?, &library, 0o644)?;
    let told = modules.join(concat!("credex-", env!("CARGO_PKG_VERSION"), ".dist-info"));
    write(&told.join("METADATA"), &metadata()?)?;
    // As Debian's own tools leave it: pip lists it, and does not take it for its own to remove.
    write(&told.join("INSTALLER"), "debian\n")?;
    Ok(Package {
        name: "python3-credex",
        tree,
        linked: vec![library],
        section: "python",
        depends: "python3 (>= 3.11~), credex",
        about: ABOUT,
        control: &[
            (
                "postinst",
                include_str!("../../debian/python3-credex.postinst"),
            ),
            ("prerm", include_str!("../../debian/python3-credex.prerm")),
        ],
        overrides: include_str!("../../debian/python3-credex.lintian-overrides"),
    })
}

/// The half that is not compiled, with the stubs of the other.
fn place_sources(package: &Path) -> Result<(), Failure> {
    let from = source().join("client-lib/python/credex");
    for file in super::files_in(&from)? {
        // What Python leaves of what was run is a directory.
        if file.is_file() {
            let name = file.file_name().unwrap_or_default();
            copy(&file, &package.join(name), 0o644)?;
        }
    }
    Ok(())
}
