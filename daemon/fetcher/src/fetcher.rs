//! The fetcher: speaks with a site, over the connection that it is handed. Serves "Fetching" of section "Shared web
//! credentials: association" of `protocol/README.md`.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use credexd::web_credentials::fetch::dial;
use credexd::web_credentials::fetch::passing::Lines;
use credexd::web_credentials::fetch::wire::{Answer, FetchError, Fetched, Request};
use rustls::RootCertStore;

use crate::sandbox::{self, Part};
use crate::{http, roots, withdraw};

/// Fetches what the daemon asks for over `socket`.
pub(crate) fn serve(socket: UnixStream) -> io::Result<()> {
    let mut lines = Lines::new(&socket);
    let request = Request::read(&mut lines)?;
    withdraw()?;
    let mut unconfined = Vec::new();
    let outcome = ready(&request, &mut unconfined);
    let outcome = outcome.and_then(|roots| fetch(&request, roots, &mut lines));
    let answer = Answer {
        outcome,
        unconfined,
    };
    answer.write(&socket)?;
    socket.shutdown(Shutdown::Write)
}

/// Reads what it needs and confines itself, before it takes a connection.
fn ready(request: &Request, unconfined: &mut Vec<String>) -> Result<RootCertStore, FetchError> {
    let here = |problem: &dyn std::fmt::Display| FetchError::here(&request.url, problem);
    let roots = roots::load(request.developer.as_ref()).map_err(|error| here(&error))?;
    dial::Request::of(request).map_err(|error| here(&error))?;
    *unconfined = sandbox::enter(Part::Fetcher).map_err(|error| here(&error))?;
    Ok(roots)
}

fn fetch(
    request: &Request,
    roots: RootCertStore,
    lines: &mut Lines<&UnixStream>,
) -> Result<Fetched, FetchError> {
    let here = |problem: io::Error| {
        FetchError::here(
            &request.url,
            format!("no connection was handed over: {problem}"),
        )
    };
    let (answer, connection) = dial::Answer::read(lines).map_err(here)?;
    let dialled = answer
        .outcome
        .map_err(|error| error.of_fetching(&request.url))?;
    let connection = connection.ok_or_else(|| here(io::ErrorKind::NotConnected.into()))?;
    http::fetch(request, roots, &dialled, TcpStream::from(connection))
}
