//! What the service says of itself: its version, who can import, and what protects it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use credex_protocol::names::BUS_NAME;
use credex_protocol::proxy::StatusProxy;
use credex_protocol::wire::{ImporterInfo, NoOptions, ServiceStatus};
use credexd::config::Config;
use credexd::protections::IN_FORCE;
use zbus::proxy::CacheProperties;

use super::bus::Bus;
use super::finding::Finding;
use super::unit::SYSTEMD;

const OURS: &str = env!("CARGO_PKG_VERSION");
/// What the keys of all exchanges that there may be take, with room to spare, in bytes.
const ENOUGH: u64 = 64 * 1024;

pub(super) async fn examine(bus: &Bus, settings: &Config) -> Vec<Finding> {
    let (status, providers) = match ask(bus).await {
        Ok(answers) => answers,
        Err(error) => return vec![silent(bus, &error).await],
    };
    if status.program_version.is_none() {
        return vec![
            Finding::note(
                "service",
                "it answers, and tells little to what is in a sandbox",
            )
            .advise("run `credex doctor` outside of it"),
        ];
    }
    let mut findings = vec![version(&status)];
    findings.extend(other_files(&status, settings));
    findings.extend(importers(&providers.0, &providers.1));
    findings.push(memory(&status, limit(bus).await));
    findings.extend(protections(status.protections.unwrap_or_default()));
    findings
}

type Providers = (Vec<ImporterInfo>, Vec<String>);

async fn ask(bus: &Bus) -> zbus::Result<(ServiceStatus, Providers)> {
    let proxy = StatusProxy::builder(&bus.connection).cache_properties(CacheProperties::No);
    let proxy = proxy.build().await?;
    let status = proxy.get_status(NoOptions {}).await?;
    Ok((status, proxy.providers(NoOptions {}).await?))
}

async fn silent(bus: &Bus, error: &zbus::Error) -> Finding {
    let finding = Finding::bad("service", format!("it does not answer: {error}"));
    match bus.owns(SYSTEMD).await {
        true => {
            finding.advise("`journalctl --user --unit=credexd.service` says why it does not start; if it is a matter of \
                            user namespaces, `systemctl --user daemon-reload`")
        }
        false => finding.advise("start `credexd` in a terminal to see why it does not start"),
    }
}

fn version(status: &ServiceStatus) -> Finding {
    match status.program_version.as_deref() {
        Some(OURS) => Finding::good("service", format!("credexd {OURS} answers")),
        other => {
            let other = other.unwrap_or("of an unknown version");
            Finding::note(
                "service",
                format!("credexd {other} answers, and this is credex {OURS}"),
            )
            .advise("it ends when it is idle, and the next one is of the version that is installed")
        }
    }
}

/// A service that runs reads no file again.
fn other_files(status: &ServiceStatus, settings: &Config) -> Option<Finding> {
    let theirs: Vec<PathBuf> = status
        .configuration
        .iter()
        .flatten()
        .map(PathBuf::from)
        .collect();
    (theirs != settings.files).then(|| {
        Finding::note(
            "service",
            "the service that runs has read other configuration files than there are now",
        )
        .advise("it reads them when it is started next, after it was idle")
    })
}

fn importers(providers: &[ImporterInfo], problems: &[String]) -> Vec<Finding> {
    let mut findings = vec![match providers.len() {
        0 => Finding::note("providers", "no app takes credentials")
            .advise("`credex import` does; of an app, the desktop entry must say Implements=org.credex.Importer1"),
        number => Finding::good(
            "providers",
            format!("{} credentials; `credex providers` lists them", match number {
                1 => "1 app takes".to_owned(),
                number => format!("{number} apps take"),
            }),
        ),
    }];
    let conflicts = providers
        .iter()
        .filter_map(|provider| provider.conflict.as_ref());
    let wrong = conflicts.chain(problems);
    findings.extend(wrong.map(|wrong| Finding::note("providers", wrong.as_str())));
    findings
}

fn memory(status: &ServiceStatus, limit: Option<u64>) -> Finding {
    let told = limit.map_or_else(
        || "without a limit that is known".to_owned(),
        |limit| format!("of {} KiB at most", limit / 1024),
    );
    let advice = "say LimitMEMLOCK=8M under [Service] in `systemctl --user edit credexd.service`";
    if status.undumpable != Some(true) {
        return Finding::bad("memory", "keys are not kept out of core dumps")
            .advise("report that as a bug");
    }
    match (status.memory_locked, limit) {
        (Some(true), Some(limit)) if limit < ENOUGH => Finding::note(
            "memory",
            format!("keys may not all fit into locked memory {told}"),
        )
        .advise(advice),
        (Some(true), _) => Finding::good("memory", format!("keys are locked into memory {told}")),
        _ => Finding::bad(
            "memory",
            format!("keys are not locked into memory {told}, and may be swapped out"),
        )
        .advise(advice),
    }
}

/// How many bytes the service may lock.
async fn limit(bus: &Bus) -> Option<u64> {
    let pid = bus.process_of(BUS_NAME).await?;
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    locked_memory(&limits)
}

/// The soft limit of `/proc/PID/limits`; `None` if there is none.
fn locked_memory(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max locked memory"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn protections(told: BTreeMap<String, String>) -> Vec<Finding> {
    let (there, missing): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|(_, state)| state == IN_FORCE);
    let names: Vec<String> = there.into_iter().map(|(name, _)| name).collect();
    let first = match names.is_empty() {
        true => Finding::note(
            "sandbox",
            "the service does not say that anything confines it",
        ),
        false => Finding::good("sandbox", format!("in force: {}", names.join(", "))),
    };
    let missing = missing.into_iter();
    let missing = missing.map(|(name, why)| Finding::note("sandbox", format!("{name}: {why}")));
    std::iter::once(first).chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;

    #[test]
    fn keys_that_can_be_swapped_out_are_bad_and_a_low_limit_is_worth_knowing() {
        let status = |locked| ServiceStatus {
            memory_locked: Some(locked),
            undumpable: Some(true),
            ..ServiceStatus::default()
        };
        assert_eq!(memory(&status(false), None).mark, Mark::Bad);
        assert_eq!(memory(&status(true), Some(4096)).mark, Mark::Note);
        assert_eq!(memory(&status(true), Some(8 << 20)).mark, Mark::Good);
        assert_eq!(memory(&ServiceStatus::default(), None).mark, Mark::Bad);
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         65536     65536   bytes\n";
        assert_eq!(locked_memory(limits), Some(65536));
        assert_eq!(
            locked_memory("Max locked memory  unlimited unlimited bytes"),
            None
        );
    }

    #[test]
    fn what_is_not_in_force_has_a_line_of_its_own() {
        let told = [("seccomp", IN_FORCE), ("unit", "not started by it")];
        let told = told.map(|(name, state)| (name.to_owned(), state.to_owned()));
        let findings = protections(told.into());
        assert_eq!(findings[0].message, "in force: seccomp");
        assert_eq!(
            (findings[1].mark, &*findings[1].message),
            (Mark::Note, "unit: not started by it")
        );
    }

    #[test]
    fn another_version_is_told_with_both() {
        let status = ServiceStatus {
            program_version: Some("0.0.1".into()),
            ..ServiceStatus::default()
        };
        let finding = version(&status);
        assert!(
            finding.message.contains("0.0.1") && finding.message.contains(OURS),
            "{finding:?}"
        );
    }
}
