//! Apps that we start get a unit of their own, where systemd manages the session: a transient scope, named as
//! other parts of a desktop name theirs. Serves design §6 and systemd's "Desktop Environments".
//!
//! So an app outlives the service and whatever started it, its memory is its own, and what reads apps from
//! control groups (portals above all) knows it. Who it is to us does not depend on that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use zbus::proxy::{CacheProperties, MethodFlags};
use zbus::zvariant::Value;

use super::{LaunchError, Launcher, Program, Started};
use crate::caller::Process;

/// How long systemd may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts programs through another launcher, and asks systemd for a scope for each app.
pub struct ScopedLauncher {
    inner: Arc<dyn Launcher>,
    bus: zbus::Connection,
}

impl ScopedLauncher {
    /// Starts programs through `inner`; systemd is looked for on `bus`, and not started.
    #[must_use]
    pub fn new(inner: Arc<dyn Launcher>, bus: zbus::Connection) -> ScopedLauncher {
        ScopedLauncher { inner, bus }
    }

    async fn give_scope(&self, app: &str, pid: u32) -> zbus::Result<()> {
        let systemd: zbus::Proxy<'_> = zbus::proxy::Builder::new(&self.bus)
            .destination("org.freedesktop.systemd1")?
            .path("/org/freedesktop/systemd1")?
            .interface("org.freedesktop.systemd1.Manager")?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let description = format!("{app}, started to take credentials over");
        let properties: [(&str, Value<'_>); 4] = [
            ("Description", description.into()),
            ("Slice", "app.slice".into()),
            ("PIDs", vec![pid].into()),
            ("CollectMode", "inactive-or-failed".into()),
        ];
        let no_others: [(&str, Vec<(&str, Value<'_>)>); 0] = [];
        let body = (
            name(app, pid),
            "fail",
            properties.as_slice(),
            no_others.as_slice(),
        );
        let flags = MethodFlags::NoAutoStart.into();
        let job: Option<zbus::zvariant::OwnedObjectPath> = systemd
            .call_with_flags("StartTransientUnit", flags, &body)
            .await?;
        tracing::debug!(app, pid, ?job, "has a scope of its own");
        Ok(())
    }
}

#[async_trait]
impl Launcher for ScopedLauncher {
    async fn start(&self, program: Program) -> Result<Started, LaunchError> {
        let app = program.app.clone();
        let started = self.inner.start(program).await?;
        if let Some(app) = app {
            let given = tokio::time::timeout(PATIENCE, self.give_scope(&app, started.pid)).await;
            match given {
                Ok(Ok(())) => {}
                Ok(Err(error)) if is_nobody(&error) => {
                    tracing::debug!(app, "no systemd manages this session, so there is no scope");
                }
                Ok(Err(error)) => tracing::warn!(app, %error, "systemd gives it no scope"),
                Err(_) => tracing::warn!(app, "systemd is silent, so there is no scope"),
            }
        }
        Ok(started)
    }

    fn descends(&self, process: Process, ancestor: Started) -> bool {
        self.inner.descends(process, ancestor)
    }
}

fn is_nobody(error: &zbus::Error) -> bool {
    let zbus::Error::MethodError(name, ..) = error else {
        return false;
    };
    let nobody = ["ServiceUnknown", "NameHasNoOwner"];
    let standard = name.strip_prefix("org.freedesktop.DBus.Error.");
    standard.is_some_and(|name| nobody.contains(&name))
}

/// `app-credex-ID-PID.scope`.
fn name(app: &str, pid: u32) -> String {
    let mut escaped = String::new();
    for (place, byte) in app.bytes().enumerate() {
        match byte {
            b'.' if place > 0 => escaped.push('.'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':' => escaped.push(byte.into()),
            byte => escaped.push_str(&format!("\\x{byte:02x}")),
        }
    }
    format!("app-credex-{escaped}-{pid}.scope")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::unit;

    #[test]
    fn the_scope_of_an_app_is_named_after_it_and_after_no_other() {
        assert_eq!(name("org.a.Vault", 7), "app-credex-org.a.Vault-7.scope");
        assert_eq!(name("my-vault", 7), "app-credex-my\\x2dvault-7.scope");
        assert_eq!(
            name("a/../b@é", 7),
            "app-credex-a\\x2f..\\x2fb\\x40\\xc3\\xa9-7.scope"
        );
        for app in ["org.a.Vault", "my-vault", "a-b-c"] {
            let cgroup = format!("0::/user.slice/app.slice/{}\n", name(app, 7));
            assert!(!unit::names_another(&cgroup, &[app.to_owned()]), "{app}");
            assert!(unit::names_another(&cgroup, &["org.b".to_owned()]), "{app}");
        }
    }
}
