//! Work on a store, on a thread of its own: stores block, while questions and Ctrl-C are to be
//! answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use credex::Progress;
use credex_adapters::{Ask, Fault, Question};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use super::passphrase::Passphrases;
use super::telling::Event;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::progress::Bar;

/// How often a bar moves while nothing is told.
const TICK: Duration = Duration::from_millis(200);
/// How often programs are told how far it is.
const NEWS: Duration = Duration::from_secs(1);

/// What is done with a store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// In words: "Reading old.kdbx".
    pub(super) what: &'static str,
    /// How many records, if that is known.
    pub(super) total: Option<usize>,
    /// Whether a store is written: then Ctrl-C waits until the store says what came of it.
    pub(super) writes: bool,
}

/// The end of the work that is in its thread.
pub(super) struct Thread {
    news: mpsc::UnboundedSender<News>,
    stop: Arc<AtomicBool>,
    total: Option<usize>,
}

enum News {
    Asks(Question, oneshot::Sender<Answer>),
    Done(usize),
}

type Answer = Result<Zeroizing<String>, Fault>;

/// What unwinds a thread that was told to stop, so that everything in it is wiped and taken back.
struct Stopped;

impl Thread {
    /// Tells how many records are done, and stops here if that is wanted; not where all are done,
    /// for then the store may have been changed already.
    pub(super) fn done(&mut self, count: usize) {
        let all = self.total.is_some_and(|total| count >= total);
        if self.stop.load(Ordering::Relaxed) && !all {
            std::panic::resume_unwind(Box::new(Stopped));
        }
        // Without anybody to tell, the work goes on.
        self.news.send(News::Done(count)).ok();
    }
}

impl Ask for Thread {
    fn ask(&mut self, question: &Question) -> Answer {
        let (sender, answer) = oneshot::channel();
        let asked = self.news.send(News::Asks(question.clone(), sender));
        asked.map_err(|_| Fault::Cancelled)?;
        answer.blocking_recv().map_err(|_| Fault::Cancelled)?
    }
}

/// Does `job` on a thread, and answers its questions from `passphrases`.
///
/// On Ctrl-C the thread is left behind, which ends with the process; one that writes is stopped
/// where it can be, and waited for.
pub(super) async fn on_thread<T: Send + 'static>(
    step: Step,
    passphrases: &mut Passphrases,
    output: &Output,
    interrupt: &mut Interrupt,
    job: impl FnOnce(&mut Thread) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Failure> {
    let (news, mut told) = mpsc::unbounded_channel();
    let stop = Arc::new(AtomicBool::new(false));
    let mut thread = Thread {
        news,
        stop: Arc::clone(&stop),
        total: step.total,
    };
    let (sender, mut ended) = oneshot::channel();
    let running = std::thread::spawn(move || {
        // Nobody waits any more after Ctrl-C.
        sender.send(job(&mut thread)).ok();
    });
    let mut showing = Showing::new(step, output);
    let mut interrupted = None;
    loop {
        tokio::select! {
            biased;
            stopping = interrupt.wait(), if interrupted.is_none() => {
                if !step.writes {
                    return Err(stopping);
                }
                stop.store(true, Ordering::Relaxed);
                interrupted = Some(stopping);
            }
            Some(news) = told.recv() => match news {
                News::Done(count) => showing.done(count)?,
                News::Asks(question, answer) => {
                    showing.bar.hide();
                    let given = passphrases.give(&question, interrupt).await?;
                    // A thread that does not wait for it has ended.
                    answer.send(given).ok();
                }
            },
            end = &mut ended => {
                drop(showing);
                return match end {
                    Ok(end) => end.map_err(Failure::from),
                    Err(_) => Err(ended_without(running, interrupted)),
                };
            }
            () = tokio::time::sleep(TICK) => showing.tick(),
        }
    }
}

/// What a thread means that ended without saying anything.
fn ended_without(running: std::thread::JoinHandle<()>, interrupted: Option<Failure>) -> Failure {
    let stopped = running.join().is_err_and(|payload| payload.is::<Stopped>());
    let interrupted = interrupted.filter(|_| stopped);
    let defect = || Failure::new(Exit::Failed, "the work on the store broke off: a defect");
    interrupted.unwrap_or_else(defect)
}

/// What is seen of a step.
struct Showing<'o> {
    step: Step,
    output: &'o Output,
    bar: Bar,
    progress: Progress,
    said: Instant,
}

impl<'o> Showing<'o> {
    fn new(step: Step, output: &'o Output) -> Self {
        let total = step.total.map_or(0, |total| total as u64);
        Self {
            step,
            output,
            bar: Bar::counting(step.what, total),
            progress: Progress { done: 0, total },
            said: Instant::now(),
        }
    }

    fn done(&mut self, count: usize) -> Result<(), Failure> {
        self.progress.done = count as u64;
        if self.said.elapsed() < NEWS {
            return Ok(());
        }
        self.said = Instant::now();
        self.bar.show(self.progress);
        self.output.object(Event::Progress {
            step: self.step.what,
            done: count,
            total: self.step.total,
        })
    }

    fn tick(&mut self) {
        self.bar.show(self.progress);
    }
}
