//! Where desktop entries and programs are looked for. Serves design §6 and the XDG Base Directory
//! Specification. The environment is read here, and nowhere else.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where to look, and in which language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directories {
    /// `applications/` directories of the person, the best first.
    pub user: Vec<PathBuf>,
    /// `applications/` directories of the system, the best first.
    pub system: Vec<PathBuf>,
    /// Languages of names as in `Name[de_AT]`, the best first.
    pub locales: Vec<String>,
    /// Where programs are found, as in `$PATH`.
    pub search_path: OsString,
}

impl Directories {
    /// Those of the session in which we run.
    #[must_use]
    pub fn of_session() -> Directories {
        Directories::from_environment(|name| std::env::var_os(name))
    }

    /// Those that the variables `HOME`, `XDG_DATA_HOME`, `XDG_DATA_DIRS`, `PATH`, `LC_ALL`,
    /// `LC_MESSAGES` and `LANG` give. A data directory inside the person's home, such as Flatpak's
    /// for one user, is the person's although `XDG_DATA_DIRS` names it.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Directories {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let absolute = |name: &str| {
            variable(name)
                .map(PathBuf::from)
                .filter(|p| p.is_absolute())
        };
        let home = absolute("HOME").filter(|home| home != Path::new("/"));
        let data_home = absolute("XDG_DATA_HOME")
            .or_else(|| home.as_ref().map(|home| home.join(".local/share")));
        let data_dirs =
            variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let own = [home.as_ref(), data_home.as_ref()];
        let is_own = |path: &PathBuf| own.iter().flatten().any(|own| path.starts_with(own));
        let (theirs, system): (Vec<_>, Vec<_>) = std::env::split_paths(&data_dirs)
            .filter(|path| path.is_absolute())
            .partition(is_own);
        let applications = |path: PathBuf| path.join("applications");
        Directories {
            user: unique(data_home.into_iter().chain(theirs).map(applications)),
            system: unique(system.into_iter().map(applications)),
            locales: ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(variable)
                .and_then(|locale| locale.into_string().ok())
                .map_or_else(Vec::new, |locale| languages(&locale)),
            search_path: variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
        }
    }
}

fn unique(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut kept = Vec::new();
    for path in paths {
        if !kept.contains(&path) {
            kept.push(path);
        }
    }
    kept
}

/// `de_AT.UTF-8@euro` → what to look for, in the order of the specification ("Localized values").
fn languages(locale: &str) -> Vec<String> {
    let (rest, modifier) = match locale.split_once('@') {
        Some((rest, modifier)) => (rest, Some(modifier)),
        None => (locale, None),
    };
    let rest = rest.split('.').next().unwrap_or_default();
    let language = rest.split('_').next().unwrap_or_default();
    let mut found = Vec::new();
    for base in [rest, language] {
        if let Some(modifier) = modifier {
            found.push(format!("{base}@{modifier}"));
        }
        found.push(base.to_owned());
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directories(variables: &[(&str, &str)]) -> Directories {
        Directories::from_environment(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        })
    }

    fn paths(paths: &[&str]) -> Vec<PathBuf> {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn without_variables_the_usual_places_are_searched() {
        let found = directories(&[("HOME", "/home/ann"), ("XDG_DATA_DIRS", "")]);
        assert_eq!(found.user, paths(&["/home/ann/.local/share/applications"]));
        let system = ["/usr/local/share/applications", "/usr/share/applications"];
        assert_eq!(found.system, paths(&system));
        assert_eq!(found.search_path, "/usr/local/bin:/usr/bin:/bin");
    }

    #[test]
    fn relative_directories_are_ignored_and_none_is_searched_twice() {
        let found = directories(&[("XDG_DATA_HOME", "x"), ("XDG_DATA_DIRS", "a:/s::/s/:../t")]);
        assert_eq!(found.user, paths(&[]));
        assert_eq!(found.system, paths(&["/s/applications"]));
    }

    #[test]
    fn a_directory_at_home_is_not_the_system_although_it_is_listed_there() {
        let found = directories(&[
            ("HOME", "/home/ann"),
            ("XDG_DATA_HOME", "/data/ann"),
            (
                "XDG_DATA_DIRS",
                "/home/ann/.local/share/flatpak/exports/share:/data/ann/x:/usr/share",
            ),
        ]);
        let user = [
            "/data/ann/applications",
            "/home/ann/.local/share/flatpak/exports/share/applications",
            "/data/ann/x/applications",
        ];
        assert_eq!(found.user, paths(&user));
        assert_eq!(found.system, paths(&["/usr/share/applications"]));
    }

    #[test]
    fn the_language_is_looked_for_as_the_specification_says() {
        let found = directories(&[("LANG", "C"), ("LC_MESSAGES", "sr_RS.UTF-8@latin")]);
        assert_eq!(found.locales, ["sr_RS@latin", "sr_RS", "sr@latin", "sr"]);
        assert_eq!(directories(&[("LC_ALL", "de")]).locales, ["de"]);
    }
}
