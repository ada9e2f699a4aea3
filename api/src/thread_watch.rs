//! The way of one reader through what happens in one thread: out of the table, live, and back to the table when it
//! was too slow.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use projections::{
    Turn,
    message::{MessageTold, Wanted},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::live::Live;

struct Reader {
    live: Live,
    thread: Wanted,
    reached: Turn,
    told: Receiver<Arc<MessageTold>>,
    /// Read from the table and not delivered.
    pending: VecDeque<MessageTold>,
    /// Whether the table is to be read first.
    behind: bool,
}

/// What happens in a thread after a turn, each change once; ends with an error.
pub(crate) fn follow(
    live: Live,
    thread: Wanted,
    after: Turn,
) -> BoxStream<'static, Result<Arc<MessageTold>, sqlx::Error>> {
    // In this order: what the table does not show yet is told later.
    let told = live.messages();
    let reader = Reader {
        live,
        thread,
        reached: after,
        told,
        pending: VecDeque::new(),
        behind: true,
    };
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.next().await? {
            Ok(told) => Some((Ok(told), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Arc<MessageTold>, sqlx::Error>> {
        loop {
            if let Some(told) = self.pending.pop_front() {
                if self.passes(&told) {
                    return Some(Ok(Arc::new(told)));
                }
                continue;
            }
            if self.behind {
                match self.live.messages_since(self.thread, self.reached).await {
                    Ok(page) if page.is_empty() => self.behind = false,
                    Ok(page) => self.pending = page.into(),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            }
            match self.told.recv().await {
                Ok(told) if self.concerns(&told) => {
                    if self.passes(&told) {
                        return Some(Ok(told));
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Whether a change happened in what is watched, with what was merged into it.
    fn concerns(&self, told: &MessageTold) -> bool {
        told.message.ticket_id == self.thread.ticket_id || told.shown_in.contains(&self.thread.ticket_id)
    }

    /// Whether a change is new; it counts as seen from now on.
    fn passes(&mut self, told: &MessageTold) -> bool {
        let new = told.turn > self.reached;
        self.reached = self.reached.max(told.turn);
        new
    }
}
