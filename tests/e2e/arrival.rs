//! What is sent arrives, byte for byte.

use credex::cxf;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::importer::Importer;
use credex_tests::payload;

const VAULT: &str = "org.example.Vault";

#[tokio::test]
async fn our_own_sample_arrives_with_its_attachments_byte_for_byte() {
    let desktop = Desktop::sending_to(VAULT).await;
    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let session = exporter.agreed(&[("note", 1), ("file", 1)]).await;
    let payload = payload::seal(cxf::sample(), cxf::sample_attachments());
    session.deposit(&payload, &[("note", 1)]).await.unwrap();
    let opened = importer.import().await;
    assert_eq!(opened.document, cxf::sample());
    let attachments = opened.attachments.iter();
    let attachments: Vec<(&str, &[u8])> = attachments
        .map(|(id, body)| (id.as_str(), body.as_slice()))
        .collect();
    assert_eq!(attachments, cxf::sample_attachments());
    let (receipt, discrepancies) = session.receipt().await;
    assert_eq!(receipt["note"].succeeded, 1);
    assert_eq!(discrepancies, [""; 0]);
    assert_eq!(exporter.left().await, [""; 0]);
}
