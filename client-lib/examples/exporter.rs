//! Sends a CXF document: `cargo run -p credex --example exporter -- DOCUMENT [DIRECTORY]`.
//! In the directory are attachments, in files that are named after the ids of their `file` credentials.
//! Without arguments it sends the sample of this library.

#![allow(clippy::print_stdout)]

use std::error::Error;

use credex::{Exporter, Payload, cxf};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (document, attachments) = read(&arguments)?;

    let mut payload = Payload::new(&document).on_progress(|at| {
        println!("sealed {} of {} bytes", at.done, at.total);
    });
    for (id, bytes) in &attachments {
        payload = payload.attachment(id, bytes);
    }
    for problem in &payload.check()?.quarantined {
        println!("nobody will import this: {problem}");
    }

    let exporter = Exporter::connect("org.example.Exporter").await?;
    println!("waiting for your answer");
    let receipt = exporter.export(payload).await?;

    for (name, tally) in &receipt.types {
        println!(
            "{name}: {} taken, {} failed, {} ignored",
            tally.succeeded, tally.failed, tally.ignored
        );
    }
    for difference in &receipt.discrepancies {
        println!("not as announced: {difference}");
    }
    Ok(())
}

type Files = (Vec<u8>, Vec<(String, Vec<u8>)>);

fn read(arguments: &[String]) -> std::io::Result<Files> {
    let Some((document, directory)) = arguments.split_first() else {
        let owned = |(id, bytes): &(&str, &[u8])| (String::from(*id), bytes.to_vec());
        let attachments = cxf::sample_attachments().iter().map(owned);
        return Ok((cxf::sample().to_vec(), attachments.collect()));
    };
    let mut files = Vec::new();
    for directory in directory {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let id = entry.file_name().to_string_lossy().into_owned();
            files.push((id, std::fs::read(entry.path())?));
        }
    }
    Ok((std::fs::read(document)?, files))
}
