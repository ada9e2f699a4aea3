use std::path::Path;

use csv::ByteRecord;

use super::HEADER;
use crate::servicenow::{
    ImportError,
    header::{Column, Columns},
};

fn find(header: &str) -> Result<(Columns, Vec<String>), ImportError> {
    let header: ByteRecord = header.split(',').collect();
    Columns::find(&header, Path::new("log.csv"))
}

fn place(columns: &Columns, header: &str, column: Column) -> String {
    let record: ByteRecord = header.split(',').collect();
    String::from_utf8_lossy(columns.value(&record, column)).into_owned()
}

#[test]
fn columns_are_found_by_name_in_any_order_and_case() {
    let header = HEADER.to_uppercase().split(',').rev().collect::<Vec<_>>().join(" , ") + ",notify";
    let (columns, notes) = find(&header).unwrap();
    assert_eq!(columns.width, 12);
    assert_eq!(place(&columns, &header, Column::Number).trim(), "NUMBER");
    assert_eq!(place(&columns, &header, Column::CloseCode).trim(), "CLOSED_CODE");
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn two_damaged_names_are_understood_by_their_place() {
    let header = HEADER
        .replace("incident_state", "ident_state")
        .replace("subcategory", "category");
    let (columns, notes) = find(&header).unwrap();
    assert_eq!(columns, find(HEADER).unwrap().0);
    assert_eq!(
        notes,
        [
            "column 2, headed \"ident_state\", is read as incident_state, by its place",
            "column 8, headed \"category\", is read as subcategory, by its place",
        ]
    );
}

#[test]
fn damaged_names_elsewhere_are_not_guessed() {
    let apart = HEADER.replace("category,subcategory,priority", "category,priority,category");
    let far = HEADER.replace("number,incident_state", "incident_number,number,made_sla,ident_state");
    for (header, missing) in [(apart, "subcategory"), (far, "incident_state")] {
        let error = find(&header).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the header line of log.csv lacks {missing}: ")),
            "{error}"
        );
    }
}

#[test]
fn missing_columns_are_named_and_so_are_those_found() {
    let error = find("number,Made_SLA,category,subcategory,priority,caller_id")
        .unwrap_err()
        .to_string();
    let expected = "the header line of log.csv lacks incident_state, sys_mod_count, opened_at, sys_updated_at, \
                    assigned_to, closed_code: export these columns too \
                    (found: number, made_sla, category, subcategory, priority, caller_id)";
    assert_eq!(error, expected);
    assert!(find("").unwrap_err().to_string().ends_with("(found: nothing)"));
}

#[test]
fn header_that_is_not_utf8_is_refused() {
    let header: ByteRecord = [b"number".as_slice(), b"\xff"].into_iter().collect();
    let answer = Columns::find(&header, Path::new("log.csv"));
    assert!(matches!(answer, Err(ImportError::HeaderNotUtf8 { .. })), "{answer:?}");
}
