use async_graphql::Enum;
use domain::ticket::{Relation, Verdict};

/// What a ticket is to another: "this one ... the other".
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "TicketRelation")]
pub(in crate::graphql) enum Kinship {
    /// Asks for the same as the other.
    DuplicateOf,
    /// Is asked for again by the other.
    DuplicatedBy,
    /// Has the other as a part.
    ParentOf,
    /// Is a part of the other.
    ChildOf,
    /// Must be done before the other.
    Blocks,
    /// Must wait for the other.
    BlockedBy,
    /// Has to do with the other.
    Related,
}

impl Kinship {
    /// The relation as it is kept, and whether the other ticket keeps it.
    pub(super) fn kept(self) -> (Relation, bool) {
        match self {
            Self::DuplicateOf => (Relation::Duplicate, false),
            Self::DuplicatedBy => (Relation::Duplicate, true),
            Self::ParentOf => (Relation::Parent, false),
            Self::ChildOf => (Relation::Parent, true),
            Self::Blocks => (Relation::Blocks, false),
            Self::BlockedBy => (Relation::Blocks, true),
            Self::Related => (Relation::Related, false),
        }
    }

    /// What is seen of a relation from the ticket that keeps it, or from the other.
    pub(super) fn seen(relation: Relation, from_other: bool) -> Self {
        match (relation, from_other) {
            (Relation::Duplicate, false) => Self::DuplicateOf,
            (Relation::Duplicate, true) => Self::DuplicatedBy,
            (Relation::Parent, false) => Self::ParentOf,
            (Relation::Parent, true) => Self::ChildOf,
            (Relation::Blocks, false) => Self::Blocks,
            (Relation::Blocks, true) => Self::BlockedBy,
            (Relation::Related, _) => Self::Related,
        }
    }
}

/// What the customer says of a resolution.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ResolutionVerdict", remote = "Verdict")]
pub(in crate::graphql) enum Judgement {
    /// It helped.
    Confirmed,
    /// It did not.
    Rejected,
}
