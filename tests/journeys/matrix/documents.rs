//! For each operation of the schema the smallest document that asks for it.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tests::Client;

const SCHEMA: &str = "{ __schema { queryType { name } mutationType { name } types { kind name isOneOf
    fields { name args { ...input } type { ...type } }
    inputFields { ...input } enumValues { name } } } }
    fragment input on __InputValue { name defaultValue type { ...type } }
    fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// An operation with its document.
#[derive(Debug)]
pub(super) struct Document {
    /// `query` or `mutation`.
    pub(super) kind: &'static str,
    pub(super) field: String,
    pub(super) text: String,
    pub(super) variables: Value,
}

/// All operations of the schema but subscriptions.
pub(super) async fn documents(admin: &Client) -> Result<Vec<Document>> {
    let answer = admin.data(SCHEMA, json!({})).await?;
    let types: HashMap<String, Value> = list(&answer["__schema"]["types"])?
        .iter()
        .map(|it| (text(&it["name"]), it.clone()))
        .collect();
    let mut documents = Vec::new();
    for (kind, root) in [("query", "queryType"), ("mutation", "mutationType")] {
        let root = &types[&text(&answer["__schema"][root]["name"])];
        for field in list(&root["fields"])? {
            documents.push(document(&types, kind, field)?);
        }
    }
    Ok(documents)
}

fn document(types: &HashMap<String, Value>, kind: &'static str, field: &Value) -> Result<Document> {
    let name = text(&field["name"]);
    let (mut declared, mut given, mut variables) = (Vec::new(), Vec::new(), serde_json::Map::new());
    for argument in list(&field["args"])? {
        let argument_name = text(&argument["name"]);
        if argument["type"]["kind"] != "NON_NULL" && argument_name != "first" {
            continue;
        }
        declared.push(format!("${argument_name}: {}", written(&argument["type"])));
        given.push(format!("{argument_name}: ${argument_name}"));
        variables.insert(
            argument_name.clone(),
            value(types, &name, &argument_name, &argument["type"])?,
        );
    }
    let brackets = |parts: &[String]| {
        if parts.is_empty() {
            String::new()
        } else {
            format!("({})", parts.join(", "))
        }
    };
    let below = if is_leaf(types, &field["type"]) {
        ""
    } else {
        " { __typename }"
    };
    Ok(Document {
        kind,
        text: format!("{kind}{} {{ {name}{}{below} }}", brackets(&declared), brackets(&given)),
        field: name,
        variables: variables.into(),
    })
}

/// Fields that may be left out singly, but without which the input means nothing.
const MEANT: [(&str, &str); 3] = [
    ("SnoozeTicketInput", "untilReply"),
    ("FollowTicketInput", "userId"),
    ("UnfollowTicketInput", "userId"),
];

/// Whether the smallest valid input has that field; `taken` when the input has one already.
fn is_needed(of: &Value, field: &Value, taken: bool) -> bool {
    if of["isOneOf"] == true {
        return !taken;
    }
    let meant = MEANT.contains(&(
        of["name"].as_str().unwrap_or_default(),
        field["name"].as_str().unwrap_or_default(),
    ));
    meant || (field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null())
}

/// A value that the field takes, the smallest there is.
fn value(types: &HashMap<String, Value>, operation: &str, field: &str, of: &Value) -> Result<Value> {
    match of["kind"].as_str().context("a type without a kind")? {
        "NON_NULL" => value(types, operation, field, &of["ofType"]),
        "LIST" => Ok(json!([value(types, operation, field, &of["ofType"])?])),
        "ENUM" => Ok(types[&text(&of["name"])]["enumValues"][0]["name"].clone()),
        "INPUT_OBJECT" => {
            let mut object = serde_json::Map::new();
            let input = &types[&text(&of["name"])];
            for it in list(&input["inputFields"])? {
                let name = text(&it["name"]);
                if name == "idempotencyKey" {
                    object.insert(name, json!(operation));
                } else if is_needed(input, it, !object.is_empty()) {
                    object.insert(name.clone(), value(types, operation, &name, &it["type"])?);
                }
            }
            Ok(object.into())
        }
        "SCALAR" => Ok(match (text(&of["name"]).as_str(), field) {
            ("ID", _) => json!("6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"),
            ("String", "email" | "value") => json!("somebody@example.com"),
            ("String", "contentType") => json!("image/png"),
            ("String", "ip") => json!("192.0.2.1"),
            ("String", "locale") => json!("ru"),
            ("String", "permissions") => json!("schema:read"),
            ("String", "timeZone") => json!("Europe/Moscow"),
            ("String", "key" | "purpose" | "role") => json!("other"),
            ("String", _) => json!("слово"),
            ("Int", _) => json!(1),
            ("Float", _) => json!(0.9),
            ("Boolean", _) => json!(true),
            ("DateTime", _) => json!("2026-03-01T00:00:00Z"),
            (other, _) => bail!("no value is known for {field}: {other}"),
        }),
        other => bail!("no value is known for {field}: {other}"),
    }
}

fn written(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&of["ofType"])),
        Some("LIST") => format!("[{}]", written(&of["ofType"])),
        _ => text(&of["name"]),
    }
}

fn is_leaf(types: &HashMap<String, Value>, of: &Value) -> bool {
    if of["ofType"].is_object() {
        return is_leaf(types, &of["ofType"]);
    }
    matches!(types[&text(&of["name"])]["kind"].as_str(), Some("SCALAR" | "ENUM"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("{value} is no list"))
}
