//! `org.credex.Exchange1.Import`.

use credex_protocol::wire::{AnnounceOptions, CompleteOptions, NoOptions, Receipt};
use zbus::message::Message;
use zbus::zvariant::{OwnedFd, OwnedObjectPath};

use super::{Call, Refusal, standard};

pub(super) async fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    let (desk, sender) = (call.desk, &call.sender);
    match call.member {
        "Announce" => {
            let (app_id, options) = call.arguments::<(String, AnnounceOptions)>()?;
            desk.announce(sender, app_id, options).await?;
            call.answer(&())
        }
        "Withdraw" => {
            call.arguments::<NoOptions>()?;
            desk.withdraw(sender).await?;
            call.answer(&())
        }
        "Redeem" => {
            let (offer, sealed_token, _) =
                call.arguments::<(OwnedObjectPath, Vec<u8>, NoOptions)>()?;
            let redeemed = desk.redeem(sender, &offer, &sealed_token).await?;
            let payload = OwnedFd::from(redeemed.payload);
            call.answer(&(payload, redeemed.wrapped_key, redeemed.results))
        }
        "Extend" => {
            let (offer, seconds, _) = call.arguments::<(OwnedObjectPath, u32, NoOptions)>()?;
            call.answer(&desk.extend(sender, &offer, seconds)?.0)
        }
        "Decline" => {
            let (offer, reason, _) = call.arguments::<(OwnedObjectPath, String, NoOptions)>()?;
            desk.decline(sender, &offer, reason)?;
            call.answer(&())
        }
        "Complete" => {
            let (offer, receipt, options) =
                call.arguments::<(OwnedObjectPath, Receipt, CompleteOptions)>()?;
            let discrepancies = options.discrepancies.unwrap_or_default();
            desk.complete(sender, &offer, receipt, discrepancies)?;
            call.answer(&())
        }
        _ => Err(standard::unknown_method(call)),
    }
}
