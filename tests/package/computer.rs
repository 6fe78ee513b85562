//! A computer with the package at hand, and a person on it.

use std::path::Path;
use std::process::Command;

use credex_tests::machine::{Login, Machine, Running, SHARED};
use credex_tests::patience::within;
use credex_tests::programs;

const PASSWORD: &str = "a long passphrase";
pub(crate) const SERVICE: &str = "credexd.service";

/// A computer on which nothing of Credex is yet, with an account for `ada`. In the directory that it shares
/// with the test are the packages of each of `versions`, and a sample of credentials.
pub(crate) async fn with_packages(versions: &[&str]) -> Option<Machine> {
    let machine = Machine::boot(|shared| {
        for version in versions {
            pack(version, shared);
        }
        std::fs::write(shared.join("sample.cxf"), credex::cxf::sample()).unwrap();
        std::fs::create_dir(shared.join("files")).unwrap();
        for (id, content) in credex::cxf::sample_attachments() {
            std::fs::write(shared.join("files").join(id), content).unwrap();
        }
    });
    let machine = machine.await?;
    machine.add_user("ada", PASSWORD).await;
    Some(machine)
}

/// Packs the programs that this test was built with.
fn pack(version: &str, directory: &Path) {
    let service = programs::credexd();
    let programs = service.parent().expect("it is in a directory");
    let mut command = Command::new(programs.join("xtask"));
    command
        .args(["deb", "--version", version, "--programs"])
        .args([programs, directory])
        // What is installed once, on this computer, need not be small.
        .env("DPKG_DEB_COMPRESSOR_TYPE", "none");
    let output = command
        .output()
        .expect("xtask has been built, as by tests/run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Installs or upgrades as an administrator would.
pub(crate) async fn install(machine: &Machine, version: &str) {
    let script = format!("cd {SHARED} && apt-get install -y ./credex_{version}_*.deb");
    machine.root(&["sh", "-c", &script]).await.succeeded();
}

/// Installs the package for Python.
pub(crate) async fn install_python(machine: &Machine, version: &str) {
    let script = format!("cd {SHARED} && apt-get install -y ./python3-credex_{version}_*.deb");
    machine.root(&["sh", "-c", &script]).await.succeeded();
}

/// Has the administrator say after how many seconds the service leaves.
pub(crate) async fn leave_after(machine: &Machine, seconds: u32) {
    let script = format!(
        "mkdir -p /etc/credex && printf '[seconds]\\nidle = {seconds}\\n' >/etc/credex/credexd.conf"
    );
    machine.root(&["sh", "-c", &script]).await.succeeded();
}

/// The process of this person's service, `0` if there is none.
pub(crate) async fn service_of(person: &Login<'_>) -> String {
    let words = [
        "systemctl",
        "--user",
        "show",
        "--property=MainPID",
        "--value",
        SERVICE,
    ];
    person.run(&words).await.succeeded().trim().to_owned()
}

/// Waits until this person's service has left.
pub(crate) async fn leaves(person: &Login<'_>) {
    let gone = async {
        while service_of(person).await != "0" {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    within("the service to leave", gone).await;
}

/// Has the person send everything to the first app on the list that `exporter` shows, and prove who they are.
pub(crate) async fn agree(machine: &Machine, exporter: &mut Running) {
    exporter.type_line("1");
    exporter.see("only Enter for nothing: ").await;
    exporter.type_line("");
    exporter.see("Type yes to send").await;
    exporter.type_line("yes");
    exporter.see("Password:").await;
    hides_what_is_typed(machine).await;
    exporter.type_line(PASSWORD);
}

/// Waits until the terminal of the question for the password shows no more what is typed: what was typed
/// before that is thrown away.
async fn hides_what_is_typed(machine: &Machine) {
    let script = r#"terminal=/dev/$(ps -C pkttyagent -o tty=)
        until stty --file="$terminal" --all | grep -q -- " -echo "; do sleep .05; done"#;
    machine.root(&["sh", "-c", script]).await.succeeded();
}

/// What the system itself keeps of every package that comes and goes.
pub(crate) fn is_a_record(file: &str) -> bool {
    let records = [
        "/etc/ld.so.cache",
        "/var/cache/",
        "/var/lib/apt/",
        "/var/lib/dpkg/",
        "/var/log/",
    ];
    records.iter().any(|place| file.starts_with(place))
}
