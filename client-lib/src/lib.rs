//! Export and import credentials, and share passwords with a website, through the Credex session
//! service.
//!
//! The person chooses where credentials go; this library asks, seals, carries and opens. Documents
//! are in the FIDO Credential Exchange Format, and are read through at both ends ([`cxf`]).
//!
//! An app that sends:
//!
//! ```no_run
//! # async fn send(document: &[u8]) -> credex::Result<()> {
//! use credex::{Exporter, Payload};
//!
//! let exporter = Exporter::connect("org.example.Vault").await?;
//! let receipt = exporter.export(Payload::new(document)).await?;
//! println!("{} credentials were taken over", receipt.total().succeeded);
//! # Ok(())
//! # }
//! ```
//!
//! An app that receives:
//!
//! ```no_run
//! # async fn receive(store: impl Fn(&[u8])) -> credex::Result<()> {
//! use credex::{Importer, silent};
//!
//! let mut importer = Importer::builder("org.example.Vault").name("Vault").connect().await?;
//! let offer = importer.next_offer().await?;
//! let import = offer.redeem(&mut silent).await?;
//! store(import.document());
//! import.complete_all().await?;
//! # Ok(())
//! # }
//! ```
//!
//! An app that shares a password with its website:
//!
//! ```no_run
//! # async fn sign_in() -> credex::Result<()> {
//! use credex::{SharedWebCredentials, Wanted};
//!
//! let shared = SharedWebCredentials::connect("org.example.Shop").await?;
//! let saved = shared.request(Wanted::any().domain("example.org")).await?;
//! println!("signing in as {}", saved.account);
//! # Ok(())
//! # }
//! ```
//!
//! All need a tokio runtime with its timer and I/O, of either flavour. Reading a document through
//! takes some milliseconds for every megabyte and does not yield; sealing and opening do, once for
//! every mebibyte. Dropping anything before its end calls the exchange off, which is said to the
//! other side as long as the process lives; leaving the bus does the same.

mod answer;
mod app;
mod bus;
mod clock;
pub mod cxf;
mod error;
mod exporter;
mod importer;
mod progress;
mod receipt;
mod web;
mod wire_limits;

pub use app::{App, Assurance};
pub use credex_protocol::Reason;
pub use credex_protocol::envelope::parts::Part;
pub use credex_protocol::envelope::{LONGEST_PASSWORD, Password, PasswordError};
pub use error::{Ended, Error, Outcome, Result};
pub use exporter::{Delivery, ExportRequest, Exporter, Grant, LossReason, Lost, Payload, Plan};
pub use importer::{AttachmentProblem, Import, Importer, ImporterBuilder, Offer, Opened, Taken};
pub use progress::{OnProgress, Progress, silent};
pub use receipt::{Receipt, Tally};
pub use web::{
    Change, Decided, Decision, DomainReport, Found, Generated, PasswordFormat,
    SharedWebCredentials, Wanted, WebCredential, WebRefusal,
};

/// The Rust in the page for whoever adds this to an app, compiled.
#[cfg(doctest)]
#[doc = include_str!("../GUIDE.md")]
struct Guide;
