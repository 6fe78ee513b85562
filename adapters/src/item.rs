//! An item as CXF 1.0 has it (§ "Item"), with the members that stores ask for most.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::Object;
use crate::object::field;
use crate::record::new_id;

/// The type of an editable field (CXF 1.0, `FieldType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each says what CXF calls it")]
pub enum FieldType {
    String,
    Concealed,
    Email,
    Number,
    Boolean,
    Date,
    YearMonth,
    WifiSecurity,
    CountryCode,
    SubdivisionCode,
}

impl FieldType {
    /// The name in a document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Concealed => "concealed-string",
            Self::Email => "email",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::YearMonth => "year-month",
            Self::WifiSecurity => "wifi-network-security-type",
            Self::CountryCode => "country-code",
            Self::SubdivisionCode => "subdivision-code",
        }
    }
}

/// An item: a title, what it is for, and its credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Every member but `credentials`, known or not.
    pub members: Object,
    /// The credentials in their order.
    pub credentials: Vec<Object>,
}

impl Item {
    /// An item of this id (base64url), or of a fresh one, without credentials.
    #[must_use]
    pub fn new(id: Option<String>, title: &str) -> Self {
        let mut members = Object::new();
        members.set("id", id.unwrap_or_else(new_id));
        members.set("title", title);
        Self {
            members,
            credentials: Vec::new(),
        }
    }

    /// The id, in base64url.
    #[must_use]
    pub fn id(&self) -> &str {
        self.members.text("id").unwrap_or_default()
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.members.text("title").unwrap_or_default()
    }

    /// The addresses of the websites that the item is for, as they are written.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let urls = self
            .members
            .get("scope")
            .and_then(|scope| scope.get("urls"));
        let urls = urls.and_then(Value::as_array).into_iter().flatten();
        urls.filter_map(Value::as_str)
    }

    /// Sets the addresses of the websites; other members of the scope stay. None at all means that
    /// there is no scope, unless it has other members.
    pub fn set_urls(&mut self, urls: impl IntoIterator<Item = impl Into<String>>) {
        let scope = self.members.take("scope").and_then(Object::from_value);
        let mut scope = scope.unwrap_or_default();
        let urls: Vec<Value> = urls
            .into_iter()
            .map(|url| Value::String(url.into()))
            .collect();
        if urls.is_empty() && !scope.members().any(|(name, _)| name != "urls") {
            return;
        }
        scope.set("urls", urls);
        self.members.set("scope", scope.into_value());
    }

    /// The tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let tags = self.members.get("tags").and_then(Value::as_array);
        tags.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Sets the tags; none at all means that there is no such member.
    pub fn set_tags(&mut self, tags: impl IntoIterator<Item = impl Into<String>>) {
        let tags: Vec<Value> = tags
            .into_iter()
            .map(|tag| Value::String(tag.into()))
            .collect();
        match tags.is_empty() {
            true => drop(self.members.take("tags")),
            false => self.members.set("tags", tags),
        }
    }

    /// Whether it is marked as a favourite.
    #[must_use]
    pub fn is_favorite(&self) -> bool {
        self.members.get("favorite").and_then(Value::as_bool) == Some(true)
    }

    /// The first credential of this CXF type.
    #[must_use]
    pub fn credential(&self, kind: &str) -> Option<&Object> {
        self.credentials
            .iter()
            .find(|credential| credential.kind() == kind)
    }

    /// Adds a user name and a password (CXF 1.0, `basic-auth`), as far as there are any.
    pub fn push_login(&mut self, username: Option<&str>, password: Option<&str>) {
        let mut login = Object::credential("basic-auth");
        if let Some(username) = username {
            login.set_field("username", FieldType::String, username);
        }
        if let Some(password) = password {
            login.set_field("password", FieldType::Concealed, password);
        }
        if username.is_some() || password.is_some() {
            self.credentials.push(login);
        }
    }

    /// Adds a note (CXF 1.0, `note`).
    pub fn push_note(&mut self, content: &str) {
        let mut note = Object::credential("note");
        note.set_field("content", FieldType::String, content);
        self.credentials.push(note);
    }

    /// Adds one custom field to those of the item (CXF 1.0, `custom-fields`).
    pub fn push_custom_field(&mut self, kind: FieldType, label: &str, value: &str) {
        let field = field(kind, Some(label), value).into_value();
        let custom = |credential: &&mut Object| credential.kind() == "custom-fields";
        let Some(custom) = self.credentials.iter_mut().find(custom) else {
            let mut custom = Object::credential("custom-fields");
            custom.set("fields", vec![field]);
            self.credentials.push(custom);
            return;
        };
        let mut fields = match custom.take("fields") {
            Some(Value::Array(fields)) => fields,
            _ => Vec::new(),
        };
        fields.push(field);
        custom.set("fields", fields);
    }
}

/// For every credential of `whole`, the place of the one in `native` of the same type and turn.
pub(crate) fn pairs<'w>(
    whole: impl IntoIterator<Item = &'w Object>,
    native: &[Object],
) -> Vec<Option<usize>> {
    let mut left: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, credential) in native.iter().enumerate() {
        left.entry(credential.kind()).or_default().push_back(at);
    }
    let next = |credential: &Object| left.get_mut(credential.kind())?.pop_front();
    whole.into_iter().map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_fields_of_an_item_are_one_credential() {
        let mut item = Item::new(None, "Bank");
        item.push_custom_field(FieldType::String, "Branch", "12");
        item.push_custom_field(FieldType::Concealed, "PIN", "4711");
        assert_eq!(item.credentials.len(), 1);
        let fields = item.credentials[0].get("fields").and_then(Value::as_array);
        assert_eq!(fields.unwrap()[1]["value"], "4711");
    }

    #[test]
    fn urls_come_and_go_and_leave_the_rest_of_the_scope() {
        let mut item = Item::new(None, "Bank");
        item.set_urls(["https://bank.example"]);
        assert_eq!(item.urls().collect::<Vec<_>>(), ["https://bank.example"]);
        item.set_urls(Vec::<String>::new());
        assert_eq!(item.members.get("scope"), None);
    }
}
