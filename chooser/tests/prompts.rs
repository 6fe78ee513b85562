//! Stories of consents and passphrases at a terminal, with the real chooser, asked by the daemon's own
//! code.

#![allow(clippy::unwrap_used)]

mod stage;

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use credexd::chooser::{Act, ChooserError, PROMPTS_PER_APP, Purpose, Verdict};
use stage::{Daemon, Terminal, asker, consent, passphrase, question, soon};

const NOT_NOW: &str = "only Enter for not now: ";
const PASSPHRASE: &str = "Passphrase (not shown; only Enter to cancel): ";
const AGAIN: &str = "The same again (not shown; only Enter to cancel): ";

fn agreed(account: &str) -> Verdict {
    Verdict::Agreed(account.into())
}

fn add(account: &str) -> Act {
    Act::Add(account.into())
}

fn choose() -> Act {
    Act::Choose(vec!["alice".into(), "bob".into()])
}

#[tokio::test]
async fn a_person_reads_who_wants_to_save_what_and_where_and_agrees() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let verdict = daemon.consent(consent(add("alice"), &terminal));
    let page = terminal.answer(NOT_NOW, "yes").await;
    for line in [
        "“Shop” wants to save a password for example.org.\n",
        "  App ID:   org.example.Shop\n",
        "  Identity: installed by the system, not verified\n",
        "  Website:  example.org\n",
        "  Account:  alice\n",
        "It will be kept with your passwords,",
    ] {
        assert!(page.contains(line), "{line:?} is missing from\n{page}");
    }
    assert!(!page.contains("Developer mode"), "{page}");
    assert_eq!(soon(verdict).await, Ok(agreed("alice")));
    terminal.see("Agreed. “Shop” has been told.").await;
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn each_kind_of_consent_says_what_follows_from_it() {
    for (act, headline, follows) in [
        (
            Act::Update("alice".into()),
            "wants to change a saved password",
            "will be replaced",
        ),
        (
            Act::Delete("alice".into()),
            "wants to delete a saved password",
            "will be gone",
        ),
    ] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let verdict = daemon.consent(consent(act, &terminal));
        let page = terminal.answer(NOT_NOW, "yes").await;
        assert!(page.contains(headline) && page.contains(follows), "{page}");
        assert_eq!(soon(verdict).await, Ok(agreed("alice")));
    }
}

#[tokio::test]
async fn enter_held_down_means_not_now_and_never_takes_the_whole_word() {
    for act in [add("alice"), choose()] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        terminal.press("\n\n");
        terminal.see("\n\n").await;
        let verdict = daemon.consent(consent(act.clone(), &terminal));
        terminal.see(NOT_NOW).await;
        terminal.press("\n\n\n");
        terminal.see("Not now. Nothing was changed.").await;
        assert_eq!(soon(verdict).await, Ok(Verdict::NotNow));

        let verdict = daemon.consent(consent(act, &terminal));
        terminal.answer(NOT_NOW, "nev").await;
        terminal.see("the whole word").await;
        terminal.answer(NOT_NOW, "never").await;
        terminal
            .see("“Shop” will not ask again for example.org.")
            .await;
        assert_eq!(soon(verdict).await, Ok(Verdict::Never));
    }
}

#[tokio::test]
async fn the_account_that_the_app_gets_is_the_one_that_was_chosen() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let verdict = daemon.consent(consent(choose(), &terminal));
    let page = terminal.answer(NOT_NOW, "3").await;
    assert!(page.contains("  1.  alice\n  2.  bob\n"), "{page}");
    terminal.see("a number from 1 to 2").await;
    terminal.answer(NOT_NOW, "2").await;
    assert_eq!(soon(verdict).await, Ok(agreed("bob")));
}

#[tokio::test]
async fn developer_mode_and_a_port_are_shown() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut consent = consent(add("alice"), &terminal);
    (consent.developer, consent.port) = (true, Some(8443));
    let verdict = daemon.consent(consent);
    let page = terminal.answer(NOT_NOW, "").await;
    assert!(page.contains("Warning: Developer mode is on:"), "{page}");
    assert!(page.contains("  Website:  example.org:8443\n"), "{page}");
    assert_eq!(soon(verdict).await, Ok(Verdict::NotNow));
}

#[tokio::test]
async fn hostile_accounts_and_domains_do_not_reach_the_screen_and_come_back_untouched() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let account = "al\u{202e}ice\n  2.  bob\x1b[2J";
    let mut consent = consent(Act::Choose(vec![account.into()]), &terminal);
    consent.domain = "\u{430}pple.com".into();
    let verdict = daemon.consent(consent);
    let page = terminal.answer(NOT_NOW, "1").await;
    let control = page.find(|c: char| c.is_control() && c != '\n');
    assert_eq!(control, None, "{page:?}");
    assert!(page.contains("  1.  al�ice 2. bob�[2J\n"), "{page}");
    assert!(page.contains("  Website:  xn--pple-43d.com\n"), "{page}");
    assert_eq!(soon(verdict).await, Ok(agreed(account)));
}

#[tokio::test]
async fn a_consent_that_nobody_waits_for_any_more_is_withdrawn() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let verdict = daemon.consent(consent(add("alice"), &terminal));
    terminal.see(NOT_NOW).await;
    verdict.abort();
    terminal.see("The question of “Shop” is withdrawn.").await;
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn a_flood_queues_in_order_loses_what_is_withdrawn_and_ends_at_the_limit() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut flood: Vec<_> = (0..PROMPTS_PER_APP)
        .map(|number| daemon.consent(consent(add(&format!("account {number}")), &terminal)))
        .collect();
    let first = terminal.see(NOT_NOW).await;
    let asked = |number: u32| format!("  Account:  account {number}\n");
    assert!(first.contains(&asked(0)), "{first}");
    assert_eq!(first.matches("wants to save").count(), 1, "{first}");

    let refused = soon(daemon.consent(consent(add("one more"), &terminal))).await;
    assert!(
        matches!(refused, Err(ChooserError::TooMany(_))),
        "{refused:?}"
    );
    let mut calm = consent(add("calm"), &terminal);
    calm.asker = asker(2);
    let calm = daemon.consent(calm);

    // The third leaves the queue before its turn: a question that makes no sense is refused at once,
    // and its refusal comes after the withdrawal has been heard.
    let third = flood.remove(2);
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    let mut nonsense = consent(Act::Choose(Vec::new()), &terminal);
    nonsense.asker = asker(3);
    let refused = soon(daemon.consent(nonsense)).await;
    assert!(
        matches!(refused, Err(ChooserError::Failed(_))),
        "{refused:?}"
    );
    terminal.type_line("");
    let order: Vec<u32> = [1].into_iter().chain(3..PROMPTS_PER_APP).collect();
    for number in order {
        let page = terminal.answer(NOT_NOW, "never").await;
        assert!(
            page.contains(&asked(number)),
            "{number} should be asked:\n{page}"
        );
    }
    let page = terminal.answer(NOT_NOW, "yes").await;
    assert!(page.contains("  Account:  calm\n"), "{page}");
    assert_eq!(soon(calm).await, Ok(agreed("calm")));
    for verdict in flood {
        soon(verdict).await.unwrap();
    }
    // What was answered is given back.
    let again = daemon.consent(consent(add("one more"), &terminal));
    terminal.answer(NOT_NOW, "yes").await;
    assert_eq!(soon(again).await, Ok(agreed("one more")));
}

#[tokio::test]
async fn an_open_export_and_a_consent_take_turns() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let export = daemon.ask(question("x", &terminal));
    terminal.see("or only Enter to cancel: ").await;
    let verdict = daemon.consent(consent(add("alice"), &terminal));
    terminal.type_line("");
    soon(export).await.unwrap();
    terminal.answer(NOT_NOW, "yes").await;
    assert_eq!(soon(verdict).await, Ok(agreed("alice")));
}

#[tokio::test]
async fn a_passphrase_is_typed_unseen_and_arrives_by_the_letter() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let typed = daemon.passphrase(passphrase(Purpose::Open, &terminal));
    let page = terminal.answer(PASSPHRASE, " correct hörse ").await;
    assert!(page.contains("“passwords.keyring” are locked."), "{page}");
    let passphrase = soon(typed).await.unwrap().unwrap();
    assert_eq!(passphrase.as_bytes(), " correct hörse ".as_bytes());
    terminal.see("forgotten here.").await;
    assert!(!terminal.seen.contains("hörse"), "{}", terminal.seen);
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
    terminal.press("seen again\n");
    terminal.see("seen again").await;
}

#[tokio::test]
async fn a_passphrase_that_was_handed_over_is_in_no_memory_of_the_chooser() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let typed = daemon.passphrase(passphrase(Purpose::Create, &terminal));
    let verdict = daemon.consent(consent(add("alice"), &terminal));
    terminal.answer(PASSPHRASE, "xyzzy-correct-horse").await;
    terminal.answer(AGAIN, "xyzzy-correct-house").await;
    terminal.answer(PASSPHRASE, "xyzzy-correct-horse").await;
    terminal.answer(AGAIN, "xyzzy-correct-horse").await;
    soon(typed).await.unwrap().unwrap();
    terminal.see(NOT_NOW).await;
    let chooser = daemon.starter.children.lock().unwrap()[0].id();
    match memory_of(chooser) {
        Ok(memory) => {
            assert!(has(&memory, "org.example.Shop"), "the search finds nothing");
            assert!(!has(&memory, "xyzzy-correct"));
        }
        // It keeps others out once it was asked for a passphrase.
        Err(error) => eprintln!("not searched, only a privileged user may: {error}"),
    }
    terminal.type_line("");
    soon(verdict).await.unwrap();
}

/// What is readable and writable of a process.
fn memory_of(pid: u32) -> std::io::Result<Vec<Vec<u8>>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = std::fs::File::open(format!("/proc/{pid}/mem"))?;
    let mut found = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|end| u64::from_str_radix(end, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // What is mapped and was never touched, or is the kernel's, cannot be read.
        if memory.read_at(&mut bytes, from).is_ok() {
            found.push(bytes);
        }
    }
    Ok(found)
}

fn has(memory: &[Vec<u8>], text: &str) -> bool {
    let found = |bytes: &Vec<u8>| {
        bytes
            .windows(text.len())
            .any(|each| each == text.as_bytes())
    };
    memory.iter().any(found)
}

#[tokio::test]
async fn a_new_passphrase_is_typed_twice_and_must_be_the_same() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let typed = daemon.passphrase(passphrase(Purpose::Create, &terminal));
    terminal.answer(PASSPHRASE, "correct horse").await;
    terminal.answer(AGAIN, "correct house").await;
    terminal.see("The two are not the same.").await;
    terminal.answer(PASSPHRASE, "correct horse").await;
    terminal.answer(AGAIN, "correct horse").await;
    let passphrase = soon(typed).await.unwrap().unwrap();
    assert_eq!(passphrase.as_bytes(), b"correct horse");
}

#[tokio::test]
async fn enter_alone_and_the_end_of_the_input_give_no_passphrase() {
    for keys in ["\n", "\x04"] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let typed = daemon.passphrase(passphrase(Purpose::Open, &terminal));
        terminal.see(PASSPHRASE).await;
        terminal.press(keys);
        terminal.see("Nothing was unlocked.").await;
        assert!(soon(typed).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_passphrase_that_is_no_longer_needed_gives_the_terminal_back() {
    let mut shown = Vec::new();
    // What is typed reaches the terminal a moment later; if that has been given back by then, it is shown like anything
    // that is typed afterwards.
    while shown.len() < 5 {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let mut question = passphrase(Purpose::Open, &terminal);
        question.attempt = 2;
        let typed = daemon.passphrase(question);
        let page = terminal.see(PASSPHRASE).await;
        assert!(page.contains("That was not its passphrase."), "{page}");
        terminal.press("half");
        typed.abort();
        terminal.see("The passphrase is no longer needed.").await;
        assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
        terminal.press("seen again\n");
        terminal.see("seen again").await;
        if !terminal.seen.contains("half") {
            return;
        }
        shown.push(terminal.seen.clone());
    }
    panic!("what was typed is shown each time: {shown:#?}");
}

#[tokio::test]
async fn scripts_answer_without_asking() {
    for (arguments, act, verdict) in [
        (&["--consent", "agree"][..], add("alice"), agreed("alice")),
        (
            &["--consent", "agree", "--account", "bob"],
            choose(),
            agreed("bob"),
        ),
        (&["--consent", "agree"], choose(), agreed("alice")),
        (
            &["--consent", "agree", "--account", "eve"],
            choose(),
            Verdict::NotNow,
        ),
        (&["--consent", "not-now"], add("alice"), Verdict::NotNow),
        (&["--consent", "never"], add("alice"), Verdict::Never),
    ] {
        let (daemon, mut terminal) = (Daemon::new(arguments), Terminal::new());
        let answer = daemon.consent(consent(act, &terminal));
        terminal.see("Answered by --consent, without asking:").await;
        assert_eq!(soon(answer).await, Ok(verdict), "{arguments:?}");
    }
    // The terminal is descriptor 0: here it plays the file.
    let (daemon, mut terminal) = (Daemon::new(&["--passphrase-fd", "0"]), Terminal::new());
    let typed = daemon.passphrase(passphrase(Purpose::Open, &terminal));
    terminal.press("correct horse\n\x04");
    terminal.see("Answered by --passphrase-fd").await;
    let passphrase = soon(typed).await.unwrap().unwrap();
    assert_eq!(passphrase.as_bytes(), b"correct horse");
}
