//! Evidence packages: they verify with standard tools, and not after any change.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use tests::{Program, run};

use super::history;

fn script(package: &Path, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new("bash")
        .arg(package.join("verify.sh"))
        .args(arguments)
        .output()?)
}

/// Files that the script relies on.
fn relied_on(package: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["", "events", "proofs", "seals"] {
        for entry in fs::read_dir(package.join(folder))? {
            let path = entry?.path();
            let is_aid = ["story.md", "INSTRUCTIONS.md", "verify.sh"]
                .iter()
                .any(|it| path.ends_with(it));
            if path.is_file() && !is_aid {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn odd_arguments_are_refused(package: &Path) -> Result<()> {
    for odd in ["00", "", "x[0]", "a b"] {
        let refused = script(package, &[odd])?;
        ensure!(
            refused.status.code() == Some(1) && refused.stderr.is_empty(),
            "{refused:?}"
        );
    }
    Ok(())
}

/// Nothing vouches for unsealed events: their numbers must not be taken for arithmetic, which bash would carry out.
fn number_is_no_program(package: &Path) -> Result<()> {
    let (folder, trap) = (package.join("unsealed"), package.join("trap"));
    fs::create_dir_all(&folder)?;
    let whole = fs::read_to_string(package.join("events/0001.leaf"))?;
    let evil = format!("a[$(touch {})]", trap.display());
    for field in ["metadata", "revision"] {
        let line = whole.lines().find(|it| it.starts_with(field)).context("no such line")?;
        fs::write(
            folder.join("0009.leaf"),
            whole.replacen(line, &format!("{field} {evil}"), 1),
        )?;
        ensure!(script(package, &[])?.status.code() == Some(1), "{field}");
        ensure!(!trap.exists(), "{field} was carried out");
    }
    fs::remove_dir_all(folder)?;
    Ok(())
}

#[test]
fn package_verifies_with_standard_tools_and_not_after_any_change() -> Result<()> {
    run(async {
        let (app, tickets) = history().await?;
        let folder = tempfile::tempdir()?;
        let package = folder.path().join("package");
        let out = package.to_str().context("no path")?;
        let data = app.data.path().to_str().context("no path")?.to_owned();
        let number = ["export", "--evidence", "4", "--out", out, "--data", &data];
        let output = Program::replay(&number).await?;
        ensure!(output.status.success(), "{output:?}");
        let output = Program::replay(&number).await?;
        ensure!(output.status.code() == Some(2), "a full folder is taken: {output:?}");

        let passed = script(&package, &[])?;
        let said = String::from_utf8(passed.stdout)?;
        ensure!(
            passed.status.success() && said.contains("3 events are proven"),
            "{said}"
        );
        let fingerprint = super::copies(app.data.path())[0].seal.key.clone();
        ensure!(script(&package, &[&fingerprint])?.status.success());
        odd_arguments_are_refused(&package)?;
        number_is_no_program(&package)?;
        let story = fs::read_to_string(package.join("story.md"))?;
        ensure!(story.contains("Создана заявка · Opened as ticket"), "{story}");

        let files = relied_on(&package)?;
        ensure!(files.len() >= 9, "{files:?}");
        for file in files {
            let whole = fs::read(&file)?;
            for at in [0, whole.len() / 2, whole.len() - 1] {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&file, &changed)?;
                let refused = script(&package, &[])?;
                ensure!(
                    refused.status.code() == Some(1),
                    "{} at {at}: {refused:?}",
                    file.display()
                );
            }
            fs::remove_file(&file)?;
            ensure!(
                !script(&package, &[])?.status.success(),
                "{} may be missing",
                file.display()
            );
            fs::write(&file, &whole)?;
        }
        ensure!(script(&package, &[])?.status.success());

        // By the API's id, and from the server.
        let url = fs::read_to_string(app.data.path().join("node.url"))?;
        let key = app.data.path().join("keys/log-seal.pub.pem");
        let other = folder.path().join("other");
        let arguments = [
            "export",
            "--evidence",
            &tickets[3],
            "--url",
            url.trim(),
            "--public-key",
            key.to_str().context("no path")?,
            "--out",
            other.to_str().context("no path")?,
        ];
        let output = Program::replay(&arguments).await?;
        ensure!(output.status.success(), "{output:?}");
        ensure!(fs::read(other.join("proofs/0001.txt"))? == fs::read(package.join("proofs/0001.txt"))?);
        for unknown in ["4711", "nonsense", "00000000-0000-4000-8000-000000000001"] {
            let none = folder.path().join("none");
            let none = none.to_str().context("no path")?;
            let output = Program::replay(&["export", "--evidence", unknown, "--out", none, "--data", &data]).await?;
            let said = String::from_utf8(output.stderr)?;
            ensure!(
                output.status.code() == Some(2) && said.contains("is not in this log"),
                "{said}"
            );
            ensure!(!folder.path().join("none").exists(), "a failed export leaves something");
        }
        app.finish().await
    })
}
