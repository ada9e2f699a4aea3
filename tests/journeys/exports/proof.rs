//! The proof: it fits without any server, and not after any change.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use event_store::SealKey;
use serde_json::Value;
use tempfile::TempDir;
use tests::{App, Program, run};

use super::{Files, history, package, text};
use crate::{
    audit::{change, entries},
    people::set_up,
    proof::copies,
};

const TYPES: &str = "ticket,contact,conversation,subject";

/// Exit code and answer of `letopis-replay verify-evidence`.
async fn verify(path: &Path, more: &[&str]) -> Result<(Option<i32>, Value)> {
    let path = path.to_str().context("no path")?;
    let output = Program::replay(&[&["verify-evidence", path, "--json"], more].concat()).await?;
    let answer =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code(), answer))
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, bytes)?;
    Ok(path)
}

/// A folder with the files of a package.
fn unpack(files: &Files) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().context("no parent")?)?;
        fs::write(path, content)?;
    }
    Ok(folder)
}

/// Where the problems are, as the check says.
fn places(report: &Value) -> Vec<String> {
    let problems = report["problems"].as_array();
    problems
        .into_iter()
        .flatten()
        .map(|it| it["file"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn fits(path: &Path, fingerprint: &str) -> Result<Value> {
    let (code, report) = verify(path, &["--fingerprint", fingerprint]).await?;
    ensure!(
        code == Some(0) && report["problem_count"] == 0 && report["trusted"] == true,
        "{report}"
    );
    Ok(report)
}

#[test]
fn package_is_proven_without_a_server_and_every_changed_byte_is_named() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let fingerprint = copies(app.data.path())[0].seal.key.clone();
        for form in ["csv", "ndjson", "xlsx"] {
            let (bytes, files) = package(&app.client, &format!("/audit/export?format={form}&types={TYPES}")).await?;
            let folder = tempfile::tempdir()?;
            let report = fits(&put(&folder, "audit.zip", &bytes)?, &fingerprint).await?;
            ensure!(
                report["proven"].as_u64() > Some(8) && report["unsealed"] == 0,
                "{report}"
            );
            ensure!(report["compared"].is_null() == (form == "xlsx"), "{report}");
            let unpacked = unpack(&files)?;
            fits(unpacked.path(), &fingerprint).await?;
            for (name, content) in &files {
                let path = unpacked.path().join(name);
                for at in [0, content.len() / 2, content.len() - 1] {
                    let mut changed = content.clone();
                    changed[at] ^= 1;
                    fs::write(&path, &changed)?;
                    let (code, report) = verify(unpacked.path(), &[]).await?;
                    ensure!(code == Some(1), "{form}: {name} at {at}: {report}");
                    // A line of the checksums names the file that no longer fits it.
                    let named = places(&report).contains(name) || name == "SHA256SUMS";
                    ensure!(named, "{form}: {name} at {at}: {report}");
                }
                fs::remove_file(&path)?;
                let (code, report) = verify(unpacked.path(), &[]).await?;
                ensure!(
                    code == Some(1) && places(&report).contains(name),
                    "{name} may be missing: {report}"
                );
                fs::write(&path, content)?;
            }
            fs::write(unpacked.path().join("more"), "x")?;
            let (code, report) = verify(unpacked.path(), &[]).await?;
            ensure!(code == Some(1) && places(&report) == ["more"], "{report}");
        }
        app.finish().await
    })
}

/// What a forger makes of a text.
type Forgery<'a> = &'a dyn Fn(&str) -> String;

/// Sums that fit again, as a forger would write them.
fn forge(folder: &Path) -> Result<()> {
    let mut sums = String::new();
    for line in fs::read_to_string(folder.join("SHA256SUMS"))?.lines() {
        let (_, name) = line.split_once("  ").context("no sum")?;
        let sum = crate::files::sha256(&fs::read(folder.join(name))?);
        sums.extend([&sum, "  ", name, "\n"]);
    }
    Ok(fs::write(folder.join("SHA256SUMS"), sums)?)
}

#[test]
fn forged_entries_events_and_seals_are_named_even_when_the_checksums_fit() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (_, files) = package(&app.client, &format!("/audit/export?format=ndjson&types={TYPES}")).await?;
        let forgeries: [(&str, Forgery<'_>); 6] = [
            ("entries.ndjson", &|it| {
                it.replacen("api_key:bootstrap", "agent:somebody", 1)
            }),
            ("entries.ndjson", &|it| it.split_inclusive('\n').skip(1).collect()),
            ("proof/events.ndjson", &|it| it.replacen("\"index\":", "\"index\":1", 1)),
            ("proof/events.ndjson", &|it| it.split_inclusive('\n').skip(1).collect()),
            ("proof/seals.ndjson", &|it| it.replacen("\"count\":", "\"count\":1", 1)),
            ("proof/seals.ndjson", &|_| String::new()),
        ];
        for (number, (name, forged)) in forgeries.iter().enumerate() {
            let unpacked = unpack(&files)?;
            let whole = text(&files, name)?;
            let other = forged(whole);
            ensure!(other != whole, "{number} changes nothing");
            fs::write(unpacked.path().join(name), other)?;
            forge(unpacked.path())?;
            let (code, report) = verify(unpacked.path(), &[]).await?;
            let told = report["problems"].to_string();
            ensure!(code == Some(1) && !told.contains("SHA-256"), "{number}: {report}");
            // What is left out of one shows in the other.
            let near = name.starts_with("proof") || places(&report).iter().any(|it| it == name);
            ensure!(near && told.contains("position"), "{number}: {report}");
        }
        app.finish().await
    })
}

#[test]
fn another_key_is_refused_and_named() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (bytes, _) = package(&app.client, &format!("/audit/export?format=ndjson&types={TYPES}")).await?;
        let folder = tempfile::tempdir()?;
        let path = put(&folder, "audit.zip", &bytes)?;
        let own = app.data.path().join("keys/log-seal.pub.pem");
        let (code, report) = verify(&path, &["--public-key", own.to_str().context("no path")?]).await?;
        ensure!(code == Some(0), "{report}");
        let other = SealKey::load_or_make(&folder.path().join("other.pem"))?.public();
        let file = put(&folder, "other.pub.pem", other.to_pem().as_bytes())?;
        let fingerprint = other.fingerprint().to_string();
        let by_key = ["--public-key", file.to_str().context("no path")?];
        for wrong in [by_key, ["--fingerprint", &fingerprint]] {
            let (code, report) = verify(&path, &wrong).await?;
            let told = report["problems"].to_string();
            ensure!(code == Some(1) && told.contains(&fingerprint), "{report}");
            ensure!(
                report["proven"] == 0 && places(&report).contains(&"proof/seals.ndjson".to_owned()),
                "{report}"
            );
        }
        let (code, report) = verify(&put(&folder, "no.zip", b"nothing")?, &[]).await?;
        ensure!(
            code == Some(1) && report["problems"].to_string().contains("no whole ZIP"),
            "{report}"
        );
        for odd in [
            ["verify-evidence", "/nowhere", "--json"],
            ["verify-evidence", "/", "--fingerprint=xyz"],
        ] {
            let output = Program::replay(&odd).await?;
            ensure!(output.status.code() == Some(2), "{output:?}");
        }
        app.finish().await
    })
}

#[test]
fn what_is_not_sealed_yet_is_said_to_be_and_credentials_stay_here() -> Result<()> {
    run(async {
        let app = App::start_with(|config| api::config::Config {
            seal_interval_s: 3600,
            ..config
        })
        .await?;
        set_up(&app).await?;
        let (bytes, files) = package(&app.client, "/audit/export?format=ndjson").await?;
        let folder = tempfile::tempdir()?;
        let (code, report) = verify(&put(&folder, "audit.zip", &bytes)?, &[]).await?;
        ensure!(code == Some(0) && report["trusted"] == false, "{report}");
        ensure!(
            report["proven"] == 0 && report["unsealed"].as_u64() > Some(3),
            "{report}"
        );
        ensure!(report["withheld"].as_u64() > Some(0), "{report}");
        let unsealed = report["unsealed"].as_u64().unwrap_or_default();
        let readme = text(&files, "README.md")?;
        ensure!(readme.contains(&format!("not yet sealed: {unsealed};")), "{readme}");
        ensure!(readme.contains(&format!("ещё не запечатаны: {unsealed};")), "{readme}");
        for line in super::lines(&files, "proof/events.ndjson")? {
            let bytes = line["event"].as_str().unwrap_or_default();
            let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bytes)?;
            let said = String::from_utf8_lossy(&bytes);
            ensure!(!said.contains("token_hash") && !said.contains("\"hash\""), "{said}");
        }
        app.finish().await
    })
}

#[test]
fn export_is_on_record_with_its_filters_and_its_hash_and_searched_texts_are_not() -> Result<()> {
    run(async {
        let (app, maria) = history().await?;
        let query = format!("format=csv&types={TYPES}&person={maria}&searchedFor=%D0%A2%D0%B0%D0%B9%D0%BD%D0%B0");
        let (bytes, _) = package(&app.client, &format!("/audit/export?{query}")).await?;
        let folder = tempfile::tempdir()?;
        let (_, report) = verify(&put(&folder, "audit.zip", &bytes)?, &[]).await?;
        let head = app
            .client
            .data(
                "{ auditEntries(first: 1) { nodes { position } } }",
                serde_json::json!({}),
            )
            .await?;
        crate::audit::shows(&app.client, &head["auditEntries"]["nodes"][0]["position"]).await?;
        let exported = serde_json::json!({"types": ["reading.exported"], "person": maria});
        let told = entries(&app.client, exported).await?;
        ensure!(told.len() == 1, "{told:?}");
        let said = |field: &str| change(&told[0], field).1.unwrap_or_default().to_owned();
        assert_eq!(
            (said("operation"), said("form")),
            ("exportAudit".to_owned(), "csv".to_owned())
        );
        assert_eq!(Some(said("digest").as_str()), report["digest"].as_str());
        ensure!(
            said("wanted").contains("fingerprint") && !said("wanted").contains("Тайна"),
            "{}",
            said("wanted")
        );
        assert_eq!(told[0]["actor"], "api_key:bootstrap");
        assert_eq!(told[0]["address"], "127.0.0.1");
        app.finish().await
    })
}
