//! Real GNOME Web, which shares the passwords of its forms with apps (design §7, "Store").
//!
//! It runs as [`NOBODY`], because it does not run as root, and in a mount namespace of
//! its own, in which the test's authority is the only one that is trusted.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::desktop::Desktop;
use crate::process::Process;
use crate::screen;
use crate::stranger::NOBODY;
use crate::website::Authority;

const PROGRAM: &str = "/usr/bin/epiphany";
/// Whom programs trust.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A running browser. It ends with this.
#[derive(Debug)]
pub struct Browser {
    _process: Process,
    log: PathBuf,
}

impl Browser {
    /// Whether it can run here. If not, says why.
    pub fn can_run() -> bool {
        let Some(obstacle) = obstacle() else {
            return true;
        };
        eprintln!("GNOME Web is not tried: {obstacle}");
        false
    }

    /// Opens `url` on the display of `desktop`, whose bus lets guests in.
    pub async fn open(desktop: &Desktop, authority: &Authority, url: &str) -> Browser {
        let [home, run] = ["browser", "browser/run"].map(|name| desktop.path(name));
        for directory in [&home, &run] {
            std::fs::create_dir(directory).unwrap();
            std::fs::set_permissions(directory, PermissionsExt::from_mode(0o700)).unwrap();
            chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let trusted = desktop.path("authorities.pem");
        std::fs::copy(authority.file(), &trusted).unwrap();
        std::fs::set_permissions(&trusted, PermissionsExt::from_mode(0o644)).unwrap();
        let accessibility = format!(
            "/usr/bin/setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups /usr/bin/env \
             XDG_RUNTIME_DIR={} {} {}",
            run.display(),
            SETTINGS
                .map(|(name, value)| format!("{name}={value}"))
                .join(" "),
            screen::accessibility(),
        );
        desktop.install_service("org.a11y.Bus", &accessibility);
        desktop.reload().await;
        let script = format!(
            "mount --bind \"$0\" {AUTHORITIES} && exec setpriv --reuid={NOBODY} --regid={NOBODY} \
             --clear-groups {PROGRAM} --profile=\"$HOME/profile\" \"$1\""
        );
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", &script])
            .args([trusted.as_os_str(), url.as_ref()])
            .env_clear()
            .envs(desktop.environment().iter().cloned())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .envs([("HOME", &home), ("XDG_RUNTIME_DIR", &run)])
            .envs(SETTINGS);
        let log = desktop.path("browser.log");
        Browser {
            _process: Process::start(&mut command, &log),
            log,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = std::fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("--- GNOME Web:\n{said}");
        }
    }
}

const SETTINGS: [(&str, &str); 2] = [
    ("XDG_DATA_DIRS", "/usr/share"),
    ("GSETTINGS_BACKEND", "memory"),
];

fn obstacle() -> Option<&'static str> {
    if !Path::new(PROGRAM).is_file() {
        return Some("epiphany-browser is not installed (tests/install)");
    }
    if !Path::new(AUTHORITIES).is_file() {
        return Some("ca-certificates is not installed (tests/install)");
    }
    if !rustix::process::getuid().is_root() {
        return Some("only root can make its own authority trusted, and start it as somebody else");
    }
    let mut mount = Command::new("unshare");
    mount.args(["--mount", "mount", "--bind", AUTHORITIES, AUTHORITIES]);
    let may_mount = mount.stderr(Stdio::null()).status();
    let may_mount = may_mount.is_ok_and(|status| status.success());
    (!may_mount).then_some("this root may not mount")
}
