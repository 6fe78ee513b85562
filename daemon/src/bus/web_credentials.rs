//! `org.credex.Exchange1.WebCredentials`.

use credex_protocol::wire::{
    AddOptions, CheckOptions, GenerateOptions, NoOptions, RefreshOptions, WebRequestOptions,
};
use zbus::message::Message;
use zbus::zvariant::OwnedObjectPath;

use super::{Call, Refusal, standard};

pub(super) async fn call(call: &Call<'_>) -> Result<Message, Refusal> {
    let (desk, sender) = (call.desk, &call.sender);
    let request = |path: String| OwnedObjectPath::try_from(path).map_err(zbus::Error::from);
    match call.member {
        "GetKey" => {
            call.arguments::<NoOptions>()?;
            call.answer(&desk.get_key(sender).await?)
        }
        "Add" => {
            let (window, domain, account, sealed, options) =
                call.arguments::<(String, String, String, Vec<u8>, AddOptions)>()?;
            let of = (domain, account);
            let path = desk.add_web_credential(sender, window, of, sealed, options);
            call.answer(&request(path.await?)?)
        }
        "Request" => {
            let (window, key, options) =
                call.arguments::<(String, Vec<u8>, WebRequestOptions)>()?;
            let path = desk.request_web_credential(sender, window, key, options);
            call.answer(&request(path.await?)?)
        }
        "Generate" => {
            let (key, options) = call.arguments::<(Vec<u8>, GenerateOptions)>()?;
            call.answer(&desk.generate_password(sender, key, options).await?)
        }
        "Refresh" => {
            let (domain, options) = call.arguments::<(String, RefreshOptions)>()?;
            let path = desk.refresh_domain(sender, domain, options);
            call.answer(&request(path.await?)?)
        }
        "CheckDomain" => {
            let (domain, options) = call.arguments::<(String, CheckOptions)>()?;
            call.answer(&desk.check_domain(sender, domain, options).await?)
        }
        "ListDecisions" => {
            call.arguments::<NoOptions>()?;
            call.answer(&desk.list_decisions(sender).await?)
        }
        "RevokeDecision" => {
            let (app_id, domain, _) = call.arguments::<(String, String, NoOptions)>()?;
            desk.revoke_decision(sender, app_id, domain).await?;
            call.answer(&())
        }
        _ => Err(standard::unknown_method(call)),
    }
}
