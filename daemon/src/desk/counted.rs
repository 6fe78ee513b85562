//! Counts by credential type, as an exchange keeps them while it waits: there may be thousands of
//! exchanges, most with a few types, and a map takes room for eleven at once.

use std::collections::BTreeSet;

use credex_protocol::wire::Counts;

/// What was declared, let go and deposited, in as little memory as that needs.
#[derive(Debug)]
pub(super) struct Counted(Box<[OfType]>);

/// The credentials of one type. Nothing else is ever let go, and nothing else than that deposited.
#[derive(Debug)]
struct OfType {
    name: Box<str>,
    declared: u32,
    is_granted: bool,
    deposited: Option<u32>,
}

impl Counted {
    /// What the exporter has.
    pub(super) fn declare(counts: &Counts) -> Counted {
        let of_type = |(name, &declared): (&String, &u32)| OfType {
            name: name.as_str().into(),
            declared,
            is_granted: false,
            deposited: None,
        };
        Counted(counts.iter().map(of_type).collect())
    }

    /// The person lets these types go.
    pub(super) fn grant(&mut self, types: &BTreeSet<String>) {
        for each in &mut self.0 {
            each.is_granted = types.contains(&*each.name);
        }
    }

    /// Whether the person let this type go.
    pub(super) fn is_granted(&self, name: &str) -> bool {
        let mut all = self.0.iter();
        all.any(|each| *each.name == *name && each.is_granted)
    }

    /// The exporter has sent these.
    pub(super) fn deposit(&mut self, counts: &Counts) {
        for each in &mut self.0 {
            each.deposited = counts.get(&*each.name).copied();
        }
    }

    /// What was declared.
    pub(super) fn declared(&self) -> Counts {
        self.counts(|each| Some(each.declared))
    }

    /// The types that the person let go.
    pub(super) fn granted(&self) -> Vec<String> {
        let granted = self.0.iter().filter(|each| each.is_granted);
        granted.map(|each| each.name.to_string()).collect()
    }

    /// What was deposited; empty before.
    pub(super) fn deposited(&self) -> Counts {
        self.counts(|each| each.deposited)
    }

    fn counts(&self, count: impl Fn(&OfType) -> Option<u32>) -> Counts {
        let all = self.0.iter();
        all.filter_map(|each| Some((each.name.to_string(), count(each)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_and_sent_is_a_part_of_what_was_declared() {
        let declared = Counts::from([("note".to_owned(), 2), ("totp".to_owned(), 7)]);
        let mut counted = Counted::declare(&declared);
        assert_eq!(counted.declared(), declared);
        assert!(counted.granted().is_empty() && counted.deposited().is_empty());
        counted.grant(&BTreeSet::from(["totp".to_owned()]));
        assert_eq!(counted.granted(), ["totp"]);
        assert!(counted.is_granted("totp"));
        assert!(!counted.is_granted("note") && !counted.is_granted("passkey"));
        let sent = Counts::from([("totp".to_owned(), 0)]);
        counted.deposit(&sent);
        assert_eq!(counted.deposited(), sent);
        assert_eq!(counted.declared(), declared);
    }
}
