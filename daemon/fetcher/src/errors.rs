//! What the HTTP client reports, as what went wrong.

use std::io;

use credexd::web_credentials::fetch::{Fault, FetchError, Request, Stage};
use ureq::Error;

use crate::progress::Progress;

/// The error of a fetch that came as far as `progress` says.
pub(crate) fn told(request: &Request, progress: &Progress, error: Error) -> FetchError {
    let reached = progress.lock().clone();
    let (fault, problem) = reached.fault.unwrap_or_else(|| {
        (
            fault(&error, reached.stage),
            problem(request, &error, reached.stage),
        )
    });
    FetchError {
        stage: reached.stage,
        url: request.url.clone(),
        status: None,
        fault,
        problem,
        addresses: reached.addresses,
        certificate: reached.certificate.map(Box::new),
    }
}

fn fault(error: &Error, stage: Stage) -> Fault {
    match error {
        Error::Timeout(_) => Fault::TimedOut,
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Fault::TimedOut,
        Error::BodyExceedsLimit(_) => Fault::TooLong,
        Error::Tls(_) => Fault::Tls,
        // What rustls refuses comes as invalid data.
        Error::Io(error) if stage == Stage::Tls && error.kind() == io::ErrorKind::InvalidData => {
            Fault::Tls
        }
        Error::Io(_) | Error::Protocol(_) if stage == Stage::Body => Fault::Truncated,
        Error::Io(_) | Error::ConnectionFailed => Fault::Connection,
        _ => Fault::Protocol,
    }
}

fn problem(request: &Request, error: &Error, stage: Stage) -> String {
    match fault(error, stage) {
        Fault::TimedOut => took_too_long(request.timeout),
        Fault::TooLong => "it is longer than 128 KiB".to_owned(),
        Fault::Truncated => format!("it breaks off before its end: {error}"),
        Fault::Connection => format!("the connection broke: {error}"),
        _ => error.to_string(),
    }
}

/// That the time is up, of which there was `timeout`, in milliseconds.
pub(crate) fn took_too_long(timeout: u32) -> String {
    let seconds = f64::from(timeout) / 1000.0;
    format!("it took longer than the {seconds} s that there are")
}
