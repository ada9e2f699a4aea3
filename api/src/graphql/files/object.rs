use std::{collections::HashMap, time::Duration};

use async_graphql::{ComplexObject, Context, Enum, Error, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{actor::Actor, ids::AttachmentId};
use projections::attachment::{self, AttachmentRow};
use tokio::time::timeout;
use uuid::Uuid;

use super::attachment_id;
use crate::{
    files::Errand,
    graphql::{
        Parts, caller,
        ids::{Kind, global},
        parts, postgres, problem,
    },
};

/// How long a reader waits for what a message names to show.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(in crate::graphql) enum AttachmentState {
    /// Its bytes have not come yet.
    Announced,
    /// It is there, and no scanner is asked.
    Unscanned,
    /// It is kept apart until a scanner has seen it.
    Pending,
    /// A scanner found nothing in it.
    Clean,
    /// A scanner found something in it: it is given to nobody.
    Infected,
    /// No scanner could look at it: it is given to nobody.
    Failed,
    /// It was taken away, with its message or because none took it up.
    Discarded,
    /// The customer's personal data was erased, and it with them.
    Erased,
}

/// A file.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct Attachment {
    /// Opaque global id.
    id: ID,
    /// Id of the message it belongs to; null before it is attached.
    message_id: Option<ID>,
    /// What it is called; null when it was taken away, or the customer's personal data was erased.
    name: Option<String>,
    /// Its bytes.
    size: i64,
    /// What it is, by its bytes; before they come, what it is said to be.
    content_type: String,
    /// SHA-256 of its bytes, hex; null before they come.
    hash: Option<String>,
    /// How it stands.
    state: AttachmentState,
    /// What a scanner found in it; null when nothing.
    signature: Option<String>,
    /// When its bytes came; null before.
    uploaded_at: Option<DateTime<Utc>>,
    /// Pixels of its small picture, across and down; null when there is none.
    preview_size: Option<PreviewSize>,
    /// By how many links somebody read it; each is on record, and of its small picture the first time of each reader.
    downloads: i32,
    #[graphql(skip)]
    row: AttachmentRow,
    #[graphql(skip)]
    reader: Option<Actor>,
}

/// Pixels of a small picture.
#[derive(Debug, Clone, Copy, SimpleObject)]
#[graphql(name = "AttachmentPreviewSize")]
pub(in crate::graphql) struct PreviewSize {
    /// Across.
    width: i32,
    /// Down.
    height: i32,
}

#[ComplexObject]
impl Attachment {
    /// Where you can read it for some minutes, a path on this server, without further credentials; null when it may not be
    /// read. Whoever reads it by this is on record as you.
    async fn url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.link(ctx, Errand::Read).await?.map(|it| it.0))
    }

    /// The same of its small picture; null when there is none, or none yet.
    async fn preview_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        if self.row.preview_blob.is_none() {
            return Ok(None);
        }
        Ok(self.link(ctx, Errand::Preview).await?.map(|it| it.0))
    }

    /// Until when `url` and `previewUrl` count; null when it may not be read.
    async fn expires_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(self.link(ctx, Errand::Read).await?.map(|it| it.1))
    }
}

impl Attachment {
    /// With links that count for somebody else than the one who asks.
    pub(in crate::graphql) fn for_reader(self, reader: Option<Actor>) -> Self {
        Self { reader, ..self }
    }

    /// As it is under a message that was withdrawn then, even before it is taken away itself.
    pub(in crate::graphql) fn withdrawn(self, at: DateTime<Utc>) -> Self {
        let (mut row, reader) = (self.row, self.reader);
        (row.name, row.discarded_at) = (None, row.discarded_at.or(Some(at)));
        Self {
            reader,
            ..Self::from(row)
        }
    }

    async fn link(&self, ctx: &Context<'_>, errand: Errand) -> Result<Option<(String, DateTime<Utc>)>> {
        if !self.row.may_be_read() {
            return Ok(None);
        }
        let asker = &caller(ctx)?.viewer.actor;
        let actor = self.reader.as_ref().unwrap_or(asker);
        let made = parts(ctx)?
            .files
            .path(errand, AttachmentId(self.row.attachment_id), actor)
            .await;
        made.map(Some).map_err(|it| problem(ctx, it.problem))
    }
}

fn state(row: &AttachmentRow) -> AttachmentState {
    match row.scan.as_str() {
        _ if row.forgotten => AttachmentState::Erased,
        _ if row.discarded_at.is_some() => AttachmentState::Discarded,
        _ if row.stored_at.is_none() => AttachmentState::Announced,
        "pending" => AttachmentState::Pending,
        "clean" => AttachmentState::Clean,
        "infected" => AttachmentState::Infected,
        "failed" => AttachmentState::Failed,
        _ => AttachmentState::Unscanned,
    }
}

impl From<AttachmentRow> for Attachment {
    fn from(row: AttachmentRow) -> Self {
        Self {
            id: attachment_id(AttachmentId(row.attachment_id)),
            message_id: row.message_id.map(|it| global(Kind::Message, it)),
            name: row.name.clone(),
            size: row.size,
            content_type: row.content_type.clone(),
            hash: row.sha256.clone(),
            state: state(&row),
            signature: row.signature.clone(),
            uploaded_at: row.stored_at,
            preview_size: row
                .preview_width
                .zip(row.preview_height)
                .map(|(width, height)| PreviewSize { width, height }),
            downloads: row.downloads,
            row,
            reader: None,
        }
    }
}

/// What is known of a file already, so that the table must show it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum Wait {
    /// A message names it.
    Attached,
    /// A message named it, and was withdrawn.
    Discarded,
}

fn shows(found: &HashMap<Uuid, AttachmentRow>, wanted: &[(Uuid, Wait)]) -> bool {
    wanted.iter().all(|(id, wait)| {
        found.get(id).is_some_and(|row| match wait {
            Wait::Attached => row.message_id.is_some(),
            Wait::Discarded => row.discarded_at.is_some(),
        })
    })
}

/// The files that messages name. The table of messages may be ahead of that of files: then it is waited for, and what
/// does not show in time is left out.
pub(in crate::graphql) async fn attachments(
    ctx: &Context<'_>,
    wanted: &[(Uuid, Wait)],
) -> Result<HashMap<Uuid, Attachment>> {
    let ids: Vec<Uuid> = wanted.iter().map(|it| it.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let Parts { pool, live, .. } = parts(ctx)?;
    let mut watch = live.watch(attachment::NAME);
    let mut found = HashMap::new();
    let reading = async {
        loop {
            let rows = attachment::by_ids(pool, &ids).await.map_err(|it| postgres(ctx, &it))?;
            found = rows.into_iter().map(|it| (it.attachment_id, it)).collect();
            let Some(watch) = watch.as_mut().filter(|_| !shows(&found, wanted)) else {
                return Ok::<(), Error>(());
            };
            if watch.changed().await.is_err() {
                return Ok(());
            }
        }
    };
    if let Ok(read) = timeout(PATIENCE, reading).await {
        read?;
    }
    Ok(found.into_iter().map(|(id, row)| (id, Attachment::from(row))).collect())
}
