use std::io::Write;

use crate::servicenow::records::{Record, Records};

/// `line: fields` of each record, `line! reason` for what is none.
fn read(text: &[u8]) -> Vec<String> {
    let mut records = Records::new(text);
    let lines = std::iter::from_fn(|| records.next().unwrap()).map(|record| match record {
        Record::Fields { line, fields } => {
            let fields: Vec<_> = fields.iter().map(String::from_utf8_lossy).collect();
            format!("{line}: {}", fields.join("|"))
        }
        Record::Broken { line, reason, .. } => format!("{line}! {reason}"),
    });
    let lines = lines.collect();
    assert_eq!(records.bytes(), text.len() as u64);
    lines
}

#[test]
fn line_is_the_one_the_record_begins_in() {
    for end in ["\n", "\r\n"] {
        let text = ["\u{feff}a,b", "", "1,\"x\ny\"", "  ", "\"2\",", "3,é"].join(end);
        let read = read(text.as_bytes());
        assert_eq!(read, ["1: a|b", "3: 1|x\ny", "6: 2|", "7: 3|é"], "{end:?}");
    }
}

#[test]
fn quotes_are_taken_off_and_doubled_ones_halved() {
    assert_eq!(
        read(b"\"a,\"\"b\"\"\",c\"d\n\"\",\"\"\"\"\n"),
        ["1: a,\"b\"|c\"d", "2: |\""]
    );
}

#[test]
fn quote_that_is_never_closed_costs_one_line() {
    let reason = "a quote is opened in this line and not closed";
    assert_eq!(
        read(b"a,b\n1,\"x\n2,y\n3,z\n"),
        ["1: a|b", &format!("2! {reason}"), "3: 2|y", "4: 3|z"]
    );
    let mut long = b"1,\"x\n".to_vec();
    for number in 2..3000 {
        writeln!(long, "{number},y").unwrap();
    }
    let read = read(&long);
    assert_eq!(read.len(), 2999);
    assert_eq!(
        (read[0].as_str(), read[2998].as_str()),
        (format!("1! {reason}").as_str(), "2999: 2999|y")
    );
}

#[test]
fn endless_line_is_skipped() {
    let mut text = b"1,a\n2,".to_vec();
    text.resize(text.len() + (3 << 20), b'x');
    text.extend(b"\n3,b\n");
    assert_eq!(read(&text), ["1: 1|a", "2! the line is longer than 1 MiB", "3: 3|b"]);
}
