//! What the read models say of themselves, out of the catalogue of Postgres, as a document.

use sqlx::{PgConnection, PgPool};

use crate::{Model, ProjectError, analytics, generation};

/// A schema of the document.
struct Chapter {
    /// Where its tables lie now.
    schema: String,
    /// Where they lie for readers.
    place: String,
    heading: String,
    introduction: String,
}

/// A table or view.
struct Relation {
    oid: sqlx::postgres::types::Oid,
    name: String,
    comment: Option<String>,
    key: Option<String>,
}

/// A column of it.
struct Column {
    name: String,
    kind: String,
    nullable: bool,
    comment: Option<String>,
}

/// What stands where a comment is missing.
pub const MISSING: &str = "(no comment)";

/// The document on these models, the views over them and the tables that keep them, in Markdown.
///
/// Changes nothing: what is not built yet is built in a transaction that is undone.
///
/// # Errors
/// When Postgres does not answer.
pub async fn document(pool: &PgPool, models: &[Model]) -> Result<String, ProjectError> {
    let mut tx = pool.begin().await?;
    let mut lines: Vec<String> = INTRODUCTION.lines().map(str::to_owned).collect();
    for model in models {
        let schema = generation::readable(model, &mut tx).await?;
        let chapter = Chapter {
            schema,
            place: model.schema(),
            heading: format!("`{}`, version {}", model.name, model.version),
            introduction: format!("Made of events {}.", types(model)),
        };
        write_chapter(&chapter, &mut tx, &mut lines).await?;
    }
    for (schema, introduction) in [(analytics::SCHEMA, ANALYTICS), ("ops", OPS)] {
        let chapter = Chapter {
            schema: schema.to_owned(),
            place: schema.to_owned(),
            heading: format!("Schema `{schema}`"),
            introduction: introduction.to_owned(),
        };
        write_chapter(&chapter, &mut tx, &mut lines).await?;
    }
    tx.rollback().await?;
    lines.push(String::new());
    Ok(lines.join("\n"))
}

const INTRODUCTION: &str = "# Read models

Printed by `letopis read-models` out of the comments in the database; `make read-models` renews it.
A read model can be thrown away at any time: the log fills it anew.
Instants are UTC.
";
const ANALYTICS: &str = "For analysts, who read it in the role `letopis_analyst`. A view stays under its name, and a column of \
                         it keeps its name, type and meaning; columns are only added, at the end.";
const OPS: &str = "How the read models are kept: for operators and programs of Letopis; may change with any version.";

fn types(model: &Model) -> String {
    let types: Vec<String> = model.types.iter().map(|it| format!("`{it}*`")).collect();
    types.join(", ")
}

async fn write_chapter(chapter: &Chapter, tx: &mut PgConnection, lines: &mut Vec<String>) -> Result<(), sqlx::Error> {
    lines.extend([
        String::new(),
        format!("## {}", chapter.heading),
        String::new(),
        chapter.introduction.clone(),
    ]);
    for relation in relations(&chapter.schema, tx).await? {
        lines.extend([
            String::new(),
            format!("### `{}.{}`", chapter.place, relation.name),
            String::new(),
            said(relation.comment.as_deref()),
        ]);
        lines.extend(relation.key.iter().map(|it| format!("Key: {it}.")));
        lines.extend(["", "| Column | Type | Meaning |", "|---|---|---|"].map(str::to_owned));
        for column in columns(&relation, tx).await? {
            // Postgres does not know which columns of a view may be NULL.
            let null = if column.nullable && relation.key.is_some() {
                ", or NULL"
            } else {
                ""
            };
            let meaning = said(column.comment.as_deref());
            lines.push(format!("| `{}` | {}{null} | {meaning} |", column.name, column.kind));
        }
    }
    Ok(())
}

fn said(comment: Option<&str>) -> String {
    let said = comment.map(str::trim).filter(|it| !it.is_empty());
    said.unwrap_or(MISSING).replace('|', "\\|")
}

async fn relations(schema: &str, tx: &mut PgConnection) -> Result<Vec<Relation>, sqlx::Error> {
    sqlx::query_as!(
        Relation,
        r#"SELECT it.oid AS "oid!", it.relname::text AS "name!", obj_description(it.oid, 'pg_class') AS comment,
            (SELECT string_agg('`' || part.attname || '`', ', ' ORDER BY array_position(known.conkey, part.attnum))
             FROM pg_constraint AS known
             JOIN pg_attribute AS part ON part.attrelid = it.oid AND part.attnum = ANY(known.conkey)
             WHERE known.conrelid = it.oid AND known.contype = 'p') AS key
         FROM pg_class AS it
         WHERE it.relnamespace = to_regnamespace($1) AND it.relkind IN ('r', 'p', 'v', 'm')
         ORDER BY it.relname"#,
        schema
    )
    .fetch_all(tx)
    .await
}

async fn columns(relation: &Relation, tx: &mut PgConnection) -> Result<Vec<Column>, sqlx::Error> {
    sqlx::query_as!(
        Column,
        r#"SELECT it.attname::text AS "name!", format_type(it.atttypid, it.atttypmod) AS "kind!",
            NOT it.attnotnull AS "nullable!", col_description(it.attrelid, it.attnum) AS comment
         FROM pg_attribute AS it
         WHERE it.attrelid = $1 AND it.attnum > 0 AND NOT it.attisdropped ORDER BY it.attnum"#,
        relation.oid
    )
    .fetch_all(tx)
    .await
}
