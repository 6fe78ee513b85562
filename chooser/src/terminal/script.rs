//! `--choose`: answers without asking, for demonstrations and tests. It shows the same pages.

use std::collections::BTreeSet;
use std::io;

use super::dialog::Decision;
use super::page::{Page, Tone};
use super::{Desk, pages};
use crate::hostile;
use crate::model::{Importer, Kind, Question};

/// The answer that was given in advance.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// The id or the name of the importer to choose.
    pub(crate) choose: String,
    /// Names of CXF credential types.
    pub(crate) leave_out: Vec<String>,
}

impl Desk {
    /// Answers as `script` says. `None`: there is nobody of that name, or nothing would be left.
    pub(super) async fn follow(
        &mut self,
        script: &Script,
        question: &Question,
    ) -> io::Result<Option<Decision>> {
        let called = |importer: &Importer| importer.is_called(&script.choose);
        let Some((index, importer)) = question
            .importers
            .iter()
            .enumerate()
            .find(|(_, importer)| called(importer))
        else {
            self.say(&nobody(script, question)).await?;
            return Ok(None);
        };
        let left_out: BTreeSet<Kind> = script.leave_out.iter().map(|raw| Kind::new(raw)).collect();
        let (mut staying, going): (Vec<_>, Vec<_>) = question
            .taken_by(importer)
            .into_iter()
            .partition(|each| left_out.contains(&each.kind));
        if question.sends.is_some() && going.is_empty() {
            self.say("Answered by --choose: nothing would be left to send.")
                .await?;
            return Ok(None);
        }
        staying.extend(question.refused_by(importer));
        let mut page = Page::default();
        page.say(Tone::Plain, "Answered by --choose, without asking:");
        self.show(&page).await?;
        self.show(&pages::confirm(question, importer, &going, &staying))
            .await?;
        Ok(Some(Decision {
            importer: index,
            left_out,
        }))
    }
}

fn nobody(script: &Script, question: &Question) -> String {
    let names: Vec<String> = question
        .importers
        .iter()
        .map(|importer| format!("“{}” ({})", importer.name, importer.id))
        .collect();
    format!(
        "Answered by --choose: no app is called “{}”; there is {}.",
        hostile::name(&script.choose),
        names.join(", ")
    )
}
