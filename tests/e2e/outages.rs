//! The bus or the daemon dies in any state. Whoever is left learns it from the client library, once;
//! and the next daemon knows nothing of the past.

use std::future::Future;
use std::pin::Pin;

use credex::{Error, ExportRequest, Payload, cxf, silent};
use credex_tests::Reason;
use credex_tests::chooser::{Script, pid};
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{APP_ID, Exporter};
use credex_tests::importer::{Importer, Manners};
use credex_tests::patience::within;
use credex_tests::process::Peer;

use crate::scene::{Scene, State, VAULT};

/// Somebody who waits for what the library will tell.
type Wait = Pin<Box<dyn Future<Output = Error>>>;

/// An exchange of two apps that use the library, and what each of them now waits for.
struct Apps {
    desktop: Desktop,
    exporter: Wait,
    importer: Option<Wait>,
    chooser: Peer,
    _silent: Option<Importer>,
}

impl Apps {
    async fn at(state: State) -> Apps {
        let script = match state {
            State::Choosing => Script::Hang,
            _ => Script::choose(VAULT),
        };
        let desktop = Desktop::plan().chooser(script).open().await;
        let address = desktop.bus.address();
        let (mut importer, mut silent) = (None, None);
        if state == State::Deposited {
            let manners = Manners::KeepSilent;
            silent = Some(Importer::announced_with(&desktop, VAULT, manners).await);
        } else {
            let connects = credex::Importer::builder(VAULT).connect_to(address).await;
            importer = Some(connects.unwrap());
        }
        let exporter = credex::Exporter::connect_to(address, APP_ID).await;
        let exporter = exporter_at(state, exporter.unwrap()).await;
        let asked = desktop.person.asked().await;
        let importer = match importer {
            Some(importer) if state >= State::Offered => Some(importer_at(state, importer).await),
            _ => None,
        };
        if let Some(silent) = &silent {
            silent.offered().await;
        }
        Apps {
            desktop,
            exporter,
            importer,
            chooser: Peer::of_pid(pid(&asked)).expect("the chooser runs"),
            _silent: silent,
        }
    }

    /// Both apps are told that the service is not there any more, and the chooser goes.
    async fn learn_it(&mut self, state: State) {
        let told = within("the exporter to be told", self.exporter.as_mut()).await;
        assert!(
            matches!(told, Error::ServiceStopped(_)),
            "{state:?}: {told:?}"
        );
        if let Some(importer) = self.importer.as_mut() {
            let told = within("the importer to be told", importer.as_mut()).await;
            assert!(
                matches!(told, Error::ServiceStopped(_)),
                "{state:?}: {told:?}"
            );
        }
        self.chooser.ended().await;
    }
}

async fn exporter_at(state: State, exporter: credex::Exporter) -> Wait {
    let request = ExportRequest::of_document(cxf::sample()).unwrap();
    if state == State::Choosing {
        let asking = tokio::spawn(async move { exporter.request(request).await });
        return Box::pin(async move { asking.await.unwrap().map(drop).unwrap_err() });
    }
    let grant = exporter.request(request).await.unwrap();
    let payload = Payload::new(cxf::sample());
    if state == State::Exporting {
        // It learns it when it sends.
        return Box::pin(async move { grant.send(payload).await.map(drop).unwrap_err() });
    }
    let mut delivery = grant.send(payload).await.unwrap();
    Box::pin(async move { delivery.receipt().await.unwrap_err() })
}

async fn importer_at(state: State, mut importer: credex::Importer) -> Wait {
    let offer = importer.next_offer().await.unwrap();
    if state == State::Offered {
        return Box::pin(async move {
            let told = offer.withdrawn().await;
            drop(importer);
            told
        });
    }
    let import = offer.redeem(&mut silent).await.unwrap();
    Box::pin(async move {
        let told = import.complete_all().await.unwrap_err();
        drop(importer);
        told
    })
}

#[tokio::test]
async fn when_the_daemon_is_killed_both_apps_learn_that_the_service_stopped() {
    for state in State::ALL {
        let mut apps = Apps::at(state).await;
        apps.desktop.daemon().process.kill();
        apps.learn_it(state).await;
        apps.desktop.start_daemon().await;
        let onlooker = Exporter::join(&apps.desktop).await;
        assert_eq!(onlooker.status().await.exchanges, Some(0), "{state:?}");
    }
}

#[tokio::test]
async fn when_the_bus_dies_both_apps_learn_it_and_the_daemon_ends() {
    for state in State::ALL {
        let mut apps = Apps::at(state).await;
        apps.desktop.bus.kill();
        let status = apps.desktop.daemon().process.ended().await;
        assert!(!status.success(), "{state:?}: {status}");
        apps.learn_it(state).await;
        apps.desktop.bus.start_again();
        apps.desktop.start_daemon().await;
        let onlooker = Exporter::join(&apps.desktop).await;
        assert_eq!(onlooker.status().await.exchanges, Some(0), "{state:?}");
    }
}

#[tokio::test]
async fn a_new_daemon_knows_nothing_of_an_old_offer_or_session() {
    for state in [State::Offered, State::Claimed] {
        let mut scene = Scene::at(state).await;
        scene.desktop.daemon().process.kill();
        scene.restart_daemon().await;
        let session = scene.session().close().await.unwrap_err();
        assert_eq!(session.reason, Reason::NotFound, "{session}");
        let offer = scene.offer();
        let refusals = [
            offer.redeem().await.map(drop),
            offer.extend(60).await.map(drop),
            offer.decline("").await,
            offer.complete(&Default::default()).await,
        ];
        for refusal in refusals {
            let error = refusal.unwrap_err();
            assert_eq!(error.reason, Reason::NotFound, "{state:?}: {error}");
        }
        assert_eq!(scene.exporter.left().await, [""; 0]);
        scene.nothing_is_left().await;
    }
}

#[tokio::test]
async fn an_importer_that_announced_itself_does_so_again_to_the_next_daemon() {
    let mut desktop = Desktop::sending_to(VAULT).await;
    let address = desktop.bus.address().to_owned();
    let importer = credex::Importer::builder(VAULT).connect_to(&address).await;
    let mut importer = importer.unwrap();
    desktop.daemon().process.kill();
    desktop.start_daemon().await;
    let exporter = credex::Exporter::connect_to(&address, APP_ID)
        .await
        .unwrap();
    let shown = within("the importer to be listed again", async {
        let onlooker = Importer::join(&desktop).await;
        loop {
            let proxy = credex_protocol::proxy::StatusProxy::new(onlooker.connection()).await;
            let listed = proxy
                .unwrap()
                .providers(Default::default())
                .await
                .unwrap()
                .0;
            if let Some(importer) = listed.into_iter().next() {
                return importer;
            }
        }
    });
    assert!(shown.await.id.unwrap().starts_with(VAULT));
    let import = async {
        let offer = importer.next_offer().await.unwrap();
        offer
            .redeem(&mut silent)
            .await
            .unwrap()
            .complete_all()
            .await
            .unwrap();
    };
    let (receipt, ()) = tokio::join!(exporter.export(cxf::sample()), import);
    receipt.unwrap();
}
