//! The learned classifier of categories: training it, letting it say, and how good it is.

mod input;
mod mutation;
mod object;

use async_graphql::{Context, Object, Result};
use commands::Read;
use domain::classifier::ClassifierRefusal;

pub(super) use self::mutation::ClassifierMutation;
use self::object::{ClassifierVersion, newest};
use super::{may_read, parts, problem};
use crate::problem::{Answer, Problem};

/// Versions that are given at most.
const MOST: i32 = 100;

/// What can be asked about the learned classifier.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClassifierQuery;

/// What can be asked about the learned classifier.
#[Object]
impl ClassifierQuery {
    /// What the classifier of categories has learnt, the newest version first. As the log has it: never behind.
    #[graphql(complexity = "10 + child_complexity * usize::try_from(first).unwrap_or_default()")]
    async fn classifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
    ) -> Result<Vec<ClassifierVersion>> {
        may_read(ctx, Read::Configuration)?;
        let Some(first) = usize::try_from(first).ok().filter(|_| (1..=MOST).contains(&first)) else {
            let (russian, english) = ("от 1 до 100", "1 to 100");
            return Err(problem(
                ctx,
                Problem::bad_input("first", &first.to_string(), russian, english),
            ));
        };
        versions(ctx, first).await
    }
}

/// The newest versions, at most so many.
async fn versions(ctx: &Context<'_>, most: usize) -> Result<Vec<ClassifierVersion>> {
    match parts(ctx)?.handler.classifier().await.map_err(Answer::from) {
        Ok(classifier) => Ok(newest(&classifier).take(most).collect()),
        Err(Answer::Refused(fault) | Answer::Failed(fault)) => Err(problem(ctx, fault)),
    }
}

/// How a rule of the classifier is told.
pub(crate) fn refused(refusal: ClassifierRefusal) -> Problem {
    let english = refusal.to_string();
    match refusal {
        ClassifierRefusal::TooFewExamples => Problem::new(
            "TOO_FEW_EXAMPLES",
            "мало примеров: нужно, чтобы сотрудники выбрали хотя бы 2 категории хотя бы для 10 читаемых заявок каждую",
            english,
        ),
        ClassifierRefusal::NoWords => Problem::new(
            "TOO_FEW_EXAMPLES",
            "у примеров нет общих слов: слово считается, когда оно встретилось в 5 заявках 3 клиентов",
            english,
        ),
        ClassifierRefusal::VersionUnknown => {
            Problem::new("NOT_FOUND", "такой версии классификатора нет", english).about("version")
        }
    }
}
