//! Files that are too large for a store that keeps them in its entries.

use credex::LossReason;
use zeroize::Zeroizing;

use crate::{Attachment, Record, Why};

/// The record without the `file` credentials whose bytes are more than a store takes: `limit` for all
/// of a record. Also the paths of those, each with the reason.
#[must_use]
pub fn without_large_files(record: &Record, limit: usize) -> (Record, Vec<(String, Why)>) {
    let mut kept = record.clone();
    let mut lost = Vec::new();
    let mut room = limit;
    for (at, credential) in record.item.credentials.iter().enumerate() {
        let bytes = |file: &&Attachment| credential.text("id") == Some(file.id.as_str());
        let Some(file) = record.attachments.iter().find(bytes) else {
            continue;
        };
        match room.checked_sub(file.content.len()) {
            Some(left) => room = left,
            None => lost.push((at, too_large(&file.content, limit))),
        }
    }
    for (at, _) in lost.iter().rev() {
        let credential = kept.item.credentials.remove(*at);
        let is_it = |file: &Attachment| credential.text("id") == Some(file.id.as_str());
        kept.attachments.retain(|file| !is_it(file));
    }
    let paths = lost.into_iter();
    let paths = paths.map(|(at, why): (usize, _)| (format!("credentials[{at}]"), why));
    (kept, paths.collect())
}

fn too_large(content: &Zeroizing<Vec<u8>>, limit: usize) -> Why {
    let (size, limit) = (content.len() >> 10, limit >> 10);
    let words = format!(
        "the file has {size} KiB, and such a store takes {limit} KiB of files with an item"
    );
    Why::new(LossReason::TooLarge, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Object};

    fn record() -> Record {
        let mut item = Item::new(Some("aQ".to_owned()), "Bank");
        item.push_login(Some("ann"), Some("hunter2"));
        for id in ["YQ", "Yg"] {
            let mut file = Object::credential("file");
            file.set("id", id);
            item.credentials.push(file);
        }
        let mut record = Record::new(item, "");
        record.attachments = [("YQ", 2000), ("Yg", 500)]
            .map(|(id, size)| Attachment {
                id: id.to_owned(),
                content: Zeroizing::new(vec![0; size]),
            })
            .into();
        record
    }

    #[test]
    fn a_file_that_is_too_large_goes_and_the_next_one_stays() {
        let (kept, lost) = without_large_files(&record(), 1024);
        assert_eq!(kept.item.credentials.len(), 2);
        assert_eq!(kept.attachments.len(), 1);
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].0, "credentials[1]");
    }
}
