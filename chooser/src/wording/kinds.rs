//! Credential types and amounts of them.

use tr::tr;

use crate::hostile;
use crate::model::{Kind, Quantity};

/// For example "2 SSH keys".
#[must_use]
pub fn quantity(n: u32, of: &Kind) -> String {
    match of.raw() {
        "address" => tr!("{n} address" | "{n} addresses" % n),
        "api-key" => tr!("{n} API key" | "{n} API keys" % n),
        "basic-auth" => tr!("{n} password" | "{n} passwords" % n),
        "credit-card" => tr!("{n} payment card" | "{n} payment cards" % n),
        "custom-fields" => tr!("{n} set of custom fields" | "{n} sets of custom fields" % n),
        "drivers-license" => tr!("{n} driver's licence" | "{n} driver's licences" % n),
        "file" => tr!("{n} file" | "{n} files" % n),
        "generated-password" => tr!("{n} generated password" | "{n} generated passwords" % n),
        "identity-document" => tr!("{n} identity document" | "{n} identity documents" % n),
        "item-reference" => tr!("{n} link between items" | "{n} links between items" % n),
        "note" => tr!("{n} note" | "{n} notes" % n),
        "passkey" => tr!("{n} passkey" | "{n} passkeys" % n),
        "passport" => tr!("{n} passport" | "{n} passports" % n),
        "person-name" => tr!("{n} name of a person" | "{n} names of people" % n),
        "ssh-key" => tr!("{n} SSH key" | "{n} SSH keys" % n),
        "totp" => tr!("{n} one-time code secret (TOTP)" | "{n} one-time code secrets (TOTP)" % n),
        "wifi" => tr!("{n} Wi-Fi network" | "{n} Wi-Fi networks" % n),
        raw => {
            let kind = hostile::name(raw);
            tr!(
                "{n} of the unknown kind “{kind}”" | "{n} of the unknown kind “{kind}”" % n,
                kind = kind
            )
        }
    }
}

/// For example "142 passwords, 12 passkeys".
pub fn quantities<'a>(quantities: impl IntoIterator<Item = &'a Quantity>) -> String {
    let parts: Vec<String> = quantities
        .into_iter()
        .map(|each| quantity(each.count, &each.kind))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_are_told_apart_for_every_kind() {
        for raw in every_kind() {
            let (one, many) = (quantity(1, &Kind::new(raw)), quantity(2, &Kind::new(raw)));
            assert!(!one.contains("unknown"), "{one}");
            assert_ne!(one.trim_start_matches('1'), many.trim_start_matches('2'));
        }
        assert_eq!(
            quantity(3, &Kind::new("x\u{1b}y")),
            "3 of the unknown kind “x�y”"
        );
    }

    fn every_kind() -> [&'static str; 17] {
        [
            "address",
            "api-key",
            "basic-auth",
            "credit-card",
            "custom-fields",
            "drivers-license",
            "file",
            "generated-password",
            "identity-document",
            "item-reference",
            "note",
            "passkey",
            "passport",
            "person-name",
            "ssh-key",
            "totp",
            "wifi",
        ]
    }
}
