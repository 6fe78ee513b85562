//! What is written: nothing, to no filesystem, by no process that stands between the two apps
//! (design §3). A tracer watches each of them from its start, or the bus from before the exchange.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use credex_tests::desktop::Desktop;
use credex_tests::exporter::{Exporter, options};
use credex_tests::importer::Importer;
use credex_tests::patience::eventually;
use credex_tests::process::Process;
use credex_tests::programs;
use credex_tests::terminal;

use crate::scene::{COUNTS, DOCUMENT, MARKER, VAULT, payload};

/// Calls that open or change something in a filesystem, and those that write.
const WATCHED: &str = "trace=open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,\
    symlinkat,rename,renameat,renameat2,unlink,unlinkat,truncate,ftruncate,fallocate,chmod,fchmod,\
    fchmodat,setxattr,fsetxattr,write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice,\
    mmap,execve";

/// The arguments of a tracer that follows children and names what each file descriptor is. Each
/// process has a log of its own, `log.PID`: in a common one they break into each other's calls.
fn tracer(log: &Path) -> Vec<String> {
    let words = [
        "strace", "-ff", "-yy", "-q", "-s", "4096", "-e", WATCHED, "-o",
    ];
    let words = words.iter().map(|&word| word.to_owned());
    words.chain([log.display().to_string()]).collect()
}

/// Calls in a trace that succeeded and touched a filesystem for writing. `own_output` is where the
/// test itself sent what the process says.
fn writes(trace: &str, own_output: &str) -> Vec<String> {
    let calls = trace.lines().filter(|line| !line.contains(") = -1 E"));
    let touches = |line: &&str| {
        let Some((call, rest)) = line
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
            .split_once('(')
        else {
            return false;
        };
        match call {
            "open" | "openat" | "openat2" => opens_for_writing(rest),
            "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" | "sendfile" | "splice" => {
                is_in_a_filesystem(rest, own_output)
            }
            "ftruncate" | "fallocate" | "fchmod" | "copy_file_range" => {
                is_in_a_filesystem(rest, own_output)
            }
            "mmap" => {
                rest.contains("PROT_WRITE")
                    && rest.contains("MAP_SHARED")
                    && !rest.contains("memfd:")
                    && !rest.contains("MAP_ANONYMOUS")
            }
            "execve" => false,
            // Whatever else is watched changes a filesystem by its nature.
            _ => rest.contains(") = 0"),
        }
    };
    calls.filter(touches).map(str::to_owned).collect()
}

/// For writing, and what was opened is in a filesystem.
fn opens_for_writing(arguments: &str) -> bool {
    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
    let opened = arguments
        .rsplit_once(" = ")
        .map_or("", |(_, opened)| opened);
    writes.iter().any(|flag| arguments.contains(flag)) && is_in_a_filesystem(opened, "")
}

/// Whether the file descriptor in front, with its name as the tracer writes it, is a regular file.
fn is_in_a_filesystem(arguments: &str, own_output: &str) -> bool {
    let name = arguments
        .split_once('<')
        .map_or("", |(_, rest)| rest.split('>').next().unwrap());
    let elsewhere = ["/dev/", "/memfd:", "/proc/"];
    name.starts_with('/')
        && name != own_output
        && !elsewhere.iter().any(|place| name.starts_with(place))
}

#[test]
fn the_trace_is_read_rightly() {
    let log = "/tmp/x/credexd.log";
    let harmless = r#"12 openat(AT_FDCWD</>, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>
12 openat(AT_FDCWD</>, "/dev/null", O_WRONLY) = 3</dev/null<char 1:3>>
12 open("/proc/self/fd/1", O_WRONLY) = 11</dev/pts/0<char 136:0>>
12 openat(AT_FDCWD</>, "/tmp/no", O_WRONLY|O_CREAT, 0600) = -1 EACCES (Permission denied)
12 write(2</tmp/x/credexd.log>, "hello", 5) = 5
12 write(4<socket:[12]>, "hello", 5) = 5
12 write(5</memfd:credex (deleted)>, "hello", 5) = 5
12 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f
"#;
    assert_eq!(writes(harmless, log), [""; 0]);
    for harmful in [
        r#"12 openat(AT_FDCWD</>, "/tmp/no", O_WRONLY|O_CREAT, 0600) = 3</tmp/no>"#,
        r#"12 write(3</tmp/no>, "hello", 5) = 5"#,
        r#"12 mkdir("/tmp/no", 0700) = 0"#,
        r#"12 unlink("/tmp/no") = 0"#,
        r#"12 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</tmp/no>, 0) = 0x7f"#,
    ] {
        assert_eq!(writes(harmful, log), [harmful]);
    }
}

/// A tracer of a process that runs already.
async fn attach(desktop: &Desktop, pid: u32, log: &Path) -> Process {
    let mut words = tracer(log);
    words.extend(["-p".to_owned(), pid.to_string()]);
    let process = Process::start(
        Command::new(&words[0]).args(&words[1..]),
        &desktop.path("strace.log"),
    );
    let status = || std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let tracers = || {
        status()
            .lines()
            .any(|line| line.starts_with("TracerPid:\t") && !line.ends_with("\t0"))
    };
    eventually("the tracer to be attached", tracers, |attached| *attached).await;
    process
}

#[tokio::test]
async fn no_process_in_between_writes_to_a_filesystem() {
    let installed = Command::new("strace").arg("-V").output();
    assert!(
        installed.is_ok(),
        "there is no strace: run tests/run, which installs it"
    );
    let traces = tempfile::tempdir().unwrap();
    let (own, bus) = (traces.path().join("credexd"), traces.path().join("bus"));
    let chooser = programs::credex_chooser();
    let mut words = tracer(&own);
    // The tracer becomes a grandchild, and the daemon keeps its place.
    words.insert(1, "-D".to_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let plan = Desktop::plan().started_by(&words);
    let plan = plan.at_terminals(&[chooser.to_str().unwrap(), "--choose", VAULT]);
    let mut desktop = plan.open().await;
    let mut on_the_bus = attach(&desktop, desktop.bus.pid(), &bus).await;

    let importer = Importer::announced(&desktop, VAULT).await;
    let exporter = Exporter::join(&desktop).await;
    let (_controller, name) = terminal::open();
    let request = exporter
        .request(&format!("tty:{name}"), options(COUNTS))
        .await;
    let session = request.unwrap().session().await;
    let payload = payload();
    session.deposit(&payload, COUNTS).await.unwrap();
    let offer = importer.offer().await;
    let (opened, results) = offer.redeem().await.unwrap();
    assert_eq!(opened.document, DOCUMENT);
    offer
        .complete(&credex_tests::importer::all_taken(&results))
        .await
        .unwrap();
    session.receipt().await;
    desktop.daemon().process.stop().await;
    on_the_bus.stop().await;

    let output = desktop.path("credexd.log").display().to_string();
    let read = || logs(&own);
    let logs_of_own = eventually("the end of the traces", read, |logs| have_ended(logs)).await;
    let trace = logs_of_own.concat();
    for program in ["credexd", "credex-chooser"] {
        let ran = programs_in(&trace);
        assert!(
            ran.iter().any(|path| path.ends_with(program)),
            "{program} was not watched: {ran:?}"
        );
    }
    assert_eq!(writes(&trace, &output), [""; 0]);
    let bus_log = desktop.path("bus.log").display().to_string();
    assert_eq!(writes(&logs(&bus).concat(), &bus_log), [""; 0]);
    // Nor does what they say tell anything.
    let log = desktop.log();
    let token = data_encoding::HEXLOWER.encode(&offer.token());
    let key = data_encoding::HEXLOWER.encode(payload.key.as_bytes());
    for secret in [MARKER, &token, &key] {
        assert!(!log.contains(secret), "the log tells {secret}");
        assert!(!trace.contains(secret), "what was written tells {secret}");
    }
}

/// What the tracer has written of each process.
fn logs(prefix: &Path) -> Vec<String> {
    let name = format!("{}.", prefix.file_name().unwrap().to_str().unwrap());
    let entries = std::fs::read_dir(prefix.parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let ours = paths.filter(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(&name)
    });
    ours.map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// Whether every process that was traced has ended.
fn have_ended(logs: &[String]) -> bool {
    !logs.is_empty() && logs.iter().all(|log| log.ends_with(" +++\n"))
}

/// The programs that were run in a trace.
fn programs_in(trace: &str) -> BTreeSet<String> {
    let runs = trace
        .lines()
        .filter(|line| line.starts_with("execve(") && line.ends_with(" = 0"));
    runs.filter_map(|line| Some(line.split('"').nth(1)?.to_owned()))
        .collect()
}
