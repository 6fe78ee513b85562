//! A service that stops while a store hangs: everybody is answered nevertheless.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use credex_protocol::Reason;
use credex_protocol::wire::WebResults;
use futures_util::StreamExt;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use zbus::connection::Builder;
use zbus::{Connection, Guid, MessageStream};

use super::contract::{Doorless, Questions, Web, caller};
use crate::audit::{Audit, Entry};
use crate::authorization::Waived;
use crate::caller::{Evidence, Process};
use crate::config::Config;
use crate::desk::{Desk, Ports};
use crate::launcher::{LaunchError, Launcher, Program, Started};
use crate::protections::Protections;
use crate::providers::{Directories, Providers};
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::store::Memory;

struct Unheard;

impl Audit for Unheard {
    fn record(&self, _: &Entry) {}
}

struct Idle;

#[async_trait::async_trait]
impl Launcher for Idle {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        panic!("{program:?} is to be started")
    }

    fn descends(&self, _: Process, _: Started) -> bool {
        false
    }
}

/// A desk, and the connection of the one app that it speaks to.
async fn desk() -> (Arc<Desk>, Connection) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = Builder::unix_stream(ours).p2p();
    let server = server.server(Guid::generate()).unwrap();
    let client = Builder::unix_stream(theirs).p2p();
    let (bus, app) = tokio::join!(server.build(), client.build());
    let ports = Ports {
        porter: Arc::new(Doorless),
        audit: Arc::new(Unheard),
        authorization: Arc::new(Waived),
        chooser: Arc::new(Questions::default()),
        launcher: Arc::new(Idle),
        providers: Providers::open(Directories::from_environment(|_| None)),
        sites: Arc::new(Web::default()),
        store: Arc::new(Memory::default()),
        decisions: Arc::new(Decisions::new("/nonexistent/decisions.json".into())),
        protections: Protections::default(),
    };
    (
        Desk::new(bus.unwrap(), Config::default(), ports),
        app.unwrap(),
    )
}

#[tokio::test]
async fn a_store_that_hangs_does_not_keep_the_service_from_stopping_and_answering() {
    let (desk, app) = desk().await;
    let mut heard = MessageStream::from(&app);
    let (begun, beginning) = oneshot::channel();
    let committing = Arc::clone(&desk);
    let caller = caller(Evidence::Installed {
        app_ids: vec!["org.example.Shop".to_owned()],
    });
    let path = "/org/credex/Exchange1/request/1_1/t".to_owned();
    desk.begin_web(&caller, path.clone(), None, |id| async move {
        assert!(committing.floor().web.commit(id));
        begun.send(()).unwrap();
        pending().await
    })
    .unwrap();
    beginning.await.unwrap();
    let patience = Duration::from_secs(30);
    let closing = tokio::time::timeout(patience, desk.close(Reason::ServiceStopped));
    closing
        .await
        .expect("the service does not wait for the store");
    let answer = tokio::time::timeout(patience, heard.next()).await;
    let answer = answer.unwrap().unwrap().unwrap();
    assert_eq!(answer.header().path().unwrap().as_str(), path);
    let (response, results): (u32, WebResults) = answer.body().deserialize().unwrap();
    assert_eq!(response, credex_protocol::wire::response::ENDED);
    assert_eq!(
        results.error.as_deref(),
        Some(Reason::ServiceStopped.dbus_name())
    );
    let told = results.message.unwrap();
    assert!(told.contains("look whether it was made"), "{told}");
}
