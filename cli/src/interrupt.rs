//! Ctrl-C, and being asked to stop: the exchange is called off, and the other side told.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::failure::Failure;

/// Catches the three signals that ask a program to stop, from its making on.
pub(crate) struct Interrupt([Signal; 3]);

impl Interrupt {
    pub(crate) fn catch() -> Result<Interrupt, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Failed, format!("cannot catch signals: {error}"))
            })
        };
        Ok(Interrupt([
            catch(SignalKind::interrupt())?,
            catch(SignalKind::terminate())?,
            catch(SignalKind::hangup())?,
        ]))
    }

    /// Waits for one of the signals.
    pub(crate) async fn wait(&mut self) -> Failure {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        Failure::interrupted()
    }

    /// Does `work`, unless a signal comes first: then it is dropped, which calls it off.
    pub(crate) async fn or<T, E: Into<Failure>>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            interrupted = self.wait() => Err(interrupted),
            done = work => done.map_err(Into::into),
        }
    }
}
