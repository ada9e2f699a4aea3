//! The learned classifier of categories: what was learnt, version by version, and which version is in use. One stream.
//!
//! Learning and classifying are pure functions over words: the same examples in whatever order lead to the same model.
//! Deliberately absent: where examples come from (`commands`), and words that could tell of a person (see `learn`).

mod learn;
mod model;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    learn::{Example, learn},
    model::{Guess, Model, stems},
};
use crate::decider::{Context, Decider};

/// How often a part of what was tried came out right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    /// Key of the category.
    pub category: String,
    /// Tickets that it was learnt from, those that were tried included.
    pub examples: u32,
    /// Tickets of it that were held out and tried.
    pub tried: u32,
    /// Tickets that were held out and said to be of it.
    pub said: u32,
    /// Those of both.
    pub right: u32,
}

impl Learnt {
    /// Of what was said to be of it, how much was, in thousandths; `None` when nothing was said to be.
    pub fn precision(&self) -> Option<u32> {
        thousandths(self.right, self.said)
    }

    /// Of what was of it, how much was said to be, in thousandths; `None` when nothing was tried.
    pub fn recall(&self) -> Option<u32> {
        thousandths(self.right, self.tried)
    }
}

/// What a training led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Position in the log up to which it looked.
    pub until: u64,
    /// The categories with their figures, by key.
    pub categories: Vec<Learnt>,
    /// What was learnt. Shared, for it is large.
    pub model: Arc<Model>,
}

impl Lesson {
    /// Tickets that were held out and tried.
    pub fn tried(&self) -> u32 {
        self.categories.iter().map(|it| it.tried).sum()
    }

    /// Of what was tried, how much came out right, in thousandths; `None` when nothing was tried.
    pub fn accuracy(&self) -> Option<u32> {
        thousandths(self.categories.iter().map(|it| it.right).sum(), self.tried())
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.model == other.model && self.categories == other.categories
    }
}

fn thousandths(part: u32, whole: u32) -> Option<u32> {
    (u64::from(part) * 1000)
        .checked_div(u64::from(whole))
        .map(|it| u32::try_from(it).unwrap_or(u32::MAX))
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What was learnt.
    pub lesson: Lesson,
    /// When, UTC.
    pub trained_at: DateTime<Utc>,
}

/// All that was ever learnt, and what of it is in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classifier {
    /// By version, from 1.
    pub versions: BTreeMap<u64, Version>,
    /// The version in use, and how sure it must be to be heard, in thousandths.
    pub active: Option<(u64, u32)>,
}

impl Classifier {
    /// The version in use: its number, what it learnt, and how sure it must be to be heard, in thousandths.
    pub fn in_use(&self) -> Option<(u64, &Model, u32)> {
        let (version, threshold) = self.active?;
        let it = self.versions.get(&version)?;
        Some((version, &it.lesson.model, threshold))
    }
}

/// What has happened to the classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ClassifierEvent {
    /// It has learnt.
    Trained {
        /// Number of what it has learnt, from 1.
        version: u64,
        /// When it looked, UTC.
        at: DateTime<Utc>,
        /// Share of the held-out tickets that came out right, in thousandths.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accuracy: Option<u32>,
        /// Stems that it knows.
        vocabulary: u32,
        /// What it has learnt.
        #[serde(flatten)]
        lesson: Lesson,
    },
    /// A version says from now on what no rule says.
    Activated {
        /// Its number.
        version: u64,
        /// How sure it must be, in thousandths.
        threshold: u32,
    },
    /// None says anything any more.
    Deactivated {
        /// The one that was in use.
        version: u64,
    },
}

/// A wish about the classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ClassifierCommand {
    /// Keep what was learnt; `None` when there was too little to learn from. What the same wish would find later may be
    /// another thing.
    Train(#[serde(skip)] Option<Box<Lesson>>),
    /// Let a version say what no rule says.
    Activate {
        /// Its number.
        version: u64,
        /// How sure it must be, in thousandths.
        threshold: u32,
    },
    /// Let rules alone say.
    Deactivate,
}

/// A rule that forbids a wish about the classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClassifierRefusal {
    /// Nothing can be told apart.
    #[error("too few examples: agents must have chosen at least 2 categories for at least 10 readable tickets each")]
    TooFewExamples,
    /// The examples are there, but share no words.
    #[error("the examples share no words: a word counts from 5 tickets of 3 customers on")]
    NoWords,
    /// Only what was learnt can be used.
    #[error("there is no such version of the classifier")]
    VersionUnknown,
}

impl Decider for Classifier {
    type Command = ClassifierCommand;
    type Event = ClassifierEvent;
    type Refusal = ClassifierRefusal;

    const CATEGORY: &'static str = "classifier";

    fn decide(
        state: Option<&Self>,
        command: &ClassifierCommand,
        context: &Context,
    ) -> Result<Vec<ClassifierEvent>, ClassifierRefusal> {
        let newest = state.and_then(|it| it.versions.last_key_value());
        match command {
            ClassifierCommand::Train(None) => Err(ClassifierRefusal::TooFewExamples),
            ClassifierCommand::Train(Some(it)) if it.model.stems().is_empty() => Err(ClassifierRefusal::NoWords),
            ClassifierCommand::Train(Some(it)) if newest.is_some_and(|old| old.1.lesson.says_the_same(it)) => {
                Ok(vec![])
            }
            ClassifierCommand::Train(Some(it)) => Ok(vec![ClassifierEvent::Trained {
                version: newest.map_or(0, |old| *old.0) + 1,
                at: context.at,
                accuracy: it.accuracy(),
                vocabulary: u32::try_from(it.model.stems().len()).unwrap_or(u32::MAX),
                lesson: it.as_ref().clone(),
            }]),
            ClassifierCommand::Activate { version, threshold } => {
                if state.is_none_or(|it| !it.versions.contains_key(version)) {
                    return Err(ClassifierRefusal::VersionUnknown);
                }
                if state.and_then(|it| it.active) == Some((*version, *threshold)) {
                    return Ok(vec![]);
                }
                Ok(vec![ClassifierEvent::Activated {
                    version: *version,
                    threshold: *threshold,
                }])
            }
            ClassifierCommand::Deactivate => Ok(state
                .and_then(|it| it.active)
                .map(|(version, _)| ClassifierEvent::Deactivated { version })
                .into_iter()
                .collect()),
        }
    }

    fn evolve(state: Option<Self>, event: &ClassifierEvent) -> Option<Self> {
        let mut state = state.unwrap_or_default();
        match event {
            ClassifierEvent::Trained {
                version, at, lesson, ..
            } => {
                let trained = Version {
                    lesson: lesson.clone(),
                    trained_at: *at,
                };
                state.versions.insert(*version, trained);
            }
            ClassifierEvent::Activated { version, threshold } => state.active = Some((*version, *threshold)),
            ClassifierEvent::Deactivated { .. } => state.active = None,
        }
        Some(state)
    }
}
