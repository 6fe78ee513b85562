//! What the kernel tells of a process.

use std::fs;
use std::path::PathBuf;

/// CPU time of all its threads, in nanoseconds.
pub(crate) fn cpu(pid: u32) -> u64 {
    let of = |task: PathBuf| {
        let schedstat = fs::read_to_string(task.join("schedstat")).unwrap();
        let first = schedstat.split(' ').next().unwrap();
        first.parse::<u64>().unwrap()
    };
    tasks(pid).into_iter().map(of).sum()
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
