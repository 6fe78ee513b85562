//! Passkeys by the strings that KeePassXC 2.7.7 keeps them in, as KeePassDX, KeePassium and Strongbox
//! do since.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use super::read::Strings;
use crate::Object;

const CREDENTIAL_ID: &str = "KPEX_PASSKEY_CREDENTIAL_ID";
/// What the first test versions called the same.
const EARLY_CREDENTIAL_ID: &str = "KPEX_PASSKEY_GENERATED_USER_ID";
const KEY: &str = "KPEX_PASSKEY_PRIVATE_KEY_PEM";
const RELYING_PARTY: &str = "KPEX_PASSKEY_RELYING_PARTY";
const USERNAME: &str = "KPEX_PASSKEY_USERNAME";
const USER_HANDLE: &str = "KPEX_PASSKEY_USER_HANDLE";

const PEM_HEAD: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_FOOT: &str = "-----END PRIVATE KEY-----";
/// The characters in a line of PEM (RFC 7468, § 2).
const PEM_LINE: usize = 64;

/// A string of a passkey: its name, its value, and whether it is protected.
pub(super) type Written = (&'static str, Zeroizing<String>, bool);

/// The `passkey` credential of an entry; the strings that it was made of are taken.
pub(super) fn read(strings: &mut Strings<'_>) -> Option<Object> {
    let id_name = [CREDENTIAL_ID, EARLY_CREDENTIAL_ID]
        .into_iter()
        .find(|name| strings.get(name).is_some())?;
    let key = read_pem(strings.get(KEY)?)?;
    let username = strings.get(USERNAME).unwrap_or_default();
    let mut passkey = Object::credential("passkey");
    passkey.set("credentialId", strings.get(id_name)?);
    passkey.set("rpId", strings.get(RELYING_PARTY)?);
    passkey.set("username", username);
    // CXF wants one, and KeePassXC keeps none.
    passkey.set("userDisplayName", username);
    passkey.set("userHandle", strings.get(USER_HANDLE).unwrap_or_default());
    passkey.set("key", BASE64URL_NOPAD.encode(&key));
    for name in [id_name, KEY, RELYING_PARTY, USERNAME, USER_HANDLE] {
        strings.take(name);
    }
    Some(passkey)
}

/// The strings for a passkey; `None` if KeePassXC could not use it, because its key is not PKCS#8.
pub(super) fn write(passkey: &Object) -> Option<[Written; 5]> {
    let key = passkey.text("key")?.trim_end_matches('=');
    let key = Zeroizing::new(BASE64URL_NOPAD.decode(key.as_bytes()).ok()?);
    let key = pkcs8(key)?;
    let text = |name: &str| {
        passkey
            .text(name)
            .map(|text| Zeroizing::new(text.to_owned()))
    };
    Some([
        (CREDENTIAL_ID, text("credentialId")?, true),
        (KEY, write_pem(&key), true),
        (RELYING_PARTY, text("rpId")?, false),
        (USERNAME, text("username")?, false),
        (USER_HANDLE, text("userHandle")?, true),
    ])
}

/// The bytes of a key in PEM.
fn read_pem(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = pem.trim().strip_prefix(PEM_HEAD)?.strip_suffix(PEM_FOOT)?;
    let mut body = Zeroizing::new(body.as_bytes().to_vec());
    body.retain(|byte| !byte.is_ascii_whitespace());
    BASE64.decode(&body).ok().map(Zeroizing::new)
}

fn write_pem(key: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64.encode(key));
    let lines = body.as_bytes().chunks(PEM_LINE);
    let mut pem = Zeroizing::new(String::with_capacity(
        80 + body.len() + body.len() / PEM_LINE,
    ));
    pem.extend([PEM_HEAD, "\n"]);
    for line in lines.map(|line| std::str::from_utf8(line).unwrap_or_default()) {
        pem.extend([line, "\n"]);
    }
    pem.extend([PEM_FOOT, "\n"]);
    pem
}

/// The key as PKCS#8 (RFC 5958), where it is that, or a key of the curve P-256 in the form of SEC 1
/// (RFC 5915), which some providers export.
fn pkcs8(key: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    const VERSION: [&[u8]; 2] = [&[0x02, 0x01, 0x00], &[0x02, 0x01, 0x01]];
    const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    const ALGORITHM: [u8; 21] = [
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, // ecPublicKey
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, // prime256v1
    ];
    let content = sequence(&key)?;
    match content.split_at_checked(4)? {
        ([0x02, 0x01, 0x00 | 0x01, 0x30], _) => Some(key),
        ([0x02, 0x01, 0x01, 0x04], _) if content.windows(P256.len()).any(|at| at == P256) => {
            let length = u8::try_from(key.len()).ok()?;
            let octets: &[u8] = match length {
                ..=0x7f => &[0x04, length],
                0x80.. => &[0x04, 0x81, length],
            };
            let inner = VERSION.first()?.len() + ALGORITHM.len() + octets.len() + key.len();
            let inner_length = u8::try_from(inner).ok()?;
            let mut whole = Zeroizing::new(Vec::with_capacity(inner + 3));
            match inner_length {
                ..=0x7f => whole.extend([0x30, inner_length]),
                0x80.. => whole.extend([0x30, 0x81, inner_length]),
            }
            for part in [VERSION.first()?, ALGORITHM.as_slice(), octets, &key] {
                whole.extend_from_slice(part);
            }
            Some(whole)
        }
        _ => None,
    }
}

/// The content of a DER sequence that is the whole of `bytes`.
fn sequence(bytes: &[u8]) -> Option<&[u8]> {
    let (head, rest) = bytes.split_at_checked(2)?;
    let (length, content) = match *head {
        [0x30, length @ ..=0x7f] => (usize::from(length), rest),
        [0x30, 0x81] => (usize::from(*rest.first()?), rest.get(1..)?),
        [0x30, 0x82] => {
            let length = u16::from_be_bytes(*rest.first_chunk()?);
            (usize::from(length), rest.get(2..)?)
        }
        _ => return None,
    };
    (content.len() == length).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_form_of_sec_1_becomes_one_that_keepassxc_takes() {
        let sample = credex::cxf::sample();
        let sample: serde_json::Value = serde_json::from_slice(sample).unwrap();
        let passkey = &sample["accounts"][0]["items"][1]["credentials"][0];
        let passkey = Object::from_value(passkey.clone()).unwrap();
        let written = write(&passkey).unwrap();
        let key = read_pem(&written[1].1).unwrap();
        assert!(key.starts_with(&[0x30, 0x81]) && sequence(&key).is_some());
        assert_eq!(pkcs8(key.clone()).unwrap(), key);
    }
}
