//! A database closed, as KDBX 4.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::problem::Problem;
use super::blocks::MacKey;
use super::cipher::Stream;
use super::header::Header;
use super::payload::{Inner, MOST_CONTENT, deflate};
use super::{Database, DerivedKey, Kdf, random};

/// The bytes of the file: encrypted with a key that `kdf` derived, and values of its own that are
/// used once.
pub(crate) fn seal(
    database: &mut Database,
    kdf: &Kdf,
    derived: &DerivedKey,
) -> Result<Vec<u8>, Problem> {
    let content = payload(database)?;
    wrap(&mut database.header, content, kdf, derived)
}

/// Puts the layers around the payload.
pub(super) fn wrap(
    header: &mut Header,
    mut content: Zeroizing<Vec<u8>>,
    kdf: &Kdf,
    derived: &DerivedKey,
) -> Result<Vec<u8>, Problem> {
    header.refresh()?;
    header.kdf = Some(kdf.clone());
    // Salsa20, and no cipher at all, are what old files had.
    header.stream = Stream::NEW;
    let header_bytes = header.write();
    if header.is_compressed {
        content = deflate(&content)?;
    }
    let mut digest = Sha256::new();
    digest.update(&header.seed);
    digest.update(derived.as_slice());
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(digest.finalize().into());
    header.cipher.encrypt(&key, &header.iv, &mut content)?;
    let mac = MacKey::new(&header.seed, derived);
    let mut file = Vec::with_capacity(content.len() + content.len() / 1000 + 4096);
    file.extend_from_slice(&header_bytes);
    file.extend(Sha256::digest(&header_bytes));
    file.extend(mac.header(&header_bytes)?);
    mac.write(&content, &mut file)?;
    Ok(file)
}

/// What is compressed and encrypted.
fn payload(database: &Database) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let declaration = br#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
    let length = Inner::length(&database.binaries) + database.tree.length() + declaration.len();
    if length > MOST_CONTENT {
        return Err(Problem::TooLarge {
            what: format!("it would come to {} MiB", length >> 20),
            limit: format!("{} MiB", MOST_CONTENT >> 20),
        });
    }
    // Large enough from the start, and for the last block of the cipher: a vector that moves leaves
    // its old content behind unwiped.
    let mut content = Zeroizing::new(Vec::with_capacity(length + 64));
    let stream_key = Zeroizing::new(random::<64>()?);
    Inner::write(
        Stream::NEW,
        stream_key.as_slice(),
        &database.binaries,
        &mut content,
    )?;
    let mut stream = Stream::new(Stream::NEW, stream_key.as_slice())?;
    content.extend_from_slice(declaration);
    database.tree.write(&mut stream, &mut content);
    Ok(content)
}
