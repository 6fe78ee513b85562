//! Real Flatpaks in a test: a runtime with nothing but what one program needs, an app of that program,
//! and sandboxes that only look like it. Serves design §5 (`Sandboxed`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::caller::{self, Trick};
use crate::desktop::Desktop;
use crate::programs;

/// The app that is installed.
pub const APP: &str = "org.credex.test.App";
const RUNTIME: &str = "org.credex.test.Platform";

/// Flatpak on a desktop, with [`APP`] installed for the person.
#[derive(Debug)]
pub struct Flatpak<'d> {
    desktop: &'d Desktop,
    environment: Vec<(String, String)>,
}

/// Whether sandboxes can be made here; if not, says why on standard error.
pub fn has(program: &str) -> bool {
    let probe = Command::new("bwrap")
        .args(["--ro-bind", "/", "/", "--unshare-pid", "true"])
        .stdin(Stdio::null())
        .output();
    let sandboxes = match probe {
        Ok(probe) if probe.status.success() => true,
        Ok(probe) => {
            eprintln!("not tried: {}", String::from_utf8_lossy(&probe.stderr));
            false
        }
        Err(error) => {
            eprintln!("not tried: bwrap: {error}; run tests/run");
            false
        }
    };
    let there = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|directory| directory.join(program).is_file());
    if !there {
        eprintln!("not tried: there is no {program}; run tests/run");
    }
    sandboxes && there
}

impl<'d> Flatpak<'d> {
    /// Builds and installs the app; `None`, and why on standard error, where that cannot be.
    pub fn install(desktop: &'d Desktop) -> Option<Flatpak<'d>> {
        if !has("flatpak") || !has("xdg-dbus-proxy") {
            return None;
        }
        let bus = (
            "DBUS_SYSTEM_BUS_ADDRESS".to_owned(),
            desktop.bus.address().to_owned(),
        );
        let environment = desktop.environment().iter().cloned().chain([bus]).collect();
        let flatpak = Flatpak {
            desktop,
            environment,
        };
        flatpak.build();
        Some(flatpak)
    }

    fn build(&self) {
        let (runtime, app) = (self.desktop.path("runtime"), self.desktop.path("app"));
        for directory in ["etc", "bin", "lib", "lib64"] {
            std::fs::create_dir_all(runtime.join("files").join(directory)).unwrap();
        }
        for directory in ["files/bin", "export", "var"] {
            std::fs::create_dir_all(app.join(directory)).unwrap();
        }
        for part in caller::parts() {
            // The loader is named by its path, the others are looked for.
            let directory = match part.starts_with("/lib64") {
                true => "lib64",
                false => "lib",
            };
            let name = part.file_name().unwrap();
            std::fs::copy(&part, runtime.join("files").join(directory).join(name)).unwrap();
        }
        std::fs::copy(programs::calling_app(), app.join("files/bin/calling-app")).unwrap();
        let arch = std::env::consts::ARCH;
        let of = format!("runtime={RUNTIME}/{arch}/1\nsdk={RUNTIME}/{arch}/1\n");
        let metadata = format!("[Runtime]\nname={RUNTIME}\n{of}");
        std::fs::write(runtime.join("metadata"), metadata).unwrap();
        let metadata = format!(
            "[Application]\nname={APP}\n{of}command=calling-app\n\
             [Session Bus Policy]\norg.credex.Exchange1=talk\n"
        );
        std::fs::write(app.join("metadata"), metadata).unwrap();
        let path = |path: &Path| path.display().to_string();
        let repository = self.desktop.path("repository");
        let (repository, runtime, app) = (path(&repository), path(&runtime), path(&app));
        self.flatpak(&[
            "build-export",
            "--files=files",
            "--runtime",
            &repository,
            &runtime,
            "1",
        ]);
        self.flatpak(&["build-export", &repository, &app, "1"]);
        let address = format!("file://{repository}");
        self.flatpak(&["--user", "remote-add", "--no-gpg-verify", "t", &address]);
        let app = format!("{APP}//1");
        self.flatpak(&["--user", "install", "-y", "--noninteractive", "t", &app]);
    }

    fn flatpak(&self, arguments: &[&str]) {
        let done = self
            .command("flatpak")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "flatpak {arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().cloned());
        command
    }

    /// The command that runs the app, which says to be `claim`.
    pub fn run(&self, claim: &str) -> Command {
        self.running(Trick::Ask, claim)
    }

    /// The command that has the app play a trick.
    pub fn running(&self, trick: Trick, claim: &str) -> Command {
        let mut command = self.command("flatpak");
        let words = caller::command_of("calling-app", trick, claim);
        command.args(["run", "--user", APP]).args(&words[1..]);
        command
    }

    /// The records of the sandboxes that run.
    pub fn records(&self) -> Vec<PathBuf> {
        let records = std::fs::read_dir(self.desktop.path("run/.flatpak"));
        let records = records.into_iter().flatten().flatten();
        let with_info = records.map(|record| record.path());
        with_info
            .filter(|record| record.join("bwrapinfo.json").is_file())
            .collect()
    }
}

/// The command that runs `words` in a sandbox that Flatpak did not make, with what `info` (arguments
/// of `bwrap`) puts at `/.flatpak-info`.
pub fn forged(desktop: &Desktop, info: &[&str], words: &[String]) -> Command {
    let mut command = Command::new("bwrap");
    command
        .args(["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"])
        .args([
            "--symlink",
            "usr/lib",
            "/lib",
            "--symlink",
            "usr/lib64",
            "/lib64",
        ])
        .args(["--proc", "/proc", "--dev", "/dev"])
        .args(["--unshare-pid", "--die-with-parent"])
        .arg("--bind")
        .args([desktop.path(""), desktop.path("")])
        .arg("--ro-bind")
        .args([programs::calling_app(), programs::calling_app()])
        .args(info)
        .args(words)
        .env_clear()
        .envs(desktop.environment().iter().cloned());
    command
}
