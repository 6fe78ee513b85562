//! Which icon stands for an app. Serves design §5: a stranger's name is a claim, and so is a picture.

use credex_chooser::model::{App, Assurance, Importer, Origin};
use gtk::gdk::Display;

/// For an app whose own icon is not shown: it has none, or it is a mere claim who it is.
const ANY_APP: &str = "application-x-executable-symbolic";

/// The icon of who asks. A desktop entry names its icon after itself, and a sandbox insists on it.
pub(crate) fn asking(app: &App) -> String {
    match app.assurance {
        Assurance::Unverified => ANY_APP.to_owned(),
        _ => of_theme(&app.id),
    }
}

/// The icon of who may receive.
pub(crate) fn importer(importer: &Importer) -> String {
    match (importer.origin, &importer.icon) {
        (Origin::Running, _) | (_, None) => ANY_APP.to_owned(),
        (_, Some(name)) => of_theme(name),
    }
}

/// `name` if the icon theme has it; never a path, which could be any file.
fn of_theme(name: &str) -> String {
    let there = || {
        let display = Display::default();
        display.is_some_and(|display| gtk::IconTheme::for_display(&display).has_icon(name))
    };
    match is_icon_name(name) && there() {
        true => name.to_owned(),
        false => ANY_APP.to_owned(),
    }
}

fn is_icon_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=255).contains(&name.len()) && !name.starts_with('.') && name.chars().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_icon_is_named_and_never_a_file() {
        for name in ["org.keepassxc.KeePassXC", "bitwarden", "a_b-c.2"] {
            assert!(is_icon_name(name), "{name}");
        }
        let long = "a".repeat(256);
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/b",
            "a b",
            "а",
            "file:x",
            &long,
        ] {
            assert!(!is_icon_name(name), "{name}");
        }
    }
}
