//! The data directory; Postgres has its own tests beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{DataDir, DataDirError};

#[test]
fn missing_directory_is_made_and_marked() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(&temp.path().join("a/b")).unwrap();
    assert_eq!(fs::read_to_string(dir.root().join("VERSION")).unwrap(), "1\n");
    assert_eq!(dir.log(), dir.root().join("log"));
    assert_eq!(dir.postgres(), dir.root().join("postgres"));
}

#[test]
fn second_opener_is_told_who_holds_it() {
    let temp = tempfile::tempdir().unwrap();
    let first = DataDir::open(temp.path()).unwrap();
    let refusal = DataDir::open(temp.path()).unwrap_err().to_string();
    assert!(
        refusal.contains(&format!("in use by process {}: stop it", std::process::id())),
        "{refusal}"
    );
    assert!(refusal.contains(&*first.root().to_string_lossy()), "{refusal}");
    drop(first);
    DataDir::open(temp.path()).unwrap();
}

#[test]
fn format_of_another_release_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("VERSION"), "2\n").unwrap();
    let refusal = DataDir::open(temp.path()).unwrap_err().to_string();
    assert!(
        refusal.contains("has format \"2\", this program understands \"1\""),
        "{refusal}"
    );
}

#[test]
fn file_in_place_of_the_directory_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    fs::write(&path, "").unwrap();
    let refusal = DataDir::open(&path).unwrap_err();
    assert!(matches!(refusal, DataDirError::Unusable { .. }), "{refusal}");
    assert!(refusal.to_string().contains(&*path.to_string_lossy()), "{refusal}");
}

#[test]
fn running_node_is_found_only_while_its_process_lives() {
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(DataDir::running_node(&temp.path().join("none")).unwrap(), None);
    let dir = DataDir::open(temp.path()).unwrap();
    assert_eq!(DataDir::running_node(temp.path()).unwrap(), None);
    dir.publish_node_url("esdb://127.0.0.1:1").unwrap();
    dir.publish_node_url("esdb://127.0.0.1:2").unwrap();
    assert_eq!(
        DataDir::running_node(temp.path()).unwrap().as_deref(),
        Some("esdb://127.0.0.1:2")
    );
    assert_eq!(
        fs::metadata(dir.node_url_file()).unwrap().permissions().mode() & 0o777,
        0o600
    );
    drop(dir);
    assert_eq!(DataDir::running_node(temp.path()).unwrap(), None);
    let _again = DataDir::open(temp.path()).unwrap();
    assert_eq!(
        DataDir::running_node(temp.path()).unwrap(),
        None,
        "an old address must be gone"
    );
}
