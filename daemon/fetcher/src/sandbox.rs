//! The fetcher's confinement: from here on it can speak with the network and with the daemon over the socket
//! that it has, and do nothing else. Serves design §7 ("a separate process without bus access").
//!
//! seccomp allows a list of system calls and refuses the rest, among them everything that opens a file,
//! starts a program or makes a Unix socket; without it nothing is fetched. Landlock says the same once
//! more in its own words and narrows TCP to two ports; what of it the kernel lacks is reported.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// The port of DNS.
const DNS: u16 = 53;

/// Why there is no confinement, and so nothing may be fetched.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It would not hold for all threads.
    #[error("the fetcher has {0} threads and confines only one; nothing is fetched")]
    Threads(usize),
    /// The kernel refuses.
    #[error("the fetcher cannot be confined, so nothing is fetched: {0}")]
    Refused(String),
}

/// Confines this thread, which must be the only one, for good. TCP may go to `port`, and to DNS. Returns what
/// the kernel could not do, one sentence each.
///
/// # Errors
/// The kernel does not do what is indispensable.
pub fn enter(port: u16) -> Result<Vec<String>, SandboxError> {
    let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    if threads != 1 {
        return Err(SandboxError::Threads(threads));
    }
    confine_thread(port)
}

/// [`enter`] for one thread among others, as tests need it.
///
/// # Errors
/// The kernel does not do what is indispensable.
pub fn confine_thread(port: u16) -> Result<Vec<String>, SandboxError> {
    let refused = |error: &dyn std::fmt::Display| SandboxError::Refused(error.to_string());
    let missing = landlock(port).map_err(|error| refused(&error))?;
    // Sets no_new_privs as well.
    let filter = filter().map_err(|error| refused(&error))?;
    seccompiler::apply_filter(&filter).map_err(|error| refused(&error))?;
    Ok(missing)
}

fn landlock(port: u16) -> Result<Vec<String>, landlock::RulesetError> {
    let all = ABI::V6;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(all))?
        .handle_access(AccessNet::from_all(all))?
        .scope(Scope::from_all(all))?
        .create()?
        .add_rule(NetPort::new(port, AccessNet::ConnectTcp))?
        .add_rule(NetPort::new(DNS, AccessNet::ConnectTcp))?
        .restrict_self()?;
    let missing = match status.ruleset {
        RulesetStatus::FullyEnforced => return Ok(Vec::new()),
        RulesetStatus::PartiallyEnforced => {
            "this kernel's Landlock is older than ABI 6 (Linux 6.12)"
        }
        RulesetStatus::NotEnforced => "this kernel has no Landlock, or it is switched off",
    };
    Ok(vec![format!(
        "{missing}: the fetcher is confined by seccomp alone where it lacks"
    )])
}

/// What the fetcher may ask of the kernel, whatever the arguments.
const ALLOWED: &[libc::c_long] = &[
    // The fds that it has.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fcntl,
    // Sockets of the network, once made.
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // Waiting.
    libc::SYS_clock_nanosleep,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_futex,
    libc::SYS_nanosleep,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_sched_yield,
    // Time, chance and memory.
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_gettimeofday,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Its own end, and signals that come to it.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
];

fn filter() -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let families = [libc::AF_INET, libc::AF_INET6];
    rules.insert(libc::SYS_socket, only(0, &families.map(unsigned))?);
    rules.insert(libc::SYS_ioctl, only(1, &[libc::FIONBIO])?);
    // Memory, but none that could be executed.
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let plain = SeccompCmpOp::MaskedEq(executable);
        rules.insert(call, vec![condition(2, plain, 0)?]);
    }
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?;
    Ok(filter.try_into()?)
}

/// Allows the values `allowed` of one argument.
fn only(argument: u8, allowed: &[u64]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let rules = allowed.iter();
    rules
        .map(|value| condition(argument, SeccompCmpOp::Eq, *value))
        .collect()
}

fn condition(
    argument: u8,
    is: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let length = SeccompCmpArgLen::Dword;
    SeccompRule::new(vec![SeccompCondition::new(argument, length, is, value)?])
}

fn unsigned(number: libc::c_int) -> u64 {
    u64::from(number.unsigned_abs())
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
