//! Which types of credentials a store can take, for those who ask before they send.

use std::collections::BTreeSet;

use credex::cxf;
use zeroize::Zeroizing;

use super::losses::gone;
use crate::{Attachment, Record, Store, read_document};

/// The CXF types of credentials of which `store` would keep something, natively or not; `None` for
/// all, also those that nobody knows yet. Found out by asking it about a document that has them all.
#[must_use]
pub fn takes(store: &dyn Store) -> Option<BTreeSet<String>> {
    let mut taken = BTreeSet::new();
    let mut all = true;
    for record in every_type() {
        let gone = gone(&record, &store.foresee(&record));
        for (at, credential) in record.item.credentials.iter().enumerate() {
            match gone.contains(&at) {
                true => all = false,
                false => drop(taken.insert(credential.kind().to_owned())),
            }
        }
    }
    (!all).then_some(taken)
}

fn every_type() -> impl Iterator<Item = Record> {
    let attachments = cxf::sample_attachments().iter();
    let attachments = attachments.map(|(id, content)| Attachment {
        id: (*id).to_owned(),
        content: Zeroizing::new(content.to_vec()),
    });
    let records = read_document(cxf::sample(), attachments).unwrap_or_default();
    records.into_iter().filter_map(Result::ok)
}
