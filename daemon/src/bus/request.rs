//! `org.credex.Exchange1.Request`.

use zbus::message::Message;

use super::{Call, Refusal, standard};

pub(super) fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    match call.member {
        "Close" => {
            call.desk.close_request(&call.sender, call.path)?;
            call.answer(&())
        }
        _ => Err(standard::unknown_method(call)),
    }
}
