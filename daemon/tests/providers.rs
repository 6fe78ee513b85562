//! Real directories with real, broken and hostile desktop entries. Serves design §6.

#![allow(clippy::unwrap_used, clippy::panic)] // A failure in the scaffold is a failed test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credex_protocol::Reason;
use credex_protocol::wire::Counts;
use credexd::providers::{Catalogue, Directories, Importer, Origin, Providers, to_info};
use tempfile::TempDir;

/// A person's directory and two of the system, empty.
struct Desk {
    root: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk {
            root: TempDir::new().unwrap(),
        };
        for place in ["user", "system", "more"] {
            fs::create_dir(desk.place(place)).unwrap();
        }
        desk
    }

    fn place(&self, place: &str) -> PathBuf {
        self.root.path().join(place)
    }

    fn directories(&self) -> Directories {
        Directories {
            user: vec![self.place("user")],
            system: vec![self.place("system"), self.place("more")],
            locales: vec![],
            search_path: "/usr/bin:/bin".into(),
        }
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.place(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn catalogue(&self) -> Catalogue {
        Catalogue::read(&self.directories())
    }
}

fn importer(name: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName={name}\nExec=sh\n\
         Implements=org.credex.Importer1;\n[org.credex.Importer1]\nFormatVersions=1.0;\n"
    )
}

fn exporter(providers: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Application\nName=E\nExec=sh\nImplements=org.credex.Exporter1;\n\
         [org.credex.Exporter1]\nProviders={providers}\n"
    )
}

fn ids(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.importers().map(|i| i.id.as_str()).collect()
}

#[track_caller]
fn only(catalogue: &Catalogue) -> &Importer {
    let importers: Vec<_> = catalogue.importers().collect();
    let problems: Vec<_> = catalogue.problems().collect();
    assert_eq!(importers.len(), 1, "{importers:?}, problems: {problems:?}");
    importers[0]
}

#[track_caller]
fn only_problem<'a>(catalogue: &'a Catalogue, path: &Path) -> &'a str {
    let problems: Vec<_> = catalogue.problems().collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems[0];
    let named = problem.strip_prefix(&format!("{}: ", path.display()));
    named.unwrap_or_else(|| panic!("{problem} does not begin with {}", path.display()))
}

fn versions(list: &[&str]) -> Vec<String> {
    list.iter().map(|version| (*version).to_owned()).collect()
}

#[test]
fn an_entry_in_a_subdirectory_is_known_by_its_path_with_dashes() {
    let desk = Desk::new();
    desk.write("system/kde/org.k.Vault.desktop", &importer("Vault"));
    desk.write("system/notes.txt", &importer("No entry"));
    assert_eq!(ids(&desk.catalogue()), ["kde-org.k.Vault"]);
}

#[test]
fn an_entry_of_the_system_wins_over_the_persons_own_and_the_conflict_is_told() {
    let desk = Desk::new();
    desk.write("system/org.k.Vault.desktop", &importer("Vault"));
    let shadow = desk.write("user/org.k.Vault.desktop", &importer("Trap"));
    let catalogue = desk.catalogue();
    let vault = only(&catalogue);
    assert_eq!(
        (vault.name.as_str(), vault.origin),
        ("Vault", Origin::System)
    );
    let conflict = vault.conflict.as_deref().unwrap();
    assert!(conflict.contains(shadow.to_str().unwrap()), "{conflict}");
}

#[test]
fn a_file_at_home_cannot_hide_what_is_installed_for_everybody() {
    for hiding in ["Hidden=true", "NoDisplay=true"] {
        let desk = Desk::new();
        desk.write("system/org.k.Vault.desktop", &importer("Vault"));
        let text = format!("[Desktop Entry]\nType=Application\n{hiding}\n");
        desk.write("user/org.k.Vault.desktop", &text);
        let catalogue = desk.catalogue();
        assert!(only(&catalogue).conflict.is_some(), "{hiding}");
    }
}

#[test]
fn a_file_at_home_cannot_make_an_importer_of_an_app_that_is_none() {
    let desk = Desk::new();
    let text = "[Desktop Entry]\nType=Application\nName=Old Vault\nExec=sh\n";
    desk.write("system/org.k.Vault.desktop", text);
    let shadow = desk.write("user/org.k.Vault.desktop", &importer("Vault"));
    let catalogue = desk.catalogue();
    assert!(ids(&catalogue).is_empty());
    assert!(only_problem(&catalogue, &shadow).contains("is not used"));
}

#[test]
fn a_broken_entry_of_the_system_is_not_replaced_by_one_at_home() {
    let desk = Desk::new();
    let broken = desk.write(
        "system/org.k.Vault.desktop",
        &importer("Vault").replace("Exec=sh", "Exec=sh; id"),
    );
    desk.write("user/org.k.Vault.desktop", &importer("Trap"));
    let catalogue = desk.catalogue();
    assert!(ids(&catalogue).is_empty());
    let problem = only_problem(&catalogue, &broken);
    assert!(
        problem.starts_with("key Exec of [Desktop Entry]: ';' is reserved"),
        "{problem}"
    );
}

#[test]
fn of_two_entries_of_the_system_the_earlier_wins_without_ado() {
    let desk = Desk::new();
    desk.write("system/org.k.Vault.desktop", &importer("First"));
    desk.write("more/org.k.Vault.desktop", &importer("Second"));
    let catalogue = desk.catalogue();
    assert_eq!(only(&catalogue).name, "First");
    assert_eq!(only(&catalogue).conflict, None);
}

#[test]
fn an_app_of_the_person_that_borrows_a_name_is_marked() {
    let desk = Desk::new();
    desk.write("system/org.k.Vault.desktop", &importer("Vault"));
    desk.write("user/org.evil.Vault.desktop", &importer("vault "));
    let catalogue = desk.catalogue();
    assert_eq!(ids(&catalogue), ["org.k.Vault", "org.evil.Vault"]);
    assert_eq!(catalogue.importer("org.k.Vault").unwrap().conflict, None);
    let conflict = &catalogue.importer("org.evil.Vault").unwrap().conflict;
    assert!(conflict.as_deref().unwrap().contains("org.k.Vault"));
}

#[test]
fn an_app_whose_program_is_not_installed_is_not_offered() {
    let desk = Desk::new();
    let missing = desk.place("bin-vault");
    let text = format!("TryExec={}\nExec=sh", missing.display());
    desk.write("system/a.desktop", &importer("A").replace("Exec=sh", &text));
    let catalogue = desk.catalogue();
    assert!(ids(&catalogue).is_empty());
    symlink("/bin/sh", &missing).unwrap();
    assert_eq!(ids(&catalogue), ["a"]);
}

#[test]
fn a_broken_entry_is_told_and_hurts_no_other() {
    let desk = Desk::new();
    desk.write("system/good.desktop", &importer("Good"));
    let bad = desk.write(
        "system/bad.desktop",
        &importer("Bad").replace("Exec=sh", "Exec"),
    );
    let catalogue = desk.catalogue();
    assert_eq!(ids(&catalogue), ["good"]);
    assert!(only_problem(&catalogue, &bad).starts_with("line 4: "));
}

#[test]
fn a_broken_entry_that_is_none_of_our_business_is_not_told() {
    let desk = Desk::new();
    desk.write("system/other.desktop", "rubbish\n[\n");
    assert_eq!(desk.catalogue().problems().next(), None);
}

#[test]
fn a_huge_entry_is_refused() {
    let desk = Desk::new();
    desk.write("system/good.desktop", &importer("Good"));
    let huge = desk.write("user/huge.desktop", &importer(&"x".repeat(70_000)));
    let catalogue = desk.catalogue();
    assert_eq!(ids(&catalogue), ["good"]);
    assert!(only_problem(&catalogue, &huge).contains("larger than 65536"));
}

#[test]
fn an_entry_that_is_no_text_is_refused() {
    let desk = Desk::new();
    let odd = desk.write("user/odd.desktop", &importer("O\0dd"));
    assert!(only_problem(&desk.catalogue(), &odd).contains("UTF-8 text without NUL"));
}

#[test]
fn a_fifo_in_the_guise_of_an_entry_hangs_nobody() {
    let desk = Desk::new();
    desk.write("system/good.desktop", &importer("Good"));
    let fifo = desk.place("user/fifo.desktop");
    let mode = rustix::fs::Mode::from(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let catalogue = desk.catalogue();
    assert_eq!(ids(&catalogue), ["good"]);
    assert!(only_problem(&catalogue, &fifo).contains("no regular file"));
}

#[test]
fn links_are_followed_and_loops_of_directories_are_walked_once() {
    let desk = Desk::new();
    let real = desk.write("app/vault.desktop", &importer("Vault"));
    symlink(real, desk.place("system/org.k.Vault.desktop")).unwrap();
    symlink(desk.place("user"), desk.place("user/again")).unwrap();
    let dangling = desk.place("user/dangling.desktop");
    symlink("/nowhere", &dangling).unwrap();
    let catalogue = desk.catalogue();
    assert_eq!(ids(&catalogue), ["org.k.Vault"]);
    only_problem(&catalogue, &dangling);
}

#[test]
fn directories_that_do_not_exist_are_no_problem() {
    let desk = Desk::new();
    fs::remove_dir(desk.place("user")).unwrap();
    assert_eq!(desk.catalogue().problems().next(), None);
}

#[test]
fn a_directory_without_end_is_left_at_some_point() {
    let desk = Desk::new();
    for number in 0..8200 {
        fs::write(desk.place(&format!("user/{number}.txt")), "").unwrap();
    }
    let catalogue = desk.catalogue();
    assert!(only_problem(&catalogue, &desk.place("user")).contains("more than 8192"));
}

#[test]
fn the_exporters_favourite_among_the_common_versions_is_taken() {
    let desk = Desk::new();
    let text = importer("Vault").replace("=1.0;", "=1.0;1.1;");
    desk.write("system/new.desktop", &text);
    desk.write("system/old.desktop", &importer("Old"));
    let catalogue = desk.catalogue();
    let chosen = catalogue
        .importers_for(&versions(&["2.0", "1.1", "1.0"]))
        .unwrap();
    let chosen: Vec<_> = chosen
        .iter()
        .map(|(i, v)| (i.id.as_str(), v.as_str()))
        .collect();
    assert_eq!(chosen, [("old", "1.0"), ("new", "1.1")]);
}

#[test]
fn no_importer_and_no_common_version_are_two_errors_that_name_the_versions() {
    let desk = Desk::new();
    let wanted = versions(&["2.0"]);
    let error = desk.catalogue().importers_for(&wanted).unwrap_err();
    assert_eq!(error.reason, Reason::NoImporter);
    assert!(error.message.contains("2.0"));
    desk.write("system/org.k.Vault.desktop", &importer("Vault"));
    let error = desk.catalogue().importers_for(&wanted).unwrap_err();
    assert_eq!(error.reason, Reason::NoCommonVersion);
    assert!(error.message.contains("2.0") && error.message.contains("org.k.Vault 1.0"));
}

#[test]
fn an_app_with_several_exporting_providers_must_name_one_of_them() {
    let desk = Desk::new();
    desk.write("system/two.desktop", &exporter("home;work;"));
    desk.write("system/one.desktop", &exporter("home;"));
    let catalogue = desk.catalogue();
    let provider = |app, wanted| {
        let result = catalogue.exporting_provider(app, wanted);
        result.map_err(|error| (error.reason, error.message))
    };
    let (reason, message) = provider("two", None).unwrap_err();
    assert_eq!(reason, Reason::ProviderRequired);
    assert!(message.ends_with("home, work"), "{message}");
    assert_eq!(provider("two", Some("work")), Ok(Some("work".into())));
    let (reason, message) = provider("two", Some("play")).unwrap_err();
    assert_eq!(reason, Reason::UnknownProvider);
    assert!(message.contains("play") && message.contains("home, work"));
    assert_eq!(provider("one", None), Ok(Some("home".into())));
    assert_eq!(provider("none", None), Ok(None));
    assert_eq!(
        provider("none", Some("a")).unwrap_err().0,
        Reason::UnknownProvider
    );
}

#[test]
fn an_entry_at_home_gives_an_app_of_the_system_no_exporting_provider() {
    let desk = Desk::new();
    desk.write("system/one.desktop", &exporter("home;"));
    desk.write("user/one.desktop", &exporter("trap;"));
    let provider = desk.catalogue().exporting_provider("one", None).unwrap();
    assert_eq!(provider.as_deref(), Some("home"));
}

#[test]
fn an_entry_that_a_sandbox_exported_says_under_which_name() {
    let desk = Desk::new();
    for (id, line, confined_as) in [
        ("org.k.Flat", "X-Flatpak=org.k.Flat", Some("org.k.Flat")),
        (
            "vault_vault",
            "X-SnapInstanceName=vault",
            Some("vault_vault"),
        ),
        ("org.k.Free", "X-Other=org.k.Free", None),
    ] {
        let named = format!("Name={id}\n{line}");
        let text = importer(id).replace(&format!("Name={id}"), &named);
        desk.write(&format!("system/{id}.desktop"), &text);
        let catalogue = desk.catalogue();
        let found = catalogue.importer(id).unwrap().confined_as.as_deref();
        assert_eq!(found, confined_as);
    }
}

#[test]
fn the_person_is_told_what_an_importer_will_not_take() {
    let desk = Desk::new();
    let text = importer("Vault") + "CredentialTypes=totp;basic-auth;\n";
    desk.write("system/org.k.Vault.desktop", &text);
    let counts = Counts::from([("totp".into(), 2), ("passkey".into(), 1)]);
    let info = to_info(only(&desk.catalogue()), &counts);
    assert_eq!(info.will_not_take.unwrap(), ["passkey"]);
    assert_eq!(info.credential_types.unwrap(), ["basic-auth", "totp"]);
    assert_eq!(info.origin.unwrap(), "system");
}

#[test]
fn the_entries_are_read_again_after_any_change_and_only_then() {
    let desk = Desk::new();
    fs::remove_dir(desk.place("user")).unwrap();
    let providers = Providers::open(desk.directories());
    let mut latest = providers.catalogue();
    let mut changed = |what: &str, expected: &[&str]| {
        let before = std::mem::replace(&mut latest, providers.catalogue());
        assert!(!Arc::ptr_eq(&before, &latest), "{what}");
        assert_eq!(ids(&latest), expected, "{what}");
        assert!(Arc::ptr_eq(&latest, &providers.catalogue()), "{what}");
    };

    let path = desk.write("user/sub/a.desktop", &importer("A"));
    changed("a directory and a file that were not there", &["sub-a"]);
    fs::write(&path, importer("Longer")).unwrap();
    changed("a file written in place", &["sub-a"]);

    let version = desk.write("app/2/b.desktop", &importer("B"));
    desk.write("app/1/b.desktop", "[Desktop Entry]\n");
    symlink(desk.place("app/1"), desk.place("app/current")).unwrap();
    let target = desk.place("app/current/b.desktop");
    symlink(target, desk.place("system/b.desktop")).unwrap();
    changed("a link, as Flatpak makes it", &["sub-a"]);
    fs::remove_file(desk.place("app/current")).unwrap();
    symlink(version.parent().unwrap(), desk.place("app/current")).unwrap();
    changed("another version behind the link", &["b", "sub-a"]);

    fs::remove_file(path).unwrap();
    changed("a file taken away", &["b"]);
}
