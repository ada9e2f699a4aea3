use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use domain::classifier::{Classifier, Learnt, Version};
use event_store::Position;

use crate::graphql::LogPosition;

/// What the classifier of categories learnt in one training.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ClassifierVersion {
    /// Its number, from 1.
    version: i32,
    /// Whether it says what no rule says.
    active: bool,
    /// How sure it must be to be heard, 0 to 1; null while it is not in use.
    threshold: Option<f64>,
    /// When it was trained, UTC.
    trained_at: DateTime<Utc>,
    /// Position in the log up to which it looked.
    until: LogPosition,
    /// Tickets that it was learnt from, those that were tried included.
    examples: i32,
    /// Tickets that were held out and tried: one in five.
    tried: i32,
    /// Share of those that came out right, 0 to 1; null when none was tried.
    accuracy: Option<f64>,
    /// Stems that it knows.
    vocabulary: i32,
    /// The categories that it knows, by key.
    categories: Vec<LearntCategory>,
}

/// How well a category was learnt.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct LearntCategory {
    /// Key of the category.
    category_id: String,
    /// Tickets that it was learnt from, those that were tried included.
    examples: i32,
    /// Tickets of it that were held out and tried.
    tried: i32,
    /// Of those that were said to be of it, the share that was, 0 to 1; null when none was said to be.
    precision: Option<f64>,
    /// Of those that were of it, the share that was said to be, 0 to 1; null when none was tried.
    recall: Option<f64>,
}

/// The versions, the newest first.
pub(super) fn newest(classifier: &Classifier) -> impl Iterator<Item = ClassifierVersion> {
    let all = classifier.versions.iter().rev();
    all.map(|(number, it)| version(*number, it, classifier.active))
}

fn version(number: u64, version: &Version, active: Option<(u64, u32)>) -> ClassifierVersion {
    let lesson = &version.lesson;
    let threshold = active.filter(|it| it.0 == number).map(|it| it.1);
    ClassifierVersion {
        version: i32::try_from(number).unwrap_or(i32::MAX),
        active: threshold.is_some(),
        threshold: threshold.map(share),
        trained_at: version.trained_at,
        until: LogPosition::from(Position(lesson.until)),
        examples: int(lesson.categories.iter().map(|it| it.examples).sum()),
        tried: int(lesson.tried()),
        accuracy: lesson.accuracy().map(share),
        vocabulary: i32::try_from(lesson.model.stems().len()).unwrap_or(i32::MAX),
        categories: lesson.categories.iter().map(category).collect(),
    }
}

fn category(learnt: &Learnt) -> LearntCategory {
    LearntCategory {
        category_id: learnt.category.clone(),
        examples: int(learnt.examples),
        tried: int(learnt.tried),
        precision: learnt.precision().map(share),
        recall: learnt.recall().map(share),
    }
}

fn share(thousandths: u32) -> f64 {
    f64::from(thousandths) / 1000.0
}

fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
