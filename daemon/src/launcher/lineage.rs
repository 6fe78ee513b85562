//! Whether one process was started by another, directly or not. Serves design §5 (`Launched`).
//!
//! A process ID says nothing by itself, because it is given out again; together with the time at
//! which the process began it names one process for good.

use std::fs;

use serde::{Deserialize, Serialize};

/// How many parents are looked at.
const MAX_STEPS: usize = 64;

/// A process, named for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Birth {
    pub(super) pid: u32,
    /// When it began, in clock ticks since boot.
    pub(super) start_time: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: u32,
    /// Its process group: the process that began it.
    group: u32,
    /// 0 where it began outside of our process namespace, as in a container.
    session: u32,
    pub(super) start_time: u64,
    ended: bool,
}

/// Looks at a process; `None` if there is none.
pub(super) fn look(pid: u32) -> Option<Stat> {
    parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The name of the program is in parentheses, and may contain anything, also parentheses.
fn parse(stat: &[u8]) -> Option<Stat> {
    let end_of_name = stat.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(&stat[end_of_name + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let session = fields.next()?.parse().ok()?;
    let start_time = fields.nth(15)?.parse().ok()?;
    Some(Stat {
        parent,
        group,
        session,
        start_time,
        ended: matches!(state, "Z" | "X"),
    })
}

/// Whether the process has begun the session that it is in.
///
/// `rustix` cannot tell: its `getsid` has no value for a session of number 0, and panics.
pub(super) fn leads_session(pid: u32) -> bool {
    look(pid).is_some_and(|stat| stat.session == pid)
}

/// Whether the process `pid` is `ancestor`, or was started by it, directly or not.
///
/// A process whose parent has ended is handed to `zygote`. It counts as started by `ancestor` if that
/// has ended, and it is still in the process group in which `zygote` has started that: of one that
/// has left the group nobody can tell any more whose it was.
pub(super) fn descends(
    pid: u32,
    ancestor: Birth,
    zygote: u32,
    look: impl Fn(u32) -> Option<Stat>,
) -> bool {
    let lives = look(ancestor.pid).is_some_and(|s| s.start_time == ancestor.start_time && !s.ended);
    let mut current = pid;
    let mut child_began = u64::MAX;
    for _ in 0..MAX_STEPS {
        let Some(stat) = look(current) else {
            return false;
        };
        let birth = Birth {
            pid: current,
            start_time: stat.start_time,
        };
        if birth == ancestor {
            return true;
        }
        if stat.start_time > child_began {
            return false; // The parent has ended meanwhile, and its ID was given out again.
        }
        if stat.parent == zygote {
            return !lives && stat.group == ancestor.pid;
        }
        child_began = stat.start_time;
        current = stat.parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const ZYGOTE: u32 = 10;
    const APP: Birth = birth(20);

    const fn birth(pid: u32) -> Birth {
        Birth {
            pid,
            start_time: pid as u64 * 100,
        }
    }

    /// Whether `pid` descends from `APP` in a world of (process, its parent), in which everybody else
    /// is in the group of `APP`; the ID of a process is also its age.
    fn descends_from_app(pid: u32, world: &[(u32, u32)]) -> bool {
        descends_by_group(pid, APP.pid, world)
    }

    fn descends_by_group(pid: u32, group: u32, world: &[(u32, u32)]) -> bool {
        let world: BTreeMap<u32, u32> = world.iter().copied().collect();
        descends(pid, APP, ZYGOTE, |pid| {
            Some(Stat {
                parent: *world.get(&pid)?,
                group,
                session: 0,
                start_time: birth(pid).start_time,
                ended: false,
            })
        })
    }

    #[test]
    fn the_app_and_its_children_are_of_its_line_and_others_are_not() {
        let world = [
            (1, 0),
            (10, 1),
            (20, 10),
            (21, 20),
            (22, 21),
            (30, 10),
            (31, 30),
            (40, 1),
        ];
        for (pid, expected) in [
            (20, true),
            (22, true),
            (31, false),
            (40, false),
            (10, false),
        ] {
            assert_eq!(descends_from_app(pid, &world), expected, "{pid}");
        }
        assert!(
            !descends_from_app(99, &world),
            "a process that is not there"
        );
    }

    #[test]
    fn an_orphan_counts_only_once_the_app_has_ended() {
        assert!(!descends_from_app(25, &[(10, 1), (20, 10), (25, 10)]));
        assert!(descends_from_app(25, &[(10, 1), (25, 10)]));
        assert!(descends_from_app(26, &[(10, 1), (25, 10), (26, 25)]));
    }

    #[test]
    fn another_app_is_no_orphan_of_this_one() {
        let world = [(10, 1), (30, 10), (31, 30)];
        assert!(!descends_by_group(31, 30, &world));
        assert!(
            !descends_by_group(31, 30, &[(10, 1), (31, 10)]),
            "nor is its orphan"
        );
    }

    #[test]
    fn a_process_id_that_was_given_out_again_is_another_process() {
        let look = |pid| {
            Some(Stat {
                parent: if pid == 20 { 1 } else { 20 },
                group: 20,
                session: 0,
                start_time: 9999,
                ended: false,
            })
        };
        assert!(!descends(20, APP, ZYGOTE, |pid| look(pid).filter(|_| pid == 20)));
        assert!(!descends_from_app(
            15,
            &[(10, 1), (20, 10), (15, 17), (17, 10)]
        ));
    }

    #[test]
    fn a_line_without_end_is_left_at_some_point() {
        let endless = |pid: u32| {
            Some(Stat {
                parent: pid + 1,
                group: 20,
                session: 0,
                start_time: 1,
                ended: false,
            })
        };
        assert!(!descends(100, APP, ZYGOTE, endless));
    }

    #[test]
    fn a_program_cannot_write_its_parent_into_its_name() {
        let line = b"42 (x) R 1 1) S 20 42 43 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 4711 0 0";
        let stat = parse(line).unwrap();
        assert_eq!((stat.parent, stat.group, stat.session), (20, 42, 43));
        assert_eq!((stat.start_time, stat.ended), (4711, false));
        assert_eq!(parse(b"42 (x"), None);
        assert_eq!(parse(b"42 (x) S"), None);
    }

    #[test]
    fn we_are_the_child_of_our_parent() {
        let own = look(std::process::id()).unwrap();
        assert_eq!(own.parent, std::os::unix::process::parent_id());
    }
}
