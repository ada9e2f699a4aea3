//! Who may do what: THE table of commands and the rights they need, and of what only some may see.

use domain::{
    access::{Permission, Place, Rights},
    contact::ContactCommand,
};

use crate::Command;

/// The actor has no right to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("you have no right to do this: {} is needed", .0.as_str())]
pub struct Forbidden(pub Permission);

/// The right that a command needs.
pub fn needs(command: &Command) -> Permission {
    match command {
        Command::Ticket(..) => Permission::TicketsWrite,
        Command::Assignment(..) => Permission::TicketsAssign,
        Command::Contact(
            _,
            ContactCommand::MergeInto { .. }
            | ContactCommand::Unmerge
            | ContactCommand::Absorb { .. }
            | ContactCommand::Separate { .. },
        ) => Permission::ContactsMerge,
        Command::Contact(..) | Command::Organization(..) => Permission::ContactsWrite,
    }
}

/// Whether somebody with these rights may give `command` anywhere at all; where, is [`authorize_in`].
///
/// # Errors
/// [`Forbidden`] when they may not.
pub fn authorize(rights: &Rights, command: &Command) -> Result<(), Forbidden> {
    permit(rights, needs(command))
}

/// Whether somebody with these rights may give `command` about a thing that belongs there.
///
/// # Errors
/// [`Forbidden`] when they may not.
pub fn authorize_in(rights: &Rights, command: &Command, place: &Place) -> Result<(), Forbidden> {
    let needed = needs(command);
    if rights.covers(needed, place) {
        Ok(())
    } else {
        Err(Forbidden(needed))
    }
}

/// Whether a right was granted, be it for one place only.
///
/// # Errors
/// [`Forbidden`] when it was not.
pub fn permit(rights: &Rights, needed: Permission) -> Result<(), Forbidden> {
    if rights.has(needed) {
        Ok(())
    } else {
        Err(Forbidden(needed))
    }
}
