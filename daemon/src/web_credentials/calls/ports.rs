//! What the calls need of the world. What sites say is behind a trait here; the store and the chooser
//! have theirs where they are.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::caller::Porter;
use crate::chooser::Chooser;
use crate::web_credentials::decisions::Decisions;
use crate::web_credentials::domain::Site;
use crate::web_credentials::store::Store;

/// What the calls need of the world.
#[derive(Clone)]
pub struct Ports {
    /// What sites say.
    pub sites: Arc<dyn Sites>,
    /// What is saved.
    pub store: Arc<dyn Store>,
    /// What the person has decided.
    pub decisions: Arc<Decisions>,
    /// Asks the person.
    pub chooser: Arc<dyn Chooser>,
    /// Looks at a caller again.
    pub porter: Arc<dyn Porter>,
}

/// How new a site's word must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As new as HTTP's rules for caches want it.
    Cached,
    /// Fetched now.
    Anew,
}

/// What sites say about apps.
#[async_trait]
pub trait Sites: Send + Sync {
    /// What `site` says of the app `app_id`.
    async fn statement(&self, site: &Site, app_id: &str, freshness: Freshness) -> Statement;
}

/// What a site says of one app, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What all its files say together.
    pub word: Word,
    /// What was found of each file.
    pub files: Vec<FileFound>,
}

/// What a site says of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It names the app.
    Named,
    /// It was asked, and does not; the text says so of each file.
    NotNamed(String),
    /// It could not be asked.
    Unreachable {
        /// Which file could not be had.
        url: String,
        /// The HTTP status that came instead.
        status: Option<u16>,
        /// What went wrong.
        message: String,
    },
}

/// One file of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFound {
    /// Where it is.
    pub url: String,
    /// Whether it names the app.
    pub names_app: bool,
    /// What was found there. May quote the site.
    pub message: String,
    /// What the site's owner can do about it.
    pub advice: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Whose certificate was shown, and until when it holds.
    pub certificate: Option<String>,
    /// `network`, `cache` or `stale`.
    pub source: Option<&'static str>,
    /// How long ago it was fetched.
    pub age: Option<Duration>,
}
