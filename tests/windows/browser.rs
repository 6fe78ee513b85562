//! Real GNOME Web (design §7, "Store"): it fills in and lists what an app saved, and an app gets what it
//! saved.

use credex::{Change, Password, SharedWebCredentials, Wanted};
use credex_tests::app::Entry;
use credex_tests::browser::Browser;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::keyring::Keyring;
use credex_tests::password_list::PasswordList;
use credex_tests::patience::eventually;
use credex_tests::reader::Reader;
use credex_tests::screen::Screen;
use credex_tests::website::{Authority, Identity, Page, Website};

const APP: &str = "org.example.Shop";

/// A form that tells its site what the browser has filled in, and then signs in as whom the site says.
const LOGIN: &str = "<!doctype html><title>Shop</title><form action=/welcome>\
    <input name=username id=u><input name=password type=password id=p></form><script>\
    p.addEventListener('change', async () => {\
        const answer = await fetch(`/saw?${u.value}=${p.value}`);\
        if (!answer.ok) return;\
        const other = await answer.json();\
        u.value = other.username;\
        p.value = other.password;\
        document.forms[0].requestSubmit();\
    });</script>";

#[tokio::test]
async fn gnome_web_fills_in_and_lists_what_an_app_saved_and_an_app_gets_what_gnome_web_saved() {
    let Some(screen) = Screen::open(1200, 800) else {
        return;
    };
    if !Browser::can_run() || !Keyring::can_run() {
        return;
    }
    let authority = Authority::new();
    let site = Website::open(&authority, Identity::Good);
    let links = format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{APP}\"}}}}]"
    );
    site.serve("/.well-known/assetlinks.json", Page::json(links));
    site.serve("/login", Page::typed("text/html", LOGIN));
    let bea = "{\"username\":\"bea\",\"password\":\"hunter2\"}";
    site.serve("/saw?ada=geheim", Page::json(bea));
    // No new page: the browser asks about a password only as long as the form's page is there.
    site.serve("/welcome?username=bea&password=hunter2", Page::Status(204));
    let plan = Desktop::plan().chooser(Script::agree()).with_guests();
    let plan = plan
        .variable("DISPLAY", screen.display())
        .configured(&format!(
            "[web_credentials]\ndeveloper = true\nauthority = {:?}",
            authority.file()
        ));
    let desktop = plan.open().await;
    let mut keyring = Keyring::start(&desktop).await;
    let group = format!("[org.credex.WebCredentials1]\nDomains={};\n", site.host());
    desktop.install(&Entry::new(APP).group(&group));
    let app = SharedWebCredentials::connect_to(desktop.bus.address(), APP);
    let app = app.await.unwrap();

    let password = Password::new(b"geheim".to_vec()).unwrap();
    let added = app.add(&site.host(), "ada", &password).await.unwrap();
    assert_eq!(added, Change::Added);
    keyring.item_created().await;
    let _browser = Browser::open(&desktop, &authority, &site.url("/login")).await;
    let filled = |paths: &Vec<String>| paths.iter().any(|path| path == "/saw?ada=geheim");
    eventually("the form to be filled in", || site.requests(), filled).await;

    let reader = Reader::on(&desktop).await;
    reader.find("push button", "Never Save").await;
    reader.press("push button", "Save").await;
    keyring.item_created().await;
    let got = app.request(Wanted::any().account("bea")).await.unwrap();
    assert_eq!(
        (got.account.as_str(), got.password.expose()),
        ("bea", "hunter2")
    );

    let list = PasswordList::open(&reader, &screen).await;
    list.shows(&["ada", "bea"]).await;
    list.search("https://elsewhere.example").await;
    list.shows(&[]).await;
    list.search(&format!("https://{}", site.host())).await;
    list.shows(&["ada", "bea"]).await;
}
