use super::{HEADER, file, found, incident, row};
use crate::servicenow::incidents::Found;

/// `line number column value: reason` of each reject, and `number xN` for each incident with N rows.
fn told(file: &[u8]) -> Vec<String> {
    let tell = |found| match found {
        Found::Incident(it) => format!("{} x{}", it.number, it.rows.len()),
        Found::Reject(it) => format!("{} {} {} {:?}: {}", it.line, it.number, it.column, it.value, it.reason),
    };
    found(file).into_iter().map(tell).collect()
}

#[test]
fn value_that_is_not_understood_rejects_its_row_alone() {
    let date = "not a date: day/month/year hour:minute is expected";
    let key = "not acceptable: 1 to 100 characters in one line";
    for (column, value, reason) in [
        ("incident_state", "-100", "not a state of an incident"),
        ("incident_state", "", "not a state of an incident"),
        ("priority", "5", "not a priority: 1 to 4 is expected"),
        ("priority", "10", "not a priority: 1 to 4 is expected"),
        ("priority", "?", "not a priority: 1 to 4 is expected"),
        (
            "sys_mod_count",
            "x",
            "not a count of updates: invalid digit found in string",
        ),
        (
            "sys_mod_count",
            "-1",
            "not a count of updates: invalid digit found in string",
        ),
        ("opened_at", "31/2/2016 01:16", date),
        ("opened_at", "2/29/2016 01:16", date),
        ("sys_updated_at", "?", date),
        ("sys_updated_at", "1/1/0016 00:00", date),
        ("category", "a\tb", key),
        ("subcategory", "a\u{1}b", key),
    ] {
        let rows = [
            row("7", 0, "New", &[]),
            row("7", 1, "Active", &[(column, value)]),
            row("7", 2, "Closed", &[]),
        ];
        let expected = [format!("3 7 {column} {value:?}: {reason}"), "7 x2".to_owned()];
        assert_eq!(told(file(&rows).as_bytes()), expected);
    }
}

#[test]
fn number_that_is_missing_or_unfit_rejects_the_row() {
    let long = "9".repeat(300);
    let rows = [
        row("?", 0, "New", &[]),
        row("7", 0, "New", &[]),
        row("", 1, "New", &[]),
        row(&long, 1, "New", &[]),
        row("7", 1, "Closed", &[]),
    ];
    let shown = "9".repeat(200);
    let expected = [
        "2 ? number \"?\": the number is missing".to_owned(),
        "4  number \"\": the number is missing".to_owned(),
        format!("5 {shown} number {shown:?}: 1 to 300 characters in one line"),
        "7 x2".to_owned(),
    ];
    assert_eq!(told(file(&rows).as_bytes()), expected);
}

#[test]
fn row_of_another_width_is_rejected() {
    let rows = [
        row("7", 0, "New", &[]),
        "7,New".to_owned(),
        row("7", 1, "Closed", &[]) + ",more",
    ];
    let expected = [
        "3 7  \"\": 11 fields are expected, 2 are there",
        "4 7  \"\": 11 fields are expected, 12 are there",
        "7 x1",
    ];
    assert_eq!(told(file(&rows).as_bytes()), expected);
}

#[test]
fn bytes_that_are_not_utf8_are_shown_as_far_as_they_are() {
    let mut text = file(&[row("7", 0, "New", &[]), row("7", 1, "Closed", &[("category", "caf#")])]).into_bytes();
    *text.iter_mut().find(|it| **it == b'#').unwrap() = 0xe9;
    let reason = "not UTF-8: incomplete utf-8 byte sequence from index 3";
    assert_eq!(
        told(&text),
        [format!("3 7 category \"caf\u{fffd}\": {reason}"), "7 x1".to_owned()]
    );
}

#[test]
fn incident_without_good_rows_is_still_met() {
    let rows = [row("7", 0, "-100", &[]), row("8", 0, "Closed", &[])];
    let expected = [
        "2 7 incident_state \"-100\": not a state of an incident",
        "7 x0",
        "8 x1",
    ];
    // The incident is complete only when the next begins, but its rejects do not wait for that.
    assert_eq!(told(file(&rows).as_bytes()), expected);
}

#[test]
fn rows_of_an_incident_that_has_ended_are_rejected_and_end_nothing() {
    let rows = ["7", "8", "7", "8"].map(|number| row(number, 0, "New", &[]));
    let expected = [
        "7 x1",
        "4 7  \"\": rows of incident 7 do not stand together: first at line 2",
        "8 x2",
    ];
    assert_eq!(told(file(&rows).as_bytes()), expected);
}

#[test]
fn words_beside_the_numbers_and_dates_by_script_are_understood() {
    let plain = [("opened_at", "1/3/2016 01:05"), ("priority", "1")];
    let other = [
        ("opened_at", "2016-03-01 01:05:00"),
        ("priority", "1 - Critical"),
        ("incident_state", " new "),
    ];
    assert_eq!(
        incident(&[row("7", 0, "New", &plain)]),
        incident(&[row("7", 0, "New", &other)])
    );
}

#[test]
fn file_may_have_no_rows() {
    assert_eq!(found(HEADER.as_bytes()), []);
    assert_eq!(found(format!("{HEADER}\r\n\r\n").as_bytes()), []);
}

#[test]
fn endless_incident_is_cut() {
    let rows: Vec<_> = (0..2002)
        .map(|it| row("7", 0, "New", &[("closed_code", &it.to_string())]))
        .collect();
    let told = told(file(&rows).as_bytes());
    assert_eq!(told[0], "2002 7  \"\": incident 7 has more than 2000 rows");
    assert_eq!(told[2], "7 x2000");
}
