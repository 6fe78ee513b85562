//! The package comes, serves whoever logs in, and goes without a trace.

use crate::computer::{
    SERVICE, install, is_a_record, leave_after, leaves, service_of, with_packages,
};

const VERSION: &str = "0.1.0";

#[tokio::test]
async fn who_is_logged_in_while_the_package_comes_is_served_and_nothing_is_left_when_it_goes() {
    let Some(machine) = with_packages(&[VERSION]).await else {
        return;
    };
    machine.add_user("bob", "another passphrase").await;
    let ada = machine.log_in("ada").await;
    let bob = machine.log_in("bob").await;
    let before = machine.added_files().await;

    leave_after(&machine, 1).await;
    install(&machine, VERSION).await;
    let there = machine.added_files().await;
    assert!(there.contains("/usr/libexec/credexd"), "{there:?}");
    let linker = machine.root(&["ldconfig", "--print-cache"]).await;
    assert!(
        linker.succeeded().contains("libcredex.so.0 "),
        "dpkg ran ldconfig"
    );
    for person in [&ada, &bob] {
        assert_eq!(service_of(person).await, "0", "nobody has called it yet");
    }
    let status = ada.run(&["credex", "status"]).await.succeeded();
    assert!(status.contains("credexd 0.1.0 is running"), "{status}");
    assert_eq!(service_of(&bob).await, "0", "it was started for ada alone");

    let doctor = ada.run(&["credex", "doctor"]).await.succeeded();
    for part in ["activation", "service", "polkit", "memory", "kernel"] {
        assert!(
            doctor.contains(&format!("ok   {part}")),
            "{part} in:\n{doctor}"
        );
    }

    leaves(&ada).await;
    ada.run(&["credex", "status"]).await.succeeded();
    assert_ne!(service_of(&ada).await, "0", "the bus has started it again");

    machine
        .root(&["apt-get", "purge", "-y", "credex"])
        .await
        .succeeded();
    leaves(&ada).await;
    machine.root(&["rm", "-r", "/etc/credex"]).await.succeeded();
    let after = machine.added_files().await;
    let left: Vec<_> = after
        .difference(&before)
        .filter(|file| !is_a_record(file) && !KEPT.contains(&file.as_str()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let linker = machine.root(&["ldconfig", "--print-cache"]).await;
    assert!(!linker.succeeded().contains("credex"), "dpkg ran it again");
    let processes = machine.root(&["ps", "-eo", "args"]).await.succeeded();
    assert!(!processes.contains("credex"), "{processes}");
    let find = ["find", "/run", "/tmp", "-name", "*credex*"];
    let sockets = machine
        .root(&[&find[..], &["!", "-type", "d"]].concat())
        .await;
    assert_eq!(sockets.succeeded(), "", "nobody listens any more");
    // The directory in which the sockets were is the session's, and goes with it.
    drop(ada);
    let end = [
        "systemctl",
        "stop",
        "user@1001.service",
        "user-runtime-dir@1001.service",
    ];
    machine.root(&end).await.succeeded();
    assert_eq!(machine.root(&find).await.succeeded(), "");
}

/// Directories of the person's own, empty, and those in which they are: what they are for is the person's to remove.
const KEPT: [&str; 5] = [
    "/home/ada/.cache",
    "/home/ada/.cache/credex",
    "/home/ada/.local",
    "/home/ada/.local/share",
    "/home/ada/.local/share/credex",
];

#[tokio::test]
async fn what_is_installed_runs_as_hard_as_it_was_written() {
    let Some(machine) = with_packages(&[VERSION]).await else {
        return;
    };
    install(&machine, VERSION).await;
    let ada = machine.log_in("ada").await;
    let doctor = ada.run(&["credex", "doctor"]).await.succeeded();
    assert!(doctor.contains("ok   unit"), "{doctor}");
    // What holds this machine lets nobody in it use Landlock.
    let lacking = |line: &str| line.starts_with("note sandbox") && !line.contains(" landlock: ");
    assert!(!doctor.lines().any(lacking), "{doctor}");
    // What a user's unit cannot have counts, too: see systemd/README.md.
    for (unit, exposure) in [
        (SERVICE, "33"),
        ("credex-witness.service", "59"),
        ("credex-fetcher@.service", "7"),
        ("credex-dialler@.service", "14"),
    ] {
        let threshold = format!("--threshold={exposure}");
        let analyze = [
            "systemd-analyze",
            "--user",
            "--no-pager",
            "security",
            &threshold,
            unit,
        ];
        ada.run(&analyze).await.succeeded();
    }
    let status = format!("/proc/{}/status", service_of(&ada).await);
    let status = machine.root(&["cat", &status]).await.succeeded();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "the kernel says so: {status}");
    }
}

#[tokio::test]
async fn a_bus_that_is_started_again_finds_a_service_again() {
    let Some(machine) = with_packages(&[VERSION]).await else {
        return;
    };
    install(&machine, VERSION).await;
    let ada = machine.log_in("ada").await;
    ada.run(&["credex", "status"]).await.succeeded();
    let first = service_of(&ada).await;
    let restart = ["systemctl", "--user", "restart", "dbus.service"];
    ada.run(&restart).await.succeeded();
    leaves(&ada).await;
    ada.run(&["credex", "status"]).await.succeeded();
    let second = service_of(&ada).await;
    assert!(second != "0" && second != first, "{first}, then {second}");
    let state = ["systemctl", "--user", "is-active", SERVICE];
    ada.run(&state).await.succeeded();
}
