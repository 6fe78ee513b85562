//! The latest catalogue, read again only after a desktop entry has changed. Serves design §6.
//!
//! Each request looks at the directories anew, but only at the dates of their files: some hundred
//! `stat` calls, less than a millisecond, when a person is about to be asked something. inotify was
//! considered, and is not used: it does not see a link of Flatpak's being pointed at a new version,
//! it wants a watch for each subdirectory and for the parent of each directory that is not there
//! yet, can run out of watches, and costs a task and wake-ups whenever software is installed.

use std::sync::{Arc, Mutex, PoisonError};

use super::catalogue::Catalogue;
use super::directories::Directories;
use super::listing::Listing;

/// The providers of this session.
#[derive(Debug)]
pub struct Providers {
    directories: Directories,
    latest: Mutex<Option<(Listing, Arc<Catalogue>)>>,
}

impl Providers {
    /// The providers that `directories` have; nothing is read yet.
    #[must_use]
    pub fn open(directories: Directories) -> Providers {
        Providers {
            directories,
            latest: Mutex::new(None),
        }
    }

    /// The catalogue as of now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = Listing::of(&self.directories);
        match &*latest {
            Some((known, catalogue)) if *known == listing => catalogue.clone(),
            _ => {
                let catalogue = Arc::new(Catalogue::from_listing(&listing, &self.directories));
                *latest = Some((listing, catalogue.clone()));
                catalogue
            }
        }
    }
}
