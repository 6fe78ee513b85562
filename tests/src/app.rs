//! Apps as they are installed: desktop entries, files for D-Bus activation, and an importer as a
//! process of its own. Serves design §6.

use std::path::Path;

use credex_protocol::wire::AnnounceOptions;
use serde_json::{Value, json};

use zbus::connection::Builder;

use crate::importer::{Importer, Manners, all_taken};
use crate::programs;
use crate::reports::{Reporter, Reports};

/// A desktop entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its ID: the file's name without `.desktop`.
    pub id: String,
    /// Lines of `[Desktop Entry]`.
    pub lines: Vec<String>,
    /// Groups behind it, as they stand in the file.
    pub groups: Vec<String>,
}

/// How an importer that is a process of its own comes to its offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It owns the bus name of its ID, as an activated app does.
    Own,
    /// It announces itself, as a started app does.
    Announce,
    /// It announces itself twice at once, and so does a process that it starts.
    AnnounceOften,
    /// It does neither, and stays.
    Dawdle,
    /// It ends at once.
    Die,
}

impl Entry {
    /// An app of this ID that takes credentials: all types, in version 1.0.
    pub fn importer(id: &str) -> Entry {
        let group = "[org.credex.Importer1]\nFormatVersions=1.0;\n";
        Entry::new(id)
            .line("Implements=org.credex.Importer1;")
            .group(group)
    }

    /// An app of this ID that exports for these providers.
    pub fn exporter(id: &str, providers: &[&str]) -> Entry {
        let providers = providers.join(";");
        Entry::new(id)
            .line("Implements=org.credex.Exporter1;")
            .group(&format!("[org.credex.Exporter1]\nProviders={providers};\n"))
    }

    /// An app that does nothing special.
    pub fn new(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            lines: vec!["Type=Application".to_owned(), format!("Name={id} (test)")],
            groups: Vec::new(),
        }
    }

    /// Called `name`.
    pub fn called(mut self, name: &str) -> Entry {
        self.lines.retain(|line| !line.starts_with("Name="));
        self.line(&format!("Name={name}"))
    }

    /// With another line.
    pub fn line(mut self, line: &str) -> Entry {
        self.lines.push(line.to_owned());
        self
    }

    /// With another group.
    pub fn group(mut self, group: &str) -> Entry {
        self.groups.push(group.to_owned());
        self
    }

    /// Started by the service with `command`.
    pub fn exec(self, command: &str) -> Entry {
        self.line(&format!("Exec={command}"))
    }

    /// Started by the bus.
    pub fn dbus_activatable(self) -> Entry {
        self.line("DBusActivatable=true")
    }

    pub(crate) fn write(&self, applications: &Path) {
        let (lines, groups) = (self.lines.join("\n"), self.groups.join("\n"));
        let text = format!("[Desktop Entry]\n{lines}\n\n{groups}");
        std::fs::write(applications.join(format!("{}.desktop", self.id)), text).unwrap();
    }
}

/// The command that runs an importer as a process of its own, which reports to `reports`.
///
/// It takes whatever it is offered, and reports `announced`, `offer` (`parent_window`,
/// `activation_token`, `exporter`), `imported` (`document`, `attachments`) and `failed`.
pub fn command(reports: &Reports, id: &str, role: Role) -> String {
    let (program, socket) = (programs::importer_app(), reports.path().display());
    format!("{} {socket} {id} {role:?}", program.display())
}

/// Runs an importer. Its arguments: where to report to, its ID, its role.
pub fn main(mut arguments: impl Iterator<Item = String>) {
    let mut next = || arguments.next().expect("three arguments");
    let (reports, id, role) = (next(), next(), next());
    let reporter = Reporter::connect(Path::new(&reports));
    if role == format!("{:?}", Role::Die) {
        return;
    }
    let announces_often = role == format!("{:?}", Role::AnnounceOften);
    let another = announces_often.then(|| start_another(&reports, &id));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be built").block_on(async {
        let builder = Builder::session().expect("the session has a bus");
        let importer = Importer::on(builder, Manners::Acknowledge).await;
        let end = importer.connection().clone();
        let work = async {
            if role == format!("{:?}", Role::Own) {
                importer.own(&id).await;
            }
            if role == format!("{:?}", Role::Announce) {
                let announced = importer.announce(&id, AnnounceOptions::default()).await;
                announced.expect("an importer may announce itself");
                reporter.say("announced", json!({}));
            }
            if announces_often {
                let announce = || importer.announce(&id, AnnounceOptions::default());
                let (first, second) = tokio::join!(announce(), announce());
                first
                    .and(second)
                    .expect("an importer may announce itself again");
            }
            import(&importer, &reporter).await;
        };
        // It ends with its bus, also when the test has failed.
        tokio::select! {
            () = end.closed() => {}
            () = work => end.closed().await,
        }
    });
    if let Some(mut another) = another {
        another.wait().ok();
    }
}

/// It ends with its bus, too.
fn start_another(reports: &str, id: &str) -> std::process::Child {
    let role = format!("{:?}", Role::Announce);
    let child = std::process::Command::new(programs::importer_app())
        .args([reports, id, &role])
        .spawn();
    child.expect("an importer can be started")
}

async fn import(importer: &Importer, reporter: &Reporter) {
    let offer = importer.offer().await;
    let exporter = offer.options.exporter.clone().unwrap_or_default();
    reporter.say(
        "offer",
        json!({
            "parent_window": offer.options.parent_window,
            "activation_token": offer.options.activation_token,
            "exporter": exporter.app_id,
            "path": offer.path,
            "token": offer.token(),
        }),
    );
    let (opened, results) = match offer.redeem().await {
        Ok(redeemed) => redeemed,
        Err(error) => return reporter.say("failed", json!({ "error": error.to_string() })),
    };
    let document: Value = String::from_utf8(opened.document)
        .expect("CXF is UTF-8")
        .into();
    let report = json!({ "document": document, "attachments": opened.attachments });
    reporter.say("imported", report);
    if let Err(error) = offer.complete(&all_taken(&results)).await {
        reporter.say("failed", json!({ "error": error.to_string() }));
    }
}
