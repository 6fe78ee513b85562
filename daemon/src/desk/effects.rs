//! What the effects of the state machine mean for the record of an exchange: keys and payload are
//! dealt with here and now, all that must be said to others becomes an errand.

use std::sync::Arc;

use credex_protocol::Reason;
use credex_protocol::envelope::PublicKey;
use credex_protocol::wire::{
    ClosedDetails, CompleteOptions, ExportResults, FinishedDetails, ProgressDetails, response,
};

use super::errand::Errand;
use super::record::{Exchange, ExchangeId, Payload};
use crate::audit::Entry;
use crate::exchange::state::{Conclusion, Effect, State};

/// What came of an event.
#[derive(Debug)]
pub(super) struct Applied {
    /// What the one who caused the event is told.
    pub(super) answer: Result<(), Reason>,
    /// What the others are told.
    pub(super) errands: Vec<Errand>,
    /// Where the exchange now stands, if there is one.
    pub(super) state: Option<State>,
    /// The payload, if this event let it go.
    pub(super) handed_over: Option<Box<Payload>>,
    /// Whether the next deadline of all is another one now.
    pub(super) deadline_moved: bool,
    /// What is to be put on record.
    pub(super) recorded: Option<Box<Entry>>,
}

impl Default for Applied {
    fn default() -> Applied {
        Applied {
            answer: Ok(()),
            errands: Vec::new(),
            state: None,
            handed_over: None,
            deadline_moved: false,
            recorded: None,
        }
    }
}

impl Applied {
    pub(super) fn refused(reason: Reason) -> Applied {
        Applied {
            answer: Err(reason),
            ..Applied::default()
        }
    }
}

impl Exchange {
    /// Carries `effect` out.
    pub(super) fn apply(&mut self, id: ExchangeId, effect: Effect, applied: &mut Applied) {
        match effect {
            Effect::Grant => applied.errands.extend(self.grant()),
            Effect::ReachImporter => applied.errands.push(Errand::Reach(id)),
            Effect::DeliverToken => self.deliver_token(id, applied),
            Effect::HandOver => applied.handed_over = self.payload.take(),
            Effect::Wipe => {
                self.keys = None;
                self.payload = None;
            }
            Effect::Inform => applied.errands.push(Errand::Inform {
                exchange: id,
                state: self.state.name(),
                details: ProgressDetails {
                    expires: self.state.deadline().map(|at| at.0),
                },
            }),
            Effect::Conclude(conclusion) => self.conclude(id, conclusion, applied),
        }
    }

    /// Answers the request, which is done with then.
    fn grant(&mut self) -> Option<Errand> {
        let path = self.request_path.take()?;
        let agreement = self.agreement.as_mut();
        let told = agreement.and_then(|agreement| agreement.told.take());
        let agreement = self.agreement.as_ref();
        let results = ExportResults {
            session: self.session_path.to_string().try_into().ok(),
            format_version: agreement.map(|agreement| agreement.format_version.to_string()),
            session_public_key: self
                .keys
                .as_ref()
                .map(|keys| keys.public_key.as_bytes().to_vec()),
            types: agreement.map(|_| self.counted.granted()),
            importer: told.map(String::from),
            ..ExportResults::default()
        };
        Some(self.respond(path, response::DONE, results))
    }

    fn respond(&self, path: Arc<str>, response: u32, results: ExportResults) -> Errand {
        Errand::Respond {
            to: self.exporter.unique_name.clone(),
            path,
            response,
            results,
        }
    }

    /// Issues the token. It cannot fail for a key that was accepted with the acknowledgement; if it
    /// does, the importer is told nothing and the offer expires.
    fn deliver_token(&mut self, id: ExchangeId, applied: &mut Applied) {
        let (Some(importer), Some(keys)) = (&self.importer, &mut self.keys) else {
            return;
        };
        match keys.issue_token(&importer.public_key, &id.offer_path()) {
            Ok(sealed_token) => applied.errands.push(Errand::Deliver {
                to: importer.caller.unique_name.clone(),
                exchange: id,
                sealed_token,
            }),
            Err(error) => tracing::error!(%id, %error, "the token could not be sealed"),
        }
    }

    fn conclude(&mut self, id: ExchangeId, conclusion: Conclusion, applied: &mut Applied) {
        self.conclusion = Some(conclusion);
        let reason = conclusion.reason;
        let detail = self.detail.as_deref();
        let message = reason.map(|reason| self.sentence(reason, detail, conclusion.handed_over));
        if conclusion.tell_exporter {
            applied.errands.push(self.tell_exporter(conclusion));
        }
        if let (true, Some(importer), Some(reason)) =
            (conclusion.tell_importer, &self.importer, reason)
        {
            applied.errands.push(Errand::Withdraw {
                to: importer.caller.unique_name.clone(),
                exchange: id,
                outcome: conclusion.state.name(),
                reason,
                message: message.clone().unwrap_or_default(),
            });
        }
        let receipt = self.receipt.clone().map(|receipt| *receipt);
        let (receipt, discrepancies) = receipt.unzip();
        let details = FinishedDetails {
            receipt,
            discrepancies,
            error: reason.map(|reason| reason.dbus_name().to_owned()),
            message,
            handed_over: Some(conclusion.handed_over),
        };
        let outcome = conclusion.state.name();
        applied.errands.push(Errand::Finish {
            exchange: id,
            outcome,
            details,
        });
    }

    /// The answer that the exporter still waits for: of its request while there is no session, of its
    /// session afterwards.
    ///
    /// It does not learn to whom the person wanted to send, so not why that app could not be started,
    /// or may not receive.
    fn tell_exporter(&self, conclusion: Conclusion) -> Errand {
        let (to, path) = (self.exporter.unique_name.clone(), self.session_path.clone());
        let Some(reason) = conclusion.reason else {
            let (receipt, discrepancies) =
                self.receipt.clone().map(|both| *both).unwrap_or_default();
            let details = CompleteOptions {
                discrepancies: Some(discrepancies),
            };
            return Errand::Complete {
                to,
                path,
                receipt,
                details,
            };
        };
        let detail = self.detail.as_deref();
        let names_importer = match reason {
            Reason::ImporterUnavailable => true,
            Reason::Forbidden => self.is_granted(),
            _ => false,
        };
        let detail = detail.filter(|_| !names_importer);
        let message = self.sentence(reason, detail, conclusion.handed_over);
        let Some(request) = &self.request_path else {
            let details = ClosedDetails {
                handed_over: Some(conclusion.handed_over),
            };
            return Errand::Close {
                to,
                path,
                outcome: conclusion.state.name(),
                reason,
                message,
                details,
            };
        };
        let response = match conclusion.state {
            State::Cancelled => response::DECLINED,
            _ => response::ENDED,
        };
        let results = ExportResults {
            error: Some(reason.dbus_name().to_owned()),
            message: Some(message),
            ..ExportResults::default()
        };
        self.respond(Arc::clone(request), response, results)
    }

    /// Why it ended, for people, and where the credentials are now.
    fn sentence(&self, reason: Reason, detail: Option<&str>, handed_over: bool) -> String {
        let why = detail.unwrap_or(reason.meaning());
        let why = why.trim_end_matches('.');
        match (handed_over, self.is_granted()) {
            (true, _) => format!("{why}. The importer had received the credentials."),
            (false, true) => format!("{why}. Nothing was handed over."),
            (false, false) => format!("{why}."),
        }
    }
}

/// What a peer gave as its public key.
pub(super) fn public_key(bytes: &[u8]) -> Result<PublicKey, String> {
    PublicKey::from_bytes(bytes).map_err(|error| format!("its public key is not one: {error}"))
}
