//! What must be said to others when an exchange goes on. Serves the signals of
//! `org.credex.Exchange1.Request` and `.Session`, the calls of `org.credex.Importer1`, and the
//! chooser's progress.
//!
//! A signal goes to its receiver alone. An errand that fails is logged: its receiver is gone, which
//! the bus tells us, too.

use std::sync::Arc;

use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, ExportResults, FinishedDetails, NoOptions, ProgressDetails,
    Receipt,
};
use credex_protocol::{Reason, names};
use serde::Serialize;
use zbus::message::{Flags, Message};
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{DynamicType, ObjectPath};

use super::Desk;
use super::record::ExchangeId;

/// Something to tell somebody.
#[derive(Debug)]
pub(super) enum Errand {
    /// `Request.Response`.
    Respond {
        to: OwnedUniqueName,
        path: Arc<str>,
        response: u32,
        results: ExportResults,
    },
    /// `Session.Completed`.
    Complete {
        to: OwnedUniqueName,
        path: Arc<str>,
        receipt: Receipt,
        details: CompleteOptions,
    },
    /// `Session.Closed`.
    Close {
        to: OwnedUniqueName,
        path: Arc<str>,
        outcome: &'static str,
        reason: Reason,
        message: String,
        details: ClosedDetails,
    },
    /// Launch or signal the importer, in a task of its own.
    Reach(ExchangeId),
    /// `Importer1.Import`.
    Deliver {
        to: OwnedUniqueName,
        exchange: ExchangeId,
        sealed_token: Vec<u8>,
    },
    /// `Importer1.Withdrawn`.
    Withdraw {
        to: OwnedUniqueName,
        exchange: ExchangeId,
        outcome: &'static str,
        reason: Reason,
        message: String,
    },
    /// `Chooser1.Progress`.
    Inform {
        exchange: ExchangeId,
        state: &'static str,
        details: ProgressDetails,
    },
    /// `Chooser1.Finished`.
    Finish {
        exchange: ExchangeId,
        outcome: &'static str,
        details: FinishedDetails,
    },
}

impl Errand {
    /// Tells an importer that what it acknowledged had ended before.
    pub(super) fn too_late(to: OwnedUniqueName, exchange: ExchangeId) -> Errand {
        Errand::Withdraw {
            to,
            exchange,
            outcome: "failed",
            reason: Reason::ImporterSilent,
            message: "The offer had ended before it was acknowledged.".to_owned(),
        }
    }

    /// Whether it is for the person, whose dialog may hang, and not for a peer on the bus.
    pub(super) fn is_for_chooser(&self) -> bool {
        matches!(self, Errand::Inform { .. } | Errand::Finish { .. })
    }

    /// Does it.
    pub(super) async fn run(self, desk: &Arc<Desk>) {
        if let Err(error) = self.try_run(desk).await {
            tracing::debug!(%error, "somebody could not be told");
        }
    }

    async fn try_run(self, desk: &Arc<Desk>) -> zbus::Result<()> {
        let chooser = &desk.ports.chooser;
        match self {
            Errand::Respond {
                to,
                path,
                response,
                results,
            } => {
                signal(
                    desk,
                    &to,
                    &path,
                    names::REQUEST,
                    "Response",
                    &(response, results),
                )
                .await
            }
            Errand::Complete {
                to,
                path,
                receipt,
                details,
            } => {
                signal(
                    desk,
                    &to,
                    &path,
                    names::SESSION,
                    "Completed",
                    &(receipt, details),
                )
                .await
            }
            Errand::Close {
                to,
                path,
                outcome,
                reason,
                message,
                details,
            } => {
                let body = (outcome, reason.dbus_name(), message, details);
                signal(desk, &to, &path, names::SESSION, "Closed", &body).await
            }
            Errand::Reach(exchange) => {
                desk.reach_in_background(exchange);
                Ok(())
            }
            Errand::Deliver {
                to,
                exchange,
                sealed_token,
            } => {
                let offer = ObjectPath::try_from(exchange.offer_path())?;
                tell(desk, &to, "Import", &(offer, sealed_token, NoOptions {})).await
            }
            Errand::Withdraw {
                to,
                exchange,
                outcome,
                reason,
                message,
            } => {
                let offer = ObjectPath::try_from(exchange.offer_path())?;
                let body = (offer, outcome, reason.dbus_name(), message, NoOptions {});
                tell(desk, &to, "Withdrawn", &body).await
            }
            Errand::Inform {
                exchange,
                state,
                details,
            } => {
                chooser
                    .progress(&exchange.to_string(), state, details)
                    .await;
                Ok(())
            }
            Errand::Finish {
                exchange,
                outcome,
                details,
            } => {
                chooser
                    .finished(&exchange.to_string(), outcome, details)
                    .await;
                Ok(())
            }
        }
    }
}

async fn signal<B: Serialize + DynamicType>(
    desk: &Desk,
    to: &OwnedUniqueName,
    path: &str,
    interface: &str,
    name: &str,
    body: &B,
) -> zbus::Result<()> {
    let message = Message::signal(path, interface, name)?
        .destination(to)?
        .build(body)?;
    desk.bus.send(&message).await
}

/// Calls a method of the importer without waiting for an answer.
async fn tell<B: Serialize + DynamicType>(
    desk: &Desk,
    to: &OwnedUniqueName,
    method: &str,
    body: &B,
) -> zbus::Result<()> {
    let message = Message::method_call(names::IMPORTER_PATH, method)?
        .destination(to)?
        .interface(names::IMPORTER)?
        .with_flags(Flags::NoReplyExpected)?
        .build(body)?;
    desk.bus.send(&message).await
}
