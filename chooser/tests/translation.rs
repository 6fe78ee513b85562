//! Stories of the translations: nothing is missing, nothing is stale, and a name stays a name.

#![allow(clippy::unwrap_used)]

mod pot;
mod stage;

use std::collections::BTreeMap;

use credex_chooser::language::languages;
use credexd::chooser::{Act, Answer, Verdict};
use rspolib::{POEntry, pofile};
use stage::{Daemon, Terminal, consent, question, send, soon};

#[test]
fn the_template_is_what_the_sources_say() {
    let kept = std::fs::read_to_string(pot::file()).unwrap();
    assert!(
        kept == pot::template(),
        "po/credex-chooser.pot is stale: run `cargo run -p credex-chooser --example pot`"
    );
}

#[test]
fn every_catalogue_is_built_in() {
    let files = std::fs::read_dir(pot::root().join("po")).unwrap();
    let mut codes: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".po").map(str::to_owned))
        .collect();
    codes.sort();
    assert_eq!(codes, languages().collect::<Vec<_>>());
}

#[test]
fn every_translation_is_complete_and_says_nothing_else() {
    let messages = pot::messages();
    assert!(messages.len() > 100, "only {} were found", messages.len());
    for language in languages() {
        let path = pot::root().join(format!("po/{language}.po"));
        let catalogue = pofile(path.as_path()).unwrap();
        let mut entries: BTreeMap<_, &POEntry> = catalogue
            .entries
            .iter()
            .map(|entry| (entry.msgid.clone(), entry))
            .collect();
        assert_eq!(
            entries.len(),
            catalogue.entries.len(),
            "{language}: one twice"
        );
        for message in &messages {
            let one = &message.one;
            let entry = entries.remove(one);
            let entry = entry.unwrap_or_else(|| panic!("{language}: {one:?} is missing"));
            assert!(!entry.fuzzy() && !entry.obsolete, "{language}: {one:?}");
            assert_eq!(entry.msgid_plural, message.many, "{language}: {one:?}");
            let translations = match &message.many {
                None => vec![entry.msgstr.clone().unwrap_or_default()],
                Some(_) => entry.msgstr_plural.clone(),
            };
            let forms = if message.many.is_some() { 2 } else { 1 };
            assert_eq!(translations.len(), forms, "{language}: {one:?}");
            for translated in translations {
                assert!(
                    !translated.is_empty(),
                    "{language}: {one:?} is not translated"
                );
                let asked = placeholders(message.many.as_ref().unwrap_or(one));
                assert_eq!(
                    placeholders(&translated),
                    asked,
                    "{language}: {translated:?}"
                );
            }
        }
        let stale: Vec<_> = entries.keys().collect();
        assert!(
            stale.is_empty(),
            "{language}: nobody says {stale:?} any more"
        );
    }
}

/// What stands in braces, sorted: a translation may reorder what has names.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .split('{')
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap().0)
        .collect();
    let unnamed = found.iter().filter(|name| name.is_empty()).count();
    assert!(
        unnamed < 2,
        "more than one placeholder without a name: {text:?}"
    );
    found.sort_unstable();
    found
}

#[tokio::test]
async fn a_german_person_reads_german_and_answers_in_german() {
    let (daemon, mut terminal) = (Daemon::speaking("de", &[]), Terminal::new());
    let answer = daemon.ask(question("x", &terminal));
    let page = terminal
        .answer("oder nur Enter, um abzubrechen: ", "1")
        .await;
    for line in [
        "„Bitwarden“ möchte Zugangsdaten an eine andere App senden.\n",
        "  App-ID:    com.bitwarden.desktop\n",
        "  Identität: vom System installiert, nicht geprüft\n",
        "142 Passwörter, 12 Passkeys, 2 SSH-Schlüssel",
        "Nimmt nicht an: 2 SSH-Schlüssel\n",
    ] {
        assert!(page.contains(line), "{line:?} is missing from\n{page}");
    }
    terminal.answer("nur Enter für nichts: ", "2").await;
    terminal
        .answer("oder nur Enter, um abzubrechen: ", "ja")
        .await;
    let agreed = send("org.keepassxc.KeePassXC", &["basic-auth", "totp"]);
    assert_eq!(soon(answer).await, Ok(agreed));

    let verdict = daemon.consent(consent(Act::Add("alice".into()), &terminal));
    terminal.answer("nur Enter für nicht jetzt: ", "nie").await;
    assert_eq!(soon(verdict).await, Ok(Verdict::Never));
}

#[tokio::test]
async fn a_name_that_looks_like_a_placeholder_or_closes_the_quotes_stays_a_name() {
    for language in ["de", "en"] {
        let (daemon, mut terminal) = (Daemon::speaking(language, &[]), Terminal::new());
        let mut question = question("x", &terminal);
        question.exporter.name = Some("{exporter}“ {0} {} „{n}".into());
        question.importers.truncate(1);
        question.importers[0].name = Some("{what}”{id}".into());
        question.counts = [("{n}".to_owned(), 1)].into();
        let answer = daemon.ask(question);
        let close = if language == "de" { '“' } else { '”' };
        let page = terminal.answer("Enter", "1").await;
        assert!(
            page.contains(&format!("{{exporter}}' {{0}} {{}} '{{n}}{close} ")),
            "{page}"
        );
        let check = terminal.answer("Enter", "").await;
        assert!(
            check.contains(&format!("{{what}}'{{id}}{close} ")),
            "{check}"
        );
        assert!(check.contains(&format!("{{n}}{close}")), "{check}");
        assert_eq!(soon(answer).await, Ok(Answer::Decline));
    }
}
