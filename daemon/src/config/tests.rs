//! Files in real directories, and what comes of them.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::sources::{Author, Source};
use super::*;
use crate::caller::Assurance;
use crate::policy::{Action, Verdict};

/// Directories of our own in the places of the real ones.
struct Machine {
    root: TempDir,
    places: Places,
}

const VENDOR: &str = "usr/lib/credex/credexd.conf";
const ADMIN: &str = "etc/credex/credexd.conf";
const PERSON: &str = "home/.config/credex/credexd.conf";

impl Machine {
    fn new(files: &[(&str, &str)]) -> Machine {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let owner = rustix::process::getuid().as_raw();
        let places = Places {
            system: vec![at("etc/credex"), at("usr/lib/credex")],
            system_owner: owner,
            person: Some(at("home/.config/credex")),
            person_owner: owner,
        };
        let machine = Machine { root, places };
        for (path, text) in files {
            std::fs::write(machine.at(path), text).unwrap();
            let ours_alone = Permissions::from_mode(0o644);
            std::fs::set_permissions(machine.at(path), ours_alone).unwrap();
        }
        machine
    }

    /// Where `path` is, of which the directory exists.
    fn at(&self, path: &str) -> PathBuf {
        let path = self.root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        Config::load_from(&self.places)
    }

    #[track_caller]
    fn config(&self) -> Config {
        self.load().unwrap().config
    }

    /// The error, which must contain all of `parts`.
    #[track_caller]
    fn fails_with(&self, parts: &[&str]) {
        let error = self.load().unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} is missing in: {error}");
        }
    }
}

fn drop_in(of: &str, name: &str) -> String {
    format!("{of}.d/{name}")
}

fn limits(machine: &Machine) -> Limits {
    machine.config().limits
}

#[test]
fn without_a_file_everything_is_the_default() {
    let loaded = Machine::new(&[]).load().unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.warnings.is_empty());
    let offline = Places {
        person: None,
        ..Machine::new(&[]).places
    };
    assert_eq!(
        Config::load_from(&offline).unwrap().config,
        Config::default()
    );
}

#[test]
fn the_documented_values_are_the_defaults() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (documented, _) = rest.split_once("```").unwrap();
    let machine = Machine::new(&[(ADMIN, documented)]);
    assert_eq!(machine.config().limits, Limits::default());
    let mut config = machine.config();
    (config.policy, config.files) = (Config::default().policy, Vec::new());
    assert_eq!(config, Config::default());
    let keys = documented.lines().filter(|line| line.contains(" = "));
    assert_eq!(keys.count(), 24, "every key is documented");
    for action in Action::ALL {
        let verdict = machine
            .config()
            .policy
            .judge(action, "", Assurance::Unverified);
        assert_eq!(verdict, Verdict::Allowed);
    }
}

#[test]
fn the_documented_rules_say_what_they_are_said_to_say() {
    let readme = include_str!("../../README.md");
    let mut blocks = readme.split("```toml\n").skip(2);
    let mut next = || {
        blocks
            .next()
            .unwrap()
            .split_once("```")
            .unwrap()
            .0
            .to_owned()
    };
    let judged = |text: &str, app_id, level| {
        let policy = Machine::new(&[(ADMIN, text)]).config().policy;
        policy.judge(Action::Export, app_id, level) == Verdict::Allowed
    };
    let denies_some = next();
    assert!(!judged(
        &denies_some,
        "org.example.Vault",
        Assurance::Sandboxed
    ));
    assert!(!judged(
        &denies_some,
        "org.other.Vault",
        Assurance::Unverified
    ));
    assert!(judged(
        &denies_some,
        "org.other.Vault",
        Assurance::Installed
    ));
    let allows_some = next();
    assert!(judged(&allows_some, "com.corp.Vault", Assurance::Installed));
    assert!(!judged(
        &allows_some,
        "com.corp.Vault",
        Assurance::Unverified
    ));
    assert!(!judged(
        &allows_some,
        "org.other.Vault",
        Assurance::Sandboxed
    ));
}

#[test]
fn a_later_layer_wins_key_by_key() {
    let machine = Machine::new(&[
        (
            &drop_in(VENDOR, "50-a.conf"),
            "[limits]\npayload = 100\nexchanges = 10\n",
        ),
        (ADMIN, "[limits]\nexchanges = 40\ntoken_attempts = 4\n"),
        (&drop_in(ADMIN, "60-b.conf"), "[limits]\nexchanges = 20\n"),
        (PERSON, "[limits]\npayload = 50\n"),
    ]);
    let found = limits(&machine);
    assert_eq!(
        (
            found.payload,
            found.exchanges,
            found.token_attempts,
            found.exchanges_per_app
        ),
        (50, 20, 4, 8)
    );
}

#[test]
fn drop_ins_come_after_the_main_file_in_byte_order_wherever_they_are() {
    let set = |value: u32| format!("[limits]\nexchanges = {value}\n");
    let machine = Machine::new(&[
        (ADMIN, &set(1)),
        (&drop_in(VENDOR, "b.conf"), &set(2)),
        (&drop_in(ADMIN, "a.conf"), &set(3)),
        (&drop_in(ADMIN, "Z.conf"), &set(4)),
        (&drop_in(ADMIN, "c.conf~"), &set(5)),
        (&drop_in(ADMIN, ".c.conf"), &set(6)),
    ]);
    assert_eq!(limits(&machine).exchanges, 2);
    let files = machine.config().files;
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap()).collect();
    assert_eq!(names, ["credexd.conf", "Z.conf", "a.conf", "b.conf"]);
}

#[test]
fn a_file_of_the_administrator_masks_that_of_the_vendor() {
    let drop_ins = ["a.conf", "b.conf", "c.conf"].map(|name| drop_in(VENDOR, name));
    let mut files = vec![(VENDOR, "[limits]\npayload = 1\nexchanges = 1\n")];
    files.extend(
        drop_ins
            .iter()
            .map(|path| (path.as_str(), "[limits]\npayload = 2\n")),
    );
    files.push((ADMIN, "[limits]\npayload = 3\n"));
    let machine = Machine::new(&files);
    assert_eq!(
        limits(&machine).exchanges,
        64,
        "the vendor's main file is masked"
    );
    assert_eq!(limits(&machine).payload, 2, "the vendor's drop-ins are not");
    symlink("/dev/null", machine.at(&drop_in(ADMIN, "a.conf"))).unwrap();
    std::fs::write(machine.at(&drop_in(ADMIN, "b.conf")), "").unwrap();
    std::fs::write(
        machine.at(&drop_in(ADMIN, "c.conf")),
        "[limits]\nexchanges = 5\n",
    )
    .unwrap();
    assert_eq!(limits(&machine).payload, 3, "all are masked");
    assert_eq!(limits(&machine).exchanges, 5);
}

#[test]
fn a_masked_file_need_not_even_be_valid() {
    let machine = Machine::new(&[(VENDOR, "]"), (ADMIN, "")]);
    assert_eq!(machine.config().files, [machine.at(ADMIN)]);
}

#[test]
fn what_is_broken_is_named_with_file_line_and_key() {
    for (text, parts) in [
        ("[seconds]\noffer = 10\nofer = 20\n", ["line 3", "ofer"]),
        ("[seconds]\noffer = \"x\"\n", ["line 2", "offer"]),
        ("[limits]\npayload = -1\n", ["line 2", "payload"]),
        (
            "[limits]\nexchanges = 1\nexchanges = 2\n",
            ["line 3", "exchanges"],
        ),
        (
            "[seconds]\n\nchoose = 0\n",
            ["line 3", "seconds.choose must be at least 1"],
        ),
        (
            "[chooser]\nterminal = [\"x\"]\n",
            ["line 2", "chooser.terminal must begin"],
        ),
        (
            "[authentication]\nexport = \"never\"\n",
            ["line 2", "never"],
        ),
        ("[default]\nexprt = \"deny\"\n", ["line 2", "exprt"]),
        ("[default]\nexport = \"no\"\n", ["line 2", "export"]),
        ("[[rule]]\naction = \"export\"\n", ["line 1", "decision"]),
        (
            "[[rule]]\ndecision = \"deny\"\naction = \"exprt\"\n",
            ["line 3", "exprt"],
        ),
        (
            "\n[[rule]]\naction = \"export\"\ndecision = \"deny\"\napp = \"*\"\n",
            ["line 5", "rule.app must be"],
        ),
        (
            "[[rule]]\naction = \"export\"\ndecision = \"deny\"\nbelow = \"unverified\"\n",
            ["line 4", "rule.below must be one of installed"],
        ),
        (
            "[[rule]]\naction = \"export\"\ndecision = \"allow\"\nbelow = \"installed\"\n",
            ["line 4", "rule.below goes with"],
        ),
        (
            "[[rule]]\naction = \"export\"\ndecision = \"deny\"\nreason = \"a\\nb\"\n",
            ["line 4", "rule.reason must be a single line"],
        ),
        (
            "[[rule]]\naction = \"export\"\ndecision = \"deny\"\napps = \"org.a.App\"\n",
            ["line 4", "apps"],
        ),
        ("rule", ["line 1", "rule"]),
    ] {
        for file in [VENDOR, ADMIN, PERSON, &drop_in(PERSON, "a.conf")] {
            let machine = Machine::new(&[(file, text)]);
            machine.fails_with(&[file]);
            machine.fails_with(&parts);
        }
    }
}

#[test]
fn two_values_that_do_not_fit_together_are_named_with_their_places() {
    let machine = Machine::new(&[(ADMIN, "[seconds]\nextended = 200\n")]);
    let place = format!("{} line 2", machine.at(ADMIN).display());
    machine.fails_with(&[
        &format!("seconds.extended = 200 ({place})"),
        "seconds.offer = 300 (built in)",
    ]);
}

#[test]
fn the_person_may_shorten_the_whole_life_of_a_token_and_shortens_its_first_part_with_it() {
    let machine = Machine::new(&[(PERSON, "[seconds]\nextended = 200\n")]);
    let seconds = machine.config().seconds;
    assert_eq!((seconds.offer, seconds.extended), (200, 200));
}

#[test]
fn what_is_no_file_of_text_is_refused_in_bounded_time() {
    type Make = fn(&Path);
    let makes: [(Make, &str); 7] = [
        (
            |path| std::fs::create_dir(path).unwrap(),
            "is not a regular file",
        ),
        (|path| make_pipe(path), "is not a regular file"),
        (
            |path| symlink("/dev/zero", path).unwrap(),
            "is not a regular file",
        ),
        (|path| symlink("nowhere", path).unwrap(), "cannot read"),
        (|path| symlink(path, path).unwrap(), "cannot read"),
        (
            |path| std::fs::write(path, b"# one\n# \xff\n").unwrap(),
            "is not UTF-8 text in line 2",
        ),
        (
            |path| {
                std::fs::File::create(path)
                    .unwrap()
                    .set_len(1 << 30)
                    .unwrap()
            },
            "is longer than 262144 bytes",
        ),
    ];
    for (make, complaint) in makes {
        for file in [VENDOR, ADMIN, PERSON, &drop_in(ADMIN, "a.conf")] {
            let machine = Machine::new(&[]);
            make(&machine.at(file));
            machine.fails_with(&[file, complaint]);
        }
    }
}

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

#[test]
fn what_cannot_be_looked_into_is_an_error() {
    let machine = Machine::new(&[("etc/credex/credexd.conf.d", "")]);
    machine.fails_with(&["cannot read", "credexd.conf.d"]);
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    for file in [VENDOR, ADMIN, PERSON] {
        for mode in [0o664, 0o646] {
            let machine = Machine::new(&[(file, "")]);
            std::fs::set_permissions(machine.at(file), Permissions::from_mode(mode)).unwrap();
            machine.fails_with(&[file, "can be changed by others"]);
        }
    }
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    let us = rustix::process::getuid().as_raw();
    let mut machine = Machine::new(&[(ADMIN, "")]);
    machine.places.system_owner = us + 1;
    machine.fails_with(&[
        ADMIN,
        &format!("belongs to user {us}, and must belong to user {}", us + 1),
    ]);
    let mut machine = Machine::new(&[(PERSON, "")]);
    (machine.places.system_owner, machine.places.person_owner) = (us + 1, us + 2);
    machine.fails_with(&[PERSON, &format!("must belong to user {}", us + 2)]);
    machine.places.system_owner = us;
    machine.config();
}

#[test]
fn the_file_of_the_command_line_is_read_alone_and_must_exist() {
    let machine = Machine::new(&[("mine.conf", "[exporter]\ntold_destination = true\n")]);
    let file = machine.at("mine.conf");
    std::fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let loaded = Config::load(Some(&file)).unwrap();
    assert!(loaded.config.exporter.told_destination);
    assert_eq!(loaded.config.files, [file]);
    let error = Config::load(Some(&machine.at("other.conf")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("other.conf"), "{error}");
}

#[test]
fn the_person_can_tighten() {
    let machine = Machine::new(&[
        (
            ADMIN,
            "[authentication]\nexport = \"waived\"\n[seconds]\nidle = 0\n",
        ),
        (
            PERSON,
            "[authentication]\nexport = \"required\"\nwithout_polkit = \"refuse\"\n\
             [seconds]\noffer = 30\nidle = 90\n[web_credentials]\ndeveloper = true\n\
             [[rule]]\naction = \"export\"\ndecision = \"deny\"\napp = \"org.a.App\"\n",
        ),
    ]);
    let Loaded {
        config, warnings, ..
    } = machine.load().unwrap();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(config.authentication.export, ExportAuthentication::Required);
    assert_eq!(config.authentication.without_polkit, WithoutPolkit::Refuse);
    assert_eq!((config.seconds.offer, config.seconds.idle), (30, 90));
    assert!(
        config.web_credentials.developer,
        "no administrator said anything"
    );
    let verdict = config
        .policy
        .judge(Action::Export, "org.a.App", Assurance::Sandboxed);
    let rule = format!("{} line 9", machine.at(PERSON).display());
    assert_eq!(verdict, Verdict::Forbidden { rule, reason: None });
}

#[test]
fn what_the_person_tries_to_loosen_holds_and_each_attempt_is_told() {
    let machine = Machine::new(&[
        (
            ADMIN,
            "[limits]\npayload = 10\n[web_credentials]\ndeveloper = false\n[default]\nexport = \"deny\"\n\
             [[rule]]\naction = \"import\"\ndecision = \"deny\"\napp = \"org.a.*\"\nreason = \"No.\"\n",
        ),
        (
            PERSON,
            "[limits]\npayload = 11\n[seconds]\nidle = 0\n\
             [chooser]\nterminal = [\"/bin/yes\"]\ngraphical = [\"/bin/yes\"]\n\
             [authentication]\nexport = \"waived\"\n[exporter]\ntold_destination = true\n\
             [web_credentials]\ndeveloper = true\n[default]\nexport = \"allow\"\n\
             [[rule]]\naction = \"export\"\ndecision = \"allow\"\n\
             [[rule]]\naction = \"import\"\ndecision = \"allow\"\napp = \"org.a.App\"\n",
        ),
    ]);
    let Loaded {
        config, warnings, ..
    } = machine.load().unwrap();
    let administrators = Config::load(Some(&machine.at(ADMIN))).unwrap().config;
    assert_eq!(config.chooser, administrators.chooser);
    assert_eq!(is_looser(&config, &administrators), None);
    let (admin, person) = (machine.at(ADMIN), machine.at(PERSON));
    let expected = [
        (2, "limits.payload", Some(2)),
        (4, "seconds.idle", None),
        (7, "chooser.graphical", None),
        (6, "chooser.terminal", None),
        (9, "authentication.export", None),
        (11, "exporter.told_destination", None),
        (13, "web_credentials.developer", Some(4)),
        (15, "default.export", Some(6)),
        (16, "rule", Some(6)),
        (19, "rule", Some(7)),
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, (line, key, held)) in warnings.iter().zip(expected) {
        let told = format!("{} line {line}: ", person.display());
        assert!(
            warning.starts_with(&told) && warning.contains(key),
            "{key}: {warning}"
        );
        let held = held.map_or("built in".into(), |line| {
            format!("{} line {line}", admin.display())
        });
        assert!(warning.contains(&held), "{held}: {warning}");
    }
}

#[test]
fn the_person_can_undo_what_they_did_to_themselves_no_more_than_the_administrator() {
    let machine = Machine::new(&[
        (PERSON, "[limits]\npayload = 10\n"),
        (&drop_in(PERSON, "a.conf"), "[limits]\npayload = 20\n"),
    ]);
    let Loaded {
        config, warnings, ..
    } = machine.load().unwrap();
    assert_eq!(config.limits.payload, 10);
    assert!(
        warnings[0].contains("credexd.conf line 2 says"),
        "{warnings:?}"
    );
}

#[test]
fn the_verdict_names_file_and_line_of_the_rule_and_says_its_reason() {
    let rule = "[[rule]]\naction = \"import\"\ndecision = \"deny\"\nbelow = \"installed\"\n\
                reason = \"Ask the help desk.\"\n";
    let machine = Machine::new(&[(&drop_in(ADMIN, "corp.conf"), &format!("# ours\n\n{rule}"))]);
    let policy = machine.config().policy;
    let verdict = policy.judge(Action::Import, "org.a.App", Assurance::Unverified);
    let expected = Verdict::Forbidden {
        rule: format!(
            "{} line 3",
            machine.at(&drop_in(ADMIN, "corp.conf")).display()
        ),
        reason: Some("Ask the help desk.".into()),
    };
    assert_eq!(verdict, expected);
}

/// The first thing in which `config` is looser than `than`.
fn is_looser(config: &Config, than: &Config) -> Option<String> {
    let spans = |config: &Config| {
        let (limits, seconds) = (&config.limits, &config.seconds);
        let idle = seconds.idle.checked_sub(1).unwrap_or(u32::MAX);
        BTreeMap::from([
            ("payload", limits.payload),
            ("exchanges_per_app", limits.exchanges_per_app.into()),
            ("exchanges", limits.exchanges.into()),
            ("running_importers", limits.running_importers.into()),
            ("token_attempts", limits.token_attempts.into()),
            ("choose", seconds.choose.into()),
            ("deposit", seconds.deposit.into()),
            ("acknowledge", seconds.acknowledge.into()),
            ("offer", seconds.offer.into()),
            ("extended", seconds.extended.into()),
            ("receipt", seconds.receipt.into()),
            ("idle", idle.into()),
            ("told_destination", config.exporter.told_destination.into()),
            (
                "export",
                u64::from(config.authentication.export == ExportAuthentication::Waived),
            ),
            (
                "without_polkit",
                u64::from(config.authentication.without_polkit == WithoutPolkit::Ask),
            ),
        ])
    };
    let (ours, theirs) = (spans(config), spans(than));
    if let Some((key, _)) = ours.iter().find(|(key, value)| **value > theirs[*key]) {
        return Some((*key).to_owned());
    }
    if config.chooser != than.chooser {
        return Some("chooser".to_owned());
    }
    attempts().find_map(|(action, app_id, level)| {
        let judged = |config: &Config| config.policy.judge(action, app_id, level);
        let is_lifted = judged(config) == Verdict::Allowed && judged(than) != Verdict::Allowed;
        is_lifted.then(|| format!("{} of {app_id:?} at {}", action.name(), level.name()))
    })
}

/// Every attempt by the apps that the generated rules speak of, and by others.
fn attempts() -> impl Iterator<Item = (Action, &'static str, Assurance)> {
    let apps = ["", "org.a", "org.a.App", "org.a.b.App", "org.b.App"];
    Action::ALL.into_iter().flat_map(move |action| {
        let levels = move |app_id| {
            Assurance::ALL
                .into_iter()
                .map(move |level| (action, app_id, level))
        };
        apps.into_iter().flat_map(levels)
    })
}

/// A valid file in which each key may be.
fn any_file() -> impl Strategy<Value = String> {
    let key = |name: &'static str, values: std::ops::Range<u32>| {
        proptest::option::of(values).prop_map(move |value| {
            value.map_or(String::new(), |value| format!("{name} = {value}\n"))
        })
    };
    let word = |name: &'static str, words: &'static [&'static str]| {
        proptest::option::of(proptest::sample::select(words))
            .prop_map(move |word| word.map_or(String::new(), |word| format!("{name} = {word}\n")))
    };
    let limits = [
        "payload",
        "exchanges_per_app",
        "exchanges",
        "running_importers",
        "token_attempts",
    ];
    let limits = limits.map(|name| key(name, 1..100)).to_vec();
    let seconds = ["choose", "deposit", "acknowledge", "offer", "receipt"];
    let mut seconds: Vec<_> = seconds.map(|name| key(name, 1..100).boxed()).to_vec();
    seconds.push(key("extended", 300..2000).boxed());
    seconds.push(key("idle", 0..100).boxed());
    let programs: &[&str] = &["[\"/bin/true\"]", "[\"/bin/false\"]"];
    let truth: &[&str] = &["true", "false"];
    let decision: &[&str] = &["\"allow\"", "\"deny\""];
    (
        limits,
        seconds,
        (word("graphical", programs), word("terminal", programs)),
        (
            word("export", &["\"waived\"", "\"required\""]),
            word("without_polkit", &["\"ask\"", "\"refuse\""]),
        ),
        (word("told_destination", truth), word("developer", truth)),
        (
            word("export", decision),
            word("import", decision),
            word("web-credentials", decision),
        ),
        proptest::collection::vec(any_rule(), 0..5),
    )
        .prop_map(
            |(limits, seconds, chooser, authentication, flags, defaults, rules)| {
                format!(
                    "[limits]\n{}[seconds]\n{}[chooser]\n{}{}[authentication]\n{}{}[exporter]\n{}\
                 [web_credentials]\n{}[default]\n{}{}{}{}",
                    limits.concat(),
                    seconds.concat(),
                    chooser.0,
                    chooser.1,
                    authentication.0,
                    authentication.1,
                    flags.0,
                    flags.1,
                    defaults.0,
                    defaults.1,
                    defaults.2,
                    rules.concat()
                )
            },
        )
}

fn any_rule() -> impl Strategy<Value = String> {
    let actions = proptest::sample::select(&["export", "import", "web-credentials"][..]);
    let apps = &[
        "",
        "app = \"org.a.App\"\n",
        "app = \"org.a.*\"\n",
        "app = \"org.*\"\n",
    ][..];
    let decisions = &[
        "decision = \"allow\"\n",
        "decision = \"deny\"\n",
        "decision = \"deny\"\nbelow = \"installed\"\n",
        "decision = \"deny\"\nbelow = \"sandboxed\"\n",
    ][..];
    let (apps, decisions) = (
        proptest::sample::select(apps),
        proptest::sample::select(decisions),
    );
    (actions, apps, decisions).prop_map(|(action, app, decision)| {
        format!("[[rule]]\naction = \"{action}\"\n{app}{decision}")
    })
}

fn source(author: Author, text: &str) -> Source {
    Source {
        author,
        file: Path::new("some.conf").into(),
        text: text.to_owned(),
    }
}

proptest! {
    #[test]
    fn whatever_the_person_writes_nothing_is_looser(
        administrators in proptest::collection::vec(any_file(), 0..3),
        persons in proptest::collection::vec(any_file(), 1..3),
    ) {
        let administrators: Vec<_> =
            administrators.iter().map(|text| source(Author::Administrator, text)).collect();
        let persons = persons.iter().map(|text| source(Author::Person, text));
        let all: Vec<_> = administrators.iter().cloned().chain(persons).collect();
        let alone = layers::settle(&administrators).unwrap().config;
        let together = layers::settle(&all).unwrap().config;
        prop_assert_eq!(is_looser(&together, &alone), None);
        // Developer mode is the person's, unless an administrator says anything of it.
        let is_settled = administrators.iter().any(|source| source.text.contains("developer"));
        let is_opened = together.web_credentials.developer && !alone.web_credentials.developer;
        prop_assert!(!is_settled || !is_opened);
    }
}
