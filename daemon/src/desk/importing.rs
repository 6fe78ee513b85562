//! The importer's side: announcing itself, redeeming, extending, declining, completing. Serves
//! `org.credex.Exchange1.Import`.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use credex_protocol::wire::{AnnounceOptions, Receipt, RedeemResults};
use credex_protocol::{Error, Reason};
use zbus::names::UniqueName;

use super::announced::Announcement;
use super::floor::Floor;
use super::reaching::Way;
use super::record::{Exchange, ExchangeId};
use super::request::{check_app_id, check_types, check_versions, invalid};
use super::{Desk, denied};
use crate::audit::Party;
use crate::caller::Assurance;
use crate::clock::BootTime;
use crate::exchange::state::{Event, State};
use crate::policy::Action;

/// How long an announcement waits for apps that are being started.
const START: Duration = Duration::from_secs(3);
const LONGEST_TEXT: usize = 256;
const MOST_DISCREPANCIES: usize = 64;

/// What an importer gets for its token.
#[derive(Debug)]
pub struct Redeemed {
    /// The sealed payload.
    pub payload: OwnedFd,
    /// Its key, wrapped to the importer.
    pub wrapped_key: Vec<u8>,
    /// Where it comes from.
    pub results: RedeemResults,
}

impl Desk {
    /// `Import.Announce`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn announce(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        app_id: String,
        options: AnnounceOptions,
    ) -> Result<(), Error> {
        let caller = self.admit(sender).await?;
        check_app_id("app_id", &app_id)?;
        // It may be the app that is being started.
        let started = tokio::time::timeout(START, self.starting.write()).await;
        drop(started);
        let identity = caller.identity(&app_id);
        let turn_away = |denial| self.turn_away(Action::Import, &caller, &app_id, denial);
        let mut identity = identity.map_err(turn_away)?;
        let started_for = self.launched_for(&caller, &app_id);
        if started_for.is_some() {
            identity.assurance = identity.assurance.max(Assurance::Launched);
        }
        self.permit(Action::Import, Party::caller(&caller, &identity))?;
        let name = bounded("name", options.name.unwrap_or_else(|| app_id.clone()))?;
        let types = options.credential_types;
        check_types(
            "credential_types",
            types.iter().flatten().collect::<Vec<_>>().into_iter(),
        )?;
        let format_versions = check_versions(options.format_versions)?;
        let installed = self.ports.providers.catalogue().importer(&app_id).is_some();
        let unique_name = caller.unique_name.clone();
        let mut floor = self.floor();
        if floor.has_left(&unique_name) {
            return Err(left());
        }
        floor.announced.insert(Announcement {
            caller: Arc::new(caller),
            app_id,
            assurance: identity.assurance,
            name,
            format_versions,
            credential_types: types.map(|types| types.into_iter().collect()),
            listed: !installed,
            awaited: started_for.is_some(),
        })?;
        drop(floor);
        if let Some(id) = started_for {
            self.offer_in_background(id, unique_name.into_inner().into(), Way::Launched);
        }
        Ok(())
    }

    /// `Import.Withdraw`.
    ///
    /// # Errors
    /// The caller is denied.
    pub async fn withdraw(&self, sender: &UniqueName<'_>) -> Result<(), Error> {
        self.admit(sender).await?;
        self.floor().announced.remove(sender);
        self.changed.notify_one();
        Ok(())
    }

    /// `Import.Redeem`.
    ///
    /// # Errors
    /// As documented with the method.
    pub async fn redeem(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        offer: &str,
        sealed_token: &[u8],
    ) -> Result<Redeemed, Error> {
        let (id, importer) = {
            let floor = self.floor();
            let id = rightful(&floor, sender, offer)?;
            let importer = floor
                .exchanges
                .get(&id)
                .and_then(|exchange| exchange.importer.as_ref());
            (id, importer.map(|importer| Arc::clone(&importer.caller)))
        };
        if let Some(importer) = importer {
            let same = self.ports.porter.identify_again(&importer).await;
            same.map_err(denied)?;
        }
        let floor = self.floor();
        // Another call may have come first while the caller was looked at.
        rightful(&floor, sender, offer)?;
        let exchange = floor.exchanges.get(&id).ok_or_else(|| no_offer(offer))?;
        let results = results(exchange);
        let (event, wrapped_key) = judge(exchange, id, sealed_token);
        let applied = self.settle(floor, id, event, None)?;
        match (applied.handed_over, wrapped_key) {
            (Some(payload), Some(wrapped_key)) => Ok(Redeemed {
                payload: payload.envelope.into(),
                wrapped_key,
                results,
            }),
            _ => Err(Error::plain(Reason::Internal)),
        }
    }

    /// `Import.Extend`. Returns when the offer now ends.
    ///
    /// # Errors
    /// As documented with the method.
    pub fn extend(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        offer: &str,
        seconds: u32,
    ) -> Result<BootTime, Error> {
        let span = Duration::from_secs(u64::from(seconds));
        let floor = self.floor();
        let id = rightful(&floor, sender, offer)?;
        let settled = self.settle(floor, id, Event::ExtensionAsked(span), None)?;
        let expires = settled.state.and_then(State::deadline);
        expires.ok_or_else(|| no_offer(offer))
    }

    /// `Import.Decline`.
    ///
    /// # Errors
    /// As documented with the method.
    pub fn decline(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        offer: &str,
        reason: String,
    ) -> Result<(), Error> {
        let reason = bounded("reason", reason)?;
        let detail = format!("The importer did not take it: {reason}");
        let floor = self.floor();
        let id = rightful(&floor, sender, offer)?;
        self.settle(floor, id, Event::ImporterDeclined, Some(detail))
            .map(drop)
    }

    /// `Import.Complete`.
    ///
    /// # Errors
    /// As documented with the method.
    pub fn complete(
        self: &Arc<Self>,
        sender: &UniqueName<'_>,
        offer: &str,
        receipt: Receipt,
        discrepancies: Vec<String>,
    ) -> Result<(), Error> {
        check_types("receipt", receipt.keys())?;
        if discrepancies.len() > MOST_DISCREPANCIES {
            return Err(invalid("discrepancies", "has more than 64 sentences"));
        }
        let discrepancies = discrepancies.into_iter();
        let discrepancies: Result<_, _> = discrepancies
            .map(|sentence| bounded("discrepancies", sentence))
            .collect();
        let discrepancies = discrepancies?;
        let mut floor = self.floor();
        let id = rightful(&floor, sender, offer)?;
        if let Some(exchange) = floor.exchanges.get_mut(&id)
            && matches!(exchange.state, State::Claimed { .. })
        {
            exchange.receipt = Some(Box::new((receipt, discrepancies)));
        }
        self.settle(floor, id, Event::ReceiptGiven, None).map(drop)
    }
}

/// The exchange of `offer`, if it was made to `sender`. The rightful importer of an exchange that has
/// ended learns how; to everybody else there is no such offer.
fn rightful(floor: &Floor, sender: &UniqueName<'_>, offer: &str) -> Result<ExchangeId, Error> {
    let id = ExchangeId::of_offer(offer).ok_or_else(|| no_offer(offer))?;
    if let Some(exchange) = floor.exchanges.get(&id) {
        let is_theirs = exchange.is_imported_by(sender);
        return if is_theirs {
            Ok(id)
        } else {
            Err(no_offer(offer))
        };
    }
    let reason = floor.ended.reason(id, sender).unwrap_or(Reason::NotFound);
    Err(if reason == Reason::NotFound {
        no_offer(offer)
    } else {
        Error::plain(reason)
    })
}

/// Whether the token is right; and if it is, the content key for the importer.
fn judge(exchange: &Exchange, id: ExchangeId, sealed_token: &[u8]) -> (Event, Option<Vec<u8>>) {
    let (Some(keys), Some(payload), Some(importer)) =
        (&exchange.keys, &exchange.payload, &exchange.importer)
    else {
        return (Event::TokenRedeemed, None);
    };
    let path = id.offer_path();
    match keys.is_token(sealed_token, &path) {
        Ok(true) => {}
        Ok(false) => return (Event::TokenWrong, None),
        Err(error) => {
            tracing::warn!(%id, %error, "something that is no token was shown");
            return (Event::TokenWrong, None);
        }
    }
    let session = &exchange.session_path;
    match keys.rewrap(&payload.wrapped_key, session, &importer.public_key, &path) {
        Ok(wrapped_key) => (Event::TokenRedeemed, Some(wrapped_key)),
        Err(error) => {
            tracing::error!(%id, %error, "the content key could not be rewrapped");
            (Event::ServiceFailed(Reason::Internal), None)
        }
    }
}

fn results(exchange: &Exchange) -> RedeemResults {
    let agreement = exchange.agreement.as_ref();
    RedeemResults {
        exporter: Some(exchange.exporter.to_wire()),
        format_version: agreement.map(|agreement| agreement.format_version.to_string()),
        declared: Some(exchange.counted.declared()),
        deposited: Some(exchange.counted.deposited()),
        types: agreement.map(|_| exchange.counted.granted()),
    }
}

/// The answer to somebody who is not there to read it.
pub(super) fn left() -> Error {
    Error::new(Reason::AccessDenied, "the caller has left the bus")
}

fn no_offer(offer: &str) -> Error {
    let offer: String = offer.chars().take(LONGEST_TEXT).collect();
    Error::new(
        Reason::NotFound,
        format!("there is no offer {offer} for this caller"),
    )
}

fn bounded(what: &str, text: String) -> Result<String, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(invalid(
            what,
            &format!("is longer than {LONGEST_TEXT} bytes"),
        ));
    }
    Ok(text)
}
