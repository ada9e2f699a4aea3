//! The tables of a schema, as the catalogue of Postgres tells them.

use sqlx::PgConnection;

/// A table of a build.
#[derive(Debug, Clone)]
pub(super) struct Described {
    pub(super) schema: String,
    pub(super) name: String,
    /// Names and types.
    pub(super) columns: Vec<String>,
    /// Its primary key; empty when it has none.
    pub(super) key: Vec<KeyColumn>,
}

/// A column of a primary key.
#[derive(Debug, Clone)]
pub(super) struct KeyColumn {
    pub(super) name: String,
    pub(super) type_name: String,
}

/// How values of a key are ordered, in Postgres and here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As numbers.
    Number,
    /// As their text, which orders as the values do.
    Value,
    /// By the bytes of their text.
    Text,
}

impl KeyColumn {
    pub(super) fn order(&self) -> Order {
        match self.type_name.as_str() {
            "smallint" | "integer" | "bigint" => Order::Number,
            "uuid" => Order::Value,
            _other => Order::Text,
        }
    }
}

/// The whole row as a value, whatever its columns are called.
const ROW: &str = r#""the whole row""#;

impl Described {
    /// Text of the key and of the row, in the order of the key.
    pub(super) fn rows(&self) -> String {
        let keys: Vec<String> = match self.key[..] {
            [] => vec![format!("{ROW}::text")],
            _ => self
                .key
                .iter()
                .map(|it| format!("{}::text", quoted(&it.name)))
                .collect(),
        };
        let order: Vec<String> = match self.key[..] {
            [] => vec![format!(r#"{ROW}::text COLLATE "C""#)],
            _ => self.key.iter().map(KeyColumn::ordered).collect(),
        };
        format!(
            "SELECT ARRAY[{}] AS key, {ROW}::text AS row FROM {} AS {ROW} ORDER BY {}",
            keys.join(", "),
            self.full_name(),
            order.join(", ")
        )
    }

    /// One row as JSON, by the texts of its key.
    pub(super) fn row(&self) -> String {
        let is = |(index, it): (usize, &KeyColumn)| {
            format!("{} = CAST(${}::text AS {})", quoted(&it.name), index + 1, it.type_name)
        };
        let wanted: Vec<String> = self.key.iter().enumerate().map(is).collect();
        format!(
            "SELECT to_jsonb({ROW})::text FROM {} AS {ROW} WHERE {}",
            self.full_name(),
            wanted.join(" AND ")
        )
    }

    fn full_name(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

impl KeyColumn {
    fn ordered(&self) -> String {
        let name = quoted(&self.name);
        match self.order() {
            Order::Number | Order::Value => format!("{ROW}.{name}"),
            Order::Text => format!(r#"{ROW}.{name}::text COLLATE "C""#),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Every table of a schema, by name.
pub(super) async fn of(schema: &str, connection: &mut PgConnection) -> Result<Vec<Described>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT it.relname::text AS "name!",
            ARRAY(
                SELECT col.attname || ' ' || format_type(col.atttypid, col.atttypmod) FROM pg_attribute AS col
                WHERE col.attrelid = it.oid AND col.attnum > 0 AND NOT col.attisdropped ORDER BY col.attnum
            ) AS "columns!",
            ARRAY(
                SELECT col.attname::text FROM pg_index AS of, unnest(of.indkey) WITH ORDINALITY AS part (num, place)
                JOIN pg_attribute AS col ON col.attnum = part.num
                WHERE of.indrelid = it.oid AND of.indisprimary AND col.attrelid = it.oid ORDER BY part.place
            ) AS "keys!",
            ARRAY(
                SELECT format_type(col.atttypid, col.atttypmod)
                FROM pg_index AS of, unnest(of.indkey) WITH ORDINALITY AS part (num, place)
                JOIN pg_attribute AS col ON col.attnum = part.num
                WHERE of.indrelid = it.oid AND of.indisprimary AND col.attrelid = it.oid ORDER BY part.place
            ) AS "types!"
         FROM pg_class AS it JOIN pg_namespace AS place ON place.oid = it.relnamespace
         WHERE place.nspname = $1 AND it.relkind IN ('r', 'p') ORDER BY 1"#,
        schema
    )
    .fetch_all(connection)
    .await?;
    let tables = rows.into_iter().map(|row| Described {
        schema: schema.to_owned(),
        name: row.name,
        columns: row.columns,
        key: row
            .keys
            .into_iter()
            .zip(row.types)
            .map(|(name, type_name)| KeyColumn { name, type_name })
            .collect(),
    });
    Ok(tables.collect())
}
