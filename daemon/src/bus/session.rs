//! `org.credex.Exchange1.Session`.

use credex_protocol::wire::{Counts, NoOptions};
use zbus::message::Message;
use zbus::zvariant::OwnedFd;

use super::{Call, Refusal, standard};

pub(super) fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    match call.member {
        "Deposit" => {
            let (payload, wrapped_key, counts, _) =
                call.arguments::<(OwnedFd, Vec<u8>, Counts, NoOptions)>()?;
            let (sender, path) = (&call.sender, call.path);
            let expires = call
                .desk
                .deposit(sender, path, payload.into(), wrapped_key, counts)?;
            call.answer(&expires.0)
        }
        "Close" => {
            call.desk.close_export(&call.sender, call.path)?;
            call.answer(&())
        }
        _ => Err(standard::unknown_method(call)),
    }
}
