//! `org.credex.Exchange1.Export`.

use credex_protocol::wire::ExportOptions;
use zbus::message::Message;
use zbus::zvariant::OwnedObjectPath;

use super::{Call, Refusal, standard};

pub(super) async fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    match call.member {
        "RequestExport" => {
            let (parent_window, options) = call.arguments::<(String, ExportOptions)>()?;
            let path = call
                .desk
                .request_export(&call.sender, parent_window, options)
                .await?;
            call.answer(&OwnedObjectPath::try_from(path).map_err(zbus::Error::from)?)
        }
        _ => Err(standard::unknown_method(call)),
    }
}
