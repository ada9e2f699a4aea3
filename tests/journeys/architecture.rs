//! Which package may use which: the arrows of the design, and no other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// What each package of the workspace may use; `*` is everything but the tests.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("event-store-node", &[]),
    ("event-store", &["domain"]),
    ("commands", &["domain", "event-store"]),
    ("channels", &["domain", "event-store", "commands"]),
    ("projections", &["domain", "event-store"]),
    (
        "replay-tools",
        &["domain", "event-store", "event-store-node", "commands", "projections"],
    ),
    ("api", &["*"]),
    ("tests", &["*"]),
];

/// # Errors
/// Why the arrow may not be.
fn check(from: &str, to: &str) -> Result<()> {
    let allowed = ARROWS.iter().find(|(name, _)| *name == from);
    let Some((_, allowed)) = allowed else {
        bail!("{from} is not in the list of packages: say what it may use");
    };
    let anything = allowed.contains(&"*") && to != "tests";
    ensure!(
        anything || allowed.contains(&to),
        "{from} must not use {to}: it may use {allowed:?}"
    );
    Ok(())
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn packages() -> Result<Vec<Value>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(workspace())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"].as_array_mut().context("no packages")?.split_off(0))
}

/// Names of what a package uses, dependencies of its tests aside.
fn uses(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies
        .filter(|it| it["kind"] != "dev")
        .filter_map(|it| it["name"].as_str())
}

#[test]
fn packages_use_only_what_the_design_allows() -> Result<()> {
    let packages = packages()?;
    let ours: Vec<&str> = packages.iter().filter_map(|it| it["name"].as_str()).collect();
    ensure!(ours.contains(&"domain"), "{ours:?}");
    for package in &packages {
        let from = package["name"].as_str().context("a package without name")?;
        for to in uses(package).filter(|it| ours.contains(it)) {
            check(from, to)?;
        }
    }
    Ok(())
}

#[test]
fn writers_and_readers_never_see_each_other() {
    for (from, to) in [
        ("commands", "projections"),
        ("projections", "commands"),
        ("channels", "projections"),
        ("domain", "event-store"),
        ("event-store", "event-store-node"),
        ("event-store-node", "domain"),
        ("replay-tools", "channels"),
        ("api", "tests"),
        ("newcomer", "domain"),
    ] {
        assert!(check(from, to).is_err(), "{from} -> {to}");
    }
    for (from, to) in [
        ("commands", "event-store"),
        ("api", "channels"),
        ("replay-tools", "projections"),
    ] {
        assert!(check(from, to).is_ok(), "{from} -> {to}");
    }
}

#[test]
fn domain_uses_no_runtime_and_no_driver() -> Result<()> {
    let packages = packages()?;
    let domain = packages.iter().find(|it| it["name"] == "domain").context("no domain")?;
    for forbidden in ["tokio", "sqlx", "tracing", "reqwest", "axum", "rand", "futures-util"] {
        ensure!(
            uses(domain).all(|it| it != forbidden),
            "domain must not use {forbidden}"
        );
    }
    Ok(())
}

#[test]
fn one_file_names_the_event_store_client() -> Result<()> {
    let packages = packages()?;
    for package in packages.iter().filter(|it| uses(it).any(|it| it == "kurrentdb")) {
        ensure!(
            package["name"] == "event-store",
            "{} must not use kurrentdb",
            package["name"]
        );
    }
    let mut naming = Vec::new();
    for package in &packages {
        let manifest = package["manifest_path"].as_str().context("no manifest")?;
        let source = Path::new(manifest).with_file_name("src");
        find(&source, &mut naming)?;
    }
    ensure!(
        naming.len() == 1 && naming[0].ends_with("event-store/src/esdb.rs"),
        "{naming:?}"
    );
    Ok(())
}

/// Adds the Rust files under `folder` that name the client.
fn find(folder: &Path, naming: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, naming)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path)?;
            if text.contains("kurrentdb::") {
                naming.push(path);
            }
        }
    }
    Ok(())
}

/// A filling build has none of these indexes: with one that is unique it would take rows that the live one refuses.
#[test]
fn indexes_for_readers_are_not_unique() -> Result<()> {
    for model in fs::read_dir(workspace().join("migrations/read_models"))? {
        let indexes = model?.path().join("indexes.sql");
        let unique = fs::read_to_string(&indexes).is_ok_and(|it| it.to_uppercase().contains("UNIQUE"));
        ensure!(!unique, "{} makes a unique index", indexes.display());
    }
    Ok(())
}
