//! The test vectors of `protocol/vectors/envelope.json`, for clients in other languages: made here
//! from fixed keys, and opened here from the file, so that neither can drift.
//!
//! After a deliberate change of the format:
//! `cargo test -p credex-protocol vectors -- --ignored`.

use std::convert::Infallible;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use hpke::rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};

use super::keywrap::{Binding, Direction, info, unwrap, wrap_with};
use super::parts::{Part, parse, write_part_header};
use super::{ContentKey, Opener, Password, PrivateKey, Sealer, SegmentSize};

const PATH: &str = "/org/credex/Exchange1/session/1_42/example";
const REQUEST: &str = "/org/credex/Exchange1/request/1_42/example";
const PASSWORD: &str = "pässwort-Nr-7";

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/envelope.json")
}

fn read_file() -> Value {
    serde_json::from_slice(&std::fs::read(file()).unwrap()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn counting<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|at| first + at as u8)
}

fn pattern(len: u64) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

fn all() -> Value {
    json!({
        "about": [
            "Worked examples of protocol/src/envelope. Byte strings are in hexadecimal.",
            "envelopes: byte i of a plaintext is i modulo 251; long envelopes are given by their \
             header and SHA-256.",
            "wraps: HPKE base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, no \
             associated data; the ephemeral key is DeriveKeyPair(ephemeral_ikm).",
            "passwords: the same, with key_id in info; secret is the password padded to 1024 bytes.",
            "parts: kind 1 is the document, 2 an attachment; other kinds are skipped.",
        ],
        "envelopes": envelopes(),
        "parts": parts(),
        "passwords": passwords(),
        "wraps": wraps(),
    })
}

fn envelopes() -> Vec<Value> {
    let sizes = [
        ("empty", 0, 65_536),
        ("one byte", 1, 65_536),
        ("forty bytes", 40, 4096),
        ("exactly one segment", 4096, 4096),
        ("one segment and a byte", 4097, 4096),
        ("three segments", 3 * 4096, 4096),
        ("two of our own segments", 100_000, 65_536),
    ];
    sizes
        .map(|(name, len, segment)| envelope(name, len, segment))
        .to_vec()
}

fn envelope(name: &str, len: u64, segment: u32) -> Value {
    let (key, prefix) = (counting(0x40), counting(0xa0));
    let sealed = seal(&key, prefix, segment, &pattern(len));
    let mut vector = json!({
        "name": name,
        "content_key": hex(&key),
        "nonce_prefix": hex(&prefix),
        "segment_size": segment,
        "plaintext_len": len,
        "envelope_len": sealed.len(),
        "header": hex(&sealed[..32]),
        "envelope_sha256": sha256(&sealed),
    });
    if sealed.len() < 200 {
        vector["envelope"] = hex(&sealed).into();
    }
    vector
}

fn seal(key: &[u8; 32], prefix: [u8; 7], segment: u32, plaintext: &[u8]) -> Vec<u8> {
    let key = ContentKey::from_bytes(key);
    let segment = SegmentSize::new(segment).unwrap();
    let mut sealer = Sealer::with(Cursor::new(Vec::new()), &key, segment, prefix).unwrap();
    sealer.write_all(plaintext).unwrap();
    sealer.finish().unwrap().into_inner()
}

fn wraps() -> Vec<Value> {
    let directions = [
        ("exporter to daemon", Direction::ExporterToDaemon),
        ("daemon to importer", Direction::DaemonToImporter),
        ("token to importer", Direction::TokenToImporter),
        ("token to daemon", Direction::TokenToDaemon),
    ];
    directions
        .map(|(name, direction)| {
            let secret = &counting::<32>(0x40)[..direction.secret_len()];
            let binding = Binding {
                direction,
                key_id: 0,
                path: PATH,
            };
            wrapped(name, secret, binding)
        })
        .to_vec()
}

fn passwords() -> Vec<Value> {
    let directions = [
        ("app to daemon", Direction::PasswordToDaemon, 7),
        ("daemon to app", Direction::PasswordToApp, 0),
    ];
    let password = Password::new(PASSWORD.as_bytes().to_vec()).unwrap();
    directions
        .map(|(name, direction, key_id)| {
            let binding = Binding {
                direction,
                key_id,
                path: REQUEST,
            };
            let mut vector = wrapped(name, &password.padded(), binding);
            vector["key_id"] = key_id.into();
            vector["password"] = PASSWORD.into();
            vector
        })
        .to_vec()
}

fn wrapped(name: &str, secret: &[u8], binding: Binding<'_>) -> Value {
    let recipient = PrivateKey::from_bytes(&counting(0x20));
    let ephemeral = counting::<32>(0x60);
    let mut random = Fixed(ephemeral.to_vec());
    let wrapped = wrap_with(&mut random, secret, &recipient.public_key(), binding).unwrap();
    assert!(
        random.0.is_empty(),
        "HPKE draws the ephemeral key's 32 bytes and no others"
    );
    json!({
        "name": name,
        "direction": binding.direction as u8,
        "object_path": binding.path,
        "info": hex(&info(binding).unwrap()),
        "recipient_private_key": hex(recipient.as_bytes()),
        "recipient_public_key": hex(recipient.public_key().as_bytes()),
        "ephemeral_ikm": hex(&ephemeral),
        "secret": hex(secret),
        "wrapped": hex(&wrapped),
    })
}

/// Hands out given bytes, once.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("a key is drawn as bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("a key is drawn as bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0.drain(..bytes.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

fn parts() -> Vec<Value> {
    let document = (
        Part::Document,
        b"{\"version\":{\"major\":1,\"minor\":0}}".as_slice(),
    );
    vec![
        payload("a document alone", &[document]),
        payload(
            "a document and two attachments",
            &[
                document,
                (Part::Attachment("c2NhbiBvZiBpZA"), b"\x89PNG"),
                (Part::Attachment("bm90aGluZw"), b""),
            ],
        ),
    ]
}

fn payload(name: &str, parts: &[(Part<'_>, &[u8])]) -> Value {
    let mut plaintext = Vec::new();
    let mut listed = Vec::new();
    for (part, body) in parts {
        write_part_header(&mut plaintext, *part, body.len() as u64).unwrap();
        plaintext.extend_from_slice(body);
        let (kind, id) = match part {
            Part::Document => (1, ""),
            Part::Attachment(id) => (2, *id),
        };
        listed.push(json!({ "kind": kind, "id": id, "body": hex(body) }));
    }
    json!({ "name": name, "parts": listed, "plaintext": hex(&plaintext) })
}

#[test]
fn the_file_of_vectors_is_what_the_code_makes() {
    assert!(
        read_file() == all(),
        "the format changed: see the head of this file"
    );
}

#[test]
#[ignore = "writes protocol/vectors/envelope.json"]
fn write_the_vectors_anew() {
    let text = serde_json::to_string_pretty(&all()).unwrap();
    std::fs::write(file(), text + "\n").unwrap();
}

#[test]
fn every_envelope_of_the_file_opens() {
    for vector in read_file()["envelopes"].as_array().unwrap() {
        let Some(envelope) = vector.get("envelope").map(unhex) else {
            continue;
        };
        let key = <[u8; 32]>::try_from(unhex(&vector["content_key"])).unwrap();
        let opener = Opener::new(envelope.as_slice(), &ContentKey::from_bytes(&key)).unwrap();
        let plaintext = opener.open_whole(1 << 20).unwrap();
        assert_eq!(
            &*plaintext,
            pattern(vector["plaintext_len"].as_u64().unwrap())
        );
    }
}

#[test]
fn every_wrapped_secret_of_the_file_unwraps() {
    let directions = [
        Direction::ExporterToDaemon,
        Direction::DaemonToImporter,
        Direction::TokenToImporter,
        Direction::TokenToDaemon,
    ];
    let file = read_file();
    for (direction, vector) in directions
        .into_iter()
        .zip(file["wraps"].as_array().unwrap())
    {
        let key = <[u8; 32]>::try_from(unhex(&vector["recipient_private_key"])).unwrap();
        let path = vector["object_path"].as_str().unwrap();
        let wrapped = unhex(&vector["wrapped"]);
        let secret = unwrap(&wrapped, &PrivateKey::from_bytes(&key), direction, path).unwrap();
        assert_eq!(*secret, unhex(&vector["secret"]));
    }
}

#[test]
fn every_sealed_password_of_the_file_opens() {
    let file = read_file();
    let directions = [Direction::PasswordToDaemon, Direction::PasswordToApp];
    let vectors = file["passwords"].as_array().unwrap();
    assert_eq!(vectors.len(), directions.len());
    for (direction, vector) in directions.into_iter().zip(vectors) {
        let key = <[u8; 32]>::try_from(unhex(&vector["recipient_private_key"])).unwrap();
        let (key, sealed) = (PrivateKey::from_bytes(&key), unhex(&vector["wrapped"]));
        let (key_id, path) = (vector["key_id"].as_u64().unwrap(), &vector["object_path"]);
        let open =
            |key_id| Password::open(&sealed, &key, direction, key_id, path.as_str().unwrap());
        assert_eq!(open(key_id).unwrap().expose(), vector["password"]);
        open(key_id + 1).unwrap_err();
    }
}

#[test]
fn every_payload_of_the_file_comes_apart() {
    for vector in read_file()["parts"].as_array().unwrap() {
        let plaintext = unhex(&vector["plaintext"]);
        let parsed = parse(&plaintext).unwrap();
        let listed = vector["parts"].as_array().unwrap();
        assert_eq!(parsed.document(), unhex(&listed[0]["body"]));
        assert_eq!(parsed.attachments().len(), listed.len() - 1);
        for ((id, body), part) in parsed.attachments().zip(&listed[1..]) {
            assert_eq!(
                (id, body),
                (
                    part["id"].as_str().unwrap(),
                    unhex(&part["body"]).as_slice()
                )
            );
        }
    }
}
