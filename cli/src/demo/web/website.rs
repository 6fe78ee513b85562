//! The website of the demo: TLS on this computer, with an authority of its own, and one file.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::exit::Exit;
use crate::failure::Failure;

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// A website that runs as long as this program does.
pub(super) struct Website {
    port: u16,
    authority: String,
}

impl Website {
    /// Opens a website that names the app `app_id`.
    pub(super) fn open(app_id: &str) -> Result<Website, Failure> {
        let failed = |error: io::Error| {
            Failure::new(
                Exit::Failed,
                format!("the website cannot be opened: {error}"),
            )
        };
        let (config, authority) = certified().map_err(io::Error::other).map_err(failed)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let file = statement(app_id);
        let serving = std::thread::Builder::new().name("website".to_owned());
        serving
            .spawn(move || {
                for socket in listener.incoming().flatten() {
                    let answered = answer(socket, Arc::clone(&config), &file);
                    if let Err(error) = answered {
                        tracing::debug!(%error, "a client of the website broke off");
                    }
                }
            })
            .map_err(failed)?;
        Ok(Website { port, authority })
    }

    /// As an app declares it.
    pub(super) fn domain(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The certificate of its authority, as PEM.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }
}

/// A certificate for `localhost`, and the authority that made it out.
fn certified() -> Result<(Arc<ServerConfig>, String), Box<dyn std::error::Error + Send + Sync>> {
    let own = KeyPair::generate()?;
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "The authority of a demonstration");
    let root = params.self_signed(&own)?;
    let issuer = Issuer::new(params, own);
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, "The website of a demonstration");
    let certificate: CertificateDer<'static> = params.signed_by(&key, &issuer)?.into();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    Ok((Arc::new(config), root.pem()))
}

/// Serves the one file at its place, and says of all others that they are not there.
fn answer(socket: TcpStream, config: Arc<ServerConfig>, file: &str) -> io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    let mut request = String::new();
    stream.read_line(&mut request)?;
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let (status, body) = match request.split(' ').nth(1) {
        Some("/.well-known/assetlinks.json") => ("200 OK", file),
        _ => ("404 Not Found", ""),
    };
    let mut stream = stream.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn statement(app_id: &str) -> String {
    format!(
        "[{{\"relation\":[\"delegate_permission/common.get_login_creds\"],\
         \"target\":{{\"namespace\":\"linux_app\",\"app_id\":\"{app_id}\"}}}}]"
    )
}
