//! What the kernel offers to confine programs with.

use super::finding::Finding;

const PART: &str = "kernel";
/// The version of Landlock that knows all that the fetcher forbids itself (Linux 6.12).
const LANDLOCK: i64 = 6;

pub(super) fn examine() -> Vec<Finding> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let seccomp = match status.lines().any(|line| line.starts_with("Seccomp:")) {
        true => Finding::good(PART, "it filters system calls (seccomp)"),
        false => Finding::bad(
            PART,
            "it has no seccomp, without which no website can be asked",
        )
        .advise("use a kernel with CONFIG_SECCOMP_FILTER"),
    };
    let landlock = match landlock_version() {
        Some(version) if version >= LANDLOCK => {
            Finding::good(PART, format!("it has Landlock, version {version}"))
        }
        Some(version) => Finding::note(
            PART,
            format!("its Landlock is of version {version}, and version {LANDLOCK} would confine the fetcher better"),
        )
        .advise("use Linux 6.12 or later"),
        None => Finding::note(PART, "it has no Landlock, or that is switched off: seccomp alone confines the fetcher")
            .advise("use Linux 6.12 or later, with landlock in its parameter lsm="),
    };
    vec![seccomp, landlock]
}

/// Asks the kernel, as landlock(7) says.
fn landlock_version() -> Option<i64> {
    const VERSION: libc::c_uint = 1;
    let nothing: *const libc::c_void = std::ptr::null();
    // SAFETY: with this flag the kernel looks at no memory of ours, and makes nothing.
    #[allow(unsafe_code)]
    let answer =
        unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, nothing, 0usize, VERSION) };
    (answer > 0).then_some(answer)
}
