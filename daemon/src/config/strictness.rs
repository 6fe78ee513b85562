//! Which of two values is the stricter, and what a value must be at all. Serves "Who may set what" of
//! `daemon/README.md`.
//!
//! Every key of `tables` names one function of each sort. What the person's files say passes through
//! the first, so that it can only tighten what stands.

use std::path::PathBuf;

/// A value as it stands when one of the person's files is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a, T> {
    pub(super) value: &'a T,
    /// Whether an administrator's file says so.
    pub(super) is_settled: bool,
}

/// For limits and lifetimes.
pub(super) fn smaller<T: Ord + Clone>(standing: Standing<'_, T>, asked: &T) -> T {
    standing.value.min(asked).clone()
}

/// For lifetimes of which 0 is the longest.
pub(super) fn smaller_but_0_is_never(standing: Standing<'_, u32>, asked: &u32) -> u32 {
    let length = |seconds: &u32| seconds.checked_sub(1).unwrap_or(u32::MAX);
    *std::cmp::min_by_key(standing.value, asked, |seconds| length(seconds))
}

/// For values that are ordered as strict as they are.
pub(super) fn greater<T: Ord + Clone>(standing: Standing<'_, T>, asked: &T) -> T {
    standing.value.max(asked).clone()
}

/// For what is not the person's business.
pub(super) fn administrators_alone<T: Clone>(standing: Standing<'_, T>, _: &T) -> T {
    standing.value.clone()
}

/// For what is the person's business as long as no administrator says anything.
pub(super) fn persons_unless_settled(standing: Standing<'_, bool>, asked: &bool) -> bool {
    if standing.is_settled {
        *standing.value && *asked
    } else {
        *asked
    }
}

pub(super) fn anything<T>(_: &T) -> Result<(), &'static str> {
    Ok(())
}

pub(super) fn at_least_1(value: &u32) -> Result<(), &'static str> {
    if *value == 0 {
        Err("must be at least 1")
    } else {
        Ok(())
    }
}

/// Where something lies, whatever the working directory is.
pub(super) fn an_absolute_path(path: &Option<PathBuf>) -> Result<(), &'static str> {
    match path {
        Some(path) if !path.is_absolute() => Err("must be an absolute path"),
        _ => Ok(()),
    }
}

/// A program with its arguments, named by an absolute path.
pub(super) fn a_program(words: &Option<Vec<String>>) -> Result<(), &'static str> {
    let program = words.as_ref().map(|words| words.first());
    match program {
        Some(Some(program)) if program.starts_with('/') => Ok(()),
        None => Ok(()),
        Some(_) => Err("must begin with the absolute path of a program"),
    }
}

/// The same, or an empty list: there is to be none.
pub(super) fn a_program_or_none(words: &Option<Vec<String>>) -> Result<(), &'static str> {
    match words {
        Some(words) if words.is_empty() => Ok(()),
        _ => a_program(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing<T>(value: &T, is_settled: bool) -> Standing<'_, T> {
        Standing { value, is_settled }
    }

    #[test]
    fn never_to_leave_is_the_longest_of_all_spans() {
        for (stands, asked, stricter) in [
            (60, 0, 60),
            (0, 60, 60),
            (60, 30, 30),
            (30, 60, 30),
            (0, 0, 0),
        ] {
            let held = smaller_but_0_is_never(standing(&stands, true), &asked);
            assert_eq!(held, stricter, "{stands} stands, {asked} is asked");
        }
    }

    #[test]
    fn what_no_administrator_has_said_is_for_the_person_to_say() {
        for (stands, is_settled, asked, held) in [
            (false, false, true, true),
            (false, true, true, false),
            (true, true, false, false),
            (true, true, true, true),
        ] {
            let found = persons_unless_settled(standing(&stands, is_settled), &asked);
            assert_eq!(
                found, held,
                "{stands} stands ({is_settled}), {asked} is asked"
            );
        }
    }

    #[test]
    fn a_chooser_is_named_by_where_it_lies() {
        let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(a_program(&words(&["/usr/bin/env", "x"])), Ok(()));
        for wrong in [words(&[]), words(&["credex-chooser"])] {
            assert!(a_program(&wrong).is_err(), "{wrong:?}");
        }
    }
}
