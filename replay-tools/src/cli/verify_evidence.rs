//! `letopis-replay verify-evidence`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use event_store::{Digest, PublicKey};
use replay_tools::package::{Fault, Findings, Trust, verify_package};

use super::{Outcome, tell};

#[derive(Debug, Args)]
pub(super) struct VerifyEvidenceArgs {
    /// The package: a ZIP as it was given out, or the folder that it was unpacked to
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// Public key of the log, got from its owner in another way; may be repeated
    #[arg(long = "public-key", value_name = "FILE")]
    public_keys: Vec<PathBuf>,
    /// Fingerprint of a public key, as its owner publishes it: 64 digits 0-9a-f; may be repeated
    #[arg(long = "fingerprint", value_name = "SHA256")]
    fingerprints: Vec<String>,
    /// Answer as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &VerifyEvidenceArgs) -> Result<Outcome> {
    let path = &args.package;
    if path.join("verify.sh").is_file() {
        bail!(
            "{} is evidence of one ticket, which brings its own check: bash {} FINGERPRINT",
            path.display(),
            path.join("verify.sh").display()
        );
    }
    let fingerprint = |it: &String| it.parse::<Digest>().with_context(|| format!("--fingerprint {it}"));
    let trust = Trust {
        keys: args
            .public_keys
            .iter()
            .map(|it| PublicKey::load(it))
            .collect::<Result<_, _>>()?,
        fingerprints: args.fingerprints.iter().map(fingerprint).collect::<Result<_>>()?,
    };
    let named = || format!("{}: name a package of an export, a ZIP or a folder", path.display());
    let findings = verify_package(path, &trust).with_context(named)?;
    tell(args.json, &findings, &in_words(&findings))?;
    Ok(if findings.problem_count == 0 {
        Outcome::Fine
    } else {
        Outcome::Problem
    })
}

fn in_words(findings: &Findings) -> String {
    let mut lines = Vec::new();
    if let Some(digest) = &findings.digest {
        lines.push(format!(
            "BLAKE3 of the file {digest}: compare it with what reading.exported in the log names"
        ));
    }
    lines.extend(
        findings
            .keys
            .iter()
            .map(|it| format!("public key with the fingerprint {it}")),
    );
    if !findings.trusted {
        lines.push(
            "NOTE: compare the fingerprints with those that the owner of the log publishes, or give --fingerprint"
                .to_owned(),
        );
    }
    lines.push(format!(
        "{} events are proven by {} seals; {} are not yet sealed: nothing vouches for them; of {} the bytes are not given out",
        findings.proven, findings.seals, findings.unsealed, findings.withheld
    ));
    lines.push(match findings.compared {
        Some(count) => format!(
            "{count} entries were compared with their events: position, id, type, stream, version, time, actor, matter, \
             command; those of withheld bytes in position and id alone. Words, values before and after, and addresses are \
             the word of whoever exported"
        ),
        None => "NOTE: the table was compared with its checksum alone, which whoever changed it could change too: take \
                 ndjson or csv to compare entries with events"
            .to_owned(),
    });
    lines.extend(findings.problems.iter().map(in_a_line));
    lines.push(match findings.problem_count {
        0 => "everything that was compared fits".to_owned(),
        count => format!("{count} problems, the first {} told", findings.problems.len()),
    });
    lines.join("\n")
}

fn in_a_line(fault: &Fault) -> String {
    match fault.line {
        Some(line) => format!("PROBLEM in {} line {line}: {}", fault.file, fault.what),
        None => format!("PROBLEM in {}: {}", fault.file, fault.what),
    }
}
