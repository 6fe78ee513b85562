//! What is installed takes on disk, beside the packages of its neighbours.

use std::process::Command;

use credex_tests::programs;

use crate::Pace;
use crate::table::{Aim, Table};

const FILES: [&str; 6] = [
    "credexd",
    "credex-fetcher",
    "credex-chooser",
    "credex-chooser-gtk",
    "credex",
    "libcredex.so",
];

pub(crate) fn measure(_: Pace, table: &mut Table) {
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / 1048576.0);
    let size = |name: &str| {
        let program = programs::credexd().with_file_name(name);
        std::fs::metadata(program).map(|file| file.len()).ok()
    };
    let mut all = 0;
    for (name, bytes) in FILES.map(|name| (name, size(name))) {
        match bytes {
            Some(bytes) => table.note(&format!("{name}: {}", mib(bytes))),
            None => table.note(&format!("{name} has not been built, and is left out")),
        }
        all += bytes.unwrap_or_default();
    }
    for package in ["gnome-keyring", "xdg-desktop-portal"] {
        let what = format!("installed: all programs and the library, against {package}");
        match installed(package) {
            Some(floor) => {
                let ratio = all as f64 / floor as f64;
                table.row(&what, &mib(floor), &mib(all), ratio, Aim::None);
            }
            None => table.note(&format!("{package} is not installed: not compared with it")),
        }
    }
}

/// What Debian says of an installed package, in bytes.
fn installed(package: &str) -> Option<u64> {
    let mut command = Command::new("dpkg-query");
    command.args([
        "--show",
        "--showformat=${db:Status-Status} ${Installed-Size}",
        package,
    ]);
    let output = command.output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let kib: u64 = said.strip_prefix("installed ")?.trim().parse().ok()?;
    Some(kib * 1024)
}
