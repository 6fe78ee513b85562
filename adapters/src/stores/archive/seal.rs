//! The age file around the content of an archive.

use std::io::{Read, Write};
use std::path::Path;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use zeroize::Zeroizing;

use super::malformed;
use crate::Fault;

/// The work of writing, as a power of two: 256 MiB and about a second, which is what `age` itself
/// takes.
const WORK: u8 = 18;
/// The most work that reading takes: 1 GiB and some seconds.
const MOST_WORK: u8 = 20;

/// Looks whether this can be opened at all, before anybody is asked for a passphrase.
pub(super) fn look(path: &Path, sealed: &[u8]) -> Result<(), Fault> {
    let decryptor = Decryptor::new(sealed).map_err(|error| fault(path, &error))?;
    match decryptor.is_scrypt() {
        true => Ok(()),
        false => Err(Fault::Malformed {
            place: path.display().to_string(),
            what: "it is encrypted to a key, not under a passphrase".to_owned(),
            advice: "Decrypt it with age, and encrypt it again with `age -p`".to_owned(),
        }),
    }
}

/// Opens an age file.
pub(super) fn open(
    path: &Path,
    sealed: &[u8],
    passphrase: &str,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(MOST_WORK);
    let decryptor = Decryptor::new(sealed).map_err(|error| fault(path, &error))?;
    let identities = [&identity as &dyn age::Identity].into_iter();
    let reader = decryptor.decrypt(identities);
    let mut reader = reader.map_err(|error| fault(path, &error))?;
    // What is sealed is larger than its content, so the vector never moves.
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader
        .read_to_end(&mut content)
        .map_err(|_| malformed(path, "it is damaged or cut short".to_owned()))?;
    Ok(content)
}

/// Makes an age file.
pub(super) fn seal(path: &Path, content: &[u8], passphrase: &str) -> Result<Vec<u8>, Fault> {
    let failed = |source| Fault::Io {
        place: path.display().to_string(),
        source,
    };
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(WORK);
    let recipients = [&recipient as &dyn age::Recipient].into_iter();
    let encryptor = Encryptor::with_recipients(recipients)
        .map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    let mut writer = encryptor.wrap_output(Vec::new()).map_err(failed)?;
    writer.write_all(content).map_err(failed)?;
    writer.finish().map_err(failed)
}

fn fault(path: &Path, error: &DecryptError) -> Fault {
    let place = path.display().to_string();
    match error {
        DecryptError::DecryptionFailed
        | DecryptError::KeyDecryptionFailed
        | DecryptError::NoMatchingKeys => Fault::WrongPassphrase { place },
        DecryptError::ExcessiveWork { required, .. } => Fault::TooLarge {
            place,
            what: format!("its passphrase takes 2^{required} rounds of scrypt to check"),
            limit: format!("2^{MOST_WORK}"),
            advice: "Do not trust it, or decrypt it with age and encrypt it again".to_owned(),
        },
        error => malformed(path, format!("it is no age file ({error})")),
    }
}
