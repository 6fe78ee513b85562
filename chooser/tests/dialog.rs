//! Stories of a person at a terminal, with the real chooser, asked by the daemon's own code.

mod stage;

use std::io::BufRead;
use std::sync::Arc;

use credex_protocol::Reason;
use credex_protocol::wire::{FinishedDetails, Plan, PlannedLoss, ProgressDetails};
use credexd::authorization::Prospect;
use credexd::chooser::{Answer, Chooser, ChooserError};
use stage::{Daemon, Terminal, importer, question, receipt, send, soon};
use tokio::sync::mpsc::unbounded_channel;

const FIRST: &str = "or only Enter to cancel: ";
const LEAVE_OUT: &str = "only Enter for nothing: ";
const CONFIRM: &str = "Type yes to send, or only Enter to cancel: ";

#[tokio::test]
async fn a_person_reads_who_asks_what_leaves_and_who_can_take_it_and_agrees() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    let page = terminal.answer(FIRST, "1").await;
    for line in [
        "“Bitwarden” wants to send credentials to another app.\n",
        "  App ID:   com.bitwarden.desktop\n",
        "  Identity: installed by the system, not verified\n",
        "  Sends:    142 passwords, 12 passkeys, 2 SSH keys, 1 one-time code secret\n            (TOTP)\n",
        "nobody can take them back.\n",
        "  1.  KeePassXC (org.keepassxc.KeePassXC), installed by the system\n",
        "      Will not take: 2 SSH keys\n",
        "  2.  Secrets (org.gnome.Secrets), installed by the system\n",
    ] {
        assert!(page.contains(line), "{line:?} is missing from\n{page}");
    }
    assert!(page.lines().count() <= 24, "{page}");
    assert!(page.lines().all(|line| line.chars().count() < 80), "{page}");
    assert!(!page.contains('\x1b'), "TERM is dumb");
    terminal.answer(LEAVE_OUT, "").await;
    let check = terminal.answer(CONFIRM, "yes").await;
    assert!(check.contains("Left out: 2 SSH keys."), "{check}");
    let agreed = send(
        "org.keepassxc.KeePassXC",
        &["basic-auth", "passkey", "totp"],
    );
    assert_eq!(soon(answer).await, Ok(agreed));
}

#[tokio::test]
async fn what_the_exporter_says_will_become_of_it_is_read_before_the_last_word() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut question = question("x", &terminal);
    let lost = |kind: &str, reason: &str, part| PlannedLoss {
        credential_type: Some(kind.into()),
        reason: Some(reason.into()),
        count: Some(2),
        part: Some(part),
    };
    question.importers[1].plan = Some(Plan {
        added: Some(140),
        kept: Some(1),
        losses: Some(vec![
            lost("passkey", "no-place", false),
            lost("basic-auth", "too-large", true),
        ]),
        ..Plan::default()
    });
    let answer = daemon.ask(question);
    terminal.answer(FIRST, "2").await;
    terminal.answer(LEAVE_OUT, "3").await;
    let check = terminal.answer(CONFIRM, "yes").await;
    let words = "\n\
        What “Bitwarden” says will happen at “Secrets”:\n\
        \u{20} - 140 items are new there\n\
        \u{20} - 1 item differs there: what is there stays\n\
        What is lost there, and why:\n\
        \u{20} - 2 passkeys: there is no place for that\n\
        \u{20} - 2 passwords, in part: too large or too long\n\
        What “Bitwarden” says is about everything; you leave something out.\n";
    assert!(check.contains(words), "{check}");
    let types = ["basic-auth", "passkey", "totp"];
    assert_eq!(soon(answer).await, Ok(send("org.gnome.Secrets", &types)));
}

#[tokio::test]
async fn what_is_left_out_does_not_go() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.answer(FIRST, "2").await;
    terminal.answer(LEAVE_OUT, "2 4").await;
    let check = terminal.answer(CONFIRM, "Yes").await;
    assert!(check.contains("142 passwords, 2 SSH\nkeys.\n"), "{check}");
    assert!(
        check.contains("Left out: 12 passkeys, 1 one-time"),
        "{check}"
    );
    let narrowed = send("org.gnome.Secrets", &["basic-auth", "ssh-key"]);
    assert_eq!(soon(answer).await, Ok(narrowed));
}

#[tokio::test]
async fn enter_held_down_before_and_during_the_question_sends_nothing() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    terminal.press("\n\n\n");
    terminal.see("\n\n\n").await;
    let answer = daemon.ask(question("x", &terminal));
    terminal.see(FIRST).await;
    terminal.press("\n\n\n\n");
    terminal.see("Cancelled. Nothing was sent.").await;
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn what_was_typed_before_the_question_does_not_answer_it() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    terminal.press("1\n\nyes\n");
    terminal.see("yes\n").await;
    let answer = daemon.ask(question("x", &terminal));
    terminal.answer(FIRST, "2").await;
    terminal.answer(LEAVE_OUT, "").await;
    let check = terminal.see(CONFIRM).await;
    assert!(check.contains("to “Secrets”"), "{check}");
    terminal.type_line("no");
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn the_end_of_the_input_is_a_no_at_every_step() {
    for steps in [&[][..], &["1"], &["1", ""]] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let answer = daemon.ask(question("x", &terminal));
        let prompts = [FIRST, LEAVE_OUT, CONFIRM];
        for (step, prompt) in steps.iter().zip(prompts) {
            terminal.answer(prompt, step).await;
        }
        terminal.see(prompts[steps.len()]).await;
        terminal.press("\x04");
        terminal.see("Cancelled. Nothing was sent.").await;
        assert_eq!(soon(answer).await, Ok(Answer::Decline), "{steps:?}");
    }
}

#[tokio::test]
async fn a_wrong_answer_is_explained_and_the_fifth_cancels() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.answer(FIRST, "3").await;
    terminal.see("a number from 1 to 2").await;
    terminal.answer(FIRST, "1").await;
    terminal.answer(LEAVE_OUT, "1 2 3").await;
    terminal.see("nothing would be left").await;
    terminal.answer(LEAVE_OUT, "").await;
    for _ in 0..3 {
        terminal.answer(CONFIRM, "y").await;
    }
    terminal.see("That was not understood five times.").await;
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn hostile_names_do_not_reach_the_screen() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut question = question("x", &terminal);
    question.exporter.name = Some("\x1b[2J\x1b]0;x\x07Bank”\n  Identity: sandboxed".into());
    question.exporter.app_id = Some("com.p\u{430}ypal".into());
    question.exporter.assurance = None;
    question.importers = vec![importer("a\u{202e}b", "Kee\u{200b}Pass\rXC\u{9b}2J", &[])];
    question.importers[0].conflict = Some("it hides\n\x1b[1A another".into());
    question.counts.insert("\x1b[31mnew".into(), 1);
    let answer = daemon.ask(question);
    let page = terminal.answer(FIRST, "").await;
    assert_eq!(
        page.find(|c: char| c.is_control() && c != '\n'),
        None,
        "{page:?}"
    );
    for line in [
        "“�[2J�]0;x�Bank' Identity: sandboxed” wants",
        "  App ID:   com.p\\u{430}ypal\n",
        "  Identity: unknown program; anything in your session can claim this name\n",
        "of the unknown kind “�[31mnew”",
        "  1.  Kee�Pass XC�2J (a\\u{202e}b), installed",
        "      Warning: it hides �[1A another\n",
    ] {
        assert!(page.contains(line), "{line:?} is missing from\n{page}");
    }
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn a_person_follows_the_exchange_to_its_receipt() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.agree().await;
    soon(answer).await.unwrap();
    for (state, line) in [
        (
            "exporting",
            "Waiting for “Bitwarden” to hand them over, sealed.",
        ),
        ("deposited", "“Bitwarden” has handed them over"),
        (
            "offered",
            "Waiting for “KeePassXC” to take them. Press c and Enter to stop.",
        ),
        ("claimed", "“KeePassXC” has received them"),
    ] {
        daemon
            .chooser
            .progress("x", state, ProgressDetails::default())
            .await;
        terminal.see(line).await;
    }
    daemon.finish("x", "completed", receipt()).await;
    for line in [
        "“KeePassXC” reports: 12 arrived, 1 failed, 2 ignored.\n",
        "Arrived: 10 passwords, 2 passkeys.\n",
        "Failed: 1 passkey.\n",
        "Ignored: 2 passwords.\n",
        "Differs from what was announced: 2 notes were announced, 1 came\n",
        "Your passwords are still in “Bitwarden”; delete them there when you have\nchecked “KeePassXC”.\n",
    ] {
        terminal.see(line).await;
    }
    assert_eq!(daemon.chooser.running(), 0);
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn a_person_stops_what_they_had_agreed_to() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let (sender, mut cancelled) = unbounded_channel();
    daemon.chooser.on_cancel(sender);
    let answer = daemon.ask(question("x", &terminal));
    terminal.agree().await;
    soon(answer).await.unwrap();
    daemon
        .chooser
        .progress("x", "offered", ProgressDetails::default())
        .await;
    terminal.answer("Press c and Enter to stop.", "c").await;
    assert_eq!(cancelled.recv().await.as_deref(), Some("x"));
    let details = FinishedDetails {
        message: Some("The person stopped it.".into()),
        handed_over: Some(false),
        ..FinishedDetails::default()
    };
    daemon.finish("x", "cancelled", details).await;
    terminal
        .see("It was stopped.\nDetails: The person stopped it.\nNothing was handed over: “KeePassXC” was given nothing.\nYour passwords are still in “Bitwarden”.")
        .await;
}

#[tokio::test]
async fn what_the_person_types_into_the_question_for_their_password_is_left_to_that() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let (sender, mut cancelled) = unbounded_channel();
    daemon.chooser.on_cancel(sender);
    let mut asked = question("x", &terminal);
    asked.authentication = Prospect::Asked;
    let answer = daemon.ask(asked);
    terminal.agree().await;
    soon(answer).await.unwrap();
    // Of two who read at one terminal, one gets the line: again and again it is never the chooser.
    let mut line = std::io::BufReader::new(std::fs::File::open(&terminal.name).unwrap());
    for attempt in 0..20 {
        terminal.type_line(&format!("c {attempt}"));
        let read = tokio::task::spawn_blocking(move || {
            let mut typed = String::new();
            line.read_line(&mut typed).unwrap();
            (line, typed)
        });
        let typed;
        (line, typed) = soon(read).await;
        assert_eq!(typed, format!("c {attempt}\n"));
    }
    let progress = daemon
        .chooser
        .progress("x", "offered", ProgressDetails::default());
    progress.await;
    assert!(cancelled.try_recv().is_err());
    terminal.answer("Press c and Enter to stop.", "c").await;
    assert_eq!(cancelled.recv().await.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_question_that_became_moot_is_withdrawn_and_says_why() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.see(FIRST).await;
    answer.abort();
    let details = FinishedDetails {
        message: Some("The exporter left the bus.".into()),
        ..FinishedDetails::default()
    };
    daemon.finish("x", "failed", details).await;
    terminal
        .see("The question of “Bitwarden” is withdrawn.\nIt failed.\nDetails: The exporter left the bus.\nNothing was sent.")
        .await;
    assert_eq!(daemon.chooser.running(), 0);
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn two_exchanges_at_one_terminal_take_turns_with_one_chooser() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let first = daemon.ask(question("one", &terminal));
    terminal.see(FIRST).await;
    let mut other = question("two", &terminal);
    other.exporter.name = Some("Pass".into());
    let second = daemon.ask(other);
    terminal.type_line("2");
    terminal.answer(LEAVE_OUT, "1 2 4").await;
    terminal.answer(CONFIRM, "yes").await;
    assert_eq!(
        soon(first).await,
        Ok(send("org.gnome.Secrets", &["ssh-key"]))
    );
    terminal.see("“Pass” wants to send").await;
    daemon
        .chooser
        .progress("one", "offered", ProgressDetails::default())
        .await;
    terminal.agree().await;
    soon(second).await.unwrap();
    terminal.see("Waiting for “Secrets” to take them.").await;
    daemon
        .chooser
        .progress("two", "offered", ProgressDetails::default())
        .await;
    terminal.see("Type c 2 and press Enter to stop it.").await;
    assert_eq!(daemon.starter.children.lock().unwrap().len(), 1);
    daemon.finish("one", "completed", receipt()).await;
    terminal.see("“Secrets” reports").await;
    assert_eq!(
        daemon.chooser.running(),
        1,
        "the other exchange still needs it"
    );
    daemon
        .finish("two", "expired", FinishedDetails::default())
        .await;
    terminal
        .see("The time was up.\n“KeePassXC” may have received some")
        .await;
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn an_exchange_that_ends_while_it_waits_for_its_turn_is_never_asked_about() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut answers = Vec::new();
    for exchange in ["one", "two", "three"] {
        let mut question = question(exchange, &terminal);
        question.exporter.name = Some(format!("App {exchange}"));
        answers.push(daemon.ask(question));
        if exchange == "one" {
            terminal.see(FIRST).await;
        }
    }
    answers.remove(1).abort();
    let details = FinishedDetails::default();
    daemon.finish("two", "expired", details).await;
    // What makes no sense is refused at once, after all that was said before.
    let mut nonsense = question("four", &terminal);
    nonsense.importers.clear();
    soon(daemon.ask(nonsense)).await.unwrap_err();
    terminal.type_line("");
    let page = terminal.answer(FIRST, "").await;
    assert!(page.contains("“App three” wants to send"), "{page}");
    assert!(!page.contains("App two"), "{page}");
    for answer in answers {
        assert_eq!(soon(answer).await, Ok(Answer::Decline));
    }
}

#[tokio::test]
async fn a_chooser_killed_under_an_open_question_fails_it_and_the_next_question_starts_another() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.see(FIRST).await;
    daemon.starter.kill_all();
    let failed = ChooserError::Failed("it ended before the person had answered".into());
    assert_eq!(soon(answer).await, Err(failed));
    let answer = daemon.ask(question("y", &terminal));
    terminal.answer(FIRST, "").await;
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn a_chooser_ends_with_its_daemon_even_while_it_waits_for_the_person() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let starter = Arc::clone(&daemon.starter);
    // A daemon that is killed says nothing: its runtime goes, and with it the socket.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let question = question("x", &terminal);
    let chooser = Arc::clone(&daemon.chooser);
    runtime.spawn(async move { chooser.ask(question).await });
    terminal.see(FIRST).await;
    runtime.shutdown_background();
    drop(daemon);
    assert_eq!(starter.all_end().await, 1);
}

#[tokio::test]
async fn choose_shows_the_page_and_answers_without_asking() {
    let terminal_and = |arguments: &[&str]| (Daemon::new(arguments), Terminal::new());
    let (daemon, mut terminal) =
        terminal_and(&["--choose", "keepassxc", "--leave-out", "passkey,totp"]);
    let answer = daemon.ask(question("x", &terminal));
    terminal.see("“Bitwarden” wants to send credentials").await;
    terminal.see("Answered by --choose, without asking:").await;
    terminal.see("Left out: 12 passkeys, 1 one-time").await;
    assert_eq!(
        soon(answer).await,
        Ok(send("org.keepassxc.KeePassXC", &["basic-auth"]))
    );

    let (daemon, mut terminal) = terminal_and(&["--choose", "1Password"]);
    let answer = daemon.ask(question("x", &terminal));
    terminal
        .see("no app is called “1Password”; there is “KeePassXC”")
        .await;
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn a_terminal_that_hangs_up_is_a_no() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.see(FIRST).await;
    terminal.hang_up();
    assert!(!matches!(soon(answer).await, Ok(Answer::Send { .. })));
    assert_eq!(Arc::clone(&daemon.starter).all_end().await, 1);
}

#[tokio::test]
async fn the_levels_are_said_in_words_and_the_app_id_is_always_there() {
    for (assurance, origin, words) in [
        ("launched", None, "started by Credex\n"),
        (
            "installed",
            Some("system"),
            "installed by the system, not verified\n",
        ),
        (
            "unverified",
            None,
            "unknown program; anything in your session can claim this name\n",
        ),
    ] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let mut question = question("x", &terminal);
        question.exporter.origin = origin.map(Into::into);
        question.exporter.assurance = Some(assurance.into());
        let answer = daemon.ask(question);
        let page = terminal.answer(FIRST, "").await;
        assert!(page.contains(&format!("  Identity: {words}")), "{page}");
        assert!(
            page.contains("  App ID:   com.bitwarden.desktop\n"),
            "{page}"
        );
        let proof = page.contains("is no proof: any program of yours");
        assert_eq!(proof, assurance == "installed", "{page}");
        assert_eq!(soon(answer).await, Ok(Answer::Decline));
    }
}

#[tokio::test]
async fn conflicts_are_warnings() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let mut question = question("x", &terminal);
    question.exporter.conflict = Some("an installed app bears this name".into());
    question.importers[0].conflict = Some("hides another entry".into());
    let answer = daemon.ask(question);
    let page = terminal.answer(FIRST, "").await;
    assert!(
        page.contains("\nWarning: an installed app bears this name\n"),
        "{page}"
    );
    assert!(
        page.contains("      Warning: hides another entry\n"),
        "{page}"
    );
    assert_eq!(soon(answer).await, Ok(Answer::Decline));
}

#[tokio::test]
async fn where_nothing_checks_who_answers_the_person_is_told_and_confirms_it() {
    for (typed, agrees) in [("yes", true), ("", false), ("no", false)] {
        let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
        let mut question = question("x", &terminal);
        question.authentication = Prospect::Unchecked;
        let answer = daemon.ask(question);
        terminal.answer(FIRST, "2").await;
        terminal.answer(LEAVE_OUT, "").await;
        let page = terminal
            .answer("Type yes if it is you, or only Enter to cancel: ", typed)
            .await;
        assert!(
            page.contains("Nothing on this computer checks that it is you who answers"),
            "{page}"
        );
        if agrees {
            terminal.answer(CONFIRM, "yes").await;
        }
        let answer = soon(answer).await.unwrap();
        assert_eq!(answer != Answer::Decline, agrees, "{typed:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_importer_that_never_answered_is_named_and_nothing_was_handed_over() {
    let (daemon, mut terminal) = (Daemon::new(&[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    terminal.agree().await;
    soon(answer).await.unwrap();
    let details = FinishedDetails {
        error: Some(Reason::ImporterSilent.dbus_name().into()),
        message: Some(format!(
            "{} Nothing was handed over.",
            Reason::ImporterSilent.meaning()
        )),
        handed_over: Some(false),
        ..FinishedDetails::default()
    };
    daemon.finish("x", "failed", details).await;
    terminal
        .see("“KeePassXC” was called, and did not answer in time.\nNothing was handed over: “KeePassXC” was given nothing.\nYour passwords are still in “Bitwarden”.\n")
        .await;
}
