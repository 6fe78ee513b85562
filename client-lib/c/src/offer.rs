//! `CredexOffer`: somebody's wish to send credentials, until it is redeemed or declined.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use credex::Offer;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use crate::boundary::{answer, guard, out, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::import::CredexImport;
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::pieces::{self, CredexPieces};
use crate::progress::{CredexStep, Telling};
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::words::{AppWords, CountWords, CredexApp, CredexCount, at, or_null, word};

/// An offer of credentials. Free it with credex_offer_free(): one that was not redeemed is declined by that.
#[derive(Debug)]
pub struct CredexOffer {
    offer: Arc<Mutex<Option<Offer>>>,
    client: Arc<CredexClient>,
    exporter: AppWords,
    counts: CountWords,
    types: Vec<CString>,
    format_version: CString,
    activation_token: Option<CString>,
    parent_window: Option<CString>,
    withdrawn: Shared<BoxFuture<'static, Failure>>,
    /// Ends with this, and once it is redeemed or declined, and with it whoever waits for its end.
    here: watch::Sender<()>,
}

impl Object for CredexOffer {
    const NAME: &'static str = "CredexOffer";
}

type Held = OwnedMutexGuard<Option<Offer>>;

impl CredexOffer {
    pub(crate) fn new(offer: Offer, client: Arc<CredexClient>) -> Self {
        let withdrawn = offer.withdrawn().map(Failure::from);
        Self {
            exporter: AppWords::new(offer.exporter()),
            counts: CountWords::new(offer.counts()),
            types: offer.types().iter().map(|name| word(name)).collect(),
            format_version: word(offer.format_version()),
            activation_token: offer.activation_token().map(word),
            parent_window: offer.parent_window().map(word),
            withdrawn: withdrawn.boxed().shared(),
            here: watch::Sender::new(()),
            offer: Arc::new(Mutex::new(Some(offer))),
            client,
        }
    }

    /// # Errors
    /// `WrongState` if something is being done with it.
    fn hold(&self) -> Result<Held> {
        let held = Arc::clone(&self.offer).try_lock_owned();
        held.map_err(|_| Failure::state("the offer is just being extended: wait for that"))
    }

    /// # Errors
    /// `WrongState` if it was redeemed or declined.
    fn take(&self) -> Result<Offer> {
        let offer = self.hold()?.take().ok_or_else(over)?;
        self.here.send_replace(());
        Ok(offer)
    }

    /// Waits until somebody else has ended the offer, for as long as it is here.
    ///
    /// # Errors
    /// Always: why that is.
    fn withdrawn(&self) -> Result<impl Future<Output = Result<()>> + Send + 'static> {
        if self.offer.try_lock().is_ok_and(|held| held.is_none()) {
            return Err(over());
        }
        let (withdrawn, mut here) = (self.withdrawn.clone(), self.here.subscribe());
        Ok(async move {
            tokio::select! {
                biased;
                _taken = here.changed() => Err(Failure::freed()),
                why = withdrawn => Err(why),
            }
        })
    }
}

fn over() -> Failure {
    Failure::state("the offer was redeemed or declined already")
}

async fn redeem(
    offer: Offer,
    client: Arc<CredexClient>,
    telling: Arc<Telling>,
) -> Result<CredexImport> {
    let mut tell = |progress| telling.tell(CredexStep::Opening, progress);
    let import = offer.redeem(&mut tell).await?;
    Ok(CredexImport::new(import, client))
}

async fn extend(mut held: Held, how_long: Duration) -> Result<()> {
    held.as_mut().ok_or_else(over)?.extend(how_long).await?;
    Ok(())
}

async fn decline(offer: Offer, reason: String) -> Result<()> {
    Ok(offer.decline(&reason).await?)
}

/// Takes the result of credex_importer_next_offer().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_offer(
    operation: *const CredexOperation,
    offer: Option<&mut MaybeUninit<*mut CredexOffer>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, offer, "offer"))
}

/// Who exports. What `exporter` points to lives as long as the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_exporter(
    offer: *const CredexOffer,
    exporter: Option<&mut MaybeUninit<CredexApp>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        out(exporter, "exporter")?.write(offer.exporter.for_c());
        Ok(())
    })
}

/// How many types are offered; 0 for what is no offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_types(offer: *const CredexOffer) -> usize {
    answer(0, || Ok(table::get(offer)?.counts.len()))
}

/// How many credentials of a type are offered, from 0 on. The name lives as long as the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_type(
    offer: *const CredexOffer,
    index: usize,
    count: Option<&mut MaybeUninit<CredexCount>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        out(count, "count")?.write(offer.counts.at(index)?);
        Ok(())
    })
}

/// How many seconds the offer still lasts; 0 if it is over.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_expires_in(offer: *const CredexOffer) -> u32 {
    answer(0, || {
        let held = table::get(offer)?.hold()?;
        let left = held.as_ref().map(Offer::expires_in).unwrap_or_default();
        Ok(u32::try_from(left.as_secs()).unwrap_or(u32::MAX))
    })
}

/// An XDG activation token, with which the app may raise its window; NULL where there is none. It lives as
/// long as the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_activation_token(offer: *const CredexOffer) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(offer)?.activation_token.as_ref()))
    })
}

/// The window of the exporter, written as for credex_request_set_parent_window(); NULL where there is none.
/// It lives as long as the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_parent_window(offer: *const CredexOffer) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(or_null(table::get(offer)?.parent_window.as_ref()))
    })
}

/// The credential types that the person lets go, from 0 on; NULL behind the last. It lives as long as the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_granted_type(
    offer: *const CredexOffer,
    index: usize,
) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(at(&table::get(offer)?.types, index)?.as_ptr())
    })
}

/// The version of the Credential Exchange Format in which they come; NULL for what is no offer. It lives as long as
/// the offer.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_format_version(offer: *const CredexOffer) -> *const c_char {
    answer(std::ptr::null(), || {
        Ok(table::get(offer)?.format_version.as_ptr())
    })
}

/// Waits until somebody else has ended the offer, so that the app takes back what it asks the person meanwhile, as
/// for a master password. Other calls may be made of the offer at the same time. The operation never succeeds: it
/// fails with why the offer ended, and with `CREDEX_STATUS_CANCELLED` once the app has redeemed, declined or freed
/// it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_withdrawn(
    offer: *const CredexOffer,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let wish = Wish::new(callback, data, operation)?;
        operation::start(&offer.client, wish, offer.withdrawn()?)
    })
}

/// Does the same, and waits for it: `CREDEX_STATUS_TIMED_OUT` if the offer is still open then, which with 0
/// milliseconds is a question.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_withdrawn_blocking(
    offer: *const CredexOffer,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        if let Some(why) = offer.withdrawn.clone().now_or_never() {
            return Err(why);
        }
        let (client, withdrawn) = (Arc::clone(&offer.client), offer.withdrawn()?);
        // Not held meanwhile: another thread may free it, and end this.
        drop(offer);
        operation::wait_for(&client, timeout_ms, withdrawn)
    })
}

/// Asks for the offer to last `seconds` from now, while the person unlocks the app; it never lasts longer
/// than 30 minutes in all. Ends with credex_operation_finish().
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_extend(
    offer: *const CredexOffer,
    seconds: u32,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let wish = Wish::new(callback, data, operation)?;
        let work = extend(offer.hold()?, Duration::from_secs(seconds.into()));
        operation::start(&offer.client, wish, work)
    })
}

/// Does the same, and waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_extend_blocking(
    offer: *const CredexOffer,
    seconds: u32,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let work = extend(offer.hold()?, Duration::from_secs(seconds.into()));
        operation::wait_for(&offer.client, timeout_ms, work)
    })
}

/// Redeems the offer, opens the payload, and reads the document through. Without success the offer is
/// declined, and the exporter is told why; a second attempt there is not. The operation's result is a
/// CredexImport.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_redeem(
    offer: *const CredexOffer,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let wish = Wish::new(callback, data, operation)?;
        let telling = Telling::new(CredexStep::Opening);
        let client = Arc::clone(&offer.client);
        let work = redeem(offer.take()?, client, Arc::clone(&telling));
        operation::start_telling(&offer.client, wish, Some(telling), work)
    })
}

/// Does the same, and waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_redeem_blocking(
    offer: *const CredexOffer,
    timeout_ms: i32,
    import: Option<&mut MaybeUninit<*mut CredexImport>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let slot = out(import, "import")?;
        let client = Arc::clone(&offer.client);
        let telling = Telling::new(CredexStep::Opening);
        let work = redeem(offer.take()?, Arc::clone(&client), telling);
        operation::wait_for_object(&client, timeout_ms, slot, work)
    })
}

/// Redeems the offer, and opens the payload piece by piece, with two pieces in memory; the document is not read
/// through. Without success the offer is declined, and the exporter is told why. The operation's result is a
/// CredexPieces, as soon as something has come.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_redeem_pieces(
    offer: *const CredexOffer,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let wish = Wish::new(callback, data, operation)?;
        let work = pieces::redeem(offer.take()?, Arc::clone(&offer.client));
        operation::start(&offer.client, wish, work)
    })
}

/// Does the same, and waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_redeem_pieces_blocking(
    offer: *const CredexOffer,
    timeout_ms: i32,
    pieces: Option<&mut MaybeUninit<*mut CredexPieces>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let slot = out(pieces, "pieces")?;
        let client = Arc::clone(&offer.client);
        let work = pieces::redeem(offer.take()?, Arc::clone(&client));
        operation::wait_for_object(&client, timeout_ms, slot, work)
    })
}

/// Refuses the offer; `reason` is a sentence for the person, cut at 256 bytes. Ends with
/// credex_operation_finish().
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_offer_decline(
    offer: *const CredexOffer,
    reason: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::start(&offer.client, wish, decline(offer.take()?, reason))
    })
}

/// Does the same, and waits for it.
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_offer_decline_blocking(
    offer: *const CredexOffer,
    reason: *const c_char,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let offer = table::get(offer)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::wait_for(&offer.client, timeout_ms, decline(offer.take()?, reason))
    })
}

/// Frees an offer. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_offer_free(offer: *mut CredexOffer) -> CredexStatus {
    guard(None, || table::remove(offer).map(drop))
}
