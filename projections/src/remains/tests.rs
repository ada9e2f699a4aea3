use super::tables;
use crate::registry;

/// Columns by which tables say whose data a row keeps.
const OWNERS: [&str; 4] = ["data_subject", "data_subjects", "subject_id", "person_id"];

/// The tables that statements make, each with its columns.
fn made(statements: &str) -> Vec<(String, Vec<String>)> {
    let word = |line: &str| line.split([' ', '(']).next().unwrap_or_default().to_owned();
    let tables = statements.split("CREATE TABLE ").skip(1);
    tables
        .map(|it| {
            let mut lines = it.lines().map(str::trim);
            let name = lines.next().map(word).unwrap_or_default();
            (
                name,
                lines.take_while(|line| !line.starts_with(')')).map(word).collect(),
            )
        })
        .collect()
}

#[test]
fn every_table_that_says_whose_its_rows_are_is_looked_through() {
    let known = tables();
    let mut owned = 0;
    for (table, columns) in registry().iter().flat_map(|model| made(model.tables)) {
        if OWNERS.iter().any(|it| columns.iter().any(|column| column == it)) {
            owned += 1;
            assert!(
                known.contains(&table.as_str()),
                "{table} is not looked through for remains"
            );
        }
    }
    assert!(owned >= 8, "{owned} tables were found");
}
