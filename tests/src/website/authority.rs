//! Who makes out the certificates of a site: an authority of the test's own, which nobody else trusts.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// What a site shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// A certificate for `localhost` that holds.
    Good,
    /// The same, until yesterday.
    Expired,
    /// One that it has made out itself.
    SelfSigned,
    /// One for another host.
    OtherHost,
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

impl Authority {
    /// A new authority, whose certificate lies in a file.
    pub fn new() -> Authority {
        let key = KeyPair::generate().expect("a key is made");
        let mut params = CertificateParams::new([]).expect("no names are valid names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "An authority of a test's");
        let certificate = params.self_signed(&key).expect("it signs itself");
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(&file, certificate.pem()).expect("it is written");
        Authority {
            issuer: Issuer::new(params, key),
            file,
        }
    }

    /// Its certificate, as PEM.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    pub(super) fn server(&self, identity: Identity) -> ServerConfig {
        let key = KeyPair::generate().expect("a key is made");
        let host = match identity {
            Identity::OtherHost => "elsewhere.example",
            _ => "localhost",
        };
        let mut params = CertificateParams::new([host.to_owned()]).expect("a valid name");
        // Not just the host's name: some systems trust a certificate of their own under that.
        let name = format!("A site of a test's at {host}");
        params.distinguished_name.push(DnType::CommonName, name);
        let now = SystemTime::now();
        params.not_before = (now - 10 * DAY).into();
        params.not_after = match identity {
            Identity::Expired => (now - DAY).into(),
            _ => (now + 10 * DAY).into(),
        };
        let certificate = match identity {
            Identity::SelfSigned => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        let certificate: CertificateDer<'static> = certificate.expect("it is signed").into();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = rustls::crypto::ring::default_provider();
        ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .expect("rustls has its versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .expect("the key belongs to the certificate")
    }
}
