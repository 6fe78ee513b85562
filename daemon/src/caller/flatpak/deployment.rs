//! Whether an app is deployed where a sandbox says that it is, and who installed it. Serves design §5.

use std::io;
use std::path::{Path, PathBuf};

use crate::caller::Origin;
use crate::caller::keyfile::KeyFile;
use crate::caller::root_owned;

use super::file;

/// Who installed what is deployed at `files`, which the sandbox of `app_id` says is its app.
///
/// An installation is the system's if it is root's along its whole path, as `/var/lib/flatpak` is, and
/// the person's if it lies in `own`. Others are nobody's.
///
/// # Errors
/// It is not, with the reason.
pub(super) fn origin(files: &Path, app_id: &str, own: Option<&Path>) -> Result<Origin, String> {
    let deployed = |error: io::Error| format!("{} cannot be looked at: {error}", files.display());
    let real = files.canonicalize().map_err(deployed)?;
    let commit = real.parent().filter(|_| real.ends_with("files"));
    let commit = commit.ok_or_else(|| format!("{} is no deployment", files.display()))?;
    let installation = installation(commit, app_id)
        .ok_or_else(|| format!("{} is no deployment of {app_id}", files.display()))?;
    let metadata = read(commit, "metadata").map_err(deployed)?;
    let metadata = KeyFile::read(&metadata).map_err(|error| format!("its metadata: {error}"))?;
    if metadata.get("Application", "name") != Some(app_id) {
        return Err(format!("{} holds another app", files.display()));
    }
    read(commit, "deploy").map_err(deployed)?;
    owner(files, installation, own)
}

/// Who keeps the installation in which the runtime at `files` is.
pub(super) fn runtime_origin(files: &Path, own: Option<&Path>) -> Result<Origin, String> {
    let deployed = |error: io::Error| format!("{} cannot be looked at: {error}", files.display());
    let real = files.canonicalize().map_err(deployed)?;
    // INSTALLATION/runtime/ID/ARCH/BRANCH/COMMIT/files
    let kind = real
        .ancestors()
        .nth(5)
        .filter(|kind| kind.ends_with("runtime"));
    let installation = kind.and_then(Path::parent);
    let installation =
        installation.ok_or_else(|| format!("{} is no deployment", files.display()))?;
    owner(files, installation, own)
}

fn owner(files: &Path, installation: &Path, own: Option<&Path>) -> Result<Origin, String> {
    let own = own.and_then(|own| own.canonicalize().ok());
    if own.is_some_and(|own| own == installation) {
        return Ok(Origin::FlatpakUser);
    }
    match root_owned::resolve(files) {
        Ok(_) => Ok(Origin::FlatpakSystem),
        Err(error) => Err(format!("it is no installation that is known: {error}")),
    }
}

/// `INSTALLATION/app/ID/ARCH/BRANCH/COMMIT` → `INSTALLATION`.
fn installation<'a>(commit: &'a Path, app_id: &str) -> Option<&'a Path> {
    let app = commit.ancestors().nth(3)?;
    let kind = app.parent().filter(|_| app.ends_with(app_id))?;
    kind.parent().filter(|_| kind.ends_with("app"))
}

fn read(directory: &Path, name: &str) -> io::Result<Vec<u8>> {
    file::read(file::directory(directory)?, Path::new(name))
}

/// Where the person's own apps are, by `FLATPAK_USER_DIR`, `XDG_DATA_HOME` and `HOME`.
pub(in crate::caller) fn own_installation(
    variable: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(variable(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("FLATPAK_USER_DIR")
        .or_else(|| Some(absolute("XDG_DATA_HOME")?.join("flatpak")))
        .or_else(|| Some(absolute("HOME")?.join(".local/share/flatpak")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "org.a.Vault";

    /// An installation with one app, and the path of that app's files.
    fn installed(root: &Path, metadata: &str) -> PathBuf {
        let commit = root.join("app/org.a.Vault/x86_64/1/c0ffee");
        std::fs::create_dir_all(commit.join("files")).unwrap();
        std::fs::write(commit.join("metadata"), metadata).unwrap();
        std::fs::write(commit.join("deploy"), b"\0").unwrap();
        commit.join("files")
    }

    #[test]
    fn an_app_of_the_persons_own_installation_is_known_as_that() {
        let home = tempfile::tempdir().unwrap();
        let files = installed(home.path(), "[Application]\nname=org.a.Vault\n");
        assert_eq!(
            origin(&files, ID, Some(home.path())),
            Ok(Origin::FlatpakUser)
        );
        let elsewhere = origin(&files, ID, Some(Path::new("/nowhere")));
        assert!(elsewhere.unwrap_err().contains("others than root"));
        assert!(origin(&files, "org.b.Vault", Some(home.path())).is_err());
        assert!(origin(files.parent().unwrap(), ID, Some(home.path())).is_err());
    }

    #[test]
    fn a_directory_that_flatpak_did_not_deploy_is_none() {
        let home = tempfile::tempdir().unwrap();
        let files = installed(home.path(), "[Application]\nname=org.b.Vault\n");
        let error = origin(&files, ID, Some(home.path())).unwrap_err();
        assert!(error.contains("another app"), "{error}");
        let files = installed(home.path(), "[Application]\nname=org.a.Vault\n");
        std::fs::remove_file(files.with_file_name("deploy")).unwrap();
        assert!(origin(&files, ID, Some(home.path())).is_err());
    }

    #[test]
    fn the_persons_installation_is_where_flatpak_has_it() {
        let found = |variables: &[(&str, &str)]| {
            own_installation(|name| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| value.into())
            })
        };
        let home = ("HOME", "/home/ann");
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(found(&[home]), path("/home/ann/.local/share/flatpak"));
        assert_eq!(found(&[home, ("XDG_DATA_HOME", "/d")]), path("/d/flatpak"));
        assert_eq!(found(&[home, ("FLATPAK_USER_DIR", "/f")]), path("/f"));
        assert_eq!(found(&[]), None);
    }
}
