//! What this program plays under other names: the two apps, the chooser, the bus.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use credex::cxf::{self, Counts};
use credex::{ExportRequest, Exporter, Importer, Payload, silent};

use super::news::{News, Reporter};
use super::proof::Digest;
use super::{bus, cast, child};
use crate::arguments::on_runtime;
use crate::exit::Exit;
use crate::failure::Failure;

/// A part that this program plays.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Bus,
    Child,
    Chooser,
    Exporter,
    Importer,
}

impl Role {
    const ALL: [Role; 5] = [
        Role::Bus,
        Role::Child,
        Role::Chooser,
        Role::Exporter,
        Role::Importer,
    ];

    /// The file name under which it is played.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Role::Bus => "credex-demo-bus",
            Role::Child => "credex-demo-child",
            Role::Chooser => "credex-demo-chooser",
            Role::Exporter => "credex-demo-exporter",
            Role::Importer => "credex-demo-importer",
        }
    }

    pub(crate) fn called(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Plays it. `arguments` are those behind the name.
    pub(crate) fn play(self, arguments: Vec<OsString>) -> ExitCode {
        let arguments = arguments.into_iter();
        match self {
            Role::Bus => bus::embedded(arguments),
            Role::Child => child::become_child(arguments),
            Role::Chooser => choose(arguments),
            Role::Exporter => act(cast::EXPORTER_NAME, arguments, |reporter, rest| {
                on_runtime(export(reporter, rest))
            }),
            Role::Importer => act("the importing app", arguments, |reporter, rest| {
                on_runtime(import(reporter, rest))
            }),
        }
    }
}

/// The exporting app: all of it that is not Credex is `cxf::sample`.
async fn export(
    reporter: &mut Reporter,
    mut arguments: std::vec::IntoIter<OsString>,
) -> Result<(), Failure> {
    let window = arguments.next().unwrap_or_default();
    let mut payload = Payload::new(cxf::sample());
    for (id, content) in cxf::sample_attachments() {
        payload = payload.attachment(*id, content);
    }
    let counts = payload.check()?.present.clone();
    reporter.tell(&News::Asking {
        counts: counts.clone(),
        attachments: cxf::sample_attachments().len(),
    })?;
    let exporter = Exporter::connect(cast::EXPORTER_ID).await?;
    let request = ExportRequest::new()
        .declare(counts.clone())
        .parent_window(window.to_string_lossy());
    let grant = exporter.request(request).await?;
    reporter.tell(&leaving(&counts, grant.types())?)?;
    let began = Instant::now();
    let mut delivery = grant.send(payload).await?;
    let micros = micros_since(began);
    reporter.tell(&News::Deposited { micros })?;
    let receipt = delivery.receipt().await?;
    Ok(reporter.tell(&News::Receipt(receipt.into()))?)
}

/// What leaves of what was declared if only these types may.
fn leaving(declared: &Counts, types: &BTreeSet<String>) -> Result<News, Failure> {
    let narrowed = cxf::narrow(cxf::sample(), declared, types).map_err(credex::Error::from)?;
    let report = cxf::validate(narrowed.as_ref()).map_err(credex::Error::from)?;
    let files = match types.contains("file") {
        true => cxf::sample_attachments(),
        false => &[],
    };
    Ok(News::Leaving {
        parts: Digest::of_all(narrowed.as_ref(), files.iter().copied()),
        counts: report.present,
    })
}

/// An importing app, which keeps nothing.
async fn import(
    reporter: &mut Reporter,
    mut arguments: std::vec::IntoIter<OsString>,
) -> Result<(), Failure> {
    let id = arguments.next().unwrap_or_default();
    let app = cast::called(&id.to_string_lossy())?;
    reporter.tell(&News::Started {
        app: app.name.to_owned(),
    })?;
    let mut importer = Importer::builder(app.id).name(app.name).connect().await?;
    let offer = importer.next_offer().await?;
    reporter.tell(&News::Offered {
        exporter: offer.exporter().name.clone(),
        assurance: offer.exporter().assurance.to_string(),
    })?;
    let began = Instant::now();
    let import = offer.redeem(&mut silent).await?;
    let micros = micros_since(began);
    reporter.tell(&News::Arrived {
        micros,
        parts: Digest::of_all(import.document(), import.attachments()),
    })?;
    Ok(import.complete_all().await?)
}

/// The real chooser. That it is connected to the demo until it has closed is all that differs: the
/// demo waits for that before it writes to the terminal again.
fn choose(mut arguments: std::vec::IntoIter<OsString>) -> ExitCode {
    let socket = arguments.next().map(PathBuf::from).unwrap_or_default();
    let name = OsString::from("credex-chooser");
    match Reporter::connect(&socket) {
        Ok(_connected) => credex_chooser::main_with([name].into_iter().chain(arguments)),
        Err(error) => not_on_stage(&error),
    }
}

/// Plays `part`, and reports if it fails. The first argument is the demo's socket.
fn act(
    who: &str,
    mut arguments: std::vec::IntoIter<OsString>,
    part: impl FnOnce(&mut Reporter, std::vec::IntoIter<OsString>) -> Result<(), Failure>,
) -> ExitCode {
    let socket = arguments.next().map(PathBuf::from).unwrap_or_default();
    let mut reporter = match Reporter::connect(&socket) {
        Ok(reporter) => reporter,
        Err(error) => return not_on_stage(&error),
    };
    let Err(failure) = part(&mut reporter, arguments) else {
        return Exit::Done.into();
    };
    let told = reporter.tell(&News::Failed {
        who: who.to_owned(),
        exit: failure.exit.code(),
        what: failure.what().to_owned(),
        advice: failure.advice().map(ToOwned::to_owned),
    });
    if told.is_err() {
        complain(failure.what());
    }
    failure.exit.into()
}

fn not_on_stage(error: &std::io::Error) -> ExitCode {
    complain(&format!(
        "this is a part of the demo, which is not there: {error}"
    ));
    Exit::Usage.into()
}

/// Says what went wrong where the demo hears it, or whoever started this by hand.
pub(super) fn complain(what: &str) {
    // There is nobody else to tell.
    writeln!(std::io::stderr(), "credex demo: {what}").ok();
}

fn micros_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
