//! What happens every day.

use std::collections::HashSet;

use credex::cxf;
use serde_json::Value;

use crate::conformance::check::{Finding, Seen, failed, hold, skipped};
use crate::conformance::document::{self, Document};
use crate::conformance::receiver::{APP_ID, Receiver};
use crate::conformance::scene::Scene;

pub(super) async fn one_exchange(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let document = Document::logins("one exchange", 3);
    let arrived = scene.exported(&receiver, &document.bytes(), &[]).await?;
    same(&document.bytes(), &arrived.document)?;
    Ok("3 logins arrived".to_owned())
}

pub(super) async fn counts(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let arrived = scene.exported(&receiver, cxf::sample(), &[]).await?;
    let counts = document::count(&serde_json::from_slice(cxf::sample())?);
    hold(
        arrived.declared == counts,
        format!(
            "the person was told {:?}, and there are {counts:?}",
            arrived.declared
        ),
    )?;
    let opened = document::count(&parse(&arrived.document)?);
    hold(
        arrived.deposited == opened,
        format!(
            "the importer was told {:?}, and got {opened:?}",
            arrived.deposited
        ),
    )?;
    Ok(format!("{} types, all counted", counts.len()))
}

pub(super) async fn whole_document(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let arrived = scene.exported(&receiver, cxf::sample(), &[]).await?;
    same(cxf::sample(), &arrived.document)?;
    Ok(match arrived.document == cxf::sample() {
        true => "byte for byte".to_owned(),
        false => "the same members and values, written in another way".to_owned(),
    })
}

pub(super) async fn attachments(scene: &mut Scene) -> Seen {
    takes_attachments(scene)?;
    let receiver = Receiver::join(scene).await?;
    let sent = cxf::sample_attachments();
    let arrived = scene.exported(&receiver, cxf::sample(), sent).await?;
    for (id, bytes) in sent {
        let same = arrived.attachments.get(*id).is_some_and(|it| it == bytes);
        hold(same, format!("the attachment {id} did not arrive as it is"))?;
    }
    let number = arrived.attachments.len();
    hold(
        number == sent.len(),
        format!("{number} attachments arrived"),
    )?;
    Ok(format!("{number} arrived"))
}

pub(super) async fn narrowing(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let export = scene.export_with(cxf::sample(), cxf::sample_attachments())?;
    let asked = scene.person.asked(scene.patience).await?;
    let kept_back = ["passkey", "file"];
    let granted: Vec<String> = asked
        .types
        .iter()
        .filter(|it| !kept_back.contains(&it.as_str()))
        .cloned()
        .collect();
    hold(
        granted.len() < asked.types.len(),
        "it counted neither passkeys nor files",
    )?;
    scene.person.sends(&asked, APP_ID, &granted)?;
    let arrived = receiver.imported(scene.patience).await?;
    let opened = document::count(&parse(&arrived.document)?);
    let stray: Vec<_> = opened.keys().filter(|it| !granted.contains(it)).collect();
    hold(
        stray.is_empty(),
        format!("the person did not let go of {stray:?}, and they came"),
    )?;
    let files = arrived.attachments.len();
    hold(
        files == 0,
        "the person did not let go of files, and attachments came",
    )?;
    let missing: Vec<_> = granted
        .iter()
        .filter(|it| !opened.contains_key(*it))
        .collect();
    hold(
        missing.is_empty(),
        format!("the person let go of {missing:?}, and they did not come"),
    )?;
    scene.succeeded(export).await?;
    Ok(format!("{} of {} types", granted.len(), asked.types.len()))
}

pub(super) async fn fresh_content_key(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let document = Document::logins("fresh key", 1).bytes();
    let mut keys = HashSet::new();
    for _ in 0..3 {
        keys.insert(scene.exported(&receiver, &document, &[]).await?.key);
    }
    hold(
        keys.len() == 3,
        format!("for 3 envelopes it made {} keys", keys.len()),
    )?;
    Ok("3 envelopes, 3 keys".to_owned())
}

pub(super) async fn random_tokens(scene: &mut Scene) -> Seen {
    scene.wire()?;
    let receiver = Receiver::join(scene).await?;
    let document = Document::logins("tokens", 1).bytes();
    for _ in 0..2 {
        scene.exported(&receiver, &document, &[]).await?;
    }
    let answers = scene.wire()?.answers("RequestExport").await?;
    let mut last = HashSet::new();
    for (_, answer) in &answers {
        let path: zbus::zvariant::OwnedObjectPath = answer.message.body().deserialize()?;
        last.insert(path.rsplit('/').next().unwrap_or_default().to_owned());
    }
    hold(
        last.len() == answers.len(),
        format!("{} requests had {} tokens", answers.len(), last.len()),
    )?;
    Ok(format!("{} requests, {} tokens", answers.len(), last.len()))
}

pub(super) async fn two_at_once(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    let (one, two) = (
        Document::logins("the one", 1),
        Document::logins("the other", 4),
    );
    let (first, asked) = scene.asking(&one).await?;
    let (second, asked_too) = scene.asking(&two).await?;
    scene.agrees(&asked_too)?;
    scene.agrees(&asked)?;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        numbers.push(receiver.imported(scene.patience).await?.deposited["basic-auth"]);
    }
    numbers.sort_unstable();
    hold(
        numbers == [1, 4],
        format!("1 and 4 logins were sent, and {numbers:?} came"),
    )?;
    scene.succeeded(first).await?;
    scene.succeeded(second).await?;
    Ok("both arrived".to_owned())
}

pub(super) async fn no_json(scene: &mut Scene) -> Seen {
    let receiver = Receiver::join(scene).await?;
    for document in [
        &b""[..],
        b"[]",
        b"{\"accounts\":",
        b"{\"accounts\":[],\"x\":\"\xff\"}",
    ] {
        let export = scene.export(document)?;
        // It may notice before it asks, or afterwards.
        let patience = scene.patience;
        let (person, candidate) = (&scene.person, scene.candidates.last_mut());
        let Some(candidate) = candidate else { continue };
        tokio::select! {
            ended = candidate.ends(patience) => drop(ended?),
            asked = person.asked(patience) => {
                let asked = asked?;
                person.sends(&asked, APP_ID, &asked.types)?;
            }
        }
        let sent = tokio::select! {
            brought = receiver.brought(scene.patience) => brought.is_ok(),
            ended = scene.did_not_succeed(export) => {
                ended?;
                false
            }
        };
        hold(
            !sent,
            format!(
                "it sent a file of {} bytes that is no document",
                document.len()
            ),
        )?;
    }
    Ok("nothing was sent of 4 files".to_owned())
}

pub(super) async fn large_document(scene: &mut Scene) -> Seen {
    let document = Document::large("large document", scene.contract.large).bytes();
    let receiver = Receiver::join(scene).await?;
    let arrived = scene.exported(&receiver, &document, &[]).await?;
    same(&document, &arrived.document)?;
    Ok(format!("{} MiB arrived", document.len() >> 20))
}

pub(super) async fn large_attachment(scene: &mut Scene) -> Seen {
    takes_attachments(scene)?;
    let size = usize::try_from(scene.contract.large << 20).unwrap_or(usize::MAX);
    let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
    let id = document::id("large", 0);
    let items = vec![document::item(
        "large",
        0,
        vec![document::file(&id, &bytes)],
    )];
    let document = Document::of_items("large", items).bytes();
    let receiver = Receiver::join(scene).await?;
    let attachments: [(&str, &[u8]); 1] = [(&id, &bytes)];
    let arrived = scene.exported(&receiver, &document, &attachments).await?;
    let whole = arrived.attachments.get(&id).is_some_and(|it| *it == bytes);
    hold(whole, "the file did not arrive as it is")?;
    Ok(format!("{} MiB arrived", bytes.len() >> 20))
}

fn takes_attachments(scene: &Scene) -> Result<(), Finding> {
    match scene.contract.takes_attachments() {
        true => Ok(()),
        false => Err(skipped("COMMAND has no {attachments}")),
    }
}

fn parse(document: &[u8]) -> Result<Value, Finding> {
    serde_json::from_slice(document).map_err(|_| failed("what arrived is not JSON"))
}

/// The same members with the same values; how they are written is the exporter's affair.
fn same(sent: &[u8], arrived: &[u8]) -> Result<(), Finding> {
    let (sent, arrived): (Value, Value) = (serde_json::from_slice(sent)?, parse(arrived)?);
    hold(
        sent == arrived,
        "the document is not the one that was given",
    )
}
