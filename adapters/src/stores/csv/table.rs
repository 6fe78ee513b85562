//! Comma-separated values (RFC 4180) in memory that is wiped, and within bounds.

use csv_core::{ReadRecordResult, ReaderBuilder, Terminator, WriterBuilder};
use zeroize::Zeroizing;

/// More columns than any browser or manager writes.
const MOST_COLUMNS: usize = 256;
/// What separates values: a comma, but for spreadsheets of some countries.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A cell, wiped when it is dropped.
pub(super) type Cell = Zeroizing<String>;

/// A row of a table.
pub(super) struct Row {
    /// The line where it begins, from 1.
    pub(super) line: u64,
    /// Its cells, or why they cannot be read.
    pub(super) cells: Result<Vec<Cell>, &'static str>,
}

/// Reads all rows. Empty lines are none.
pub(super) fn read(content: &[u8]) -> Vec<Row> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut reader = ReaderBuilder::new().delimiter(delimiter(content)).build();
    // Values are never longer than what they are written with.
    let mut values = Zeroizing::new(vec![0; content.len()]);
    let mut ends = [0; MOST_COLUMNS];
    let (mut rows, mut rest) = (Vec::new(), content);
    loop {
        let line = reader.line() + empty_lines(rest);
        let (mut filled, mut columns, mut is_too_wide) = (0, 0, false);
        let result = loop {
            let free = values.get_mut(filled..).unwrap_or_default();
            let free_ends = ends.get_mut(columns..).unwrap_or_default();
            let (result, read, wrote, ended) = reader.read_record(rest, free, free_ends);
            rest = rest.get(read..).unwrap_or_default();
            (filled, columns) = (filled + wrote, columns + ended);
            match result {
                ReadRecordResult::OutputEndsFull => (is_too_wide, columns) = (true, 0),
                // At the end of the input: asked once more, it says so.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::Record | ReadRecordResult::End => {
                    break result;
                }
            }
        };
        match result {
            ReadRecordResult::Record => rows.push(Row {
                line,
                cells: match is_too_wide {
                    true => Err("it has too many values"),
                    false => cells(&values, ends.get(..columns).unwrap_or_default()),
                },
            }),
            _ => return rows,
        }
    }
}

fn cells(values: &[u8], ends: &[usize]) -> Result<Vec<Cell>, &'static str> {
    let mut start = 0;
    let cells = ends.iter().map(|end| {
        let value = values.get(start..*end).unwrap_or_default();
        start = *end;
        let value = str::from_utf8(value).map_err(|_| "it is not UTF-8")?;
        Ok(Zeroizing::new(value.to_owned()))
    });
    cells.collect()
}

/// The delimiter that the first line has most of, outside of quotation marks.
fn delimiter(content: &[u8]) -> u8 {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let head = content.split(is_end).next().unwrap_or_default();
    let unquoted = || head.split(|byte| *byte == b'"').step_by(2).flatten();
    let count = |delimiter: &u8| unquoted().filter(|byte| *byte == delimiter).count();
    // The first of those with the same number.
    let most = DELIMITERS
        .iter()
        .rev()
        .max_by_key(|delimiter| count(delimiter));
    most.copied().unwrap_or(b',')
}

/// Lines that are skipped before the next row.
fn empty_lines(rest: &[u8]) -> u64 {
    let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    skipped.filter(|byte| **byte == b'\n').map(|_| 1).sum()
}

/// The text of a table: every value in quotation marks, and lines that end as RFC 4180 has it.
pub(super) fn write(rows: &[Vec<&str>]) -> Zeroizing<Vec<u8>> {
    let cells = rows.iter().flatten();
    // Every quotation mark is doubled, and two are around each value.
    let room: usize = cells.map(|cell| 2 * cell.len() + 4).sum();
    let mut text = Zeroizing::new(vec![0; room + 2 * rows.len() + 8]);
    let mut writer = WriterBuilder::new()
        .quote_style(csv_core::QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .build();
    let mut filled = 0;
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                filled += writer
                    .delimiter(text.get_mut(filled..).unwrap_or_default())
                    .1;
            }
            let free = text.get_mut(filled..).unwrap_or_default();
            let (_, _, wrote) = writer.field(cell.as_bytes(), free);
            filled += wrote;
        }
        filled += writer
            .terminator(text.get_mut(filled..).unwrap_or_default())
            .1;
    }
    text.truncate(filled);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(content: &[u8]) -> Vec<Result<Vec<String>, &'static str>> {
        let rows = read(content).into_iter().map(|row| {
            let cells = row.cells?;
            Ok(cells.iter().map(|cell| cell.to_string()).collect())
        });
        rows.collect()
    }

    #[test]
    fn byte_order_marks_and_line_ends_and_other_delimiters_are_taken_as_they_come() {
        let rows = [
            Ok(vec!["a".to_owned(), "b, c".to_owned()]),
            Ok(vec!["1".into(), "2\r\n3".into()]),
        ];
        assert_eq!(plain(b"\xef\xbb\xbfa,\"b, c\"\r\n\r\n1,\"2\r\n3\""), rows);
        assert_eq!(plain(b"a;\"b, c\"\n1;\"2\r\n3\"\n"), rows);
        assert_eq!(plain(b"a\t\"b, c\"\r1\t\"2\r\n3\"\r"), rows);
        assert_eq!(plain(b""), []);
    }

    #[test]
    fn every_row_knows_its_line_and_a_bad_one_costs_itself() {
        let wide = [b"x".as_slice(), &[b','; 300]].concat();
        let content = [b"a,b\n\n\"1\n2\",3\n\xff,4\n".as_slice(), &wide, b"\n5,6\n"].concat();
        let rows = read(&content);
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.line, row.cells.is_ok()))
            .collect();
        assert_eq!(
            told,
            [(1, true), (3, true), (5, false), (6, false), (7, true)]
        );
    }

    #[test]
    fn a_quotation_that_never_ends_ends_with_the_file() {
        assert_eq!(
            plain(b"a\n\"b"),
            [Ok(vec!["a".to_owned()]), Ok(vec!["b".to_owned()])]
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(prop::collection::vec(any::<String>(), 2), 1..4)) {
            let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
            let header = [vec!["a", "b"]];
            let written = write(&[&header[..], &cells].concat());
            let back: Vec<_> = plain(&written).into_iter().skip(1).map(Result::unwrap).collect();
            prop_assert_eq!(back, rows);
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_looked_at(content in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&content);
        }
    }
}
