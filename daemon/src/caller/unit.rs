//! What the name of a systemd unit says about an app. Pure. Anybody may give a unit of their own any
//! name, so it only ever speaks against somebody. Serves design §5, and "Desktop Environments" of
//! systemd's documentation for the names.

/// The unit that `/proc/PID/cgroup` ends in, in the unified hierarchy or in systemd's own.
pub(crate) fn of(cgroup: &str) -> Option<&str> {
    let paths = |prefix: &'static str| {
        cgroup
            .lines()
            .filter_map(move |line| line.strip_prefix(prefix))
    };
    let named = cgroup
        .lines()
        .filter_map(|line| line.split_once(":name=systemd:"));
    let mut candidates = paths("0::").chain(named.map(|(_, path)| path));
    candidates.find_map(|path| {
        let is_unit = |part: &&str| part.ends_with(".scope") || part.ends_with(".service");
        path.rsplit('/').find(is_unit)
    })
}

/// The app that Flatpak's own scope is named after, as in `app-flatpak-org.a.Vault-17.scope`.
pub(super) fn flatpak_app(cgroup: &str) -> Option<String> {
    let name = of(cgroup)?.strip_prefix("app-flatpak-")?;
    let (escaped, _) = name.strip_suffix(".scope")?.rsplit_once('-')?;
    Some(unescape(escaped))
}

/// Whether the process is in a unit of some app, and that is none of `app_ids`.
pub(crate) fn names_another(cgroup: &str, app_ids: &[String]) -> bool {
    let Some(name) = of(cgroup).and_then(|unit| unit.strip_prefix("app-")) else {
        return false;
    };
    let is_of = |app_id: &String| possible_apps(name).any(|escaped| unescape(escaped) == *app_id);
    !app_ids.iter().any(is_of)
}

/// What in `[LAUNCHER-]APP[@…].service` or `[LAUNCHER-]APP-RANDOM.scope` can be the app.
fn possible_apps(name: &str) -> impl Iterator<Item = &str> {
    let body = match (name.strip_suffix(".service"), name.strip_suffix(".scope")) {
        (Some(service), _) => service.split_once('@').map_or(service, |(app, _)| app),
        (_, Some(scope)) => scope.rsplit_once('-').map_or(scope, |(app, _)| app),
        _ => "",
    };
    let without_launcher = body.split_once('-').map(|(_, app)| app);
    std::iter::once(body).chain(without_launcher)
}

/// Undoes systemd's `\x2d`.
fn unescape(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend(before.bytes());
        match after
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok())
        {
            Some(byte) => bytes.push(byte),
            None => return name.to_owned(),
        }
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(unit: &str) -> String {
        format!("0::/user.slice/user-1000.slice/user@1000.service/app.slice/{unit}\n")
    }

    #[test]
    fn the_last_unit_of_the_path_is_the_one() {
        assert_eq!(of(&group("a.service/inner")), Some("a.service"));
        assert_eq!(of("0::/\n"), None);
        assert_eq!(of("9:name=systemd:/x/b.scope\n0::/\n"), Some("b.scope"));
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_scope_of_flatpaks_names_its_app() {
        let app = |unit: &str| flatpak_app(&group(unit));
        assert_eq!(
            app("app-flatpak-org.a.Vault-17.scope").as_deref(),
            Some("org.a.Vault")
        );
        let escaped = "app-flatpak-org.a.My\\x2dVault-17.scope";
        assert_eq!(app(escaped).as_deref(), Some("org.a.My-Vault"));
        assert_eq!(app("app-gnome-org.a.Vault-17.scope"), None);
        assert_eq!(app("session-2.scope"), None);
    }

    #[test]
    fn a_unit_of_an_app_speaks_against_every_other() {
        let ids = ["org.a.Vault".to_owned(), "my-vault".to_owned()];
        for (unit, another) in [
            ("app-org.a.Vault-17.scope", false),
            ("app-gnome-org.a.Vault-17.scope", false),
            ("app-org.a.Vault@autostart.service", false),
            ("app-gnome-org.a.Vault@17.service", false),
            ("app-org.a.Vault.service", false),
            ("app-gnome-my\\x2dvault-17.scope", false),
            ("app-org.b.Vault-17.scope", true),
            ("app-gnome-org.b.Vault-17.scope", true),
            ("app-org.a.Vault-org.b.Vault-17.scope", true),
            ("app-org.a.Vaults.service", true),
            ("vte-spawn-17.scope", false),
            ("session-2.scope", false),
        ] {
            assert_eq!(names_another(&group(unit), &ids), another, "{unit}");
        }
    }
}
