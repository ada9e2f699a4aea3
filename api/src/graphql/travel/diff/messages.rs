//! Which messages under a ticket came, changed or went between two moments.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, Result, SimpleObject};
use projections::{
    TicketRow,
    message::{MessageRow, Thread},
};
use uuid::Uuid;

use super::super::past::Past;
use crate::graphql::{
    conversation::{Message, in_past, wanted},
    sight::sight,
};

/// Messages that are told of at most, the newest.
const MOST: usize = 200;

/// What happened to a message.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "TicketMessageDiffKind")]
pub(in crate::graphql) enum Kind {
    /// It came, or is shown since tickets were merged or split.
    Added,
    /// Its author gave it another text.
    Edited,
    /// Its text was withdrawn.
    Redacted,
    /// It is shown no longer, since tickets were unmerged.
    Gone,
}

/// A message that differs between two moments.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct TicketMessageDiff {
    /// What happened to it.
    kind: Kind,
    /// The message as it was at the second moment; at the first, when it is gone.
    message: Message,
    /// Its text at the first moment; null when there was none, or it was withdrawn or erased since.
    before: Option<String>,
    /// Its text at the second moment; null when there was none, or it was withdrawn or erased since.
    after: Option<String>,
}

/// What differs of the messages, as far as the caller may read them under the ticket as it is `now`; the newest 200.
pub(super) async fn said_between(
    ctx: &Context<'_>,
    former: &Arc<Past>,
    later: &Arc<Past>,
    now: &TicketRow,
) -> Result<Vec<TicketMessageDiff>> {
    let wanted = wanted(ctx, &sight(ctx)?, now.ticket_id, &now.place())?;
    let (before, after) = (former.thread(ctx, wanted).await?, later.thread(ctx, wanted).await?);
    let mut found = differing((&before, former), (&after, later));
    found.sort_by_key(|it| it.1.position);
    found.drain(..found.len().saturating_sub(MOST));
    let text = |it: Option<&MessageRow>| it.and_then(|it| it.body.clone());
    let (old, new) = (by_id(&before), by_id(&after));
    let told = found.into_iter().map(|(kind, row)| {
        let past = if kind == Kind::Gone { former } else { later };
        TicketMessageDiff {
            kind,
            before: text(old.get(&row.message_id).copied()),
            after: text(new.get(&row.message_id).copied()),
            message: in_past(row.clone(), Arc::clone(past)),
        }
    });
    Ok(told.collect())
}

fn by_id(thread: &Thread) -> HashMap<Uuid, &MessageRow> {
    thread.messages.iter().map(|it| (it.message_id, it)).collect()
}

/// A text that was withdrawn after the later moment is not there at either, but was not withdrawn between them.
fn differing<'a>(
    (before, former): (&'a Thread, &Past),
    (after, later): (&'a Thread, &Past),
) -> Vec<(Kind, &'a MessageRow)> {
    let (old, new) = (by_id(before), by_id(after));
    let between = |at| at > former.instant() && at <= later.instant();
    let kind = |it: &MessageRow| {
        let Some(known) = old.get(&it.message_id) else {
            return Some(Kind::Added);
        };
        if it.redacted_at.is_some_and(between) {
            return Some(Kind::Redacted);
        }
        (known.edited_at != it.edited_at).then_some(Kind::Edited)
    };
    let changed = after.messages.iter().filter_map(|it| Some((kind(it)?, it)));
    let gone = before.messages.iter().filter(|it| !new.contains_key(&it.message_id));
    changed.chain(gone.map(|it| (Kind::Gone, it))).collect()
}
