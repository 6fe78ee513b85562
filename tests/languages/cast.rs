//! Who speaks the protocol: an importer and an exporter in each language. A new language is one word
//! in `languages!`, and one function here: from these follow its pairs with all others, and its turns in
//! the conformance kit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use credex_tests::c::{Build, Workshop};
use credex_tests::{programs, python};

/// An implementation.
#[derive(Debug, Clone)]
pub struct Language {
    /// The importer's command, with `{out}` for where it writes what it keeps: the first document as
    /// `1.cxf`, its attachments below `1.cxf.attachments`. It runs until it is ended.
    pub importer: Vec<String>,
    /// What the importer announces itself as.
    pub importer_id: &'static str,
    /// The exporter's command, with `{document}` and `{attachments}`.
    pub exporter: Vec<String>,
    /// Files without which it cannot run: what they are, and where.
    pub needs: Vec<(&'static str, PathBuf)>,
    /// Where its programs are, if they are built for the story alone.
    #[expect(dead_code, reason = "its programs are there as long as it is")]
    pub workshop: Option<Arc<Workshop>>,
}

/// Our own library.
pub fn rust() -> Language {
    let example = |name: &str| programs::example(name).display().to_string();
    Language {
        importer: words(&[&example("importer"), "{out}"]),
        importer_id: "org.example.Importer",
        exporter: words(&[&example("exporter"), "{document}", "{attachments}"]),
        needs: Vec::new(),
        workshop: None,
    }
}

/// The library for C.
pub fn c() -> Language {
    let workshop = Workshop::open();
    let example = |name: &str| workshop.example(name, Build::Plain).display().to_string();
    Language {
        importer: words(&[&example("importer"), "{out}"]),
        importer_id: "org.example.CImporter",
        exporter: words(&[&example("exporter"), "{document}", "{attachments}"]),
        needs: Vec::new(),
        workshop: Some(Arc::new(workshop)),
    }
}

/// Python and its packages of Debian, from `protocol/README.md` alone.
pub fn bare() -> Language {
    let recipe = |name: &str| recipes().join(name).display().to_string();
    Language {
        importer: words(&[PYTHON, &recipe("importer.py"), "{out}"]),
        importer_id: "org.example.BareImporter",
        exporter: words(&[
            PYTHON,
            &recipe("exporter.py"),
            "{document}",
            "{attachments}",
        ]),
        needs: python_packages(),
        workshop: None,
    }
}

/// Our library's binding for Python.
pub fn python() -> Language {
    let example = |name: &str| {
        let path = format!("PYTHONPATH={}", python::path().display());
        let program = python::sources().join("examples").join(name);
        words(&[
            "/usr/bin/env",
            &path,
            PYTHON,
            &program.display().to_string(),
        ])
    };
    let (mut importer, mut exporter) = (example("importer.py"), example("exporter.py"));
    importer.extend(words(&["{out}"]));
    exporter.extend(words(&["{document}", "{attachments}"]));
    Language {
        importer,
        importer_id: "org.example.PythonImporter",
        exporter,
        needs: vec![("python3", PYTHON.into())],
        workshop: None,
    }
}

/// Calls `$story!` with every language.
macro_rules! languages {
    ($story:ident) => {
        $story!(rust, c, python, bare);
    };
}
pub(crate) use languages;

pub use python::PYTHON;

/// Where the implementations without our library are.
pub fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-lib/recipes")
}

/// What they stand on.
pub fn python_packages() -> Vec<(&'static str, PathBuf)> {
    let packages = Path::new("/usr/lib/python3/dist-packages");
    vec![
        ("python3", PYTHON.into()),
        ("python3-gi", packages.join("gi")),
        ("python3-cryptography", packages.join("cryptography")),
    ]
}

/// Whether everything is installed; if not, says so.
pub fn is_there(needs: &[(&'static str, PathBuf)]) -> bool {
    let missing: Vec<_> = needs.iter().filter(|(_, path)| !path.exists()).collect();
    for (what, path) in &missing {
        let path = path.display();
        eprintln!("{what} is not installed (no {path}), so this is not played: run tests/install");
    }
    missing.is_empty()
}

impl Language {
    /// Whether it can run here; if not, says so.
    pub fn is_there(&self) -> bool {
        is_there(&self.needs)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
