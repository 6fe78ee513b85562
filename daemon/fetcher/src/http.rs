//! One request by HTTP: to an address that was looked at before it was connected to, without redirects,
//! proxies or cookies, and with an end to its patience. Serves "Fetching" of section "Shared web
//! credentials: association" of `protocol/README.md`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use credexd::web_credentials::association::MAX_FILE;
use credexd::web_credentials::fetch::{Fault, FetchError, Fetched, Request, Stage};
use rustls::RootCertStore;
use ureq::config::Config;
use ureq::http::{Response, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout, TcpConnector};
use ureq::{Agent, Body, Error};

use crate::addresses::{is_loopback, is_public};
use crate::errors;
use crate::freshness;
use crate::names::Names;
use crate::progress::Progress;
use crate::tls::Tls;

/// The longest head of an answer, in bytes.
const MAX_HEADER: usize = 16 * 1024;
/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 8;
const USER_AGENT: &str = concat!("credex/", env!("CARGO_PKG_VERSION"));

/// The port that `url` is on.
///
/// # Errors
/// It is not an `https` URL.
pub fn port(url: &str) -> Result<u16, String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url} is not a URL"))?;
    match uri.scheme_str() {
        Some("https") => Ok(uri.port_u16().unwrap_or(443)),
        _ => Err(format!("{url} is not an https URL")),
    }
}

/// Fetches the file of `request`, believing the authorities `roots`.
///
/// # Errors
/// There is no such file, or none that can be used; how far it came, and why.
pub fn fetch(
    request: &Request,
    roots: RootCertStore,
    names: impl Names,
) -> Result<Fetched, FetchError> {
    let progress = Progress::new();
    let tls = Tls::new(roots, progress.clone());
    let tls = tls.map_err(|error| FetchError::here(&request.url, error))?;
    let checked = Checked {
        names: Arc::new(names),
        developer: request.developer.is_some(),
        progress: progress.clone(),
    };
    let connector = ().chain(TcpConnector::default()).chain(tls);
    let agent = Agent::with_parts(config(request), connector, checked);
    let asked = ureq::http::Request::get(&request.url)
        .header(header::ACCEPT, "application/json")
        .body(())
        .map_err(|error| FetchError::here(&request.url, error))?;
    let failed = |error: Error| errors::told(request, &progress, error);
    let mut response = agent.run(asked.clone()).map_err(failed)?;
    progress.reached(Stage::Http);
    usable(&response).map_err(|(fault, problem)| {
        progress.failed(fault, problem);
        let mut error = failed(Error::ConnectionFailed);
        error.status = Some(response.status().as_u16());
        error
    })?;
    let freshness = freshness::of(&asked, &response);
    progress.reached(Stage::Body);
    let body = read(&mut response);
    let reached = progress.lock().clone();
    let body = match (body, &reached.fault) {
        (Ok(body), None) => body,
        (body, _) => {
            let mut error = failed(body.err().unwrap_or(Error::ConnectionFailed));
            error.status = Some(response.status().as_u16());
            return Err(error);
        }
    };
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let mut fetched = Fetched::new(&request.url, body);
    fetched.status = response.status().as_u16();
    fetched.content_type = content_type.map(str::to_owned);
    fetched.freshness = freshness;
    fetched.addresses = reached.addresses;
    fetched.certificate = reached.certificate.unwrap_or_default();
    Ok(fetched)
}

fn config(request: &Request) -> Config {
    Agent::config_builder()
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // The addresses are looked at here; a proxy would resolve the name anew, and for itself.
        .proxy(None)
        .timeout_global(Some(Duration::from_millis(request.timeout.into())))
        .max_response_header_size(MAX_HEADER)
        .max_idle_connections(0)
        .user_agent(USER_AGENT)
        .build()
}

/// Whether the answer is a file that can be read on.
fn usable(response: &Response<Body>) -> Result<(), (Fault, String)> {
    let status = response.status();
    if status.is_redirection() {
        let target = response.headers().get(header::LOCATION);
        let target = target.map_or("nowhere".into(), |to| {
            String::from_utf8_lossy(to.as_bytes())
        });
        let target: String = target
            .chars()
            .take(200)
            .filter(|c| !c.is_control())
            .collect();
        let problem = format!(
            "it sends on to {target:?}, which is not followed; serve the file itself at this URL"
        );
        return Err((Fault::Redirect(target), problem));
    }
    if status.as_u16() != 200 {
        return Err((Fault::Status, format!("it answers with status {status}")));
    }
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()));
    match content_type {
        Some(kind) if !is_for_json(&kind) => {
            let kind: String = kind.chars().take(80).collect();
            Err((
                Fault::WrongType,
                format!("it is of the type {kind:?}; serve it as application/json"),
            ))
        }
        _ => Ok(()),
    }
}

/// JSON; and what servers make of a file that has no ending, as Apple's has none. Not HTML, which many a
/// server has for whatever it does not know.
fn is_for_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let plain = [
        "application/json",
        "text/json",
        "text/plain",
        "application/octet-stream",
        "",
    ];
    plain.contains(&essence.as_str())
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read(response: &mut Response<Body>) -> Result<Vec<u8>, Error> {
    let body = response.body_mut().with_config();
    body.limit(MAX_FILE as u64).read_to_vec()
}

/// Resolves a name once, and lets no address pass that is not public.
struct Checked {
    names: Arc<dyn Names>,
    developer: bool,
    progress: Progress,
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(443);
        let found = self.names.addresses(host, *timeout.after);
        let found = found.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
            io::ErrorKind::NotFound => {
                let problem = format!("its name resolves to nothing: {error}");
                self.progress.failed(Fault::NoSuchName, problem);
                Error::HostNotFound
            }
            _ => Error::Io(error),
        })?;
        let mut addresses = self.empty();
        for ip in found.into_iter().take(MAX_ADDRESSES) {
            let address = SocketAddr::new(ip, port);
            self.progress.lock().addresses.push(address);
            let allowed = is_public(ip) || (self.developer && is_loopback(ip));
            if !allowed {
                let problem = format!("its name resolves to {ip}, which is not a public address");
                self.progress.failed(Fault::PrivateAddress, problem);
                return Err(Error::HostNotFound);
            }
            addresses.push(address);
        }
        if addresses.is_empty() {
            self.progress
                .failed(Fault::NoSuchName, "its name resolves to nothing");
            return Err(Error::HostNotFound);
        }
        self.progress.reached(Stage::Connect);
        Ok(addresses)
    }
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use credex_tests::website::Authority;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    const TIMEOUT: u32 = 5_000;

    /// Answers each question with the next of some answers, as one does who rebinds a name.
    struct Rebinding {
        answers: Vec<Vec<&'static str>>,
        asked: Arc<AtomicUsize>,
    }

    impl Names for Rebinding {
        fn addresses(&self, _: &str, _: Duration) -> io::Result<Vec<IpAddr>> {
            let turn = self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = &self.answers[turn.min(self.answers.len() - 1)];
            Ok(answer.iter().map(|ip| ip.parse().unwrap()).collect())
        }
    }

    /// Fetches from port `port` of `example.org`, which resolves to `answers` in turn.
    fn fetch_from(port: u16, answers: &[&[&'static str]]) -> (FetchError, usize) {
        let asked = Arc::new(AtomicUsize::new(0));
        let names = Rebinding {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            asked: asked.clone(),
        };
        let request = Request {
            url: format!("https://example.org:{port}/.well-known/assetlinks.json"),
            timeout: TIMEOUT,
            developer: None,
        };
        let authority = Authority::new();
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority.file()).unwrap() {
            roots.add(certificate.unwrap()).unwrap();
        }
        let error = fetch(&request, roots, names).unwrap_err();
        (error, asked.load(Ordering::Relaxed))
    }

    #[test]
    fn no_address_that_is_not_public_is_connected_to_not_even_beside_public_ones() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for answer in [
            &["127.0.0.1"][..],
            &["::1"],
            &["::ffff:127.0.0.1"],
            &["10.0.0.1"],
            &["100.64.0.1"],
            &["169.254.169.254"],
            &["fe80::1"],
            &["ff02::1"],
            &["127.0.0.1", "8.8.8.8"],
            &["8.8.8.8", "127.0.0.1"],
            &["0.0.0.0"],
        ] {
            let (error, _) = fetch_from(port, &[answer]);
            assert_eq!(error.stage, Stage::Resolve, "{answer:?}: {error}");
            assert_eq!(error.fault, Fault::PrivateAddress, "{answer:?}: {error}");
        }
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    #[test]
    fn a_name_that_is_rebound_after_the_check_is_not_asked_for_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        // Nothing good comes of it, whether or not there is a way to that address from here.
        let (error, asked) = fetch_from(port, &[&["8.8.8.8"], &["127.0.0.1"]]);
        assert_ne!(error.stage, Stage::Resolve, "{error}");
        assert_eq!(asked, 1);
        assert_eq!(error.addresses, [SocketAddr::from(([8, 8, 8, 8], port))]);
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    #[test]
    fn a_name_without_an_address_does_not_exist() {
        let (error, _) = fetch_from(443, &[&[]]);
        assert_eq!(
            (error.stage, error.fault),
            (Stage::Resolve, Fault::NoSuchName)
        );
    }
}
