//! Links the unwinder of GCC into the service instead of loading `libgcc_s.so.1`, whose constructor asks the
//! processor what it is a dozen times: in a virtual machine the hypervisor answers each, and the service
//! starts when somebody waits for it.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let mut cargo = std::io::stdout();
    writeln!(cargo, "cargo::rerun-if-changed=build.rs")?;
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let is_native = variable("HOST") == variable("TARGET");
    if !is_native || variable("CARGO_CFG_TARGET_ENV") != "gnu" || !has_static_unwinder() {
        return Ok(());
    }
    // The standard library asks for `gcc_s` by that name, whatever `-static-libgcc` says. What the linker
    // finds first under it may be a script.
    let out = variable("OUT_DIR");
    let script = Path::new(&out).join("libgcc_s.so");
    std::fs::write(script, "INPUT ( -lgcc_eh -lgcc )\n")?;
    writeln!(cargo, "cargo::rustc-link-arg-bins=-L{out}")?;
    Ok(())
}

/// Whether the compiler has it: it says the path, or the bare name of what it does not have.
fn has_static_unwinder() -> bool {
    let asked = Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    asked.is_ok_and(|answer| {
        let path = String::from_utf8_lossy(&answer.stdout).into_owned();
        Path::new(path.trim()).is_absolute()
    })
}
