use serde::{Deserialize, Serialize};

use super::{
    Definition, Identity, Kind, Rule,
    check::{Check, NAME, normal_key},
};
use crate::values::words;

words!(
    /// What sort of skill it is.
    SkillKind {
        /// Knowledge of a subject.
        Topic = "topic",
        /// Command of a language.
        Language = "language",
    }
);

/// Something that an agent can do and a work item may need.
///
/// No two topics have the same name, and no two skills are the same language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// What sort of skill it is.
    pub kind: SkillKind,
    /// What people call it.
    pub name: String,
    /// Tag of the language (BCP 47) when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Definition for Skill {
    const KIND: Kind = Kind::Skill;

    fn check(&mut self, check: &mut Check) {
        check.line("name", &mut self.name, NAME);
        match (self.kind, &mut self.language) {
            (SkillKind::Language, Some(tag)) => check.language("language", tag),
            (SkillKind::Language, None) => check.flaw("language", "", Rule::Needed),
            (SkillKind::Topic, Some(tag)) => check.flaw("language", tag, Rule::NotHere),
            (SkillKind::Topic, None) => {}
        }
    }

    fn identity(&self) -> Identity {
        let key = self.language.as_ref().unwrap_or(&self.name);
        Identity::Key(format!("{}:{}", self.kind.as_str(), normal_key(key)))
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self) -> Option<&str> {
        self.language.as_deref()
    }

    fn may_follow(&self, former: &Self) -> Result<(), super::ItemRefusal> {
        let fixed = match (self.kind == former.kind, self.kind) {
            (false, _) => "kind",
            (true, SkillKind::Topic) => "name",
            (true, SkillKind::Language) => "language",
        };
        super::definition::same_identity(self, former, fixed)
    }
}
