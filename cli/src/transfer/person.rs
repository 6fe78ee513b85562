//! The person at the terminal, who agrees to what is planned.

use credex_adapters::transfer::{OnDifference, Plan, Status};

use super::options::{Differing, TargetOptions};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::{secret, terminal};

/// Whether somebody can be asked here.
fn is_there() -> bool {
    terminal::reads_input() && terminal::shows_errors()
}

/// What to do with items that differ, of which there are some in `plan`.
pub(super) async fn on_difference(
    plan: &Plan,
    options: &TargetOptions,
    interrupt: &mut Interrupt,
) -> Result<OnDifference, Failure> {
    if let Some(said) = options.differing {
        return Ok(said.into());
    }
    let differs = |status: &Status| matches!(status, Status::Differs { .. });
    let any = plan.entries.iter().any(|entry| differs(&entry.status));
    if !any || options.yes || !is_there() {
        return Ok(OnDifference::Keep);
    }
    loop {
        let question = "Where both differ, keep the target's, replace it, or both? [keep] ";
        let differing = match word(question, interrupt).await?.as_str() {
            "" | "k" | "keep" => Differing::Keep,
            "r" | "replace" => Differing::Replace,
            "b" | "both" => Differing::Both,
            _ => continue,
        };
        return Ok(differing.into());
    }
}

/// Goes on only if the person agrees.
pub(super) async fn agrees(
    options: &TargetOptions,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    if options.yes {
        return Ok(());
    }
    if !is_there() {
        let what = "there is no terminal to ask at whether to go on";
        return Err(Failure::new(Exit::Usage, what).advise("add --yes"));
    }
    match word("Go on? Type yes: ", interrupt).await?.as_str() {
        "yes" => Ok(()),
        _ => Err(Failure::new(Exit::Declined, "nothing was written")),
    }
}

async fn word(question: &str, interrupt: &mut Interrupt) -> Result<String, Failure> {
    let line = secret::answer(question, interrupt).await?;
    Ok(String::from_utf8_lossy(&line).trim().to_lowercase())
}
