use async_graphql::InputObject;
use domain::classifier::ClassifierCommand;

use crate::problem::Problem;

/// A training that is to be done.
#[derive(Debug, InputObject)]
pub(super) struct TrainClassifierInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it trains nothing twice. Needed, unless the
    /// header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A version that is to say what no rule says.
#[derive(Debug, InputObject)]
pub(super) struct ActivateClassifierInput {
    /// Your name of this wish, 1 to 200 characters. Needed, unless the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Number of the version.
    version: i32,
    /// How sure it must be to be heard, 0 to 1.
    threshold: f64,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

/// A classifier that is to say nothing any more.
#[derive(Debug, InputObject)]
pub(super) struct DeactivateClassifierInput {
    /// Your name of this wish, 1 to 200 characters. Needed, unless the header `Idempotency-Key` gives it.
    pub(super) idempotency_key: Option<String>,
    /// Comes back in the payload.
    pub(super) client_mutation_id: Option<String>,
}

impl ActivateClassifierInput {
    /// The wish.
    ///
    /// # Errors
    /// When the threshold is no share. A version that cannot be is not there.
    pub(super) fn command(&self) -> Result<ClassifierCommand, Problem> {
        if !(0.0..=1.0).contains(&self.threshold) {
            let (russian, english) = ("от 0 до 1", "0 to 1");
            let bad = Problem::bad_input("threshold", &self.threshold.to_string(), russian, english);
            return Err(bad.about("threshold"));
        }
        Ok(ClassifierCommand::Activate {
            version: u64::try_from(self.version).unwrap_or_default(),
            threshold: thousandths(self.threshold),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one, in thousandths, fits"
)]
fn thousandths(share: f64) -> u32 {
    (share * 1000.0).round() as u32
}
