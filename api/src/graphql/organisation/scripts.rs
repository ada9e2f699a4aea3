//! Canned replies and macros: texts with places, and steps.

use async_graphql::{Enum, ID, InputObject, OneofObject, SimpleObject};
use domain::organisation::{self, Kind, Template};
use uuid::Uuid;

use super::{
    input::{Defines, reference},
    label::LabelInput,
};
use crate::{
    graphql::{
        ids::{self, global, required},
        words::{Hold, Resolution, Urgency},
    },
    problem::Problem,
};

/// A text with places such as `{{contact.name}}`, in Russian, in English, or in both.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct TemplateText {
    /// По-русски; null when there is none.
    ru: Option<String>,
    /// In English; null when there is none.
    en: Option<String>,
}

impl From<Template> for TemplateText {
    fn from(Template { ru, en }: Template) -> Self {
        Self { ru, en }
    }
}

/// A text in at least one language, with places `{{agent.name}}`, `{{branch.name}}`, `{{category.name}}`, `{{contact.name}}`,
/// `{{estimate}}`, `{{inbox.name}}`, `{{promise}}`, `{{ticket.number}}`, `{{ticket.priority}}`, `{{ticket.status}}`,
/// `{{ticket.subject}}`.
#[derive(Debug, Clone, InputObject)]
pub(super) struct TemplateTextInput {
    /// По-русски, 1 to 10,000 characters.
    ru: Option<String>,
    /// In English, 1 to 10,000 characters.
    en: Option<String>,
}

impl From<TemplateTextInput> for Template {
    fn from(TemplateTextInput { ru, en }: TemplateTextInput) -> Self {
        Self { ru, en }
    }
}

/// What a canned reply says.
#[derive(Debug, InputObject)]
pub(super) struct CannedReplyInput {
    /// What agents type for it, 1 to 50 small Latin letters, digits and `_`: unique, and never changed.
    key: String,
    /// What people call it.
    name: LabelInput,
    /// The text.
    body: TemplateTextInput,
    /// Id of the team whose it is; all may use it by default.
    team_id: Option<ID>,
}

impl Defines for CannedReplyInput {
    type Definition = organisation::CannedReply;

    fn definition(self) -> Result<organisation::CannedReply, Vec<Problem>> {
        Ok(organisation::CannedReply {
            key: self.key,
            name: self.name.into(),
            body: self.body.into(),
            team_id: reference(Kind::Team, "teamId", self.team_id)?,
        })
    }
}

/// What a macro says.
#[derive(Debug, InputObject)]
pub(super) struct MacroInput {
    /// What agents type for it, 1 to 50 small Latin letters, digits and `_`: unique, and never changed.
    key: String,
    /// What people call it.
    name: LabelInput,
    /// What it does, in this order: 1 to 20 steps.
    steps: Vec<MacroStepInput>,
    /// Id of the team whose it is; all may use it by default.
    team_id: Option<ID>,
}

impl Defines for MacroInput {
    type Definition = organisation::Macro;

    fn definition(self) -> Result<organisation::Macro, Vec<Problem>> {
        let steps = self.steps.into_iter().enumerate();
        let steps = steps.map(|(index, it)| it.step().map_err(|it| vec![within(index, it)]));
        Ok(organisation::Macro {
            key: self.key,
            name: self.name.into(),
            steps: steps.collect::<Result<_, _>>()?,
            team_id: reference(Kind::Team, "teamId", self.team_id)?,
        })
    }
}

fn within(index: usize, problem: Problem) -> Problem {
    let mut field = vec!["steps".to_owned(), index.to_string()];
    field.extend(problem.field);
    Problem { field, ..problem }
}

/// One step of a macro: one of these.
#[derive(Debug, OneofObject)]
pub(super) enum MacroStepInput {
    /// Answer the customer with this.
    Reply(TemplateTextInput),
    /// Tell colleagues this.
    Note(TemplateTextInput),
    /// Give the ticket to whoever runs the macro: `true`.
    Take(bool),
    /// Give the ticket to the team with this id.
    TeamId(ID),
    /// Give it this priority.
    Priority(Urgency),
    /// Put it in the category with this key.
    CategoryKey(String),
    /// Mark it with the tag with this id.
    TagId(ID),
    /// Let it wait for this.
    Hold(Hold),
    /// Declare its work done, with this end.
    Resolve(Resolution),
    /// Declare that nothing more will be done, with this end.
    Close(Resolution),
}

impl MacroStepInput {
    fn step(self) -> Result<organisation::MacroStep, Problem> {
        use organisation::MacroStep as Step;
        let item = |kind, field, id: &ID| -> Result<Uuid, Problem> { required(ids::Kind::Item(kind), field, id) };
        Ok(match self {
            Self::Reply(body) => Step::Reply { body: body.into() },
            Self::Note(body) => Step::Note { body: body.into() },
            Self::Take(true) => Step::Take {},
            Self::Take(false) => return Err(Problem::bad_input("take", "false", "true", "true")),
            Self::TeamId(id) => Step::Team {
                team_id: item(Kind::Team, "teamId", &id)?,
            },
            Self::Priority(priority) => Step::Prioritize {
                priority: priority.into(),
            },
            Self::CategoryKey(category_key) => Step::Categorize { category_key },
            Self::TagId(id) => Step::Tag {
                tag_id: item(Kind::Tag, "tagId", &id)?,
            },
            Self::Hold(reason) => Step::Hold { reason: reason.into() },
            Self::Resolve(reason) => Step::Resolve { reason: reason.into() },
            Self::Close(reason) => Step::Close { reason: reason.into() },
        })
    }
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(in crate::graphql) enum MacroDeed {
    /// Answers the customer.
    Reply,
    /// Tells colleagues.
    Note,
    /// Gives the ticket to whoever runs the macro.
    Take,
    /// Gives the ticket to a team.
    Team,
    /// Gives it another priority.
    Prioritize,
    /// Puts it in a category.
    Categorize,
    /// Marks it.
    Tag,
    /// Lets it wait.
    Hold,
    /// Declares its work done.
    Resolve,
    /// Declares that nothing more will be done.
    Close,
}

/// One step of a macro.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroStep {
    /// What it does.
    deed: MacroDeed,
    /// Of REPLY and NOTE: what is said.
    body: Option<TemplateText>,
    /// Of TEAM: id of the team.
    team_id: Option<ID>,
    /// Of PRIORITIZE: the priority.
    priority: Option<Urgency>,
    /// Of CATEGORIZE: key of the category.
    category_key: Option<String>,
    /// Of TAG: id of the tag.
    tag_id: Option<ID>,
    /// Of HOLD: what it waits for.
    hold_reason: Option<Hold>,
    /// Of RESOLVE and CLOSE: how it ended.
    resolution_reason: Option<Resolution>,
}

impl From<organisation::MacroStep> for MacroStep {
    fn from(step: organisation::MacroStep) -> Self {
        use organisation::MacroStep as Step;
        let plain = |deed| Self {
            deed,
            body: None,
            team_id: None,
            priority: None,
            category_key: None,
            tag_id: None,
            hold_reason: None,
            resolution_reason: None,
        };
        let said = |deed, body: Template| Self {
            body: Some(body.into()),
            ..plain(deed)
        };
        let ended = |deed, reason: domain::values::ResolutionReason| Self {
            resolution_reason: Some(reason.into()),
            ..plain(deed)
        };
        match step {
            Step::Reply { body } => said(MacroDeed::Reply, body),
            Step::Note { body } => said(MacroDeed::Note, body),
            Step::Take {} => plain(MacroDeed::Take),
            Step::Team { team_id } => Self {
                team_id: Some(global(ids::Kind::Item(Kind::Team), team_id)),
                ..plain(MacroDeed::Team)
            },
            Step::Prioritize { priority } => Self {
                priority: Some(priority.into()),
                ..plain(MacroDeed::Prioritize)
            },
            Step::Categorize { category_key } => Self {
                category_key: Some(category_key),
                ..plain(MacroDeed::Categorize)
            },
            Step::Tag { tag_id } => Self {
                tag_id: Some(global(ids::Kind::Item(Kind::Tag), tag_id)),
                ..plain(MacroDeed::Tag)
            },
            Step::Hold { reason } => Self {
                hold_reason: Some(reason.into()),
                ..plain(MacroDeed::Hold)
            },
            Step::Resolve { reason } => ended(MacroDeed::Resolve, reason),
            Step::Close { reason } => ended(MacroDeed::Close, reason),
        }
    }
}
