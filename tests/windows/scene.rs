//! A person at a display, an app that exports and one that imports.

use credex_tests::desktop::{Desktop, Plan};
use credex_tests::exporter::{Exporter, Request, Session};
use credex_tests::importer::Importer;
use credex_tests::payload;
use credex_tests::process::Peer;
use credex_tests::reader::{Object, Reader};
use credex_tests::screen::Screen;

/// The importer of most stories.
pub(crate) const VAULT: &str = "org.example.Vault";
/// What is exported.
pub(crate) const COUNTS: &[(&str, u32)] = &[("basic-auth", 142), ("passkey", 12)];
/// What the window of an export is called.
pub(crate) const TITLE: &str = "Send credentials";

/// All that a story needs.
pub(crate) struct Scene {
    pub(crate) screen: Screen,
    pub(crate) desktop: Desktop,
    pub(crate) reader: Reader,
    pub(crate) exporter: Exporter,
    pub(crate) importer: Importer,
}

/// A page of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Page {
    Ask,
    Apps,
    Confirm,
}

impl Page {
    pub(crate) const ALL: [Page; 3] = [Page::Ask, Page::Apps, Page::Confirm];
}

impl Scene {
    /// Opens it. `None` where windows cannot be tried.
    pub(crate) async fn open() -> Option<Scene> {
        Scene::planned(Desktop::plan()).await
    }

    /// Opens it with a plan of its own.
    pub(crate) async fn planned(plan: Plan) -> Option<Scene> {
        let screen = Screen::open(800, 700)?;
        let desktop = plan.with_windows(&screen).open().await;
        let importer = Importer::announced(&desktop, VAULT).await;
        let exporter = Exporter::join(&desktop).await;
        let reader = Reader::on(&desktop).await;
        Some(Scene {
            screen,
            desktop,
            reader,
            exporter,
            importer,
        })
    }

    /// Asks, and goes as far as `page`.
    pub(crate) async fn asked(&self, page: Page) -> Request {
        let request = self.exporter.ask(COUNTS).await;
        self.go_to(page).await;
        request
    }

    /// Goes as far as `page`, from the first.
    pub(crate) async fn go_to(&self, page: Page) {
        for each in Page::ALL.into_iter().take_while(|each| *each <= page) {
            self.go_on_to(each).await;
        }
    }

    /// Goes on to `page` from the one before it.
    pub(crate) async fn go_on_to(&self, page: Page) {
        match page {
            Page::Ask => self.reader.find("button", "Continue").await,
            Page::Apps => {
                self.reader.press("button", "Continue").await;
                self.reader.find("button", VAULT).await
            }
            Page::Confirm => {
                self.reader.press("button", VAULT).await;
                self.reader.find("button", "Send to").await
            }
        };
    }

    /// Agrees to send everything.
    pub(crate) async fn agreed(&self) -> Session {
        let request = self.asked(Page::Confirm).await;
        self.reader.press("button", "Send to").await;
        request.session().await
    }

    /// Deposits what is agreed.
    pub(crate) async fn deposit(&self, session: &Session) {
        let payload = payload::seal(b"{}", &[]);
        let going = COUNTS
            .iter()
            .filter(|(kind, _)| session.types.iter().any(|each| each == kind));
        let counts: Vec<_> = going.copied().collect();
        session.deposit(&payload, &counts).await.unwrap();
    }

    /// The process of the windows.
    pub(crate) fn chooser(&mut self) -> Peer {
        let zygote = self.desktop.daemon().peer().children();
        let mut programs = zygote.iter().flat_map(Peer::children);
        let is_chooser = |peer: &Peer| {
            let arguments = String::from_utf8_lossy(&peer.arguments()).into_owned();
            arguments.contains("credex-chooser-gtk")
        };
        programs.find(is_chooser).expect("the chooser runs")
    }

    /// Waits until no window is left.
    pub(crate) async fn no_window_is_left(&self) {
        let gone = |objects: &[Object]| {
            let window = objects.iter().any(|object| object.role == "dialog");
            (!window).then_some(())
        };
        self.reader.until("the windows to close", gone).await;
    }
}
