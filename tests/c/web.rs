//! Passwords that an app in C shares with its website, which is one of this computer.

use std::io::Write;
use std::path::Path;

use credex_tests::app::Entry;
use credex_tests::c::Workshop;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::memory::{Memory, disguises};
use credex_tests::website::{Authority, Identity, Page, Website};

use crate::running::Running;
use crate::watched::Watched;

const SHOP: &str = "org.example.CShop";
/// 32 letters that are nowhere else.
const SECRET: &str = "Wq4bR8tYx1mC6nZ0kJ5pLs9vHd3fGa7u";

/// A desktop with an app and its website.
struct Scene {
    desktop: Desktop,
    site: Website,
    _authority: Authority,
}

impl Scene {
    async fn open() -> Scene {
        let authority = Authority::new();
        let site = Website::open(&authority, Identity::Good);
        site.serve("/.well-known/assetlinks.json", Page::json(statement()));
        let desktop = Desktop::plan().configured(&format!(
            "[web_credentials]\ndeveloper = true\nstore = \"memory\"\nauthority = {:?}",
            authority.file()
        ));
        let desktop = desktop.open().await;
        let declared = format!("[org.credex.WebCredentials1]\nDomains={};\n", site.host());
        desktop.install(&Entry::new(SHOP).group(&declared));
        Scene {
            desktop,
            site,
            _authority: authority,
        }
    }

    /// The program, which has been told the password, and has come to its end but not ended.
    async fn play(&self, workshop: &Workshop, watched: Watched) -> Running {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/web.c");
        let program = workshop.build(&source, watched.build());
        let mut command = watched.command(&program, &self.desktop);
        command.arg(self.desktop.person.script_file());
        let (mut playing, mut said) = Running::start_listening(command.arg(self.site.host()));
        writeln!(playing.input(), "{SECRET}").unwrap();
        let said = said.next().await;
        if said.as_deref() != Some("done") {
            let (_, complaints) = playing.ended_saying().await;
            panic!("it said {said:?}, and complained: {complaints}");
        }
        playing
    }
}

/// The website names the app.
fn statement() -> String {
    format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{SHOP}\"}}}}]"
    )
}

/// It ends without a complaint of its own or of whoever watches.
async fn ends_well(playing: Running) {
    let ended = playing.ended_saying().await;
    assert_eq!(ended, (Some(0), String::new()));
}

async fn is_shared(watched: Watched) {
    if !watched.is_there() {
        return;
    }
    let scene = Scene::open().await;
    ends_well(scene.play(&Workshop::open(), watched).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_in_c_shares_passwords_with_its_website_and_keeps_none_in_memory() {
    let scene = Scene::open().await;
    let workshop = Workshop::open();
    let playing = scene.play(&workshop, Watched::Alone).await;
    let memory = Memory::of(playing.id()).unwrap();
    for (disguise, bytes) in disguises(SECRET.as_bytes()) {
        let places = memory.places(&bytes);
        assert!(places.is_empty(), "the password as {disguise}: {places:?}");
    }
    let shop = memory.places(SHOP.as_bytes());
    assert!(!shop.is_empty(), "what is there is found");
    ends_well(playing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_passwords_leaks_nothing_and_reads_nothing_that_is_not_there() {
    is_shared(Watched::ByValgrind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_passwords_is_nothing_that_sanitizers_find() {
    is_shared(Watched::BySanitizers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_saves_a_new_password_and_finds_it_the_next_time() {
    let scene = Scene::open().await;
    scene.desktop.person.will(&Script::agree());
    let workshop = Workshop::open();
    let program = workshop.example("web", Watched::Alone.build());
    let mut lines = Vec::new();
    for _ in 0..2 {
        let mut command = Watched::Alone.command(&program, &scene.desktop);
        let (playing, mut said) =
            Running::start_listening(command.args([SHOP, &scene.site.host(), "ada"]));
        while let Some(line) = said.next().await {
            lines.push(line);
        }
        ends_well(playing).await;
    }
    assert!(lines[1].starts_with("made a password of "), "{lines:?}");
    assert_eq!(lines[2..], ["added", "ada has a password of 15 bytes"]);
}
