//! Counts by credential type, as an exchange keeps them while it waits: there may be thousands of
//! exchanges, most with a few types, and a map takes room for eleven at once.

use credex_protocol::wire::Counts;

/// Counts, in as little memory as they need.
#[derive(Debug, Default)]
pub(super) struct Counted(Box<[(Box<str>, u32)]>);

impl Counted {
    /// Whether nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they travel.
    pub(super) fn to_wire(&self) -> Counts {
        let pairs = self.0.iter();
        pairs
            .map(|(name, count)| (name.to_string(), *count))
            .collect()
    }
}

impl From<Counts> for Counted {
    fn from(counts: Counts) -> Counted {
        let pairs = counts.into_iter();
        Counted(pairs.map(|(name, count)| (name.into(), count)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back_as_they_were() {
        let counts = Counts::from([("note".to_owned(), 2), ("totp".to_owned(), 7)]);
        assert_eq!(Counted::from(counts.clone()).to_wire(), counts);
        assert_eq!(Counted::default().to_wire(), Counts::new());
    }
}
