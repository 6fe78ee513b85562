//! Takes whatever is sent to it: `cargo run -p credex --example importer -- [how many exchanges]`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use credex::{Importer, Offer, silent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let exchanges = std::env::args().nth(1).map_or(Ok(1), |n| n.parse())?;
    let mut importer = Importer::builder("org.example.Importer")
        .name("Example Importer")
        .connect()
        .await?;
    println!("ready");
    for _ in 0..exchanges {
        let offer = importer.next_offer().await?;
        if let Err(error) = take(offer).await {
            println!("nothing came of it: {error}");
        }
    }
    Ok(())
}

async fn take(mut offer: Offer) -> credex::Result<()> {
    let exporter = offer.exporter();
    println!(
        "{} ({}, {}) offers {} credentials",
        exporter.name,
        exporter.app_id,
        exporter.assurance,
        offer.counts().total()
    );
    // A password manager asks for its master password here, which may take a while.
    offer.extend(Duration::from_secs(600)).await?;

    let import = offer.redeem(&mut silent).await?;
    for (name, number) in import.report().counts.iter() {
        println!("{name}: {number}");
    }
    for (id, bytes) in import.attachments() {
        println!("file {id}: {} bytes", bytes.len());
    }
    for problem in &import.report().quarantined {
        println!("left out: {problem}");
    }
    for problem in import.attachment_problems() {
        println!("check this: {problem}");
    }
    // Store `import.document()` and the attachments, and then say so.
    import.complete_all().await
}
