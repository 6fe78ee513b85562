//! Pictures of every page of the windows: light, dark, in high contrast and with large text, at single
//! and double size, and 360 pixels wide; the last question of a transfer also in German.

use std::path::{Path, PathBuf};

use credex_protocol::wire::{
    AppIdentity, ChooseRequest, ConsentRequest, FinishedDetails, ImporterInfo, PassphraseRequest,
    Plan, PlannedLoss, ProgressDetails, Tally,
};
use rustix::time::{ClockId, clock_gettime};

use crate::desktop::Desktop;
use crate::programs;
use crate::reader::Reader;
use crate::screen::Screen;
use crate::stage::Stage;

/// A way to look at the windows.
#[derive(Debug, Clone, Copy)]
struct Look {
    name: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// In percent of the usual size.
    text: u32,
    width: Option<u32>,
}

/// What the words are called in German by which the pages of the look "german" are found.
const GERMAN: [(&str, &str); 14] = [
    ("Send credentials", "Zugangsdaten senden"),
    ("Saved password", "Gespeichertes Passwort"),
    ("Continue", "Weiter"),
    ("Send to", "senden"),
    ("Cancel", "Abbrechen"),
    ("Close", "Schließen"),
    ("passkeys", "Passkeys"),
    ("to take them", "annehmen"),
    ("arrived", "angekommen"),
    ("in time", "rechtzeitig"),
    ("Not now", "Nicht jetzt"),
    ("Never", "Nie"),
    ("Create", "Anlegen"),
    ("Show 3 more", "3 weitere zeigen"),
];

#[rustfmt::skip]
const LOOKS: [Look; 12] = [
    Look { name: "light", variables: &[], text: 100, width: None },
    Look { name: "light-2x", variables: &[("GDK_SCALE", "2")], text: 100, width: None },
    Look { name: "dark", variables: &[("ADW_DEBUG_COLOR_SCHEME", "prefer-dark")], text: 100, width: None },
    Look { name: "dark-2x", variables: &[("ADW_DEBUG_COLOR_SCHEME", "prefer-dark"), ("GDK_SCALE", "2")], text: 100, width: None },
    Look { name: "contrast", variables: &[("ADW_DEBUG_HIGH_CONTRAST", "1")], text: 100, width: None },
    Look { name: "contrast-2x", variables: &[("ADW_DEBUG_HIGH_CONTRAST", "1"), ("GDK_SCALE", "2")], text: 100, width: None },
    Look { name: "contrast-dark", variables: &[("ADW_DEBUG_HIGH_CONTRAST", "1"), ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark")], text: 100, width: None },
    Look { name: "large", variables: &[], text: 150, width: None },
    Look { name: "large-2x", variables: &[("GDK_SCALE", "2")], text: 150, width: None },
    Look { name: "narrow", variables: &[], text: 100, width: Some(360) },
    Look { name: "narrow-large", variables: &[], text: 150, width: Some(360) },
    Look { name: "german", variables: &[("LANG", "de_DE.UTF-8")], text: 100, width: None },
];

/// Takes all pictures into `directory`, or those of the look that `CREDEX_LOOK` names.
pub fn take(directory: &Path) {
    std::fs::create_dir_all(directory).expect("the directory can be made");
    let wanted = std::env::var("CREDEX_LOOK").ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime can be built");
    for look in LOOKS
        .iter()
        .filter(|look| wanted.as_ref().is_none_or(|name| name == look.name))
    {
        let Some(screen) = Screen::open(1100, 1400) else {
            return;
        };
        runtime.block_on(Album::of(look, &screen, directory));
        eprintln!("{}", look.name);
    }
}

struct Album<'a> {
    look: &'a Look,
    screen: &'a Screen,
    directory: &'a Path,
    reader: Reader,
    stage: Stage,
}

impl Album<'_> {
    async fn of(look: &Look, screen: &Screen, directory: &Path) {
        let mut plan = Desktop::plan().with_windows(screen);
        for (name, value) in look.variables {
            plan = plan.variable(name, value);
        }
        let desktop = plan.open().await;
        screen.scale_text(look.text);
        let reader = Reader::on(&desktop).await;
        let program = programs::credex_chooser_gtk();
        let stage = Stage::open(
            &program,
            desktop.environment(),
            &desktop.path("chooser.log"),
        )
        .await;
        let album = Album {
            look,
            screen,
            directory,
            reader,
            stage,
        };
        album.take().await;
    }

    async fn take(&self) {
        self.plans().await;
        self.export().await;
        self.endings().await;
        self.prompts().await;
    }

    async fn export(&self) {
        let verified = tokio::spawn(ask(self.stage.chooser.clone(), "0", known_request()));
        self.picture("1-ask-verified", self.said("Continue")).await;
        self.reader.press("button", self.said("Cancel")).await;
        verified.await.unwrap();
        let asked = tokio::spawn(ask(self.stage.chooser.clone(), "1", request()));
        self.picture("2-ask", self.said("Continue")).await;
        self.reader.press("button", self.said("Continue")).await;
        self.picture("3-apps", "KeePassXC").await;
        self.reader.press("button", "KeePassXC").await;
        self.picture("4-confirm-asleep", self.said("Send to")).await;
        self.reader.press("switch", self.said("passkeys")).await;
        let send = self.said("Send to");
        self.reader
            .until("the button to wake", |objects| {
                objects
                    .iter()
                    .find(|o| o.role == "button" && o.name.contains(send) && o.is_sensitive())
                    .map(drop)
            })
            .await;
        self.picture("5-confirm", self.said("Send to")).await;
        self.reader.press("button", self.said("Send to")).await;
        asked.await.unwrap();
        self.picture("6-exporting", self.said("Cancel")).await;
        let details = ProgressDetails {
            expires: Some(in_minutes(5)),
        };
        self.stage
            .chooser
            .progress("1", "offered", details.clone())
            .await
            .unwrap();
        self.reader.find("label", self.said("to take them")).await;
        self.picture("7-offered", self.said("Cancel")).await;
        self.stage
            .chooser
            .progress("1", "claimed", details)
            .await
            .unwrap();
        self.picture("8-claimed", self.said("Close")).await;
        self.stage
            .chooser
            .finished("1", "completed", receipt())
            .await
            .unwrap();
        self.reader.find("heading", self.said("arrived")).await;
        self.picture("9-receipt", self.said("Close")).await;
        self.reader.press("button", self.said("Close")).await;
    }

    /// The last question where the exporter says what will become of it.
    async fn plans(&self) {
        for (page, importer, opens) in [
            ("14-plan", "KeePassXC", false),
            ("15-plan-with-losses", "Firefox", false),
            ("16-plan-opened", "Chromium", true),
        ] {
            let asked = tokio::spawn(ask(self.stage.chooser.clone(), page, transfer()));
            self.reader.press("button", self.said("Continue")).await;
            self.reader.press("button", importer).await;
            self.reader.ready("button", self.said("Send to")).await;
            if opens {
                self.reader.press("button", self.said("Show 3 more")).await;
            }
            self.picture(page, self.said("Send to")).await;
            self.reader.press("button", self.said("Cancel")).await;
            asked.await.unwrap();
        }
    }

    async fn endings(&self) {
        let asked = tokio::spawn(ask(self.stage.chooser.clone(), "2", request()));
        for button in ["Continue", "KeePassXC", "Send to"] {
            self.reader.press("button", self.said(button)).await;
        }
        asked.await.unwrap();
        let details = FinishedDetails {
            error: Some(credex_protocol::Reason::ImporterSilent.name().into()),
            handed_over: Some(false),
            ..FinishedDetails::default()
        };
        self.stage
            .chooser
            .finished("2", "expired", details)
            .await
            .unwrap();
        self.reader.find("heading", self.said("in time")).await;
        self.picture("10-expired", self.said("Close")).await;
        self.reader.press("button", self.said("Close")).await;
    }

    async fn prompts(&self) {
        for (page, kind, accounts) in [
            ("11-consent-update", "update", &["alice@example.org"][..]),
            (
                "12-consent-choose",
                "choose",
                &["alice@example.org", "bob", "work"],
            ),
        ] {
            let (chooser, request) = (self.stage.chooser.clone(), consent(kind, accounts));
            let asked = tokio::spawn(async move { chooser.ask_consent(page, "", request).await });
            self.picture(page, self.said("Not now")).await;
            self.reader.press("button", self.said("Never")).await;
            asked.await.unwrap().unwrap();
        }
        let chooser = self.stage.chooser.clone();
        let request = PassphraseRequest {
            purpose: Some("create".into()),
            store: Some("Credex passwords".into()),
            ..PassphraseRequest::default()
        };
        let asked = tokio::spawn(async move { chooser.ask_passphrase("p", "", request).await });
        self.picture("13-passphrase", self.said("Create")).await;
        self.reader.press("button", self.said("Cancel")).await;
        asked.await.unwrap().unwrap();
    }

    /// What is said in the language of the look.
    fn said<'w>(&self, english: &'w str) -> &'w str {
        let translated = GERMAN.iter().find(|(known, _)| *known == english);
        match translated.filter(|_| self.look.name == "german") {
            Some((_, german)) => german,
            None => english,
        }
    }

    /// Once `button` is there.
    async fn picture(&self, page: &str, button: &str) {
        self.reader.find("button", button).await;
        let (sends, saved) = (self.said("Send credentials"), self.said("Saved password"));
        let window = self
            .screen
            .only_window(&format!("{sends}|{saved}|Passphrase"));
        if let Some(width) = self.look.width {
            self.screen.resize(window, width, 680);
        }
        let file: PathBuf = self
            .directory
            .join(format!("{page}.{}.png", self.look.name));
        self.screen.steady_picture(window, &file).await;
    }
}

async fn ask(
    chooser: credex_protocol::proxy::ChooserProxy<'static>,
    exchange: &'static str,
    request: ChooseRequest,
) {
    chooser
        .choose_importer(exchange, "", request)
        .await
        .expect("an answer");
}

fn consent(kind: &str, accounts: &[&str]) -> ConsentRequest {
    ConsentRequest {
        kind: Some(kind.into()),
        app: Some(AppIdentity {
            app_id: Some("org.example.Shop".into()),
            name: Some("Example Shop".into()),
            assurance: Some("sandboxed".into()),
            origin: Some("flatpak-user".into()),
            ..AppIdentity::default()
        }),
        domain: Some("shop.example.org".into()),
        accounts: Some(accounts.iter().map(|&name| name.into()).collect()),
        ..ConsentRequest::default()
    }
}

fn known_request() -> ChooseRequest {
    ChooseRequest {
        exporter: Some(AppIdentity {
            app_id: Some("com.bitwarden.desktop".into()),
            name: Some("Bitwarden".into()),
            assurance: Some("sandboxed".into()),
            origin: Some("flatpak-system".into()),
            ..AppIdentity::default()
        }),
        authentication: Some("asked".into()),
        ..request()
    }
}

fn request() -> ChooseRequest {
    let counts = [
        ("basic-auth", 142),
        ("passkey", 12),
        ("totp", 31),
        ("note", 8),
        ("ssh-key", 2),
        ("credit-card", 3),
    ];
    ChooseRequest {
        exporter: Some(AppIdentity {
            app_id: Some("org.example.OldVault".into()),
            name: Some("Old Vault".into()),
            assurance: Some("unverified".into()),
            ..AppIdentity::default()
        }),
        counts: Some(counts.map(|(kind, count)| (kind.to_owned(), count)).into()),
        importers: Some(vec![
            importer(
                "org.keepassxc.KeePassXC",
                "KeePassXC",
                "system",
                &["credit-card"],
            ),
            importer("org.gnome.World.Secrets", "Secrets", "user", &[]),
            ImporterInfo {
                conflict: Some(
                    "It stands in the way of an app of the same name that the system installed."
                        .into(),
                ),
                ..importer("org.example.Granite", "Granite Vault", "running", &[])
            },
            importer(
                "org.example.Notes",
                "Plain Notes",
                "system",
                &[
                    "basic-auth",
                    "passkey",
                    "totp",
                    "note",
                    "ssh-key",
                    "credit-card",
                ],
            ),
        ]),
        ..ChooseRequest::default()
    }
}

/// What a program asks that moves credentials between stores.
fn transfer() -> ChooseRequest {
    let all = ["passkey", "totp", "note", "ssh-key", "credit-card"];
    let store = |name: &str, will_not_take: &[&str], plan| ImporterInfo {
        plan: Some(plan),
        assurance: Some("unverified".into()),
        ..importer(
            &format!("org.credex.Cli@:1.{}", name.len()),
            name,
            "running",
            will_not_take,
        )
    };
    let loss = |kind: Option<&str>, count, reason: &str, part| PlannedLoss {
        credential_type: kind.map(str::to_owned),
        reason: Some(reason.to_owned()),
        count: Some(count),
        part: Some(part),
    };
    let mut few = vec![
        loss(Some("passkey"), 12, "no-place", false),
        loss(Some("credit-card"), 3, "websites-only", false),
        loss(None, 61, "no-place", true),
    ];
    let keepassxc = Plan {
        added: Some(120),
        same: Some(18),
        both: Some(4),
        ..Plan::default()
    };
    let firefox = Plan {
        added: Some(120),
        kept: Some(1),
        dropped: Some(25),
        unreadable: Some(2),
        losses: Some(few.clone()),
        ..Plan::default()
    };
    few.extend([
        loss(Some("ssh-key"), 2, "websites-only", false),
        loss(Some("totp"), 31, "too-large", false),
        loss(Some("basic-auth"), 17, "no-place", true),
        loss(Some("note"), 8, "too-large", true),
    ]);
    let chromium = Plan {
        replaced: Some(121),
        losses: Some(few),
        ..firefox.clone()
    };
    ChooseRequest {
        exporter: Some(AppIdentity {
            app_id: Some("org.credex.Cli".into()),
            name: Some("Credex".into()),
            assurance: Some("installed".into()),
            origin: Some("system".into()),
            ..AppIdentity::default()
        }),
        importers: Some(vec![
            store("KeePassXC database new.kdbx", &[], keepassxc),
            store("Firefox passwords.csv", &all, firefox),
            store("Chromium passwords.csv", &all, chromium),
        ]),
        ..request()
    }
}

fn importer(id: &str, name: &str, origin: &str, will_not_take: &[&str]) -> ImporterInfo {
    ImporterInfo {
        id: Some(id.into()),
        name: Some(name.into()),
        origin: Some(origin.into()),
        will_not_take: Some(will_not_take.iter().map(|&kind| kind.into()).collect()),
        ..ImporterInfo::default()
    }
}

fn receipt() -> FinishedDetails {
    let tally = |succeeded, failed, ignored| Tally {
        succeeded,
        failed,
        ignored,
    };
    let receipt = [
        ("basic-auth", tally(140, 2, 0)),
        ("totp", tally(31, 0, 0)),
        ("note", tally(7, 0, 1)),
        ("ssh-key", tally(2, 0, 0)),
    ];
    FinishedDetails {
        receipt: Some(receipt.map(|(kind, tally)| (kind.to_owned(), tally)).into()),
        ..FinishedDetails::default()
    }
}

fn in_minutes(minutes: u64) -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    (u64::try_from(now.tv_sec).unwrap() + minutes * 60) * 1000
}
