//! Words as Postgres keeps and compares them: `=` before a stem, `~` before a sound, `-` before a near spelling, nothing before
//! a family. Words are letters and digits alone, so nothing in them needs to be escaped.

use std::collections::BTreeMap;

use domain::text::{Term, near, readings, sound, terms};

use super::frequency::Frequencies;

/// Words of a text that are kept at most; what stands behind them is not searched.
const MOST: usize = 2_000;
/// Words of a text whose near spellings are kept: those of short texts, where each word counts.
const MOST_NEAR: usize = 30;
/// Words of a query that are looked for at most.
const MOST_ASKED: usize = 12;

/// A text as a `tsvector`, in the form Postgres reads: everything by which it can be found.
pub fn vector(text: &str) -> String {
    let mut lexemes = BTreeMap::new();
    let mut put = |lexeme: String, weight: char| {
        let known = lexemes.entry(lexeme).or_insert(weight);
        *known = weight.min(*known);
    };
    for (place, term) in terms(text).take(MOST).enumerate() {
        for sound in sounds(&term) {
            put(format!("~{sound}"), 'C');
        }
        if place < MOST_NEAR {
            for spelling in near(&term.root) {
                put(format!("-{spelling}"), 'D');
            }
        }
        put(term.family, 'B');
        put(format!("={}", term.stem), 'A');
    }
    let parts = lexemes.iter().map(|(lexeme, weight)| format!("'{lexeme}':1{weight}"));
    parts.collect::<Vec<_>>().join(" ")
}

fn sounds(term: &Term) -> impl Iterator<Item = String> {
    let own = sound(&term.root);
    let kin = sound(&term.family).filter(|it| Some(it) != own.as_ref());
    own.into_iter().chain(kin)
}

/// A query, word by word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// For each word, each of its readings: as typed, and with the keyboard in the other language.
    words: Vec<Vec<Term>>,
}

impl Asked {
    /// The words of a query; `None` when it has none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut words = readings(text);
        words.truncate(MOST_ASKED);
        (!words.is_empty()).then_some(Self { words })
    }

    /// Each word in one of its forms, or those of its kin.
    pub(super) fn exact(&self) -> Query {
        self.query(false, |it| vec![it.family.clone()])
    }

    /// Each word, or what sounds or is spelt like it.
    pub(super) fn fuzzy(&self) -> Query {
        self.query(false, alike)
    }

    /// Any of the words, or what sounds or is spelt like it.
    pub(super) fn any(&self) -> Query {
        self.query(true, alike)
    }

    /// What counts in the order of what was found.
    pub(super) fn weighed(&self) -> String {
        let forms = |it: &Term| {
            let mut all = alike(it);
            all.push(format!("={}", it.stem));
            all
        };
        self.query(true, forms).text()
    }

    /// Everything that any of the queries looks for.
    pub(super) fn lexemes(&self) -> Vec<String> {
        self.words.iter().flatten().flat_map(alike).collect()
    }

    fn query(&self, is_any: bool, forms: impl Fn(&Term) -> Vec<String>) -> Query {
        let words = self.words.iter().map(|it| it.iter().flat_map(&forms).collect());
        Query {
            words: words.collect(),
            is_any,
        }
    }
}

/// Lexemes that are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// For each word what it is kept as; one of it is enough.
    words: Vec<Vec<String>>,
    /// Whether one of the words is enough, too.
    is_any: bool,
}

impl Query {
    /// As a `tsquery`, in the form Postgres reads.
    pub(super) fn text(&self) -> String {
        let word = |forms: &Vec<String>| {
            let forms: Vec<String> = forms.iter().map(|it| format!("'{it}'")).collect();
            format!("({})", forms.join(" | "))
        };
        let between = if self.is_any { " | " } else { " & " };
        self.words.iter().map(word).collect::<Vec<_>>().join(between)
    }

    /// The share of texts that it fits, as if words kept away from each other by chance alone.
    pub(super) fn share(&self, known: &Frequencies) -> f64 {
        let shares = self.words.iter().map(|it| known.one_of(it));
        if self.is_any {
            shares.sum::<f64>().min(1.0)
        } else {
            shares.product()
        }
    }
}

fn alike(term: &Term) -> Vec<String> {
    let mut alike = vec![term.family.clone()];
    alike.extend(sounds(term).map(|it| format!("~{it}")));
    alike.extend(near(&term.root).into_iter().map(|it| format!("-{it}")));
    alike
}

#[cfg(test)]
mod tests {
    use super::{Asked, vector};

    #[test]
    fn text_is_kept_by_all_that_it_can_be_found_by() {
        let kept = vector("Код 42, код!");
        assert_eq!(kept, "'42':1B '=42':1A '=код':1A 'код':1B");
        assert!(vector("Заявок").contains("'-заяв':1D '-заяв'") || vector("Заявок").contains("'-заяв':1D"));
    }

    #[test]
    fn word_typed_in_the_other_layout_is_asked_both_ways() {
        let asked = Asked::of("ghbdtn 42").unwrap();
        assert!(
            asked.exact().text().contains("'привет'") && asked.exact().text().ends_with("& ('42')"),
            "{asked:?}"
        );
        assert!(
            Asked::of("[jxe").unwrap().exact().text().contains("'хоч'")
                || Asked::of("[jxe").unwrap().exact().text().contains("'хот'")
        );
        assert_eq!(Asked::of(" ,. "), None);
    }
}
