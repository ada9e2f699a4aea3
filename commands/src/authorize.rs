//! Who may do what: THE table of roles and commands.

use crate::Command;

/// What an authenticated actor is, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Admin,
    /// May look, never change.
    Reader,
}

/// The actor's role has no right to the command.
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
