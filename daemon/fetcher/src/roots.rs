//! The authorities whose certificates are believed: the system's, and in developer mode one more.

use std::io;
use std::path::PathBuf;

use credexd::web_credentials::fetch::Developer;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Why there is nobody to believe.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The system has no root certificates.
    #[error(
        "this system has no root certificates, so no site can prove who it is; install them \
         (on Debian the package ca-certificates){0}"
    )]
    None(String),
    /// The developer's file cannot be used.
    #[error("the developer's authority {file} cannot be used: {problem}", file = file.display())]
    Developer {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Reads all root certificates. None are built in: they would outlive their authorities' good name.
///
/// # Errors
/// There are none, or the developer's cannot be used.
pub fn load(developer: Option<&Developer>) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = developer.and_then(|developer| developer.authority.as_ref()) {
        let wrong = |problem: String| RootsError::Developer {
            file: file.clone(),
            problem,
        };
        for certificate in certificates(file).map_err(|error| wrong(error.to_string()))? {
            roots
                .add(certificate)
                .map_err(|error| wrong(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        let problems: Vec<_> = system
            .errors
            .iter()
            .map(|error| format!("; {error}"))
            .collect();
        return Err(RootsError::None(problems.concat()));
    }
    Ok(roots)
}

fn certificates(file: &PathBuf) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&std::fs::read(file)?).collect();
    match certificates {
        Ok(found) if found.is_empty() => Err(io::Error::other("it has no certificate")),
        found => found.map_err(io::Error::other),
    }
}
