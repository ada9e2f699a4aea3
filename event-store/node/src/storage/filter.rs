//! Which events of `$all` a client wants to see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fancy_regex::{Regex, RegexBuilder};

/// Longer expressions are written by programs, and not for a good purpose.
pub(crate) const MAX_PATTERN: usize = 4096;
/// A name is short: an honest expression needs a few hundred steps.
const BACKTRACKS: usize = 10_000;
const COMPILED_BYTES: usize = 256 << 10;
/// More are looked through with a watch in hand.
const FEW_PREFIXES: usize = 64;
/// Types are few; stream names are not worth remembering.
const VERDICTS_REMEMBERED: usize = 4096;

#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) field: Field,
    pub(crate) rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    StreamName,
    EventType,
}

#[derive(Debug)]
pub(crate) enum Rule {
    /// Any of them.
    Prefixes(Vec<String>),
    /// The client's "exclude system events".
    NoSystemNames,
    Pattern(Box<Pattern>),
}

/// A regular expression, found anywhere in the name.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    verdicts: Mutex<HashMap<Arc<str>, bool>>,
}

/// The expression needs too many steps for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GaveUp {
    pub(crate) name: Arc<str>,
}

impl Filter {
    pub(crate) fn wants(&self, stream: &Arc<str>, kind: &Arc<str>) -> Result<bool, GaveUp> {
        let name = match self.field {
            Field::StreamName => stream,
            Field::EventType => kind,
        };
        match &self.rule {
            Rule::Prefixes(prefixes) => Ok(prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))),
            Rule::NoSystemNames => Ok(!name.is_empty() && !name.starts_with('$')),
            Rule::Pattern(pattern) => match self.field {
                Field::StreamName => pattern.matches(name),
                Field::EventType => pattern.remembers(name),
            },
        }
    }

    /// Work that must not last.
    pub(crate) fn is_slow(&self) -> bool {
        match &self.rule {
            Rule::Prefixes(prefixes) => prefixes.len() > FEW_PREFIXES,
            Rule::NoSystemNames => false,
            Rule::Pattern(_) => true,
        }
    }
}

impl Pattern {
    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn try_new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("it has {} bytes, the limit is {MAX_PATTERN}", pattern.len()));
        }
        let regex = RegexBuilder::new(pattern)
            .backtrack_limit(BACKTRACKS)
            .delegate_size_limit(COMPILED_BYTES)
            .delegate_dfa_size_limit(COMPILED_BYTES)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            regex,
            verdicts: Mutex::default(),
        })
    }

    fn matches(&self, name: &Arc<str>) -> Result<bool, GaveUp> {
        self.regex
            .is_match(&**name)
            .map_err(|_limit| GaveUp { name: Arc::clone(name) })
    }

    fn remembers(&self, name: &Arc<str>) -> Result<bool, GaveUp> {
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verdict) = verdicts.get(name) {
            return Ok(*verdict);
        }
        let verdict = self.matches(name)?;
        if verdicts.len() < VERDICTS_REMEMBERED {
            verdicts.insert(Arc::clone(name), verdict);
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Filter, GaveUp, MAX_PATTERN, Pattern, Rule};

    fn wants(field: Field, pattern: &str, name: &str) -> Result<bool, GaveUp> {
        let rule = Rule::Pattern(Box::new(Pattern::try_new(pattern).unwrap()));
        let filter = Filter { field, rule };
        let first = filter.wants(&name.into(), &name.into());
        assert_eq!(filter.wants(&name.into(), &name.into()), first);
        first
    }

    #[test]
    fn expressions_are_found_anywhere_and_may_look_ahead() {
        for field in [Field::StreamName, Field::EventType] {
            for (pattern, name, expected) in [
                ("opened", "ticket.opened", true),
                ("^opened", "ticket.opened", false),
                (r"^(?!(\$.+|PersistentConfig\d+)$)", "ticket.opened", true),
                (r"^(?!(\$.+|PersistentConfig\d+)$)", "$metadata", false),
                (r"^(?!(\$.+|PersistentConfig\d+)$)", "PersistentConfig1", false),
                ("(?i)ЗАЯВКА", "заявка-1", true),
                (r"^\w+\.\w+$", "ticket.opened", true),
            ] {
                assert_eq!(wants(field, pattern, name), Ok(expected), "{pattern} {name}");
            }
        }
    }

    #[test]
    fn expression_that_explodes_gives_up() {
        let name = "a".repeat(64);
        let verdict = wants(Field::StreamName, r"^(?=(a+)+$)(a|aa)+\1b$", &name);
        assert!(matches!(verdict, Err(GaveUp { .. })), "{verdict:?}");
    }

    #[test]
    fn unusable_expressions_are_refused() {
        assert!(Pattern::try_new("(").is_err());
        assert!(
            Pattern::try_new(&"a".repeat(MAX_PATTERN + 1))
                .unwrap_err()
                .contains("4097 bytes")
        );
        assert!(Pattern::try_new(r"(\w{1000}){1000}").is_err());
        for open in ["(", "(?=", "(?!", "(a|"] {
            let times = MAX_PATTERN / (open.len() + 1);
            // Taken or not, it must not use up the stack.
            Pattern::try_new(&format!("{}{}", open.repeat(times), ")".repeat(times))).ok();
        }
    }
}
