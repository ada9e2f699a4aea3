use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Category, Definition, Identity, ItemRefusal, Kind, Label, Reference, Rule, check::Check};
use crate::{
    text::{Term, terms},
    values::{Priority, TicketType},
};

/// Rules at most.
const MOST_RULES: usize = 500;
/// Words of a rule at most.
const MOST_WORDS: usize = 100;
/// Points that a rule gives at most, and takes.
const MOST_POINTS: i32 = 100;

/// When a rule holds: each test that is given must.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// One of these words or phrases stands in what the customer wrote, in any form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// It is a request of one of these sorts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TicketType>,
    /// It came through one of these inboxes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inbox_ids: Vec<Uuid>,
    /// It is in one of these categories, by key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category_keys: Vec<String>,
    /// The customer belongs to one of these organizations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organization_ids: Vec<Uuid>,
    /// The customer's profile names one of these languages (BCP 47, the first part of the tag).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
}

/// What follows when its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassificationRule {
    /// What people call it; stands in reasons.
    pub name: Label,
    /// When it holds.
    pub when: Conditions,
    /// The category of tickets that have none yet, by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_key: Option<String>,
    /// By how much it makes the ticket more urgent, or less.
    #[serde(default)]
    pub points: i32,
}

/// From how many points on a ticket has which priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Below it is low.
    pub medium: i32,
    /// From here on it is high.
    pub high: i32,
    /// From here on it is urgent.
    pub urgent: i32,
}

/// How new tickets get their category and priority. There is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// Looked at in this order: of those that name a category, the first that holds counts; of points, all.
    pub rules: Vec<ClassificationRule>,
    /// Which points mean which priority.
    pub thresholds: Thresholds,
}

/// What is known of a ticket that is to be classified.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// What the customer wrote: the subject and the first message.
    pub texts: Vec<&'a str>,
    /// What sort of request it is.
    pub ticket_type: Option<TicketType>,
    /// The inbox it came through.
    pub inbox_id: Option<Uuid>,
    /// The category it has already, by key.
    pub category_key: Option<&'a str>,
    /// Whether that stands, also when it is none: no rule names another.
    pub is_settled: bool,
    /// Keys of categories that no rule may name: those out of use.
    pub closed: &'a [String],
    /// The organization of the customer.
    pub organization_id: Option<Uuid>,
    /// The language in the customer's profile, as BCP 47 writes it.
    pub language: Option<&'a str>,
}

/// What the rules say of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The category, by key; `None` when no rule names one, or when it has one already.
    pub category_key: Option<String>,
    /// The rule that names it.
    pub category_rule: Option<Label>,
    /// How urgent it is; `None` when no rule gives points.
    pub priority: Option<Priority>,
    /// The sum of the points.
    pub points: i32,
    /// Names of the rules that gave points, and how many.
    pub reasons: Vec<(Label, i32)>,
}

impl Classification {
    /// What the rules say of a ticket.
    pub fn classify(&self, facts: &Facts<'_>) -> Classified {
        let said: Vec<Term> = facts.texts.iter().flat_map(|it| terms(it)).collect();
        let said: HashSet<&str> = said.iter().map(|it| it.family.as_str()).collect();
        let mut category: Option<String> = facts.category_key.map(str::to_owned);
        let mut category_rule = None;
        let may_name = |key: &String| !facts.is_settled && !facts.closed.contains(key);
        let mut reasons = Vec::new();
        for rule in &self.rules {
            if rule.when.hold(facts, category.as_deref(), &said) {
                if category.is_none()
                    && let Some(key) = rule.category_key.as_ref().filter(|it| may_name(it))
                {
                    category = Some(key.clone());
                    category_rule = Some(rule.name.clone());
                }
                if rule.points != 0 {
                    reasons.push((rule.name.clone(), rule.points));
                }
            }
        }
        let points = reasons.iter().map(|it| it.1).sum();
        Classified {
            category_key: category.filter(|_| facts.category_key.is_none()),
            category_rule,
            priority: (!reasons.is_empty()).then(|| self.thresholds.priority(points)),
            points,
            reasons,
        }
    }
}

impl Thresholds {
    fn priority(self, points: i32) -> Priority {
        match points {
            it if it >= self.urgent => Priority::Urgent,
            it if it >= self.high => Priority::High,
            it if it >= self.medium => Priority::Medium,
            _ => Priority::Low,
        }
    }
}

impl Conditions {
    fn hold(&self, facts: &Facts<'_>, category: Option<&str>, said: &HashSet<&str>) -> bool {
        let phrase = |it: &String| terms(it).all(|it| said.contains(it.family.as_str()));
        let words = self.words.is_empty() || self.words.iter().any(phrase);
        words
            && among(&self.types, facts.ticket_type.as_ref())
            && among(&self.inbox_ids, facts.inbox_id.as_ref())
            && among(&self.organization_ids, facts.organization_id.as_ref())
            && (self.languages.is_empty() || facts.language.is_some_and(|it| self.speaks(it)))
            && (self.category_keys.is_empty()
                || category.is_some_and(|it| self.category_keys.iter().any(|key| key == it)))
    }

    fn speaks(&self, tag: &str) -> bool {
        let language = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        self.languages.iter().any(|it| language(it) == language(tag))
    }

    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a test holds: none was given, or this is one of those.
fn among<T: PartialEq>(wanted: &[T], it: Option<&T>) -> bool {
    wanted.is_empty() || it.is_some_and(|it| wanted.contains(it))
}

impl Definition for Classification {
    const KIND: Kind = Kind::Classification;

    fn check(&mut self, check: &mut Check) {
        if self.rules.len() > MOST_RULES {
            check.flaw("rules", &self.rules.len().to_string(), Rule::AtMost(MOST_RULES));
            return;
        }
        check.within("rules", |check| {
            for (index, rule) in self.rules.iter_mut().enumerate() {
                check.within(&index.to_string(), |check| rule.check(check));
            }
        });
        let Thresholds { medium, high, urgent } = self.thresholds;
        if high < medium {
            check.flaw("highFrom", &high.to_string(), Rule::NotBelowLeast);
        }
        if urgent < high {
            check.flaw("urgentFrom", &urgent.to_string(), Rule::NotBelowLeast);
        }
    }

    fn identity(&self) -> Identity {
        Identity::Only
    }

    fn name(&self) -> String {
        "classification".to_owned()
    }

    fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let mut refer = |kind, id| {
                references.push(Reference {
                    field: "rules",
                    index: Some(index),
                    kind,
                    id,
                });
            };
            rule.when.inbox_ids.iter().for_each(|it| refer(Kind::Inbox, *it));
            for key in rule.category_key.iter().chain(&rule.when.category_keys) {
                refer(Kind::Category, Category::id_of(key));
            }
        }
        references
    }

    fn may_follow(&self, _former: &Self) -> Result<(), ItemRefusal> {
        Ok(())
    }
}

impl ClassificationRule {
    fn check(&mut self, check: &mut Check) {
        self.name.check(check, "name");
        let when = &mut self.when;
        check.each("words", &mut when.words, MOST_WORDS, Check::phrase, String::as_str);
        check.each(
            "categoryKeys",
            &mut when.category_keys,
            MOST_WORDS,
            Check::key_line,
            String::as_str,
        );
        check.each(
            "languages",
            &mut when.languages,
            MOST_WORDS,
            Check::language,
            String::as_str,
        );
        if when.are_none() {
            check.flaw("words", "", Rule::AtLeastOne);
        }
        check.optional_line("categoryKey", &mut self.category_key, 100);
        if self.points.unsigned_abs() > MOST_POINTS.unsigned_abs() {
            check.flaw("points", &self.points.to_string(), Rule::Within(MOST_POINTS));
        }
        if self.category_key.is_none() && self.points == 0 {
            check.flaw("categoryKey", "", Rule::Needed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Classification, ClassificationRule, Conditions, Definition, Facts, Thresholds};
    use crate::{
        organisation::Label,
        values::{Priority, TicketType},
    };

    fn rule(name: &str, when: Conditions, category: Option<&str>, points: i32) -> ClassificationRule {
        ClassificationRule {
            name: Label {
                ru: Some(name.to_owned()),
                en: None,
            },
            when,
            category_key: category.map(str::to_owned),
            points,
        }
    }

    fn words(words: &[&str]) -> Conditions {
        Conditions {
            words: words.iter().map(|it| (*it).to_owned()).collect(),
            ..Conditions::default()
        }
    }

    fn rules() -> Classification {
        let payment = Conditions {
            category_keys: vec!["payment".to_owned()],
            ..Conditions::default()
        };
        let incident = Conditions {
            types: vec![TicketType::Incident],
            ..Conditions::default()
        };
        Classification {
            rules: vec![
                rule("деньги", words(&["двойное списание", "возврат"]), Some("payment"), 0),
                rule("пароль", words(&["пароль"]), Some("access"), 0),
                rule("оплата важна", payment, None, 20),
                rule("авария", incident, None, 15),
                rule("суд", words(&["суд", "адвокат"]), None, 30),
            ],
            thresholds: Thresholds {
                medium: 10,
                high: 20,
                urgent: 50,
            },
        }
    }

    #[test]
    fn words_count_in_any_form_and_phrases_whole() {
        let said = |text| {
            let facts = Facts {
                texts: vec![text],
                ..Facts::default()
            };
            rules().classify(&facts)
        };
        assert_eq!(said("Верните деньги").category_key.as_deref(), Some("payment"));
        assert_eq!(
            said("Дважды списали: двойные списания").category_key.as_deref(),
            Some("payment")
        );
        assert_eq!(said("Одно списание").category_key, None);
        assert_eq!(
            said("Забыл пароль, верните доступ").category_key.as_deref(),
            Some("payment")
        );
        assert_eq!(said("Привет").priority, None);
    }

    #[test]
    fn points_of_all_rules_make_the_priority_and_say_why() {
        let facts = Facts {
            texts: vec!["Верните деньги, или подам в суд"],
            ticket_type: Some(TicketType::Incident),
            ..Facts::default()
        };
        let found = rules().classify(&facts);
        assert_eq!((found.priority, found.points), (Some(Priority::Urgent), 65));
        let names: Vec<&str> = found.reasons.iter().map(|it| it.0.text(true)).collect();
        assert_eq!(names, ["оплата важна", "авария", "суд"]);
        let chosen = Facts {
            category_key: Some("other"),
            ..facts
        };
        let found = rules().classify(&chosen);
        assert_eq!((found.category_key, found.priority), (None, Some(Priority::High)));
    }

    #[test]
    fn points_are_of_the_category_that_the_ticket_keeps() {
        let said = |is_settled, category_key, closed: &[String]| {
            let facts = Facts {
                texts: vec!["Верните деньги"],
                category_key,
                is_settled,
                closed,
                ..Facts::default()
            };
            let found = rules().classify(&facts);
            (found.category_key, found.points)
        };
        assert_eq!(said(false, None, &[]), (Some("payment".to_owned()), 20));
        assert_eq!(
            said(true, None, &[]),
            (None, 0),
            "an agent took it out of every category"
        );
        assert_eq!(said(true, Some("payment"), &[]), (None, 20));
        let closed = ["payment".to_owned()];
        assert_eq!(
            said(false, None, &closed),
            (None, 0),
            "nothing is put where nothing is any more"
        );
    }

    #[test]
    fn points_beyond_all_bounds_are_refused() {
        for points in [101, -101, i32::MAX, i32::MIN] {
            let mut definition = rules();
            definition.rules.push(rule("много", words(&["много"]), None, points));
            let mut check = Check::default();
            definition.check(&mut check);
            assert_eq!(check.flaws().len(), 1, "{points}");
        }
    }
}
