//! Learning from examples: which stems tell categories apart, how often each is where, and how well that works.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{Learnt, Lesson, Model};
use crate::ids::{ContactId, TicketId};

/// Examples that a category needs.
const EXAMPLES: usize = 10;
/// Tickets in which a stem must occur. What fewer have may be a name, an address, a diagnosis: an event is for ever, and
/// not under anybody's key.
const TICKETS: usize = 5;
/// Customers of those tickets: what one person keeps writing tells of that person.
const CUSTOMERS: usize = 3;
/// Stems at most, those that tell most.
const STEMS: usize = 5_000;
/// Categories at most, those with most examples.
const CATEGORIES: usize = 500;
/// Bytes of stems and their counts at most, as they stand in an event, so that with the categories it is not larger than
/// any store takes (1 MiB).
const BYTES: usize = 600_000;
/// One of so many tickets is held out.
const HELD_OUT: u128 = 5;

/// A ticket whose category an agent chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The ticket.
    pub ticket: TicketId,
    /// Its customer; those who are not known count as one.
    pub customer: Option<ContactId>,
    /// Key of the category.
    pub category: String,
    /// The stems of what the customer wrote.
    pub stems: BTreeSet<String>,
}

impl Example {
    /// Whether it is tried instead of learnt from. Ids of tickets are hashes, or random.
    fn is_held_out(&self) -> bool {
        self.ticket.0.as_u128().is_multiple_of(HELD_OUT)
    }
}

/// What follows from examples; `None` when they are too few. The figures come from a model that has not seen what it is
/// tried on; the model that is kept has seen all.
pub fn learn(examples: &[Example], until: u64) -> Option<Lesson> {
    let by_category = |examples: &[&Example]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for it in examples {
            *counts.entry(it.category.clone()).or_default() += 1;
        }
        counts
    };
    let readable: Vec<&Example> = examples.iter().filter(|it| !it.stems.is_empty()).collect();
    let mut learnt = by_category(&readable);
    learnt.retain(|_, count| *count >= EXAMPLES);
    let mut largest: Vec<(usize, String)> = learnt.iter().map(|(key, count)| (*count, key.clone())).collect();
    largest.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    for (_, key) in largest.iter().skip(CATEGORIES) {
        learnt.remove(key);
    }
    if learnt.len() < 2 {
        return None;
    }
    let of_learnt: Vec<&Example> = readable
        .into_iter()
        .filter(|it| learnt.contains_key(&it.category))
        .collect();
    let (held_out, seen): (Vec<&Example>, Vec<&Example>) = of_learnt.iter().copied().partition(|it| it.is_held_out());
    Some(Lesson {
        until,
        categories: tried(&learnt, &model(&seen), &held_out),
        model: Arc::new(model(&of_learnt)),
    })
}

/// How well a model does on tickets that it has not seen.
fn tried(learnt: &BTreeMap<String, usize>, model: &Model, held_out: &[&Example]) -> Vec<Learnt> {
    let mut figures: BTreeMap<&str, Learnt> = BTreeMap::new();
    for (category, examples) in learnt {
        let figure = Learnt {
            category: category.clone(),
            examples: u32::try_from(*examples).unwrap_or(u32::MAX),
            tried: 0,
            said: 0,
            right: 0,
        };
        figures.insert(category, figure);
    }
    let reader = model.reader();
    for it in held_out {
        let said = reader.classify(&it.stems).map(|it| it.category);
        if let Some(figure) = figures.get_mut(it.category.as_str()) {
            figure.tried += 1;
            figure.right += u32::from(said.as_ref() == Some(&it.category));
        }
        if let Some(figure) = said.and_then(|it| figures.get_mut(it.as_str())) {
            figure.said += 1;
        }
    }
    figures.into_values().collect()
}

/// What is known of one stem.
#[derive(Default)]
struct Usage {
    customers: HashSet<Option<ContactId>>,
    by_category: BTreeMap<u32, u32>,
    tickets: usize,
}

fn model(examples: &[&Example]) -> Model {
    let mut tickets: BTreeMap<&str, u32> = BTreeMap::new();
    for it in examples {
        *tickets.entry(it.category.as_str()).or_default() += 1;
    }
    let index: HashMap<&str, u32> = tickets.keys().copied().zip(0..).collect();
    let mut usage: BTreeMap<&str, Usage> = BTreeMap::new();
    for it in examples {
        let category = index.get(it.category.as_str()).copied().unwrap_or_default();
        for stem in &it.stems {
            let of_stem = usage.entry(stem).or_default();
            of_stem.customers.insert(it.customer);
            of_stem.tickets += 1;
            *of_stem.by_category.entry(category).or_default() += 1;
        }
    }
    usage.retain(|_, it| it.tickets >= TICKETS && it.customers.len() >= CUSTOMERS);
    let sizes: Vec<u32> = tickets.values().copied().collect();
    let mut ranked: Vec<(f64, &str, Usage)> = usage
        .into_iter()
        .map(|(stem, it)| (information(&sizes, &it.by_category), stem, it))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut room = BYTES;
    let mut stems: Vec<(String, Vec<u32>)> = ranked
        .into_iter()
        .take(STEMS)
        .map(|(_, stem, it)| {
            let counts = it
                .by_category
                .into_iter()
                .flat_map(|(category, count)| [category, count]);
            (stem.to_owned(), counts.collect::<Vec<u32>>())
        })
        .take_while(|(stem, counts)| {
            let size = size(stem, counts);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        })
        .collect();
    stems.sort();
    let categories = tickets.into_iter().map(|(key, count)| (key.to_owned(), count));
    Model::new(categories.collect(), stems)
}

/// Bytes of a stem with its counts in JSON: `["возврат",[0,12]],`.
fn size(stem: &str, counts: &[u32]) -> usize {
    let digits = |it: &u32| it.checked_ilog10().unwrap_or_default() + 2;
    let counts: u32 = counts.iter().map(digits).sum();
    stem.len() + usize::try_from(counts).unwrap_or(usize::MAX - stem.len() - 8) + 8
}

/// How much it tells of the category whether a ticket has a stem, in billionths of a nat: rounded, so that the order of
/// stems does not hang on the last digit of a logarithm.
fn information(sizes: &[u32], with: &BTreeMap<u32, u32>) -> f64 {
    let all: f64 = sizes.iter().copied().map(f64::from).sum();
    let having: f64 = with.values().copied().map(f64::from).sum();
    let part = |both: f64, of_stem: f64, of_category: f64| {
        if both > 0.0 {
            both / all * (both * all / (of_stem * of_category)).ln()
        } else {
            0.0
        }
    };
    let sum: f64 = (0..)
        .zip(sizes)
        .map(|(index, size)| {
            let (size, both) = (
                f64::from(*size),
                f64::from(with.get(&index).copied().unwrap_or_default()),
            );
            part(both, having, size) + part(size - both, all - having, size)
        })
        .sum();
    (sum * 1e9).round()
}
