//! What `client-lib/recipes/README.md` tells to type works as it stands there; and the Python beside it
//! agrees with the test vectors.

use std::path::Path;
use std::process::{Command, Stdio};

use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;

use crate::cast::{PYTHON, is_there, python_packages, recipes};
use crate::page::{Block, blocks, fits};

const PAGE: &str = "client-lib/recipes/README.md";

/// A copy of the directory of the recipes, as deep as it is in the repository.
fn copied(desktop: &Desktop) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = desktop.path("repository");
    for directory in [
        "client-lib/recipes",
        "client-lib/src/cxf",
        "protocol/interfaces",
    ] {
        std::fs::create_dir_all(copy.join(directory)).unwrap();
        for entry in std::fs::read_dir(root.join(directory)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let to = copy.join(directory).join(entry.file_name());
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    copy.join("client-lib/recipes")
}

/// Runs what is to be typed; all that it prints.
fn typed(desktop: &Desktop, directory: &Path, block: &Block) -> String {
    let transcript = desktop.path("transcript");
    let output = std::fs::File::create(&transcript).unwrap();
    let status = Command::new("timeout")
        .args(["60", "bash", "-eu", "-c", &block.text])
        .current_dir(directory)
        .env_clear()
        .envs(desktop.environment().iter().cloned())
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .status()
        .unwrap();
    let said = std::fs::read_to_string(&transcript).unwrap();
    assert!(status.success(), "line {}: {status}\n{said}", block.line);
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_tells_to_type_works_as_it_stands_there() {
    let mut needs = python_packages();
    needs.extend(["gdbus", "busctl", "gjs"].map(|name| (name, Path::new("/usr/bin").join(name))));
    if !is_there(&needs) {
        return;
    }
    let desktop = Desktop::plan().open().await;
    let directory = copied(&desktop);
    let blocks = blocks(PAGE);
    let mut typed_in = 0;
    for (index, block) in blocks.iter().enumerate() {
        match block.language.as_str() {
            "js" => {
                let name = block.text.lines().next().unwrap().trim_start_matches("// ");
                assert!(
                    name.ends_with(".js"),
                    "the first line names the file: {name}"
                );
                std::fs::write(directory.join(name), &block.text).unwrap();
            }
            "sh" => {
                let importer = match block.text.contains("decline.js") {
                    true => "org.example.GjsImporter",
                    false => "org.example.BareImporter",
                };
                desktop.person.will(&Script::choose(importer));
                let said = typed(&desktop, &directory, block);
                let expected = &blocks[index + 1];
                assert_eq!(expected.language, "text", "line {}", block.line);
                let line = block.line;
                assert!(
                    fits(&said, &expected.text),
                    "line {line} prints\n{said}\nand not\n{}",
                    expected.text
                );
                typed_in += 1;
            }
            "text" => {}
            other => panic!("line {}: nobody plays {other:?}", block.line),
        }
    }
    assert!(typed_in > 5, "{typed_in}");
}

#[test]
fn the_envelope_in_python_agrees_with_the_test_vectors() {
    if !is_there(&python_packages()) {
        return;
    }
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/vectors/envelope.json");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("languages/vectors.py");
    let output = Command::new(PYTHON)
        .args(["-B".as_ref(), program.as_os_str()])
        .args([recipes().as_os_str(), vectors.as_os_str()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let checked: usize = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap();
    assert!(checked > 10, "{checked}");
}
