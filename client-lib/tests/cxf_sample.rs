//! Stories about the sample document, and about whatever a hostile hand makes of it.

#![allow(clippy::unwrap_used, reason = "the whole file is a test")]

use std::collections::BTreeSet;

use credex::cxf::{
    Narrowed, Quirk, compare_counts, diff, inspect, narrow, sample, sample_attachments, validate,
};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn the_sample_has_every_type_and_nothing_to_ignore() {
    let report = inspect(sample()).unwrap();
    assert_eq!(report.quarantined, []);
    assert_eq!(report.inconsistencies, []);
    assert_eq!((&report.present, report.untyped), (&report.counts, 0));
    assert_eq!(
        (report.accounts, report.collections, report.items),
        (2, 3, 10)
    );
    assert_eq!(report.counts.iter().count(), 18);
    assert_eq!(report.counts.get("lantern.example/library-card"), 1);
}

#[test]
fn the_sample_has_the_habits_of_real_exporters() {
    let report = validate(sample()).unwrap();
    let mut quirks: Vec<_> = report
        .notes
        .iter()
        .map(|note| (note.quirk, note.count))
        .collect();
    quirks.sort_by_key(|(quirk, _)| *quirk as u8);
    assert_eq!(
        quirks,
        [
            (Quirk::NegativeTimestamp, 2),
            (Quirk::FarFutureTimestamp, 1),
            (Quirk::EmptyId, 1),
            (Quirk::NullForAbsent, 1),
            (Quirk::TotpAsCustomField, 1),
            (Quirk::BareDomain, 1),
            (Quirk::PaddedBase64Url, 1),
        ]
    );
}

#[test]
fn the_attachments_of_the_sample_have_the_size_and_hash_that_it_tells() {
    let document: Value = serde_json::from_slice(sample()).unwrap();
    let items = document["accounts"][0]["items"].as_array().unwrap();
    let credentials = items
        .iter()
        .flat_map(|item| item["credentials"].as_array().unwrap());
    let files: Vec<_> = credentials
        .filter(|credential| credential["type"] == "file")
        .collect();
    assert_eq!(files.len(), sample_attachments().len());
    for (file, (id, bytes)) in files.iter().zip(sample_attachments()) {
        assert_eq!(file["id"], **id);
        assert_eq!(file["decryptedSize"], bytes.len());
        let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
        assert_eq!(
            file["integrityHash"],
            data_encoding::BASE64URL_NOPAD.encode(hash.as_ref())
        );
    }
}

/// Types of which any part may be granted.
fn some_types() -> impl Strategy<Value = BTreeSet<String>> {
    let all: Vec<_> = validate(sample())
        .unwrap()
        .present
        .types()
        .into_iter()
        .collect();
    proptest::sample::subsequence(all.clone(), 0..=all.len())
        .prop_map(|types| types.into_iter().collect())
}

/// The sample with some bytes replaced, dropped or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let digits = b"{}[]\",:\\u0n1-e \xff\0";
    let byte = prop_oneof![proptest::sample::select(&digits[..]), any::<u8>()];
    let change = (any::<proptest::sample::Index>(), 0..3_usize, byte);
    proptest::collection::vec(change, 1..6).prop_map(|changes| {
        let mut document = sample().to_vec();
        for (index, kind, byte) in changes {
            let place = index.index(document.len());
            match kind {
                0 => document[place] = byte,
                1 => drop(document.remove(place)),
                _ => document.insert(place, byte),
            }
        }
        document
    })
}

const MOST_CREDENTIALS_OF_AN_ITEM: u64 = 5;

/// Values of every kind in the place of any value of the sample below one of this name.
fn misshapen(below: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let value = proptest::sample::select(&["null", "0", "-1.5", "\"\"", "[]", "{}", "[[7]]"][..]);
    (any::<proptest::sample::Index>(), value).prop_map(move |(index, value)| {
        let mut document: Value = serde_json::from_slice(sample()).unwrap();
        let mut pointers = Vec::new();
        collect(&document, String::new(), &mut pointers);
        pointers.retain(|pointer| pointer.contains(below));
        let pointer = index.get(&pointers).clone();
        *document.pointer_mut(&pointer).unwrap() = serde_json::from_str(value).unwrap();
        serde_json::to_vec(&document).unwrap()
    })
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    if let Some(object) = value.as_object() {
        for (name, inner) in object {
            collect(inner, format!("{pointer}/{}", escaped(name)), pointers);
        }
    } else if let Some(array) = value.as_array() {
        for (index, inner) in array.iter().enumerate() {
            collect(inner, format!("{pointer}/{index}"), pointers);
        }
    }
    pointers.push(pointer);
}

proptest! {
    #[test]
    fn no_document_brings_the_reader_down(document in mutated(), granted in some_types()) {
        let read = inspect(&document);
        prop_assert_eq!(read.is_ok(), validate(&document).is_ok());
        let declared = validate(sample()).unwrap().present;
        prop_assert_eq!(read.is_ok(), narrow(&document, &declared, &granted).is_ok());
        prop_assert_eq!(read.is_ok(), diff(&document, sample()).is_ok());
    }

    #[test]
    fn a_misshapen_part_of_an_item_costs_that_item_at_most(document in misshapen("/items/")) {
        let (report, whole) = (validate(&document).unwrap(), validate(sample()).unwrap());
        prop_assert_eq!((report.accounts, report.collections), (whole.accounts, whole.collections));
        prop_assert!(report.items + 1 >= whole.items);
        prop_assert!(report.counts.total() + MOST_CREDENTIALS_OF_AN_ITEM >= whole.counts.total());
    }

    #[test]
    fn what_was_not_granted_is_not_in_the_narrowed_document(granted in some_types()) {
        let declared = validate(sample()).unwrap().present;
        let narrowed = narrow(sample(), &declared, &granted).unwrap();
        let report = validate(narrowed.as_ref()).unwrap();
        prop_assert_eq!(report.quarantined, []);
        prop_assert_eq!(compare_counts(&declared, &granted, &report.present), []);
        let lost = diff(sample(), narrowed.as_ref()).unwrap();
        prop_assert!(lost.iter().all(|found| found.to_string().ends_with("is lost")), "{:?}", lost);
    }

    #[test]
    fn the_narrowed_document_of_a_misshapen_one_holds_no_more_than_was_granted(
        document in misshapen(""),
        granted in some_types(),
    ) {
        let Ok(report) = validate(&document) else { return Ok(()) };
        let narrowed = narrow(&document, &report.present, &granted).unwrap();
        let rest = validate(narrowed.as_ref()).unwrap();
        prop_assert_eq!(compare_counts(&report.present, &granted, &rest.present), []);
        prop_assert!(rest.counts.types().is_subset(&rest.present.types()));
    }

    #[test]
    fn a_misshapen_document_of_which_everything_was_granted_stays_as_it_is(
        document in misshapen(""),
    ) {
        let Ok(report) = validate(&document) else { return Ok(()) };
        let declared = report.present;
        let narrowed = narrow(&document, &declared, &declared.types()).unwrap();
        prop_assert!(matches!(narrowed, Narrowed::Whole(_)));
    }

    #[test]
    fn a_document_does_not_differ_from_itself(document in misshapen("")) {
        if let Ok(found) = diff(&document, &document) {
            prop_assert_eq!(found, []);
        }
        let compact: Value = serde_json::from_slice(sample()).unwrap();
        prop_assert_eq!(diff(sample(), compact.to_string().as_bytes()).unwrap(), []);
    }
}
