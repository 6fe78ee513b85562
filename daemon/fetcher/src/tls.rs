//! TLS below the HTTP client: rustls, with what the site shows of itself told to [`Progress`].

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

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
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::certificate;
use crate::progress::Progress;

/// Makes a TLS connection of a TCP connection.
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    progress: Progress,
}

impl Tls {
    /// Believes the authorities `roots`.
    pub(crate) fn new(roots: RootCertStore, progress: Progress) -> Result<Tls, rustls::Error> {
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
            progress,
        })
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Encrypted>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let transport = chained.ok_or(Error::ConnectionFailed)?;
        self.progress.reached(Stage::Tls);
        let host = details.uri.host().unwrap_or_default().to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::Tls("no host name"))?;
        let mut conn = ClientConnection::new(self.config.clone(), name)
            .map_err(|error| Error::Other(error.into()))?;
        let mut sock = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)?;
        self.progress.reached(Stage::Http);
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let stream = StreamOwned { conn, sock };
        Ok(Some(Either::B(Encrypted {
            buffers,
            stream,
            progress: self.progress.clone(),
        })))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// A TLS connection.
pub(crate) struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    progress: Progress,
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
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
        self.stream.get_mut().get_mut().is_open()
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
