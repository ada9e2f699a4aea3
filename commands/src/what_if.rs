//! Periods replayed under other rules: what a wish names is looked up in the log before its stream begins.

use domain::{
    classifier::ClassifierRefusal,
    ids::{WhatIfId, singleton},
    organisation::{Category, Classification, ItemRefusal, Kind},
    what_if::{ClassifierChange, Definition, WhatIf, WhatIfCommand, WhatIfRefusal},
};

use crate::{CommandError, Handler, Outcome, Refusal, Request};

impl Handler {
    /// A run as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn what_if(&self, id: WhatIfId) -> Result<Option<WhatIf>, CommandError> {
        let slot = self.slot::<WhatIf>(id.0);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id.0).await?.state.clone())
    }

    pub(crate) async fn what_if_command(
        &self,
        id: WhatIfId,
        command: &WhatIfCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        if let WhatIfCommand::Start { definition, .. } = command
            && self.what_if(id).await?.is_none()
        {
            self.check_names(definition).await?;
        }
        self.plain::<WhatIf>(id.0, command, request).await
    }

    /// Refuses what names things that are not there.
    async fn check_names(&self, definition: &Definition) -> Result<(), CommandError> {
        for (index, rule) in definition.rules.iter().flatten().enumerate() {
            for key in rule.category_key.iter().chain(&rule.when.category_keys) {
                let added = definition.retires(key) == Some(false);
                if !added && self.glance::<Category>(Category::id_of(key)).await?.state.is_none() {
                    return Err(Refusal::from(unknown(index)).into());
                }
            }
        }
        if definition.rules.is_some() && definition.thresholds.is_none() {
            let id = singleton(Kind::Classification.as_str());
            if self.glance::<Classification>(id).await?.state.is_none() {
                return Err(Refusal::from(WhatIfRefusal::ThresholdsNeeded).into());
            }
        }
        if let Some(ClassifierChange::Use { version, .. }) = definition.classifier
            && !self.classifier().await?.versions.contains_key(&version)
        {
            return Err(Refusal::from(ClassifierRefusal::VersionUnknown).into());
        }
        Ok(())
    }
}

fn unknown(index: usize) -> ItemRefusal {
    ItemRefusal::ReferenceUnknown {
        field: "rules",
        index: Some(index),
        kind: Kind::Category,
    }
}
