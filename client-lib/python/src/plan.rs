//! What an app foresees at one importer: `credex.Plan`, as Python has it.

use credex::{LossReason, Lost, Plan};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// `credex.Plan`.
#[derive(FromPyObject)]
pub(crate) struct Foreseen {
    importer: String,
    added: u32,
    same: u32,
    kept: u32,
    replaced: u32,
    both: u32,
    dropped: u32,
    unreadable: u32,
    losses: Vec<Loss>,
}

/// `credex.Loss`.
#[derive(FromPyObject)]
struct Loss {
    count: u32,
    reason: String,
    #[pyo3(attribute("type"))]
    kind: Option<String>,
    part: bool,
}

impl Foreseen {
    /// The plan of the library.
    ///
    /// # Errors
    /// `ValueError` for a reason that is none.
    pub(crate) fn plan(self) -> PyResult<Plan> {
        let mut plan = Plan::at_named(&self.importer);
        plan.added = self.added;
        plan.same = self.same;
        plan.kept = self.kept;
        plan.replaced = self.replaced;
        plan.both = self.both;
        plan.dropped = self.dropped;
        plan.unreadable = self.unreadable;
        self.losses.into_iter().try_fold(plan, |plan, loss| {
            let reason = reason(&loss.reason)?;
            Ok(plan.loses(loss.count, lost(loss.kind, loss.part), reason))
        })
    }
}

fn lost(kind: Option<String>, part: bool) -> Lost {
    match (kind, part) {
        (Some(kind), false) => Lost::Whole(kind),
        (Some(kind), true) => Lost::Part(kind),
        (None, _) => Lost::OfItem,
    }
}

/// The reason of this word. Misspelled, it would reach the person as another one.
fn reason(word: &str) -> PyResult<LossReason> {
    let mut known = LossReason::ALL.iter().copied();
    known.find(|reason| reason.name() == word).ok_or_else(|| {
        let words: Vec<_> = LossReason::ALL.iter().map(|it| it.name()).collect();
        PyValueError::new_err(format!(
            "the reason of a loss is {word:?}, and not one of {}",
            words.join(", ")
        ))
    })
}
