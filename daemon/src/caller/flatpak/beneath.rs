//! Opening what lies below a directory that an app may have filled. Serves design §5.
//!
//! One step at a time, and not by `openat2`: filters of system calls cannot look into its arguments, so that
//! some refuse it altogether, as systemd's `RestrictSUIDSGID=` does to our own unit.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;

/// Opens `path` below `directory` with `flags`. No symbolic link is followed on the way, nor at its end, and
/// nothing leads up or elsewhere.
///
/// # Errors
/// It cannot be opened, a symbolic link is on the way, or the path leads elsewhere.
pub(super) fn open(directory: impl AsFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut components = path.components().peekable();
    let mut at: Option<OwnedFd> = None;
    while let Some(component) = components.next() {
        let Component::Normal(name) = component else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let flags = if components.peek().is_some() {
            step
        } else {
            flags
        };
        let from = at.as_ref().map_or(directory.as_fd(), AsFd::as_fd);
        at = Some(openat(from, name, flags, Mode::empty())?);
    }
    let opened = at.ok_or(ErrorKind::InvalidInput)?;
    // With `PATH`, the link itself can be opened.
    if flags.contains(OFlags::PATH)
        && FileType::from_raw_mode(fstat(&opened)?.st_mode) == FileType::Symlink
    {
        return Err(Errno::LOOP.into());
    }
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_leads_out_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir_all(at("inside/a/b")).unwrap();
        fs::write(at("inside/a/b/good"), "").unwrap();
        fs::write(at("secret"), "").unwrap();
        symlink("../secret", at("inside/link")).unwrap();
        symlink("..", at("inside/up")).unwrap();
        symlink("/", at("inside/root")).unwrap();
        symlink("a", at("inside/other")).unwrap();
        let inside = File::open(at("inside")).unwrap();
        let open = |path: &str| open(&inside, Path::new(path), OFlags::RDONLY);
        open("a/b/good").unwrap();
        open("a/b").unwrap();
        let elsewhere = at("secret");
        for path in [
            "link",
            "up/secret",
            "root/etc/passwd",
            "other/b/good",
            "../secret",
            "a/../../secret",
            elsewhere.to_str().unwrap(),
            "a/missing",
            "a/b/good/more",
            ".",
            "",
        ] {
            assert!(open(path).is_err(), "{path}");
            let only_found = super::open(&inside, Path::new(path), OFlags::PATH);
            assert!(only_found.is_err(), "{path}");
        }
    }
}
