//! A check that cannot fail is none: for each there is an implementation with just the defect that it is
//! there to find.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::cast::{self, PYTHON, is_there, python_packages, recipes};
use crate::conformance::{kit, with_result};

/// At once, since most of them wait.
const HANDS: usize = 4;

fn defective(role: &str, defect: &str) -> Vec<String> {
    let wrong = Path::new(env!("CARGO_MANIFEST_DIR")).join("languages/wrong");
    let program = wrong.join(format!("{role}.py")).display().to_string();
    let recipes = recipes().display().to_string();
    let mut command = vec![PYTHON.to_owned(), program, recipes, defect.to_owned()];
    match role {
        "importer" => command.push("{out}".to_owned()),
        _ => command.extend(["{document}", "{attachments}"].map(str::to_owned)),
    }
    command
}

fn play(role: &str, check: &str, defect: &str) -> (Option<i32>, Value) {
    let arguments = [role, "--only", check, "--patience", "6", "--large", "2"];
    let (output, told) = kit(&arguments, &defective(role, defect));
    (output.status.code(), told)
}

fn every_check_finds_its_defect(role: &str) {
    if !is_there(&python_packages()) {
        return;
    }
    let (_, told) = kit(&[role, "--list"], &[]);
    let names: Vec<String> = serde_json::from_value(told["checks"].clone()).unwrap();
    assert!(names.len() > 20, "{names:?}");
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (code, told) = play(role, name, name);
                    let failed = with_result(&told, "failed");
                    // An implementation that fell over its own feet shows nothing.
                    let stumbled = failed
                        .iter()
                        .any(|check| check["said"].to_string().contains("Traceback"));
                    if code != Some(1) || failed.len() != 1 || stumbled {
                        missed.lock().unwrap().push(format!("{name}: {told}"));
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}

#[test]
fn every_check_of_an_importer_finds_its_defect() {
    every_check_finds_its_defect("importer");
}

#[test]
fn every_check_of_an_exporter_finds_its_defect() {
    every_check_finds_its_defect("exporter");
}

#[test]
fn an_importer_that_takes_little_and_says_so_is_in_order() {
    if !is_there(&python_packages()) {
        return;
    }
    let check = "types-not-taken";
    let (code, told) = play("importer", check, "none: it takes little, and says so");
    assert_eq!(code, Some(0), "{told:#}");
    assert_eq!(with_result(&told, "passed").len(), 1, "{told:#}");
}

#[test]
fn an_importer_that_owns_its_name_is_found_by_its_desktop_entry() {
    if !is_there(&python_packages()) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let entry = directory.path().join("org.example.BareImporter.desktop");
    let text = "[Desktop Entry]\nType=Application\nName=Bare\nExec=bare\nDBusActivatable=true\n\
        Implements=org.credex.Importer1;\n\n[org.credex.Importer1]\nFormatVersions=1.0;\n";
    std::fs::write(&entry, text).unwrap();
    let entry = entry.to_str().unwrap();
    let only = "one-exchange,two-at-once,service-dies,withdrawn,leaves";
    let arguments = ["importer", "--desktop-entry", entry, "--only", only];
    let (output, told) = kit(&arguments, &defective("importer", "none: it owns its name"));
    assert_eq!(output.status.code(), Some(0), "{told:#}");
    assert_eq!(told["passed"], 5, "{told:#}");
}

/// `busd` needs nothing to be installed.
#[test]
fn the_kit_works_on_the_bus_that_is_built_in() {
    if !is_there(&python_packages()) {
        return;
    }
    let only = "one-exchange,redeems-once,token-replayed,forged-offer,service-dies,weak-key";
    let arguments = ["importer", "--bus", "embedded", "--only", only];
    let (output, told) = kit(&arguments, &cast::bare().importer);
    assert_eq!(output.status.code(), Some(0), "{told:#}");
    assert_eq!(told["failed"], 0, "{told:#}");
}

#[test]
fn a_report_says_what_was_expected_what_was_seen_and_where_the_protocol_says_so() {
    if !is_there(&python_packages()) {
        return;
    }
    let (code, told) = play("importer", "fresh-keys", "fresh-keys");
    assert_eq!(code, Some(1));
    let failed = with_result(&told, "failed")[0];
    assert_eq!(failed["anchor"], "the-offer");
    assert_eq!(
        failed["sentence"],
        "Make an X25519 key pair for this offer alone"
    );
    assert_eq!(failed["seen"], "for 3 offers it made 1 keys");
    let said = failed["said"].to_string();
    assert!(said.contains("imported"), "what it said itself: {said}");
}

#[test]
fn a_program_that_cannot_be_run_is_no_implementation() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("importer");
    std::fs::write(&program, "#!/nonexistent/interpreter\n").unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let program = program.display().to_string();
    let (output, told) = kit(
        &["importer", "--only", "one-exchange", "--patience", "10"],
        std::slice::from_ref(&program),
    );
    assert_eq!(output.status.code(), Some(1));
    let failed = with_result(&told, "failed");
    assert_eq!(failed.len(), 1, "{told:#}");
    assert!(failed[0]["said"].to_string().contains(&program));
}

/// Whoever knows why may be a process that it started.
#[test]
fn what_an_implementation_says_while_it_ends_is_told() {
    let script = "trap 'exit 3' USR1
        (trap 'echo its last words >&2; exit' TERM; kill -USR1 $$; while :; do sleep 0.01; done) &
        wait";
    let command = ["sh", "-c", script].map(str::to_owned);
    let (output, told) = kit(
        &["importer", "--only", "one-exchange", "--patience", "10"],
        &command,
    );
    assert_eq!(output.status.code(), Some(1));
    let failed = with_result(&told, "failed");
    assert_eq!(failed.len(), 1, "{told:#}");
    assert_eq!(failed[0]["seen"], "it ended, or crashed");
    let said = failed[0]["said"].to_string();
    assert!(said.contains("its last words"), "{told:#}");
}
