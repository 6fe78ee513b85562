//! Commands and options: each one that is named is one that the command line knows.

use std::process::Command;

use clap::Command as CommandLine;
use credex_tests::programs;

use crate::texts::{self, Text, completions, words};

/// Where a command ends in a text.
const ENDS: [char; 9] = ['`', '|', '\n', ';', ')', '"', '“', '”', '('];

#[test]
fn every_command_that_is_named_is_one() {
    let line = credex_cli::command();
    let mut seen = 0;
    // The others are made of what the command line knows.
    let by_hand = |text: &Text| {
        ["/man8/", "/man5/", ".md", ".rs"]
            .iter()
            .any(|part| text.place.contains(part))
    };
    for text in texts::all().into_iter().filter(by_hand) {
        for said in commands_in(&text.text, &["`credex ", "\ncredex ", "    credex ", "-- "]) {
            if let Err(why) = follow(&line, said) {
                panic!("{} names `credex {said}`: {why}", text.place);
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were found in all texts");
}

#[test]
fn every_option_of_the_service_that_is_named_is_one() {
    let output = Command::new(programs::credexd())
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let known: Vec<&str> = options_in(&help).collect();
    let mut seen = 0;
    for text in texts::all() {
        let page = text
            .place
            .ends_with("credexd.8")
            .then_some(text.text.as_str());
        let said = commands_in(&text.text, &["`credexd ", "/credexd "]);
        for option in page.into_iter().chain(said).flat_map(options_in) {
            assert!(
                known.contains(&option),
                "{} names {option} of credexd",
                text.place
            );
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} options were found");
    assert!(known.contains(&"--config"), "{known:?}");
}

#[test]
fn everything_that_is_packed_by_xtask_is_done_by_it() {
    let service = programs::credexd();
    let xtask = service.with_file_name("xtask");
    let output = Command::new(xtask)
        .arg("--help")
        .output()
        .expect("xtask has been built");
    let help = String::from_utf8(output.stdout).unwrap();
    let mut seen = 0;
    for text in texts::all() {
        for said in commands_in(&text.text, &["cargo xtask "]) {
            let task = said.split_whitespace().next().unwrap();
            assert!(
                help.contains(&format!("cargo xtask {task} ")),
                "{} names {task}",
                text.place
            );
            seen += 1;
        }
    }
    assert!(seen >= 4, "only {seen} tasks were found");
}

#[test]
fn completions_offer_what_there_is() {
    let mut known = Vec::new();
    collect_options(&credex_cli::command(), &mut known);
    for text in completions() {
        let mut seen = 0;
        for option in options_in(&text.text).filter(|option| !is_of_the_shell(option)) {
            assert!(
                known.iter().any(|one| one == option),
                "{} offers {option}",
                text.place
            );
            seen += 1;
        }
        let is_fish = text.place.ends_with(".fish");
        assert!(
            seen > 20 || is_fish,
            "only {seen} options in {}",
            text.place
        );
    }
}

/// What stands behind one of `begins`, up to where a command ends.
fn commands_in<'a>(text: &'a str, begins: &'static [&str]) -> impl Iterator<Item = &'a str> {
    let parts = |begin: &'static &str| text.split(begin).skip(1);
    let commands = begins.iter().flat_map(parts);
    commands
        .filter_map(|rest| rest.split(ENDS).next())
        .filter(|said| !said.trim().is_empty())
}

/// Goes down the command line along `said`.
fn follow(line: &CommandLine, said: &str) -> Result<(), String> {
    let mut command = line;
    for word in said.split_whitespace() {
        // The rest is somebody else's, or a remark.
        if word == "--" || word.starts_with('#') {
            return Ok(());
        }
        if word.starts_with('-') && word != "-" {
            let option = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let option = option.split('=').next().unwrap();
            let is_there = |command: &CommandLine| {
                command.get_arguments().any(|known| {
                    known.get_long() == Some(option)
                        || known.get_short().map(String::from).as_deref() == Some(option)
                })
            };
            let is_common = ["help", "version", "h", "V"].contains(&option);
            if !is_common && !is_there(command) && !is_there(line) {
                return Err(format!("{} has no option {option}", command.get_name()));
            }
        } else if let Some(found) = command.find_subcommand(word.trim_end_matches([',', '.', ':']))
        {
            command = found;
        } else if command.get_name() == "credex" && is_name(word) {
            return Err(format!("there is no command {word}"));
        }
    }
    Ok(())
}

/// Whether it can only be the name of a command: what is in its place is in capitals.
fn is_name(word: &str) -> bool {
    word.chars()
        .all(|letter| letter.is_ascii_lowercase() || letter == '-')
        && word.len() > 1
}

fn options_in(text: &str) -> impl Iterator<Item = &str> {
    let words = words(text, |letter| letter.is_ascii_lowercase() || letter == '-');
    words.filter(|word| word.len() > 3 && word.starts_with("--") && !word.starts_with("---"))
}

fn is_of_the_shell(option: &str) -> bool {
    // zsh's and bash's own.
    ["--help", "--version", "--cur", "--prev"].contains(&option)
}

fn collect_options(command: &CommandLine, known: &mut Vec<String>) {
    let options = command
        .get_arguments()
        .filter_map(|argument| argument.get_long());
    known.extend(options.map(|option| format!("--{option}")));
    for command in command.get_subcommands() {
        collect_options(command, known);
    }
}

#[test]
fn a_command_that_does_not_exist_is_found_out() {
    let line = credex_cli::command();
    for (said, is_right) in [
        ("export FILE --attachments DIR", true),
        ("web request example.org --app ID", true),
        ("--json status", true),
        ("exprot FILE", false),
        ("status --sandbox", false),
    ] {
        assert_eq!(follow(&line, said).is_ok(), is_right, "{said}");
    }
}
