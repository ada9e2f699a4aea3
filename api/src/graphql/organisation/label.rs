use async_graphql::{ComplexObject, Context, InputObject, SimpleObject};
use domain::organisation;

use crate::{graphql::Caller, problem::Language};

/// A name in Russian, in English, or in both.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(super) struct Label {
    /// По-русски; null when it has none.
    ru: Option<String>,
    /// In English; null when it has none.
    en: Option<String>,
}

#[ComplexObject]
impl Label {
    /// In the language of `Accept-Language`, or in the other one when it has none in that.
    async fn text(&self, ctx: &Context<'_>) -> String {
        let language = ctx.data::<Caller>().map(|it| it.language).unwrap_or_default();
        let label = organisation::Label {
            ru: self.ru.clone(),
            en: self.en.clone(),
        };
        label.text(language == Language::Russian).to_owned()
    }
}

impl From<organisation::Label> for Label {
    fn from(organisation::Label { ru, en }: organisation::Label) -> Self {
        Self { ru, en }
    }
}

/// A name in at least one language.
#[derive(Debug, Clone, InputObject)]
pub(super) struct LabelInput {
    /// По-русски, 1 to 100 characters in one line.
    ru: Option<String>,
    /// In English, 1 to 100 characters in one line.
    en: Option<String>,
}

impl From<LabelInput> for organisation::Label {
    fn from(LabelInput { ru, en }: LabelInput) -> Self {
        Self { ru, en }
    }
}
