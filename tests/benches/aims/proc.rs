//! What the kernel tells of a process.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// CPU time of each of its threads, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Cpu(BTreeMap<PathBuf, u64>);

impl Cpu {
    pub(crate) fn of(pid: u32) -> Cpu {
        let of = |task: PathBuf| {
            // One that ends meanwhile has used nothing any more.
            let schedstat = fs::read_to_string(task.join("schedstat")).ok()?;
            let first = schedstat.split(' ').next()?.parse().ok()?;
            Some((task, first))
        };
        Cpu(tasks(pid).into_iter().filter_map(of).collect())
    }

    /// How much was used since then. A thread that has ended since took its account with it: those of the
    /// daemon end after having been idle for long.
    pub(crate) fn since(&self, before: &Cpu) -> u64 {
        let used = |(task, now): (&PathBuf, &u64)| now - before.0.get(task).unwrap_or(&0);
        self.0.iter().map(used).sum()
    }
}

/// How often its threads went to sleep of their own accord: a thread that sleeps on was not woken.
pub(crate) fn wake_ups(pid: u32) -> u64 {
    let of = |task: PathBuf| field(&task.join("status"), "voluntary_ctxt_switches:");
    tasks(pid).into_iter().map(of).sum()
}

pub(crate) fn threads(pid: u32) -> usize {
    tasks(pid).len()
}

/// Its own memory that is in RAM, in KiB.
pub(crate) fn anonymous_kib(pid: u32) -> u64 {
    field(&file(pid, "status"), "RssAnon:")
}

/// Its share of all memory, in KiB.
pub(crate) fn proportional_kib(pid: u32) -> u64 {
    field(&file(pid, "smaps_rollup"), "Pss:")
}

/// Its children.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let of = |task: PathBuf| fs::read_to_string(task.join("children")).unwrap_or_default();
    let all: String = tasks(pid).into_iter().map(of).collect();
    let words = all.split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}

fn tasks(pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(file(pid, "task")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn file(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn field(file: &PathBuf, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}
