//! The configuration files: whether they can be used, and what they say in vain.

use credexd::config::Config;

use super::finding::Finding;
use crate::output::counted;

const PART: &str = "configuration";

/// What the files say together, or what is built in where they cannot be used.
pub(super) fn examine() -> (Config, Vec<Finding>) {
    let loaded = match Config::load(None) {
        Ok(loaded) => loaded,
        Err(error) => {
            let finding = Finding::bad(PART, error.to_string()).advise(
                "mend or remove the file: the service does not start with it; see credexd.conf(5)",
            );
            return (Config::default(), vec![finding]);
        }
    };
    let files = &loaded.config.files;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let message = match names.is_empty() {
        true => "there is no file: everything is as it is built in".to_owned(),
        false => format!(
            "{}: {}",
            counted(names.len() as u64, "file"),
            names.join(", ")
        ),
    };
    let mut findings = vec![Finding::good(PART, message)];
    let warnings = loaded.warnings.into_iter();
    findings.extend(warnings.map(|warning| Finding::note(PART, warning)));
    if loaded.config.web_credentials.developer {
        let message = "developer mode is on: any program is taken for the app that it says to be";
        findings.push(
            Finding::note(PART, message)
                .advise("set web_credentials.developer = false when you are done"),
        );
    }
    (loaded.config, findings)
}
