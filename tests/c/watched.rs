//! How a program is watched while it runs.

use std::path::Path;
use std::process::Command;

use credex_tests::c::Build;
use credex_tests::desktop::Desktop;

/// What would find a mistake with memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Nobody.
    Alone,
    /// valgrind, which also looks into the library.
    ByValgrind,
    /// The sanitizers of the compiler, in the program.
    BySanitizers,
}

impl Watched {
    pub fn build(self) -> Build {
        match self {
            Watched::BySanitizers => Build::Sanitized,
            _ => Build::Plain,
        }
    }

    /// Whether it is installed; if not, says so.
    pub fn is_there(self) -> bool {
        let there = self != Watched::ByValgrind || Path::new("/usr/bin/valgrind").exists();
        if !there {
            eprintln!("valgrind is not installed, so this is not played: run tests/install");
        }
        there
    }

    /// Runs `program` on the desktop. It ends with 9 or worse if something was found.
    pub fn command(self, program: &Path, desktop: &Desktop) -> Command {
        let mut command = match self {
            Watched::ByValgrind => {
                let mut command = Command::new("valgrind");
                command.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
                // "Possible" is what only a pointer into its middle leads to: every Arc and hash table.
                command.arg("--show-leak-kinds=definite,indirect");
                command.arg("--errors-for-leak-kinds=definite,indirect");
                let known = concat!(env!("CARGO_MANIFEST_DIR"), "/c/valgrind.supp");
                command.arg(format!("--suppressions={known}"));
                command.arg("--fair-sched=yes").arg(program);
                command
            }
            Watched::Alone | Watched::BySanitizers => Command::new(program),
        };
        command
            .env_clear()
            .envs(desktop.environment().iter().cloned());
        command.env("ASAN_OPTIONS", "exitcode=9:detect_stack_use_after_return=1");
        command.env("UBSAN_OPTIONS", "print_stacktrace=1");
        command
    }
}
