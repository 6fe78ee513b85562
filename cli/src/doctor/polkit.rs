//! Whether a person can prove who they are: polkit, our action, and somebody who asks for the password.

use std::path::PathBuf;

use credexd::authorization::SYSTEM_BUS;
use credexd::config::{Config, ExportAuthentication, WithoutPolkit};

use super::bus::Bus;
use super::finding::Finding;

const PART: &str = "polkit";
const NAME: &str = "org.freedesktop.PolicyKit1";
const PATH: &str = "/org/freedesktop/PolicyKit1/Authority";
const AUTHORITY: &str = "org.freedesktop.PolicyKit1.Authority";
const ACTION: &str = "org.credex.exchange.export";

/// An action as `EnumerateActions` tells of it: the ID comes first.
type Action = (
    String,
    String,
    String,
    String,
    String,
    String,
    u32,
    u32,
    u32,
    std::collections::HashMap<String, String>,
);

pub(super) async fn examine(settings: &Config) -> Vec<Finding> {
    if settings.authentication.export == ExportAuthentication::Waived {
        let message =
            "a configuration file says that nobody has to prove who they are before an export";
        return vec![
            Finding::note(PART, message).advise("set authentication.export = \"required\""),
        ];
    }
    match knows_action().await {
        Ok(true) => vec![
            Finding::good(
                PART,
                format!("it asks for the password before an export ({ACTION})"),
            ),
            agent(),
        ],
        Ok(false) => vec![
            unchecked(settings, format!("it has not been told of {ACTION}"))
                .advise("install /usr/share/polkit-1/actions/org.credex.exchange.policy"),
        ],
        Err(why) => vec![unchecked(settings, why).advise("`sudo apt install polkitd`")],
    }
}

/// Nothing can check who the person is, which an administrator may have said to be the end of it.
fn unchecked(settings: &Config, why: String) -> Finding {
    match settings.authentication.without_polkit {
        WithoutPolkit::Ask => Finding::note(
            PART,
            format!("{why}: nothing checks who you are before an export"),
        ),
        WithoutPolkit::Refuse => Finding::bad(
            PART,
            format!("{why}, and a configuration file forbids exports then"),
        ),
    }
}

async fn knows_action() -> Result<bool, String> {
    let address = format!("unix:path={SYSTEM_BUS}");
    let bus = Bus::at(&address)
        .await
        .map_err(|error| format!("there is no system bus: {error}"))?;
    if !bus.owns(NAME).await && !bus.can_start(NAME).await {
        return Err("there is no polkit".to_owned());
    }
    let answer = bus
        .call(NAME, PATH, AUTHORITY, "EnumerateActions", &"")
        .await;
    let answer = answer.map_err(|error| format!("polkit does not answer: {error}"))?;
    let actions: Result<Vec<Action>, _> = answer.body().deserialize();
    let actions = actions.map_err(|error| format!("polkit answers strangely: {error}"))?;
    Ok(actions.iter().any(|action| action.0 == ACTION))
}

/// polkit tells nobody who asks for passwords in a session; what a terminal needs can be seen.
fn agent() -> Finding {
    let found = std::env::var_os("PATH").and_then(|path| {
        let mut programs =
            std::env::split_paths(&path).map(|directory| directory.join("pkttyagent"));
        programs.find(|program: &PathBuf| program.is_file())
    });
    match found {
        Some(agent) => Finding::good(
            PART,
            format!("in a terminal {} asks for it", agent.display()),
        ),
        None => Finding::note(
            PART,
            "there is no pkttyagent, so in a terminal nobody asks for the password",
        )
        .advise("`sudo apt install polkitd`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Mark;

    #[test]
    fn without_polkit_it_is_the_administrators_word_that_counts() {
        let mut settings = Config::default();
        assert_eq!(unchecked(&settings, String::new()).mark, Mark::Note);
        settings.authentication.without_polkit = WithoutPolkit::Refuse;
        assert_eq!(unchecked(&settings, String::new()).mark, Mark::Bad);
    }
}
