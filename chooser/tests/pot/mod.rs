//! The template of all translations, read out of the sources: what stands in `tr!(…)`.

// A tool of the project: what is wrong with the sources ends it, as it ends a test.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

const HEADER: &str = r#"# Sentences of the chooser of Credex.
# Made from the sources by `cargo run -p credex-chooser --example pot`.
msgid ""
msgstr ""
"Project-Id-Version: credex-chooser\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\n"
"#;

/// A sentence, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub one: String,
    pub many: Option<String>,
    pub files: BTreeSet<String>,
}

pub fn file() -> PathBuf {
    root().join("po/credex-chooser.pot")
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn template() -> String {
    let entries: Vec<String> = messages().iter().map(entry).collect();
    format!("{HEADER}\n{}", entries.join("\n"))
}

/// Every sentence of the sources, each once, in their order.
pub fn messages() -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for path in ["src", "gtk/src"]
        .into_iter()
        .flat_map(|folder| sources(&root().join(folder)))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let tokens: TokenStream = text.parse().unwrap_or_else(|why| panic!("{path:?}: {why}"));
        let file = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let mut found = Vec::new();
        search(tokens, &mut found);
        for mut message in found {
            let known = messages.iter_mut().find(|known| known.one == message.one);
            if let Some(known) = known {
                assert_eq!(known.many, message.many, "{file}: {message:?}");
                known.files.insert(file.clone());
            } else {
                message.files.insert(file.clone());
                messages.push(message);
            }
        }
    }
    messages
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    let own = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|it| it == "rs"));
    own.chain(folders.iter().flat_map(|folder| sources(folder)))
        .collect()
}

/// `tr ! ( … )`, at any depth.
fn search(tokens: TokenStream, found: &mut Vec<Message>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string());
            if (before(2).as_deref(), before(1).as_deref()) == (Some("tr"), Some("!")) {
                found.push(message(group.stream()));
            }
            search(group.stream(), found);
        }
    }
}

/// `"one" | "many" % n, …`, of which only `"one"` must be there. Contexts are not used: the library that
/// reads the catalogues does not find what has one.
fn message(tokens: TokenStream) -> Message {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let literal = |at: usize| {
        let text = tokens.get(at).map(ToString::to_string).unwrap_or_default();
        let literal = syn::parse_str::<syn::LitStr>(&text);
        literal
            .unwrap_or_else(|_| panic!("tr! wants a literal, not {text}"))
            .value()
    };
    let after = tokens.get(1).map(ToString::to_string);
    assert_ne!(after.as_deref(), Some("="), "{}: a context", literal(0));
    Message {
        one: literal(0),
        many: (after.as_deref() == Some("|")).then(|| literal(2)),
        files: BTreeSet::new(),
    }
}

fn entry(message: &Message) -> String {
    let files: Vec<&str> = message.files.iter().map(String::as_str).collect();
    let mut entry = format!("#: {}\n", files.join(" "));
    entry += &format!("msgid {}\n", quoted(&message.one));
    match &message.many {
        None => entry += "msgstr \"\"\n",
        Some(many) => {
            entry += &format!("msgid_plural {}\n", quoted(many));
            entry += "msgstr[0] \"\"\nmsgstr[1] \"\"\n";
        }
    }
    entry
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('"', r#"\""#);
    format!("\"{}\"", escaped.replace('\n', r"\n"))
}
