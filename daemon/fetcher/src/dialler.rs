//! The dialler: connects to a site, and hands the connection over. Serves "Fetching" of section "Shared web
//! credentials: association" of `protocol/README.md`.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use credexd::web_credentials::fetch::dial::{Answer, DialError, Dialled, Request};

use crate::names::SystemNames;
use crate::sandbox::{self, Part};
use crate::{dial, withdraw};

/// Connects to what the daemon asks for over `socket`, once.
pub(crate) fn serve(socket: UnixStream) -> io::Result<()> {
    let request = Request::read(&socket)?;
    withdraw()?;
    let mut unconfined = Vec::new();
    let (outcome, connection) = match connected(&request, &mut unconfined) {
        Ok((dialled, connection)) => (Ok(dialled), Some(connection)),
        Err(error) => (Err(error), None),
    };
    let answer = Answer {
        outcome,
        unconfined,
    };
    answer.write(&socket, connection.as_ref())?;
    socket.shutdown(Shutdown::Write)
}

/// Reads what it needs, confines itself, and only then turns to the network.
fn connected(
    request: &Request,
    unconfined: &mut Vec<String>,
) -> Result<(Dialled, TcpStream), DialError> {
    let names = SystemNames::open().map_err(DialError::here)?;
    *unconfined = sandbox::enter(Part::Dialler(request.port)).map_err(DialError::here)?;
    dial::dial(request, &names)
}
