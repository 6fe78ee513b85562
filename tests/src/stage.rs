//! The service's end of a real chooser process, for stories that no real service would tell: hostile
//! names, and many kinds of apps. Serves `org.credex.Chooser1`.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use credex_protocol::names;
use credex_protocol::proxy::ChooserProxy;
use zbus::proxy::CacheProperties;

use crate::process::Process;

/// A chooser, and the connection to it.
#[derive(Debug)]
pub struct Stage {
    /// The chooser's process.
    pub process: Process,
    /// What the service can say.
    pub chooser: ChooserProxy<'static>,
    connection: zbus::Connection,
}

impl Stage {
    /// Starts the chooser `program` with `environment`, and waits until it speaks.
    pub async fn open(program: &Path, environment: &[(String, String)], log: &Path) -> Stage {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", r#"CREDEX_CHOOSER_FD=9 exec "$0" 9>&0 </dev/null"#])
            .arg(program)
            .env_clear()
            .envs(environment.iter().cloned());
        let input = Stdio::from(OwnedFd::from(theirs));
        let process = Process::start_with_input(&mut command, log, input);
        drop(command);
        ours.set_nonblocking(true).unwrap();
        let ours = tokio::net::UnixStream::from_std(ours).unwrap();
        let connection = zbus::connection::Builder::unix_stream(ours)
            .server(zbus::Guid::generate())
            .unwrap()
            .p2p()
            .auth_mechanism(zbus::AuthMechanism::External)
            .build()
            .await
            .expect("the chooser speaks D-Bus");
        let chooser = ChooserProxy::builder(&connection)
            .destination(names::CHOOSER)
            .unwrap()
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap();
        Stage {
            process,
            chooser,
            connection,
        }
    }

    /// The service ends.
    pub async fn close(&self) {
        self.connection.clone().close().await.ok();
    }
}
