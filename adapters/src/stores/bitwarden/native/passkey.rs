//! Passkeys: `fido2Credentials` of a login. Bitwarden knows keys on the curve P-256 only; its ids
//! are UUIDs, or anything else behind `b64.`.

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::date;
use crate::{Item, Object};

const BASE64: &str = "b64.";
/// The object identifier of the curve P-256 in DER, which stands at the head of its keys.
const P256: [u8; 10] = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// And that of elliptic curves, which PKCS#8 has before it, and a bare key (RFC 5915) has not.
const EC: [u8; 9] = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// The passkey as Bitwarden has it; `None` if it would not know what to do with it.
pub(super) fn write(passkey: &Object, item: &Item) -> Option<Object> {
    let key = passkey.text("key")?;
    let der = Zeroizing::new(decode(key)?);
    let has = |oid: &[u8]| der.windows(oid.len()).any(|window| window == oid);
    if !has(&P256) || !has(&EC) {
        return None;
    }
    let id = decode(passkey.text("credentialId")?)?;
    let rp = passkey.text("rpId")?;
    let mut written = Object::new();
    written.set(
        "credentialId",
        match Uuid::from_slice(&id) {
            Ok(id) => id.to_string(),
            Err(_) => format!("{BASE64}{}", BASE64URL_NOPAD.encode(&id)),
        },
    );
    written.set("keyType", "public-key");
    written.set("keyAlgorithm", "ECDSA");
    written.set("keyCurve", "P-256");
    written.set("keyValue", BASE64URL_NOPAD.encode(&der));
    written.set("rpId", rp);
    written.set("rpName", rp);
    written.set(
        "userHandle",
        BASE64URL_NOPAD.encode(&decode(passkey.text("userHandle")?)?),
    );
    written.set("userName", passkey.text("username"));
    written.set("userDisplayName", passkey.text("userDisplayName"));
    written.set("counter", "0");
    written.set("discoverable", "true");
    let created = item
        .members
        .number("creationAt")
        .filter(|created| *created > 0);
    written.set("creationDate", date(created.unwrap_or_default()));
    Some(written)
}

/// The passkey, or why it must not or cannot be passed on.
pub(super) fn read(passkey: &Object) -> Result<Object, &'static str> {
    let counter = match passkey.get("counter") {
        Some(serde_json::Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_u64(),
        None => Some(0_u64),
    };
    if counter != Some(0) {
        return Err("it counts how often it signs, and would stop working if there were two of it");
    }
    let id = passkey
        .text("credentialId")
        .and_then(|id| match id.strip_prefix(BASE64) {
            Some(letters) => decode(letters),
            None => Uuid::try_parse(id).ok().map(|id| id.as_bytes().to_vec()),
        });
    let id = id.ok_or("its id cannot be read")?;
    let key = passkey
        .text("keyValue")
        .and_then(decode)
        .map(Zeroizing::new);
    let key = key.ok_or("its key cannot be read")?;
    let handle = passkey.text("userHandle").unwrap_or_default();
    let handle = decode(handle).ok_or("its user handle cannot be read")?;
    let mut read = Object::credential("passkey");
    read.set("credentialId", BASE64URL_NOPAD.encode(&id));
    read.set(
        "rpId",
        passkey
            .text("rpId")
            .ok_or("it does not say for which site it is")?,
    );
    read.set("username", passkey.text("userName").unwrap_or_default());
    read.set(
        "userDisplayName",
        passkey.text("userDisplayName").unwrap_or_default(),
    );
    read.set("userHandle", BASE64URL_NOPAD.encode(&handle));
    read.set("key", BASE64URL_NOPAD.encode(&key));
    Ok(read)
}

fn decode(letters: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD
        .decode(letters.trim_end_matches('=').as_bytes())
        .ok()
}
