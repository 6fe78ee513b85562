//! A person who answers by script: a real chooser process that the daemon starts, and the test's end
//! of it. Serves `org.credex.Chooser1`.

mod process;

pub use process::main;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::programs;
use crate::reports::Reports;

/// What a test tells a person who looks at a question.
const ANSWER: &str = "answer";
const SOCKET: &str = "chooser.sock";
const SCRIPT: &str = "chooser.json";

/// What the person does when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Script {
    /// Sends to this importer. A running one may be named without its connection: `app` for
    /// `app@:1.7`.
    Choose {
        /// Its id.
        importer: String,
        /// Types that may go; all if `None`.
        types: Option<Vec<String>>,
    },
    /// Says no; to a consent: not now.
    Decline,
    /// Types a passphrase, and agrees to a consent, with this account or the first that is offered.
    Agree {
        /// Which of the offered ones.
        account: Option<String>,
    },
    /// Says never to a consent.
    Never,
    /// Looks at the question and does not answer, unless [`Person::answers`].
    Hang,
    /// The chooser ends when it is asked.
    DieWhenAsked,
    /// The chooser ends before it speaks.
    DieAtOnce,
    /// The chooser names an importer that was not offered.
    NameAStranger,
    /// The chooser lets a type go that was not asked for.
    AddAType,
    /// The chooser answers with a response that is none.
    AnswerNonsense,
}

impl Script {
    /// Agrees to a consent, with the first account that is offered.
    pub fn agree() -> Script {
        Script::Agree { account: None }
    }

    /// Sends everything to `importer`.
    pub fn choose(importer: &str) -> Script {
        let importer = importer.to_owned();
        Script::Choose {
            importer,
            types: None,
        }
    }

    /// Sends these types to `importer`.
    pub fn choose_only(importer: &str, types: &[&str]) -> Script {
        Script::Choose {
            importer: importer.to_owned(),
            types: Some(types.iter().map(|&name| name.to_owned()).collect()),
        }
    }
}

/// The person, as the test sees her.
#[derive(Debug)]
pub struct Person {
    reports: Reports,
    script: PathBuf,
}

/// The command of the chooser `program` for a person who sits down in `directory`.
pub(crate) fn argv(program: &Path, directory: &Path) -> Vec<String> {
    let parts = [program, &directory.join(SOCKET), &directory.join(SCRIPT)];
    parts.map(|part| part.display().to_string()).to_vec()
}

impl Person {
    pub(crate) fn sit_down(directory: &Path, script: &Script) -> Person {
        let person = Person {
            reports: Reports::open(directory.join(SOCKET)),
            script: directory.join(SCRIPT),
        };
        person.will(script);
        person
    }

    /// The chooser program with its arguments, for the configuration of the daemon.
    pub(crate) fn argv(&self) -> Vec<String> {
        let directory = self.script.parent().expect("a script is in a directory");
        argv(&programs::scripted_chooser(), directory)
    }

    /// The file of her script, a [`Script`] as JSON, for a test that is written in another language.
    pub fn script_file(&self) -> &Path {
        &self.script
    }

    /// Changes the script for the questions to come.
    pub fn will(&self, script: &Script) {
        std::fs::write(&self.script, serde_json::to_vec(script).unwrap()).unwrap();
    }

    /// Waits until a chooser has started, and returns its process ID.
    pub async fn sits(&self) -> u32 {
        pid(&self.reports.next("started").await)
    }

    /// Waits until she is asked: `exchange`, `parent_window`, `importers` (a list of `id`, `name`,
    /// `origin`, `will_not_take`, `conflict`, `plan`), `counts`, `exporter`, `activation_token`,
    /// `authentication`, `pid`.
    pub async fn asked(&self) -> Value {
        self.reports.next("asked").await
    }

    /// Waits until she is asked for a consent: `prompt`, `kind`, `domain`, `port`, `accounts`,
    /// `developer`, `app` (`app_id`, `assurance`), `parent_window`, `pid`.
    pub async fn asked_for_consent(&self) -> Value {
        self.reports.next("consent").await
    }

    /// Waits until she is asked for a passphrase: `prompt`, `purpose`, `attempt`.
    pub async fn asked_for_passphrase(&self) -> Value {
        self.reports.next("passphrase").await
    }

    /// Waits until a consent is taken back: `prompt`.
    pub async fn withdrawn(&self) -> Value {
        self.reports.next("withdrawn").await
    }

    /// Waits until she is told how far an exchange is: `exchange`, `state`, `expires`.
    pub async fn progress(&self) -> Value {
        self.reports.next("progress").await
    }

    /// Waits until she is told of an end: `exchange`, `outcome`, `error`, `message`, `handed_over`,
    /// `receipt` (`[succeeded, failed, ignored]` by type), `discrepancies`.
    pub async fn finished(&self) -> Value {
        self.reports.next("finished").await
    }

    /// Answers the questions that she has been looking at.
    pub async fn answers(&self, script: &Script) {
        self.will(script);
        self.reports.tell(ANSWER).await;
    }

    /// Stops an exchange to which she had agreed.
    pub async fn stops(&self, exchange: &str) {
        self.reports.tell(exchange).await;
    }

    /// What a chooser has reported and nobody has waited for.
    pub fn left(&self) -> Vec<Value> {
        self.reports.left()
    }
}

/// The process that made a report.
pub fn pid(report: &Value) -> u32 {
    let pid = report["pid"]
        .as_u64()
        .and_then(|pid| u32::try_from(pid).ok());
    pid.expect("every report has a process ID")
}
