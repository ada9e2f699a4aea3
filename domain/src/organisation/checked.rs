use serde::Serialize;

use super::{Definition, Flaw, check::Check};

/// A definition that is acceptable today, in its usual spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Checked<D>(D);

impl<D: Definition> Checked<D> {
    /// Checks.
    ///
    /// # Errors
    /// Everything that is not acceptable, not only the first.
    pub fn try_new(mut definition: D) -> Result<Self, Vec<Flaw>> {
        let mut check = Check::default();
        definition.check(&mut check);
        let flaws = check.flaws();
        if flaws.is_empty() {
            Ok(Self(definition))
        } else {
            Err(flaws)
        }
    }
}

impl<D> AsRef<D> for Checked<D> {
    fn as_ref(&self) -> &D {
        &self.0
    }
}
