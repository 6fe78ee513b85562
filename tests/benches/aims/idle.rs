//! Row 8: what the service costs while nobody needs it.

use std::time::Duration;

use credex_tests::desktop::Desktop;

use crate::apps::Stage;
use crate::keyring::Keyring;
use crate::table::{Aim, Table};
use crate::{Pace, minimal, portal, proc};

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let mut stage = Stage::open(Desktop::plan());
    let daemon = stage.daemon();
    let launchers = proc::children(daemon);
    let both = || std::iter::once(daemon).chain(launchers.iter().copied());
    let wake_ups = || both().map(proc::wake_ups).sum::<u64>();
    // The one place where time itself is measured: nothing is to happen in it. The first seconds
    // see the runtime's thread for look-ups end.
    let seconds = |full, quick| Duration::from_secs(pace.rounds(full, quick) as u64);
    std::thread::sleep(seconds(12, 12));
    let before = wake_ups();
    std::thread::sleep(seconds(20, 5));
    let woken = wake_ups() - before;
    let threads = proc::threads(daemon);

    let least = minimal::start(&stage);
    let keyring = Keyring::start(&stage);
    let mib = |kib: u64| format!("{:.2} MiB", kib as f64 / 1024.0);
    let ours = proc::proportional_kib(daemon);
    let floor = proc::proportional_kib(least.pid());
    let what = "idle: PSS in MiB, against a minimal service";
    table.row(
        what,
        &mib(floor),
        &mib(ours),
        ours as f64 / 1024.0,
        Aim::AtMost(3.0),
    );
    let launchers: u64 = launchers.iter().copied().map(proc::proportional_kib).sum();
    table.note(&format!("and the launching process: {}", mib(launchers)));
    match &keyring {
        Some(keyring) => {
            let floor = proc::proportional_kib(keyring.pid());
            let (what, both) = ("idle: PSS of both, against gnome-keyring", ours + launchers);
            let ratio = both as f64 / floor as f64;
            table.row(what, &mib(floor), &mib(both), ratio, Aim::AtMost(1.0));
        }
        None => table.note("gnome-keyring is not installed: not compared with it"),
    }
    match portal::start(&stage) {
        Some(portal) => {
            let floor = proc::proportional_kib(portal.pid());
            let (what, both) = (
                "idle: PSS of both, against xdg-desktop-portal",
                ours + launchers,
            );
            let ratio = both as f64 / floor as f64;
            table.row(what, &mib(floor), &mib(both), ratio, Aim::AtMost(1.0));
        }
        None => table.note("xdg-desktop-portal is not installed: not compared with it"),
    }
    let floor = proc::threads(least.pid()).to_string();
    table.row(
        "idle: threads",
        &floor,
        &threads.to_string(),
        threads as f64,
        Aim::AtMost(2.0),
    );
    table.row(
        "idle: wake-ups of both",
        "",
        &woken.to_string(),
        woken as f64,
        Aim::AtMost(0.0),
    );
}
