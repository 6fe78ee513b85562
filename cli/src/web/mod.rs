//! `credex web`: passwords that an app shares with its website.

mod decisions;

use credex::{Change, Password, PasswordFormat, SharedWebCredentials, Wanted};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{GOOD, Output, counted, harmless};
use crate::{secret, terminal};

/// Saves, gets, deletes and makes passwords that an app shares with its website
///
/// JSON: add, delete: {"command", "domain", "account", "outcome"}; request: {"command", "domain", "port",
/// "account", "password" with --show}; generate: {"command", "password", "entropy"}; list: {"command",
/// "decisions": [{"app_id", "domain", "decision", "decided"}]}; forget: {"command", "app_id", "domain"}.
#[derive(Debug, clap::Args)]
pub(crate) struct Web {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Saves a password, or changes the one that is saved
    ///
    /// It is typed twice at the terminal, or read from standard input or a file descriptor: one line.
    Add {
        #[command(flatten)]
        of: Of,
        /// The website: HOST or HOST:PORT
        domain: String,
        /// The user name
        account: String,
        /// Read the password from this file descriptor
        #[arg(long, value_name = "NUMBER")]
        password_fd: Option<u32>,
    },
    /// Gets a saved password; you pick which
    Request {
        #[command(flatten)]
        of: Of,
        /// Only of this website: HOST or HOST:PORT
        domain: Option<String>,
        /// Only of this user name
        #[arg(long)]
        account: Option<String>,
        /// Only of this port
        #[arg(long)]
        port: Option<u16>,
        /// Print the password
        #[arg(long)]
        show: bool,
    },
    /// Deletes a saved password
    Delete {
        #[command(flatten)]
        of: Of,
        /// The website: HOST or HOST:PORT
        domain: String,
        /// The user name
        account: String,
    },
    /// Makes a password and prints it
    Generate {
        /// 20 characters in syllables, instead of xxx-xxx-xxx-xxx
        #[arg(long, conflicts_with = "rules")]
        strong: bool,
        /// By the rules of a website, as in "minlength: 12; required: digit;"
        #[arg(long)]
        rules: Option<String>,
    },
    /// Lists what you have refused for good
    List,
    /// Forgets what you have refused, so that you are asked again
    Forget {
        /// The app's desktop-entry ID
        app: String,
        /// The domain; all of the app's if missing
        domain: Option<String>,
    },
}

/// For which app it is done.
#[derive(Debug, clap::Args)]
struct Of {
    /// The desktop-entry ID of the app for which this is done
    #[arg(long = "app", value_name = "ID", default_value = crate::import::APP_ID)]
    app: String,
}

impl Of {
    async fn connect(&self) -> Result<SharedWebCredentials, Failure> {
        let shared = SharedWebCredentials::connect(&self.app).await?;
        Ok(shared.parent_window(terminal::parent_window()))
    }
}

#[derive(Serialize)]
struct Changed<'a> {
    domain: &'a str,
    account: &'a str,
    outcome: &'static str,
}

#[derive(Serialize)]
struct Got<'a> {
    domain: &'a str,
    port: u16,
    account: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Serialize)]
struct Made<'a> {
    password: &'a str,
    entropy: f64,
}

impl Web {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::catch()?;
        match self.action {
            Action::Add {
                of,
                domain,
                account,
                password_fd,
            } => {
                let password = secret::read(password_fd, &mut interrupt).await?;
                let shared = of.connect().await?;
                let change = interrupt
                    .or(shared.add(&domain, &account, &password))
                    .await?;
                tell(&output, &domain, &account, change)
            }
            Action::Delete {
                of,
                domain,
                account,
            } => {
                let shared = of.connect().await?;
                let change = interrupt.or(shared.delete(&domain, &account)).await?;
                tell(&output, &domain, &account, change)
            }
            Action::Request {
                of,
                domain,
                account,
                port,
                show,
            } => {
                let shared = of.connect().await?;
                let wanted = wanted(domain, account, port);
                let got = interrupt.or(shared.request(wanted)).await?;
                let (domain, account) = (harmless(&got.domain), harmless(&got.account));
                output.note(format!("{account} at {domain}, port {}", got.port))?;
                reveal(&output, &got.password, show)?;
                output.object(Got {
                    domain: &got.domain,
                    port: got.port,
                    account: &got.account,
                    password: show.then(|| got.password.expose()),
                })?;
                Ok(Exit::Done)
            }
            Action::Generate { strong, rules } => {
                let format = match (rules, strong) {
                    (Some(rules), _) => PasswordFormat::Rules(rules),
                    (None, true) => PasswordFormat::Strong,
                    (None, false) => PasswordFormat::Grouped,
                };
                let shared = SharedWebCredentials::connect(crate::import::APP_ID).await?;
                let made = interrupt.or(shared.generate(format)).await?;
                output.note(format!("{:.1} bits", made.entropy))?;
                output.line(made.password.expose())?;
                output.object(Made {
                    password: made.password.expose(),
                    entropy: made.entropy,
                })?;
                Ok(Exit::Done)
            }
            Action::List => decisions::list(&output).await,
            Action::Forget { app, domain } => decisions::forget(&output, app, domain).await,
        }
    }
}

fn wanted(domain: Option<String>, account: Option<String>, port: Option<u16>) -> Wanted {
    let mut wanted = Wanted::any();
    if let Some(domain) = domain {
        wanted = wanted.domain(domain);
    }
    if let Some(account) = account {
        wanted = wanted.account(account);
    }
    match port {
        Some(port) => wanted.port(port),
        None => wanted,
    }
}

fn reveal(output: &Output, password: &Password, show: bool) -> Result<(), Failure> {
    let length = password.expose().chars().count() as u64;
    match show {
        true => output.line(password.expose()),
        false => output.note(format!(
            "It has {}; --show prints it.",
            counted(length, "character")
        )),
    }
}

fn tell(output: &Output, domain: &str, account: &str, change: Change) -> Result<Exit, Failure> {
    let said = match change {
        Change::Added => "The password is saved.",
        Change::Updated => "The password is changed.",
        Change::Unchanged => "This password was saved already.",
        Change::Deleted => "The password is deleted.",
        Change::Absent => "There was no password to delete.",
    };
    output.line(format!("{GOOD}{said}{GOOD:#}"))?;
    output.object(Changed {
        domain,
        account,
        outcome: change.name(),
    })?;
    Ok(Exit::Done)
}
