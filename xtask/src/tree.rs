//! Lays everything out as it will be installed: `DIRECTORY/usr/bin/credex`, and so on.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::error::{Failure, at};
use crate::files::{DOCUMENTS, FILES, File, LINKS, Origin, PAGES, PROGRAMS, READING, WINDOW};
use crate::options::source;
use crate::programs::Programs;

/// Puts all files below `directory` for `prefix`. What a former run left there is replaced.
pub(crate) fn lay_out(programs: &Programs, prefix: &Path, directory: &Path) -> Result<(), Failure> {
    let manual = tempfile::tempdir().map_err(at("cannot write to", &std::env::temp_dir()))?;
    programs.write_manual(manual.path())?;
    let tree = Tree {
        programs,
        prefix,
        root: below(directory, prefix),
        manual: manual.path(),
    };
    tree.clear()?;
    let window = WINDOW.iter().filter(|_| programs.has_window);
    for file in FILES.iter().chain(window) {
        tree.place(file)?;
    }
    for path in DOCUMENTS {
        tree.place_document(path)?;
    }
    for (from, to) in LINKS {
        let link = tree.room_for(from)?;
        symlink(to, &link).map_err(at("cannot make", &link))?;
    }
    tree.place_pages()
}

/// `prefix` as it is below `directory`.
pub(crate) fn below(directory: &Path, prefix: &Path) -> PathBuf {
    directory.join(prefix.strip_prefix("/").unwrap_or(prefix))
}

struct Tree<'a> {
    programs: &'a Programs,
    prefix: &'a Path,
    /// What is to be copied to the prefix.
    root: PathBuf,
    /// Where the manual was written.
    manual: &'a Path,
}

impl Tree<'_> {
    /// Nothing of a former run may be left, if it was one that filled the directory.
    fn clear(&self) -> Result<(), Failure> {
        let is_ours = self.root.join("libexec/credexd").exists();
        match fs::read_dir(&self.root).map(Iterator::count) {
            Err(_) | Ok(0) => Ok(()),
            Ok(_) if is_ours => {
                fs::remove_dir_all(&self.root).map_err(at("cannot empty", &self.root))
            }
            Ok(_) => Err(Failure::Occupied(self.root.clone())),
        }
    }

    fn place(&self, file: &File) -> Result<(), Failure> {
        let to = self.room_for(file.to)?;
        match file.from {
            Origin::Program(name) => copy(&self.programs.path(name)?, &to, 0o755),
            // Nothing runs it by itself.
            Origin::Library(name) => copy(&self.programs.path(name)?, &to, 0o644),
            Origin::Source(path) => copy(&source().join(path), &to, 0o644),
            Origin::Script(path) => copy(&source().join(path), &to, 0o755),
            Origin::Manual(name) => copy(&self.manual.join(name), &to, 0o644),
            Origin::Placed(path) => {
                let programs = format!("{}/", self.prefix.join("libexec").display());
                rewrite(&source().join(path), &to, &[(PROGRAMS, &programs)])
            }
            Origin::Described(path) => {
                let prefix = self.prefix.display().to_string();
                let words = [
                    ("@prefix@", &*prefix),
                    ("@libdir@", "${prefix}/lib"),
                    ("@includedir@", "${prefix}/include"),
                    ("@version@", env!("CARGO_PKG_VERSION")),
                ];
                rewrite(&source().join(path), &to, &words)
            }
        }
    }

    /// A file of the source tree, or a directory with all that is in it.
    fn place_document(&self, path: &str) -> Result<(), Failure> {
        let from = source().join(path);
        if !from.is_dir() {
            return copy(&from, &self.room_for(&format!("{READING}/{path}"))?, 0o644);
        }
        for entry in fs::read_dir(&from).map_err(at("cannot read", &from))? {
            let name = entry.map_err(at("cannot read", &from))?.file_name();
            // What Python leaves of what was run.
            if name != "__pycache__" {
                self.place_document(&format!("{path}/{}", name.to_string_lossy()))?;
            }
        }
        Ok(())
    }

    /// One page for each command of `credex`.
    fn place_pages(&self) -> Result<(), Failure> {
        let unreadable = || at("cannot read", self.manual);
        for entry in fs::read_dir(self.manual).map_err(unreadable())? {
            let page = entry.map_err(unreadable())?.path();
            if page.extension().is_some_and(|extension| extension == "1") {
                let name = page.file_name().unwrap_or_default().to_string_lossy();
                copy(&page, &self.room_for(&format!("{PAGES}/{name}"))?, 0o644)?;
            }
        }
        Ok(())
    }

    /// Where `path`, below the prefix, is to be, with its directory.
    fn room_for(&self, path: &str) -> Result<PathBuf, Failure> {
        let path = self.root.join(path);
        let directory = path.parent().unwrap_or(&path);
        fs::create_dir_all(directory).map_err(at("cannot make", directory))?;
        Ok(path)
    }
}

/// Copies a text with other words in it; `from` and `to` may be the same file.
pub(crate) fn rewrite(from: &Path, to: &Path, words: &[(&str, &str)]) -> Result<(), Failure> {
    let mut text = fs::read_to_string(from).map_err(at("cannot read", from))?;
    for (old, new) in words {
        text = text.replace(old, new);
    }
    fs::write(to, text).map_err(at("cannot write", to))?;
    set_mode(to, 0o644)
}

pub(crate) fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), Failure> {
    fs::copy(from, to).map_err(at("cannot copy", from))?;
    set_mode(to, mode)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    let mode = Permissions::from_mode(mode);
    fs::set_permissions(path, mode).map_err(at("cannot change", path))
}
