//! Stories of a payload's parts (design §4): one document, and attachments beside it.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::io;

use credex_protocol::envelope::parts::{
    MAX_PARTS, PART_HEADER_LEN, Part, PartsError, parse, write_part_header,
};
use proptest::prelude::*;

fn payload(parts: &[(Part<'_>, &[u8])]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (part, body) in parts {
        write_part_header(&mut payload, *part, body.len() as u64).unwrap();
        payload.extend_from_slice(body);
    }
    payload
}

/// A part as a writer of another version, or an attacker, may make it.
fn raw(kind: u8, reserved: u8, id: &[u8], claimed: u64, body: &[u8]) -> Vec<u8> {
    let id_len = u16::try_from(id.len()).unwrap().to_be_bytes();
    [
        &[kind, reserved],
        id_len.as_slice(),
        &claimed.to_be_bytes(),
        id,
        body,
    ]
    .concat()
}

fn document() -> Vec<u8> {
    payload(&[(Part::Document, b"{}")])
}

#[test]
fn a_document_alone_is_a_payload() {
    let payload = document();
    let parts = parse(&payload).unwrap();
    assert_eq!(
        (parts.document(), parts.attachments().len()),
        (b"{}".as_slice(), 0)
    );
}

#[test]
fn attachments_come_back_in_their_order_under_their_ids() {
    let payload = payload(&[
        (Part::Document, b"{}"),
        (Part::Attachment("ünïcode"), b"\0\xff"),
        (Part::Attachment("empty"), b""),
    ]);
    let parts = parse(&payload).unwrap();
    let expected = [("ünïcode", b"\0\xff".as_slice()), ("empty", b"")];
    assert!(parts.attachments().eq(expected));
}

#[test]
fn the_size_of_a_part_can_be_told_before_it_is_written() {
    for (part, body) in [
        (Part::Document, b"{}".as_slice()),
        (Part::Attachment("ü"), b""),
    ] {
        assert_eq!(
            part.size(body.len() as u64),
            payload(&[(part, body)]).len() as u64
        );
    }
    assert_eq!(Part::Document.size(u64::MAX), u64::MAX);
}

#[test]
fn a_kind_of_a_later_version_is_skipped() {
    let later = raw(200, 0, b"\xff not text", 3, b"new");
    let attachment = payload(&[(Part::Attachment("a"), b"body")]);
    let payload = [document(), later, attachment].concat();
    let parts = parse(&payload).unwrap();
    assert!(parts.attachments().eq([("a", b"body".as_slice())]));
}

#[test]
fn an_empty_payload_has_no_document() {
    assert_eq!(parse(b""), Err(PartsError::CutShort { part: 0 }));
}

#[test]
fn the_document_comes_first() {
    let payload = payload(&[(Part::Attachment("a"), b""), (Part::Document, b"{}")]);
    assert_eq!(parse(&payload), Err(PartsError::NoDocument));
}

#[test]
fn there_is_one_document() {
    let payload = [document(), document()].concat();
    assert_eq!(parse(&payload), Err(PartsError::SecondDocument { part: 1 }));
}

#[test]
fn the_document_has_no_id() {
    assert_eq!(
        parse(&raw(1, 0, b"a", 0, b"")),
        Err(PartsError::DocumentWithId)
    );
}

#[test]
fn an_attachment_must_have_an_id_that_is_text_and_its_own() {
    let with = |attachments: &[u8]| [document(), attachments.to_vec()].concat();
    let refused = |attachments: &[u8]| parse(&with(attachments)).unwrap_err();
    assert_eq!(refused(&raw(2, 0, b"", 0, b"")), PartsError::EmptyId);
    assert_eq!(
        refused(&raw(2, 0, b"\xff", 0, b"")),
        PartsError::IdNotUtf8 { part: 1 }
    );
    let twice = payload(&[(Part::Attachment("a"), b"1"), (Part::Attachment("a"), b"2")]);
    assert_eq!(refused(&twice), PartsError::RepeatedId { part: 2 });
}

#[test]
fn the_reserved_byte_stays_free_for_a_later_version() {
    assert_eq!(
        parse(&raw(1, 1, b"", 0, b"")),
        Err(PartsError::Reserved { part: 0 })
    );
}

#[test]
fn a_length_beyond_what_is_left_is_refused_however_large() {
    for claimed in [3, 4, u64::from(u32::MAX), u64::MAX - 11, u64::MAX] {
        let payload = raw(1, 0, b"", claimed, b"{}");
        assert_eq!(
            parse(&payload),
            Err(PartsError::CutShort { part: 0 }),
            "{claimed}"
        );
    }
}

#[test]
fn a_payload_cut_anywhere_inside_a_part_is_refused() {
    let attachment = payload(&[(Part::Attachment("id"), b"body")]);
    let whole = [document(), attachment].concat();
    let border = document().len();
    for len in 0..whole.len() {
        match parse(&whole[..len]) {
            Err(PartsError::CutShort { part }) => assert_eq!(part, usize::from(len > border)),
            Ok(_) => assert_eq!(len, border, "cut between two parts"),
            Err(other) => panic!("{len}: {other}"),
        }
    }
}

#[test]
fn a_flood_of_tiny_parts_is_refused() {
    let mut payload = document();
    for _ in 1..MAX_PARTS {
        payload.extend_from_slice(&raw(9, 0, b"", 0, b""));
    }
    assert!(parse(&payload).is_ok(), "the most that is allowed");
    payload.extend_from_slice(&raw(9, 0, b"", 0, b""));
    assert_eq!(parse(&payload), Err(PartsError::TooMany));
}

#[test]
fn an_attachment_without_an_id_or_with_an_endless_one_cannot_be_written() {
    for id in ["", &"a".repeat(65_536)] {
        let mut output = Vec::new();
        let refused = write_part_header(&mut output, Part::Attachment(id), 0).unwrap_err();
        assert_eq!(
            (refused.kind(), output.len()),
            (io::ErrorKind::InvalidInput, 0)
        );
    }
    assert!(write_part_header(&mut Vec::new(), Part::Attachment(&"a".repeat(65_535)), 0).is_ok());
}

#[test]
fn no_error_repeats_what_the_payload_holds() {
    let attachment = payload(&[(Part::Attachment("hunter2"), b"")]);
    let payload = [document(), attachment.clone(), attachment].concat();
    let refused = parse(&payload).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn whatever_bytes_come_the_parser_answers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _answer = parse(&bytes);
    }

    #[test]
    fn whatever_follows_a_document_the_slices_stay_inside_the_payload(
        parts in prop::collection::vec(
            (1_u8..5, 0_u8..2, "[a-c]{0,2}", 0_u64..12, prop::collection::vec(any::<u8>(), 0..12)),
            0..6,
        ),
    ) {
        let mut payload = document();
        for (kind, reserved, id, claimed, body) in &parts {
            payload.extend_from_slice(&raw(*kind, *reserved, id.as_bytes(), *claimed, body));
        }
        if let Ok(parsed) = parse(&payload) {
            let held = parsed.document().len()
                + parsed.attachments().map(|(id, body)| id.len() + body.len()).sum::<usize>();
            let headers = PART_HEADER_LEN * (1 + parsed.attachments().len());
            prop_assert!(held + headers <= payload.len());
        }
    }

    #[test]
    fn any_attachments_come_back(
        attachments in prop::collection::btree_map(".{1,8}", prop::collection::vec(any::<u8>(), 0..50), 0..8),
        json in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let mut parts = vec![(Part::Document, json.as_slice())];
        parts.extend(attachments.iter().map(|(id, body)| (Part::Attachment(id), body.as_slice())));
        let payload = payload(&parts);
        let parsed = parse(&payload).unwrap();
        prop_assert_eq!(parsed.document(), &json);
        let expected = attachments.iter().map(|(id, body)| (id.as_str(), body.as_slice()));
        prop_assert!(parsed.attachments().eq(expected));
    }
}
