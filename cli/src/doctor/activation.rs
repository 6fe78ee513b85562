//! How the bus starts the service: by which file, and whether that leads anywhere. Serves "Message Bus
//! Starting Services" of the D-Bus Specification.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use credex_protocol::names::BUS_NAME;

use super::bus::Bus;
use super::finding::Finding;

const PART: &str = "activation";
const ADVICE: &str =
    "install Credex: `cargo xtask deb` packs it for Debian, `cargo xtask dist` lays it out";

/// A file that tells the bus how to start the service.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) file: PathBuf,
    pub(super) program: PathBuf,
    pub(super) unit: Option<String>,
}

/// The file by which the bus starts the service, where it is in one of the usual directories.
pub(super) async fn examine(bus: &Bus) -> (Option<Entry>, Vec<Finding>) {
    let entry = directories(|name| std::env::var_os(name).map(PathBuf::from))
        .iter()
        .find_map(|directory| in_directory(directory));
    let finding = match (bus.can_start(BUS_NAME).await, &entry) {
        (true, Some(entry)) => found(entry),
        (true, None) => Finding::good(
            PART,
            format!("the bus starts {BUS_NAME}, by a file of its own configuration"),
        ),
        (false, Some(entry)) => Finding::bad(
            PART,
            format!(
                "{} is there, but the bus does not know it",
                entry.file.display()
            ),
        )
        .advise("log in anew, so that the bus looks at all its directories"),
        (false, None) if bus.owns(BUS_NAME).await => Finding::note(
            PART,
            format!("{BUS_NAME} was started by hand, and the bus could not start it again"),
        )
        .advise(ADVICE),
        (false, None) => Finding::bad(
            PART,
            format!("no file tells the bus how to start {BUS_NAME}"),
        )
        .advise(ADVICE),
    };
    (entry, vec![finding])
}

fn found(entry: &Entry) -> Finding {
    let (file, program) = (entry.file.display(), entry.program.display());
    if !entry.program.is_file() {
        let message =
            format!("{file} says that {program} is the service, and there is no such file");
        return Finding::bad(PART, message).advise(ADVICE);
    }
    let message = format!("the bus starts {program}, as {file} says");
    let is_roots = entry.file.metadata().is_ok_and(|file| file.uid() == 0);
    match is_roots || rustix::process::getuid().is_root() {
        true => Finding::good(PART, message),
        false => Finding::note(
            PART,
            format!("{message}: a file of yours, which comes before the system's"),
        )
        .advise("remove it, if you do not work on Credex itself"),
    }
}

/// The directories of the session bus, the first one first (dbus-daemon(1), `standard_session_servicedirs`).
fn directories(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let absolute = |name| variable(name).filter(|path| path.is_absolute());
    let home = absolute("HOME").map(|home| home.join(".local/share"));
    let system = variable("XDG_DATA_DIRS").filter(|list| !list.as_os_str().is_empty());
    let system = system.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let data = [
        absolute("XDG_RUNTIME_DIR"),
        absolute("XDG_DATA_HOME").or(home),
    ];
    let data = data
        .into_iter()
        .flatten()
        .chain(std::env::split_paths(&system));
    data.map(|data| data.join("dbus-1/services")).collect()
}

fn in_directory(directory: &Path) -> Option<Entry> {
    let files = std::fs::read_dir(directory).ok()?;
    let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    files.sort();
    let services = files
        .into_iter()
        .filter(|file| file.extension() == Some(OsStr::new("service")));
    services.into_iter().find_map(|file| {
        let text = std::fs::read_to_string(&file).ok()?;
        entry(file, &text)
    })
}

/// What a file says, if it speaks of the service.
fn entry(file: PathBuf, text: &str) -> Option<Entry> {
    let value = |key: &str| {
        let mut lines = text.lines();
        let line = lines.find_map(|line| {
            line.trim()
                .strip_prefix(key)?
                .trim_start()
                .strip_prefix('=')
        });
        line.map(str::trim)
    };
    let program = value("Exec")?.split_whitespace().next()?;
    (value("Name")? == BUS_NAME).then(|| Entry {
        file,
        program: program.into(),
        unit: value("SystemdService").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_installed_names_program_and_unit() {
        let text = include_str!("../../../systemd/org.credex.Exchange1.service");
        let entry = entry("a".into(), text).unwrap();
        assert_eq!(entry.program, Path::new("/usr/libexec/credexd"));
        assert_eq!(entry.unit.as_deref(), Some("credexd.service"));
        assert!(super::entry("b".into(), "Name=org.example.Other\nExec=/bin/true").is_none());
    }

    #[test]
    fn the_person_comes_before_the_system() {
        let set = |name: &str| (name == "HOME").then(|| PathBuf::from("/home/ada"));
        let found = directories(set);
        assert_eq!(
            found[0],
            Path::new("/home/ada/.local/share/dbus-1/services")
        );
        assert_eq!(found[2], Path::new("/usr/share/dbus-1/services"));
    }
}
