//! Takes whatever is sent to it, until it is ended:
//! `cargo run -p credex --example importer -- [DIRECTORY]`.
//! With a directory it writes there what comes, where a password manager would put it into its vault.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use credex::{Import, Importer, Offer, silent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from);
    let mut importer = Importer::builder("org.example.Importer")
        .name("Example Importer")
        .connect()
        .await?;
    println!("ready");
    for number in 1.. {
        let offer = importer.next_offer().await?;
        let file = directory
            .as_ref()
            .map(|it| it.join(format!("{number}.cxf")));
        if let Err(error) = take(offer, file.as_deref()).await {
            println!("nothing came of it: {error}");
        }
    }
    Ok(())
}

async fn take(mut offer: Offer, file: Option<&Path>) -> Result<(), Box<dyn Error>> {
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
    for problem in &import.report().quarantined {
        println!("left out: {problem}");
    }
    for problem in import.attachment_problems() {
        println!("check this: {problem}");
    }
    if let Some(file) = file {
        store(&import, file)?;
    }
    // Say what became of it once it is stored.
    Ok(import.complete_all().await?)
}

fn store(import: &Import, file: &Path) -> std::io::Result<()> {
    std::fs::write(file, import.document())?;
    let beside = file.with_extension("cxf.attachments");
    // What somebody else sends as an id is no file name until it was looked at.
    for (id, bytes) in import.attachments().filter(|(id, _)| is_base64url(id)) {
        std::fs::create_dir_all(&beside)?;
        std::fs::write(beside.join(id), bytes)?;
    }
    Ok(())
}

fn is_base64url(id: &str) -> bool {
    id.bytes()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}
