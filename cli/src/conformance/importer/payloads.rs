//! Payloads that are broken, strange or large. The service does not look into them.

use std::io::{Seek, SeekFrom};

use credex_protocol::wire::Counts;
use serde_json::{Value, json};

use super::ordinary::taken_by_this_importer;
use crate::conformance::check::{Finding, Seen, failed, hold, skipped};
use crate::conformance::document::{self, Document};
use crate::conformance::importing::{agrees, took_nothing};
use crate::conformance::parcel::{self, Parcel, join, part};
use crate::conformance::scene::Scene;
use crate::conformance::sender::{Ending, short};

/// A type that no CXF has.
const UNKNOWN: &str = "x-conformance.example/unheard-of";

pub(super) async fn bad_item(scene: &mut Scene) -> Seen {
    let mut items: Vec<Value> = (0..3)
        .map(|index| document::login("bad item", index))
        .collect();
    // Its id is a number, and its credentials are a word.
    items.insert(1, json!({"id": 7, "title": ["no"], "credentials": "none"}));
    let document = Document::of_items("bad item", items);
    let receipt = scene.receipt_for(&document).await?;
    let taken = receipt.get("basic-auth").map_or(0, |tally| tally.succeeded);
    hold(
        taken == 3,
        format!("beside one broken item there were 3 logins; it took {taken}"),
    )?;
    let failed: u32 = receipt.values().map(|tally| tally.failed).sum();
    scene.goes_on().await?;
    Ok(format!("3 logins taken, {failed} failed"))
}

pub(super) async fn unknown_type(scene: &mut Scene) -> Seen {
    let strange = json!({"type": UNKNOWN, "runes": {"fieldType": "string", "value": "made-up"}});
    let items = vec![
        document::login("unknown type", 0),
        document::item("unknown type", 1, vec![strange]),
    ];
    let document = Document::of_items("unknown type", items);
    let receipt = scene.receipt_for(&document).await?;
    agrees(&receipt, &document.counts())?;
    let taken = receipt["basic-auth"].succeeded;
    hold(taken == 1, "the login beside it was not taken")?;
    if receipt[UNKNOWN].succeeded == 0 {
        return Ok("it said that it did not take it".to_owned());
    }
    let kept = scene.kept(&document.mark)?.ok_or_else(|| {
        failed(
            "it says that it took a credential of a type that nobody knows, and shows nothing of it: \
             count it as ignored, or write what you keep",
        )
    })?;
    let kept = kept.counts()?.contains_key(UNKNOWN);
    hold(kept, "it says that it took it, and does not keep it")?;
    Ok("taken, and kept".to_owned())
}

pub(super) async fn unknown_members(scene: &mut Scene) -> Seen {
    let mut document = Document::logins("unknown members", 2);
    let strange = json!({"deep": [1, {"er": null}], "number": 1e300, "text": "\u{202e}\u{0}"});
    let root = document.root();
    root["conformance.example/top"] = strange.clone();
    let account = &mut root["accounts"][0];
    account["conformance.example/account"] = strange.clone();
    let item = &mut account["items"][0];
    item["conformance.example/item"] = strange.clone();
    item["credentials"][0]["conformance.example/credential"] = strange;
    let receipt = scene.receipt_for(&document).await?;
    agrees(&receipt, &document.counts())?;
    let taken = receipt["basic-auth"].succeeded;
    hold(taken == 2, format!("of 2 logins it took {taken}"))?;
    Ok("2 logins taken".to_owned())
}

pub(super) async fn types_not_taken(scene: &mut Scene) -> Seen {
    let Some(takes) = scene.importing()?.takes.clone() else {
        return Err(skipped("it says that it takes every type"));
    };
    taken_by_this_importer(scene, &["basic-auth"])?;
    let credentials = [
        json!({"type": "note", "content": {"fieldType": "string", "value": "made-up"}}),
        json!({"type": "generated-password", "password": "made-up"}),
        json!({"type": UNKNOWN}),
    ];
    let is_taken = |it: &&Value| takes.iter().any(|name| it["type"] == name.as_str());
    let other = credentials.iter().find(|it| !is_taken(it));
    let other = other.ok_or_else(|| skipped("it takes every type"))?.clone();
    let name = other["type"].as_str().unwrap_or_default().to_owned();
    let items = vec![
        document::login("not taken", 0),
        document::item("not taken", 1, vec![other]),
    ];
    let document = Document::of_items("not taken", items);
    let receipt = scene.receipt_for(&document).await?;
    agrees(&receipt, &document.counts())?;
    hold(
        receipt["basic-auth"].succeeded == 1,
        "the login beside it was not taken",
    )?;
    let taken = receipt[&name].succeeded;
    hold(
        taken == 0,
        format!("it says that it does not take {name}, and then that it did"),
    )?;
    Ok(format!("{name} was accounted for as not taken"))
}

pub(super) async fn unknown_part(scene: &mut Scene) -> Seen {
    let document = Document::logins("unknown part", 2);
    let mut plaintext = join(&document.bytes(), &[])?;
    plaintext.extend(part(77, b"what", 4, b"ever"));
    let parcel = Parcel::sealed(&plaintext, document.counts())?;
    let receipt = scene.exchange(&parcel).await?.receipt()?;
    hold(
        receipt["basic-auth"].succeeded == 2,
        "the logins beside it were not taken",
    )?;
    Ok("skipped".to_owned())
}

pub(super) async fn changed_bit(scene: &mut Scene) -> Seen {
    damaged(scene, parcel::a_bit_changed).await
}

pub(super) async fn last_segment_missing(scene: &mut Scene) -> Seen {
    damaged(scene, parcel::last_segment_missing).await
}

pub(super) async fn segments_exchanged(scene: &mut Scene) -> Seen {
    damaged(scene, parcel::segments_exchanged).await
}

/// An envelope of some segments that was changed after it had been sealed.
async fn damaged(scene: &mut Scene, damage: fn(Vec<u8>) -> Vec<u8>) -> Seen {
    let document = Document::logins("damaged", 2000);
    let plaintext = join(&document.bytes(), &[])?;
    let parcel = Parcel::damaged(&plaintext, document.counts(), damage)?;
    let said = scene.nothing_taken(&parcel).await?;
    let kept = scene.kept(&document.mark)?.is_some();
    hold(!kept, "it keeps something of it")?;
    Ok(said)
}

pub(super) async fn part_too_long(scene: &mut Scene) -> Seen {
    let document = Document::logins("too long", 1);
    for claimed in [1 << 20, u64::MAX] {
        let plaintext = part(1, b"", claimed, &document.bytes());
        let parcel = Parcel::sealed(&plaintext, document.counts())?;
        scene.nothing_taken(&parcel).await?;
    }
    Ok("nothing taken".to_owned())
}

pub(super) async fn no_document(scene: &mut Scene) -> Seen {
    let attachment = part(2, b"Zm9v", 3, b"bar");
    let document = Document::logins("second", 1).bytes();
    let behind = [attachment, join(&document, &[])?].concat();
    for plaintext in [Vec::new(), behind] {
        let parcel = Parcel::sealed(&plaintext, logins(1))?;
        scene.nothing_taken(&parcel).await?;
    }
    Ok("nothing taken".to_owned())
}

pub(super) async fn two_documents(scene: &mut Scene) -> Seen {
    let document = join(&Document::logins("twice", 1).bytes(), &[])?;
    let parcel = Parcel::sealed(&document.repeat(2), logins(1))?;
    scene.nothing_taken(&parcel).await
}

pub(super) async fn same_id_twice(scene: &mut Scene) -> Seen {
    let document = Document::logins("same id", 1);
    let attachments: [(&str, &[u8]); 2] = [("Zm9v", b"one"), ("Zm9v", b"other")];
    let parcel = Parcel::with_attachments(&document, &attachments)?;
    scene.nothing_taken(&parcel).await
}

pub(super) async fn hostile_ids(scene: &mut Scene) -> Seen {
    let outside = scene.at("outside");
    let absolute = outside.to_string_lossy().into_owned();
    let ids = [
        "../outside",
        "../../outside",
        "..",
        ".",
        "a/b",
        "\u{1b}[2J",
        &absolute,
    ];
    let files: Vec<Value> = ids
        .iter()
        .map(|id| document::file(id, b"made-up"))
        .collect();
    let items = vec![
        document::login("hostile ids", 0),
        document::item("hostile ids", 1, files),
    ];
    let document = Document::of_items("hostile ids", items);
    let attachments = ids.map(|id| (id, &b"made-up"[..]));
    let parcel = Parcel::with_attachments(&document, &attachments)?;
    let ending = scene.exchange(&parcel).await?;
    if let Ending::Completed { receipt, .. } = ending {
        agrees(&receipt, &document.counts())?;
    }
    hold(
        !outside.exists(),
        "it wrote a file outside of its directory",
    )?;
    scene.goes_on().await?;
    Ok("nothing was written outside of its directory".to_owned())
}

pub(super) async fn no_json(scene: &mut Scene) -> Seen {
    let whole = Document::logins("cut off", 1).bytes();
    let deep = [b"{\"accounts\":".to_vec(), b"[".repeat(200_000)].concat();
    let documents: [(&str, &[u8]); 6] = [
        ("an empty document", b""),
        ("a list", b"[]"),
        ("one that is cut off", &whole[..whole.len() / 2]),
        (
            "one that is not UTF-8",
            b"{\"accounts\":[],\"x\":\"\xff\xfe\"}",
        ),
        ("200000 brackets", &deep),
        (
            "accounts that are none",
            b"{\"version\":{\"major\":1,\"minor\":0},\"accounts\":7}",
        ),
    ];
    for (what, document) in documents {
        let parcel = Parcel::sealed(&join(document, &[])?, logins(1))?;
        let taken = scene.nothing_taken(&parcel).await;
        taken.map_err(|finding| with(what, finding))?;
    }
    Ok(format!("nothing taken of {} of them", documents.len()))
}

pub(super) async fn moved_offset(scene: &mut Scene) -> Seen {
    let document = Document::logins("moved offset", 2000);
    let mut parcel = Parcel::of(&document)?;
    // All duplicates of a descriptor share one offset: this one leads beyond the end.
    parcel.file.seek(SeekFrom::End(100))?;
    let receipt = scene.exchange(&parcel).await?.receipt()?;
    agrees(&receipt, &document.counts())?;
    let taken = receipt["basic-auth"].succeeded;
    hold(taken == 2000, format!("of 2000 logins it took {taken}"))?;
    Ok("2000 logins taken".to_owned())
}

pub(super) async fn large_document(scene: &mut Scene) -> Seen {
    let document = Document::large("large document", scene.contract.large);
    let parcel = Parcel::of(&document)?;
    large(scene, &parcel, &document).await
}

pub(super) async fn large_attachment(scene: &mut Scene) -> Seen {
    taken_by_this_importer(scene, &["file"])?;
    let size = usize::try_from(scene.contract.large << 20).unwrap_or(usize::MAX);
    let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    let id = document::id("large", 0);
    let items = vec![
        document::login("large attachment", 0),
        document::item("large attachment", 1, vec![document::file(&id, &bytes)]),
    ];
    let document = Document::of_items("large attachment", items);
    let parcel = Parcel::with_attachments(&document, &[(&id, &bytes)])?;
    let seen = large(scene, &parcel, &document).await?;
    match scene.kept(&document.mark)? {
        Some(kept) if !kept.has_attachment(&id, &bytes) => {
            Err(failed("it does not keep the bytes of the file"))
        }
        _ => Ok(seen),
    }
}

/// Taken whole, or declined with a word.
async fn large(scene: &mut Scene, parcel: &Parcel, document: &Document) -> Seen {
    let size = parcel.file.metadata()?.len() >> 20;
    let ending = scene.exchange(parcel).await?;
    let seen = match ending {
        Ending::Completed { receipt, .. } => {
            agrees(&receipt, &document.counts())?;
            let taken: u32 = receipt.values().map(|tally| tally.succeeded).sum();
            format!("{size} MiB, {taken} credentials taken")
        }
        Ending::Closed { error, message } if short(&error) == "ImporterDeclined" => {
            let ending = Ending::Closed { error, message };
            format!("{size} MiB, {}", took_nothing(ending)?)
        }
        Ending::Closed { error, message } => {
            return Err(failed(format!("{}: {message}", short(&error))));
        }
    };
    scene.goes_on().await?;
    Ok(seen)
}

fn logins(number: u32) -> Counts {
    Counts::from([("basic-auth".to_owned(), number)])
}

fn with(what: &str, finding: Finding) -> Finding {
    match finding {
        Finding::Failed(why) => failed(format!("{what}: {why}")),
        other => other,
    }
}
