//! `client-lib/GUIDE.md`: what it tells to write into files is understood, and what it tells to type works
//! as it stands there. Its Rust is compiled as doc tests of the library.

use std::path::Path;
use std::process::{Command, Stdio};

use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;
use credex_tests::{programs, python};

use crate::cast::{is_there, python_packages};
use crate::page::{Block, blocks, fits};

const PAGE: &str = "client-lib/GUIDE.md";

/// The only block of the page in this language.
fn the_block(language: &str) -> Block {
    let found = blocks(PAGE).into_iter();
    let mut found = found.filter(|block| block.language == language);
    let block = found.next();
    assert!(found.next().is_none(), "there is more than one {language}");
    block.unwrap_or_else(|| panic!("there is no {language}"))
}

#[tokio::test]
async fn the_desktop_entry_is_understood() {
    let desktop = Desktop::plan().open().await;
    let file = desktop.path("share/applications/org.example.Vault.desktop");
    std::fs::write(file, the_block("ini").text).unwrap();
    let observer = Exporter::join(&desktop).await;
    let (providers, problems) = observer.providers().await;
    assert_eq!(problems, [""; 0]);
    let vault = &providers[0];
    assert_eq!(vault.id.as_deref(), Some("org.example.Vault"));
    assert_eq!(vault.format_versions.as_deref().unwrap(), ["1.0"]);
    let types = vault.credential_types.as_deref().unwrap();
    assert_eq!(types, ["basic-auth", "file", "note", "passkey", "totp"]);
}

#[test]
fn the_bus_starts_the_app_under_the_id_of_its_desktop_entry() {
    let service = the_block("service").text;
    let lines: Vec<&str> = service.lines().collect();
    assert_eq!(lines[0], "[D-BUS Service]");
    assert!(lines.contains(&"Name=org.example.Vault"));
    assert!(the_block("ini").text.contains("DBusActivatable=true"));
}

#[test]
fn the_permission_of_a_flatpak_lets_it_talk_to_the_service() {
    if !is_there(&[("flatpak", "/usr/bin/flatpak".into())]) {
        return;
    }
    let manifest = the_block("yaml").text;
    let arguments: Vec<&str> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .collect();
    let app = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(app.path().join("files/bin")).unwrap();
    let metadata = app.path().join("metadata");
    std::fs::write(
        &metadata,
        "[Application]\nname=org.example.Vault\nruntime=org.example.Platform/x86_64/1\n",
    )
    .unwrap();
    let finish = Command::new("flatpak")
        .args([
            "build-finish",
            "--command=vault",
            "--no-inherit-permissions",
        ])
        .args(arguments)
        .arg(app.path())
        .env("HOME", app.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&finish.stderr);
    assert!(finish.status.success(), "{said}");
    let metadata = std::fs::read_to_string(metadata).unwrap();
    let policy = "[Session Bus Policy]\norg.credex.Exchange1=talk";
    assert!(metadata.contains(policy), "{metadata}");
}

#[test]
fn what_the_page_tells_to_type_works_as_it_stands_there() {
    if !is_there(&python_packages()) {
        return;
    }
    let path = programs::credex();
    let path = format!("{}:/usr/bin:/bin", path.parent().unwrap().display());
    let output = Command::new("bash")
        .args(["-eu", "-c", &the_block("sh").text])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-lib"))
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{why}");
    let expected = the_block("text").text;
    assert!(
        fits(&said, &expected),
        "it prints\n{said}\nand not\n{expected}"
    );
}

#[test]
fn the_c_compiles() {
    let listings: Vec<Block> = blocks(PAGE)
        .into_iter()
        .filter(|block| block.language == "c")
        .collect();
    assert_eq!(listings.len(), 2);
    for listing in listings {
        let file = tempfile::Builder::new().suffix(".c").tempfile().unwrap();
        std::fs::write(file.path(), listing.text).unwrap();
        let compiler = Command::new("cc")
            .args([
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fsyntax-only",
                "-I",
            ])
            .arg(credex_tests::c::sources().join("include"))
            .arg(file.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&compiler.stderr);
        assert!(compiler.status.success(), "line {}: {said}", listing.line);
    }
}

/// Its Python calls what the binding has.
#[test]
fn the_python_of_the_page_is_in_order() {
    if !is_there(&[("mypy", "/usr/bin/mypy".into())]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for block in blocks(PAGE).iter().filter(|it| it.language == "python") {
        let file = directory.path().join(format!("line{}.py", block.line));
        std::fs::write(&file, &block.text).unwrap();
        let mypy = Command::new("mypy")
            .args(["--strict", "--cache-dir"])
            .arg(directory.path().join("cache"))
            .arg(&file)
            .env("MYPYPATH", python::path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&mypy.stdout);
        assert!(mypy.status.success(), "line {}: {said}", block.line);
        checked += 1;
    }
    assert!(checked > 1, "the importer and the exporter");
}

/// What a person types by hand: commands and options that there are.
#[test]
fn what_is_typed_by_hand_exists() {
    for block in blocks(PAGE)
        .iter()
        .filter(|block| block.language == "console")
    {
        for line in block
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("$ credex "))
        {
            let command = line.split(' ').next().unwrap();
            let help = Command::new(programs::credex())
                .args([command, "--help"])
                .output();
            let help = String::from_utf8(help.unwrap().stdout).unwrap();
            let options = line.split(' ').filter(|word| word.starts_with('-'));
            let missing: Vec<_> = options.filter(|option| !help.contains(option)).collect();
            assert!(
                help.contains("Usage:") && missing.is_empty(),
                "{line}: {missing:?}"
            );
        }
    }
}

#[test]
fn every_block_of_the_page_is_played_by_somebody() {
    for block in blocks(PAGE) {
        let known = [
            "ini",
            "service",
            "yaml",
            "sh",
            "text",
            "console",
            "rust,no_run",
            "c",
            "python",
        ];
        let language = block.language.as_str();
        assert!(
            known.contains(&language),
            "line {}: {language:?}",
            block.line
        );
    }
}
