//! How often words stand in texts, as Postgres' statistics tell. The planner takes words that they do not know for far more
//! frequent than they are, and would go through all texts for those that stand in few.

use std::collections::HashMap;

use sqlx::PgPool;

/// What the statistics say of some words.
#[derive(Debug, Default)]
pub(super) struct Frequencies {
    /// Texts there are.
    texts: f64,
    /// The share of texts in which a word stands, for words that stand in many.
    shares: HashMap<String, f64>,
}

impl Frequencies {
    /// Of these words; nothing is known before the table was analysed.
    pub(super) async fn of(pool: &PgPool, words: &[String]) -> Result<Self, sqlx::Error> {
        const KNOWN: &str = "SELECT texts.reltuples, it.word, it.share
            FROM pg_class AS texts
            JOIN pg_stats AS stats ON stats.schemaname = texts.relnamespace::regnamespace::text
                AND stats.tablename = texts.relname AND stats.attname = 'words'
            CROSS JOIN UNNEST(stats.most_common_elems::text::text[], stats.most_common_elem_freqs) AS it (word, share)
            WHERE texts.oid = 'search_part'::regclass AND it.word = ANY($1)";
        let rows: Vec<(f32, String, f32)> = sqlx::query_as(KNOWN).bind(words).fetch_all(pool).await?;
        let texts = rows.first().map_or(0.0, |it| f64::from(it.0));
        let shares = rows.into_iter().map(|(_, word, share)| (word, f64::from(share)));
        Ok(Self {
            texts,
            shares: shares.collect(),
        })
    }

    /// The share of texts in which one of these words stands: they are forms or readings of one word, so mostly the same.
    pub(super) fn one_of(&self, words: &[String]) -> f64 {
        let shares = words.iter().filter_map(|it| self.shares.get(it));
        shares.copied().fold(0.0, f64::max)
    }

    /// Whether the newest `wanted` of the texts that such a share of all fits are found sooner by going through the texts from
    /// the newest than by looking at every text that fits: either way so many texts are read.
    pub(super) fn is_by_time(&self, share: f64, wanted: f64) -> bool {
        share * self.texts > wanted / share
    }
}

#[cfg(test)]
mod tests {
    use super::Frequencies;

    #[test]
    fn words_of_few_texts_are_looked_up_and_words_of_many_are_gone_through() {
        let shares = [("работ".to_owned(), 0.3), ("медал".to_owned(), 0.01)];
        let known = Frequencies {
            texts: 1_000_000.0,
            shares: shares.into(),
        };
        let share = |words: &[&str]| known.one_of(&words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert!(known.is_by_time(share(&["=работа", "работ"]), 1_000.0));
        assert!(!known.is_by_time(share(&["медал"]), 1_000.0));
        assert!(
            !known.is_by_time(share(&["24680"]), 1_000.0),
            "what is not known is rare"
        );
        assert!(!Frequencies::default().is_by_time(0.0, 1_000.0));
    }
}
