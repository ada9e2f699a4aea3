//! Periods replayed under other rules: asked for, watched, cancelled, and what came of them.

mod input;
mod mutation;
mod object;
mod query;

pub(super) use mutation::WhatIfMutation;
pub(crate) use mutation::refused;
pub(super) use object::WhatIf;
pub(super) use query::{WhatIfQuery, changes};
