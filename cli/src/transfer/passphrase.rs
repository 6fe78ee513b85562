//! Where the passphrases of stores come from: the terminal, a file descriptor, or a pinentry. Never
//! an argument or the environment, which other processes can read.

use std::path::PathBuf;

use credex_adapters::{Asked, Fault, Question};
use pinentry::PassphraseInput;
use pinentry::unix::Options;
use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::harmless;
use crate::{secret, terminal};

/// The longest name of a store in a line to a pinentry, in characters.
const LONGEST_NAME: usize = 150;

/// Where the passphrases of one store come from.
#[derive(Debug)]
pub(super) struct Passphrases {
    fd: Option<u32>,
    /// The option for the file descriptor, to say what to do.
    option: &'static str,
    pinentry: Option<PathBuf>,
    given: bool,
}

impl Passphrases {
    pub(super) fn new(fd: Option<u32>, option: &'static str, pinentry: Option<PathBuf>) -> Self {
        Self {
            fd,
            option,
            pinentry,
            given: false,
        }
    }

    /// Answers a question. The inner error is the store's, which may go on without.
    pub(super) async fn give(
        &mut self,
        question: &Question,
        interrupt: &mut Interrupt,
    ) -> Result<Result<Zeroizing<String>, Fault>, Failure> {
        let again = std::mem::replace(&mut self.given, true);
        let line = match (self.fd, &self.pinentry) {
            (Some(_), _) if again => {
                let place = question.place.clone();
                return Ok(Err(Fault::WrongPassphrase { place }));
            }
            (Some(fd), _) => secret::line_from(fd, interrupt).await?,
            (None, Some(program)) => {
                return by_pinentry(program.clone(), question.clone(), interrupt).await;
            }
            (None, None) if terminal::reads_input() => typed(question, interrupt).await?,
            (None, None) => {
                let what = format!("there is no terminal to ask for {}", wanted(question));
                return Err(Failure::new(Exit::Usage, what)
                    .advise(format!("add {} N, or --pinentry", self.option)));
            }
        };
        let text = String::from_utf8(line.to_vec()).map(Zeroizing::new);
        match text {
            Ok(text) if text.is_empty() && question.asked == Asked::NewPassphrase => {
                Err(Failure::new(Exit::Usage, "a new store needs a passphrase"))
            }
            Ok(text) => Ok(Ok(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(Failure::new(
                    Exit::Usage,
                    "the passphrase is not UTF-8 text",
                ))
            }
        }
    }
}

/// What is asked for: "the passphrase of old.kdbx".
fn wanted(question: &Question) -> String {
    let place = harmless(&question.place);
    match question.asked {
        Asked::Passphrase => format!("the passphrase of {place}"),
        Asked::NewPassphrase => format!("a new passphrase for {place}"),
    }
}

async fn typed(
    question: &Question,
    interrupt: &mut Interrupt,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let again = question.again.as_deref().map(harmless);
    let again = again.map(|again| format!("{again}\n")).unwrap_or_default();
    let mut wanted = wanted(question);
    if let Some(first) = wanted.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let new = question.asked == Asked::NewPassphrase;
    secret::typed(&format!("{again}{wanted}: "), new, interrupt).await
}

async fn by_pinentry(
    program: PathBuf,
    question: Question,
    interrupt: &mut Interrupt,
) -> Result<Result<Zeroizing<String>, Fault>, Failure> {
    let (sender, answer) = tokio::sync::oneshot::channel();
    // A thread of its own, for a runtime waits for its own at the end, also after Ctrl-C.
    std::thread::spawn(move || sender.send(ask_pinentry(&program, &question)).ok());
    let gone = |_| Failure::new(Exit::Failed, "the pinentry could not be asked");
    interrupt.or(async { answer.await.map_err(gone)? }).await
}

fn ask_pinentry(
    program: &PathBuf,
    question: &Question,
) -> Result<Result<Zeroizing<String>, Fault>, Failure> {
    use pinentry::Error;
    use secrecy::ExposeSecret;

    let called = program.display();
    let Some(mut input) = PassphraseInput::with_binary(program) else {
        return Err(
            Failure::new(Exit::Failed, format!("there is no program {called}"))
                .advise("install a pinentry, or leave out --pinentry"),
        );
    };
    let mut short = question.clone();
    short.place = question.place.chars().take(LONGEST_NAME).collect();
    let wanted = format!("Credex needs {}.", wanted(&short));
    let tty = terminal::name();
    if let Some(tty) = &tty {
        input.with_unix_options(Options::builder().tty_name(tty).build());
    }
    input
        .with_title("Credex")
        .with_description(&wanted)
        .with_prompt("Passphrase:");
    if let Some(again) = &question.again {
        input.with_error(again);
    }
    if question.asked == Asked::NewPassphrase {
        input.required("A new store needs a passphrase.");
        input.with_confirmation("Once more:", "The two differ.");
    }
    match input.interact() {
        Ok(passphrase) => Ok(Ok(Zeroizing::new(passphrase.expose_secret().to_owned()))),
        Err(Error::Cancelled) => Ok(Err(Fault::Cancelled)),
        Err(error) => Err(Failure::new(Exit::Failed, format!("{called}: {error}"))),
    }
}
