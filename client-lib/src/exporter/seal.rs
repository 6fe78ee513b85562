//! From pieces to a sealed memory file, one segment at a time (design §4; `protocol::envelope`).

use std::fs::File;
use std::io::{self, Read, Write};

use credex_protocol::envelope::parts::{PartsError, write_part_header};
use credex_protocol::envelope::{ContentKey, Sealer, memfd};
use zeroize::Zeroizing;

use super::payload::{Body, Piece};
use crate::error::{Error, Result};
use crate::progress::{Meter, OnProgress};

/// Bytes that are sealed between two reports of progress.
const CHUNK: usize = 64 * 1024;

/// Seals the pieces in their order into a memory file that can no longer change.
pub(super) async fn seal(
    pieces: Vec<Piece<'_>>,
    key: &ContentKey,
    tell: OnProgress<'_>,
) -> Result<File> {
    let total = pieces.iter().map(Piece::len).sum();
    let mut meter = Meter::new(total, tell);
    let file = memfd::create().map_err(Error::Memfd)?;
    let mut sealer = Sealer::new(file, key)?;
    for piece in pieces {
        write_part_header(&mut sealer, piece.part(), piece.len()).map_err(bad_part)?;
        match piece.body {
            Body::Document(document) => {
                seal_bytes(&mut sealer, document.as_ref(), &mut meter).await?;
            }
            Body::Bytes(bytes) => seal_bytes(&mut sealer, bytes, &mut meter).await?,
            Body::Reader(reader, len) => {
                seal_reader(&mut sealer, reader, len, &mut meter).await?;
            }
        }
    }
    let file = sealer.finish()?;
    memfd::seal(&file).map_err(Error::Memfd)?;
    Ok(file)
}

async fn seal_bytes(sealer: &mut Sealer<File>, bytes: &[u8], meter: &mut Meter<'_>) -> Result<()> {
    for chunk in bytes.chunks(CHUNK) {
        write(sealer, chunk)?;
        meter.add(chunk.len()).await;
    }
    Ok(())
}

async fn seal_reader(
    sealer: &mut Sealer<File>,
    mut reader: Box<dyn Read + Send + '_>,
    len: u64,
    meter: &mut Meter<'_>,
) -> Result<()> {
    // Not a byte more is read than was announced: the reader may go on, or wait.
    let next = |left: u64| usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
    // To touch and wipe a whole chunk takes longer than to seal a few kilobytes.
    let mut scratch = Zeroizing::new(vec![0; next(len)]);
    let mut left = len;
    while left > 0 {
        let wanted = next(left);
        let chunk = &mut scratch[..wanted];
        reader.read_exact(chunk).map_err(Error::Read)?;
        write(sealer, chunk)?;
        meter.add(wanted).await;
        left -= wanted as u64;
    }
    Ok(())
}

fn write(sealer: &mut Sealer<File>, chunk: &[u8]) -> Result<()> {
    sealer.write_all(chunk).map_err(Error::Memfd)
}

/// The part's own complaint, if it has one.
fn bad_part(error: io::Error) -> Error {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<PartsError>())
    {
        Some(bad) => Error::Parts(*bad),
        None => Error::Memfd(error),
    }
}
