//! The wheel (`cargo xtask wheel`): what is in it, and that an app in Python needs nothing else of ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use credex_tests::python;
use tempfile::TempDir;

use crate::cast::{self, Language, PYTHON, is_there};
use crate::pairs::exchange;

/// What is needed to make one.
fn needs() -> [(&'static str, PathBuf); 2] {
    let venv = Path::new("/usr/share/doc/python3-venv");
    [("python3", PYTHON.into()), ("python3-venv", venv.into())]
}

/// A wheel of the library that was built, where it can be made.
fn wheel() -> Option<(TempDir, PathBuf)> {
    let directory = tempfile::tempdir().unwrap();
    let wheel = is_there(&needs()).then(|| python::wheel(directory.path()))??;
    Some((directory, wheel))
}

/// What it says, if it succeeds.
fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (said, why) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "{command:?}: {said}{why}");
    said
}

#[test]
fn the_wheel_is_for_every_later_python_and_leaves_nothing_out() {
    let Some((directory, wheel)) = wheel() else {
        return;
    };
    let name = wheel.file_name().unwrap().to_str().unwrap();
    let tags = name.strip_prefix("credex-0.1.0-cp311-abi3-").expect(name);
    let machine = format!("_{}.whl", std::env::consts::ARCH);
    let system = tags.strip_suffix(&machine).expect(name);
    assert!(
        system == "linux" || system.starts_with("manylinux_2_"),
        "{name}"
    );

    let inside = directory.path().join("inside");
    python::unpack(&wheel, &inside);
    let mut expected = python::files_in(&python::sources().join("credex"));
    assert!(expected.contains("py.typed") && expected.contains("_credex.pyi"));
    expected.insert("_credex.abi3.so".to_owned());
    assert_eq!(python::files_in(&inside.join("credex")), expected);

    let told = inside.join("credex-0.1.0.dist-info");
    let read = |name: &str| std::fs::read_to_string(told.join(name)).unwrap();
    let metadata = read("METADATA");
    for line in [
        "Name: credex",
        "Version: 0.1.0",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Requires-Python: >=3.11",
        "Classifier: Typing :: Typed",
    ] {
        assert!(
            metadata.lines().any(|it| it == line),
            "{line} in {metadata}"
        );
    }
    let is_needed = |line: &str| line.starts_with("Requires-Dist:");
    assert!(!metadata.lines().any(is_needed), "nothing else: {metadata}");
    assert!(read("WHEEL").contains("Root-Is-Purelib: false\n"));
    let licence = python::sources().join("../../LICENSE");
    assert_eq!(
        read("licenses/LICENSE"),
        std::fs::read_to_string(licence).unwrap()
    );
}

#[tokio::test]
async fn who_installs_the_wheel_exchanges_credentials_with_nothing_else_of_ours() {
    let Some((directory, wheel)) = wheel() else {
        return;
    };
    let environment = directory.path().join("environment");
    let python = python::environment(&environment);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-index"]);
    said(pip.arg(wheel));
    // `-I`: neither the environment of who starts it nor the place of the program counts.
    let mut place = Command::new(&python);
    let place = said(place.args(["-I", "-c", "import credex; print(credex.__file__)"]));
    assert!(Path::new(&place).starts_with(&environment), "{place}");
    is_typed(&python);

    let example = |name: &str, places: &[&str]| {
        let program = python::sources().join("examples").join(name);
        let words = [python.to_str().unwrap(), "-I", program.to_str().unwrap()];
        let words = words.iter().chain(places);
        words.map(|&word| word.to_owned()).collect::<Vec<_>>()
    };
    let app = || Language {
        importer: example("importer.py", &["{out}"]),
        exporter: example("exporter.py", &["{document}", "{attachments}"]),
        ..cast::python()
    };
    exchange(app(), app()).await;
}

/// Those who check the types of an app find ours where it was installed.
fn is_typed(python: &Path) {
    if !is_there(&[("mypy", "/usr/bin/mypy".into())]) {
        return;
    }
    let mut mypy = Command::new("/usr/bin/mypy");
    mypy.args(["--strict", "--cache-dir=/dev/null", "--python-executable"]);
    mypy.arg(python);
    mypy.arg(python::sources().join("examples/exporter.py"));
    said(mypy.env_remove("MYPYPATH").current_dir("/"));
}
