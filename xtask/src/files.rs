//! Everything that is installed: what it is, and where below the prefix it goes. A test finds what was
//! forgotten.

/// A unit of a user's systemd.
macro_rules! unit {
    ($name:literal) => {
        file(
            Placed(concat!("systemd/", $name)),
            concat!("lib/systemd/user/", $name),
        )
    };
}

/// The description of an interface.
macro_rules! interface {
    ($name:literal) => {
        file(
            Source(concat!("protocol/interfaces/", $name)),
            concat!("share/dbus-1/interfaces/", $name),
        )
    };
}

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A program, by its name.
    Program(&'static str),
    /// A library, by the name that cargo gives it.
    Library(&'static str),
    /// A file of the source tree, as it is.
    Source(&'static str),
    /// A file of the source tree that is run.
    Script(&'static str),
    /// A file of the source tree that names programs by where they lie with the prefix `/usr`.
    Placed(&'static str),
    /// A file of the source tree that tells pkg-config where things lie: its `@…@` are replaced.
    Described(&'static str),
    /// What `cli/examples/manual.rs` writes, by its name.
    Manual(&'static str),
}

/// A file, and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    pub(crate) from: Origin,
    /// Below the prefix.
    pub(crate) to: &'static str,
}

const fn file(from: Origin, to: &'static str) -> File {
    File { from, to }
}

use Origin::{Described, Library, Manual, Placed, Program, Script, Source};

/// What is installed everywhere, but for the pages of `credex`, which are as many as it has commands.
pub(crate) const FILES: &[File] = &[
    file(Program("credex"), "bin/credex"),
    file(Program("credexd"), "libexec/credexd"),
    file(Program("credex-chooser"), "libexec/credex-chooser"),
    file(Program("credex-fetcher"), "libexec/credex-fetcher"),
    file(
        Library("libcredex.so"),
        concat!("lib/libcredex.so.", env!("CARGO_PKG_VERSION")),
    ),
    file(Source("client-lib/c/include/credex.h"), "include/credex.h"),
    file(
        Described("client-lib/c/credex.pc.in"),
        "lib/pkgconfig/credex.pc",
    ),
    unit!("credex-dialler.socket"),
    unit!("credex-dialler@.service"),
    unit!("credex-fetcher.socket"),
    unit!("credex-fetcher@.service"),
    unit!("credex-launcher.socket"),
    unit!("credex-launcher@.service"),
    unit!("credex-witness.socket"),
    unit!("credex-witness.service"),
    unit!("credexd.service"),
    file(
        Script("systemd/credex-user-namespaces"),
        "lib/systemd/user-generators/credex-user-namespaces",
    ),
    file(
        Placed("systemd/org.credex.Exchange1.service"),
        "share/dbus-1/services/org.credex.Exchange1.service",
    ),
    file(
        Source("systemd/org.credex.exchange.policy"),
        "share/polkit-1/actions/org.credex.exchange.policy",
    ),
    interface!("org.credex.Chooser1.xml"),
    interface!("org.credex.Exchange1.Export.xml"),
    interface!("org.credex.Exchange1.Import.xml"),
    interface!("org.credex.Exchange1.Request.xml"),
    interface!("org.credex.Exchange1.Session.xml"),
    interface!("org.credex.Exchange1.Status.xml"),
    interface!("org.credex.Exchange1.WebCredentials.xml"),
    interface!("org.credex.Importer1.xml"),
    file(Source("daemon/man/credexd.8"), "share/man/man8/credexd.8"),
    file(
        Source("daemon/man/credexd.conf.5"),
        "share/man/man5/credexd.conf.5",
    ),
    file(
        Manual("credex.bash"),
        "share/bash-completion/completions/credex",
    ),
    file(Manual("_credex"), "share/zsh/site-functions/_credex"),
    file(
        Manual("credex.fish"),
        "share/fish/vendor_completions.d/credex.fish",
    ),
];

/// The dialog in a window.
pub(crate) const WINDOW: &[File] = &[
    file(Program("credex-chooser-gtk"), "libexec/credex-chooser-gtk"),
    file(
        Placed("chooser/gtk/data/org.credex.Chooser.desktop"),
        "share/applications/org.credex.Chooser.desktop",
    ),
    file(
        Source("chooser/gtk/data/org.credex.Chooser.metainfo.xml"),
        "share/metainfo/org.credex.Chooser.metainfo.xml",
    ),
    file(
        Source("chooser/gtk/data/org.credex.Chooser.svg"),
        "share/icons/hicolor/scalable/apps/org.credex.Chooser.svg",
    ),
    file(
        Source("chooser/gtk/data/org.credex.Chooser-symbolic.svg"),
        "share/icons/hicolor/symbolic/apps/org.credex.Chooser-symbolic.svg",
    ),
];

/// What is there to be read, as it is in the source tree: files, and directories with all that is in them.
pub(crate) const DOCUMENTS: &[&str] = &[
    "LICENSE",
    "README.md",
    "adapters/README.md",
    "chooser/gtk/README.md",
    "chooser/gtk/data/screenshot.png",
    "cli/README.md",
    "client-lib/GUIDE.md",
    "client-lib/c/README.md",
    "client-lib/c/examples",
    "client-lib/python/README.md",
    "client-lib/python/examples",
    "client-lib/examples",
    "client-lib/recipes",
    "client-lib/src/cxf/sample.json",
    "daemon/README.md",
    "protocol/README.md",
    "protocol/vectors/envelope.json",
    "systemd/README.md",
];

/// Where documents go.
pub(crate) const READING: &str = "share/doc/credex";

/// Links: from, below the prefix, and what they say. Programs want the library by its soname, which
/// `client-lib/c/build.rs` gives it, and the linker by its plain name. The documents name the interfaces
/// and the header where they are in the source tree.
pub(crate) const LINKS: &[(&str, &str)] = &[
    (
        "lib/libcredex.so.0",
        concat!("libcredex.so.", env!("CARGO_PKG_VERSION")),
    ),
    ("lib/libcredex.so", "libcredex.so.0"),
    (
        "share/doc/credex/client-lib/c/include/credex.h",
        "../../../../../../include/credex.h",
    ),
    (
        "share/doc/credex/protocol/interfaces",
        "../../../dbus-1/interfaces",
    ),
];

/// Where the pages of `credex` and its commands go.
pub(crate) const PAGES: &str = "share/man/man1";

/// Where `Placed` files say that programs lie.
pub(crate) const PROGRAMS: &str = "/usr/libexec/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::source;
    use std::collections::BTreeSet;

    /// The files of the source tree that are installed.
    fn sources() -> BTreeSet<&'static str> {
        let files = FILES.iter().chain(WINDOW);
        let from_source = files.filter_map(|file| match file.from {
            Source(path) | Script(path) | Placed(path) | Described(path) => Some(path),
            Program(_) | Library(_) | Manual(_) => None,
        });
        from_source.chain(DOCUMENTS.iter().copied()).collect()
    }

    #[test]
    fn nothing_that_belongs_to_the_installation_is_forgotten() {
        let sources = sources();
        for directory in [
            "systemd",
            "protocol/interfaces",
            "daemon/man",
            "chooser/gtk/data",
            "client-lib/c/include",
        ] {
            for entry in std::fs::read_dir(source().join(directory)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let path = format!("{directory}/{name}");
                assert!(sources.contains(&*path), "{path} is not in the table");
            }
        }
    }

    #[test]
    fn every_file_is_there_and_has_a_place_of_its_own() {
        for path in sources() {
            assert!(source().join(path).exists(), "there is no {path}");
        }
        let mut places = BTreeSet::new();
        for file in FILES.iter().chain(WINDOW) {
            assert!(places.insert(file.to), "{} has two sources", file.to);
            assert!(
                !file.to.starts_with('/'),
                "{} is not below the prefix",
                file.to
            );
        }
    }
}
