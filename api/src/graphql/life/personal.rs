//! What a filter says of whoever asks.

use async_graphql::{ID, MaybeUndefined};
use domain::{
    access::{Permission, Reach, Scope},
    actor::ActorKind,
};
use uuid::Uuid;

use crate::{
    auth::Viewer,
    graphql::{
        filter::{ChoiceTest, TicketFilter},
        ids::{Kind, global},
    },
};

/// Stands for whoever asks where the id of a user does.
const ME: &str = "me";

/// The id of the person who asks; the nil id, which is nobody's, when no person does.
pub(in crate::graphql) fn me(viewer: &Viewer) -> Uuid {
    let person = Some(&viewer.actor).filter(|it| it.kind == ActorKind::Agent);
    person.and_then(|it| it.id.parse().ok()).unwrap_or_default()
}

/// Whether somebody has a right as one of the team: not only in what concerns one customer.
pub(in crate::graphql) fn is_staff(viewer: &Viewer, permission: Permission) -> bool {
    match viewer.rights.reach(permission) {
        Some(Reach::Everywhere) => true,
        Some(Reach::Within(scopes)) => scopes.iter().any(|it| !matches!(it, Scope::Contact(_))),
        None => false,
    }
}

impl TicketFilter {
    /// Puts the id of whoever asks where it says `me`.
    pub(in crate::graphql) fn meant_by(&mut self, me: Uuid) {
        for test in [&mut self.assignee, &mut self.follower].into_iter().flatten() {
            replace(test, me);
        }
        self.nested().for_each(|it| it.meant_by(me));
    }

    /// Whether it asks for what conversations say, which the changes of tickets do not tell of.
    pub(in crate::graphql) fn asks_for_answers(&mut self) -> bool {
        self.answer_field().is_some()
    }

    /// A field that asks for what conversations say, and its value as far as it is short.
    pub(in crate::graphql) fn answer_field(&mut self) -> Option<(&'static str, String)> {
        if let Some(value) = self.needs_answer {
            return Some(("needsAnswer", value.to_string()));
        }
        if self.needs_answer_since.is_some() {
            return Some(("needsAnswerSince", "…".to_owned()));
        }
        self.nested().find_map(Self::answer_field)
    }

    fn nested(&mut self) -> impl Iterator<Item = &mut Self> {
        let lists = self.and.iter_mut().chain(&mut self.or).flatten();
        lists.chain(self.not.as_deref_mut())
    }
}

fn replace(test: &mut ChoiceTest<ID>, me: Uuid) {
    let put = |id: &mut ID| {
        if id.as_str() == ME {
            *id = global(Kind::Agent, me);
        }
    };
    if let MaybeUndefined::Value(id) = &mut test.eq {
        put(id);
    }
    if let MaybeUndefined::Value(ids) = &mut test.one_of {
        ids.iter_mut().for_each(put);
    }
}
