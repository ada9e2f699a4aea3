//! Who may do what: THE tables of roles and commands, and of roles and what only some may see.

use crate::Command;

/// What an authenticated actor is, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Admin,
    /// May look, never change.
    Reader,
}

/// What not everybody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// How the system is doing inside: read models, workers, faults.
    Operations,
}

/// The actor's role has no right to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("you have no right to do this")]
pub struct Forbidden;

/// Whether `role` may give `command`.
///
/// # Errors
/// [`Forbidden`] when it may not.
pub fn authorize(role: Role, command: &Command) -> Result<(), Forbidden> {
    match (role, command) {
        (Role::Admin, Command::Ticket(..) | Command::Assignment(..)) => Ok(()),
        (Role::Reader, Command::Ticket(..) | Command::Assignment(..)) => Err(Forbidden),
    }
}

/// Whether `role` may see this.
///
/// # Errors
/// [`Forbidden`] when it may not.
pub fn authorize_sight(role: Role, sight: Sight) -> Result<(), Forbidden> {
    match (role, sight) {
        (Role::Admin, Sight::Operations) => Ok(()),
        (Role::Reader, Sight::Operations) => Err(Forbidden),
    }
}
