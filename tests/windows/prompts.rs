//! Consents and passphrases, as a screen reader sees them.

use std::io::Read;

use credex_protocol::wire::{AppIdentity, ConsentRequest, PassphraseRequest};
use credex_tests::desktop::Desktop;
use credex_tests::programs;
use credex_tests::reader::Reader;
use credex_tests::screen::Screen;
use credex_tests::stage::Stage;

struct Prompts {
    screen: Screen,
    desktop: Desktop,
    reader: Reader,
    stage: Stage,
}

impl Prompts {
    async fn open() -> Option<Prompts> {
        Some(Prompts::on(Screen::open(800, 700)?).await)
    }

    async fn on(screen: Screen) -> Prompts {
        let desktop = Desktop::plan().with_windows(&screen).open().await;
        let reader = Reader::on(&desktop).await;
        let program = programs::credex_chooser_gtk();
        let log = desktop.path("chooser.log");
        let stage = Stage::open(&program, desktop.environment(), &log).await;
        Prompts {
            screen,
            desktop,
            reader,
            stage,
        }
    }

    async fn consent(&self, kind: &str, accounts: &[&str], button: &str) -> (u32, Option<String>) {
        let request = ConsentRequest {
            kind: Some(kind.into()),
            app: Some(AppIdentity {
                app_id: Some("org.example.Shop".into()),
                name: Some("Shop".into()),
                assurance: Some("sandboxed".into()),
                ..AppIdentity::default()
            }),
            domain: Some("example.org".into()),
            accounts: Some(accounts.iter().map(|&name| name.into()).collect()),
            developer: Some(true),
            ..ConsentRequest::default()
        };
        let person = async {
            self.reader.find("label", "Developer mode is on").await;
            assert!(self.reader.find("button", "Not now").await.is_focused());
            self.reader.press("button", button).await;
        };
        let (answer, ()) = tokio::join!(self.stage.chooser.ask_consent("1", "", request), person);
        let (response, results) = answer.expect("an answer");
        (response, results.account)
    }
}

/// The smallest width, in pixels, that a window asks the window manager for (ICCCM, 4.1.2.3).
fn narrowest(properties: &str) -> u32 {
    let told = properties
        .lines()
        .find_map(|line| line.trim().strip_prefix("program specified minimum size: "));
    let width = told.and_then(|size| size.split(' ').next());
    width.expect("a smallest size").parse().expect("a number")
}

#[tokio::test]
async fn large_text_does_not_make_a_consent_wider_than_a_phone() {
    let Some(screen) = Screen::open(800, 700) else {
        return;
    };
    screen.scale_text(150);
    let prompts = Prompts::on(screen).await;
    let request = ConsentRequest {
        kind: Some("choose".into()),
        domain: Some("shop.example.org".into()),
        accounts: Some(vec!["alice@example.org".into(), "bob".into()]),
        ..ConsentRequest::default()
    };
    let person = async {
        prompts.reader.find("button", "Not now").await;
        let window = prompts.screen.only_window("Saved password");
        let asked = narrowest(&prompts.screen.properties(window));
        assert!((1..=360).contains(&asked), "{asked} pixels");
        prompts.reader.press("button", "Not now").await;
    };
    let (answer, ()) = tokio::join!(prompts.stage.chooser.ask_consent("1", "", request), person);
    assert_eq!(answer.expect("an answer").0, 1);
}

#[tokio::test]
async fn not_now_is_told_apart_from_never_and_from_yes() {
    let Some(prompts) = Prompts::open().await else {
        return;
    };
    for (kind, agree) in [("add", "Save"), ("update", "Change"), ("delete", "Delete")] {
        for (button, response) in [("Not now", 1), ("Never", 2), (agree, 0), ("Close", 1)] {
            let answer = prompts.consent(kind, &["alice"], button).await;
            assert_eq!(answer, (response, None), "{kind}: {button}");
        }
    }
    let chosen = prompts
        .consent("choose", &["alice", "bob"], "Use password: bob")
        .await;
    assert_eq!(chosen, (0, Some("bob".to_owned())));
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_closes_and_the_next_is_asked() {
    let Some(prompts) = Prompts::open().await else {
        return;
    };
    let request = |domain: &str| ConsentRequest {
        kind: Some("add".into()),
        domain: Some(domain.into()),
        accounts: Some(vec!["alice".into()]),
        ..ConsentRequest::default()
    };
    let chooser = &prompts.stage.chooser;
    let person = async {
        prompts.reader.find("label", "one.example").await;
        chooser.withdraw("1").await.unwrap();
        prompts.reader.find("label", "two.example").await;
        prompts.reader.press("button", "Never").await;
    };
    let (one, two, ()) = tokio::join!(
        chooser.ask_consent("1", "", request("one.example")),
        chooser.ask_consent("2", "", request("two.example")),
        person
    );
    assert_eq!((one.unwrap().0, two.unwrap().0), (1, 2));
}

#[tokio::test]
async fn a_passphrase_is_typed_and_goes_through_a_pipe() {
    let Some(prompts) = Prompts::open().await else {
        return;
    };
    let request = PassphraseRequest {
        purpose: Some("create".into()),
        store: Some("Passwords".into()),
        ..PassphraseRequest::default()
    };
    let person = async {
        prompts.reader.find("button", "Create").await;
        prompts.screen.give_keyboard_to("Passphrase");
        prompts.screen.write("tr0ub4dor");
        prompts.screen.press(&["Tab"]);
        prompts.screen.write("tr0ub4do");
        prompts.reader.press("button", "Create").await;
        prompts.reader.find("label", "not the same").await;
        prompts.screen.write("r");
        prompts.reader.press("button", "Create").await;
    };
    let (answer, ()) = tokio::join!(
        prompts.stage.chooser.ask_passphrase("1", "", request),
        person
    );
    let (response, results) = answer.expect("an answer");
    assert_eq!(response, 0);
    let pipe: std::os::fd::OwnedFd = results.passphrase.expect("a pipe").into();
    let mut typed = String::new();
    std::fs::File::from(pipe)
        .read_to_string(&mut typed)
        .unwrap();
    assert_eq!(typed, "tr0ub4dor");
    drop(prompts.desktop);
}
