//! What there is in a Secret Service: collections and items, as they tell of themselves.

use std::collections::HashMap;

use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zeroize::Zeroizing;

/// The attributes of an item, which everybody on the bus can see.
pub(super) type Attributes = HashMap<String, String>;

/// An item without its secret.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: OwnedObjectPath,
    pub(super) label: String,
    pub(super) attributes: Attributes,
    /// Seconds since 1970.
    pub(super) created: u64,
    /// Seconds since 1970.
    pub(super) modified: u64,
    pub(super) locked: bool,
}

#[cfg(test)]
impl Found {
    pub(super) fn new(path: &str, attributes: Attributes) -> Self {
        Self {
            path: OwnedObjectPath::try_from(path).unwrap(),
            label: String::new(),
            attributes,
            created: 1,
            modified: 1,
            locked: false,
        }
    }
}

/// What is in an item.
#[derive(Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) label: String,
    pub(super) attributes: Attributes,
    pub(super) secret: Zeroizing<String>,
}

/// A collection of items.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    pub(super) path: OwnedObjectPath,
    pub(super) label: String,
    pub(super) locked: bool,
}

impl Collection {
    /// What a collection says of itself.
    pub(super) fn read(path: OwnedObjectPath, properties: &HashMap<String, OwnedValue>) -> Self {
        Self {
            label: text(properties, "Label"),
            locked: is_locked(properties),
            path,
        }
    }
}

impl Found {
    /// What an item says of itself.
    pub(super) fn read(path: OwnedObjectPath, mut properties: HashMap<String, OwnedValue>) -> Self {
        let attributes = properties.remove("Attributes");
        let attributes = attributes.and_then(|value| Attributes::try_from(value).ok());
        let number = |name: &str| {
            properties
                .get(name)
                .and_then(|value| u64::try_from(value).ok())
        };
        Self {
            label: text(&properties, "Label"),
            attributes: attributes.unwrap_or_default(),
            created: number("Created").unwrap_or_default(),
            modified: number("Modified").unwrap_or_default(),
            locked: is_locked(&properties),
            path,
        }
    }
}

fn text(properties: &HashMap<String, OwnedValue>, name: &str) -> String {
    let text = properties
        .get(name)
        .and_then(|value| <&str>::try_from(value).ok());
    text.unwrap_or_default().to_owned()
}

fn is_locked(properties: &HashMap<String, OwnedValue>) -> bool {
    let locked = properties.get("Locked");
    locked
        .and_then(|value| bool::try_from(value).ok())
        .unwrap_or_default()
}
