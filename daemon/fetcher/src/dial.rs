//! Connecting to a site: to an address that was looked at before, and no other, within the time. Serves "Fetching"
//! of section "Shared web credentials: association" of `protocol/README.md`.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use credexd::web_credentials::fetch::dial::{DialError, Dialled, Request};
use credexd::web_credentials::fetch::{Fault, Stage};

use crate::addresses::{is_loopback, is_public};
use crate::errors::took_too_long;
use crate::names::Names;

/// The most addresses that are tried.
const MAX_ADDRESSES: usize = 8;

/// Connects to what `request` names, as `names` resolves it.
///
/// # Errors
/// There is no connection; how far it came, and why.
pub fn dial(request: &Request, names: &impl Names) -> Result<(Dialled, TcpStream), DialError> {
    let began = Instant::now();
    let limit = Duration::from_millis(request.timeout.into());
    let left = || limit.saturating_sub(began.elapsed());
    let found = names.addresses(&request.host, left());
    let found = found.map_err(|error| unresolved(request, &error))?;
    let addresses = looked_at(request, found)?;
    let connected = connect(&addresses, left);
    let connection = connected.map_err(|error| unconnected(request, &addresses, &error))?;
    let took = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok((Dialled { addresses, took }, connection))
}

/// Where `found` leads, if nowhere else than to the public Internet; in developer mode, to this computer.
fn looked_at(request: &Request, found: Vec<IpAddr>) -> Result<Vec<SocketAddr>, DialError> {
    let mut addresses = Vec::new();
    for ip in found.into_iter().take(MAX_ADDRESSES) {
        addresses.push(SocketAddr::new(ip, request.port));
        let allowed = is_public(ip) || (request.loopback && is_loopback(ip));
        if !allowed {
            return Err(DialError {
                stage: Stage::Resolve,
                fault: Fault::PrivateAddress,
                problem: format!("its name resolves to {ip}, which is not a public address"),
                addresses,
            });
        }
    }
    match addresses.is_empty() {
        true => Err(no_such_name("its name resolves to nothing".to_owned())),
        false => Ok(addresses),
    }
}

/// Connects to the first of `addresses` that answers. Each gets half of the time that is `left`, the last all of
/// it.
fn connect(addresses: &[SocketAddr], left: impl Fn() -> Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::TimedOut);
    for (tried, address) in addresses.iter().enumerate() {
        let left = left();
        let share = match tried + 1 == addresses.len() {
            true => left,
            false => left / 2,
        };
        if share.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(address, share) {
            // What is sent is one short request.
            Ok(connection) => return connection.set_nodelay(true).map(|()| connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn unresolved(request: &Request, error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::NotFound => no_such_name(format!("its name resolves to nothing: {error}")),
        _ => failed(
            request,
            Stage::Resolve,
            "its name cannot be resolved",
            error,
        ),
    }
}

fn unconnected(request: &Request, addresses: &[SocketAddr], error: &io::Error) -> DialError {
    DialError {
        addresses: addresses.to_vec(),
        ..failed(request, Stage::Connect, "cannot connect", error)
    }
}

fn no_such_name(problem: String) -> DialError {
    DialError {
        stage: Stage::Resolve,
        fault: Fault::NoSuchName,
        problem,
        addresses: Vec::new(),
    }
}

fn failed(request: &Request, stage: Stage, what: &str, error: &io::Error) -> DialError {
    let (fault, problem) = match error.kind() {
        io::ErrorKind::TimedOut => (Fault::TimedOut, took_too_long(request.timeout)),
        _ => (Fault::Connection, format!("{what}: {error}")),
    };
    DialError {
        stage,
        fault,
        problem,
        addresses: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const TIMEOUT: u32 = 5_000;

    /// Answers each question with the next of some answers, as one does who rebinds a name.
    struct Rebinding {
        answers: Vec<Vec<&'static str>>,
        asked: AtomicUsize,
    }

    impl Names for Rebinding {
        fn addresses(&self, _: &str, _: Duration) -> io::Result<Vec<IpAddr>> {
            let turn = self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = &self.answers[turn.min(self.answers.len() - 1)];
            Ok(answer.iter().map(|ip| ip.parse().unwrap()).collect())
        }
    }

    fn request(port: u16, loopback: bool) -> Request {
        Request {
            host: "example.org".to_owned(),
            port,
            timeout: TIMEOUT,
            loopback,
        }
    }

    fn resolving(answers: &[&[&'static str]]) -> Rebinding {
        Rebinding {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            asked: AtomicUsize::new(0),
        }
    }

    /// Connects to port `port` of `example.org`, which resolves to `answer`, in vain.
    fn refused(port: u16, answer: &[&'static str]) -> DialError {
        dial(&request(port, false), &resolving(&[answer])).unwrap_err()
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
            let error = refused(port, answer);
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
        let names = resolving(&[&["8.8.8.8"], &["127.0.0.1"]]);
        // Whatever answers there from here, if anything.
        let addresses = match dial(&request(port, false), &names) {
            Ok((dialled, _)) => dialled.addresses,
            Err(error) => {
                assert_ne!(error.stage, Stage::Resolve, "{error}");
                error.addresses
            }
        };
        assert_eq!(names.asked.into_inner(), 1);
        assert_eq!(addresses, [SocketAddr::from(([8, 8, 8, 8], port))]);
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    #[test]
    fn a_name_without_an_address_does_not_exist() {
        let error = refused(443, &[]);
        assert_eq!(
            (error.stage, error.fault),
            (Stage::Resolve, Fault::NoSuchName)
        );
    }

    #[test]
    fn where_one_address_does_not_answer_the_next_is_tried() {
        let site = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = site.local_addr().unwrap();
        // Nobody listens at the first.
        let names = resolving(&[&["127.0.0.2", "127.0.0.1"]]);
        let (dialled, connection) = dial(&request(address.port(), true), &names).unwrap();
        assert_eq!(connection.peer_addr().unwrap(), address);
        assert_eq!(dialled.addresses.len(), 2);
    }

    #[test]
    fn a_port_on_which_nobody_listens_is_told_with_its_addresses() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let names = resolving(&[&["127.0.0.1"]]);
        let error = dial(&request(address.port(), true), &names).unwrap_err();
        assert_eq!(
            (error.stage, &error.fault, error.addresses.as_slice()),
            (Stage::Connect, &Fault::Connection, &[address][..]),
        );
        assert!(error.problem.starts_with("cannot connect: "), "{error}");
    }
}
