//! The memory of a process, searched for what must not be in it. Serves the promise of design §3 and
//! §4: no credential, key or token outlives its use.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::memmem::Finder;

const PIECE: usize = 1 << 20;

/// Everything that a process could read at one moment.
#[derive(Debug)]
pub struct Memory {
    mappings: Vec<Mapping>,
}

/// Adjacent pages.
#[derive(Debug)]
pub struct Mapping {
    /// Where it is, and what it is, as in `/proc/PID/smaps`.
    pub name: String,
    /// Whether it is kept out of swap and core dumps.
    pub is_guarded: bool,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Memory {
    /// That of the process `pid`.
    ///
    /// # Errors
    /// It may not be read: root may, and others may read what is their own and dumpable.
    pub fn of(pid: u32) -> io::Result<Memory> {
        let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps"))?;
        let memory = File::open(format!("/proc/{pid}/mem"))?;
        let mut mappings = Vec::new();
        let mut current = None;
        for line in smaps.lines() {
            if let Some(range) = range(line) {
                current = Some((range, line.to_owned()));
            }
            let Some(flags) = line.strip_prefix("VmFlags:") else {
                continue;
            };
            let (range, name) = current.take().expect("flags belong to a mapping");
            let has = |flag| flags.split_whitespace().any(|found| found == flag);
            // What the kernel maps for itself cannot be read from outside.
            if !has("rd") || has("io") || name.ends_with("[vvar]") || name.contains("[vvar_") {
                continue;
            }
            mappings.push(Mapping {
                name,
                is_guarded: has("lo") && has("dd"),
                bytes: read(&memory, range)?,
            });
        }
        Ok(Memory { mappings })
    }

    /// Where `needle` is, by the names of the mappings, once for each time.
    pub fn places(&self, needle: &[u8]) -> Vec<&str> {
        let finder = Finder::new(needle);
        let found = |mapping: &Mapping| finder.find_iter(&mapping.bytes).count();
        let named = |mapping| std::iter::repeat_n(mapping, found(mapping));
        let places = self.mappings.iter().flat_map(named);
        places.map(|mapping| mapping.name.as_str()).collect()
    }

    /// The mappings that are kept out of swap and core dumps.
    pub fn guarded(&self) -> impl Iterator<Item = &Mapping> {
        self.mappings.iter().filter(|mapping| mapping.is_guarded)
    }
}

/// The addresses in a line of smaps that opens a mapping.
fn range(line: &str) -> Option<Range<u64>> {
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let at = |text| u64::from_str_radix(text, 16).ok();
    Some(at(start)?..at(end)?)
}

/// Pages that are not there read as an error each; nothing can be in them.
fn read(memory: &File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
    for (piece, at) in bytes.chunks_mut(PIECE).zip(range.step_by(PIECE)) {
        match memory.read_exact_at(piece, at) {
            // A mapping of a file may be longer than the file.
            Err(error) if error.raw_os_error() == Some(5) => {}
            result => result?,
        }
    }
    Ok(bytes)
}

/// The ways in which a secret might lie about: as it is, as hexadecimal digits, as base64, as UTF-16.
pub fn disguises(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
    let wide = |to: fn(u16) -> [u8; 2]| secret.iter().flat_map(|&byte| to(byte.into())).collect();
    let mut disguises = vec![
        ("itself", secret.to_vec()),
        ("hexadecimal digits", HEXLOWER.encode(secret).into_bytes()),
        ("hexadecimal digits", HEXUPPER.encode(secret).into_bytes()),
        ("UTF-16LE", wide(u16::to_le_bytes)),
        ("UTF-16BE", wide(u16::to_be_bytes)),
    ];
    // It looks different at each of three places in a longer text; its ends depend on the neighbours.
    for skipped in [0, 2, 1] {
        let inner = &secret[skipped..];
        let inner = &inner[..inner.len() / 3 * 3];
        disguises.push(("base64", BASE64.encode(inner).into_bytes()));
        disguises.push(("base64", BASE64URL.encode(inner).into_bytes()));
    }
    disguises
}
