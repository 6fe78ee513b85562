//! A writing whose writer or whose keyring is killed counts as a whole or not at all.

use std::process::Stdio;
use std::time::{Duration, Instant};

use credex_adapters::{Access, Item, Record};

use crate::session::{Session, add, have, open_at};

const ROUNDS: u32 = 8;
const EACH: usize = 6;
/// Where the process that is to be killed finds the bus.
const BUS: &str = "CREDEX_TEST_BUS";

fn logins(round: &str) -> Vec<Record> {
    let logins = (0..EACH).map(|number| {
        let mut item = Item::new(None, &format!("{round} {number}"));
        item.push_login(Some("ann"), Some("hunter2"));
        item.set_urls([format!("https://{round}-{number}.example/login")]);
        Record::new(item, "")
    });
    logins.collect()
}

/// Is run by the others, as a process of its own.
#[test]
#[ignore = "it is a part of the others"]
fn part_that_is_killed() {
    let address = std::env::var(BUS).unwrap();
    let round = std::env::args().next_back().unwrap();
    let mut store = open_at(&address, "", Access::Write).unwrap();
    store.write(&add(&logins(&round)), &mut |_| {}).unwrap();
}

#[test]
fn a_writing_that_is_killed_counts_as_a_whole_or_not_at_all() {
    if !have(&[
        "gnome-keyring-daemon",
        "secret-tool",
        "gdbus",
        "dbus-daemon",
    ]) {
        return;
    }
    let session = Session::start();
    let mut keyring = session.gnome_keyring(None);
    let mut span = Duration::ZERO;
    let mut entries = 0;
    let (mut old, mut new) = (0, 0);
    for round in 0..=ROUNDS {
        let mut command = session.command(std::env::current_exe().unwrap());
        let command = command.args(["--exact", "killed::part_that_is_killed", "--ignored"]);
        let command = command.env(BUS, &session.address).arg(round.to_string());
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let before = Instant::now();
        let mut child = command.spawn().unwrap();
        if round == 0 {
            assert!(child.wait().unwrap().success());
            span = before.elapsed();
        } else {
            // Not to wait for anything: to let the blow fall at another point each time.
            std::thread::sleep(span * round / ROUNDS);
            if round % 2 == 0 {
                drop(keyring);
                keyring = session.gnome_keyring(None);
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (read, aside) = session.read("");
        assert_eq!(aside, []);
        match read.len() - entries {
            0 => old += 1,
            EACH => new += 1,
            other => panic!("{other} of {EACH}"),
        }
        entries = read.len();
        // The next opening for writing completes or undoes it, for everybody.
        session.open("").unwrap();
        assert_eq!(session.read("").0.len(), entries);
        let web = session.told(&["xdg:schema", "org.epiphany.FormPassword"]);
        let web = web.iter().filter(|line| line.starts_with("secret = "));
        assert_eq!(web.count(), entries);
    }
    eprintln!(
        "{ROUNDS} kills: {old} times the old ones, {} times the new ones too",
        new - 1
    );
}
