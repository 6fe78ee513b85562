//! The real xdg-desktop-portal on the bus of a desktop: what stands between apps and the person otherwise.

use std::path::Path;
use std::process::Command;

use credex_tests::patience::within;
use credex_tests::process::Process;
use futures_util::StreamExt;
use zbus::fdo::DBusProxy;

use crate::apps::Stage;

const PROGRAM: &str = "/usr/libexec/xdg-desktop-portal";
const NAME: &str = "org.freedesktop.portal.Desktop";

/// Starts it, and waits until it serves. `None` if it is not installed.
pub(crate) fn start(stage: &Stage) -> Option<Process> {
    Path::new(PROGRAM).exists().then_some(())?;
    let desktop = &stage.desktop;
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .envs(desktop.environment().iter().cloned())
        // It ends without the settings that are installed there.
        .env("XDG_DATA_DIRS", "/usr/share");
    stage.runtime.block_on(async {
        let connection = desktop.bus.connect().await;
        let bus = DBusProxy::new(&connection).await.unwrap();
        let mut owners = bus
            .receive_name_owner_changed_with_args(&[(0, NAME)])
            .await
            .unwrap();
        let process = Process::start(&mut command, &desktop.path("portal.log"));
        within("the portal", owners.next()).await.unwrap();
        Some(process)
    })
}
