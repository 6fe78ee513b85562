//! The texts: what is laid out to be read, and what `credex doctor` says.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use credex_tests::programs;
use tempfile::TempDir;

/// Something to read.
#[derive(Debug)]
pub(crate) struct Text {
    /// Where it is, for who has to mend it.
    pub(crate) place: String,
    pub(crate) text: String,
}

/// The source tree.
pub(crate) fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is installed, below a directory in place of `/`.
pub(crate) fn tree() -> PathBuf {
    static TREE: OnceLock<TempDir> = OnceLock::new();
    let directory = TREE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let programs = directory.path().join("programs");
        let service = programs::credexd();
        stand_in(&service, &programs);
        let mut command = Command::new(service.with_file_name("xtask"));
        command.args(["dist", "--programs"]);
        command.args([programs, directory.path().join("tree")]);
        let output = command
            .output()
            .expect("xtask has been built, as by tests/run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        directory
    });
    directory.path().join("tree")
}

/// Fills `programs` with what has the names of the programs beside `service`: what they are called is enough.
fn stand_in(service: &Path, programs: &Path) {
    std::fs::create_dir_all(programs.join("examples")).unwrap();
    for name in [
        "credex",
        "credexd",
        "credex-chooser",
        "credex-chooser-gtk",
        "credex-fetcher",
        "libcredex.so",
    ] {
        std::fs::write(programs.join(name), "").unwrap();
    }
    let manual = service.with_file_name("examples").join("manual");
    symlink(manual, programs.join("examples/manual")).unwrap();
}

/// Everything that is walked.
pub(crate) fn all() -> Vec<Text> {
    let mut texts = pages();
    texts.extend(documents());
    texts.extend(completions());
    texts.extend(advice());
    assert!(texts.len() > 30, "{} texts are too few", texts.len());
    texts
}

/// The manual pages, without what only sets type.
pub(crate) fn pages() -> Vec<Text> {
    let files = files_below(&tree().join("usr/share/man"));
    assert!(files.len() > 15, "{files:?}");
    files.iter().map(|file| read(file, plain)).collect()
}

/// Documents in Markdown.
pub(crate) fn documents() -> Vec<Text> {
    let files = files_below(&tree().join("usr/share/doc/credex"));
    let files = files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "md"));
    files.map(|file| read(file, str::to_owned)).collect()
}

/// Completions for shells.
pub(crate) fn completions() -> Vec<Text> {
    let directories = ["bash-completion", "fish", "zsh"];
    let directories = directories.map(|name| tree().join("usr/share").join(name));
    let files = directories
        .iter()
        .flat_map(|directory| files_below(directory));
    files.map(|file| read(&file, str::to_owned)).collect()
}

/// What the programs say in their own words: `credex doctor`, and what to do where a command fails.
pub(crate) fn advice() -> Vec<Text> {
    let mut files = files_below(&source().join("cli/src/doctor"));
    files.push(source().join("cli/src/failure.rs"));
    files.iter().map(|file| read(file, literals)).collect()
}

/// All files below a directory, in a fixed order.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"))
    {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// The words of `text` that `is_part` letters make up.
pub(crate) fn words(
    text: &str,
    is_part: impl Fn(char) -> bool + Copy,
) -> impl Iterator<Item = &str> {
    text.split(move |letter| !is_part(letter))
        .filter(|word| !word.is_empty())
}

fn read(file: &Path, meaning: impl Fn(&str) -> String) -> Text {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    Text {
        place: file.display().to_string(),
        text: meaning(&text),
    }
}

/// What a page says, line by line: macros and fonts are left out, and escaped letters are themselves.
fn plain(page: &str) -> String {
    let mut said = String::new();
    for line in page
        .lines()
        .filter(|line| !line.starts_with(".\\\"") && !line.starts_with(".TH"))
    {
        let words = line.strip_prefix('.').and_then(|line| line.split_once(' '));
        let line = match words {
            Some((_, words)) => words.replace('"', ""),
            None if line.starts_with('.') => String::new(),
            None => line.to_owned(),
        };
        said.push_str(&line);
        said.push('\n');
    }
    let escapes = [
        ("\\-", "-"),
        ("\\(dq", "\""),
        ("\\*(Aq", "'"),
        ("\\fB", ""),
        ("\\fI", ""),
        ("\\fR", ""),
    ];
    for (escape, letter) in escapes {
        said = said.replace(escape, letter);
    }
    said
}

/// The strings of a source file outside of its tests, one a line.
fn literals(source: &str) -> String {
    let program = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut said = String::new();
    for token in program
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        said.push_str(token);
        said.push('\n');
    }
    // A string that goes on in the next line.
    let said = said.replace("\\\n", "");
    let mut strings = String::new();
    for (number, part) in said.replace("\\\"", "'").split('"').enumerate() {
        if number % 2 == 1 {
            strings.push_str(part);
            strings.push('\n');
        }
    }
    strings
}

#[test]
fn the_strings_of_a_program_are_found_and_those_of_its_tests_are_not() {
    let source = "// \"no\"\nlet a = \"one \\\n  two\";\n#[cfg(test)]\nlet b = \"three\";";
    assert_eq!(literals(source), "one   two\n");
    assert_eq!(
        plain(".TP\n.BR \\-\\-json \" or\"\nit"),
        "\n--json  or\nit\n"
    );
}
