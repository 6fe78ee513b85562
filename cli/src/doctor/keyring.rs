//! Where passwords of websites would be kept. Nothing is started or unlocked for that.

use credexd::config::{Config, PasswordStore};
use zbus::zvariant::OwnedObjectPath;

use super::bus::Bus;
use super::finding::Finding;

const PART: &str = "secret-service";
const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";

pub(super) async fn examine(bus: &Bus, settings: &Config) -> Vec<Finding> {
    if settings.web_credentials.store == PasswordStore::Memory {
        let message =
            "a configuration file says that passwords of websites are kept in memory alone";
        return vec![Finding::note(PART, message)];
    }
    vec![if bus.owns(NAME).await {
        state(bus)
            .await
            .unwrap_or_else(|error| Finding::note(PART, format!("it does not answer: {error}")))
    } else if bus.can_start(NAME).await {
        Finding::good(PART, "it is started when it is needed")
    } else {
        let message = "there is none: passwords of websites would be kept in an encrypted file, with a passphrase";
        Finding::note(PART, message)
            .advise("`sudo apt install gnome-keyring`, or switch on that of KeePassXC")
    }]
}

async fn state(bus: &Bus) -> zbus::Result<Finding> {
    let alias = bus
        .call(NAME, PATH, SERVICE, "ReadAlias", &"default")
        .await?;
    let collection: OwnedObjectPath = alias.body().deserialize()?;
    if collection.as_str() == "/" {
        let message = "it has no default collection, so nothing new can be kept";
        return Ok(Finding::note(PART, message)
            .advise("make a keyring in its own program, and the default"));
    }
    let properties = bus.properties(NAME, &collection, COLLECTION).await?;
    let locked = properties
        .get("Locked")
        .and_then(|locked| bool::try_from(locked).ok());
    Ok(match locked {
        Some(true) => Finding::good(
            PART,
            "it is there, and locked: it asks you when it is needed",
        ),
        _ => Finding::good(PART, "it is there, and unlocked"),
    })
}
