//! The organisation that incidents point at: categories, groups as teams, resolvers as users.
//!
//! Each is made when the file first names it, by a command whose id follows from the name: made once, whatever happens in
//! between. What is there already, or was retired since, stays as it is.

use std::collections::HashSet;

use commands::{Command, CommandError, Handler, Request};
use domain::{
    access::Rights,
    ids::{AgentId, CommandId, foreign},
    organisation::{Category, Checked, Definition, ItemCommand, Label, OrganisationCommand, Team},
    user::UserCommand,
};
use uuid::Uuid;

use super::{CHANNEL, incidents::Incident, row::Row, story::importer};

/// What was made, or found made, in this run.
#[derive(Debug, Default)]
pub(super) struct Desk {
    known: HashSet<Uuid>,
}

impl Desk {
    /// Makes what an incident points at.
    pub(super) async fn fill(&mut self, handler: &Handler, incident: &Incident) -> Result<(), CommandError> {
        for row in &incident.rows {
            for (id, command) in wanted(row) {
                if self.known.insert(id) {
                    make(handler, id, command).await?;
                }
            }
        }
        Ok(())
    }
}

/// The commands for what a row points at, and the ids of these commands.
fn wanted(row: &Row) -> Vec<(Uuid, Command)> {
    let mut wanted = Vec::new();
    if let Some((key, _)) = &row.category {
        let category = Category {
            key: key.as_str().to_owned(),
            name: label("Категория", "Category", key.as_str()),
            description: None,
            icon: None,
            parent_key: None,
            assign_to: None,
        };
        let create = created(category).map(|it| OrganisationCommand::Category(Category::id_of(key.as_str()), it));
        wanted.extend(create.map(|it| (foreign(CHANNEL, "category", key.as_str()), Command::Organisation(it))));
    }
    if let (Some(group), Some(id)) = (&row.group, row.team()) {
        let team = Team {
            name: readable("Group", group),
            description: None,
            branch_id: None,
        };
        let create = created(team).map(|it| OrganisationCommand::Team(id, it));
        wanted.extend(create.map(|it| (foreign(CHANNEL, "team", group), Command::Organisation(it))));
    }
    if let (Some(resolver), Some(id)) = (&row.resolver, row.assignee) {
        wanted.push((
            foreign(CHANNEL, "user", resolver),
            Command::User(id, account(id, resolver)),
        ));
    }
    wanted
}

/// `None` when the file's name of it is none that Letopis takes: the tickets point at it all the same.
fn created<D: Definition>(definition: D) -> Option<ItemCommand<D>> {
    let definition = Checked::try_new(definition).ok()?;
    Some(ItemCommand::Create { definition })
}

/// An account without a password and with an address that no mail reaches (RFC 2606): nobody gets in by it.
fn account(id: AgentId, resolver: &str) -> UserCommand {
    UserCommand::Register {
        email: format!("{id}@{CHANNEL}.invalid"),
        name: readable("Resolver", resolver),
        locale: "en".to_owned(),
        password: None,
        link: None,
    }
}

/// A key with letters speaks for itself; a mere number says what it is of.
fn readable(what: &str, key: &str) -> String {
    if key.chars().any(char::is_alphabetic) {
        key.to_owned()
    } else {
        format!("{what} {key}")
    }
}

fn label(russian: &str, english: &str, key: &str) -> Label {
    Label {
        ru: Some(readable(russian, key)),
        en: Some(readable(english, key)),
    }
}

async fn make(handler: &Handler, id: Uuid, command: Command) -> Result<(), CommandError> {
    // An address would be claimed anew, which a second run must not tell.
    if let Command::User(user, _) = &command
        && handler.user(*user).await?.is_some()
    {
        return Ok(());
    }
    let request = Request {
        command_id: CommandId(id),
        command,
        actor: importer(),
        expected_version: None,
        traceparent: None,
    };
    match Box::pin(handler.execute(&Rights::all(), &request)).await {
        // There is one of that key or address, or somebody has changed it since.
        Ok(_) | Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(()),
        Err(error) => Err(error),
    }
}
