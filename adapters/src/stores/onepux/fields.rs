//! Fields of 1Password: which of them are members of credentials, and what their values say.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::FieldType::{
    self, Concealed, CountryCode, Date, String as Text, SubdivisionCode, YearMonth,
};

/// Where a field of a category belongs.
pub(super) struct Member {
    category: &'static str,
    id: &'static str,
    /// The type of the credential.
    pub(super) credential: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: FieldType,
}

const fn member(
    category: &'static str,
    id: &'static str,
    credential: &'static str,
    name: &'static str,
    kind: FieldType,
) -> Member {
    Member {
        category,
        id,
        credential,
        name,
        kind,
    }
}

const CARD: &str = "credit-card";
const LICENSE: &str = "drivers-license";

/// The categories of 1Password: 002 card, 004 identity, 102 database, 103 driving licence, 106
/// passport, 108 social security number, 109 router, 110 server, 112 API credential.
const MEMBERS: [Member; 47] = [
    member("002", "cardholder", CARD, "fullName", Text),
    member("002", "type", CARD, "cardType", Text),
    member("002", "ccnum", CARD, "number", Concealed),
    member("002", "cvv", CARD, "verificationNumber", Concealed),
    member("002", "pin", CARD, "pin", Concealed),
    member("002", "expiry", CARD, "expiryDate", YearMonth),
    member("002", "validFrom", CARD, "validFrom", YearMonth),
    member("004", "firstname", "person-name", "given", Text),
    member("004", "initial", "person-name", "given2", Text),
    member("004", "lastname", "person-name", "surname", Text),
    member("004", "defphone", "address", "tel", Text),
    member("102", "username", "basic-auth", "username", Text),
    member("102", "password", "basic-auth", "password", Concealed),
    member("103", "fullname", LICENSE, "fullName", Text),
    member("103", "birthdate", LICENSE, "birthDate", Date),
    member("103", "number", LICENSE, "licenseNumber", Text),
    member("103", "class", LICENSE, "licenseClass", Text),
    member("103", "state", LICENSE, "territory", SubdivisionCode),
    member("103", "country", LICENSE, "country", CountryCode),
    member("103", "expiry_date", LICENSE, "expiryDate", Date),
    member("106", "type", "passport", "passportType", Text),
    member(
        "106",
        "issuing_country",
        "passport",
        "issuingCountry",
        CountryCode,
    ),
    member("106", "number", "passport", "passportNumber", Text),
    member("106", "fullname", "passport", "fullName", Text),
    member("106", "sex", "passport", "sex", Text),
    member("106", "nationality", "passport", "nationality", CountryCode),
    member(
        "106",
        "issuing_authority",
        "passport",
        "issuingAuthority",
        Text,
    ),
    member("106", "birthdate", "passport", "birthDate", Date),
    member("106", "birthplace", "passport", "birthPlace", Text),
    member("106", "issue_date", "passport", "issueDate", Date),
    member("106", "expiry_date", "passport", "expiryDate", Date),
    member("108", "name", "identity-document", "fullName", Text),
    member(
        "108",
        "number",
        "identity-document",
        "identificationNumber",
        Text,
    ),
    member("109", "network_name", "wifi", "ssid", Text),
    member(
        "109",
        "wireless_security",
        "wifi",
        "networkSecurityType",
        FieldType::WifiSecurity,
    ),
    member("109", "wireless_password", "wifi", "passphrase", Concealed),
    member("110", "username", "basic-auth", "username", Text),
    member("110", "password", "basic-auth", "password", Concealed),
    member("112", "username", "api-key", "username", Text),
    member("112", "credential", "api-key", "key", Concealed),
    member("112", "type", "api-key", "keyType", Text),
    member("112", "hostname", "api-key", "url", Text),
    member("112", "validFrom", "api-key", "validFrom", Date),
    member("112", "expires", "api-key", "expiryDate", Date),
    member("111", "pop_username", "basic-auth", "username", Text),
    member("111", "pop_password", "basic-auth", "password", Concealed),
    member("005", "password", "basic-auth", "password", Concealed),
];

impl Member {
    /// Where the field of this id belongs; `None` if to no credential.
    pub(super) fn find(category: &str, id: &str) -> Option<&'static Self> {
        let mut members = MEMBERS.iter();
        members.find(|member| member.category == category && member.id == id)
    }
}

/// What 1Password calls the security of networks, and CXF.
const SECURITY: [(&str, &str); 7] = [
    ("wep", "wep"),
    ("wpa", "wpa-personal"),
    ("wpap", "wpa-personal"),
    ("wpa2p", "wpa2-personal"),
    ("wpa3p", "wpa3-personal"),
    ("wpa2e", "wpa2-enterprise"),
    ("none", "unsecured"),
];

/// The security of a network as CXF calls it.
pub(super) fn security(text: &str) -> &str {
    let found = SECURITY.iter().find(|(theirs, _)| *theirs == text);
    found.map_or(text, |(_, ours)| ours)
}

/// The text of a value, and of what type it is by itself; `None` if there is none.
pub(super) fn text(kind: &str, value: &Value) -> Option<(FieldType, String)> {
    let plain = || match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    let (kind, text) = match kind {
        "concealed" | "creditCardNumber" => (Concealed, plain()?),
        "email" => match value.get("email_address") {
            Some(address) => (FieldType::Email, address.as_str()?.to_owned()),
            None => (FieldType::Email, plain()?),
        },
        "date" => (Date, date(value.as_i64()?)?),
        "monthYear" => (YearMonth, month(value.as_i64()?)?),
        _ => (Text, plain()?),
    };
    (!text.is_empty()).then_some((kind, text))
}

/// The day of a moment.
fn date(seconds: i64) -> Option<String> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date().to_string())
}

/// The month of a number like 203104.
fn month(number: i64) -> Option<String> {
    let (year, month) = (number / 100, number % 100);
    let is_month = (1..=12).contains(&month) && (1..=9999).contains(&year);
    is_month.then(|| format!("{year:04}-{month:02}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_say_what_they_are() {
        let cases = [
            (
                "date",
                json!(446_774_400),
                Some((Date, "1984-02-28".to_owned())),
            ),
            ("date", json!(i64::MAX), None),
            (
                "monthYear",
                json!(203_104),
                Some((YearMonth, "2031-04".into())),
            ),
            ("monthYear", json!(0), None),
            (
                "email",
                json!({"email_address": "a@b.example"}),
                Some((FieldType::Email, "a@b.example".into())),
            ),
            ("string", json!(""), None),
            ("string", json!({"what": "?"}), None),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(text(kind, &value), expected, "{kind} {value}");
        }
    }
}
