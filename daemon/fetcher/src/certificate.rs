//! What a certificate says, for people.

use credexd::web_credentials::fetch::Certificate;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The longest name that is repeated, in characters.
const MAX_NAME: usize = 200;

/// The summary of the certificate `der`; nothing of it is believed before TLS has checked it.
pub(crate) fn summary(der: &[u8]) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let short = |name: String| {
        name.chars()
            .take(MAX_NAME)
            .filter(|c| !c.is_control())
            .collect()
    };
    Some(Certificate {
        subject: short(certificate.subject().to_string()),
        issuer: short(certificate.issuer().to_string()),
        not_after: certificate.validity().not_after.timestamp(),
    })
}
