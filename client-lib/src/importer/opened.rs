//! A payload that was opened, as bytes: the document and its attachments (`envelope::parts`).

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use credex_protocol::envelope::Plaintext;
use credex_protocol::envelope::parts::{self, PartsError};

use super::claim::Claim;
use super::import::Import;
use crate::app::App;
use crate::cxf::Counts;
use crate::error::{Error, Result};
use crate::receipt::Tally;
use crate::wire_limits::{per_type, remarks};

/// Where a payload comes from, and what should be in it.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) exporter: App,
    pub(super) format_version: String,
    pub(super) declared: Counts,
    pub(super) deposited: Counts,
    pub(super) types: BTreeSet<String>,
}

/// An opened payload that was not looked at, wiped when dropped. Dropping it without reporting
/// tells the exporter that nothing came of it.
pub struct Opened {
    claim: Claim,
    pub(super) origin: Origin,
    content: Plaintext,
    layout: Layout,
}

impl Opened {
    pub(super) fn new(mut claim: Claim, origin: Origin, content: Plaintext) -> Result<Self> {
        match Layout::of(&content) {
            Ok(layout) => Ok(Self {
                claim,
                origin,
                content,
                layout,
            }),
            Err(error) => {
                let error = Error::Parts(error);
                claim.give_up(&error);
                Err(error)
            }
        }
    }

    /// Who exported, as the service established it.
    pub fn exporter(&self) -> &App {
        &self.origin.exporter
    }

    /// The version of the format of the document.
    pub fn format_version(&self) -> &str {
        &self.origin.format_version
    }

    /// The document.
    pub fn document(&self) -> &[u8] {
        &self.content[self.layout.document.clone()]
    }

    /// The attachments: the id of a `file` credential, and its bytes.
    pub fn attachments(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.layout.attachments.iter().map(|attachment| {
            let body = &self.content[attachment.body.clone()];
            (attachment.id.as_str(), body)
        })
    }

    /// The bytes of the `file` credential with this id.
    pub fn attachment(&self, id: &str) -> Option<&[u8]> {
        self.attachments()
            .find_map(|(other, body)| (other == id).then_some(body))
    }

    /// Reads the document through. What the attachments are worth is found out when asked for.
    ///
    /// # Errors
    /// [`Error::Document`] if nothing of the document should be imported; the exporter is told.
    pub fn read_through(mut self) -> Result<Import> {
        match crate::cxf::validate(self.document()) {
            Ok(report) => Ok(Import::new(self, report)),
            Err(invalid) => {
                let error = Error::Document(invalid);
                self.claim.give_up(&error);
                Err(error)
            }
        }
    }

    /// Reports what became of each credential type, and ends the exchange.
    ///
    /// # Errors
    /// [`Error::Ended`] if it has ended already; [`Error::Service`]; [`Error::ServiceStopped`].
    pub async fn complete(
        self,
        types: impl IntoIterator<Item = (impl Into<String>, Tally)>,
    ) -> Result<()> {
        self.report(types, Vec::new()).await
    }

    /// Reports that nothing could be made of the payload; `reason` is cut at 256 bytes.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn reject(self, reason: &str) -> Result<()> {
        self.claim.decline(reason).await
    }

    pub(super) async fn report(
        self,
        types: impl IntoIterator<Item = (impl Into<String>, Tally)>,
        discrepancies: Vec<String>,
    ) -> Result<()> {
        let receipt = per_type(types);
        drop(self.content);
        self.claim.complete(&receipt, remarks(discrepancies)).await
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("origin", &self.origin)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// Where the parts of a payload lie in it.
struct Layout {
    document: Range<usize>,
    attachments: Vec<Attachment>,
}

struct Attachment {
    id: String,
    body: Range<usize>,
}

impl Layout {
    fn of(content: &[u8]) -> std::result::Result<Self, PartsError> {
        let parts = parts::parse(content)?;
        let attachments = parts.attachments().map(|(id, body)| Attachment {
            id: id.to_owned(),
            body: place(body, content),
        });
        Ok(Self {
            document: place(parts.document(), content),
            attachments: attachments.collect(),
        })
    }
}

/// Where `part` lies in the `whole` that it was cut from.
fn place(part: &[u8], whole: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}
