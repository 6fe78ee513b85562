//! One proxy per interface. Serves `interfaces/*.xml`, which documents every argument.
//!
//! None of them caches properties or subscribes to signals: an exchange is kept to a handful of
//! round trips, and every signal of Credex is sent to its receiver alone, who needs no match rule.

mod chooser;
mod export;
mod import;
mod importer;
mod request;
mod session;
mod status;
mod web_credentials;

pub use chooser::ChooserProxy;
pub use export::ExportProxy;
pub use import::ImportProxy;
pub use importer::ImporterProxy;
pub use request::RequestProxy;
pub use session::SessionProxy;
pub use status::StatusProxy;
pub use web_credentials::WebCredentialsProxy;
