//! Each implementation passes `credex conformance`.

use std::process::{Command, Output, Stdio};

use credex_tests::programs;
use serde_json::Value;

use crate::cast::{self, Language, languages};

/// Runs the kit; the JSON object that it printed.
pub fn kit(arguments: &[&str], command: &[String]) -> (Output, Value) {
    let mut kit = Command::new(programs::credex());
    kit.args(["--json", "conformance"]).args(arguments);
    kit.arg("--").args(command);
    kit.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = kit.stdin(Stdio::null()).output().unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!(
            "no JSON, but {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output, told)
}

/// The lines of a report with this result.
pub fn with_result<'a>(told: &'a Value, result: &str) -> Vec<&'a Value> {
    let checks = told["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["result"] == result).collect()
}

fn passes(role: &str, language: &Language, may_skip: &[&str]) {
    if !language.is_there() {
        return;
    }
    let command = match role {
        "importer" => &language.importer,
        _ => &language.exporter,
    };
    // Patience only ends a check that has failed.
    let (output, told) = kit(&[role, "--patience", "90"], command);
    let failed = with_result(&told, "failed");
    assert!(failed.is_empty(), "{failed:#?}");
    let skipped = with_result(&told, "skipped");
    let unexpected = skipped
        .iter()
        .filter(|check| !may_skip.contains(&check["check"].as_str().unwrap()));
    assert_eq!(unexpected.count(), 0, "{skipped:#?}");
    assert!(told["passed"].as_u64() > Some(20), "{told:#}");
    assert_eq!(output.status.code(), Some(0));
}

macro_rules! conforms {
    ($($language:ident),+) => {
        $(mod $language {
            use super::*;

            #[test]
            fn imports_as_the_protocol_says() {
                // It takes every type.
                passes("importer", &cast::$language(), &["types-not-taken"]);
            }

            #[test]
            fn exports_as_the_protocol_says() {
                passes("exporter", &cast::$language(), &[]);
            }
        })+
    };
}

languages!(conforms);
