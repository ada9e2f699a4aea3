//! Events as a Parquet table.

use std::fs::File;

use anyhow::{Context, Result, ensure};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::RowAccessor,
};
use tests::run;

use super::{answer, log, replay, tamper, text};

#[test]
fn table_has_every_event_in_columns_with_types() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let rows = tamper::rows(data.path())?;
        let files = tempfile::tempdir()?;
        let file = files.path().join("log.parquet");
        let arguments = ["export", "events", "--data", text(data.path())?, "--out", text(&file)?];
        let exported = answer(&arguments).await?;
        ensure!(
            exported["events"] == rows.len() && exported["complete"] == true,
            "{exported}"
        );
        ensure!(std::fs::read_dir(files.path())?.count() == 1, "something else was left");

        let reader = SerializedFileReader::new(File::open(&file)?)?;
        let said = reader
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .context("no metadata")?;
        ensure!(said.iter().any(|it| it.key == "letopis_export"), "{said:?}");
        let mut count = 0;
        for (read, row) in reader.get_row_iter(None)?.zip(&rows) {
            let read = read?;
            count += 1;
            ensure!(read.get_ulong(0)? == row.position.unsigned_abs() && *read.get_string(1)? == row.stream);
            ensure!(read.get_ulong(2)? == row.revision.unsigned_abs() && *read.get_string(4)? == row.kind);
            ensure!(read.get_timestamp_micros(5)? == row.created / 10 && read.get_timestamp_micros(6)? > 0);
            ensure!(read.get_string(7)?.contains(':'), "{read:?}");
            ensure!(read.get_string(8)?.as_bytes() == row.meta && read.get_string(10)?.as_bytes() == row.data);
        }
        ensure!(count == rows.len());
        replay(&arguments).await?.refused(&[text(&file)?, "is there already"])?;

        let empty = files.path().join("none.parquet");
        let none = [
            "export",
            "events",
            "--data",
            text(data.path())?,
            "--types",
            "nothing.",
            "--out",
            text(&empty)?,
        ];
        ensure!(answer(&none).await?["events"] == 0);
        ensure!(
            SerializedFileReader::new(File::open(&empty)?)?
                .metadata()
                .file_metadata()
                .num_rows()
                == 0
        );
        Ok(())
    })
}
