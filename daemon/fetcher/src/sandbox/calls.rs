//! The system calls that are left to this program in either of its parts (seccomp).

use std::collections::BTreeMap;

use credexd::seccomp::{self, rule, unsigned};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::Part;

/// What both may ask of the kernel, whatever the arguments.
const OF_BOTH: &[libc::c_long] = &[
    // The fds that it has.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fcntl,
    // Sockets, once connected.
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    // Waiting.
    libc::SYS_clock_nanosleep,
    libc::SYS_futex,
    libc::SYS_nanosleep,
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

/// What the dialler may besides.
const OF_DIALLER: &[libc::c_long] = &[
    // Sockets of the network, once made.
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    // Waiting for several.
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_ppoll,
];

/// The filter for `part`.
pub(super) fn filter(part: Part) -> Result<BpfProgram, Box<dyn std::error::Error>> {
    let mut rules = all(OF_BOTH);
    match part {
        Part::Dialler(_) => {
            rules.extend(all(OF_DIALLER));
            let families = [libc::AF_INET, libc::AF_INET6];
            rules.insert(libc::SYS_socket, only(0, &families.map(unsigned))?);
        }
        Part::Fetcher => {
            rules.insert(libc::SYS_sendto, plain_sending()?);
            rules.insert(libc::SYS_setsockopt, patience()?);
        }
    }
    rules.insert(libc::SYS_ioctl, only(1, &[libc::FIONBIO])?);
    // Memory, but none that could be executed.
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![rule([without(2, executable)?])?]);
    }
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, architecture)?;
    Ok(filter.try_into()?)
}

/// Sending that does not connect: with this flag, TCP would turn a connection that has ended to another address,
/// and no Landlock would be asked (`MSG_FASTOPEN`, tcp(7)).
fn plain_sending() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    Ok(vec![rule([without(3, unsigned(libc::MSG_FASTOPEN))?])?])
}

/// Of a socket's options, those for how long it waits.
fn patience() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let options = [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO].into_iter();
    let of_socket = || equal(1, unsigned(libc::SOL_SOCKET));
    options
        .map(|option| rule([of_socket()?, equal(2, unsigned(option))?]))
        .collect()
}

fn all(calls: &[libc::c_long]) -> BTreeMap<i64, Vec<SeccompRule>> {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// Allows the values `allowed` of one argument.
fn only(argument: u8, allowed: &[u64]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let rules = allowed.iter();
    rules
        .map(|value| rule([equal(argument, *value)?]))
        .collect()
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    seccomp::argument(argument, SeccompCmpOp::Eq, value)
}

/// That none of `bits` is set.
fn without(argument: u8, bits: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    seccomp::argument(argument, SeccompCmpOp::MaskedEq(bits), 0)
}
