//! Records, header, rows, stories, and whole imports into a real node.

mod header;
mod import;
mod records;
mod rows;
mod story;

use std::path::Path;

use super::incidents::{Found, Incident, Incidents};

/// A header with exactly the needed columns.
const HEADER: &str = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,category,subcategory,\
                      priority,assigned_to,closed_code";

/// A good row with some columns as told.
fn row(number: &str, mod_count: u32, state: &str, changes: &[(&str, &str)]) -> String {
    let mut values = [
        number,
        state,
        "",
        "2403",
        "29/2/2016 01:16",
        "",
        "55",
        "170",
        "3",
        "?",
        "5",
    ]
    .map(str::to_owned);
    values[2] = mod_count.to_string();
    values[5] = format!("{}/3/2016 08:00", mod_count + 1);
    for (column, value) in changes {
        let place = HEADER.split(',').position(|it| it == *column).unwrap();
        values[place] = (*value).to_owned();
    }
    values.join(",")
}

/// Good rows of an incident that one agent owns, one for each state.
fn life(number: &str, states: &[&str]) -> Vec<String> {
    let owner = [("assigned_to", "149")];
    (0..)
        .zip(states)
        .map(|(count, state)| row(number, count, state, &owner))
        .collect()
}

fn file(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Everything found in a file.
fn found(file: &[u8]) -> Vec<Found> {
    let (mut incidents, _) = Incidents::new(file, Path::new("log.csv")).unwrap();
    std::iter::from_fn(|| incidents.next().unwrap()).collect()
}

/// The only incident of a file without rejects.
fn incident(rows: &[String]) -> Incident {
    let mut found = found(file(rows).as_bytes());
    match (found.pop(), found.is_empty()) {
        (Some(Found::Incident(incident)), true) => incident,
        other => panic!("{other:?} {found:?}"),
    }
}
