//! The connection to the site, which somebody else has made: read from and written to within the time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A TCP connection with an end to its patience.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    until: Option<Instant>,
}

impl Connection {
    /// Waits without end, until it is told otherwise.
    pub(crate) fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            until: None,
        }
    }

    /// From now on whatever is read or written must come within `limit` of now; `None` is forever.
    pub(crate) fn set_limit(&mut self, limit: Option<Duration>) {
        self.until = limit.and_then(|limit| Instant::now().checked_add(limit));
    }

    /// Does `once` within the time that is left, which `set` tells the kernel.
    fn within<T>(
        &mut self,
        set: impl Fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        mut once: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let now = Instant::now();
            let left = self.until.map(|until| until.saturating_duration_since(now));
            if left == Some(Duration::ZERO) {
                return Err(ErrorKind::TimedOut.into());
            }
            set(&self.stream, left)?;
            match once(&self.stream) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                done => return done,
            }
        }
    }
}

impl Read for Connection {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.within(TcpStream::set_read_timeout, |mut stream| stream.read(to))
    }
}

impl Write for Connection {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.within(TcpStream::set_write_timeout, |mut stream| {
            stream.write(from)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_site_that_says_nothing_is_waited_for_until_the_time_is_up_and_not_again() {
        let site = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(site.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(stream);
        connection.set_limit(Some(Duration::from_millis(50)));
        for _ in 0..2 {
            let error = connection.read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        let error = connection.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
