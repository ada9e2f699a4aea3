use async_graphql::{ID, SimpleObject};
use domain::organisation::{self, AssignTo};

use crate::graphql::ids::{Kind, global};

/// To whom tickets are given: one of the two.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "AssignTarget")]
pub(super) struct Target {
    /// Id of the team.
    team_id: Option<ID>,
    /// Id of the agent.
    agent_id: Option<ID>,
}

impl From<AssignTo> for Target {
    fn from(target: AssignTo) -> Self {
        let (team_id, agent_id) = match target {
            AssignTo::Team(id) => (Some(global(Kind::Item(organisation::Kind::Team), id)), None),
            AssignTo::Agent(id) => (None, Some(global(Kind::Agent, id))),
        };
        Self { team_id, agent_id }
    }
}
