//! `CredexPlan`: what an exporter foresees at one importer (protocol/README.md, "A plan").

#![allow(
    unsafe_code,
    reason = "these functions are exported under their own names"
)]

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use credex::{LossReason, Lost, Plan};

use crate::boundary::{guard, optional_text, out, text};
use crate::error::CredexError;
use crate::failure::{Failure, Result};
use crate::status::CredexStatus;
use crate::table::{self, Group, Object};

/// What will become of the items at one importer, for the person to read where they agree. Only for an app
/// that knows what is there. It holds numbers and nothing else, and is shown as the app's word. Free it with
/// credex_plan_free().
#[derive(Debug)]
pub struct CredexPlan {
    plan: Mutex<Plan>,
}

/// What is foreseen of items.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexForeseen {
    /// They are new there.
    Added = 0,
    /// They are there already.
    Same = 1,
    /// They say something else there, and stay there as they are.
    Kept = 2,
    /// They say something else there, and are replaced.
    Replaced = 3,
    /// They say something else there, and are added beside those.
    Both = 4,
    /// Nothing of them can be kept there.
    Dropped = 5,
    /// Parts of the source that cannot be read.
    Unreadable = 6,
}

/// What is lost.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexLost {
    /// A credential.
    Whole = 0,
    /// A part of a credential.
    Part = 1,
    /// A part of an item that is not of a credential: its title, tags, collections.
    OfItem = 2,
}

/// Why something is lost.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredexLossReason {
    /// There is no place for such a thing.
    NoPlace = 0,
    /// It is larger or longer than what is taken there.
    TooLarge = 1,
    /// Nothing but passwords of websites is taken there.
    WebsitesOnly = 2,
    /// Another reason.
    Other = 3,
}

impl Object for CredexPlan {
    const NAME: &'static str = "CredexPlan";
}

impl CredexPlan {
    pub(crate) fn plan(&self) -> Plan {
        self.plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where `foreseen` is counted. A number: C may pass any, and in Rust there would be no such
/// `CredexForeseen`. The same goes for the others.
fn counted(plan: &mut Plan, foreseen: i32) -> Result<&mut u32> {
    const ADDED: i32 = CredexForeseen::Added as i32;
    const SAME: i32 = CredexForeseen::Same as i32;
    const KEPT: i32 = CredexForeseen::Kept as i32;
    const REPLACED: i32 = CredexForeseen::Replaced as i32;
    const BOTH: i32 = CredexForeseen::Both as i32;
    const DROPPED: i32 = CredexForeseen::Dropped as i32;
    const UNREADABLE: i32 = CredexForeseen::Unreadable as i32;
    match foreseen {
        ADDED => Ok(&mut plan.added),
        SAME => Ok(&mut plan.same),
        KEPT => Ok(&mut plan.kept),
        REPLACED => Ok(&mut plan.replaced),
        BOTH => Ok(&mut plan.both),
        DROPPED => Ok(&mut plan.dropped),
        UNREADABLE => Ok(&mut plan.unreadable),
        other => Err(Failure::no_such("foreseen", other, "CredexForeseen")),
    }
}

fn lost(lost: i32, type_name: Option<String>) -> Result<Lost> {
    const WHOLE: i32 = CredexLost::Whole as i32;
    const PART: i32 = CredexLost::Part as i32;
    const OF_ITEM: i32 = CredexLost::OfItem as i32;
    match (lost, type_name) {
        (WHOLE, Some(name)) => Ok(Lost::Whole(name)),
        (PART, Some(name)) => Ok(Lost::Part(name)),
        (OF_ITEM, None) => Ok(Lost::OfItem),
        (WHOLE | PART, None) => Err(Failure::null("type_name")),
        (OF_ITEM, Some(_)) => {
            let wrong = "the argument type_name is to be NULL with CREDEX_LOST_OF_ITEM";
            Err(Failure::argument(wrong))
        }
        (other, _) => Err(Failure::no_such("lost", other, "CredexLost")),
    }
}

fn reason(reason: i32) -> Result<LossReason> {
    const NO_PLACE: i32 = CredexLossReason::NoPlace as i32;
    const TOO_LARGE: i32 = CredexLossReason::TooLarge as i32;
    const WEBSITES_ONLY: i32 = CredexLossReason::WebsitesOnly as i32;
    const OTHER: i32 = CredexLossReason::Other as i32;
    match reason {
        NO_PLACE => Ok(LossReason::NoPlace),
        TOO_LARGE => Ok(LossReason::TooLarge),
        WEBSITES_ONLY => Ok(LossReason::WebsitesOnly),
        OTHER => Ok(LossReason::Other),
        other => Err(Failure::no_such("reason", other, "CredexLossReason")),
    }
}

/// Begins a plan in which nothing is foreseen. `importer` is the desktop-entry ID of an app that is installed,
/// or the unique name of one that announced itself: of one in this process, credex_importer_unique_name().
/// Where the person can choose nobody of that name, the plan is left out.
///
/// # Safety
/// `importer` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_plan_new(
    importer: *const c_char,
    plan: Option<&mut MaybeUninit<*mut CredexPlan>>,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let slot = out(plan, "plan")?;
        // SAFETY: by this function's contract it is a string.
        let importer = unsafe { text(importer, "importer") }?;
        let plan = Mutex::new(Plan::at_named(&importer));
        slot.write(table::insert(Group::NONE, CredexPlan { plan }));
        Ok(())
    })
}

/// Adds `number` items of which this is foreseen; `foreseen` is a CredexForeseen.
#[unsafe(no_mangle)]
pub extern "C" fn credex_plan_add(
    plan: *const CredexPlan,
    foreseen: i32,
    number: u32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        table::get(plan)?.change(|plan| {
            let count = counted(plan, foreseen)?;
            *count = count.saturating_add(number);
            Ok(())
        })
    })
}

/// Adds `number` that are lost; `lost` is a CredexLost, and `reason` a CredexLossReason. `type_name` is the
/// credential type, for instance "passkey", and NULL with `CREDEX_LOST_OF_ITEM`. An export is refused whose
/// plan loses more of a type than its request declares.
///
/// # Safety
/// `type_name` is a string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn credex_plan_add_loss(
    plan: *const CredexPlan,
    lost: i32,
    type_name: *const c_char,
    reason: i32,
    number: u32,
    error: Option<&mut MaybeUninit<*mut CredexError>>,
) -> CredexStatus {
    guard(error, || {
        let plan = table::get(plan)?;
        // SAFETY: by this function's contract it is a string, or NULL.
        let type_name = unsafe { optional_text(type_name, "type_name") }?;
        let (lost, reason) = (self::lost(lost, type_name)?, self::reason(reason)?);
        plan.change(|plan| *plan = std::mem::take(plan).loses(number, lost, reason));
        Ok(())
    })
}

/// Frees a plan. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn credex_plan_free(plan: *mut CredexPlan) -> CredexStatus {
    guard(None, || table::remove(plan).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_for_a_loss_can_be_said_in_c() {
        let said: Vec<_> = (0..).map_while(|number| reason(number).ok()).collect();
        assert_eq!(said, LossReason::ALL);
    }

    #[test]
    fn whatever_is_foreseen_is_counted_on_its_own() {
        let mut plan = Plan::default();
        for number in 0..=CredexForeseen::Unreadable as i32 {
            *counted(&mut plan, number).unwrap() += 1 << number;
        }
        let Plan {
            added, same, kept, ..
        } = plan;
        assert_eq!((added, same, kept), (1, 2, 4));
        let (replaced, both) = (plan.replaced, plan.both);
        assert_eq!((replaced, both), (8, 16));
        assert_eq!((plan.dropped, plan.unreadable), (32, 64));
    }
}
