//! The environment of a program that we start. Pure. Serves design §5 ("scrubbed environment").
//!
//! Whoever may set a variable of the session could otherwise have an importer load code of his, and
//! what the service was told about itself is no business of others.

use std::ffi::OsString;

/// Variables that make a program load or run something, by their beginning.
const PREFIXES: [&str; 10] = [
    "BASH_FUNC_", // functions for bash
    "CORECLR_",   // .NET profilers
    "CREDEX_",    // our own
    "GST_PLUGIN", // GStreamer: plug-ins, and the program that looks for them
    "LD_",        // the dynamic linker
    "LISTEN_",    // sockets handed to us
    "LUA_INIT",   // Lua
    "PERL5",      // Perl
    "PYTHON",     // Python
    "RUBY",       // Ruby
];

/// Variables that make a program load or run something, and those that were meant for us.
const NAMES: [&str; 43] = [
    // Shells
    "BASHOPTS",
    "BASH_ENV",
    "ENV",
    "PS4",
    "SHELLOPTS",
    // The C library
    "GCONV_PATH",
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "LOCPATH",
    "MALLOC_TRACE",
    "NLSPATH",
    // Toolkits
    "GDK_PIXBUF_MODULEDIR",
    "GDK_PIXBUF_MODULE_FILE",
    "GIO_EXTRA_MODULES",
    "GIO_MODULE_DIR",
    "GI_TYPELIB_PATH",
    "GTK3_MODULES",
    "GTK_EXE_PREFIX",
    "GTK_IM_MODULE_FILE",
    "GTK_MODULES",
    "GTK_PATH",
    "QML2_IMPORT_PATH",
    "QML_IMPORT_PATH",
    "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    // Other languages
    "DOTNET_STARTUP_HOOKS",
    "ELECTRON_RUN_AS_NODE",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERLLIB",
    "_JAVA_OPTIONS",
    // What systemd, the bus and the desktop said to us
    "DBUS_STARTER_ADDRESS",
    "DBUS_STARTER_BUS_TYPE",
    "DESKTOP_STARTUP_ID",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "SYSTEMD_EXEC_PID",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "XDG_ACTIVATION_TOKEN",
];

/// `variables` without those that make a program load or run something, or were meant for us.
pub fn scrub(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    variables.into_iter().filter(|(name, _)| {
        let name = name.as_encoded_bytes();
        let loads = PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix.as_bytes()));
        !loads && !NAMES.iter().any(|listed| name == listed.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survives(name: &str) -> bool {
        scrub([(name.into(), "x".into())]).next().is_some()
    }

    #[test]
    fn what_makes_a_program_load_code_does_not_survive() {
        for name in [
            "LD_PRELOAD",
            "LD_AUDIT",
            "GTK_MODULES",
            "PYTHONSTARTUP",
            "NODE_OPTIONS",
            "PERL5OPT",
            "RUBYOPT",
            "QT_PLUGIN_PATH",
            "BASH_ENV",
            "BASH_FUNC_ls%%",
            "ENV",
            "GIO_EXTRA_MODULES",
        ] {
            assert!(!survives(name), "{name}");
        }
    }

    #[test]
    fn what_was_said_to_us_alone_does_not_survive() {
        for name in [
            "NOTIFY_SOCKET",
            "LISTEN_FDS",
            "CREDEX_CHOOSER_FD",
            "DBUS_STARTER_ADDRESS",
        ] {
            assert!(!survives(name), "{name}");
        }
    }

    #[test]
    fn what_a_program_needs_to_find_the_session_survives() {
        for name in [
            "PATH",
            "HOME",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_RUNTIME_DIR",
            "LANG",
            "ENVIRONMENT",
        ] {
            assert!(survives(name), "{name}");
        }
    }
}
