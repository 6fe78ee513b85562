//! Reading the arguments of a call and writing its answer. Arguments of another type than documented
//! are refused with both types named.

use credex_protocol::{Error, Reason};
use serde::{Deserialize, Serialize};
use zbus::message::Message;
use zbus::zvariant::{DynamicType, Type};

use super::{Call, Refusal};

impl Call<'_> {
    /// The arguments, as a `T` whose D-Bus type is the documented one.
    pub(super) fn arguments<T>(&self) -> Result<T, Refusal>
    where
        T: for<'a> Deserialize<'a> + Type,
    {
        let body = self.message.body();
        body.deserialize().map_err(|error| {
            let (wanted, given) = (T::SIGNATURE, body.signature());
            // Of the right types, and yet unreadable: the file descriptor found no room here.
            if wanted == body.signature() && self.message.header().unix_fds().is_some() {
                let message =
                    format!("the file descriptor could not be taken ({error}); try again");
                return Refusal::Ours(Error::new(Reason::QuotaExceeded, message));
            }
            let message = format!(
                "{} takes ({}) and was called with ({given}): {error}",
                self.member,
                wanted
                    .to_string()
                    .trim_start_matches('(')
                    .trim_end_matches(')'),
            );
            Refusal::Ours(Error::new(Reason::InvalidArgument, message))
        })
    }

    /// The answer to this call.
    pub(super) fn answer<B: Serialize + DynamicType>(&self, body: &B) -> Result<Message, Refusal> {
        Ok(Message::method_return(&self.message.header())?.build(body)?)
    }
}
