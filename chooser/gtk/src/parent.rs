//! The exporter's window, to which ours belongs. Serves `parent_window` of `Export.RequestExport`:
//! `x11:XID` in hexadecimal, `wayland:HANDLE` of xdg-foreign, or empty.
//!
//! A handle is a claim like all else: it can only say above which window ours appears, and ours stays
//! in the task bar, where the person finds it also if that window is hidden.

use gdk4_wayland::WaylandToplevel;
use gdk4_x11::{X11Display, X11Surface};
use gtk::prelude::*;
use x11rb::errors::ConnectError;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{AtomEnum, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// No handle that a compositor makes is longer.
const LONGEST_HANDLE: usize = 256;

/// Where a window belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parent {
    /// To this window of the X server.
    X11(u32),
    /// To this exported surface.
    Wayland(String),
    /// Nowhere, or it is not understood.
    None,
}

/// Why a window could not be made to belong to another. It is shown on its own then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParentError {
    #[error("there is no second connection to the X server: {0}")]
    Connect(#[from] ConnectError),
    #[error("the X server refuses: {0}")]
    Refused(#[from] ReplyError),
}

impl Parent {
    /// Reads a parent window as it travels.
    pub(crate) fn parse(text: &str) -> Parent {
        match text.split_once(':') {
            Some(("x11", hex)) => x11(hex).map_or(Parent::None, Parent::X11),
            Some(("wayland", handle)) if is_handle(handle) => Parent::Wayland(handle.to_owned()),
            _ => Parent::None,
        }
    }

    /// Makes `window` belong there. It must be realized, and should not be mapped yet.
    ///
    /// # Errors
    /// The display server refuses.
    pub(crate) fn adopt(&self, window: &adw::Window) -> Result<(), ParentError> {
        let Some(surface) = window.surface() else {
            return Ok(());
        };
        match self {
            Parent::None => {}
            Parent::X11(parent) => {
                if let Some(surface) = surface.downcast_ref::<X11Surface>() {
                    transient_for(surface, *parent)?;
                }
            }
            Parent::Wayland(handle) => {
                if let Some(toplevel) = surface.downcast_ref::<WaylandToplevel>() {
                    // False: the compositor has no xdg-foreign.
                    toplevel.set_transient_for_exported(handle);
                }
            }
        }
        Ok(())
    }
}

/// GTK offers this only for windows of its own, but a property may be set by anybody.
fn transient_for(surface: &X11Surface, parent: u32) -> Result<(), ParentError> {
    let display = surface.display();
    // The window must be there before another connection speaks of it.
    display.sync();
    let Some(display) = display.downcast_ref::<X11Display>() else {
        return Ok(());
    };
    let Ok(window) = u32::try_from(surface.xid()) else {
        return Ok(());
    };
    let (server, _) = x11rb::connect(Some(&display.name()))?;
    server
        .change_property32(
            PropMode::REPLACE,
            window,
            AtomEnum::WM_TRANSIENT_FOR,
            AtomEnum::WINDOW,
            &[parent],
        )
        .map_err(ReplyError::from)?
        .check()?;
    Ok(())
}

fn x11(hex: &str) -> Option<u32> {
    let digits = (1..=8).contains(&hex.len()) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let window = digits.then(|| u32::from_str_radix(hex, 16).ok()).flatten();
    window.filter(|window| *window != 0)
}

fn is_handle(handle: &str) -> bool {
    (1..=LONGEST_HANDLE).contains(&handle.len()) && handle.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_read_as_portals_write_them() {
        assert_eq!(Parent::parse("x11:3a00007"), Parent::X11(0x3a0_0007));
        let handle = "wayland:2f4c1d1e-0b0c-4c1c-9d1a-2f4c1d1e0b0c";
        assert_eq!(
            Parent::parse(handle),
            Parent::Wayland(handle["wayland:".len()..].to_owned())
        );
        assert_eq!(Parent::parse(""), Parent::None);
    }

    #[test]
    fn whatever_is_no_handle_belongs_nowhere() {
        let long = format!("wayland:{}", "x".repeat(LONGEST_HANDLE + 1));
        for text in [
            "x11:",
            "x11:0",
            "x11:-1",
            "x11:+1",
            "x11:0x12",
            "x11:123456789",
            "x11:zz",
            "wayland:",
            "wayland:a b",
            "wayland:\u{1b}",
            &long,
            "tty:/dev/pts/1",
            "mir:1",
            "42",
        ] {
            assert_eq!(Parent::parse(text), Parent::None, "{text}");
        }
    }
}
