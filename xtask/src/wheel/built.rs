//! A wheel of a library that is built already. maturin cannot be told of one: it learns from what cargo says
//! where the library is. So it is given a cargo that says what cargo says of what need not be built again.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{LIBRARY, PACKAGE};
use crate::error::{Failure, at, output};
use crate::options::source;

/// Leaves every question but that for the library to cargo itself.
const CARGO: &str = r#"#!/bin/sh
case " $* " in
*" rustc "*) exec cat "$CREDEX_BUILT" ;;
*) exec "$CREDEX_CARGO" "$@" ;;
esac
"#;

/// Has `maturin` take the library in `programs`. `stage` is an absolute path, and empty.
pub(super) fn take_from(
    programs: &Path,
    stage: &Path,
    maturin: &mut Command,
) -> Result<(), Failure> {
    // maturin moves what was built, to a place that it shares with whoever else makes a wheel.
    let (original, library) = (programs.join(LIBRARY), stage.join(LIBRARY));
    fs::copy(&original, &library).map_err(at("cannot copy", &original))?;
    maturin.arg("--target-dir").arg(stage.join("target"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut pkgid = Command::new(&cargo);
    pkgid.current_dir(source()).args(["pkgid", PACKAGE]);
    let package = output(&mut pkgid, "install Rust")?;
    let (script, built) = (stage.join("cargo"), stage.join("built"));
    let message = message(package.trim(), &library)?;
    fs::write(&built, format!("{message}\n")).map_err(at("cannot write", &built))?;
    fs::write(&script, CARGO).map_err(at("cannot write", &script))?;
    let runs = Permissions::from_mode(0o755);
    fs::set_permissions(&script, runs).map_err(at("cannot change", &script))?;
    maturin.env("CARGO", script);
    maturin
        .env("CREDEX_CARGO", cargo)
        .env("CREDEX_BUILT", built);
    Ok(())
}

/// What `cargo rustc --message-format=json` says of `package`, whose `library` is fresh.
fn message(package: &str, library: &Path) -> Result<Value, Failure> {
    let project = source().join("client-lib/python");
    let project = fs::canonicalize(&project).map_err(at("cannot find", &project))?;
    Ok(json!({
        "reason": "compiler-artifact",
        "package_id": package,
        "manifest_path": project.join("Cargo.toml"),
        "target": {
            "name": "credex_python",
            "kind": ["cdylib"],
            "crate_types": ["cdylib"],
            "src_path": project.join("src/lib.rs"),
            "edition": "2024",
            "doctest": false,
            "test": false,
        },
        "profile": {
            "opt_level": "0",
            "debug_assertions": false,
            "overflow_checks": false,
            "test": false,
        },
        "features": [],
        "filenames": [library],
        "executable": null,
        "fresh": true,
    }))
}
