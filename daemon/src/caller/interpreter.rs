//! Programs that do what a file or an argument tells them. Their own origin says nothing about that,
//! so they never name an app. Pure. Serves design §5 (`Installed`).

/// By name, without a version.
const NAMES: &[&str] = &[
    // Shells, and what runs other programs.
    "ash",
    "bash",
    "busybox",
    "chroot",
    "csh",
    "dash",
    "env",
    "expect",
    "find",
    "fish",
    "gdb",
    "gdbserver",
    "ksh",
    "ltrace",
    "make",
    "mksh",
    "nice",
    "nohup",
    "nsenter",
    "parallel",
    "pkexec",
    "script",
    "setpriv",
    "setsid",
    "sh",
    "sshd",
    "strace",
    "su",
    "sudo",
    "systemd",
    "systemd-run",
    "tcsh",
    "timeout",
    "toybox",
    "unshare",
    "valgrind",
    "watch",
    "xargs",
    "yash",
    "zsh",
    // Languages.
    "awk",
    "beam.smp",
    "bun",
    "cjs",
    "cjs-console",
    "deno",
    "dotnet",
    "electron",
    "erl",
    "gawk",
    "ghci",
    "gjs",
    "gjs-console",
    "groovy",
    "guile",
    "java",
    "javaw",
    "js",
    "julia",
    "lua",
    "luajit",
    "mawk",
    "mono",
    "mono-sgen",
    "node",
    "nodejs",
    "nwjs",
    "ocaml",
    "osascript",
    "perl",
    "php",
    "pwsh",
    "pypy",
    "python",
    "qjs",
    "qml",
    "qmlscene",
    "R",
    "racket",
    "ruby",
    "sbcl",
    "scala",
    "seed",
    "tclsh",
    "wasmtime",
    "wish",
    // Editors with a language of their own.
    "emacs",
    "nvim",
    "vi",
    "vim",
    // Loaders, emulators and compatibility layers.
    "box64",
    "ld.so",
    "qemu",
    "wine",
    "wine-preloader",
    "wine64",
    "wine64-preloader",
    "wineserver",
    // Sandboxes.
    "bwrap",
    "crun",
    "distrobox",
    "docker",
    "firejail",
    "flatpak",
    "nspawn",
    "podman",
    "runc",
    "snap",
    "snap-confine",
    "systemd-nspawn",
    "toolbox",
    "xdg-dbus-proxy",
    // What calls anything on a bus.
    "busctl",
    "d-feet",
    "d-spy",
    "dbus-monitor",
    "dbus-send",
    "gdbus",
    "qdbus",
    "qdbusviewer",
    "socat",
];

/// Beginnings of names that go on with a platform or a flavour.
const BEGINNINGS: &[&str] = &["ld-", "qemu-", "vim.", "emacs-", "electron-", "wine-"];

/// Whether the executable called `name` is one.
pub(super) fn is(name: &str) -> bool {
    let plain = without_version(name);
    NAMES.contains(&name)
        || NAMES.contains(&plain)
        || BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

/// `python3.11` → `python`, `perl5.36.0` → `perl`, `node-18` → `node`.
fn without_version(name: &str) -> &str {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    plain.trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_runs_other_programs_is_known_in_every_version() {
        for name in [
            "sh",
            "dash",
            "python3.11",
            "python3",
            "perl5.36.0",
            "node",
            "ruby3.1",
            "java",
            "lua5.4",
            "php8.2",
            "electron30",
            "wine64-preloader",
            "ld-linux-x86-64.so.2",
            "qemu-x86_64",
            "busybox",
            "tclsh8.6",
            "vim.basic",
            "R",
            "beam.smp",
            "bwrap",
            "gdbus",
            "node-18",
        ] {
            assert!(is(name), "{name}");
        }
    }

    #[test]
    fn an_app_is_not_taken_for_one() {
        for name in [
            "keepassxc",
            "bitwarden",
            "gnome-shell",
            "shotwell",
            "pythonista",
            "1password",
        ] {
            assert!(!is(name), "{name}");
        }
    }
}
