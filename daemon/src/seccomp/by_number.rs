//! A filter that looks the number of a call up by halving. Serves "Confinement" of `daemon/README.md`.
//!
//! `seccompiler` writes filters that compare the number with each that has a rule. When the kernel takes a
//! filter it tries all numbers there are, to know which need not be asked about again: with two hundred
//! rules that takes longer than to connect to the bus.

use std::collections::BTreeMap;

use libc::{BPF_ABS, BPF_JA, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompFilter, TargetArch, sock_filter,
};

/// What becomes of the calls with a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same, whatever the arguments.
    Return(SeccompAction),
    /// A filter says it that looks at the arguments.
    ByArguments,
}

/// A filter that looks the number of a call up in `verdicts` by halving them, instead of comparing it to
/// each; a number that is not there is `unknown`. `by_arguments` is asked about those calls that the
/// verdict leaves to it.
///
/// # Errors
/// `by_arguments` is too large, or of a kind that cannot be written.
pub(crate) fn by_number(
    verdicts: BTreeMap<u32, Verdict>,
    unknown: Verdict,
    by_arguments: SeccompFilter,
    architecture: TargetArch,
) -> Result<BpfProgram, BackendError> {
    let mut ranges = vec![(0, unknown.clone())];
    for (number, verdict) in verdicts {
        ranges.push((number, verdict));
        ranges.push((number + 1, unknown.clone()));
    }
    // A number that follows another has two ranges from there, of which the later is its own.
    ranges.reverse();
    ranges.dedup_by_key(|(first, _)| *first);
    ranges.reverse();
    ranges.dedup_by(|(_, verdict), (_, before)| verdict == before);
    // Without rules there is a check of the architecture, and one action.
    let action = (SeccompAction::Allow, SeccompAction::KillProcess);
    let check = SeccompFilter::new(BTreeMap::new(), action.0, action.1, architecture)?;
    let mut program = BpfProgram::try_from(check)?;
    program.pop();
    program.push(statement(BPF_LD | BPF_W | BPF_ABS, NUMBER));
    program.extend(halving(&ranges, 0));
    program.extend(BpfProgram::try_from(by_arguments)?);
    Ok(program)
}

/// Where the number of the call is in what the kernel has a filter look at (`struct seccomp_data`).
const NUMBER: u32 = 0;

/// Finds the range, each with its first number, in which the loaded number is. So many instructions follow
/// before those that look at the arguments.
fn halving(ranges: &[(u32, Verdict)], before_arguments: usize) -> BpfProgram {
    let (lower, higher) = match ranges {
        [] => return Vec::new(),
        [(_, Verdict::Return(action))] => {
            return vec![statement(BPF_RET | BPF_K, u32::from(action.clone()))];
        }
        [(_, Verdict::ByArguments)] => return vec![jump(before_arguments)],
        ranges => ranges.split_at(ranges.len() / 2),
    };
    let first_higher = higher.first().map_or(u32::MAX, |(first, _)| *first);
    let higher = halving(higher, before_arguments);
    let lower = halving(lower, before_arguments + higher.len());
    let is_higher = statement(BPF_JMP | BPF_JGE | BPF_K, first_higher);
    // A jump with a condition does not reach far, the other one does.
    let mut program = match u8::try_from(lower.len()) {
        Ok(jt) => vec![sock_filter { jt, ..is_higher }],
        Err(_) => vec![sock_filter { jf: 1, ..is_higher }, jump(lower.len())],
    };
    program.extend(lower);
    program.extend(higher);
    program
}

/// Goes on behind the next `skipped` instructions.
fn jump(skipped: usize) -> sock_filter {
    // A program of more than 4096 is refused by the kernel.
    statement(BPF_JMP | BPF_JA, u32::try_from(skipped).unwrap_or(u32::MAX))
}

fn statement(code: u32, k: u32) -> sock_filter {
    // Each of the codes has 16 bits, as has their sum.
    let code = u16::try_from(code).unwrap_or(u16::MAX);
    sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}
