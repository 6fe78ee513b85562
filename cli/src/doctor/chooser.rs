//! Who asks the person: the programs, and whether they would have a display or a terminal to ask at.

use std::path::{Path, PathBuf};

use credexd::config::Config;
use rustix::fs::{Access, access};
use zbus::zvariant::ObjectPath;

use super::activation::Entry;
use super::bus::Bus;
use super::finding::Finding;
use super::unit::SYSTEMD;
use crate::terminal;

const PART: &str = "chooser";
const MISSING: &str =
    "install the whole of Credex, or name another in [chooser] of credexd.conf(5)";
const DISPLAYS: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];

pub(super) async fn examine(bus: &Bus, settings: &Config, entry: Option<&Entry>) -> Vec<Finding> {
    let beside = |name| Some(entry?.program.parent()?.join(name));
    let configured = |words: &Vec<String>| words.first().map(PathBuf::from);
    let window = match &settings.chooser.graphical {
        Some(words) => configured(words),
        None => beside("credex-chooser-gtk").filter(|program| program.exists()),
    };
    let terminal = settings.chooser.terminal.as_ref();
    let terminal = terminal.map_or_else(|| beside("credex-chooser"), configured);
    vec![in_terminal(terminal), in_window(bus, window).await]
}

fn in_terminal(program: Option<PathBuf>) -> Finding {
    let Some(program) = program else {
        return Finding::note(
            PART,
            "where the service lies is not known, so neither is what asks the person",
        );
    };
    match access(&program, Access::EXEC_OK) {
        Ok(()) => Finding::good(PART, format!("{} asks in a terminal", program.display())),
        Err(error) => Finding::bad(
            PART,
            format!("{} cannot be started: {error}", program.display()),
        )
        .advise(MISSING),
    }
}

async fn in_window(bus: &Bus, program: Option<PathBuf>) -> Finding {
    match (program, has_display(|name| std::env::var(name).ok())) {
        (Some(window), _) if access(&window, Access::EXEC_OK).is_err() => {
            Finding::bad(PART, format!("{} cannot be started", window.display())).advise(MISSING)
        }
        (Some(window), true) => in_sight(bus, &window).await,
        (Some(window), false) => {
            let message = format!(
                "{} asks in a window, and there is no display here{}",
                window.display(),
                else_where()
            );
            Finding::note(PART, message)
        }
        (None, true) => Finding::note(
            PART,
            "there is a display, but nothing that asks in a window",
        )
        .advise(
            "`sudo apt install libgtk-4-dev libadwaita-1-dev`, then pack and install Credex anew",
        ),
        (None, false) if terminal::name().is_none() => {
            let message = format!("there is no display here{}", else_where());
            Finding::note(PART, message)
                .advise("run this where you want to be asked: in a terminal, or in the session")
        }
        (None, false) => Finding::good(PART, format!("there is no display here{}", else_where())),
    }
}

fn else_where() -> &'static str {
    match terminal::name() {
        Some(_) => "; exports from this terminal are asked about here",
        None => ", and no terminal either",
    }
}

/// The service has the environment of systemd or of the bus, not ours.
async fn in_sight(bus: &Bus, window: &Path) -> Finding {
    let told = format!("{} asks in a window", window.display());
    match environment(bus).await {
        Some(theirs) if !has_display(|name| theirs.iter().find_map(|set| value_of(set, name))) => {
            Finding::note(
                PART,
                format!("{told}, but the service is not told of the display"),
            )
            .advise(
                "`dbus-update-activation-environment --systemd DISPLAY WAYLAND_DISPLAY XAUTHORITY`",
            )
        }
        _ => Finding::good(PART, told),
    }
}

/// What systemd gives to what it starts; `None` without systemd.
async fn environment(bus: &Bus) -> Option<Vec<String>> {
    if !bus.owns(SYSTEMD).await {
        return None;
    }
    let path = ObjectPath::from_static_str_unchecked("/org/freedesktop/systemd1");
    let manager = bus.properties(SYSTEMD, &path, "org.freedesktop.systemd1.Manager");
    let mut manager = manager.await.ok()?;
    manager.remove("Environment")?.try_into().ok()
}

fn value_of(set: &str, name: &str) -> Option<String> {
    Some(set.strip_prefix(name)?.strip_prefix('=')?.to_owned())
}

fn has_display(variable: impl Fn(&str) -> Option<String>) -> bool {
    DISPLAYS
        .iter()
        .any(|name| variable(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_is_one_that_has_a_name() {
        let set = ["DISPLAY=", "WAYLAND_DISPLAY_X=1", "HOME=/"];
        let find = |name: &str| set.iter().find_map(|set| value_of(set, name));
        assert!(!has_display(find));
        assert!(has_display(|name| value_of(
            "WAYLAND_DISPLAY=wayland-0",
            name
        )));
    }
}
