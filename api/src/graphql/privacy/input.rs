use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};

use super::object::ErasureGround;

macro_rules! inputs {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(in crate::graphql) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                pub(super) idempotency_key: Option<String>,
                /// The person: id of a contact, a user, or a ticket whose customer is not known; or a uuid.
                pub(super) person_id: ID,
                /// The version that you saw; when it is another now, nothing is changed.
                pub(super) expected_version: Option<i64>,
                /// Comes back in the payload as it is.
                pub(super) client_mutation_id: Option<String>,
                $($(#[doc = $field_doc])* pub(super) $field: $type),*
            }
        )+
    };
}

inputs! {
    /// Ask for a person's data to be erased.
    RequestErasureInput {
        /// By what right.
        ground: ErasureGround,
        /// More about it, up to 2000 characters; erased with the data.
        note: Option<String>,
        /// When; by default after the waiting time of the settings (`privacy.waiting_days`). Not in the past.
        execute_at: Option<DateTime<Utc>>
    }
    /// Take a request for erasure back.
    CancelErasureInput {
        /// Why, 1 to 2000 characters.
        reason: String
    }
    /// Forbid that a person's data is erased.
    PlaceLegalHoldInput {
        /// Why, 1 to 2000 characters: file number and authority.
        reason: String,
        /// When it ends by itself; by default somebody must lift it.
        until: Option<DateTime<Utc>>
    }
    /// Lift a legal hold.
    LiftLegalHoldInput {
        /// Which.
        hold_id: ID,
        /// Why, 1 to 2000 characters.
        reason: String
    }
}
