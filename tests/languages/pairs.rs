//! The same exchange, with exporter and importer in each pair of languages.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use credex::cxf;
use credex_tests::chooser::Script;
use credex_tests::desktop::Desktop;
use credex_tests::exporter::Exporter;

use crate::cast::{self, Language, languages};

/// Long enough for a busy machine. It only ends a story that has failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// A program that ends with the story.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(desktop: &Desktop, words: &[String], places: &[(&str, &Path)]) -> Running {
    let put = |word: &String| {
        let mut word = word.clone();
        for (name, place) in places {
            word = word.replace(name, place.to_str().unwrap());
        }
        word
    };
    let words: Vec<String> = words.iter().map(put).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env_clear();
    command.envs(desktop.environment().iter().cloned());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::null());
    Running(command.spawn().unwrap())
}

/// Waits until the importer is among those that can be chosen.
async fn announced(desktop: &Desktop, id: &str) {
    let observer = Exporter::join(desktop).await;
    let began = Instant::now();
    let running = format!("{id}@");
    loop {
        let (providers, _) = observer.providers().await;
        let mut ids = providers.into_iter().filter_map(|provider| provider.id);
        if ids.any(|it| it.starts_with(&running)) {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{id} does not announce itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends the sample from one to the other, on a desktop of its own.
pub(crate) async fn exchange(exporter: Language, importer: Language) {
    if !exporter.is_there() || !importer.is_there() {
        return;
    }
    let id = importer.importer_id;
    let desktop = Desktop::plan().chooser(Script::choose(id)).open().await;
    let (out, document) = (desktop.path("out"), desktop.path("sent.cxf"));
    let attachments = desktop.path("sent.cxf.attachments");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(&document, cxf::sample()).unwrap();
    std::fs::create_dir(&attachments).unwrap();
    for (id, bytes) in cxf::sample_attachments() {
        std::fs::write(attachments.join(id), bytes).unwrap();
    }

    let _importing = start(&desktop, &importer.importer, &[("{out}", &out)]);
    announced(&desktop, id).await;
    let places = [
        ("{document}", document.as_path()),
        ("{attachments}", attachments.as_path()),
    ];
    let mut exporting = start(&desktop, &exporter.exporter, &places);
    let finished = desktop.person.finished().await;
    let ended = tokio::task::spawn_blocking(move || exporting.0.wait()).await;
    assert!(ended.unwrap().unwrap().success(), "{finished:#}");

    assert_eq!(finished["outcome"], "completed", "{finished:#}");
    let sum: u64 = finished["receipt"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|tally| tally.as_array().unwrap())
        .map(|number| number.as_u64().unwrap())
        .sum();
    assert_eq!(sum, 20, "every credential of the sample: {finished:#}");
    assert_eq!(finished["discrepancies"].as_array().unwrap().len(), 0);
    let arrived = std::fs::read(out.join("1.cxf")).unwrap();
    assert!(arrived == cxf::sample(), "byte for byte");
    for (id, bytes) in cxf::sample_attachments() {
        let arrived = std::fs::read(out.join("1.cxf.attachments").join(id)).unwrap();
        assert!(arrived == *bytes, "the attachment, byte for byte");
    }
}

macro_rules! each_with_each {
    ($($language:ident),+) => {
        each_with_each!(@ $($language)+; ($($language),+));
    };
    (@ $($exporter:ident)+; $importers:tt) => {
        $(mod $exporter {
            use super::*;
            each_with_each!(# $exporter $importers);
        })+
    };
    (# $exporter:ident ($($importer:ident),+)) => {
        $(
            #[tokio::test]
            async fn $importer() {
                exchange(cast::$exporter(), cast::$importer()).await;
            }
        )+
    };
}

languages!(each_with_each);
