//! TLS below the HTTP client: rustls over the connection that there is, with what the site shows of itself told
//! to [`Progress`].

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credexd::web_credentials::fetch::{Fault, Stage};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore,
    SignatureScheme, StreamOwned,
};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use crate::certificate;
use crate::connection::Connection;
use crate::progress::Progress;

/// Makes a TLS connection of the TCP connection that it has, once.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    connection: Mutex<Option<Connection>>,
    progress: Progress,
}

impl Tls {
    /// Speaks over `connection`, and believes the authorities `roots`.
    pub(crate) fn new(
        connection: Connection,
        roots: RootCertStore,
        progress: Progress,
    ) -> Result<Tls, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let witness = Witness {
            verifier,
            progress: progress.clone(),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            // It is the usual verifier that decides; the witness only takes notes.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(witness))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Tls {
            config: Arc::new(config),
            connection: Mutex::new(Some(connection)),
            progress,
        })
    }
}

impl Connector<()> for Tls {
    type Out = Encrypted;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Encrypted>, Error> {
        let connection = self.connection.lock();
        let connection = connection.unwrap_or_else(PoisonError::into_inner).take();
        let mut sock = connection.ok_or(Error::ConnectionFailed)?;
        self.progress.reached(Stage::Tls);
        let host = details.uri.host().unwrap_or_default().to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("no host name"))?;
        let mut conn = ClientConnection::new(self.config.clone(), name)
            .map_err(|error| Error::Other(error.into()))?;
        sock.set_limit(limit(details.timeout));
        conn.complete_io(&mut sock)?;
        self.progress.reached(Stage::Http);
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let stream = StreamOwned { conn, sock };
        Ok(Some(Encrypted {
            buffers,
            stream,
            progress: self.progress.clone(),
        }))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn limit(timeout: NextTimeout) -> Option<Duration> {
    timeout.not_zero().map(|limit| *limit)
}

/// A TLS connection.
pub(crate) struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, Connection>,
    progress: Progress,
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_limit(limit(timeout));
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_limit(limit(timeout));
        let amount = self.stream.read(self.buffers.input_append_buf());
        let amount = amount.inspect_err(|error| {
            // Without its farewell an end may be anybody's doing, and the client would take it.
            if error.kind() == ErrorKind::UnexpectedEof {
                let problem = "it breaks off before its end: TLS was not closed";
                self.progress.failed(Fault::Truncated, problem);
            }
        })?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // It is asked whether to keep it for another request, and there is none.
        false
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypted").finish_non_exhaustive()
    }
}

/// Notes which certificate was shown, and why it was not believed.
#[derive(Debug)]
struct Witness {
    verifier: Arc<WebPkiServerVerifier>,
    progress: Progress,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.progress.lock().certificate = certificate::summary(end_entity);
        let verdict = self.verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        if let Err(error) = &verdict {
            let (fault, problem) = fault(error);
            self.progress.failed(fault, problem);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Why a certificate is not believed.
fn fault(error: &rustls::Error) -> (Fault, String) {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
        NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(reason) = error else {
        return (Fault::Tls, error.to_string());
    };
    let (fault, problem) = match reason {
        Expired | ExpiredContext { .. } => (Fault::Expired, "its certificate has expired"),
        NotValidYet | NotValidYetContext { .. } => {
            (Fault::Expired, "its certificate does not hold yet")
        }
        NotValidForName | NotValidForNameContext { .. } => {
            (Fault::WrongHost, "its certificate is another host's")
        }
        // The name of a trusted authority proves nothing: its signature does.
        UnknownIssuer | BadSignature => (
            Fault::Untrusted,
            "its certificate is from nobody whom this system trusts",
        ),
        _ => (Fault::Tls, "its certificate cannot be used"),
    };
    (fault, format!("{problem}: {error}"))
}
