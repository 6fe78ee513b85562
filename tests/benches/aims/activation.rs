//! Row 9: from the first call to a service that does not run to its answer.

use std::time::{Duration, Instant};

use credex_protocol::names;
use credex_protocol::proxy::StatusProxy;
use credex_protocol::wire::NoOptions;
use credex_tests::desktop::Desktop;
use credex_tests::process::Peer;
use rustix::process::Signal;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::proxy::CacheProperties;

use crate::Pace;
use crate::apps::Stage;
use crate::minimal;
use crate::stats::median;
use crate::table::{Aim, Table};

pub(crate) fn measure(pace: Pace, table: &mut Table) {
    let stage = Stage::open(Desktop::plan().activated());
    let (floor, ours) = stage.runtime.block_on(async {
        let program = minimal::program();
        stage
            .desktop
            .install_service(minimal::NAME, &program.display().to_string());
        stage.desktop.reload().await;
        let caller = stage.desktop.bus.connect().await;
        let [mut floor, mut ours] = [const { Vec::new() }; 2];
        for _ in 0..pace.rounds(41, 7) {
            floor.push(timed(minimal::call(&caller)).await);
            end(&caller, minimal::NAME).await;
            ours.push(timed(status(&caller)).await);
            end(&caller, names::BUS_NAME).await;
        }
        (median(floor), median(ours))
    });
    table.times(
        "activation to the first answer",
        floor,
        ours,
        Aim::AtMost(1.5),
    );
}

pub(crate) async fn timed(call: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    call.await;
    start.elapsed()
}

pub(crate) async fn status(caller: &Connection) {
    let proxy = StatusProxy::builder(caller).cache_properties(CacheProperties::No);
    let proxy = proxy.build().await.unwrap();
    proxy.get_status(NoOptions {}).await.unwrap();
}

/// Ends the service, and waits until the bus knows.
async fn end(caller: &Connection, name: &'static str) {
    use futures_util::StreamExt;
    let bus = DBusProxy::new(caller).await.unwrap();
    let mut owners = bus
        .receive_name_owner_changed_with_args(&[(0, name), (2, "")])
        .await
        .unwrap();
    let owner = name.try_into().unwrap();
    let pid = bus.get_connection_unix_process_id(owner).await.unwrap();
    let service = Peer::of_pid(pid).unwrap();
    service.signal(Signal::TERM);
    owners.next().await.unwrap();
    service.ended().await;
}
