//! What the exporter says will become of its credentials at an importer.

use credex_protocol::wire;

use super::Kind;

pub use wire::LossReason;

/// Numbers of items, unless it says otherwise. A claim: of the app that exports, and not of the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Are new there.
    pub added: u32,
    /// Are there already.
    pub same: u32,
    /// Say something else there, and stay as they are.
    pub kept: u32,
    /// Say something else there, and are replaced.
    pub replaced: u32,
    /// Say something else there, and are added beside those.
    pub both: u32,
    /// Nothing of them can be kept there.
    pub dropped: u32,
    /// Parts of the source that cannot be read.
    pub unreadable: u32,
    /// What is lost, the most first.
    pub losses: Vec<Loss>,
}

/// One kind of loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// How many; never zero.
    pub count: u32,
    /// Of what.
    pub of: Lost,
    /// Why.
    pub reason: LossReason,
}

/// What is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Credentials of a type.
    Whole(Kind),
    /// A part of credentials of a type.
    Part(Kind),
    /// Something of items that is no credential.
    OfItem,
}

impl Plan {
    /// Reads it.
    pub(super) fn parse(plan: wire::Plan) -> Plan {
        let losses = plan.losses.unwrap_or_default().into_iter();
        let mut losses: Vec<_> = losses.filter_map(Loss::parse).collect();
        losses.sort_by_key(|loss| {
            (
                matches!(loss.of, Lost::OfItem),
                std::cmp::Reverse(loss.count),
            )
        });
        Plan {
            added: plan.added.unwrap_or_default(),
            same: plan.same.unwrap_or_default(),
            kept: plan.kept.unwrap_or_default(),
            replaced: plan.replaced.unwrap_or_default(),
            both: plan.both.unwrap_or_default(),
            dropped: plan.dropped.unwrap_or_default(),
            unreadable: plan.unreadable.unwrap_or_default(),
            losses,
        }
    }
}

impl Loss {
    fn parse(loss: wire::PlannedLoss) -> Option<Loss> {
        let part = loss.part.unwrap_or_default();
        Some(Loss {
            count: loss.count.filter(|count| *count > 0)?,
            of: match loss.credential_type {
                Some(raw) if part => Lost::Part(Kind { raw }),
                Some(raw) => Lost::Whole(Kind { raw }),
                None => Lost::OfItem,
            },
            reason: LossReason::from_name(loss.reason.as_deref().unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_loss_comes_first_and_what_is_no_credential_last() {
        let loss = |kind: Option<&str>, count, part| wire::PlannedLoss {
            credential_type: kind.map(str::to_owned),
            count: Some(count),
            part: Some(part),
            reason: Some("of a later version".to_owned()),
        };
        let plan = Plan::parse(wire::Plan {
            losses: Some(vec![
                loss(None, 90, true),
                loss(Some("note"), 0, false),
                loss(Some("totp"), 2, true),
                loss(Some("passkey"), 7, false),
            ]),
            ..wire::Plan::default()
        });
        let told: Vec<_> = plan.losses.iter().map(|loss| loss.of.clone()).collect();
        let kinds = [
            Lost::Whole(Kind::new("passkey")),
            Lost::Part(Kind::new("totp")),
            Lost::OfItem,
        ];
        assert_eq!(told, kinds);
        assert_eq!(plan.losses[0].reason, LossReason::Other);
    }
}
