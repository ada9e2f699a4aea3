//! Who may do what, and where.

mod permission;
mod rights;

pub use permission::Permission;
pub use rights::{Place, Reach, Rights, Scope};
