//! Payment cards.

use crate::{FieldType, Item, Object};

/// What Bitwarden and CXF call the same, and of what type it is there.
const MEMBERS: [(&str, &str, FieldType); 4] = [
    ("cardholderName", "fullName", FieldType::String),
    ("brand", "cardType", FieldType::String),
    ("number", "number", FieldType::Concealed),
    ("code", "verificationNumber", FieldType::Concealed),
];

pub(super) fn write(item: &Item) -> Object {
    let mut written = Object::new();
    let Some(card) = item.credential("credit-card") else {
        return written;
    };
    for (name, member, _) in MEMBERS {
        written.set(name, card.field(member));
    }
    let expiry = card
        .field("expiryDate")
        .and_then(|expiry| expiry.split_once('-'));
    if let Some((year, month)) = expiry {
        written.set("expYear", year);
        written.set("expMonth", month.trim_start_matches('0'));
    }
    written
}

pub(super) fn read(card: &Object) -> Option<Object> {
    let mut read = Object::credential("credit-card");
    let text = |name| card.text(name).filter(|text| !text.is_empty());
    for (name, member, kind) in MEMBERS {
        if let Some(text) = text(name) {
            read.set_field(member, kind, text);
        }
    }
    let month = text("expMonth").and_then(|month| month.parse::<u8>().ok());
    let month = month.filter(|month| (1..=12).contains(month));
    let year = text("expYear").and_then(|year| year.parse::<u16>().ok());
    // Two digits are years of this century.
    let year = year.map(|year| if year < 100 { 2000 + year } else { year });
    if let (Some(year), Some(month)) = (year, month) {
        let expiry = format!("{year:04}-{month:02}");
        read.set_field("expiryDate", FieldType::YearMonth, &expiry);
    }
    (read.members().count() > 1).then_some(read)
}
