//! What is to be tried: a period, and what is to be otherwise in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::organisation::{Checked, Classification, ClassificationRule, Flaw, Rule, Thresholds, normal_key};

/// Categories that may be changed at most.
const MOST_CATEGORIES: usize = 500;

/// Rules in the place of those that were in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Tickets opened from here on are decided again, UTC.
    pub from: DateTime<Utc>,
    /// What happened from here on is left out, UTC.
    pub until: DateTime<Utc>,
    /// Which points mean which priority; `None` as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// The rules, in their order, from the beginning of the period on; `None` those of the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<ClassificationRule>>,
    /// Categories that are in use, or out of it, throughout; all others as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryChange>,
    /// The learned classifier; `None` as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierChange>,
}

/// A category that is in use, or out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryChange {
    /// Its key; it need not be there.
    pub key: String,
    /// Whether nothing is put in it.
    #[serde(default)]
    pub retired: bool,
}

/// What the learned classifier does throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClassifierChange {
    /// It says nothing.
    Off,
    /// A version says what no rule says.
    Use {
        /// Its number.
        version: u64,
        /// How sure it must be, in thousandths.
        threshold: u32,
    },
}

/// Why nothing can be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinitionFault {
    /// The period ends before it begins, or has no length.
    EmptyPeriod,
    /// The period begins in the future, or ends there.
    NotYet {
        /// `from` or `until`.
        field: &'static str,
    },
    /// Nothing is to be otherwise.
    NothingChanged,
    /// Something that no configuration may say; paths are those of a [`Classification`].
    Flaws(Vec<Flaw>),
}

impl Definition {
    /// One of a period that changes nothing.
    pub fn nothing(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            from,
            until,
            thresholds: None,
            rules: None,
            categories: Vec::new(),
            classifier: None,
        }
    }

    /// The same in its usual spelling.
    ///
    /// # Errors
    /// [`DefinitionFault`]: everything of the first sort that is found.
    pub fn checked(mut self, now: DateTime<Utc>) -> Result<Self, DefinitionFault> {
        if self.until <= self.from {
            return Err(DefinitionFault::EmptyPeriod);
        }
        if let Some((field, _)) = [("from", self.from), ("until", self.until)]
            .iter()
            .find(|it| it.1 > now)
        {
            return Err(DefinitionFault::NotYet { field });
        }
        let nothing = self.thresholds.is_none() && self.rules.is_none() && self.categories.is_empty();
        if nothing && self.classifier.is_none() {
            return Err(DefinitionFault::NothingChanged);
        }
        let whole = Classification {
            rules: self.rules.clone().unwrap_or_default(),
            thresholds: self.thresholds.unwrap_or(LEVEL),
        };
        let checked = Checked::try_new(whole).map_err(DefinitionFault::Flaws)?;
        self.rules = self.rules.map(|_| checked.as_ref().rules.clone());
        let flaws = self.flaws_elsewhere();
        if flaws.is_empty() {
            Ok(self)
        } else {
            Err(DefinitionFault::Flaws(flaws))
        }
    }

    fn flaws_elsewhere(&self) -> Vec<Flaw> {
        let flaw = |path: &[&str], value: String, rule| Flaw {
            path: path.iter().map(|it| (*it).to_owned()).collect(),
            value,
            rule,
        };
        let mut flaws = Vec::new();
        if self.categories.len() > MOST_CATEGORIES {
            let count = self.categories.len().to_string();
            flaws.push(flaw(&["categories"], count, Rule::AtMost(MOST_CATEGORIES)));
        }
        for (index, it) in self.categories.iter().enumerate() {
            let path = ["categories", &index.to_string(), "key"];
            if it.key.trim().is_empty() || it.key.chars().count() > 100 {
                flaws.push(flaw(&path, it.key.chars().take(80).collect(), Rule::Line(100)));
            }
            if self.categories[..index]
                .iter()
                .any(|other| is_same(&other.key, &it.key))
            {
                flaws.push(flaw(&path, it.key.clone(), Rule::Once));
            }
        }
        if let Some(ClassifierChange::Use { threshold, .. }) = self.classifier
            && threshold > 1000
        {
            let given = format!("{}.{:03}", threshold / 1000, threshold % 1000);
            flaws.push(flaw(&["classifier", "threshold"], given, Rule::UpTo(1)));
        }
        flaws
    }

    /// Keys of the categories that its rules name.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().flatten();
        rules.flat_map(|it| it.category_key.iter().chain(&it.when.category_keys).map(String::as_str))
    }

    /// Whether it says of the category that it is out of use; `None` when it says nothing of it.
    pub fn retires(&self, key: &str) -> Option<bool> {
        let change = self.categories.iter().find(|it| is_same(&it.key, key));
        change.map(|it| it.retired)
    }

    /// The rules that count where these are in force: `None` when none do.
    pub fn rules_in_place_of<'a>(
        &self,
        in_force: Option<(u64, &'a Classification)>,
        newest: Option<&'a Classification>,
    ) -> Option<(u64, Classification)> {
        let thresholds = self
            .thresholds
            .or(in_force.or(newest.map(|it| (0, it))).map(|it| it.1.thresholds));
        let version = in_force.map_or(0, |it| it.0);
        match (&self.rules, in_force) {
            (Some(rules), _) => {
                let (rules, thresholds) = (rules.clone(), thresholds?);
                Some((version, Classification { rules, thresholds }))
            }
            (None, Some((version, it))) => {
                let (rules, thresholds) = (it.rules.clone(), thresholds.unwrap_or(it.thresholds));
                Some((version, Classification { rules, thresholds }))
            }
            (None, None) => None,
        }
    }
}

/// Says nothing; for the check of rules alone.
const LEVEL: Thresholds = Thresholds {
    medium: 0,
    high: 0,
    urgent: 0,
};

fn is_same(one: &str, other: &str) -> bool {
    normal_key(one) == normal_key(other)
}
