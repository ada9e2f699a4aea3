//! What was learnt, as counts, and what follows from it for a text.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::text::terms;

/// How many tickets of which category have which stem.
///
/// Whole numbers alone: the same on every machine, and small in an event. Multinomial naive Bayes, each stem counted once
/// a ticket, with one ticket more of each stem than there were, so that nothing is impossible.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Model {
    /// Keys of the categories with how many tickets each was learnt from, by key.
    categories: Vec<(String, u32)>,
    /// The stems with, by turns, the index of a category and how many of its tickets have the stem; by stem.
    stems: Vec<(String, Vec<u32>)>,
}

/// What a model takes a text for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// Key of the category.
    pub category: String,
    /// How sure it is, in thousandths: the posterior of the category.
    pub score: u32,
}

/// The stems of texts, each once. Of letters alone: numbers name contracts, telephones and orders, and no categories.
pub fn stems<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let stems = texts.into_iter().flat_map(terms).map(|it| it.family);
    stems
        .filter(|it| it.chars().count() > 1 && it.chars().all(char::is_alphabetic))
        .collect()
}

impl Model {
    /// A model of these counts, both lists by their names.
    pub fn new(categories: Vec<(String, u32)>, stems: Vec<(String, Vec<u32>)>) -> Self {
        Self { categories, stems }
    }

    /// The categories with how many tickets each was learnt from, by key.
    pub fn categories(&self) -> &[(String, u32)] {
        &self.categories
    }

    /// The stems with, by turns, the index of a category and how many of its tickets have the stem; by stem.
    pub fn stems(&self) -> &[(String, Vec<u32>)] {
        &self.stems
    }

    /// What a ticket with these stems is taken for; `None` when it has none that the model knows.
    pub fn classify(&self, stems: &BTreeSet<String>) -> Option<Guess> {
        self.reader().classify(stems)
    }

    /// The model with what is the same for every text.
    pub(super) fn reader(&self) -> Reader<'_> {
        let all: f64 = self.categories.iter().map(|it| f64::from(it.1)).sum();
        let vocabulary = f64::from(u32::try_from(self.stems.len()).unwrap_or(u32::MAX));
        Reader {
            model: self,
            priors: self.categories.iter().map(|it| (f64::from(it.1) / all).ln()).collect(),
            below: self.totals().iter().map(|it| (it + vocabulary).ln()).collect(),
        }
    }

    fn counts(&self, stem: &str) -> Option<&[u32]> {
        let place = self.stems.binary_search_by(|it| it.0.as_str().cmp(stem)).ok()?;
        self.stems.get(place).map(|it| it.1.as_slice())
    }

    /// How many times any stem is in a ticket of each category.
    fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.categories.len()];
        for (category, count) in self.stems.iter().flat_map(|it| pairs(&it.1)) {
            if let Some(total) = usize::try_from(category).ok().and_then(|it| totals.get_mut(it)) {
                *total += f64::from(count);
            }
        }
        totals
    }
}

/// Categories with how many of their tickets have a stem.
fn pairs(counts: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    counts
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[category, count]| (*category, *count))
}

/// A model that reads many texts.
pub(super) struct Reader<'a> {
    model: &'a Model,
    /// Of each category, the logarithm of its share.
    priors: Vec<f64>,
    /// Of each category, the logarithm of how many stems its tickets have, with one more of each.
    below: Vec<f64>,
}

impl Reader<'_> {
    /// See [`Model::classify`].
    pub(super) fn classify(&self, stems: &BTreeSet<String>) -> Option<Guess> {
        let known: Vec<&[u32]> = stems.iter().filter_map(|it| self.model.counts(it)).collect();
        if known.is_empty() {
            return None;
        }
        let likelihoods = self.likelihoods(&known);
        // Of those that are as likely, the first by key.
        let (best, most) = likelihoods
            .iter()
            .copied()
            .enumerate()
            .reduce(|best, it| if it.1 > best.1 { it } else { best })?;
        let rest: f64 = likelihoods.iter().map(|it| (it - most).exp()).sum();
        Some(Guess {
            category: self.model.categories.get(best)?.0.clone(),
            score: thousandths(rest.recip()),
        })
    }

    fn likelihoods(&self, known: &[&[u32]]) -> Vec<f64> {
        let mut sums = vec![0.0; self.priors.len()];
        let mut logarithms = sums.clone();
        for counts in known {
            logarithms.fill(0.0);
            for (category, count) in pairs(counts) {
                if let Some(it) = usize::try_from(category).ok().and_then(|it| logarithms.get_mut(it)) {
                    *it = (f64::from(count) + 1.0).ln();
                }
            }
            for ((sum, logarithm), below) in sums.iter_mut().zip(&logarithms).zip(&self.below) {
                *sum += logarithm - below;
            }
        }
        sums.iter().zip(&self.priors).map(|(sum, prior)| prior + sum).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one, in thousandths, fits"
)]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).floor() as u32
}
