//! Export and import credentials through the Credex session service.

mod app;
mod bus;
mod clock;
pub mod cxf;
mod error;
mod exporter;
mod importer;
mod progress;
mod receipt;

pub use app::{App, Assurance};
pub use credex_protocol::Reason;
pub use error::{Ended, Error, Outcome, Result};
pub use exporter::{Delivery, ExportRequest, Exporter, Grant, Payload};
pub use importer::{AttachmentProblem, Import, Importer, ImporterBuilder, Offer, Opened};
pub use progress::{OnProgress, Progress, silent};
pub use receipt::{Receipt, Tally};
