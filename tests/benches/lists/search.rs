//! Searches among the subjects of all tickets: of words that few have, that many have, misspelt, and mistyped.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use projections::search::vector;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use tests::KEY;

use crate::{
    http::Connection,
    limits::Limits,
    load::{Client, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
};

/// Words of which subjects are made; those at the end stand in few.
const WORDS: [&str; 40] = [
    "не",
    "работает",
    "доступ",
    "пароль",
    "ошибка",
    "заявка",
    "принтер",
    "почта",
    "возврат",
    "оплата",
    "курс",
    "сертификат",
    "урок",
    "деньги",
    "вход",
    "сайт",
    "письмо",
    "списание",
    "карта",
    "подписка",
    "телефон",
    "камера",
    "звук",
    "экзамен",
    "расписание",
    "преподаватель",
    "договор",
    "справка",
    "архив",
    "учебник",
    "вебинар",
    "зачёт",
    "перевод",
    "рассылка",
    "логин",
    "видео",
    "счёт",
    "отпуск",
    "пропуск",
    "медаль",
];
/// Different subjects; each ticket has one of them and its own number.
const TEXTS: usize = 4_000;
const FILL: &str = "INSERT INTO search_part (owner_id, part, kind, ticket_id, subject_id, words, at)
    SELECT ticket_id, 'subject', 'ticket', ticket_id, ticket_id,
        text.words::tsvector || array_to_tsvector(ARRAY[number::text, '=' || number]), opened_at
    FROM ticket_list JOIN UNNEST($1::text[]) WITH ORDINALITY AS text (words, place)
        ON text.place = 1 + ticket_list.number * 7919 % cardinality($1::text[])";
const SEARCH: &str = "query($t: String!) { searchTickets(text: $t, first: 20) {
    edges { node { id number subject status } highlights { field pieces { text found } } } } }";
/// What is looked for, and how people do it.
const QUERIES: [(&str, &str); 6] = [
    ("a number", "24680"),
    ("words of few", "медаль пропуск"),
    ("a word of many", "работает"),
    ("two words of many", "доступы ошибка"),
    ("misspelt", "сертефикат"),
    ("the other layout", "djpdhfn ltytu"),
];

/// Subjects of three to six words, the first words far more often than the last.
fn texts() -> Vec<String> {
    let mut seed: u64 = 7;
    let mut next = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % below
    };
    let mut texts = Vec::with_capacity(TEXTS);
    for _ in 0..TEXTS {
        let count = 3 + next(4);
        let words: Vec<&str> = (0..count)
            .map(|_| {
                let widest = 1 + next(WORDS.len());
                WORDS.get(next(widest)).copied().unwrap_or_default()
            })
            .collect();
        texts.push(vector(&words.join(" ")));
    }
    texts
}

/// The words of every ticket's subject.
pub(super) async fn fill(pool: &PgPool) -> Result<()> {
    const WORDS: &str =
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'search_part' AND indexname = 'search_part_words'";
    // The index of words is made far faster than it grows row by row.
    let index: String = sqlx::query_scalar(WORDS).fetch_one(pool).await?;
    sqlx::query("DROP INDEX search_part_words").execute(pool).await?;
    sqlx::query(FILL).bind(texts()).execute(pool).await?;
    sqlx::query(AssertSqlSafe(index)).execute(pool).await?;
    sqlx::query("VACUUM ANALYZE search_part").execute(pool).await?;
    Ok(())
}

pub(super) async fn measure(
    settings: &Settings,
    limits: &mut Limits<'_>,
    address: SocketAddr,
    size: i64,
) -> Result<()> {
    for (name, text) in QUERIES {
        progress(&format!("search of {name} at {size}"));
        let searcher = Searcher {
            connection: Connection::open(address, "/graphql", KEY).await?,
            body: json!({"query": SEARCH, "variables": {"t": text}}).to_string(),
        };
        let figures = drive([searcher], settings.window).await?;
        let row = format!("search, {name} at {size}");
        limits.report.row(Section::Lists, &row, "reads/s").figures(figures);
        limits
            .report
            .row(Section::Lists, &format!("{row}, p99"), "ms")
            .value(figures.latency.p99)
            .aim(Aim::AtMost(100.0));
    }
    Ok(())
}

/// A connection that looks for the same again and again.
struct Searcher {
    connection: Connection,
    body: String,
}

impl Client for Searcher {
    async fn step(&mut self) -> Result<()> {
        let answer = self.connection.post(&self.body).await?;
        let found = answer["data"]["searchTickets"]["edges"].as_array();
        ensure!(found.is_some_and(|it| !it.is_empty()), "{answer}");
        Ok(())
    }
}
