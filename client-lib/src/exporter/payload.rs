//! What is to be sent: a CXF document, and the bytes of its `file` credentials beside it.

use std::fmt;
use std::io::Read;

use credex_protocol::envelope::parts::Part;

use crate::cxf::{self, Choice, Counts, Report};
use crate::error::Result;
use crate::progress::Progress;

/// A document and its attachments, borrowed from the app, which wipes them itself.
pub struct Payload<'a> {
    document: &'a [u8],
    attachments: Vec<Piece<'a>>,
    progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
    report: Option<Report>,
}

impl<'a> Payload<'a> {
    /// A document alone.
    pub fn new(document: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            document: document.as_ref(),
            attachments: Vec::new(),
            progress: None,
            report: None,
        }
    }

    /// Adds the bytes of the `file` credential with this id.
    #[must_use]
    pub fn attachment(self, id: impl Into<String>, bytes: &'a [u8]) -> Self {
        self.with(id.into(), Body::Bytes(bytes))
    }

    /// Adds the bytes of the `file` credential with this id: the next `len` of `reader`, which is
    /// read while sealing.
    #[must_use]
    pub fn attachment_from(
        self,
        id: impl Into<String>,
        reader: impl Read + Send + 'a,
        len: u64,
    ) -> Self {
        self.with(id.into(), Body::Reader(Box::new(reader), len))
    }

    /// Tells how far the sealing is, at most once for every segment of 64 KiB.
    #[must_use]
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(tell));
        self
    }

    /// Reads the document through, once, and tells what is in it and what is wrong with it.
    ///
    /// # Errors
    /// [`Error::Document`](crate::Error::Document) if nobody could import it.
    pub fn check(&mut self) -> Result<&Report> {
        let report = match self.report.take() {
            Some(report) => report,
            None => cxf::validate(self.document)?,
        };
        Ok(self.report.insert(report))
    }

    /// What may go of it.
    pub(super) fn narrowed(mut self, choice: Choice<'_>) -> Result<Narrowed<'a>> {
        let report = self.check()?.clone();
        let document = cxf::narrow_to(self.document, &report, choice)?;
        let present = match &document {
            cxf::Narrowed::Whole(_) => report.present.clone(),
            cxf::Narrowed::Part(rest) => cxf::validate(rest)?.present,
        };
        let mut pieces = vec![Piece {
            id: None,
            body: Body::Document(document),
        }];
        if choice.lets_go("file") {
            pieces.append(&mut self.attachments);
        }
        Ok(Narrowed {
            pieces,
            counts: choice.named(&present),
            report,
            progress: self.progress,
        })
    }

    fn with(mut self, id: String, body: Body<'a>) -> Self {
        self.attachments.push(Piece { id: Some(id), body });
        self
    }
}

/// A payload that is ready to be sealed.
pub(super) struct Narrowed<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// What is in it, under the names that the person was shown.
    pub(super) counts: Counts,
    pub(super) report: Report,
    pub(super) progress: Option<Box<dyn FnMut(Progress) + Send + 'a>>,
}

/// One part of a payload.
pub(super) struct Piece<'a> {
    /// The attachment's; `None` for the document.
    pub(super) id: Option<String>,
    pub(super) body: Body<'a>,
}

/// Where the bytes of a part are.
pub(super) enum Body<'a> {
    Document(cxf::Narrowed<'a>),
    Bytes(&'a [u8]),
    Reader(Box<dyn Read + Send + 'a>, u64),
}

impl Piece<'_> {
    pub(super) fn part(&self) -> Part<'_> {
        self.id.as_deref().map_or(Part::Document, Part::Attachment)
    }

    pub(super) fn len(&self) -> u64 {
        match &self.body {
            Body::Document(document) => document.as_ref().len() as u64,
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Reader(_, len) => *len,
        }
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(document: &'a [u8]) -> Self {
        Self::new(document)
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    fn from(document: &'a Vec<u8>) -> Self {
        Self::new(document)
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(document: &'a str) -> Self {
        Self::new(document)
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("document", &format_args!("{} bytes", self.document.len()))
            .field("attachments", &self.attachments.len())
            .finish_non_exhaustive()
    }
}
