//! What a filter names of that which lists leave out.

use crate::graphql::filter::TicketFilter;

/// Which of what is left out a filter names.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct Named {
    pub(in crate::graphql) archived: bool,
    pub(in crate::graphql) merged: bool,
}

impl TicketFilter {
    pub(in crate::graphql) fn named(&self) -> Named {
        let mut named = Named {
            archived: self.archived.is_some(),
            merged: self.merged.is_some() || self.merged_into.is_some(),
        };
        let nested = self.and.iter().chain(&self.or).flatten().chain(self.not.as_deref());
        for it in nested.map(Self::named) {
            named.archived |= it.archived;
            named.merged |= it.merged;
        }
        named
    }
}
