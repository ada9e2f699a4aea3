//! Checksums: whether each file is the one that was given out.

use std::{collections::BTreeMap, io::Read};

use aws_lc_rs::digest::{Context, SHA256};
use event_store::{Digest, inclusion::SUMS};

use super::{faults::Faults, open::Package};

pub(super) fn check(package: &mut Package, faults: &mut Faults) {
    let mut listed = BTreeMap::new();
    package.lines(SUMS, faults, &mut |line, text, faults| {
        let read = std::str::from_utf8(text).ok().and_then(|it| it.split_once("  "));
        match read.and_then(|(sum, name)| Some((name.to_owned(), sum.parse::<Digest>().ok()?))) {
            Some((name, sum)) => drop(listed.insert(name, (line, sum))),
            None => faults.add(SUMS, Some(line), "is no line of a SHA-256, two blanks and a name"),
        }
    });
    for (name, (line, sum)) in &listed {
        match sum_of(package, name) {
            Ok(Some(found)) if found == *sum => {}
            Ok(Some(found)) => faults.add(
                name,
                None,
                format!("is not the file that was given out: its SHA-256 is {found}, line {line} of {SUMS} says {sum}"),
            ),
            Ok(None) => faults.add(name, None, format!("is missing, though line {line} of {SUMS} names it")),
            Err(error) => faults.add(name, None, format!("cannot be read: {error}")),
        }
    }
    match package.names() {
        Ok(names) => {
            let is_other = |name: &String| name != SUMS && !name.ends_with('/') && !listed.contains_key(name);
            for name in names.iter().filter(|it| is_other(it)) {
                faults.add(name, None, format!("is not among the files that {SUMS} names"));
            }
        }
        Err(error) => faults.add(SUMS, None, format!("the files cannot be listed: {error}")),
    }
}

fn sum_of(package: &mut Package, name: &str) -> std::io::Result<Option<Digest>> {
    let Some(mut reader) = package.read(name)? else {
        return Ok(None);
    };
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut piece)?;
        if count == 0 {
            break;
        }
        context.update(piece.get(..count).unwrap_or_default());
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    Ok(Some(Digest(sum)))
}
