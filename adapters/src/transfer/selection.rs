//! Which records of a store are meant, and which of their credentials.

use std::collections::BTreeSet;

use super::key::searched;
use crate::Record;

/// A choice among the records of a store. As it begins, everything is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// CXF types of credentials; empty for all.
    pub types: BTreeSet<String>,
    /// Folders from the outermost one, with `/` between them; what lies below is meant, too. Empty
    /// for all.
    pub collections: Vec<String>,
    /// A text in the title, a user name, an address or a tag, in small or large letters.
    pub query: Option<String>,
}

impl Selection {
    /// What is meant of a record; `None` for nothing.
    #[must_use]
    pub fn of(&self, mut record: Record) -> Option<Record> {
        if !self.is_in_place(&record) || !self.is_found(&record) {
            return None;
        }
        if self.types.is_empty() {
            return Some(record);
        }
        let types = &self.types;
        record
            .item
            .credentials
            .retain(|credential| types.contains(credential.kind()));
        if !types.contains("file") {
            record.attachments.clear();
        }
        (!record.item.credentials.is_empty()).then_some(record)
    }

    fn is_in_place(&self, record: &Record) -> bool {
        let ways = record.places.iter().map(|place| {
            let titles: Vec<_> = place.titles().collect();
            titles.join("/").to_lowercase()
        });
        let is_below = |way: &str, collection: &String| {
            let collection = collection.trim_matches('/').to_lowercase();
            way.strip_prefix(&collection)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut ways = ways;
        self.collections.is_empty()
            || ways.any(|way| self.collections.iter().any(|each| is_below(&way, each)))
    }

    fn is_found(&self, record: &Record) -> bool {
        let Some(query) = &self.query else {
            return true;
        };
        let query = query.to_lowercase();
        let mut texts = searched(record).into_iter();
        texts.any(|text| text.to_lowercase().contains(&query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Place};

    fn record() -> Record {
        let mut item = Item::new(None, "Mail");
        item.set_urls(["https://mail.example"]);
        item.push_login(Some("ada"), Some("hunter2"));
        item.push_note("text");
        let mut record = Record::new(item, "");
        record.places.push(Place::titled(["Work", "Servers"]));
        record
    }

    #[test]
    fn of_a_record_go_the_credentials_of_the_types_that_were_named() {
        let selection = Selection {
            types: BTreeSet::from(["note".to_owned()]),
            ..Selection::default()
        };
        let meant = selection.of(record()).unwrap();
        assert_eq!(meant.item.credentials.len(), 1);
        assert_eq!(meant.item.credentials[0].kind(), "note");
        let selection = Selection {
            types: BTreeSet::from(["totp".to_owned()]),
            ..Selection::default()
        };
        assert_eq!(selection.of(record()), None);
    }

    #[test]
    fn a_collection_has_all_that_lies_below_it() {
        let in_collection = |name: &str| {
            let selection = Selection {
                collections: vec![name.to_owned()],
                ..Selection::default()
            };
            selection.of(record()).is_some()
        };
        assert!(in_collection("work") && in_collection("Work/Servers") && in_collection("/Work/"));
        assert!(!in_collection("Wor") && !in_collection("Servers"));
    }

    #[test]
    fn a_search_finds_names_and_addresses_and_never_a_password() {
        let found = |text: &str| {
            let selection = Selection {
                query: Some(text.to_owned()),
                ..Selection::default()
            };
            selection.of(record()).is_some()
        };
        assert!(found("mail.EXAMPLE") && found("ADA"));
        assert!(!found("hunter2"));
    }
}
