//! The minimal service of `src/bin/minimal-service.rs`, as a process and as a peer to call.

use std::path::PathBuf;
use std::process::Command;

use credex_tests::process::Process;
use futures_util::StreamExt;
use zbus::Connection;
use zbus::fdo::DBusProxy;

use crate::apps::Stage;

pub(crate) const NAME: &str = "org.example.Minimal1";

pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_minimal-service"))
}

/// Starts it on the bus of a desktop, and waits until it serves.
pub(crate) fn start(stage: &Stage) -> Process {
    let desktop = &stage.desktop;
    stage.runtime.block_on(async {
        let connection = desktop.bus.connect().await;
        let bus = DBusProxy::new(&connection).await.unwrap();
        let mut owners = bus
            .receive_name_owner_changed_with_args(&[(0, NAME)])
            .await
            .unwrap();
        let mut command = Command::new(program());
        command
            .env_clear()
            .envs(desktop.environment().iter().cloned());
        let process = Process::start(&mut command, &desktop.path("minimal.log"));
        owners.next().await.unwrap();
        process
    })
}

/// One round trip.
pub(crate) async fn call(connection: &Connection) {
    call_it(connection, NAME).await;
}

/// One round trip to the one that was told to own `name`.
pub(crate) async fn call_it(connection: &Connection, name: &str) {
    let path = "/org/example/Minimal1";
    connection
        .call_method(Some(name), path, Some(NAME), "Answer", &())
        .await
        .unwrap();
}
