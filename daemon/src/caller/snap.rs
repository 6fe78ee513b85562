//! Snap: whether the security label and the control group of a process name the same app of a snap.
//! Serves design §5 (`Sandboxed`).
//!
//! The label can only be entered through root's programs and confines whoever bears it. The control
//! group alone is no proof: a person's systemd gives a scope any name.

use std::io::{self, ErrorKind};

use super::look::{Failed, Look};
use super::peer::Peer;
use super::{Evidence, Origin, unit};

/// Where a process's label is: AppArmor's own place, and the one it shares with others.
const LABELS: [&str; 2] = ["attr/apparmor/current", "attr/current"];

/// What `peer` is.
///
/// # Errors
/// It cannot be told whether it has a label.
pub(super) fn look(peer: &Peer) -> Result<Look, Failed> {
    let label = label(peer).map_err(|error| Failed(format!("its security label: {error}")))?;
    let cgroup = peer.read("cgroup");
    let cgroup = cgroup.map_err(|error| Failed(format!("its control group: {error}")))?;
    Ok(judge(label.as_deref(), &cgroup))
}

/// The app that the label of `peer` names. A process may hide, but not its label.
pub(super) fn confined_as(peer: &Peer) -> Option<String> {
    named_by(label(peer).ok().flatten()?.as_str())
}

/// `snap.vault.vault (enforce)` → `vault_vault`, and nothing for what is no app: a hook is confined too.
fn named_by(label: &str) -> Option<String> {
    let label = label.trim_end_matches(['\0', '\n']);
    let confined = label.strip_prefix("snap.")?.strip_suffix(" (enforce)")?;
    let name = app(confined).map(|(snap, app)| format!("{snap}_{app}"));
    Some(name.unwrap_or_default())
}

/// `None` where nothing gives labels to processes.
fn label(peer: &Peer) -> io::Result<Option<String>> {
    for name in LABELS {
        match peer.read(name) {
            Ok(label) => return Ok(Some(label)),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn is_absent(error: &io::Error) -> bool {
    // EINVAL: the kernel has the file, and no security module that fills it.
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::Unsupported
    )
}

/// What follows from the label, as in `snap.vault.vault (enforce)`, and from `/proc/PID/cgroup`.
fn judge(label: Option<&str>, cgroup: &str) -> Look {
    let label = label.map(|label| label.trim_end_matches(['\0', '\n']));
    let doubted = |why| match label.and_then(named_by) {
        Some(name) => Look::unverified_in(name, why),
        None => Look::unverified(why),
    };
    let labelled = label.and_then(|label| label.strip_prefix("snap."));
    let grouped = unit::of(cgroup).and_then(|unit| unit.strip_prefix("snap."));
    let (labelled, grouped) = match (labelled, grouped) {
        (None, None) => return Look::AnotherKind,
        (None, Some(_)) => {
            return Look::unverified("its control group is a snap's, its security label is not");
        }
        (Some(_), None) => {
            return doubted("its security label is a snap's, its control group is not");
        }
        (Some(labelled), Some(grouped)) => (labelled, grouped),
    };
    let Some(confined) = labelled.strip_suffix(" (enforce)") else {
        return Look::unverified("its snap is not confined");
    };
    match app(confined) {
        Some((snap, app)) if is_unit_of(grouped, snap, app) => Look::Found(Evidence::Sandboxed {
            app_id: format!("{snap}_{app}"),
            origin: Origin::Snap,
        }),
        _ => doubted("its security label and its control group name different snaps"),
    }
}

/// `NAME.APP` → both. Hooks (`NAME.hook.configure`) are no apps.
fn app(label: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !name.is_empty() && name.bytes().all(allowed)
    };
    let (snap, app) = label.split_once('.')?;
    (is_name(snap) && is_name(app)).then_some((snap, app))
}

/// Whether `NAME.APP-UUID.scope`, `NAME.APP.UUID.scope` or `NAME.APP.service` is of this app.
fn is_unit_of(unit: &str, snap: &str, app: &str) -> bool {
    let rest = unit
        .strip_prefix(snap)
        .and_then(|rest| rest.strip_prefix('.'));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(app)) else {
        return false;
    };
    let is_uuid = |text: &str| uuid::Uuid::try_parse(text).is_ok();
    match rest.strip_suffix(".scope") {
        Some(run) => run.strip_prefix(['-', '.']).is_some_and(is_uuid),
        None => rest == ".service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "snap.vault.vault-d3c8a3e5-4a3f-4b1c-9f0e-6a5b7c8d9e0f.scope";

    fn judged(label: Option<&str>, unit: &str) -> Look {
        judge(label, &format!("0::/user.slice/app.slice/{unit}\n"))
    }

    fn sandboxed(app_id: &str) -> Look {
        Look::Found(Evidence::Sandboxed {
            app_id: app_id.to_owned(),
            origin: Origin::Snap,
        })
    }

    #[test]
    fn a_snap_is_what_its_label_and_its_control_group_agree_on() {
        let label = Some("snap.vault.vault (enforce)\n");
        assert_eq!(judged(label, SCOPE), sandboxed("vault_vault"));
        let older = "snap.vault.vault.d3c8a3e5-4a3f-4b1c-9f0e-6a5b7c8d9e0f.scope";
        assert_eq!(judged(label, older), sandboxed("vault_vault"));
        assert_eq!(
            judged(label, "snap.vault.vault.service"),
            sandboxed("vault_vault")
        );
        let agent = Some("snap.vault_x.ssh-agent (enforce)");
        assert_eq!(
            judged(agent, "snap.vault_x.ssh-agent.service"),
            sandboxed("vault_x_ssh-agent")
        );
    }

    #[test]
    fn what_only_one_of_them_says_or_both_say_differently_is_a_claim() {
        for (label, unit) in [
            (None, SCOPE),
            (Some("unconfined\n"), SCOPE),
            (Some("firefox (enforce)"), SCOPE),
            (Some("snap.vault.vault (enforce)"), "session-2.scope"),
            (Some("snap.vault.vault (complain)"), SCOPE),
            (Some("snap.vault.vault"), SCOPE),
            (Some("snap.other.vault (enforce)"), SCOPE),
            (Some("snap.vault.other (enforce)"), SCOPE),
            (Some("snap.vault.vau (enforce)"), SCOPE),
            (Some("snap.vault.hook.configure (enforce)"), SCOPE),
            (
                Some("snap.vault.vault (enforce)"),
                "snap.vault.vault-x.scope",
            ),
        ] {
            let found = judged(label, unit);
            let is_claim = matches!(found, Look::Found(Evidence::Unverified { .. }));
            assert!(is_claim, "{label:?} in {unit}: {found:?}");
        }
    }

    #[test]
    fn whoever_bears_the_label_of_a_snap_is_none_of_another_even_where_that_is_all_there_is() {
        let named = |label| named_by(label);
        assert_eq!(
            named("snap.vault.vault (enforce)\n").as_deref(),
            Some("vault_vault")
        );
        assert_eq!(
            named("snap.vault.hook.configure (enforce)").as_deref(),
            Some("")
        );
        for label in ["snap.vault.vault (complain)", "unconfined\n", ""] {
            assert_eq!(named(label), None);
        }
        for unit in ["session-2.scope", "snap.other.vault.service"] {
            let Look::Found(doubted) = judged(Some("snap.vault.vault (enforce)"), unit) else {
                panic!("{unit}: a label is of a kind");
            };
            assert_eq!(doubted.identity("org.keepassxc.KeePassXC"), None);
            assert!(doubted.identity("vault_vault").is_some());
        }
    }

    #[test]
    fn what_neither_says_is_no_snap() {
        for label in [None, Some("unconfined\n"), Some("")] {
            assert_eq!(judged(label, "session-2.scope"), Look::AnotherKind);
        }
    }
}
