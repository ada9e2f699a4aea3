//! A spreadsheet, row by row through the disk, in as many sheets as it takes.

use std::{
    io::{self, Write},
    path::Path,
};

use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::rows::{COLUMNS, NUMBERS, Row};

/// Rows of a sheet, its head among them.
const ROWS: u32 = 1_048_576;
/// Characters of a cell, as spreadsheets count them: in UTF-16.
const CELL: usize = 32_767;
/// What a longer text ends with.
const CUT: &str = "… [CUT: csv and ndjson have it whole]";

pub(super) struct Book {
    file: Workbook,
    sheet: usize,
    /// Rows of the sheet at hand.
    row: u32,
    most: u32,
}

impl Book {
    /// An empty one, which keeps its rows in this folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Self::with_rows(folder, ROWS)
    }

    fn with_rows(folder: &Path, most: u32) -> io::Result<Self> {
        let mut book = Workbook::new();
        book.set_tempdir(folder).map_err(failed)?;
        let mut book = Self {
            file: book,
            sheet: 0,
            row: 0,
            most,
        };
        book.head()?;
        Ok(book)
    }

    fn head(&mut self) -> io::Result<()> {
        let sheet = self.file.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        for (column, name) in (0..).zip(COLUMNS) {
            sheet.write_string(0, column, name).map_err(failed)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(super) fn add(&mut self, row: &Row) -> io::Result<()> {
        if self.row == self.most {
            self.head()?;
            self.sheet += 1;
        }
        let sheet = self.file.worksheet_from_index(self.sheet).map_err(failed)?;
        for (column, (index, cell)) in (0..).zip(row.iter().enumerate()) {
            write(sheet, (self.row, column), cell, NUMBERS.contains(&index)).map_err(failed)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Writes the whole out.
    pub(super) fn save(mut self, to: &mut (impl Write + Send)) -> io::Result<()> {
        self.file.save_to_writer(to).map_err(failed)
    }
}

/// Texts are written as texts, whatever they look like: none is ever a formula.
fn write(sheet: &mut Worksheet, (row, column): (u32, u16), cell: &str, is_number: bool) -> Result<(), XlsxError> {
    let number = cell.parse::<u32>().ok().filter(|_| is_number);
    match number {
        Some(number) => sheet.write_number(row, column, number)?,
        None if cell.is_empty() => return Ok(()),
        None => sheet.write_string(row, column, short(cell))?,
    };
    Ok(())
}

fn short(cell: &str) -> String {
    let units: usize = cell.chars().map(char::len_utf16).sum();
    if units <= CELL {
        return cell.to_owned();
    }
    let mut left = CELL - CUT.chars().map(char::len_utf16).sum::<usize>();
    let mut short: String = cell
        .chars()
        .take_while(|it| {
            let fits = it.len_utf16() <= left;
            left = left.saturating_sub(it.len_utf16());
            fits
        })
        .collect();
    short.push_str(CUT);
    short
}

fn failed(error: XlsxError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::{Book, CELL, CUT, short};

    #[test]
    fn sheets_are_as_many_as_the_rows_need() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::with_rows(folder.path(), 3).unwrap();
        for number in 0..5 {
            let mut row: [String; 23] = std::array::from_fn(|_| String::new());
            row[0] = number.to_string();
            row[20] = "=1+1".to_owned();
            book.add(&row).unwrap();
        }
        let mut bytes = Vec::new();
        book.save(&mut bytes).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let sheets = (1..=3).map(|it| {
            let mut text = String::new();
            let name = format!("xl/worksheets/sheet{it}.xml");
            archive.by_name(&name).unwrap().read_to_string(&mut text).unwrap();
            assert!(!text.contains("<f>"), "a formula");
            text.matches("<row ").count()
        });
        assert_eq!(sheets.collect::<Vec<_>>(), [3, 3, 2]);
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        for text in ["я".repeat(CELL + 1), "🙂".repeat(CELL)] {
            let cut = short(&text);
            assert!(
                cut.encode_utf16().count() <= CELL && cut.ends_with(CUT),
                "{}",
                cut.len()
            );
        }
        assert_eq!(short(&"a".repeat(CELL)).len(), CELL);
    }
}
