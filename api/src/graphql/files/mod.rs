//! Files as frontends see them: announced here, brought and read by links, named by messages.

mod mutation;
mod object;

use async_graphql::ID;
use domain::ids::AttachmentId;
pub(in crate::graphql) use mutation::FilesMutation;
pub(in crate::graphql) use object::{Attachment, Wait, attachments};

use super::ids::{Kind, global};

/// The global id of a file.
pub(crate) fn attachment_id(id: AttachmentId) -> ID {
    global(Kind::Attachment, id.0)
}
