//! A writing that is killed leaves the old store or the new one.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use credex_adapters::{Item, Record};

use crate::scene::{Scene, add, have, open_at};

const ROUNDS: u32 = 8;
const EACH: usize = 6;
/// Where the process that is to be killed finds the home.
const HOME: &str = "CREDEX_TEST_HOME";

fn logins(round: &str) -> Vec<Record> {
    let logins = (0..EACH).map(|number| {
        let mut item = Item::new(None, &format!("{round} {number}"));
        item.push_login(Some("ann"), Some("a secret of the entry"));
        Record::new(item, "")
    });
    logins.collect()
}

/// Is run by the other test, as a process of its own.
#[test]
#[ignore = "it is a part of the next one"]
fn part_that_is_killed() {
    let home = std::env::var(HOME).unwrap();
    let home = Path::new(&home);
    let gpg = credex_adapters::stores::pass::Gpg::default().at_home(home.join("gnupg"));
    let adapter = credex_adapters::stores::pass::Pass::with(gpg);
    let round = std::env::args().next_back().unwrap();
    let mut store = open_at(&adapter, &home.join("store")).unwrap();
    store.write(&add(&logins(&round)), &mut |_| {}).unwrap();
}

#[test]
fn whoever_is_killed_while_writing_leaves_the_old_store_or_the_new_one() {
    if !have(&["gpg", "git"]) {
        return;
    }
    let scene = Scene::with_history();
    let mut span = Duration::ZERO;
    let (mut entries, mut commits) = (0, scene.commits());
    let (mut old, mut new) = (0, 0);
    for round in 0..=ROUNDS {
        let mut command = scene.command(std::env::current_exe().unwrap());
        let command = command.args(["--exact", "killed::part_that_is_killed", "--ignored"]);
        let command = command
            .arg("--")
            .env(HOME, scene.path(""))
            .arg(round.to_string());
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let before = Instant::now();
        let mut child = command.spawn().unwrap();
        if round == 0 {
            assert!(child.wait().unwrap().success());
            span = before.elapsed();
        } else {
            // Not to wait for anything: to let the blow fall at another point each time.
            std::thread::sleep(span * (round + 2) / (ROUNDS + 1));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (read, aside) = scene.read();
        assert_eq!(aside, []);
        let committed = scene.commits();
        match read.len() - entries {
            0 => old += 1,
            EACH => {
                new += 1;
                commits += 1;
            }
            other => panic!("{other} of {EACH}"),
        }
        entries = read.len();
        assert_eq!(committed, commits, "the history goes with the store");
        assert_eq!(scene.done("git", &["status", "--porcelain"], ""), "");
        scene.done("git", &["fsck", "--no-dangling"], "");
        no_plaintext(&scene.path(""));
    }
    eprintln!(
        "{ROUNDS} kills: {old} times the old store, {} times the new one",
        new - 1
    );
    scene
        .open()
        .write(&add(&logins("last")), &mut |_| {})
        .unwrap();
    assert_eq!(scene.left_over(), Vec::<String>::new());
}

fn no_plaintext(folder: &Path) {
    for found in fs::read_dir(folder).unwrap() {
        let found = found.unwrap();
        let kind = found.file_type().unwrap();
        if kind.is_dir() {
            no_plaintext(&found.path());
        } else if kind.is_file() {
            let content = fs::read(found.path()).unwrap();
            let secret = b"a secret of the entry";
            let is_there = content.windows(secret.len()).any(|window| window == secret);
            assert!(!is_there, "{}", found.path().display());
        }
    }
}
