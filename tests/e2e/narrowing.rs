//! The person lets some types go and not others; and an exporter that does not keep to it is found
//! out (design §1, §3).

use credex::cxf;
use credex::{ExportRequest, Payload, silent};
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::{APP_ID, Exporter};
use credex_tests::payload;

use crate::scene::VAULT;

const GRANTED: [&str; 2] = ["note", "totp"];

#[tokio::test]
async fn what_the_person_leaves_out_does_not_arrive() {
    let plan = Desktop::plan().chooser(Script::choose_only(VAULT, &GRANTED));
    let desktop = plan.open().await;
    let address = desktop.bus.address();
    let importer = credex::Importer::builder(VAULT).connect_to(address).await;
    let mut importer = importer.unwrap();
    let exporter = credex::Exporter::connect_to(address, APP_ID).await.unwrap();
    let declared = cxf::validate(cxf::sample()).unwrap().present;
    assert!(declared.types().len() > GRANTED.len());
    let export = async {
        let request = ExportRequest::of_document(cxf::sample()).unwrap();
        let grant = exporter.request(request).await.unwrap();
        let types: Vec<&str> = grant.types().iter().map(String::as_str).collect();
        assert_eq!(types, GRANTED);
        let mut payload = Payload::new(cxf::sample());
        for (id, body) in cxf::sample_attachments() {
            payload = payload.attachment(*id, body);
        }
        let mut delivery = grant.send(payload).await.unwrap();
        delivery.receipt().await.unwrap()
    };
    let import = async {
        let offer = importer.next_offer().await.unwrap();
        let import = offer.redeem(&mut silent).await.unwrap();
        let arrived = import.report().present.types();
        assert_eq!(arrived, GRANTED.map(str::to_owned).into());
        assert_eq!(import.attachments().count(), 0, "no file was let go");
        for left_out in ["basic-auth", "passkey", "ssh-key", "credit-card"] {
            let typed = format!("\"{left_out}\"");
            assert!(
                cxf_contains(cxf::sample(), &typed),
                "the sample has {left_out}"
            );
            assert!(
                !cxf_contains(import.document(), &typed),
                "{left_out} arrived"
            );
        }
        assert_eq!(
            import.discrepancies(),
            [],
            "what was narrowed is as was let go"
        );
        import.complete_all().await.unwrap();
    };
    let (receipt, ()) = tokio::join!(export, import);
    let named: Vec<&str> = receipt.types.keys().map(String::as_str).collect();
    assert_eq!(named, GRANTED);
    let finished = desktop.person.finished().await;
    assert!(
        finished["receipt"]["note"][0].as_u64().unwrap() > 0,
        "{finished}"
    );
    assert!(finished["receipt"].get("passkey").is_none(), "{finished}");
}

#[tokio::test]
async fn an_exporter_that_sends_more_than_it_was_let_is_found_out() {
    let plan = Desktop::plan().chooser(Script::choose_only(VAULT, &["note"]));
    let desktop = plan.open().await;
    let importer = credex::Importer::builder(VAULT)
        .connect_to(desktop.bus.address())
        .await;
    let mut importer = importer.unwrap();
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(&[("note", 1), ("passkey", 1)]).await;
    assert_eq!(session.types, ["note"]);
    let payload = payload::seal(cxf::sample(), cxf::sample_attachments());
    session.deposit(&payload, &[("note", 1)]).await.unwrap();
    let offer = importer.next_offer().await.unwrap();
    let import = offer.redeem(&mut silent).await.unwrap();
    assert_ne!(import.discrepancies(), []);
    import.complete_all().await.unwrap();
    let (_, discrepancies) = session.receipt().await;
    let says = |all: &[String]| all.iter().any(|sentence| sentence.contains("passkey"));
    assert!(says(&discrepancies), "{discrepancies:?}");
    let finished = desktop.person.finished().await;
    let shown: Vec<String> = serde_json::from_value(finished["discrepancies"].clone()).unwrap();
    assert!(says(&shown), "{shown:?}");
}

fn cxf_contains(document: &[u8], text: &str) -> bool {
    credex_tests::monitor::contains(document, text.as_bytes())
}
