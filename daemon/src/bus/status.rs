//! `org.credex.Exchange1.Status`.

use credex_protocol::wire::NoOptions;
use zbus::message::Message;

use super::{Call, Refusal, standard};

pub(super) async fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    match call.member {
        "Providers" => {
            call.arguments::<NoOptions>()?;
            call.answer(&call.desk.list_providers(&call.sender).await?)
        }
        "GetStatus" => {
            call.arguments::<NoOptions>()?;
            call.answer(&call.desk.status(&call.sender).await?)
        }
        _ => Err(standard::unknown_method(call)),
    }
}
