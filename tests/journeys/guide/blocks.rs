//! What a guide asks for, and what it says comes back.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// Something that is asked for.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// An operation, with the headers that its first comments name.
    Document {
        headers: Vec<(String, String)>,
        text: String,
        /// Whether it is asked until what comes back is what the guide shows.
        until: bool,
    },
    /// Bytes brought by `PUT`: the path, the headers, the body.
    Put {
        path: String,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// A run of the program, by its arguments.
    Program(Vec<String>),
}

/// Something that comes back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// Whether it is JSON, or a text that stands alone.
    pub(super) is_json: bool,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Result<Value> {
        ensure!(self.is_json, "an operation answers JSON");
        serde_json::from_str(&self.text).with_context(|| format!("an answer that is not JSON: {}", self.text))
    }
}

/// One thing that a reader of the guide does.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) ask: Ask,
    pub(super) variables: Value,
    pub(super) answers: Vec<Answer>,
    has_variables: bool,
}

/// The steps of a guide, in order. JSON behind an answer are other variables of the same document.
pub(super) fn steps(guide: &str) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for (line, fence, text) in blocks(guide)? {
        let place = || format!("line {line}");
        match fence.as_str() {
            "graphql" | "graphql until" => steps.push(step(line, document(&text, fence != "graphql")?)),
            "http" => steps.push(step(line, put(&text).with_context(place)?)),
            "sh" => steps.extend(program(&text).map(|it| step(line, it))),
            "json" => {
                let variables = serde_json::from_str(&text).with_context(place)?;
                let last = steps.last_mut().with_context(place)?;
                if last.has_variables || !last.answers.is_empty() {
                    let ask = last.ask.clone();
                    steps.push(step(line, ask));
                }
                let last = steps.last_mut().with_context(place)?;
                (last.variables, last.has_variables) = (variables, true);
            }
            "json answer" | "text answer" => steps.last_mut().with_context(place)?.answers.push(Answer {
                is_json: fence == "json answer",
                text,
            }),
            other => bail!("{}: a block of unknown kind {other:?}", place()),
        }
    }
    let silent = steps.iter().find(|it| it.answers.is_empty());
    ensure!(silent.is_none(), "nothing is said of what comes back: {silent:?}");
    Ok(steps)
}

fn step(line: usize, ask: Ask) -> Step {
    Step {
        line,
        ask,
        variables: json!({}),
        answers: Vec::new(),
        has_variables: false,
    }
}

/// A request line, headers, an empty line and a body.
fn put(text: &str) -> Result<Ask> {
    let (head, body) = text.split_once("\n\n").context("a request without a body")?;
    let mut lines = head.lines();
    let path = lines.next().and_then(|it| it.strip_prefix("PUT "));
    let headers = lines.map(|it| it.split_once(": ").context(it.to_owned()));
    let headers = headers.map(|it| it.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(Ask::Put {
        path: path.context("not PUT")?.to_owned(),
        headers: headers.collect::<Result<_>>()?,
        body: body.to_owned(),
    })
}

fn document(text: &str, until: bool) -> Result<Ask> {
    let mut headers = Vec::new();
    for comment in text.lines().map_while(|it| it.strip_prefix("# ")) {
        let (name, value) = comment.split_once(": ").context(comment.to_owned())?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    let text = text.lines().skip(headers.len()).collect::<Vec<_>>().join("\n");
    Ok(Ask::Document { headers, text, until })
}

/// Only runs of `letopis` are steps: the server of a test was started already.
fn program(text: &str) -> Option<Ask> {
    let arguments = text.trim().strip_prefix("letopis ")?;
    Some(Ask::Program(arguments.split_whitespace().map(str::to_owned).collect()))
}

/// Line, fence and content of each fenced block.
fn blocks(guide: &str) -> Result<Vec<(usize, String, String)>> {
    let mut blocks = Vec::new();
    let mut lines = guide.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let content: Vec<&str> = lines
                .by_ref()
                .map(|(_, it)| it)
                .take_while(|it| !it.starts_with("```"))
                .collect();
            ensure!(!content.is_empty(), "an empty block in line {}", number + 1);
            blocks.push((number + 1, fence.trim().to_owned(), content.join("\n")));
        }
    }
    Ok(blocks)
}
