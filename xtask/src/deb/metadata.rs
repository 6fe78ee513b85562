//! What `client-lib/python/pyproject.toml` says of the package, in the form that pip reads (core metadata 2.4),
//! which maturin writes into the wheel, too: `tests/package/python.rs` compares them.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::error::{Failure, at};
use crate::options::source;

/// The file `METADATA`.
pub(super) fn metadata() -> Result<String, Failure> {
    let path = source().join("client-lib/python/pyproject.toml");
    let text = fs::read_to_string(&path).map_err(at("cannot read", &path))?;
    written(&text, &path)
}

/// `text` is that of the project, which lies in `path`.
fn written(text: &str, path: &Path) -> Result<String, Failure> {
    let odd = |what: String| Failure::Project {
        path: path.to_owned(),
        what,
    };
    let table: Table = text.parse().map_err(|error| odd(format!("{error}")))?;
    let project = table.get("project").and_then(Value::as_table);
    let project = project.ok_or_else(|| odd("it has no [project]".to_owned()))?;
    let word = |name: &str| {
        let word = project.get(name).and_then(Value::as_str);
        word.ok_or_else(|| odd(format!("it has no project.{name}")))
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut said = format!(
        "Metadata-Version: 2.4\nName: {}\nVersion: {version}\n",
        word("name")?
    );
    let classifiers = project.get("classifiers").and_then(Value::as_array);
    for classifier in classifiers.into_iter().flatten().filter_map(Value::as_str) {
        said.push_str(&format!("Classifier: {classifier}\n"));
    }
    for (field, name) in [
        ("Summary", "description"),
        ("License-Expression", "license"),
        ("Requires-Python", "requires-python"),
    ] {
        said.push_str(&format!("{field}: {}\n", word(name)?));
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_that_leaves_out_what_pip_reads_is_named() {
        let project = "[project]\nname = \"credex\"\ndescription = \"d\"\nlicense = \"MIT\"\n";
        let failure = written(project, Path::new("p.toml")).unwrap_err();
        let said = failure.to_string();
        assert_eq!(said, "p.toml: it has no project.requires-python");
    }

    #[test]
    fn every_word_of_the_project_is_in_its_field() {
        let said = metadata().unwrap();
        for line in [
            "Name: credex",
            "Classifier: Typing :: Typed",
            "License-Expression: MIT",
        ] {
            assert!(said.lines().any(|it| it == line), "{line} in {said}");
        }
    }
}
