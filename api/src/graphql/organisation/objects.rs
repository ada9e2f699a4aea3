//! The kinds as frontends see them.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::organisation;
use uuid::Uuid;

use super::{
    auto_reply::AutoReply,
    category::Target,
    classification::ClassificationRule,
    custom_field::{self, CustomFieldOption},
    history::{self, History},
    label::Label,
    region::RegionRule,
    retention::Retention,
    scripts::{MacroStep, TemplateText},
    thing::{Frame, Thing},
    words::{Channel, SkillSort, Sort, Target as FieldTarget},
};
use crate::graphql::{
    ids::{Kind, global},
    words::Status,
};

macro_rules! objects {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident($definition:ident) {
            $($(#[doc = $field_doc:literal])* $(#[graphql($attribute:meta)])? $field:ident: $type:ty = $value:expr,)+
        }
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, SimpleObject)]
            #[graphql(complex)]
            pub(in crate::graphql) struct $name {
                /// Opaque global id.
                pub(in crate::graphql) id: ID,
                /// How many events it has: give it back as `expectedVersion`.
                version: i64,
                $($(#[doc = $field_doc])* $(#[graphql($attribute)])? $field: $type,)+
                /// Whether it is out of use: not to be chosen any more, still readable where it was.
                retired: bool,
                /// When it was created.
                created_at: DateTime<Utc>,
                /// When it last changed.
                updated_at: DateTime<Utc>,
                /// The instant at which it is seen; null when it is seen as it is now.
                as_of: Option<DateTime<Utc>>,
                #[graphql(skip)]
                uuid: Uuid,
            }

            #[ComplexObject]
            impl $name {
                /// Who changed what, oldest first. Give `first` or `last`, 1 to 100.
                #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
                async fn history(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
                    #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
                    #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
                    #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
                ) -> Result<History<Self>> {
                    let until = self.as_of.map(|_| self.version);
                    history::of(ctx, (self.uuid, until), first, after, last, before).await
                }
            }

            impl Thing for $name {
                type Definition = organisation::$name;

                fn of(frame: Frame, $definition: organisation::$name) -> Self {
                    let Frame { id, uuid, version, retired, created_at, updated_at, as_of } = frame;
                    Self { $($field: $value,)+ id, uuid, version, retired, created_at, updated_at, as_of }
                }
            }
        )+
    };
}

fn item(kind: organisation::Kind, id: Option<Uuid>) -> Option<ID> {
    id.map(|it| global(Kind::Item(kind), it))
}

objects! {
    /// A place of the organisation (филиал): where it is, and by which clock it works.
    Branch(it) {
        /// What people call it.
        name: String = it.name,
        /// Regions it stands for, ISO 3166; who is sent to it is said by the region map alone.
        regions: Vec<String> = it.regions,
        /// Its time zone, as the IANA database calls it.
        time_zone: String = it.time_zone,
        /// Whether it takes what no other branch is responsible for, where the region map names none.
        is_default: bool = it.is_default,
    }

    /// People who work on the same things.
    Team(it) {
        /// What people call it.
        name: String = it.name,
        /// What it is for.
        description: Option<String> = it.description,
        /// Id of the branch it belongs to; null when it works across branches.
        branch_id: Option<ID> = item(organisation::Kind::Branch, it.branch_id),
    }

    /// Something that an agent can do and a work item may need.
    Skill(it) {
        /// What sort of skill it is.
        kind: SkillSort = it.kind.into(),
        /// What people call it.
        name: String = it.name,
        /// Tag of the language (BCP 47); null when it is none.
        language: Option<String> = it.language,
    }

    /// A channel as it is set up once: an address, a widget, a bot.
    Inbox(it) {
        /// What people call it.
        name: String = it.name,
        /// By which technology people write to it; never changes.
        channel: Channel = it.channel.into(),
        /// Id of the branch that answers for it; null when that is decided for each request.
        branch_id: Option<ID> = item(organisation::Kind::Branch, it.branch_id),
        /// Host names of the sites that may show its widget, in ASCII; `*.` stands for all names under one.
        allowed_domains: Vec<String> = it.allowed_domains,
        /// What is switched on in it beyond the usual, sorted.
        feature_flags: Vec<String> = it.feature_flags,
        /// Bytes of the largest file it takes; null for as many as the installation says.
        file_max_bytes: Option<i64> = it.file_max_bytes.map(|it| i64::try_from(it).unwrap_or(i64::MAX)),
        /// Types of files it takes, each one or the beginning of some and `*`; empty for the usual ones.
        file_types: Vec<String> = it.file_types,
        /// Whether it takes anything in now.
        active: bool = it.active,
        /// What is said of itself to whoever opens a ticket by it; null when nothing ever was.
        auto_reply: Option<AutoReply> = it.auto_reply.map(AutoReply::from),
        /// How long what came through it is kept; null for ever.
        retention: Option<Retention> = it.retention.map(Retention::from),
    }

    /// What a ticket is about, in the organisation's own terms.
    Category(it) {
        /// The text that tickets carry in `categoryId` and `subcategoryId`; never changes but for its spelling.
        key: String = it.key,
        /// What people call it.
        name: Label = it.name.into(),
        /// What belongs in it.
        description: Option<String> = it.description,
        /// Name of a picture, or a picture character.
        icon: Option<String> = it.icon,
        /// Key of the wider category it lies under.
        parent_key: Option<String> = it.parent_key,
        /// To whom its tickets are given.
        assign_to: Option<Target> = it.assign_to.map(Target::from),
    }

    /// A word that things can be marked with.
    Tag(it) {
        /// The word; never changes but for its spelling.
        name: String = it.name,
        /// `#rrggbb`; null when it has none.
        colour: Option<String> = it.colour,
    }

    /// A field that the organisation adds to tickets, contacts or organizations.
    CustomField(it) {
        /// The word that values are stored under; never changes.
        key: String = it.key,
        /// What people call it.
        label: Label = it.label.into(),
        /// What is to be written in it.
        description: Option<String> = it.description,
        /// What it belongs to; never changes.
        applies_to: FieldTarget = it.applies_to.into(),
        /// What its values are; never changes.
        #[graphql(name = "type")]
        sort: Sort = custom_field::sort(&it.field_type),
        /// Characters of a text at most.
        max_length: Option<u32> = custom_field::max_length(&it.field_type),
        /// The least number.
        min: Option<f64> = custom_field::numbers(&it.field_type).0,
        /// The greatest number.
        max: Option<f64> = custom_field::numbers(&it.field_type).1,
        /// The earliest day.
        min_date: Option<NaiveDate> = custom_field::days(&it.field_type).0,
        /// The latest day.
        max_date: Option<NaiveDate> = custom_field::days(&it.field_type).1,
        /// Options of a SELECT or MULTI_SELECT, in the order in which they are shown; empty for other types.
        options: Vec<CustomFieldOption> = custom_field::options(&it.field_type),
        /// Options that can be chosen at most; null when any number can.
        max_chosen: Option<u32> = custom_field::max_chosen(&it.field_type),
        /// Whether there must be a value.
        required: bool = it.required,
    }

    /// The organisation's own word for one of the six fixed statuses.
    StatusLabel(it) {
        /// The word.
        label: Label = it.label.into(),
        /// The status that it names; never changes.
        category: Status = it.category.into(),
        /// Its place among the labels of its status, the least first.
        order: i32 = it.order,
        /// Whether it is meant when only the status is known.
        is_default: bool = it.is_default,
    }

    /// A text that agents put into their answers.
    CannedReply(it) {
        /// What agents type for it; never changes.
        key: String = it.key,
        /// What people call it.
        name: Label = it.name.into(),
        /// The text, with places such as `{{contact.name}}`.
        body: TemplateText = it.body.into(),
        /// Id of the team whose it is; null when all may use it.
        team_id: Option<ID> = item(organisation::Kind::Team, it.team_id),
    }

    /// Steps that agents take at once.
    Macro(it) {
        /// What agents type for it; never changes.
        key: String = it.key,
        /// What people call it.
        name: Label = it.name.into(),
        /// What it does, in this order.
        steps: Vec<MacroStep> = it.steps.into_iter().map(MacroStep::from).collect(),
        /// Id of the team whose it is; null when all may use it.
        team_id: Option<ID> = item(organisation::Kind::Team, it.team_id),
    }

    /// How new tickets get their category and priority. There is one.
    Classification(it) {
        /// Looked at in this order: of those that name a category, the first that holds counts; of points, all.
        rules: Vec<ClassificationRule> = it.rules.into_iter().map(ClassificationRule::from).collect(),
        /// From how many points on a ticket is of medium priority; below, of low.
        medium_from: i32 = it.thresholds.medium,
        /// From how many points on it is of high priority.
        high_from: i32 = it.thresholds.high,
        /// From how many points on it is urgent.
        urgent_from: i32 = it.thresholds.urgent,
    }

    /// Which branch answers for which region. There is one.
    RegionMap(it) {
        /// By region.
        regions: Vec<RegionRule> = it.regions.into_iter().map(RegionRule::from).collect(),
        /// Id of the branch that answers for all other regions, and where it is not known where somebody is.
        default_branch_id: Option<ID> = item(organisation::Kind::Branch, it.default_branch_id),
    }
}
