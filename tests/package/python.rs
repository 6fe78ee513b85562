//! Who has installed the package for Python can write apps in it.

use std::collections::BTreeSet;

use credex_tests::machine::Machine;
use credex_tests::python;

use crate::computer::{agree, install, install_python, is_a_record, with_packages};

const VERSION: &str = "0.1.0";
const EXAMPLES: &str = "/usr/share/doc/credex/client-lib/python/examples";
const MODULES: &str = "/usr/lib/python3/dist-packages";

/// An exporter in a terminal, where nobody but it has somebody ask for the password.
const EXPORTER: &str = r#"
import os, pathlib, subprocess, credex
files = {it.name: it.read_bytes() for it in pathlib.Path("/t/files").iterdir()}
document = pathlib.Path("/t/sample.cxf").read_bytes()
ready, told = os.pipe()
words = ["pkttyagent", f"--process={os.getpid()}", f"--notify-fd={told}"]
agent = subprocess.Popen(words, pass_fds=[told])
os.close(told)
os.read(ready, 1)
with credex.Exporter.connect("org.example.PythonExporter") as exporter:
    receipt = exporter.export(document, files, parent_window="tty:" + os.ttyname(0))
agent.terminate()
print(sum(tally.succeeded for tally in receipt.types.values()), "have arrived.")
"#;

#[tokio::test]
async fn apps_in_python_exchange_credentials_and_the_package_goes_without_a_trace() {
    let Some(machine) = with_packages(&[VERSION]).await else {
        return;
    };
    install(&machine, VERSION).await;
    let before = machine.added_files().await;
    install_python(&machine, VERSION).await;
    let there = machine.added_files().await;
    let compiled = |file: &&String| file.starts_with(MODULES) && file.ends_with(".pyc");
    assert!(there.iter().any(|file| compiled(&file)), "{there:?}");
    let verify = ["dpkg", "--verify", "credex", "python3-credex"];
    assert_eq!(
        machine.root(&verify).await.succeeded(),
        "",
        "as it was packed"
    );
    is_what_is_in_the_wheel(&machine).await;

    let ada = machine.log_in("ada").await;
    ada.run(&["mkdir", "vault"]).await.succeeded();
    let importer = format!("{EXAMPLES}/importer.py");
    let mut importer = ada.start(&["python3", "-I", &importer, "vault"]);
    importer.see("ready").await;
    let exporter = format!("cat >exporter.py <<'EOF'\n{EXPORTER}\nEOF");
    ada.run(&["sh", "-c", &exporter]).await.succeeded();
    let mut exporter = ada.at_terminal("python3 -I exporter.py");
    exporter.see("only Enter to cancel: ").await;
    agree(&machine, &mut exporter).await;
    let shown = exporter.succeeds().await;
    assert!(shown.contains("20 have arrived."), "{shown}");
    ada.run(&["cmp", "vault/1.cxf", "/t/sample.cxf"])
        .await
        .succeeded();
    drop(importer);

    let purge = ["apt-get", "purge", "-y", "python3-credex"];
    machine.root(&purge).await.succeeded();
    let after = machine.added_files().await;
    let left: Vec<_> = after
        .difference(&before)
        .filter(|file| !is_a_record(file) && !file.starts_with("/home/"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The package was not made by maturin, and yet nobody can tell.
async fn is_what_is_in_the_wheel(machine: &Machine) {
    let directory = tempfile::tempdir().unwrap();
    let Some(wheel) = python::wheel(directory.path()) else {
        return;
    };
    let inside = directory.path().join("inside");
    python::unpack(&wheel, &inside);
    let list = format!("ls --indicator-style=slash {MODULES}/credex");
    let list = machine.root(&["sh", "-c", &list]).await.succeeded();
    let list: BTreeSet<&str> = list.lines().filter(|it| !it.ends_with('/')).collect();
    let packed = python::files_in(&inside.join("credex"));
    assert_eq!(list, packed.iter().map(String::as_str).collect());

    let told = "credex-0.1.0.dist-info/METADATA";
    let metadata = machine.root(&["cat", &format!("{MODULES}/{told}")]).await;
    let metadata = metadata.succeeded();
    let said = std::fs::read_to_string(inside.join(told)).unwrap();
    // Debian has licences elsewhere; each maturin has the version of the form that it knows.
    let is_told = |line: &&str| {
        !["License-File", "Metadata-Version"]
            .iter()
            .any(|it| line.starts_with(it))
    };
    let lines = |text: &str| {
        let lines = text.lines().filter(|line| is_told(line));
        lines.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(lines(&metadata), lines(&said));
}
