//! Reading a document from a file or from standard input, into memory that is wiped.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;

/// Whether `path` stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads the whole of `path`, or of standard input.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::file("read", path, &error);
    if is_standard(path) {
        return read_all(io::stdin().lock(), 0).map_err(failed);
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        let what = format!("{} is a directory: name a CXF document", path.display());
        return Err(Failure::new(Exit::Usage, what));
    }
    let length = usize::try_from(metadata.len()).unwrap_or(0);
    read_all(file, length).map_err(failed)
}

/// Reads `source` to its end. A buffer that becomes too small is wiped when it is given up.
fn read_all(mut source: impl Read, expected: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; expected.saturating_add(1)]);
    let mut filled = 0;
    loop {
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; bytes.len().max(32 * 1024) * 2]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The name of a document for people.
pub(crate) fn called(path: &Path) -> String {
    match is_standard(path) {
        true => "standard input".to_owned(),
        false => crate::output::harmless(&path.to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_whole_whatever_was_expected() {
        let content = vec![7u8; 100_000];
        for expected in [0, 10, 100_000, 200_000] {
            let read = read_all(content.as_slice(), expected).unwrap();
            assert_eq!(*read, content, "{expected}");
        }
    }
}
