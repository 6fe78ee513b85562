//! One call of `WebCredentials` that a `Request` answers. Dropping it while it is open takes it back.

use std::sync::Arc;

use credex_protocol::names;
use credex_protocol::wire::{WebResults, response};
use serde::Serialize;
use uuid::Uuid;
use zbus::zvariant::{DynamicType, OwnedObjectPath};

use super::WebRefusal;
use crate::answer::Method;
use crate::bus::{Bus, Mailbox, next_from};
use crate::error::{Error, Result};

/// A question, from before it is put: its path is bound into what is sealed.
pub(super) struct Question {
    bus: Arc<Bus>,
    token: String,
    path: String,
    answers: Mailbox,
    /// Who was asked, while there is no answer.
    open_at: Option<String>,
}

impl Question {
    pub(super) fn new(bus: &Arc<Bus>) -> Self {
        let token = Uuid::new_v4().simple().to_string();
        let path = names::request_path(bus.unique_name(), &token);
        Self {
            answers: bus.mailbox(&path),
            bus: Arc::clone(bus),
            token,
            path,
            open_at: None,
        }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Puts it to `service`, a unique name, and waits for the answer.
    pub(super) async fn ask(
        mut self,
        service: String,
        method: Method<'_>,
        body: &(impl Serialize + DynamicType),
    ) -> Result<WebResults> {
        // Where somebody else answers, the service may be asking the person all the same.
        self.open_at = Some(service.clone());
        let put: Result<OwnedObjectPath> = self.bus.call(&service, method, body).await;
        if !matches!(put, Ok(_) | Err(Error::NotTheService { .. })) {
            self.open_at = None;
        }
        if put?.as_str() != self.path {
            let wrong = "the request is not where handle_token puts it";
            return Err(Error::Protocol(wrong.to_owned()));
        }
        let answer = next_from(&mut self.answers, &service).await?;
        self.open_at = None;
        let (response, results): (u32, WebResults) =
            answer.body().deserialize().map_err(Error::unreadable)?;
        match response {
            response::DONE => Ok(results),
            _ => Err(WebRefusal::read(results).into()),
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.bus.close_mailbox(&self.path);
        let Some(service) = self.open_at.take() else {
            return;
        };
        let (bus, path) = (Arc::clone(&self.bus), self.path.clone());
        self.bus.spawn(async move {
            let close = Method {
                path: &path,
                interface: names::REQUEST,
                name: "Close",
            };
            if let Err(error) = bus.call::<()>(&service, close, &()).await {
                tracing::debug!(%error, "a dropped question was over already");
            }
        });
    }
}
