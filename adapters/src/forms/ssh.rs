//! SSH keys as OpenSSH and PEM write them, from and to the `ssh-key` credential of CXF 1.0, whose
//! private key is PKCS#8.
//!
//! A key in PKCS#8 is taken over whatever its algorithm is. A key in OpenSSH's own format
//! (PROTOCOL.key of OpenSSH) is turned into PKCS#8 and back if it is Ed25519; others stay the text
//! that they are.

use data_encoding::{BASE64_MIME_PERMISSIVE, BASE64URL_NOPAD};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::Object;

const PKCS8_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PKCS8_END: &str = "-----END PRIVATE KEY-----";
/// What OpenSSH calls an Ed25519 key.
const ED25519: &str = "ssh-ed25519";
/// Object identifiers of algorithms in DER, and what OpenSSH calls their keys.
const ALGORITHMS: [(&[u8], &str); 5] = [
    (&[0x06, 3, 0x2b, 0x65, 0x70], ED25519),
    (
        &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
        "ssh-rsa",
    ),
    (
        &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        "ecdsa-sha2-nistp256",
    ),
    (&[0x06, 5, 0x2b, 0x81, 4, 0, 0x22], "ecdsa-sha2-nistp384"),
    (&[0x06, 5, 0x2b, 0x81, 4, 0, 0x23], "ecdsa-sha2-nistp521"),
];
/// Within so many bytes of a PKCS#8 key its algorithm is named.
const HEAD: usize = 40;

/// A key as OpenSSH writes it.
pub struct OpenSsh {
    /// The file of the private key.
    pub private: Zeroizing<String>,
    /// The line of the public key.
    pub public: String,
    /// The fingerprint, `SHA256:…`.
    pub fingerprint: String,
}

impl std::fmt::Debug for OpenSsh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenSsh({})", self.fingerprint)
    }
}

/// Reads a private key in OpenSSH's format or as PKCS#8 in PEM; `None` if it is neither, needs a
/// passphrase, or is in OpenSSH's format and not Ed25519.
#[must_use]
pub fn parse(text: &str) -> Option<Object> {
    let text = text.trim();
    match text.strip_prefix(PKCS8_BEGIN) {
        Some(rest) => parse_pkcs8(rest.strip_suffix(PKCS8_END)?),
        None => parse_openssh(text),
    }
}

fn parse_pkcs8(letters: &str) -> Option<Object> {
    let der = BASE64_MIME_PERMISSIVE.decode(letters.trim().as_bytes());
    let der = Zeroizing::new(der.ok()?);
    let head = der.get(..HEAD.min(der.len()))?;
    let is_in = |oid: &[u8]| head.windows(oid.len()).any(|window| window == oid);
    let (_, kind) = ALGORITHMS.iter().find(|(oid, _)| is_in(oid))?;
    Some(credential(kind, &der))
}

fn parse_openssh(text: &str) -> Option<Object> {
    // OpenSSH's parser wants the end of the last line, which fields of forms lose.
    let text = Zeroizing::new(format!("{text}\n"));
    let key = PrivateKey::from_openssh(text.as_bytes()).ok()?;
    let pair = key.key_data().ed25519()?;
    let bytes = KeypairBytes {
        secret_key: pair.private.to_bytes(),
        public_key: None,
    };
    let der = bytes.to_pkcs8_der().ok()?;
    let mut credential = credential(ED25519, der.as_bytes());
    if !key.comment().is_empty() {
        credential.set("keyComment", key.comment());
    }
    Some(credential)
}

fn credential(kind: &str, der: &[u8]) -> Object {
    let mut credential = Object::credential("ssh-key");
    credential.set("keyType", kind);
    credential.set("privateKey", BASE64URL_NOPAD.encode(der));
    credential
}

/// The key of a credential as OpenSSH writes it; `None` if it is not Ed25519, or none.
#[must_use]
pub fn openssh(credential: &Object) -> Option<OpenSsh> {
    let letters = credential.text("privateKey")?.trim_end_matches('=');
    let der = Zeroizing::new(BASE64URL_NOPAD.decode(letters.as_bytes()).ok()?);
    let key = SigningKey::from_pkcs8_der(&der).ok()?;
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey(key.verifying_key().to_bytes()),
        private: Ed25519PrivateKey::from_bytes(key.as_bytes()),
    };
    let comment = credential.text("keyComment").unwrap_or_default();
    let key = PrivateKey::new(KeypairData::Ed25519(pair), comment).ok()?;
    Some(OpenSsh {
        private: key.to_openssh(LineEnding::LF).ok()?,
        public: key.public_key().to_openssh().ok()?,
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Object {
        let mut key = Object::credential("ssh-key");
        key.set("keyType", ED25519);
        let der = "MC4CAQAwBQYDK2VwBCIEIFAigTQJ8imju-TsYnjKE5iRa0l3FrFurn5TulUbFjhV";
        key.set("privateKey", der);
        key.set("keyComment", "tove@workbench");
        key
    }

    #[test]
    fn an_ed25519_key_comes_back_from_openssh() {
        let written = openssh(&key()).unwrap();
        assert!(
            written
                .private
                .starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n")
        );
        assert!(
            written.public.ends_with(" tove@workbench"),
            "{}",
            written.public
        );
        assert_eq!(parse(&written.private), Some(key()));
        let trimmed = written.private.trim_end().replace('\n', "\r\n");
        assert_eq!(parse(&trimmed), Some(key()));
    }

    #[test]
    fn ssh_keygen_reads_what_is_written() {
        let written = openssh(&key()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        crate::file::replace(
            &path,
            &crate::file::Seen::Nothing,
            written.private.as_bytes(),
            &mut |_| Ok(()),
        )
        .unwrap();
        let run = std::process::Command::new("ssh-keygen")
            .args(["-y", "-f"])
            .arg(&path)
            .output();
        match run {
            Ok(told) => assert_eq!(String::from_utf8_lossy(&told.stdout).trim(), written.public),
            Err(error) => eprintln!("ssh-keygen cannot be started, so it was not asked: {error}"),
        }
    }

    #[test]
    fn a_key_in_pkcs8_is_taken_over_whatever_it_is() {
        let rsa = "-----BEGIN PRIVATE KEY-----\r\nMIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEA\r\n-----END PRIVATE KEY-----\r\n";
        assert_eq!(parse(rsa).unwrap().text("keyType"), Some("ssh-rsa"));
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----",
            "AAAA",
            "ssh-ed25519 AAAA",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
