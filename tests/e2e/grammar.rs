//! The grammar of requests and sessions, and what the daemon says of itself (design §3).

use std::collections::BTreeSet;
use std::path::PathBuf;

use credex_protocol::names;
use credex_protocol::wire::ExportOptions;
use credex_tests::Reason;
use credex_tests::chooser::pid;
use credex_tests::exporter::{Exporter, close_request, close_session, options};
use credex_tests::importer::Importer;
use credex_tests::process::Peer;
use zbus::fdo::IntrospectableProxy;
use zbus::zvariant::{DynamicType, ObjectPath};
use zbus_xml::{ArgDirection, Interface, Node};

use crate::scene::{COUNTS, Scene, State};

#[tokio::test]
async fn a_caller_knows_the_paths_of_its_request_and_session_before_it_calls() {
    let scene = Scene::at(State::Choosing).await;
    scene
        .desktop
        .person
        .will(&credex_tests::chooser::Script::choose(crate::scene::VAULT));
    scene.request.close().await.unwrap();
    let exporter = Exporter::join(&scene.desktop).await;
    let asked = ExportOptions {
        handle_token: Some("question_1".to_owned()),
        session_handle_token: Some("session_1".to_owned()),
        ..options(COUNTS)
    };
    let request = exporter.request("", asked).await.unwrap();
    assert_eq!(
        request.path,
        names::request_path(&exporter.name(), "question_1")
    );
    let session = request.session().await;
    assert_eq!(
        session.path,
        names::session_path(&exporter.name(), "session_1")
    );
}

#[tokio::test]
async fn a_handle_token_cannot_be_used_twice_at_once() {
    let scene = Scene::at(State::Choosing).await;
    let asked = ExportOptions {
        handle_token: Some("same".to_owned()),
        ..options(COUNTS)
    };
    scene.exporter.request("", asked.clone()).await.unwrap();
    let error = scene.exporter.request("", asked).await.unwrap_err();
    assert_eq!(error.reason, Reason::InvalidArgument, "{error}");
    assert!(error.message.contains("handle_token"), "{error}");
}

#[tokio::test]
async fn a_request_is_answered_once_and_is_gone_afterwards() {
    let scene = Scene::at(State::Exporting).await;
    assert_eq!(scene.exporter.left().await, [""; 0]);
    let error = scene.request.close().await.unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "{error}");
    let states = scene.exporter.status().await.states.unwrap();
    assert_eq!(
        states.get("exporting"),
        Some(&1),
        "the session lives on: {states:?}"
    );
}

#[tokio::test]
async fn to_close_a_request_closes_its_chooser_and_is_not_answered() {
    let mut scene = Scene::at(State::Choosing).await;
    scene.request.close().await.unwrap();
    let finished = scene.desktop.person.finished().await;
    assert_eq!(finished["exchange"], scene.exchange.as_str());
    let chooser = Peer::of_pid(pid(&finished));
    if let Some(chooser) = chooser {
        chooser.ended().await;
    }
    assert_eq!(scene.exporter.left().await, [""; 0]);
    scene.nothing_is_left().await;
}

#[tokio::test]
async fn to_anybody_else_a_request_a_session_and_an_offer_are_not_there() {
    for state in State::ALL {
        let scene = Scene::at(state).await;
        let stranger = Importer::join(&scene.desktop).await;
        let bus = stranger.connection();
        let closed = close_request(bus, &scene.request.path).await.unwrap_err();
        assert_eq!(closed.reason, Reason::NotFound, "{state:?}: {closed}");
        if let Some(session) = &scene.session {
            let closed = close_session(bus, &session.path).await.unwrap_err();
            assert_eq!(closed.reason, Reason::NotFound, "{state:?}: {closed}");
            let deposit =
                zbus::Proxy::new(bus, names::BUS_NAME, session.path.as_str(), names::SESSION);
            let counts = std::collections::HashMap::<String, u32>::new();
            let none = std::collections::HashMap::<String, zbus::zvariant::Value<'_>>::new();
            let file = crate::scene::payload().file;
            let body = (
                zbus::zvariant::Fd::from(&file),
                vec![0_u8; 80],
                counts,
                none,
            );
            let refused = deposit
                .await
                .unwrap()
                .call::<_, _, u64>("Deposit", &body)
                .await;
            let refused = credex_tests::Error::from(refused.unwrap_err());
            assert_eq!(refused.reason, Reason::NotFound, "{state:?}: {refused}");
        }
        let path = format!("{}/{}", names::OFFER_PREFIX, scene.exchange);
        let token = match &scene.offer {
            Some(offer) => offer.token_for_service(),
            None => vec![0; 64],
        };
        let redeemed = stranger.redeem_raw(&path, &token).await.unwrap_err();
        assert_eq!(redeemed.reason, Reason::NotFound, "{state:?}: {redeemed}");
        let proxy = stranger.proxy().await;
        let offer = ObjectPath::try_from(path.as_str()).unwrap();
        let rest = [
            proxy.extend(&offer, 60, Default::default()).await.map(drop),
            proxy.decline(&offer, "", Default::default()).await,
            proxy
                .complete(&offer, &Default::default(), Default::default())
                .await,
        ];
        for refusal in rest {
            let refusal = credex_tests::Error::from(refusal.unwrap_err());
            assert_eq!(refusal.reason, Reason::NotFound, "{state:?}: {refusal}");
        }
        let states = scene.exporter.status().await.states.unwrap();
        assert_eq!(
            states.get(&state.name()),
            Some(&1),
            "nothing has changed: {states:?}"
        );
    }
}

#[tokio::test]
async fn the_running_daemon_describes_itself_as_its_interface_files_do() {
    let scene = Scene::at(State::Exporting).await;
    let bus = scene.exporter.connection();
    let places = [
        (
            names::SERVICE_PATH,
            &[
                names::EXPORT,
                names::IMPORT,
                names::WEB_CREDENTIALS,
                names::STATUS,
            ][..],
        ),
        (&scene.session().path, &[names::SESSION][..]),
        (
            &names::request_path(&scene.exporter.name(), "any"),
            &[names::REQUEST][..],
        ),
    ];
    for (path, interfaces) in places {
        let text = introspect(bus, path).await;
        let served = Node::from_reader(text.as_bytes()).unwrap();
        for interface in interfaces {
            let file = described(interface);
            let file = find(&file, interface);
            let running = find(&served, interface);
            assert_eq!(shape(running), shape(file), "{path}: {interface}");
            assert!(shape(file).len() >= 2, "{interface} has members");
        }
        let ours = served
            .interfaces()
            .iter()
            .map(|interface| interface.name().to_string());
        let ours: BTreeSet<String> = ours.filter(|name| name.starts_with("org.credex")).collect();
        assert_eq!(
            ours,
            interfaces.iter().map(|name| (*name).to_owned()).collect(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn introspection_lists_nobodys_requests_and_sessions() {
    let scene = Scene::at(State::Exporting).await;
    let stranger = Exporter::join(&scene.desktop).await;
    let element = names::sender_element(&scene.exporter.name());
    let session = scene.session().path.rsplit('/').next().unwrap().to_owned();
    let own = format!("{}/{element}", names::SESSION_PREFIX);
    let paths = [
        "/",
        "/org",
        "/org/credex",
        names::SERVICE_PATH,
        names::SESSION_PREFIX,
        names::REQUEST_PREFIX,
        names::OFFER_PREFIX,
        &own,
    ];
    for path in paths {
        let text = introspect(stranger.connection(), path).await;
        assert!(!text.contains(&session), "{path}: {text}");
        assert!(!text.contains(&format!("\"{element}\"")), "{path}: {text}");
    }
    let there = introspect(stranger.connection(), &scene.session().path).await;
    let not_there = introspect(stranger.connection(), &format!("{own}/another")).await;
    assert_eq!(there, not_there, "whether a session exists shows");
}

#[tokio::test]
async fn every_method_is_answered_and_wrong_arguments_are_refused_with_both_signatures() {
    let scene = Scene::at(State::Exporting).await;
    let bus = scene.exporter.connection();
    let places = [
        (
            names::SERVICE_PATH,
            &[
                names::EXPORT,
                names::IMPORT,
                names::WEB_CREDENTIALS,
                names::STATUS,
            ][..],
        ),
        (&scene.session().path, &[names::SESSION][..]),
        (
            &names::request_path(&scene.exporter.name(), "any"),
            &[names::REQUEST][..],
        ),
    ];
    let mut tried = 0;
    for (path, interfaces) in places {
        for interface in interfaces {
            let file = described(interface);
            for method in find(&file, interface).methods() {
                let inputs = method
                    .args()
                    .iter()
                    .filter(|arg| arg.direction() == Some(ArgDirection::In));
                let wanted: String = inputs.map(|arg| arg.ty().to_string()).collect();
                let name = method.name().to_string();
                if wanted.is_empty() {
                    continue;
                }
                for (given, error) in [
                    ("x", call(bus, path, interface, &name, &7_i64).await),
                    ("", call(bus, path, interface, &name, &()).await),
                ] {
                    assert_eq!(error.reason, Reason::InvalidArgument, "{name}: {error}");
                    for part in [&name, &format!("({wanted})"), &format!("({given})")] {
                        assert!(error.message.contains(part), "{name}: no {part} in {error}");
                    }
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2 * 18, "every method with arguments was tried");
    let gone = call(
        bus,
        &names::request_path(":1.0", "x"),
        names::REQUEST,
        "Close",
        &(),
    )
    .await;
    assert_eq!(gone.reason, Reason::NotFound, "{gone}");
    scene.session().close().await.unwrap();
}

#[tokio::test]
async fn every_interface_has_version_1() {
    let scene = Scene::at(State::Exporting).await;
    let bus = scene.exporter.connection();
    let places = [
        (names::SERVICE_PATH, names::EXPORT),
        (names::SERVICE_PATH, names::IMPORT),
        (names::SERVICE_PATH, names::STATUS),
        (&scene.session().path, names::SESSION),
        (&scene.request.path, names::REQUEST),
    ];
    for (path, interface) in places {
        let proxy = zbus::Proxy::new(bus, names::BUS_NAME, path, interface)
            .await
            .unwrap();
        assert_eq!(
            proxy.get_property::<u32>("version").await.unwrap(),
            1,
            "{interface}"
        );
    }
}

async fn introspect(bus: &zbus::Connection, path: &str) -> String {
    let proxy = IntrospectableProxy::builder(bus)
        .destination(names::BUS_NAME)
        .unwrap()
        .path(path)
        .unwrap();
    proxy.build().await.unwrap().introspect().await.unwrap()
}

async fn call(
    bus: &zbus::Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &(impl serde::Serialize + DynamicType),
) -> credex_tests::Error {
    let proxy = zbus::Proxy::new(bus, names::BUS_NAME, path, interface)
        .await
        .unwrap();
    let answer = proxy.call_method(method, body).await;
    credex_tests::Error::from(answer.expect_err(method))
}

/// The file that describes an interface.
fn described(interface: &str) -> Node<'static> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(format!("../protocol/interfaces/{interface}.xml"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    Node::from_reader(file).unwrap()
}

fn find<'n>(node: &'n Node<'n>, interface: &str) -> &'n Interface<'n> {
    let mut all = node.interfaces().iter();
    all.find(|each| each.name().as_str() == interface)
        .unwrap_or_else(|| panic!("{interface} is not described"))
}

/// Every member with its arguments, a line each.
fn shape(interface: &Interface<'_>) -> BTreeSet<String> {
    let args = |args: &[zbus_xml::Arg]| {
        let each = |arg: &zbus_xml::Arg| {
            format!(
                "{:?} {:?} {}",
                arg.direction(),
                arg.name(),
                arg.ty().to_string()
            )
        };
        args.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    let methods = interface.methods().iter();
    let methods = methods.map(|each| format!("method {} {}", each.name(), args(each.args())));
    let signals = interface.signals().iter();
    let signals = signals.map(|each| format!("signal {} {}", each.name(), args(each.args())));
    let properties = interface.properties().iter();
    let properties = properties.map(|each| {
        format!(
            "property {} {} {:?}",
            each.name(),
            each.ty().to_string(),
            each.access()
        )
    });
    methods.chain(signals).chain(properties).collect()
}
