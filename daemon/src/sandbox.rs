//! The daemon's own filter of system calls (seccomp), so that a start without systemd is not weaker. Serves
//! design §4 and §5.
//!
//! It comes after the launching process was started, which it does not concern, and before the first thread
//! and the first file descriptor of anybody else. From then on the daemon starts no program and no
//! process, enters no namespace, has no socket but Unix's and the kernel's table of those, makes no memory
//! executable, makes no program that runs as somebody else, and traces nobody.
//!
//! Nothing kills. What is forbidden by name fails with `EPERM`. What is not known here fails with `ENOSYS`, as it
//! would on an older kernel: a C library of tomorrow that tries a new call falls back to the old one,
//! and no exchange is lost because a library was updated.
//!
//! Landlock comes beside it under the unit alone (`landlock`): elsewhere it would keep the daemon from seeing its
//! peers' programs and roots.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::seccomp::{self, Verdict, argument, rule, unsigned};

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The filter cannot be written for this processor.
    #[error("no filter of system calls can be made: {0}")]
    Filter(#[from] BackendError),
    /// The kernel does not take it.
    #[error("the kernel takes no filter of system calls: {0}")]
    Refused(#[from] seccompiler::Error),
}

/// Confines this thread, and those that it starts, for good. Sets `no_new_privs`, too.
///
/// # Errors
/// The kernel has no seccomp, or refuses.
pub fn enter() -> Result<(), SandboxError> {
    Ok(seccompiler::apply_filter(&program()?)?)
}

/// What the daemon may ask of the kernel, as far as [`by_arguments`] does not refuse it.
const KNOWN: &[libc::c_long] = &[
    // File descriptors.
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_lseek,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    // Files: desktop entries, /proc, what the person decided, the encrypted store.
    libc::SYS_chdir,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_readlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_umask,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
    // The same, by their old names.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_dup2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_pipe,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    // Sockets; of which families, is said below.
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    libc::SYS_socket,
    libc::SYS_socketpair,
    // Waiting, and time.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    // Memory, that of keys and of payloads above all.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munlock,
    libc::SYS_munmap,
    libc::SYS_getrandom,
    // Threads of its own.
    libc::SYS_clone,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_gettid,
    libc::SYS_prctl,
    libc::SYS_rseq,
    libc::SYS_seccomp,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    // Signals that come to it, and its end by one of its own.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    // Who it is, its limits, its children, and who the others are.
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_pidfd_open,
    libc::SYS_prlimit64,
    libc::SYS_getrlimit,
    libc::SYS_setrlimit,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// What fails with `EPERM`, whatever its arguments.
pub const FORBIDDEN: &[(&str, libc::c_long)] = &[
    ("execve", libc::SYS_execve),
    ("execveat", libc::SYS_execveat),
    #[cfg(target_arch = "x86_64")]
    ("fork", libc::SYS_fork),
    #[cfg(target_arch = "x86_64")]
    ("vfork", libc::SYS_vfork),
    ("ptrace", libc::SYS_ptrace),
    ("process_vm_readv", libc::SYS_process_vm_readv),
    ("process_vm_writev", libc::SYS_process_vm_writev),
    ("pidfd_getfd", libc::SYS_pidfd_getfd),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal),
    ("kcmp", libc::SYS_kcmp),
    ("kill", libc::SYS_kill),
    ("tkill", libc::SYS_tkill),
    ("unshare", libc::SYS_unshare),
    ("setns", libc::SYS_setns),
    ("mount", libc::SYS_mount),
    ("umount2", libc::SYS_umount2),
    ("pivot_root", libc::SYS_pivot_root),
    ("chroot", libc::SYS_chroot),
    ("listen", libc::SYS_listen),
    ("accept", libc::SYS_accept),
    ("accept4", libc::SYS_accept4),
    ("bpf", libc::SYS_bpf),
    ("perf_event_open", libc::SYS_perf_event_open),
    ("userfaultfd", libc::SYS_userfaultfd),
    ("io_uring_setup", libc::SYS_io_uring_setup),
    ("pkey_mprotect", libc::SYS_pkey_mprotect),
    ("remap_file_pages", libc::SYS_remap_file_pages),
    ("shmat", libc::SYS_shmat),
    ("add_key", libc::SYS_add_key),
    ("request_key", libc::SYS_request_key),
    ("keyctl", libc::SYS_keyctl),
    ("init_module", libc::SYS_init_module),
    ("finit_module", libc::SYS_finit_module),
    ("kexec_load", libc::SYS_kexec_load),
    ("personality", libc::SYS_personality),
    ("setuid", libc::SYS_setuid),
    ("setresuid", libc::SYS_setresuid),
    ("setgid", libc::SYS_setgid),
    ("setgroups", libc::SYS_setgroups),
    ("capset", libc::SYS_capset),
    ("sched_setscheduler", libc::SYS_sched_setscheduler),
    ("mknodat", libc::SYS_mknodat),
];

/// What sets the mode of a file, and the argument that is the mode. It is nothing where no file is made, and C
/// libraries pass 0 then.
const MODES: &[(libc::c_long, u8)] = &[
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_mkdirat, 2),
    (libc::SYS_openat, 3),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, 1),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_open, 2),
];

/// Refuses with `ENOSYS` what is not known, as an older kernel would, and with `EPERM` what this program must
/// never do.
fn program() -> Result<BpfProgram, BackendError> {
    let by_arguments = by_arguments()?;
    let number = |call: &libc::c_long| u32::try_from(*call).ok();
    let known = KNOWN.iter().filter_map(number);
    let mut verdicts: BTreeMap<u32, Verdict> = known
        .map(|call| match by_arguments.contains_key(&i64::from(call)) {
            true => (call, Verdict::ByArguments),
            false => (call, Verdict::Return(SeccompAction::Allow)),
        })
        .collect();
    let forbidden = FORBIDDEN.iter().filter_map(|(_, call)| number(call));
    verdicts.extend(forbidden.map(|call| (call, Verdict::Return(errno(libc::EPERM)))));
    let unknown = Verdict::Return(errno(libc::ENOSYS));
    let architecture = std::env::consts::ARCH.try_into()?;
    let refused = SeccompFilter::new(
        by_arguments,
        SeccompAction::Allow,
        errno(libc::EPERM),
        architecture,
    )?;
    seccomp::by_number(verdicts, unknown, refused, architecture)
}

/// What is refused with `EPERM` for its arguments.
fn by_arguments() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let mut rules = BTreeMap::new();
    // No other families than Unix's, and of netlink the table of sockets alone.
    let (unix, netlink) = (unsigned(libc::AF_UNIX), unsigned(libc::AF_NETLINK));
    let table = unsigned(libc::NETLINK_SOCK_DIAG);
    let stranger = [ne(0, unix)?, ne(0, netlink)?];
    let other_netlink = [argument(0, SeccompCmpOp::Eq, netlink)?, ne(2, table)?];
    rules.insert(
        libc::SYS_socket,
        vec![rule(stranger)?, rule(other_netlink)?],
    );
    rules.insert(libc::SYS_socketpair, vec![rule([ne(0, unix)?])?]);
    // No memory with code in it.
    let executable = unsigned(libc::PROT_EXEC);
    let executable = || argument(2, SeccompCmpOp::MaskedEq(executable), executable);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![rule([executable()?])?]);
    }
    // No file that whoever runs it becomes us by. What cannot be looked into (`openat2`) is not known.
    for (call, mode) in MODES {
        rules.insert(
            *call,
            vec![
                becoming(*mode, libc::S_ISUID)?,
                becoming(*mode, libc::S_ISGID)?,
            ],
        );
    }
    // Threads, but no processes, and no namespaces.
    let thread = unsigned(libc::CLONE_THREAD);
    let process = argument(0, SeccompCmpOp::MaskedEq(thread), 0)?;
    rules.insert(libc::SYS_clone, vec![rule([process])?]);
    // No way to type into somebody's terminal.
    let typing = argument(1, SeccompCmpOp::Eq, libc::TIOCSTI)?;
    rules.insert(libc::SYS_ioctl, vec![rule([typing])?]);
    // Nor back to where its memory can be looked into.
    let dumpable = argument(0, SeccompCmpOp::Eq, unsigned(libc::PR_SET_DUMPABLE))?;
    let ptracer = argument(0, SeccompCmpOp::Eq, unsigned(libc::PR_SET_PTRACER))?;
    let undone = [dumpable, argument(1, SeccompCmpOp::Ne, 0)?];
    rules.insert(libc::SYS_prctl, vec![rule(undone)?, rule([ptracer])?]);
    Ok(rules)
}

/// Whether the argument `number`, a mode, has this bit.
fn becoming(number: u8, bit: libc::mode_t) -> Result<SeccompRule, BackendError> {
    let bit = u64::from(bit);
    rule([argument(number, SeccompCmpOp::MaskedEq(bit), bit)?])
}

fn errno(number: libc::c_int) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

fn ne(number: u8, value: u64) -> Result<SeccompCondition, BackendError> {
    argument(number, SeccompCmpOp::Ne, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::interpreter::{Data, ENOSYS, EPERM, outcome};

    const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;

    /// Two filters that compare a number with each of theirs: what is refused by name or for its arguments,
    /// and what is not known.
    fn one_after_another() -> [BpfProgram; 2] {
        let program = |rules, otherwise, on_match| -> BpfProgram {
            let architecture = std::env::consts::ARCH.try_into().unwrap();
            let filter = SeccompFilter::new(rules, otherwise, on_match, architecture);
            filter.unwrap().try_into().unwrap()
        };
        let mut forbidden = by_arguments().unwrap();
        forbidden.extend(FORBIDDEN.iter().map(|(_, call)| (*call, Vec::new())));
        let known = KNOWN.iter().map(|call| (*call, Vec::new())).collect();
        [
            program(forbidden, SeccompAction::Allow, errno(libc::EPERM)),
            program(known, errno(libc::ENOSYS), SeccompAction::Allow),
        ]
    }

    #[test]
    fn the_halving_filter_says_what_one_comparison_after_another_would() {
        let (program, others) = (program().unwrap(), one_after_another());
        let mut seen = std::collections::BTreeSet::new();
        let numbers = (0..2_000).chain([4_000, 0x4000_0000, 0x4000_003b, u32::MAX - 1, u32::MAX]);
        for number in numbers {
            for arguments in [
                [0; 6],
                [u64::MAX; 6],
                [1, 2, 4, 0o4644, 4, 0],
                [16, 3, 4, 0o600, 0, 0],
                [16, 3, 5, 0o2755, 0, 0],
                [4, 1, 0o600, 0, 0, 0],
                [0x5961_6d61, 0x5412, 0, 0, 0, 0],
                [4, 0, 0o4755, 0, 0, 0],
                [0x10000, 0o4000, 0, 0, 0, 0],
            ] {
                let data = Data::of(number, arguments);
                let mut expected = others.iter().map(|other| outcome(other, &data));
                let expected = expected.find(|each| *each != ALLOWED).unwrap_or(ALLOWED);
                assert_eq!(
                    outcome(&program, &data),
                    expected,
                    "{number} {arguments:x?}"
                );
                seen.insert(expected);
            }
        }
        assert_eq!(seen, [ALLOWED, EPERM, ENOSYS].into());
        let strange = Data {
            architecture: 1,
            ..Data::of(0, [0; 6])
        };
        assert_eq!(outcome(&program, &strange), libc::SECCOMP_RET_KILL_PROCESS);
    }
}
