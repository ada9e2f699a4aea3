//! Which folded streams are kept, and how many: one cache for each aggregate that takes commands.

use std::num::NonZeroUsize;

use domain::{assignment::Assignment, contact::Contact, organization::Organization, ticket::Ticket};

use crate::{cache::Cache, folded::Stored};

/// About 1 KB each.
const MANY: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();

/// An aggregate whose folded streams are kept.
pub(crate) trait Cached: Stored {
    fn cache(caches: &Caches) -> &Cache<Self>;
}

macro_rules! caches {
    ($($field:ident: $aggregate:ty = $capacity:expr),+ $(,)?) => {
        pub(crate) struct Caches { $($field: Cache<$aggregate>),+ }

        impl Default for Caches {
            fn default() -> Self {
                Self { $($field: Cache::new($capacity)),+ }
            }
        }

        $(
            impl Cached for $aggregate {
                fn cache(caches: &Caches) -> &Cache<Self> {
                    &caches.$field
                }
            }
        )+
    };
}

caches! {
    tickets: Ticket = MANY,
    assignments: Assignment = MANY,
    contacts: Contact = MANY,
    organizations: Organization = MANY,
}
