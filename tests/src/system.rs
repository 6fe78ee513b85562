//! What belongs to the system, for tests that run as root: programs and desktop entries that are root's
//! along their whole path. Serves design §5 (`Installed`).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::app::Entry;

/// A place of root's, as a package would fill it. Removed when dropped.
#[derive(Debug)]
pub struct System(TempDir);

impl System {
    /// An empty one, or `None`, and why on standard error, where the test is not root's.
    pub fn build() -> Option<System> {
        if !rustix::process::getuid().is_root() {
            eprintln!("not tried: only root can install what counts as the system's");
            return None;
        }
        let directory = tempfile::Builder::new()
            .prefix("credex-")
            .tempdir_in("/opt");
        let directory = directory.expect("root may write to /opt");
        let system = System(directory);
        for name in ["", "bin", "share", "share/applications"] {
            let path = system.path(name);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        Some(system)
    }

    /// A file or directory of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Where its data is, as in `XDG_DATA_DIRS`.
    pub fn data(&self) -> String {
        self.path("share").display().to_string()
    }

    /// Installs a copy of `program` as `name`, which the desktop entries `ids` start.
    pub fn install(&self, program: &Path, name: &str, ids: &[&str]) -> String {
        let path = self.path("bin").join(name);
        std::fs::copy(program, &path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        for id in ids {
            let entry = Entry::new(id).exec(&path.display().to_string());
            entry.write(&self.path("share/applications"));
        }
        path.display().to_string()
    }
}
