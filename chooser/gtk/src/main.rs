//! The window in which a person decides where credentials go. Serves `org.credex.Chooser1`.
//!
//! `link` speaks to the service on a thread of its own. `desk` decides what is shown and when; it is
//! one loop on the thread of the windows. `window` is one exchange, `pages` are its steps, and what
//! they say comes from the shared model and wording of `credex-chooser`.

mod accessible;
mod acts;
mod consent;
mod desk;
mod export;
mod guard;
mod icons;
mod link;
mod pages;
mod parent;
mod parts;
mod passphrase;
mod sleep;
mod window;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use credex_chooser::language;
use credex_chooser::socket::{self, SocketError};
use credex_protocol::names::CHOOSER_FD;

use desk::Desk;
use link::Link;

/// The name under which a desktop knows us: of the desktop entry, the icon and the windows.
const APP_ID: &str = "org.credex.Chooser";

/// Why the chooser could not do its work.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("the service cannot be spoken to: {0}")]
    Link(#[source] io::Error),
    #[error("no window can be opened on this display: {0}")]
    Display(#[from] gtk::glib::BoolError),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            writeln!(io::stderr(), "credex-chooser-gtk: {trouble}").ok();
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Trouble> {
    let socket = socket::inherited(std::env::var_os(CHOOSER_FD).as_deref())?;
    // The question travels while the toolkit starts.
    let link = Link::start(socket).map_err(Trouble::Link)?;
    // Without a GApplication: it would give its name on the bus to whoever takes it first.
    language::set_from_environment();
    if let Some(catalogue) = language::catalogue() {
        tr::set_translator!(catalogue);
    }
    gtk::glib::set_prgname(Some(APP_ID));
    adw::init()?;
    parts::load_style();
    gtk::Window::set_default_icon_name(APP_ID);
    gtk::glib::MainContext::default().block_on(Desk::new(link).run());
    Ok(())
}
