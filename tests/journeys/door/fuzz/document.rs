//! Documents made of a schema and a tape of numbers. A 0 on the tape is the simplest choice, so that a shorter or smaller
//! tape is a simpler document.

use std::collections::HashMap;

use anyhow::Result;
use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};

/// Selections inside each other at most; deeper than the server takes.
const NESTING: usize = 24;

/// The choices of one document; zeroes when it is used up.
#[derive(Debug)]
pub(super) struct Tape(std::vec::IntoIter<u32>);

impl Tape {
    pub(super) fn new(numbers: Vec<u32>) -> Self {
        Self(numbers.into_iter())
    }

    /// One of so many.
    fn choose(&mut self, of: usize) -> usize {
        let number = self.0.next().unwrap_or_default();
        usize::try_from(number).unwrap_or_default() % of.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.choose(from.len()))
    }

    /// Yes in one of so many cases, and never at the end of the tape.
    fn once_in(&mut self, cases: usize) -> bool {
        self.choose(cases) == cases - 1
    }

    fn is_used_up(&self) -> bool {
        self.0.len() == 0
    }
}

/// What there is on the server.
#[derive(Debug)]
pub(super) struct Things {
    pub(super) ids: Vec<String>,
    pub(super) cursors: Vec<String>,
    pub(super) position: String,
}

#[derive(Debug)]
pub(super) struct Schema(HashMap<String, TypeKind>);

impl Schema {
    pub(super) fn parse(sdl: &str) -> Result<Self> {
        let definitions = parse_schema(sdl)?.definitions.into_iter();
        let types = definitions.filter_map(|it| match it {
            TypeSystemDefinition::Type(it) => Some((it.node.name.node.to_string(), it.node.kind)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Ok(Self(types.collect()))
    }

    pub(super) fn document(&self, tape: &mut Tape, things: &Things) -> String {
        let kinds = [
            "Query",
            "Query",
            "Query",
            "Mutation",
            "Mutation",
            "Query",
            "Subscription",
            "Query",
        ];
        let kind = tape.pick(&kinds).copied().unwrap_or("Query");
        let mut writer = Writer {
            schema: self,
            tape,
            things,
            text: kind.to_lowercase(),
            aliases: 0,
        };
        writer.selections(kind, 0);
        writer.text
    }

    fn fields(&self, name: &str) -> &[async_graphql::Positioned<FieldDefinition>] {
        match self.0.get(name) {
            Some(TypeKind::Object(it)) => &it.fields,
            Some(TypeKind::Interface(it)) => &it.fields,
            Some(TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) | TypeKind::InputObject(_)) | None => &[],
        }
    }

    /// Types that may stand where `name` does.
    fn possible(&self, name: &str) -> Vec<&str> {
        let implements = |it: &TypeKind| match it {
            TypeKind::Object(it) => it.implements.iter().any(|it| it.node == name),
            TypeKind::Scalar
            | TypeKind::Interface(_)
            | TypeKind::Union(_)
            | TypeKind::Enum(_)
            | TypeKind::InputObject(_) => false,
        };
        let mut possible: Vec<&str> = match self.0.get(name) {
            Some(TypeKind::Union(it)) => it.members.iter().map(|it| it.node.as_str()).collect(),
            _ => self
                .0
                .iter()
                .filter(|(_, kind)| implements(kind))
                .map(|(name, _)| name.as_str())
                .collect(),
        };
        possible.sort_unstable();
        possible
    }

    fn is_composite(&self, name: &str) -> bool {
        matches!(
            self.0.get(name),
            Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
        )
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    tape: &'a mut Tape,
    things: &'a Things,
    text: String,
    aliases: usize,
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => named(inner),
    }
}

impl Writer<'_> {
    fn selections(&mut self, name: &str, nesting: usize) {
        self.text.push_str(" { ");
        let schema = self.schema;
        let fields = schema.fields(name);
        // Past the end of the tape only leaves are chosen, which ends the document.
        let deeper = nesting < NESTING && !self.tape.is_used_up();
        let usable: Vec<&FieldDefinition> = fields
            .iter()
            .map(|it| &it.node)
            .filter(|it| deeper || !schema.is_composite(named(&it.ty.node)))
            .collect();
        let count = 1 + self.tape.choose(3);
        for _ in 0..count {
            match self.tape.pick(&usable).copied() {
                Some(field) => self.field(field, nesting),
                None => self.text.push_str("__typename "),
            }
        }
        if deeper {
            for possible in schema.possible(name) {
                if self.tape.once_in(2) {
                    self.text.extend(["... on ", possible]);
                    self.selections(possible, nesting + 1);
                }
            }
        }
        self.text.push_str("} ");
    }

    fn field(&mut self, field: &FieldDefinition, nesting: usize) {
        if !self.tape.once_in(8) {
            self.text.extend(["a", &self.aliases.to_string(), ": "]);
            self.aliases += 1;
        }
        self.text.push_str(field.name.node.as_str());
        let arguments: Vec<&InputValueDefinition> = field.arguments.iter().map(|it| &it.node).collect();
        let given = self.given(&arguments, 0);
        if !given.is_empty() {
            self.text.extend(["(", &given.join(", "), ")"]);
        }
        let kind = named(&field.ty.node);
        if self.schema.is_composite(kind) {
            self.selections(kind, nesting + 1);
        } else {
            self.text.push(' ');
        }
    }

    fn given(&mut self, inputs: &[&InputValueDefinition], nesting: usize) -> Vec<String> {
        let mut given = Vec::new();
        for input in inputs {
            let needed = !input.ty.node.nullable && input.default_value.is_none();
            // Most lists need it, though the schema does not say so.
            let usual = input.name.node == "first";
            if needed || usual || self.tape.once_in(3) {
                let value = self.value(input.name.node.as_str(), &input.ty.node, nesting);
                given.push(format!("{}: {value}", input.name.node));
            }
        }
        given
    }

    fn value(&mut self, name: &str, ty: &Type, nesting: usize) -> String {
        if ty.nullable && self.tape.once_in(12) {
            return "null".to_owned();
        }
        match &ty.base {
            BaseType::List(inner) => {
                let count = if nesting > 4 { 0 } else { self.tape.choose(4) };
                let items: Vec<String> = (0..count).map(|_| self.value(name, inner, nesting + 1)).collect();
                format!("[{}]", items.join(", "))
            }
            BaseType::Named(kind) => self.plain(name, kind.as_str(), nesting),
        }
    }

    fn plain(&mut self, name: &str, kind: &str, nesting: usize) -> String {
        let schema = self.schema;
        match schema.0.get(kind) {
            Some(TypeKind::Enum(it)) => {
                let values: Vec<&str> = it.values.iter().map(|it| it.node.value.node.as_str()).collect();
                self.tape.pick(&values).copied().unwrap_or("NOTHING").to_owned()
            }
            Some(TypeKind::InputObject(it)) => {
                let inputs: Vec<&InputValueDefinition> = it.fields.iter().map(|it| &it.node).collect();
                let needed = |it: &&InputValueDefinition| !it.ty.node.nullable;
                let inputs: Vec<_> = if nesting > 4 {
                    inputs.into_iter().filter(needed).collect()
                } else {
                    inputs
                };
                format!("{{{}}}", self.given(&inputs, nesting + 1).join(", "))
            }
            _ => self.scalar(name, kind),
        }
    }

    fn scalar(&mut self, name: &str, kind: &str) -> String {
        let position = format!("{:?}", self.things.position);
        let some: Vec<String> = match kind {
            // To wait for what never comes takes seconds each time.
            "Position" if name == "minPosition" => {
                vec!["\"0\"".to_owned(), position, "\"-1\"".to_owned(), "\"x\"".to_owned()]
            }
            "Position" => words(&[
                "\"0\"",
                "\"9223372036854775807\"",
                "18446744073709551615",
                "-1",
                "\"\"",
                "1.5",
            ]),
            "Int" => words(&[
                "1",
                "2",
                "100",
                "0",
                "-1",
                "101",
                "2147483647",
                "-2147483648",
                "9223372036854775807",
            ]),
            "Float" => words(&["0.5", "-1e308", "1e400"]),
            "Boolean" => words(&["true", "false"]),
            "DateTime" => words(&[
                "\"2026-01-01T00:00:00Z\"",
                "\"0001-01-01T00:00:00Z\"",
                "\"9999-12-31T23:59:59.999999999Z\"",
                "\"+262142-12-31T23:59:59Z\"",
                "\"-262143-01-01T00:00:00Z\"",
                "\"2016-12-31T23:59:60Z\"",
                "\"yesterday\"",
            ]),
            "ID" => {
                let mut ids: Vec<String> = self.things.ids.iter().map(|it| format!("{it:?}")).collect();
                ids.extend(words(&["\"\"", "\"VGlja2V0Og\"", "\"ж\"", "7", "\"\\u0000\""]));
                ids
            }
            _ => self.strings(),
        };
        self.tape.pick(&some).cloned().unwrap_or_default()
    }

    fn strings(&self) -> Vec<String> {
        let mut strings = words(&[
            "\"a\"",
            "\"\"",
            "\" \"",
            "\"\\u0000\"",
            "\"\\u202e\\ufeff\"",
            "\"' OR 1=1 --\"",
            "\"🙂\"",
        ]);
        strings.push(format!("\"{}\"", "щ".repeat(400)));
        strings.extend(self.things.cursors.iter().map(|it| format!("{it:?}")));
        strings
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|it| (*it).to_owned()).collect()
}
