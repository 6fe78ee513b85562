//! What the person is asked at a terminal, and by a pinentry.

use std::process::Command;

use credex_tests::desktop::Desktop;
use credex_tests::programs;
use credex_tests::terminal::Screen;

use crate::stage::{PASSPHRASE, archive, credex, file, get, plan, put, run, sample};

fn at_terminal(desktop: &Desktop, screen: &Screen, words: &[&str]) -> std::process::Child {
    let mut command = Command::new(programs::credex());
    command.args(words);
    screen.start(command, desktop.environment())
}

#[tokio::test]
async fn everything_is_asked_at_the_terminal_and_no_passphrase_is_shown() {
    let desktop = plan().scripted_at_terminals().open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    let mut screen = Screen::open();
    let words = ["transfer", "--from", &old, "--to", &new];
    let mut transfer = at_terminal(&desktop, &screen, &words);
    screen.sees("The passphrase of").await;
    screen.hides_what_is_typed().await;
    screen.types(PASSPHRASE);
    screen.sees("A new passphrase for").await;
    screen.hides_what_is_typed().await;
    screen.types(PASSPHRASE);
    screen.sees("Once more: ").await;
    screen.types(PASSPHRASE);
    screen.sees("items to add").await;
    screen.sees("Go on? Type yes: ").await;
    assert!(
        !file(&new).exists(),
        "nothing is done before the person agrees"
    );
    screen.types("yes");
    screen
        .sees("written to “Encrypted archive new.age”, and read back.")
        .await;
    let shown = screen.sees("Delete the file").await;
    assert!(!shown.contains(PASSPHRASE));
    assert!(transfer.wait().unwrap().success());
    assert_eq!(get(&new), get(&old));
}

#[tokio::test]
async fn a_person_who_does_not_agree_to_the_plan_is_asked_nothing_more() {
    let desktop = plan().scripted_at_terminals().open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    put(&new, &[]);
    let mut screen = Screen::open();
    let words = ["transfer", "--from", &old, "--to", &new];
    let mut transfer = at_terminal(&desktop, &screen, &words);
    for store in ["old.age", "new.age"] {
        screen.sees(&format!("{store}: ")).await;
        screen.hides_what_is_typed().await;
        screen.types(PASSPHRASE);
    }
    screen.sees("Go on? Type yes: ").await;
    screen.types("");
    screen.sees("nothing was written").await;
    assert_eq!(transfer.wait().unwrap().code(), Some(3));
    assert!(desktop.person.left().is_empty());
    assert_eq!(get(&new), []);
}

#[tokio::test]
async fn who_mistypes_a_new_passphrase_types_it_again_and_nothing_else() {
    let desktop = plan().scripted_at_terminals().open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    let mut screen = Screen::open();
    let words = ["transfer", "--from", &old, "--to", &new, "--dry-run"];
    let mut transfer = at_terminal(&desktop, &screen, &words);
    for (prompt, typed) in [
        ("The passphrase of", PASSPHRASE),
        ("A new passphrase for", PASSPHRASE),
        ("Once more: ", "mistyped"),
        ("The two differ. Try again.", ""),
        ("A new passphrase for", PASSPHRASE),
        ("Once more: ", PASSPHRASE),
    ] {
        screen.sees(prompt).await;
        if !typed.is_empty() {
            screen.hides_what_is_typed().await;
            screen.types(typed);
        }
    }
    screen.sees("items to add").await;
    assert!(transfer.wait().unwrap().success());
}

#[tokio::test]
async fn a_store_is_not_moved_into_itself_however_it_is_spelt() {
    let desktop = plan().open().await;
    let old = archive(&desktop, "old.age");
    put(&old, &sample());
    std::os::unix::fs::symlink(file(&old), desktop.path("link.age")).unwrap();
    let link = archive(&desktop, "link.age");
    let dotted = archive(&desktop, "./old.age");
    for other in [link, dotted] {
        let words = ["transfer", "--from", &old, "--to", &other, "--yes"];
        let ended = run(credex(&desktop, &words)).await;
        assert_eq!(ended.code(), 2, "{}", ended.said());
        assert!(ended.said().contains("the same store"), "{}", ended.said());
    }
}

#[tokio::test]
async fn a_target_in_no_directory_is_told_before_anybody_types_a_passphrase_for_it() {
    let desktop = plan().scripted_at_terminals().open().await;
    let old = archive(&desktop, "old.age");
    put(&old, &sample());
    for kind in ["archive", "kdbx", "firefox-csv"] {
        let new = format!("{kind}:{}", desktop.path("nowhere/new").display());
        let mut screen = Screen::open();
        let words = ["transfer", "--plaintext", "--from", &old, "--to", &new];
        let mut transfer = at_terminal(&desktop, &screen, &words);
        screen.sees("The passphrase of").await;
        screen.hides_what_is_typed().await;
        screen.types(PASSPHRASE);
        let shown = screen.sees("make this directory first").await;
        assert!(!shown.contains("A new passphrase"), "{shown}");
        assert_eq!(transfer.wait().unwrap().code(), Some(1));
    }
}

#[tokio::test]
async fn without_a_terminal_there_is_a_way_to_say_everything_and_the_error_names_it() {
    let desktop = plan().open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    let words = ["transfer", "--from", &old, "--to", &new];
    let ended = run(credex(&desktop, &words)).await;
    assert_eq!(ended.code(), 2, "{}", ended.said());
    assert!(
        ended.said().contains("--from-passphrase-fd N"),
        "{}",
        ended.said()
    );
}

#[tokio::test]
async fn a_pinentry_asks_for_passphrases() {
    if Command::new("pinentry-tty")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("pinentry-tty is not installed (tests/install does that): left out");
        return;
    }
    let desktop = plan().open().await;
    let (old, new) = (archive(&desktop, "old.age"), archive(&desktop, "new.age"));
    put(&old, &sample());
    put(&new, &[]);
    let mut screen = Screen::open();
    let words = [
        "transfer",
        "--from",
        &old,
        "--to",
        &new,
        "--dry-run",
        "--pinentry=pinentry-tty",
    ];
    let mut transfer = at_terminal(&desktop, &screen, &words);
    for store in ["old.age", "new.age"] {
        screen.sees(&format!("{store}.")).await;
        screen.hides_what_is_typed().await;
        screen.types(PASSPHRASE);
    }
    screen.sees("items to add").await;
    assert!(transfer.wait().unwrap().success());
}

#[tokio::test]
async fn locations_that_lead_nowhere_say_what_there_is() {
    let desktop = plan().open().await;
    for (from, to, hint) in [
        ("old.kdbx", "archive:x", "KIND:PLACE, such as kdbx:old.kdbx"),
        ("nonsense:x", "archive:x", "archive"),
        ("archive:x", "archive:x", "the same store"),
    ] {
        let ended = run(credex(&desktop, &["transfer", "--from", from, "--to", to])).await;
        assert_eq!(ended.code(), 2, "{}", ended.said());
        assert!(ended.said().contains(hint), "{}", ended.said());
    }
    let ended = run(credex(&desktop, &["--json", "stores"])).await;
    let stores = &ended.events()[0]["stores"];
    let known = stores.as_array().unwrap();
    assert!(
        known.iter().any(|kind| kind["scheme"] == "archive"),
        "{stores}"
    );
}
