//! A window with nothing in it: what any libadwaita program pays before it shows something.
//! `cargo bench -p credex-tests --bench window` holds the chooser against it.

use gtk::glib;
use gtk::prelude::*;

fn main() -> Result<(), glib::BoolError> {
    adw::init()?;
    let window = adw::Window::builder()
        .title("Bare")
        .default_width(480)
        .default_height(736)
        .content(&adw::HeaderBar::new())
        .build();
    window.present();
    glib::MainLoop::new(None, false).run();
    Ok(())
}
