//! Writes `adapters/README.md`: what each store keeps of the sample document, found out by really
//! writing and reading back.
//!
//!     cargo run -p credex-adapters --example tables
//!
//! A store that needs a program that is not here keeps what the file says of it, and is named on
//! standard error.
#![allow(clippy::print_stderr, clippy::print_stdout)]

mod loss;
mod page;
mod places;

fn main() -> std::io::Result<()> {
    let path = page::path();
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let (page, left_out) = page::page(&old);
    for (scheme, why) in left_out {
        eprintln!("{scheme}: left as it is: {why}");
    }
    std::fs::write(&path, page)?;
    println!("{} is written", path.display());
    Ok(())
}
