//! A plan as the person reads it in the dialog where they agree: numbers, and nothing of the items.

use std::collections::{BTreeSet, HashMap};

use credex::{LossReason, Lost};

use super::losses::EVERYTHING;
use super::{Entry, OnDifference, Plan, Status};

impl Plan {
    /// Puts its numbers into `told`, a plan for the importer that stands for the store.
    #[must_use]
    pub fn tell(&self, mut told: credex::Plan) -> credex::Plan {
        told.unreadable = u32::try_from(self.set_aside.len()).unwrap_or(u32::MAX);
        for entry in &self.entries {
            let number = match &entry.status {
                Status::Add => &mut told.added,
                Status::Same => &mut told.same,
                Status::Dropped { .. } => &mut told.dropped,
                Status::Differs { resolution } => match resolution {
                    OnDifference::Keep => &mut told.kept,
                    OnDifference::Replace => &mut told.replaced,
                    OnDifference::Both => &mut told.both,
                },
            };
            *number = number.saturating_add(1);
            for (what, reason) in entry.losses() {
                told = told.loses(1, what, reason);
            }
        }
        told
    }
}

impl Entry {
    /// What is lost of it: each credential once, or a part of it once for each reason.
    fn losses(&self) -> Vec<(Lost, LossReason)> {
        let reasons = Reasons::of(&self.lost);
        let whole = self.gone.iter().filter_map(|at| {
            let kind = self.kinds.get(*at)?.clone();
            Some((Lost::Whole(kind), reasons.at(*at)))
        });
        let is_file = |at: &usize| self.kinds.get(*at).is_some_and(|kind| kind == "file");
        let is_file_gone = self.gone.iter().any(is_file);
        let parts: BTreeSet<_> = self
            .lost
            .iter()
            .filter_map(|lost| Some((self.part(&lost.path, is_file_gone)?, lost.why.reason)))
            .collect();
        let parts = parts.into_iter().filter_map(|(at, reason)| match at {
            Some(at) => Some((Lost::Part(self.kinds.get(at)?.clone()), reason)),
            None => Some((Lost::OfItem, reason)),
        });
        whole.chain(parts).collect()
    }

    /// Of which credential, or of the item besides (`None` in it), the path is a part; `None` if it
    /// leads to something that is lost as a whole.
    fn part(&self, path: &str, is_file_gone: bool) -> Option<Option<usize>> {
        match Self::credential_at(path) {
            Some((at, _)) => (!self.gone.contains(&at)).then_some(Some(at)),
            None if path == EVERYTHING => None,
            None if is_attachment(path) && is_file_gone => None,
            None => (!matches!(self.status, Status::Dropped { .. })).then_some(None),
        }
    }
}

/// Why nothing comes through of credentials.
struct Reasons {
    of_credentials: HashMap<usize, LossReason>,
    of_everything: Option<LossReason>,
    of_a_file: Option<LossReason>,
}

impl Reasons {
    /// The first of each that is told.
    fn of(losses: &[super::Lost]) -> Self {
        let first = |is_it: &dyn Fn(&str) -> bool| {
            let found = losses.iter().find(|lost| is_it(&lost.path));
            found.map(|lost| lost.why.reason)
        };
        let mut of_credentials = HashMap::new();
        for lost in losses {
            if let Some((at, _)) = Entry::credential_at(&lost.path) {
                of_credentials.entry(at).or_insert(lost.why.reason);
            }
        }
        Self {
            of_credentials,
            of_everything: first(&|path| path == EVERYTHING),
            of_a_file: first(&is_attachment),
        }
    }

    /// Of the credential at this place.
    fn at(&self, at: usize) -> LossReason {
        let of_credential = self.of_credentials.get(&at).copied();
        let others = self.of_everything.or(self.of_a_file);
        of_credential.or(others).unwrap_or(LossReason::Other)
    }
}

fn is_attachment(path: &str) -> bool {
    path.starts_with("attachment ")
}
