//! The confinement of this program, in either of its parts. From here on the fetcher can speak with the daemon and
//! with the site, over the two sockets that it has or is given, and the dialler can ask for names and connect;
//! neither can do anything else. Serves design §7 ("a separate process without bus access").
//!
//! seccomp allows a list of system calls and refuses the rest, among them everything that opens a file,
//! starts a program or makes a Unix socket, and in the fetcher what makes or connects any socket; without it nothing
//! is fetched. Landlock says the same once more in its own words and narrows the dialler's TCP to two ports; what of
//! it the kernel lacks is reported.

mod calls;

use std::fs;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};

/// The port of DNS.
const DNS: u16 = 53;

/// Who is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What speaks with a site, over a connection that it is given.
    Fetcher,
    /// What connects to a site, on this port.
    Dialler(u16),
}

/// Why there is no confinement, and so nothing may be fetched.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It would not hold for all threads.
    #[error("the {0} has {1} threads and confines only one; nothing is fetched")]
    Threads(&'static str, usize),
    /// The kernel refuses.
    #[error("the {0} cannot be confined, so nothing is fetched: {1}")]
    Refused(&'static str, String),
}

/// Confines this thread, which must be the only one, for good, to what `part` needs. Returns what the kernel could
/// not do, one sentence each.
///
/// # Errors
/// The kernel does not do what is indispensable.
pub fn enter(part: Part) -> Result<Vec<String>, SandboxError> {
    let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads != 1 {
        return Err(SandboxError::Threads(part.name(), threads));
    }
    confine_thread(part)
}

/// [`enter`] for one thread among others, as tests need it.
///
/// # Errors
/// The kernel does not do what is indispensable.
pub fn confine_thread(part: Part) -> Result<Vec<String>, SandboxError> {
    let refused =
        |error: &dyn std::fmt::Display| SandboxError::Refused(part.name(), error.to_string());
    let missing = landlock(part).map_err(|error| refused(&error))?;
    // Sets no_new_privs as well.
    let filter = calls::filter(part).map_err(|error| refused(&error))?;
    seccompiler::apply_filter(&filter).map_err(|error| refused(&error))?;
    Ok(missing)
}

impl Part {
    /// What it is called.
    const fn name(self) -> &'static str {
        match self {
            Part::Fetcher => "fetcher",
            Part::Dialler(_) => "dialler",
        }
    }

    /// Where its TCP may go to.
    fn ports(self) -> Vec<u16> {
        match self {
            Part::Fetcher => Vec::new(),
            Part::Dialler(port) => vec![port, DNS],
        }
    }
}

fn landlock(part: Part) -> Result<Vec<String>, landlock::RulesetError> {
    let all = ABI::V6;
    let ports = part.ports().into_iter();
    let rules = ports.map(|port| Ok(NetPort::new(port, AccessNet::ConnectTcp)));
    let rules = rules.collect::<Vec<Result<_, landlock::RulesetError>>>();
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(all))?
        .handle_access(AccessNet::from_all(all))?
        .scope(Scope::from_all(all))?
        .create()?
        .add_rules(rules)?
        .restrict_self()?;
    let missing = match status.ruleset {
        RulesetStatus::FullyEnforced => return Ok(Vec::new()),
        RulesetStatus::PartiallyEnforced => {
            "this kernel's Landlock is older than ABI 6 (Linux 6.12)"
        }
        RulesetStatus::NotEnforced => "this kernel has no Landlock, or it is switched off",
    };
    let name = part.name();
    Ok(vec![format!(
        "{missing}: the {name} is confined by seccomp alone where it lacks"
    )])
}

/// Whether the kernel says that this process is under a filter, as `/proc` shows it to others.
///
/// # Errors
/// The process is gone.
pub fn is_confined(pid: u32) -> io::Result<bool> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let has = |line: &str| {
        status
            .lines()
            .any(|each| each.split_whitespace().eq(line.split(' ')))
    };
    Ok(has("Seccomp: 2") && has("NoNewPrivs: 1"))
}
