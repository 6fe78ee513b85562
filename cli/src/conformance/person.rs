//! The person: a real chooser process that the service starts, and that does what a check says.
//!
//! It speaks lines of JSON over a socket of the scene: the process tells what it is asked, the check
//! tells what to answer.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credex_chooser::model::Answer;
use credex_chooser::serve::{Ask, Event, Service};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::check::{Finding, failed, trouble};
use super::mailbox::Mailbox;
use crate::arguments::on_runtime;
use crate::exit::Exit;
use crate::failure::Failure;

/// The file name under which this program is the chooser.
pub(crate) const CHOOSER: &str = "credex-conformance-chooser";

/// What the chooser tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Told {
    Asked {
        exchange: String,
        importers: Vec<String>,
        types: Vec<String>,
    },
    Finished {
        exchange: String,
    },
}

/// What the chooser is told.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    Send {
        exchange: String,
        importer: String,
        types: Vec<String>,
    },
    Decline {
        exchange: String,
    },
    Stop {
        exchange: String,
    },
}

/// The person, as a check sees them.
#[derive(Debug)]
pub(super) struct Person {
    path: PathBuf,
    told: Mailbox<Told>,
    choosers: Arc<Mutex<Vec<UnboundedSender<String>>>>,
}

/// A question that waits for an answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) exchange: String,
    /// The types that the exporter counted.
    pub(super) types: Vec<String>,
    importers: Vec<String>,
}

impl Person {
    /// Listens for choosers at `path`.
    pub(super) fn sit_down(path: PathBuf) -> std::io::Result<Person> {
        let listener = UnixListener::bind(&path)?;
        let (told, choosers) = (Mailbox::default(), Arc::default());
        tokio::spawn(receive(listener, told.clone(), Arc::clone(&choosers)));
        Ok(Person {
            path,
            told,
            choosers,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until a question is put.
    pub(super) async fn asked(&self, patience: Duration) -> Result<Asked, Finding> {
        let wanted = |told: &Told| match told {
            Told::Asked {
                exchange,
                importers,
                types,
            } => Some(Asked {
                exchange: exchange.clone(),
                importers: importers.clone(),
                types: types.clone(),
            }),
            Told::Finished { .. } => None,
        };
        let asked = self.told.take(patience, wanted).await;
        asked.ok_or_else(|| failed("no request to export came: the person was not asked"))
    }

    /// Sends these types, of those that were counted, to the importer with this ID.
    pub(super) fn sends(
        &self,
        asked: &Asked,
        importer: &str,
        types: &[String],
    ) -> Result<(), Finding> {
        let running = format!("{importer}@");
        let is_meant = |id: &&String| *id == importer || id.starts_with(&running);
        let found = asked.importers.iter().find(is_meant);
        let importer = found.ok_or_else(|| trouble(format!("{importer} is not offered")))?;
        self.order(&Order::Send {
            exchange: asked.exchange.clone(),
            importer: importer.clone(),
            types: types.to_vec(),
        })
    }

    pub(super) fn declines(&self, asked: &Asked) -> Result<(), Finding> {
        let exchange = asked.exchange.clone();
        self.order(&Order::Decline { exchange })
    }

    /// Stops what was agreed.
    pub(super) fn stops(&self, asked: &Asked) -> Result<(), Finding> {
        let exchange = asked.exchange.clone();
        self.order(&Order::Stop { exchange })
    }

    /// Waits until the exchange is over.
    pub(super) async fn hears_the_end(
        &self,
        asked: &Asked,
        patience: Duration,
    ) -> Result<(), Finding> {
        let wanted = |told: &Told| match told {
            Told::Finished { exchange } if *exchange == asked.exchange => Some(()),
            _ => None,
        };
        let ended = self.told.take(patience, wanted).await;
        ended.ok_or_else(|| failed("the exchange did not end"))
    }

    fn order(&self, order: &Order) -> Result<(), Finding> {
        let line = serde_json::to_string(order)?;
        let choosers = self.choosers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = choosers
            .iter()
            .filter(|chooser| chooser.send(line.clone()).is_ok());
        match told.count() {
            0 => Err(trouble("no chooser is there")),
            _ => Ok(()),
        }
    }
}

async fn receive(
    listener: UnixListener,
    told: Mailbox<Told>,
    choosers: Arc<Mutex<Vec<UnboundedSender<String>>>>,
) {
    while let Ok((chooser, _)) = listener.accept().await {
        let (reading, writing) = chooser.into_split();
        let (orders, mut lines) = unbounded_channel::<String>();
        let mut known = choosers.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(orders);
        drop(known);
        let told = told.clone();
        tokio::spawn(async move {
            let mut heard = BufReader::new(reading).lines();
            while let Ok(Some(line)) = heard.next_line().await {
                if let Ok(news) = serde_json::from_str(&line) {
                    told.put(news);
                }
            }
        });
        tokio::spawn(async move {
            let mut writing = writing;
            while let Some(line) = lines.recv().await {
                if write_line(&mut writing, &line).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn write_line(writing: &mut OwnedWriteHalf, line: &str) -> std::io::Result<()> {
    writing.write_all(format!("{line}\n").as_bytes()).await
}

/// The chooser process. `arguments`: the socket of the check.
pub(crate) fn chooser(mut arguments: std::vec::IntoIter<OsString>) -> ExitCode {
    let path = arguments.next().map(PathBuf::from).unwrap_or_default();
    match on_runtime(choose(&path)) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => failure.exit.into(),
    }
}

async fn choose(path: &Path) -> Result<(), Failure> {
    let failed = |what: String| Failure::new(Exit::Failed, what);
    let variable = std::env::var_os(credex_protocol::names::CHOOSER_FD);
    let socket = credex_chooser::socket::inherited(variable.as_deref());
    let socket = socket.map_err(|error| failed(error.to_string()))?;
    let (reading, mut writing) = UnixStream::connect(path).await?.into_split();
    let served = Service::connect(socket).await;
    let (service, mut events) = served.map_err(|error| failed(error.to_string()))?;
    let mut orders = BufReader::new(reading).lines();
    let mut questions: HashMap<String, Ask> = HashMap::new();
    loop {
        tokio::select! {
            event = events.recv() => {
                let told = match event {
                    None => return Ok(()),
                    Some(Event::Ask(ask)) => {
                        let told = question(&ask);
                        questions.insert(ask.exchange.clone(), ask);
                        told
                    }
                    Some(Event::Finished { exchange, .. }) => Told::Finished { exchange },
                    Some(_) => continue,
                };
                let line = serde_json::to_string(&told).map_err(std::io::Error::from)?;
                write_line(&mut writing, &line).await?;
            }
            line = orders.next_line() => match line? {
                None => return Ok(()),
                Some(line) => obey(&line, &service, &mut questions),
            },
            () = service.closed() => return Ok(()),
        }
    }
}

fn question(ask: &Ask) -> Told {
    let importers = ask.question.importers.iter();
    let types = ask.question.sends.iter().flatten();
    Told::Asked {
        exchange: ask.exchange.clone(),
        importers: importers.map(|importer| importer.id.clone()).collect(),
        types: types
            .map(|quantity| quantity.kind.raw().to_owned())
            .collect(),
    }
}

fn obey(line: &str, service: &Service, questions: &mut HashMap<String, Ask>) {
    let (exchange, answer) = match serde_json::from_str(line) {
        Ok(Order::Send {
            exchange,
            importer,
            types,
        }) => {
            let types = types.into_iter().collect();
            (exchange, Answer::Send { importer, types })
        }
        Ok(Order::Decline { exchange }) => (exchange, Answer::Decline),
        Ok(Order::Stop { exchange }) => return service.stop(&exchange),
        // It was written by the check that listens.
        Err(_) => return,
    };
    // A question of another chooser is another chooser's.
    if let Some(ask) = questions.remove(&exchange) {
        ask.answer(answer);
    }
}
