//! What a site serves, the bad included.

use std::io::{self, Write};
use std::time::Duration;

/// Between two bytes of a page that drips.
const DRIP: Duration = Duration::from_millis(50);

/// What is served at one path.
#[derive(Debug, Clone)]
pub enum Page {
    /// A file with its headers.
    File {
        /// Beside `Content-Length`, with their values.
        headers: Vec<(&'static str, String)>,
        /// Its contents.
        body: Vec<u8>,
    },
    /// Nothing but a status.
    Status(u16),
    /// Elsewhere.
    Redirect(String),
    /// A file that promises more than comes, and then ends.
    Truncated {
        /// Which length the head names; if none, the end of the connection is the end of the file.
        promised: Option<usize>,
        /// What comes of it.
        body: Vec<u8>,
    },
    /// A byte now and then, without an end.
    Drip,
    /// Nothing at all, without an end.
    Silence,
    /// Not HTTP.
    Raw(Vec<u8>),
}

impl Page {
    /// A JSON file.
    pub fn json(body: impl Into<String>) -> Page {
        Page::typed("application/json", body)
    }

    /// A file of the type `content_type`.
    pub fn typed(content_type: &str, body: impl Into<String>) -> Page {
        Page::File {
            headers: vec![("Content-Type", content_type.to_owned())],
            body: body.into().into_bytes(),
        }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: &str) -> Page {
        if let Page::File { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// Writes it; `pause` waits, and tells whether to go on. Returns whether it was written to its proper end.
    pub(super) fn write(
        self,
        stream: &mut impl Write,
        pause: impl Fn(Duration) -> bool,
    ) -> io::Result<bool> {
        match self {
            Page::File { headers, body } => {
                let length = ("Content-Length", body.len().to_string());
                head(stream, 200, headers.into_iter().chain([length]))?;
                stream.write_all(&body)?;
                Ok(true)
            }
            Page::Status(status) => {
                head(stream, status, [("Content-Length", "0".to_owned())])?;
                Ok(true)
            }
            Page::Redirect(to) => {
                let headers = [("Location", to), ("Content-Length", "0".to_owned())];
                head(stream, 302, headers)?;
                Ok(true)
            }
            Page::Truncated { promised, body } => {
                let length = promised.map(|length| ("Content-Length", length.to_string()));
                let kind = ("Content-Type", "application/json".to_owned());
                head(stream, 200, [kind].into_iter().chain(length))?;
                stream.write_all(&body)?;
                Ok(false)
            }
            Page::Drip => {
                let kind = ("Content-Type", "application/json".to_owned());
                head(stream, 200, [kind, ("Content-Length", "100000".to_owned())])?;
                while pause(DRIP) {
                    stream.write_all(b" ")?;
                    stream.flush()?;
                }
                Ok(false)
            }
            Page::Silence => {
                while pause(Duration::MAX) {}
                Ok(false)
            }
            Page::Raw(bytes) => {
                stream.write_all(&bytes)?;
                Ok(true)
            }
        }
    }
}

fn head(
    stream: &mut impl Write,
    status: u16,
    headers: impl IntoIterator<Item = (&'static str, String)>,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} So\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())
}
