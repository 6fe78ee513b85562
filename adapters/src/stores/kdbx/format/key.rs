//! The composite key: what a passphrase and a key file come to
//! (<https://keepass.info/help/base/keys.html>).

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::problem::Problem;

/// What a passphrase and a key file come to; wiped when it is dropped.
#[derive(Clone)]
pub(crate) struct CompositeKey(Zeroizing<[u8; 32]>);

impl CompositeKey {
    /// The key of a passphrase and the content of a key file, as far as there are any.
    pub(crate) fn new(passphrase: Option<&str>, keyfile: Option<&[u8]>) -> Result<Self, Problem> {
        let mut whole = Sha256::new();
        if let Some(passphrase) = passphrase {
            let part: Zeroizing<[u8; 32]> =
                Zeroizing::new(Sha256::digest(passphrase.as_bytes()).into());
            whole.update(part.as_slice());
        }
        if let Some(content) = keyfile {
            whole.update(read_keyfile(content)?.as_slice());
        }
        Ok(Self(Zeroizing::new(whole.finalize().into())))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for CompositeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CompositeKey")
    }
}

/// An XML key file (both versions), 32 bytes, 64 hexadecimal digits, or any other file by its hash.
fn read_keyfile(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let text = std::str::from_utf8(content).ok();
    if let Some(xml) = text.filter(|text| text.contains("<KeyFile")) {
        return read_xml(xml);
    }
    if content.len() == 32 {
        return Ok(Zeroizing::new(content.to_vec()));
    }
    if content.len() == 64
        && let Ok(key) = HEXLOWER_PERMISSIVE.decode(content)
    {
        return Ok(Zeroizing::new(key));
    }
    Ok(Zeroizing::new(Sha256::digest(content).to_vec()))
}

fn read_xml(xml: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let malformed = Problem::Malformed("its key file is an XML file without a key");
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let (mut version, mut data, mut hash) = (String::new(), Zeroizing::new(String::new()), None);
    loop {
        match reader.read_event().map_err(|_| malformed.clone())? {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                if path == ["KeyFile", "Key", "Data"] {
                    let found = start.attributes().flatten();
                    let mut found = found.filter(|each| each.key.as_ref() == "Hash");
                    hash = found
                        .next()
                        .map(|each| each.value.trim().to_ascii_lowercase());
                }
            }
            Event::End(_) => drop(path.pop()),
            Event::Text(text) if path == ["KeyFile", "Meta", "Version"] => {
                version.push_str(&text.into_inner())
            }
            Event::Text(text) if path == ["KeyFile", "Key", "Data"] => {
                data.extend(
                    text.into_inner()
                        .chars()
                        .filter(|letter| !letter.is_whitespace()),
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let decoded = match version.trim().starts_with("2.") {
        true => HEXLOWER_PERMISSIVE.decode(data.as_bytes()),
        false => BASE64.decode(data.as_bytes()),
    };
    let key = Zeroizing::new(decoded.map_err(|_| malformed.clone())?);
    let digest = Sha256::digest(key.as_slice());
    let is_whole = hash
        .is_none_or(|hash| HEXLOWER_PERMISSIVE.encode(digest.get(..4).unwrap_or_default()) == hash);
    match !key.is_empty() && is_whole {
        true => Ok(key),
        false => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_of_any_kind_gives_its_key() {
        let key = [0xab; 32];
        let hex = HEXLOWER_PERMISSIVE.encode(&key);
        let hash = HEXLOWER_PERMISSIVE
            .encode(&Sha256::digest(key)[..4])
            .to_uppercase();
        let second = format!(
            "<?xml version=\"1.0\"?>\n<KeyFile><Meta><Version>2.0</Version></Meta><Key>\
             <Data Hash=\"{hash}\">\n {} {}\n</Data></Key></KeyFile>",
            &hex[..20],
            &hex[20..]
        );
        let first = format!(
            "<KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>{}</Data></Key></KeyFile>",
            BASE64.encode(&key)
        );
        for content in [
            key.as_slice(),
            hex.as_bytes(),
            first.as_bytes(),
            second.as_bytes(),
        ] {
            assert_eq!(read_keyfile(content).unwrap().as_slice(), key);
        }
        let any = read_keyfile(b"a picture").unwrap();
        assert_eq!(any.as_slice(), Sha256::digest(b"a picture").as_slice());
        let damaged = second.replace("ab ab", "ab ac").replace(&hash, "00000000");
        assert!(read_keyfile(damaged.as_bytes()).is_err());
    }
}
