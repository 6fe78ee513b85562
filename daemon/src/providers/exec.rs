//! The `Exec` key of a desktop entry: a command line, without a shell. Serves design §6 and the
//! Desktop Entry Specification, section "The Exec key".
//!
//! Ours, because the parser of `freedesktop-desktop-entry` is lenient where a hostile entry would
//! like it to be: it leaves field codes inside words alone (`--file=%f`), joins half-quoted words,
//! reads an unquoted backslash as an escape, and drops unknown field codes with a log line where
//! the specification forbids to run such a command at all.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// The longest command line, expanded, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

const RESERVED: &[char] = &[
    '\t', '\n', '\r', '\'', '\\', '>', '<', '~', '|', '&', ';', '$', '*', '?', '#', '(', ')', '`',
];

/// Why a command line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// Nothing to run.
    #[error("the command is empty; name a program")]
    Empty,
    /// A quote without its end.
    #[error("a quoted argument has no closing \"")]
    UnclosedQuote,
    /// Something touches a quoted argument.
    #[error("an argument is quoted in part; put the whole argument in double quotes")]
    HalfQuoted,
    /// A character that must stand in quotes, or be escaped inside them.
    #[error("{0:?} is reserved; quote the argument, and escape \" ` $ \\ with a backslash inside")]
    Reserved(char),
    /// A backslash in quotes before a character that is not to be escaped.
    #[error("\\{0} is no escape; inside quotes a backslash may only precede \" ` $ \\")]
    Escape(char),
    /// Control characters cannot be passed.
    #[error("the command contains a NUL character")]
    Nul,
    /// Not a field code of the specification.
    #[error("%{0} is no field code; a percent sign is written %%")]
    UnknownField(String),
    /// A field code in quotes, whose result the specification leaves undefined.
    #[error("field code %{0} stands in quotes; take it out of them")]
    QuotedField(String),
    /// A field code that expands to several arguments, as a part of one.
    #[error("field code %{0} must be an argument of its own")]
    EmbeddedField(char),
    /// More than one of `%f %F %u %U`.
    #[error("only one of %f %F %u %U may be used, and once")]
    SeveralFiles,
    /// The program is a relative path, or contains an equals sign.
    #[error("{0:?} is no program; give an absolute path, or a name without / and =")]
    Program(OsString),
    /// It would not fit a request to the launching process.
    #[error("the command is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// The program does not exist or may not be executed.
    #[error("there is no program {0:?} that can be run; install it, or correct the entry")]
    NotFound(OsString),
}

/// What the field codes stand for.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// `%i`: the `Icon` key.
    pub icon: Option<&'a str>,
    /// `%c`: the localised `Name` key.
    pub name: &'a str,
    /// `%k`: where the entry lies.
    pub path: &'a Path,
}

/// A command line that obeys the specification, its field codes expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    argv: Vec<OsString>,
}

impl Exec {
    /// Reads the value of an `Exec` key whose general escapes (`\s`, `\\`) are already undone.
    /// No file is passed: `%f %F %u %U` expand to nothing.
    ///
    /// # Errors
    /// The command line does not obey the specification.
    pub fn parse(value: &str, fields: &Fields<'_>) -> Result<Exec, ExecError> {
        let words = split(value)?;
        let codes = words.iter().filter(|word| !word.quoted);
        if codes.map(|word| count_files(&word.text)).sum::<usize>() > 1 {
            return Err(ExecError::SeveralFiles);
        }
        let mut argv = Vec::new();
        for word in &words {
            argv.extend(word.expand(fields)?);
        }
        if argv
            .iter()
            .map(|argument| argument.len() + 1)
            .sum::<usize>()
            > MAX_LENGTH
        {
            return Err(ExecError::TooLong);
        }
        let program = argv.first().ok_or(ExecError::Empty)?;
        if !is_program(program) {
            return Err(ExecError::Program(program.clone()));
        }
        Ok(Exec { argv })
    }

    /// The program, as written, and its arguments.
    #[must_use]
    pub fn argv(&self) -> &[OsString] {
        &self.argv
    }

    /// The command line with the program as an absolute path, looked up in `search_path` (`$PATH`).
    ///
    /// # Errors
    /// There is no such program, or it may not be executed.
    pub fn command(&self, search_path: &OsStr) -> Result<Vec<OsString>, ExecError> {
        let (program, arguments) = self.argv.split_first().ok_or(ExecError::Empty)?;
        let found = find_program(program, search_path)
            .ok_or_else(|| ExecError::NotFound(program.clone()))?;
        Ok([found.into_os_string()]
            .into_iter()
            .chain(arguments.iter().cloned())
            .collect())
    }
}

/// The file that `program`, an absolute path or a mere name, stands for, if it can be executed.
#[must_use]
pub fn find_program(program: &OsStr, search_path: &OsStr) -> Option<PathBuf> {
    if !is_program(program) {
        return None;
    }
    let runs = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if Path::new(program).is_absolute() {
        return Some(PathBuf::from(program)).filter(runs);
    }
    std::env::split_paths(search_path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(runs)
}

fn is_program(program: &OsStr) -> bool {
    let bytes = program.as_encoded_bytes();
    let path_is_whole = Path::new(program).is_absolute() || !bytes.contains(&b'/');
    let is_directory = [".", ".."].iter().any(|name| program == *name);
    !bytes.is_empty() && !bytes.contains(&b'=') && path_is_whole && !is_directory
}

struct Word {
    text: String,
    quoted: bool,
}

/// Undoes the quoting. Only a space separates; every other reserved character must be quoted.
fn split(value: &str) -> Result<Vec<Word>, ExecError> {
    if value.contains('\0') {
        return Err(ExecError::Nul);
    }
    let mut words = Vec::new();
    let mut rest = value.trim_start_matches(' ');
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted_word(inside)?,
            None => plain_word(rest)?,
        };
        words.push(word);
        rest = after.trim_start_matches(' ');
    }
    Ok(words)
}

fn plain_word(rest: &str) -> Result<(Word, &str), ExecError> {
    let (text, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    match text.find(|c| c == '"' || RESERVED.contains(&c)) {
        Some(at) if text[at..].starts_with('"') => Err(ExecError::HalfQuoted),
        Some(at) => Err(ExecError::Reserved(
            text[at..].chars().next().unwrap_or_default(),
        )),
        None => Ok((
            Word {
                text: text.to_owned(),
                quoted: false,
            },
            after,
        )),
    }
}

/// The word that ends with the next quote that is not escaped; `inside` starts after the first one.
fn quoted_word(inside: &str) -> Result<(Word, &str), ExecError> {
    let mut text = String::new();
    let mut chars = inside.chars();
    loop {
        match chars.next().ok_or(ExecError::UnclosedQuote)? {
            '"' => break,
            '\\' => match chars.next().ok_or(ExecError::UnclosedQuote)? {
                escaped @ ('"' | '`' | '$' | '\\') => text.push(escaped),
                other => return Err(ExecError::Escape(other)),
            },
            bare @ ('`' | '$') => return Err(ExecError::Reserved(bare)),
            other => text.push(other),
        }
    }
    let after = chars.as_str();
    if !after.is_empty() && !after.starts_with(' ') {
        return Err(ExecError::HalfQuoted);
    }
    Ok((Word { text, quoted: true }, after))
}

/// How many of the field codes of `text` stand for files.
fn count_files(text: &str) -> usize {
    let mut chars = text.chars();
    let mut count = 0;
    while let Some(c) = chars.next() {
        if c == '%' && matches!(chars.next(), Some('f' | 'F' | 'u' | 'U')) {
            count += 1;
        }
    }
    count
}

impl Word {
    /// The arguments that the word becomes: none, one, or for `%i` two.
    fn expand(&self, fields: &Fields<'_>) -> Result<Vec<OsString>, ExecError> {
        if !self.quoted && self.text == "%i" {
            let icon = fields.icon.filter(|icon| !icon.is_empty());
            return Ok(icon.map_or_else(Vec::new, |icon| vec!["--icon".into(), icon.into()]));
        }
        if !self.quoted && matches!(self.text.as_str(), "%F" | "%U") {
            return Ok(Vec::new());
        }
        let mut argument = OsString::new();
        let mut chars = self.text.chars();
        while let Some(c) = chars.next() {
            if c == '%' {
                argument.push(self.field(chars.next(), fields)?);
            } else {
                argument.push(c.encode_utf8(&mut [0; 4]));
            }
        }
        let vanished = argument.is_empty() && !self.quoted;
        Ok(if vanished { Vec::new() } else { vec![argument] })
    }

    /// What the field code `code` becomes inside a word.
    fn field<'a>(&self, code: Option<char>, fields: &Fields<'a>) -> Result<&'a OsStr, ExecError> {
        let shown = || code.map(String::from).unwrap_or_default();
        match code {
            Some('%') => Ok(OsStr::new("%")),
            _ if self.quoted => Err(ExecError::QuotedField(shown())),
            Some('f' | 'u' | 'd' | 'D' | 'n' | 'N' | 'v' | 'm') => Ok(OsStr::new("")),
            Some('c') => Ok(OsStr::new(fields.name)),
            Some('k') => Ok(fields.path.as_os_str()),
            Some(code @ ('F' | 'U' | 'i')) => Err(ExecError::EmbeddedField(code)),
            _ => Err(ExecError::UnknownField(shown())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields() -> Fields<'static> {
        Fields {
            icon: Some("vault"),
            name: "My %f Vault",
            path: Path::new("/usr/share/applications/org.example.Vault.desktop"),
        }
    }

    fn argv(value: &str) -> Result<Vec<String>, ExecError> {
        let exec = Exec::parse(value, &fields())?;
        let strings = exec.argv().iter().map(|a| a.to_str().unwrap().to_owned());
        Ok(strings.collect())
    }

    #[track_caller]
    fn gives(value: &str, expected: &[&str]) {
        assert_eq!(argv(value).unwrap(), expected, "{value}");
    }

    #[track_caller]
    fn refused(value: &str, expected: ExecError) {
        assert_eq!(argv(value), Err(expected), "{value}");
    }

    #[test]
    fn a_plain_command_is_split_at_spaces_only() {
        gives("vault", &["vault"]);
        gives("  /opt/vault  --import  ", &["/opt/vault", "--import"]);
        refused("vault\t--import", ExecError::Reserved('\t'));
    }

    #[test]
    fn a_flatpak_command_is_kept_word_for_word() {
        gives(
            "/usr/bin/flatpak run --branch=stable --command=keepassxc --file-forwarding org.k.K @@ %f @@",
            &[
                "/usr/bin/flatpak",
                "run",
                "--branch=stable",
                "--command=keepassxc",
                "--file-forwarding",
                "org.k.K",
                "@@",
                "@@",
            ],
        );
    }

    #[test]
    fn an_environment_assignment_is_an_argument_of_env_but_never_a_program() {
        gives("env A=b vault", &["env", "A=b", "vault"]);
        refused("A=b vault", ExecError::Program("A=b".into()));
    }

    #[test]
    fn files_and_deprecated_codes_vanish() {
        gives("vault %f", &["vault"]);
        gives("vault %U --x", &["vault", "--x"]);
        gives("vault --file=%f", &["vault", "--file="]);
        gives("vault %d %D %n %N %v %m", &["vault"]);
    }

    #[test]
    fn icon_name_and_place_are_filled_in_once_and_never_split_or_expanded_again() {
        gives("vault %i", &["vault", "--icon", "vault"]);
        gives("vault %c", &["vault", "My %f Vault"]);
        gives(
            "vault -n=%c %k",
            &[
                "vault",
                "-n=My %f Vault",
                "/usr/share/applications/org.example.Vault.desktop",
            ],
        );
        let bare = Fields {
            icon: None,
            ..fields()
        };
        assert_eq!(Exec::parse("vault %i", &bare).unwrap().argv(), ["vault"]);
    }

    #[test]
    fn a_percent_sign_is_written_twice() {
        gives("vault 100%% \"%%f\"", &["vault", "100%", "%f"]);
        gives("vault %%f", &["vault", "%f"]);
    }

    #[test]
    fn a_field_code_that_the_specification_does_not_know_stops_everything() {
        refused("vault %x", ExecError::UnknownField("x".into()));
        refused("vault %", ExecError::UnknownField(String::new()));
        refused("vault %é", ExecError::UnknownField("é".into()));
    }

    #[test]
    fn a_field_code_may_not_stand_where_its_meaning_is_undefined() {
        refused("vault \"%f\"", ExecError::QuotedField("f".into()));
        refused("vault \"a %c\"", ExecError::QuotedField("c".into()));
        refused("vault --x=%F", ExecError::EmbeddedField('F'));
        refused("vault --icon=%i", ExecError::EmbeddedField('i'));
        refused("vault %f %U", ExecError::SeveralFiles);
        refused("vault %u%u", ExecError::SeveralFiles);
    }

    #[test]
    fn quotes_hold_everything_together_and_mean_nothing_to_us() {
        gives(
            r#"vault "a b;c|d>e&f'g(h)*?#~" "" "x""#,
            &["vault", "a b;c|d>e&f'g(h)*?#~", "", "x"],
        );
        gives(
            r#"vault "\$(id) \`id\` \" \\""#,
            &["vault", "$(id) `id` \" \\"],
        );
        gives("vault \"two\nlines\"", &["vault", "two\nlines"]);
    }

    #[test]
    fn a_shell_finds_nothing_to_do() {
        refused("vault $(id)", ExecError::Reserved('$'));
        refused("vault `id`", ExecError::Reserved('`'));
        refused("vault; id", ExecError::Reserved(';'));
        refused("vault | id", ExecError::Reserved('|'));
        refused("vault & id", ExecError::Reserved('&'));
        refused("vault > /tmp/x", ExecError::Reserved('>'));
        refused("vault\nid", ExecError::Reserved('\n'));
        refused("vault 'a b'", ExecError::Reserved('\''));
        refused(r"vault a\ b", ExecError::Reserved('\\'));
        refused("~/vault", ExecError::Reserved('~'));
        refused("vault \"$HOME\"", ExecError::Reserved('$'));
        refused("vault \"`id`\"", ExecError::Reserved('`'));
    }

    #[test]
    fn half_open_and_half_quoted_words_are_refused() {
        refused("vault \"a", ExecError::UnclosedQuote);
        refused("vault \"a\\", ExecError::UnclosedQuote);
        refused("vault a\"b\"", ExecError::HalfQuoted);
        refused("vault \"a\"b", ExecError::HalfQuoted);
        refused("vault \"a\"\"b\"", ExecError::HalfQuoted);
        refused(r#"vault "a\n""#, ExecError::Escape('n'));
        refused("vault a\0b", ExecError::Nul);
    }

    #[test]
    fn a_command_needs_a_program() {
        refused("", ExecError::Empty);
        refused("   ", ExecError::Empty);
        refused("%f", ExecError::Empty);
        refused("\"\"", ExecError::Program(OsString::new()));
        refused("./vault", ExecError::Program("./vault".into()));
        refused("bin/vault", ExecError::Program("bin/vault".into()));
        refused("..", ExecError::Program("..".into()));
    }

    #[test]
    fn a_command_that_grows_too_long_is_refused() {
        refused(&format!("vault {}", "%c".repeat(4000)), ExecError::TooLong);
    }

    #[test]
    fn the_program_is_found_on_the_search_path_or_said_to_be_missing() {
        let sh = Exec::parse("sh -c true", &fields()).unwrap();
        let command = sh.command(OsStr::new("relative:/nowhere:/bin")).unwrap();
        assert_eq!(command, ["/bin/sh", "-c", "true"]);
        assert_eq!(
            sh.command(OsStr::new("/nowhere")),
            Err(ExecError::NotFound("sh".into()))
        );
        let passwd = Exec::parse("/etc/passwd", &fields()).unwrap();
        let not_executable = passwd.command(OsStr::new("/bin"));
        assert_eq!(
            not_executable,
            Err(ExecError::NotFound("/etc/passwd".into()))
        );
    }

    fn quote(argument: &str) -> String {
        let mut quoted = String::from("\"");
        for c in argument.chars() {
            match c {
                '"' | '`' | '$' | '\\' => quoted.extend(['\\', c]),
                '%' => quoted.push_str("%%"),
                _ => quoted.push(c),
            }
        }
        quoted + "\""
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_by_the_rules_arrives_as_it_was(
            arguments in prop::collection::vec("[^\0]{0,40}", 0..8)
        ) {
            let line = arguments.iter().fold("vault".to_owned(), |line, a| line + " " + &quote(a));
            let mut expected = vec!["vault".to_owned()];
            expected.extend(arguments);
            prop_assert_eq!(argv(&line).unwrap(), expected);
        }

        #[test]
        fn no_command_line_makes_the_parser_fall_over(value in ".{0,200}") {
            if let Ok(arguments) = argv(&value) {
                prop_assert!(!arguments.is_empty());
            }
        }
    }
}
