//! One request by HTTP: over a connection that somebody else has made, without redirects, proxies or cookies,
//! and with an end to its patience. Serves "Fetching" of section "Shared web credentials: association" of
//! `protocol/README.md`.

use std::net::TcpStream;
use std::time::Duration;

use credexd::web_credentials::association::MAX_FILE;
use credexd::web_credentials::fetch::dial::Dialled;
use credexd::web_credentials::fetch::{Fault, FetchError, Fetched, Request, Stage};
use rustls::RootCertStore;
use ureq::config::Config;
use ureq::http::{Response, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Agent, Body, Error};

use crate::connection::Connection;
use crate::errors;
use crate::freshness;
use crate::progress::Progress;
use crate::tls::Tls;

/// The longest head of an answer, in bytes.
const MAX_HEADER: usize = 16 * 1024;
const USER_AGENT: &str = concat!("credex/", env!("CARGO_PKG_VERSION"));

/// Fetches the file of `request` over `stream`, believing the authorities `roots`.
///
/// # Errors
/// There is no such file, or none that can be used; how far it came, and why.
pub fn fetch(
    request: &Request,
    roots: RootCertStore,
    dialled: &Dialled,
    stream: TcpStream,
) -> Result<Fetched, FetchError> {
    let progress = Progress::new(&dialled.addresses);
    let tls = Tls::new(Connection::new(stream), roots, progress.clone());
    let tls = tls.map_err(|error| FetchError::here(&request.url, error))?;
    let agent = Agent::with_parts(config(request, dialled), tls, Resolved(dialled.clone()));
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

fn config(request: &Request, dialled: &Dialled) -> Config {
    let left = request.timeout.saturating_sub(dialled.took).max(1);
    Agent::config_builder()
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // The addresses have been looked at; a proxy would resolve the name anew, and for itself.
        .proxy(None)
        .timeout_global(Some(Duration::from_millis(left.into())))
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

/// The name has been resolved, once and by somebody else, and the connection is there: this leads nowhere.
#[derive(Debug)]
struct Resolved(Dialled);

impl Resolver for Resolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        if let Some(address) = self.0.addresses.first() {
            addresses.push(*address);
        }
        Ok(addresses)
    }
}
