//! A person's desktop in a test: a real message bus, the real `credexd`, real apps around it.
//!
//! [`desktop::Desktop`] is where a story begins. It has a bus, a daemon, directories and an environment of its
//! own, and takes everything down when it is dropped; if the test is failing then, it prints what the
//! daemon and the bus have logged. Around it:
//!
//! - [`exporter`] and [`importer`]: apps in the test's own process, which speak the wire by hand, so
//!   that they can also misbehave.
//! - [`app`]: the same importer as a process of its own, installed by a desktop entry.
//! - [`caller`]: an app that asks to export, as a process of its own.
//! - [`c`]: programs in C, built against the library for C.
//! - [`chooser`]: a person who answers by script, as the real chooser process that the daemon starts.
//! - [`monitor`]: whoever listens on the bus, and keeps every message and every fd.
//! - [`payload`]: sealing and opening.
//! - [`flatpak`]: real sandboxes, and forged ones; [`system`]: what root has installed.
//! - [`polkit`] and [`agent`]: the real polkit, and the program that asks for the password.
//! - [`stranger`]: another user.
//! - [`user_manager`]: a real systemd that manages the session of an ordinary user.
//! - [`python`]: the Python binding, where Python can import it.
//! - [`raw`]: a peer on the bus that writes what no D-Bus library would.
//! - [`album`]: pictures of every page.
//! - [`screen`] and [`reader`]: a display for windows, and the windows as a screen reader sees them.
//! - [`stage`]: the service's end of a chooser, to ask what no real service would.
//! - [`website`]: a site with TLS, good or bad; [`browser`] and [`keyring`]: the real GNOME Web, and the
//!   real gnome-keyring, in which it keeps passwords; [`password_list`]: what it shows of them.
//! - [`machine`]: a whole computer with its own systemd, to install things on.
//! - [`memory`]: the memory of the processes, searched for what must not be in it.
//!
//! Nothing sleeps. Stories wait for events, with [`patience::within`], which fails with the name of
//! what did not happen. What has no event (a count of open files) is [`patience::eventually`] so.
//!
//! ```no_run
//! # use credex_tests::{chooser::Script, desktop::Desktop, exporter::Exporter, importer::Importer, payload};
//! # async fn story() {
//! let desktop = Desktop::plan().chooser(Script::choose("org.example.Vault")).open().await;
//! let importer = Importer::announced(&desktop, "org.example.Vault").await;
//! let exporter = Exporter::join(&desktop).await;
//! let session = exporter.agreed(&[("note", 1)]).await;
//! session.deposit(&payload::seal(b"{}", &[]), &[("note", 1)]).await.unwrap();
//! let opened = importer.import().await;
//! assert_eq!(opened.document, b"{}");
//! # }
//! ```
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a harness that cannot go on has to stop its test, and to say why"
)]

pub mod agent;
pub mod album;
pub mod app;
pub mod browser;
pub mod bus;
pub mod c;
pub mod caller;
pub mod chooser;
pub mod daemon;
pub mod desktop;
pub mod exporter;
pub mod flatpak;
pub mod importer;
pub mod keyring;
pub mod machine;
mod mailbox;
pub mod memory;
pub mod monitor;
pub mod password_list;
pub mod patience;
pub mod payload;
pub mod polkit;
pub mod process;
pub mod programs;
pub mod python;
pub mod raw;
pub mod reader;
pub mod reports;
pub mod screen;
pub mod stage;
pub mod stranger;
pub mod system;
pub mod terminal;
pub mod user_manager;
pub mod website;

pub use credex_protocol::{Error, Reason};
