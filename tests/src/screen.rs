//! A display for windows: a real X server without a monitor, its keyboard, and pictures of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::patience::eventually;
use crate::process::Process;

/// What is needed to show windows and to use them.
const PROGRAMS: [&str; 4] = ["Xvfb", "xdotool", "xprop", "import"];
/// The program that opens the bus of accessibility.
const ACCESSIBILITY: &str = "/usr/libexec/at-spi-bus-launcher";

/// A running X server. It ends with this.
#[derive(Debug)]
pub struct Screen {
    _server: Process,
    display: String,
    _directory: TempDir,
}

impl Screen {
    /// A screen of so many pixels. `None`, and a word about it, where the programs for it are missing.
    pub fn open(width: u32, height: u32) -> Option<Screen> {
        if let Some(missing) = missing() {
            eprintln!("no window is tried: {missing} is not installed (tests/install)");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        // It writes the number of its display to the pipe, once it listens.
        command
            .args([
                "-c",
                r#"exec Xvfb -displayfd 9 -screen 0 "$0" -nolisten tcp -noreset 9>&0 </dev/null"#,
            ])
            .arg(format!("{width}x{height}x24"));
        let log = directory.path().join("xvfb.log");
        let server = Process::start_with_input(&mut command, &log, Stdio::from(writer));
        drop(command);
        let mut number = String::new();
        BufReader::new(reader).read_line(&mut number).unwrap();
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(!number.trim().is_empty(), "Xvfb did not start: {}", said());
        Some(Screen {
            _server: server,
            display: format!(":{}", number.trim()),
            _directory: directory,
        })
    }

    /// The value of `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Gives the keyboard to the window called `title`, as no window manager does it here, and waits
    /// until it has it.
    pub fn give_keyboard_to(&self, title: &str) {
        let window = self.xdotool(&["search", "--sync", "--onlyvisible", "--name", title]);
        let window = window.lines().next().expect("there is the window");
        self.xdotool(&["windowfocus", "--sync", window]);
    }

    /// The windows that are shown and called `title`.
    pub fn windows(&self, title: &str) -> Vec<u32> {
        let found = self.run(&["search", "--onlyvisible", "--name", title]).1;
        found.lines().filter_map(|id| id.parse().ok()).collect()
    }

    /// Presses and releases keys, one after another, by their names in X.
    pub fn press(&self, keys: &[&str]) {
        self.xdotool(&[&["key", "--delay", "20"], keys].concat());
    }

    /// Types a text.
    pub fn write(&self, text: &str) {
        self.xdotool(&["type", "--delay", "20", text]);
    }

    /// Presses a key, and does not let go of it.
    pub fn hold(&self, key: &str) {
        self.xdotool(&["keydown", key]);
    }

    /// Lets go of a key.
    pub fn let_go(&self, key: &str) {
        self.xdotool(&["keyup", key]);
    }

    /// What the X server tells of a window with `xprop`.
    pub fn properties(&self, window: u32) -> String {
        let mut command = Command::new("xprop");
        command.args(["-id", &window.to_string()]);
        let output = command.env("DISPLAY", &self.display).output();
        String::from_utf8_lossy(&output.expect("xprop is installed").stdout).into_owned()
    }

    /// The window that is shown and called something like `title`.
    pub fn only_window(&self, title: &str) -> u32 {
        let found = self.xdotool(&["search", "--sync", "--onlyvisible", "--name", title]);
        let mut ids = found
            .lines()
            .map(|id| id.parse().expect("a window is a number"));
        ids.next_back().expect("there is a window")
    }

    /// Makes a window so large.
    pub fn resize(&self, window: u32, width: u32, height: u32) {
        let [window, width, height] = [window, width, height].map(|number| number.to_string());
        self.xdotool(&["windowsize", "--sync", &window, &width, &height]);
    }

    /// Makes text larger, in percent of its usual size, for programs that start from now on.
    pub fn scale_text(&self, percent: u32) {
        let dots = format!("Xft.dpi: {}", 96 * percent / 100);
        let mut command = Command::new("xprop");
        command.args(["-root", "-f", "RESOURCE_MANAGER", "8s"]);
        command.args(["-set", "RESOURCE_MANAGER", &dots]);
        let status = command.env("DISPLAY", &self.display).status();
        assert!(status.expect("xprop is installed").success());
    }

    /// Takes a picture of a window, once it shows something and stands still.
    pub async fn steady_picture(&self, window: u32, file: &Path) {
        let before = std::cell::RefCell::new(Vec::new());
        let look = || {
            self.picture(window, file);
            let now = std::fs::read(file).unwrap_or_default();
            let steady = *before.borrow() == now;
            *before.borrow_mut() = now;
            steady && colours(file) > 5
        };
        eventually("a picture that stands still", look, |steady| *steady).await;
    }

    fn picture(&self, window: u32, file: &Path) {
        let mut command = Command::new("import");
        // Without the time in it, which is never the same.
        command
            .args(["-window", &window.to_string(), "-strip"])
            .arg(file);
        let status = command.env("DISPLAY", &self.display).status();
        assert!(status.expect("import is installed").success());
    }

    fn xdotool(&self, arguments: &[&str]) -> String {
        let (status, said) = self.run(arguments);
        assert!(status.success(), "xdotool {arguments:?}: {said}");
        said
    }

    fn run(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let mut command = Command::new("timeout");
        command.args(["60", "xdotool"]).args(arguments);
        let output = command.env("DISPLAY", &self.display).output();
        let output = output.expect("xdotool is installed");
        (
            output.status,
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }
}

fn colours(file: &Path) -> u32 {
    let mut command = Command::new("identify");
    let output = command.args(["-format", "%k"]).arg(file).output();
    let output = output.expect("identify is installed").stdout;
    String::from_utf8_lossy(&output).trim().parse().unwrap_or(0)
}

/// A Wayland compositor without a monitor. It ends with this.
#[derive(Debug)]
pub struct Compositor {
    _process: Process,
    directory: TempDir,
}

impl Compositor {
    /// Starts it, and waits until it listens. `None`, and a word about it, where it is not installed.
    pub async fn open() -> Option<Compositor> {
        if !is_there("weston") {
            eprintln!("no Wayland window is tried: weston is not installed (tests/install)");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("weston");
        command
            .args([
                "--backend=headless-backend.so",
                "--idle-time=0",
                "--socket=wayland-test",
            ])
            .env("XDG_RUNTIME_DIR", directory.path())
            .env_remove("DISPLAY");
        let process = Process::start(&mut command, &directory.path().join("weston.log"));
        let socket = directory.path().join("wayland-test");
        eventually("weston to listen", || socket.exists(), |listens| *listens).await;
        Some(Compositor {
            _process: process,
            directory,
        })
    }

    /// The value of `WAYLAND_DISPLAY`: a path, so that it needs no common runtime directory.
    pub fn display(&self) -> String {
        self.directory
            .path()
            .join("wayland-test")
            .display()
            .to_string()
    }
}

/// The first program that is not installed, if any.
fn missing() -> Option<&'static str> {
    let missing = PROGRAMS.into_iter().find(|program| !is_there(program));
    missing.or_else(|| (!Path::new(ACCESSIBILITY).is_file()).then_some(ACCESSIBILITY))
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// The command behind the bus name `org.a11y.Bus`.
pub(crate) fn accessibility() -> &'static str {
    ACCESSIBILITY
}
