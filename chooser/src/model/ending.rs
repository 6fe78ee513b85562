//! How an exchange goes on, and how it ends. Serves `Progress` and `Finished` of `org.credex.Chooser1`.

use credex_protocol::Reason;
use credex_protocol::wire::FinishedDetails;

use super::Kind;
use crate::hostile;

/// How far an exchange has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The exporter is preparing the credentials.
    Exporting,
    /// The service holds them, sealed.
    Deposited,
    /// The importer was told.
    Offered,
    /// The importer has them.
    Claimed,
}

impl Stage {
    /// The stage of its name on the wire; `None` if this release does not know it.
    #[must_use]
    pub fn from_wire(state: &str) -> Option<Stage> {
        match state {
            "exporting" => Some(Stage::Exporting),
            "deposited" => Some(Stage::Deposited),
            "offered" => Some(Stage::Offered),
            "claimed" => Some(Stage::Claimed),
            _ => None,
        }
    }
}

/// What became of the credentials of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The type.
    pub kind: Kind,
    /// Taken over.
    pub succeeded: u32,
    /// Meant to be taken, and not.
    pub failed: u32,
    /// Left out on purpose.
    pub ignored: u32,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The importer has reported.
    Completed {
        /// What became of each type.
        receipt: Vec<Arrived>,
        /// Where what arrived differs from what was declared and let go.
        discrepancies: Vec<String>,
    },
    /// It ended without a receipt.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, if the service says so and this release knows the reason.
        reason: Option<Reason>,
        /// A sentence that says why; empty if there is none.
        message: String,
        /// Whether the importer had received the payload; `None` if nobody knows.
        handed_over: Option<bool>,
    },
}

/// How an exchange ended without a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody ended it.
    Cancelled,
    /// The time was up.
    Expired,
    /// It went wrong. Also whatever the chooser does not know.
    Failed,
}

impl Ending {
    /// Reads an ending, and makes its texts safe to show.
    #[must_use]
    pub fn parse(outcome: &str, details: FinishedDetails) -> Ending {
        if outcome == "completed" {
            let receipt = details.receipt.unwrap_or_default();
            let discrepancies = details.discrepancies.unwrap_or_default();
            return Ending::Completed {
                receipt: receipt
                    .into_iter()
                    .map(|(raw, tally)| Arrived {
                        kind: Kind::new(&raw),
                        succeeded: tally.succeeded,
                        failed: tally.failed,
                        ignored: tally.ignored,
                    })
                    .collect(),
                discrepancies: discrepancies.iter().map(|d| hostile::sentence(d)).collect(),
            };
        }
        let reason = details.error.as_deref().and_then(Reason::from_name);
        let message = details.message.unwrap_or_default();
        // What is only the meaning of the reason has words of its own here.
        let general = reason.map(|reason| reason.meaning().trim_end_matches('.'));
        let adds = general.is_none_or(|general| !message.starts_with(general));
        Ending::Ended {
            outcome: match outcome {
                "cancelled" => Outcome::Cancelled,
                "expired" => Outcome::Expired,
                _ => Outcome::Failed,
            },
            reason,
            message: match adds {
                true => hostile::sentence(&message),
                false => String::new(),
            },
            handed_over: details.handed_over,
        }
    }
}
