//! The STREAM construction over AES-256-GCM (design §4; Hoang, Reyhanitabar, Rogaway and Vizár,
//! "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
//!
//! A nonce says which segment it seals and whether that is the last. So a segment that was moved,
//! doubled or dropped does not open, nor does an envelope that was cut at a segment's border.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::zeroize_flat_type;

use super::header::{AUTHENTICATED_LEN, Header};
use super::secret::ContentKey;

/// Seals or opens the segments of one envelope, in their order.
pub(super) struct SegmentCipher {
    key: Box<LessSafeKey>,
    authenticated: [u8; AUTHENTICATED_LEN],
    nonce_prefix: [u8; 7],
    /// The number of the next segment; beyond `u32::MAX` there is none.
    next: u64,
}

/// A segment did not authenticate, or there are no more segment numbers.
#[derive(Debug)]
pub(super) struct CipherFailure;

impl SegmentCipher {
    pub(super) fn new(key: &ContentKey, header: &Header) -> Result<Self, CipherFailure> {
        let key = UnboundKey::new(&AES_256_GCM, key.as_bytes()).map_err(|_| CipherFailure)?;
        Ok(Self {
            key: Box::new(LessSafeKey::new(key)),
            authenticated: header.authenticated(),
            nonce_prefix: header.nonce_prefix,
            next: 0,
        })
    }

    /// The number of the segment that comes next, from 0.
    pub(super) fn next_segment(&self) -> u64 {
        self.next
    }

    /// Turns plaintext into ciphertext where it lies.
    pub(super) fn seal(&mut self, segment: &mut [u8], last: bool) -> Result<Tag, CipherFailure> {
        let nonce = self.take_nonce(last)?;
        self.key
            .seal_in_place_separate_tag(nonce, Aad::from(self.authenticated), segment)
            .map_err(|_| CipherFailure)
    }

    /// Turns ciphertext and its tag into plaintext where it lies; on failure the bytes are to be
    /// wiped by the caller.
    pub(super) fn open(&mut self, segment: &mut [u8], last: bool) -> Result<usize, CipherFailure> {
        let nonce = self.take_nonce(last)?;
        self.key
            .open_in_place(nonce, Aad::from(self.authenticated), segment)
            .map(|plaintext| plaintext.len())
            .map_err(|_| CipherFailure)
    }

    /// No nonce is given out twice, whether or not its use succeeded.
    fn take_nonce(&mut self, last: bool) -> Result<Nonce, CipherFailure> {
        let counter = u32::try_from(self.next).map_err(|_| CipherFailure)?;
        self.next += 1;
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.nonce_prefix);
        nonce[7..11].copy_from_slice(&counter.to_be_bytes());
        nonce[11] = u8::from(last);
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

impl Drop for SegmentCipher {
    fn drop(&mut self) {
        // ring does not wipe the key schedule itself.
        const { assert!(!std::mem::needs_drop::<LessSafeKey>()) };
        // SAFETY: the key is plain data with nothing to drop (checked above), it is exclusively
        // ours, and nothing reads it after this.
        #[allow(unsafe_code)]
        unsafe {
            zeroize_flat_type(std::ptr::from_mut::<LessSafeKey>(&mut self.key));
        }
    }
}

impl fmt::Debug for SegmentCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentCipher")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::SegmentSize;
    use super::*;

    #[test]
    fn the_segment_after_the_last_number_is_refused_rather_than_sealed_with_a_used_nonce() {
        let header = Header {
            segment_size: SegmentSize::DEFAULT,
            nonce_prefix: [0; 7],
            plaintext_len: 0,
        };
        let mut cipher = SegmentCipher::new(&ContentKey::from_bytes(&[0; 32]), &header).unwrap();
        cipher.next = u64::from(u32::MAX);
        assert!(cipher.seal(&mut [0; 4], false).is_ok());
        assert!(cipher.seal(&mut [0; 4], false).is_err());
        assert!(cipher.seal(&mut [0; 4], true).is_err());
    }
}
