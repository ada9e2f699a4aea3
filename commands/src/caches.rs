//! Which folded streams are kept, and how many: one cache for each aggregate that takes commands.

use std::num::NonZeroUsize;

use domain::{
    access::Access,
    api_key::ApiKey,
    assignment::Assignment,
    attachment::Attachment,
    bulk::Bulk,
    classifier::Classifier,
    contact::Contact,
    conversation::Conversation,
    data_subject::Forgetting,
    denial::Denial,
    macro_run::MacroRun,
    organisation::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, Item, Macro, RegionMap, Skill, StatusLabel,
        Tag, Team,
    },
    organization::Organization,
    reading::Reading,
    session::Session,
    sign_in::SignIn,
    ticket::Ticket,
    user::User,
    view::View,
    visitor_secret::VisitorSecret,
    what_if::WhatIf,
};

use crate::{cache::Cache, folded::Stored};

/// About 1 KB each.
const MANY: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();
/// Up to several MB each.
const LARGE: NonZeroUsize = NonZeroUsize::new(16).unwrap();
const SOME: NonZeroUsize = NonZeroUsize::new(5_000).unwrap();

/// Configuration: there is little of it, and it seldom changes.
const FEW: NonZeroUsize = NonZeroUsize::new(2_000).unwrap();

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
    branches: Item<Branch> = FEW,
    teams: Item<Team> = FEW,
    skills: Item<Skill> = FEW,
    inboxes: Item<Inbox> = FEW,
    categories: Item<Category> = FEW,
    tags: Item<Tag> = FEW,
    custom_fields: Item<CustomField> = FEW,
    status_labels: Item<StatusLabel> = FEW,
    region_maps: Item<RegionMap> = FEW,
    canned_replies: Item<CannedReply> = FEW,
    macros: Item<Macro> = FEW,
    classifications: Item<Classification> = FEW,
    access: Access = NonZeroUsize::MIN,
    users: User = SOME,
    sessions: Session = SOME,
    denials: Denial = SOME,
    forgettings: Forgetting = SOME,
    readings: Reading = SOME,
    sign_ins: SignIn = SOME,
    api_keys: ApiKey = SOME,
    contacts: Contact = MANY,
    organizations: Organization = MANY,
    visitor_secrets: VisitorSecret = FEW,
    conversations: Conversation = SOME,
    attachments: Attachment = SOME,
    macro_runs: MacroRun = FEW,
    views: View = SOME,
    bulks: Bulk = LARGE,
    classifier: Classifier = NonZeroUsize::MIN,
    what_ifs: WhatIf = LARGE,
}
