//! An exchange, driven to any of its states.

use credex_tests::chooser::{self, Script};
use credex_tests::desktop::{Desktop, Plan};
use credex_tests::exporter::{Exporter, Request, Session};
use credex_tests::importer::{Importer, Manners, Offer};
use credex_tests::patience::eventually;
use credex_tests::payload::{self, Sealed};

/// The importer of most stories.
pub(crate) const VAULT: &str = "org.example.Vault";
/// What it gets.
pub(crate) const COUNTS: &[(&str, u32)] = &[("note", 1)];
/// A sentence that must not be seen outside the two apps.
pub(crate) const MARKER: &str = "correct horse battery staple";
/// A document with it. Nobody who speaks the wire by hand looks at it.
pub(crate) const DOCUMENT: &[u8] = br#"{"note":"correct horse battery staple"}"#;

/// A sealed payload of [`DOCUMENT`].
pub(crate) fn payload() -> Sealed {
    payload::seal(DOCUMENT, &[])
}

/// How far an exchange is. The names are those of `Status.GetStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Choosing,
    Exporting,
    Deposited,
    Offered,
    Claimed,
}

/// One exchange on a desktop of its own.
pub(crate) struct Scene {
    pub(crate) desktop: Desktop,
    pub(crate) exporter: Exporter,
    pub(crate) importer: Importer,
    pub(crate) request: Request,
    pub(crate) session: Option<Session>,
    pub(crate) offer: Option<Offer>,
    /// The exchange, as the chooser calls it.
    pub(crate) exchange: String,
    /// The process of the chooser.
    pub(crate) chooser: u32,
    idle_files: Option<Vec<String>>,
}

impl State {
    pub(crate) const ALL: [State; 5] = [
        State::Choosing,
        State::Exporting,
        State::Deposited,
        State::Offered,
        State::Claimed,
    ];

    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Scene {
    pub(crate) async fn at(state: State) -> Scene {
        Scene::planned(state, Desktop::plan()).await
    }

    /// On a desktop with a plan of its own. The person is told what to do by `state`.
    pub(crate) async fn planned(state: State, plan: Plan) -> Scene {
        let script = match state {
            State::Choosing => Script::Hang,
            _ => Script::choose(VAULT),
        };
        let mut desktop = plan.chooser(script).open().await;
        let idle_files = idle_files(&mut desktop).await;
        let manners = match state {
            State::Deposited => Manners::KeepSilent,
            _ => Manners::Acknowledge,
        };
        let importer = Importer::announced_with(&desktop, VAULT, manners).await;
        let exporter = Exporter::join(&desktop).await;
        let request = exporter.ask(COUNTS).await;
        let asked = desktop.person.asked().await;
        let mut scene = Scene {
            exchange: asked["exchange"].as_str().unwrap().to_owned(),
            chooser: chooser::pid(&asked),
            desktop,
            exporter,
            importer,
            request,
            session: None,
            offer: None,
            idle_files,
        };
        scene.go_on_to(state).await;
        let states = scene.exporter.status().await.states.unwrap();
        assert_eq!(states.get(&state.name()), Some(&1), "{states:?}");
        scene
    }

    async fn go_on_to(&mut self, state: State) {
        if state >= State::Exporting {
            self.session = Some(self.request.session().await);
        }
        if state >= State::Deposited {
            self.session().deposit(&payload(), COUNTS).await.unwrap();
        }
        if state == State::Deposited {
            self.importer.offered().await;
        }
        if state >= State::Offered {
            self.offer = Some(self.importer.offer().await);
        }
        if state >= State::Claimed {
            let (opened, _) = self.offer().redeem().await.unwrap();
            assert_eq!(opened.document, DOCUMENT);
        }
    }

    /// Starts another daemon in the place of the one before.
    pub(crate) async fn restart_daemon(&mut self) {
        self.desktop.start_daemon().await;
        self.idle_files = idle_files(&mut self.desktop).await;
    }

    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("the person has agreed")
    }

    pub(crate) fn offer(&self) -> &Offer {
        self.offer.as_ref().expect("the offer was made")
    }

    /// Nothing is left of the exchange: in the books, among the daemon's files, for a chooser to do.
    pub(crate) async fn nothing_is_left(&mut self) {
        let onlooker = Exporter::join(&self.desktop).await;
        let status = onlooker.status().await;
        assert_eq!(
            (status.exchanges, status.states),
            (Some(0), Some(Default::default()))
        );
        let daemon = self.desktop.daemon().peer();
        let Some(before) = &self.idle_files else {
            return eprintln!("the daemon's open files are not counted: only root may");
        };
        let look = || daemon.open_files().unwrap_or_default();
        let what = format!("the daemon's open files as before: {before:?}");
        eventually(&what, look, |now| now.len() == before.len()).await;
    }
}

/// What a daemon has open that has nothing to do. It serves a moment before it opens its timer, so it
/// is called twice first. Another daemon may have been started with a file more: programs that are
/// started while a file arrives in another thread of the test inherit it.
pub(crate) async fn idle_files(desktop: &mut Desktop) -> Option<Vec<String>> {
    let onlooker = Exporter::join(desktop).await;
    onlooker.status().await;
    onlooker.status().await;
    desktop.daemon().peer().open_files()
}
