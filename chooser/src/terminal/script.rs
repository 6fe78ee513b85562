//! `--choose`, `--consent` and `--passphrase-fd`: answer without asking, for demonstrations and tests.
//! They show the same pages. What has no answer given in advance is asked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};

use credex_protocol::{LONGEST_PASSPHRASE, Passphrase, PassphraseError};
use tr::tr;
use zeroize::Zeroizing;

use super::consent::agreed;
use super::dialog::Decision;
use super::page::{Page, Tone};
use super::{Desk, pages};
use crate::hostile;
use crate::model::{Consent, Importer, Kind, Question, Verdict};

/// The answers that were given in advance.
#[derive(Debug)]
pub(crate) struct Script {
    /// Where credentials go.
    pub(crate) choose: Option<Choice>,
    /// What is said to every consent.
    pub(crate) consent: Option<Scripted>,
    /// The account to choose; the first if missing.
    pub(crate) account: Option<String>,
    /// A passphrase, for the first time that one is asked for.
    pub(crate) passphrase: Option<Passphrase>,
}

/// Where credentials go, and which stay.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// The id or the name of the importer to choose.
    pub(crate) choose: String,
    /// Names of CXF credential types.
    pub(crate) leave_out: Vec<String>,
}

/// What is said to a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scripted {
    /// Yes.
    Agree,
    /// No, this time.
    NotNow,
    /// No, for good.
    Never,
}

/// The line in the file that is open as `fd`.
pub(crate) fn passphrase_from(fd: u32) -> Result<Passphrase, PassphraseError> {
    let file = File::open(format!("/proc/self/fd/{fd}"))?;
    let room = LONGEST_PASSPHRASE + 2;
    let mut line = Zeroizing::new(Vec::with_capacity(room));
    let limit = u64::try_from(room).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut line)?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    Passphrase::new(line)
}

impl Desk {
    /// Answers as `choice` says. `None`: there is nobody of that name, or nothing would be left.
    pub(super) async fn follow(
        &mut self,
        choice: &Choice,
        question: &Question,
    ) -> io::Result<Option<Decision>> {
        let called = |importer: &Importer| importer.is_called(&choice.choose);
        let Some((index, importer)) = question
            .importers
            .iter()
            .enumerate()
            .find(|(_, importer)| called(importer))
        else {
            self.say(&nobody(choice, question)).await?;
            return Ok(None);
        };
        let left_out: BTreeSet<Kind> = choice.leave_out.iter().map(|raw| Kind::new(raw)).collect();
        let (mut staying, going): (Vec<_>, Vec<_>) = question
            .taken_by(importer)
            .into_iter()
            .partition(|each| left_out.contains(&each.kind));
        if question.sends.is_some() && going.is_empty() {
            self.say(&tr!("Answered by --choose: nothing would be left to send."))
                .await?;
            return Ok(None);
        }
        staying.extend(question.refused_by(importer));
        self.answered_by("--choose").await?;
        self.show(&pages::confirm(question, importer, &going, &staying))
            .await?;
        Ok(Some(Decision {
            importer: index,
            left_out,
        }))
    }

    /// Answers as `scripted` says, or not now if there is no such account.
    pub(super) async fn follow_consent(
        &mut self,
        scripted: Scripted,
        consent: &Consent,
    ) -> io::Result<Verdict> {
        self.answered_by("--consent").await?;
        let wanted = self.script.account.as_deref();
        let mut accounts = consent.accounts().iter();
        let index = accounts.position(|each| wanted.is_none_or(|wanted| each.is_called(wanted)));
        Ok(match (scripted, index) {
            (Scripted::Agree, Some(index)) => agreed(consent, index),
            (Scripted::Agree, None) => {
                let wanted = hostile::name(wanted.unwrap_or_default());
                self.say(&tr!("There is no account “{}”.", wanted)).await?;
                Verdict::NotNow
            }
            (Scripted::NotNow, _) => Verdict::NotNow,
            (Scripted::Never, _) => Verdict::Never,
        })
    }

    pub(super) async fn answered_by(&mut self, option: &str) -> io::Result<()> {
        let line = tr!("Answered by {}, without asking:", option);
        self.show(Page::default().say(Tone::Plain, line)).await
    }
}

fn nobody(choice: &Choice, question: &Question) -> String {
    let names: Vec<String> = question
        .importers
        .iter()
        .map(|importer| format!("“{}” ({})", importer.name, importer.id))
        .collect();
    let wanted = hostile::name(&choice.choose);
    let names = names.join(", ");
    tr!(
        "Answered by --choose: no app is called “{wanted}”; there is {names}.",
        wanted = wanted,
        names = names
    )
}
