//! The schema that frontends are given: kept in git, explained to the last argument.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

#[test]
fn kept_schema_is_the_one_the_program_has() -> Result<()> {
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../api/schema.graphql"))
        .context("run `make schema`: api/schema.graphql is not there")?;
    let has = api::graphql::sdl();
    if let Some((kept, has)) = kept.lines().zip(has.lines()).find(|(kept, has)| kept != has) {
        anyhow::bail!("run `make schema`: api/schema.graphql has\n{kept}\nand the program\n{has}");
    }
    ensure!(
        kept == has,
        "run `make schema`: api/schema.graphql and the program's schema end differently"
    );
    Ok(())
}

#[test]
fn everything_in_the_schema_is_explained() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let query = "{ __schema { types { name kind description
            fields { name description args { name description } }
            inputFields { name description } enumValues { name description } } } }";
        let mut schema = app.client.data(query, json!({})).await?["__schema"].take();
        let mut bare = Vec::new();
        let types = schema["types"].take();
        for kind in types
            .as_array()
            .context("no types")?
            .iter()
            .filter(|it| !is_builtin(it))
        {
            explained("", kind, &mut bare);
        }
        ensure!(bare.is_empty(), "without a description: {bare:#?}");
        app.finish().await
    })
}

fn is_builtin(kind: &Value) -> bool {
    kind["name"]
        .as_str()
        .is_some_and(|it| it.starts_with("__") || it == "ID")
}

/// Notes `thing`, and what belongs to it, when it has no description.
fn explained(path: &str, thing: &Value, bare: &mut Vec<String>) {
    let path = format!("{path}.{}", thing["name"].as_str().unwrap_or_default());
    if thing["description"].as_str().is_none_or(|it| it.trim().is_empty()) {
        bare.push(path.clone());
    }
    for part in ["fields", "args", "inputFields", "enumValues"] {
        for inner in thing[part].as_array().into_iter().flatten() {
            explained(&path, inner, bare);
        }
    }
}
