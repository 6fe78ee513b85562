//! `CredexPieces`: credentials that come piece by piece, for an app that does not hold them all in memory.
//!
//! A thread of its own opens one segment after the other, and waits while the app is busy with a piece.

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::{CString, c_char, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credex::{Offer, Part, Taken, silent};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::boundary::{guard, out, text};
use crate::client::CredexClient;
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::import::{Tallies, tallies};
use crate::operation::{self, CredexCallback, CredexOperation, Wish, take_object};
use crate::receipt::CredexTally;
use crate::status::CredexStatus;
use crate::table::{self, Object};
use crate::thread::without_signals;
use crate::words::{or_null, word};

/// Credentials that come piece by piece. Free it with credex_pieces_free(): without a report, that tells the
/// exporter that nothing came of them.
#[derive(Debug)]
pub struct CredexPieces {
    reading: Mutex<Reading>,
    client: Arc<CredexClient>,
    /// Dropped with this, and with it ends whoever opens.
    _here: oneshot::Sender<()>,
}

/// Some bytes, at most 64 KiB. They are wiped by the next call of credex_pieces_next(), and when the pieces
/// are freed.
#[repr(C)]
#[derive(Debug)]
pub struct CredexPiece {
    /// What they belong to: NULL for the document, or the id of a `file` credential, which comes from
    /// somebody else, and is no file name.
    pub id: *const c_char,
    /// The first of them; NULL at the end.
    pub bytes: *const u8,
    /// How many they are. The first piece of each part has none.
    pub len: usize,
}

struct Reading {
    coming: Receiver<Coming>,
    piece: Option<Piece>,
    end: Option<End>,
}

struct Piece {
    id: Option<CString>,
    bytes: Zeroizing<Vec<u8>>,
}

enum Coming {
    Piece(Piece),
    End(Result<Box<Taken>>),
}

enum End {
    Read(Box<Taken>),
    Reported,
    Failed(Failure),
}

impl Object for CredexPieces {
    const NAME: &'static str = "CredexPieces";
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Piece {
    fn new(part: Part<'_>, bytes: &[u8]) -> Self {
        let id = match part {
            Part::Document => None,
            Part::Attachment(id) => Some(word(id)),
        };
        let bytes = Zeroizing::new(bytes.to_vec());
        Self { id, bytes }
    }

    fn for_c(&self) -> CredexPiece {
        CredexPiece {
            id: or_null(self.id.as_ref()),
            bytes: self.bytes.as_ptr(),
            len: self.bytes.len(),
        }
    }
}

impl CredexPieces {
    /// # Errors
    /// What went wrong with what was still to come.
    fn next(&self) -> Result<CredexPiece> {
        self.client.check_process()?;
        let mut reading = self.reading();
        reading.piece = None;
        if reading.end.is_none() {
            match reading.coming.recv() {
                Ok(Coming::Piece(piece)) => return Ok(reading.piece.insert(piece).for_c()),
                Ok(Coming::End(Ok(taken))) => reading.end = Some(End::Read(taken)),
                Ok(Coming::End(Err(failure))) => reading.end = Some(End::Failed(failure)),
                Err(_) => reading.end = Some(End::Failed(Failure::freed())),
            }
        }
        match &reading.end {
            Some(End::Failed(failure)) => Err(failure.clone()),
            _ => Ok(CredexPiece {
                id: std::ptr::null(),
                bytes: std::ptr::null(),
                len: 0,
            }),
        }
    }

    /// # Errors
    /// `WrongState` unless it was read to its end, and not reported yet.
    fn take(&self) -> Result<Taken> {
        let mut reading = self.reading();
        match reading.end.replace(End::Reported) {
            Some(End::Read(taken)) => Ok(*taken),
            Some(End::Reported) => Err(Failure::state("it was reported what became of it")),
            other => {
                reading.end = other;
                Err(Failure::state("it was not read to its end"))
            }
        }
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has a thread redeem `offer` and open it, until the other end of `here` is gone.
struct Opening {
    offer: Offer,
    here: oneshot::Receiver<()>,
    /// Told once, as soon as something has come or nothing will.
    begun: oneshot::Sender<Result<()>>,
    coming: SyncSender<Coming>,
}

impl Opening {
    fn run(self, runtime: &Handle) {
        let mut begun = Some(self.begun);
        let coming = self.coming.clone();
        let take = |part: Part<'_>, bytes: &[u8]| {
            if let Some(begun) = begun.take() {
                // Whoever has called it off hears no more.
                begun.send(Ok(())).ok();
            }
            let piece = Coming::Piece(Piece::new(part, bytes));
            let nobody = |_| io::Error::other("the app reads no further");
            coming.send(piece).map_err(nobody)
        };
        let mut tell = silent;
        let opening = self.offer.redeem_to(take, &mut tell);
        let done = runtime.block_on(async {
            tokio::select! {
                biased;
                _gone = self.here => Err(Failure::freed()),
                done = opening => done.map(Box::new).map_err(Failure::from),
            }
        });
        match (begun, done) {
            (Some(begun), Err(failure)) => begun.send(Err(failure)).ok(),
            // Whoever has freed the pieces hears no more.
            (_, done) => self.coming.send(Coming::End(done)).ok(),
        };
    }
}

pub(crate) async fn redeem(offer: Offer, client: Arc<CredexClient>) -> Result<CredexPieces> {
    let (here, gone) = oneshot::channel();
    let (begun, begins) = oneshot::channel();
    // One that is read, and one that is ready.
    let (send, coming) = sync_channel(1);
    let opening = Opening {
        offer,
        here: gone,
        begun,
        coming: send,
    };
    let runtime = client.runtime().clone();
    without_signals(|| {
        let thread = std::thread::Builder::new().name("credex-pieces".to_owned());
        thread.spawn(move || opening.run(&runtime))
    })?;
    let reading = Reading {
        coming,
        piece: None,
        end: None,
    };
    let pieces = CredexPieces {
        reading: Mutex::new(reading),
        client,
        _here: here,
    };
    // Dropped without a word only by a panic, which has said so on standard error.
    begins.await.unwrap_or_else(|_| Err(Failure::freed()))?;
    Ok(pieces)
}

async fn complete(taken: Taken, tallies: Tallies) -> Result<()> {
    Ok(taken.complete(tallies).await?)
}

async fn reject(taken: Taken, reason: String) -> Result<()> {
    Ok(taken.reject(&reason).await?)
}

/// Takes the result of credex_offer_redeem_pieces().
#[unsafe(no_mangle)]
pub extern "C" fn credex_operation_take_pieces(
    operation: *const CredexOperation,
    pieces: Option<&mut MaybeUninit<*mut CredexPieces>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || take_object(operation, pieces, "pieces"))
}

/// The next piece: first of the document, then of each attachment; at the end `bytes` is NULL. It waits for no
/// person, and no longer than a piece takes to open. Every piece is as it was sealed; that they are all there
/// is only known at the end, and nothing should be taken over for good before.
#[unsafe(no_mangle)]
pub extern "C" fn credex_pieces_next(
    pieces: *const CredexPieces,
    piece: Option<&mut MaybeUninit<CredexPiece>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let pieces = table::get(pieces)?;
        out(piece, "piece")?.write(pieces.next()?);
        Ok(())
    })
}

/// Reports what became of each credential type, and ends the exchange; only at the end of the pieces. Ends
/// with credex_operation_finish().
///
/// # Safety
/// There are `number` tallies at `tallies`, and their names are strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_pieces_complete(
    pieces: *const CredexPieces,
    tallies: *const CredexTally,
    number: usize,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let pieces = table::get(pieces)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract they are there.
        let tallies = unsafe { self::tallies(tallies, number) }?;
        operation::start(&pieces.client, wish, complete(pieces.take()?, tallies))
    })
}

/// Does the same, and waits for it.
///
/// # Safety
/// As credex_pieces_complete().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_pieces_complete_blocking(
    pieces: *const CredexPieces,
    tallies: *const CredexTally,
    number: usize,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let pieces = table::get(pieces)?;
        // SAFETY: by this function's contract they are there.
        let tallies = unsafe { self::tallies(tallies, number) }?;
        let work = complete(pieces.take()?, tallies);
        operation::wait_for(&pieces.client, timeout_ms, work)
    })
}

/// Reports that nothing could be made of the payload; `reason` is a sentence for the person, cut at 256
/// bytes. Only at the end of the pieces: before that, free them. Ends with credex_operation_finish().
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_pieces_reject(
    pieces: *const CredexPieces,
    reason: *const c_char,
    callback: CredexCallback,
    data: *mut c_void,
    operation: Option<&mut MaybeUninit<*mut CredexOperation>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let pieces = table::get(pieces)?;
        let wish = Wish::new(callback, data, operation)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::start(&pieces.client, wish, reject(pieces.take()?, reason))
    })
}

/// Does the same, and waits for it.
///
/// # Safety
/// `reason` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_pieces_reject_blocking(
    pieces: *const CredexPieces,
    reason: *const c_char,
    timeout_ms: i32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let pieces = table::get(pieces)?;
        // SAFETY: by this function's contract it is a string.
        let reason = unsafe { text(reason, "reason") }?;
        operation::wait_for(&pieces.client, timeout_ms, reject(pieces.take()?, reason))
    })
}

/// Wipes and frees the pieces. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_pieces_free(pieces: *mut CredexPieces) -> CredexStatus {
    guard(None, || table::remove(pieces).map(drop))
}
