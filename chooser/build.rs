//! Compiles the translations of `po/` as gettext's `msgfmt` does: each becomes `$OUT_DIR/LANGUAGE.mo`,
//! which `src/language.rs` includes.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use rspolib::{AsBytes, MOFile, pofile};

fn main() -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=po")?;
    let out = std::env::var("OUT_DIR")?;
    for entry in std::fs::read_dir("po")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "po") {
            let compiled = MOFile::from(&pofile(path.as_path())?);
            let name = path.with_extension("mo");
            let name = name.file_name().ok_or("a catalogue without a name")?;
            std::fs::write(Path::new(&out).join(name), compiled.as_bytes())?;
        }
    }
    Ok(())
}
