//! What the guide shows beside what came: `$name` is kept where it first shows, and is the same ever after; `…` is
//! anything.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::blocks::Answer;

const ANYTHING: &str = "…";

/// Values that showed under a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(BTreeMap<String, Value>);

impl Known {
    /// Compares an answer of the guide with the response that came.
    pub(super) fn compare(&mut self, shown: &Value, came: &Value) -> Result<()> {
        let (Value::Object(shown), Value::Object(came)) = (shown, came) else {
            bail!("the guide shows {shown}, and {came} came");
        };
        // What an operation cost stands in every response, and only where it is spoken of in the guide.
        let mut came = came.clone();
        if !shown.contains_key("extensions") {
            came.remove("extensions");
        }
        self.fields("", shown, &came)
            .with_context(|| format!("what came: {}", Value::Object(came.clone())))
    }

    /// Finds an answer in what a program printed: a JSON object in a line of its own, or the whole text.
    pub(super) fn find(&mut self, answer: &Answer, printed: &str) -> Result<()> {
        if !answer.is_json {
            return self.same("", &answer.text.trim().into(), &printed.trim().into());
        }
        let shown = answer.json()?;
        for line in printed.lines() {
            let mut tried = self.clone();
            if tried.compare(&shown, &serde_json::from_str(line)?).is_ok() {
                *self = tried;
                return Ok(());
            }
        }
        bail!("the guide shows {shown}, and the program printed\n{printed}")
    }

    /// Puts what is known in the place of its names.
    pub(super) fn put_into(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) if text.starts_with('$') => self.known(text)?.clone(),
            Value::Array(all) => all.iter().map(|it| self.put_into(it)).collect::<Result<_>>()?,
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, it)| Ok((name.clone(), self.put_into(it)?)));
                Value::Object(fields.collect::<Result<Map<_, _>>>()?)
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        })
    }

    /// The same in the words of a header.
    pub(super) fn in_header(&self, value: &str) -> Result<String> {
        let word = |it: &str| {
            if it.starts_with('$') {
                Ok(self.known(it)?.as_str().context("a header that is no text")?.to_owned())
            } else {
                Ok(it.to_owned())
            }
        };
        Ok(value.split(' ').map(word).collect::<Result<Vec<_>>>()?.join(" "))
    }

    fn known(&self, name: &str) -> Result<&Value> {
        self.0.get(name).with_context(|| format!("nothing before gave {name}"))
    }

    fn same(&mut self, path: &str, shown: &Value, came: &Value) -> Result<()> {
        match (shown, came) {
            (Value::String(shown), _) if shown == ANYTHING => Ok(()),
            (Value::String(name), came) if name.starts_with('$') => {
                ensure!(
                    came.as_str().is_some_and(|it| !it.is_empty()),
                    "{path}: {came} for {name}"
                );
                let known = self.0.entry(name.clone()).or_insert_with(|| came.clone());
                ensure!(known == came, "{path}: {name} was {known} and is {came}");
                Ok(())
            }
            (Value::Object(shown), Value::Object(came)) => self.fields(path, shown, came),
            (Value::Array(shown), Value::Array(came)) => {
                ensure!(shown.len() == came.len(), "{path}: {} for {}", came.len(), shown.len());
                let mut pairs = shown.iter().zip(came).enumerate();
                pairs.try_for_each(|(at, (shown, came))| self.same(&format!("{path}[{at}]"), shown, came))
            }
            (shown, came) => {
                ensure!(shown == came, "{path}: the guide shows {shown}, and {came} came");
                Ok(())
            }
        }
    }

    fn fields(&mut self, path: &str, shown: &Map<String, Value>, came: &Map<String, Value>) -> Result<()> {
        let names = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>();
        ensure!(
            shown.len() == came.len() && shown.keys().all(|it| came.contains_key(it)),
            "{path}: the guide shows {:?}, and {:?} came",
            names(shown),
            names(came)
        );
        let mut fields = shown.iter().zip(shown.keys().map(|it| &came[it]));
        fields.try_for_each(|((name, shown), came)| self.same(&format!("{path}.{name}"), shown, came))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Known;

    #[test]
    fn answer_that_differs_is_not_taken_for_the_one_shown() {
        let mut known = Known::default();
        known
            .compare(&json!({"data": {"id": "$a"}}), &json!({"data": {"id": "1"}}))
            .unwrap();
        for came in [
            json!({"data": {"id": "2"}}),
            json!({"data": {"id": "1", "more": 1}}),
            json!({"data": {}}),
            json!({"data": {"id": null}}),
            json!({"data": {"id": "1"}, "errors": []}),
        ] {
            assert!(known.compare(&json!({"data": {"id": "$a"}}), &came).is_err(), "{came}");
        }
        assert!(known.put_into(&json!(["$b"])).is_err());
        assert_eq!(
            known.put_into(&json!({"x": ["$a", 1]})).unwrap(),
            json!({"x": ["1", 1]})
        );
    }
}
