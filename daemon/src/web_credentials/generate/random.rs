//! Randomness, and how a choice is made with it without bias.

use zeroize::Zeroizing;

/// How many bytes are asked for at a time.
const BLOCK: usize = 64;
/// How often a byte may be thrown away in a row: with even one chance in two it never is.
const MAX_REJECTED: u32 = 4096;

/// A source of random bytes.
pub trait Random {
    /// Fills `bytes` with random ones.
    ///
    /// # Errors
    /// There are none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

/// There is no randomness, so nothing is made up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRandomness {
    /// The system gives none.
    #[error("the system gives no randomness: {0}")]
    System(String),
    /// It is not random.
    #[error("the source of randomness repeats itself; nothing was generated")]
    Stuck,
}

impl Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|error| NoRandomness::System(error.to_string()))
    }
}

/// Makes choices with random bytes, each used once. They are as secret as what is made of them.
pub(super) struct Draw<'a> {
    random: &'a mut dyn Random,
    block: Zeroizing<[u8; BLOCK]>,
    used: usize,
}

impl<'a> Draw<'a> {
    pub(super) fn new(random: &'a mut dyn Random) -> Draw<'a> {
        Draw {
            random,
            block: Zeroizing::new([0; BLOCK]),
            used: BLOCK,
        }
    }

    /// One of `choices`, each as likely as any other. There are 1 to 256 of them.
    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Result<T, NoRandomness> {
        let count = choices.len();
        // The largest multiple of `count` among the values of a byte: what is beyond would favour some.
        let limit = 256 - 256 % count.max(1);
        for _ in 0..MAX_REJECTED {
            let byte = usize::from(self.byte()?);
            if byte < limit
                && let Some(choice) = choices.get(byte % count.max(1))
            {
                return Ok(*choice);
            }
        }
        Err(NoRandomness::Stuck)
    }

    fn byte(&mut self) -> Result<u8, NoRandomness> {
        if self.used == BLOCK {
            self.random.fill(self.block.as_mut_slice())?;
            self.used = 0;
        }
        let byte = self.block[self.used];
        self.used += 1;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up, so that every byte comes equally often.
    struct Counting(u8);

    impl Random for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
            Ok(())
        }
    }

    #[test]
    fn every_choice_comes_equally_often_whatever_their_number() {
        for count in [1, 2, 3, 10, 55, 95, 128, 129, 255, 256] {
            let choices: Vec<usize> = (0..count).collect();
            let mut counting = Counting(0);
            let mut draw = Draw::new(&mut counting);
            let mut came = vec![0; count];
            for _ in 0..(256 / count) * count * 3 {
                came[draw.one_of(&choices).unwrap()] += 1;
            }
            assert!(
                came.iter().all(|times| *times == came[0]),
                "{count}: {came:?}"
            );
        }
    }
}
