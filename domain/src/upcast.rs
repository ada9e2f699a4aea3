//! Old payloads lifted to today's schema, one step at a time. Stored events are never edited.

use serde_json::{Value, json};

/// Lifts a payload by one schema.
pub type Step = fn(Value) -> Value;

/// `(event type, schema it starts from, lift to the next schema)`, oldest first.
pub const STEPS: &[(&str, u16, Step)] = &[
    ("ticket.opened", 1, subject_lies_open),
    ("ticket.subject_changed", 1, subject_lies_open),
    ("ticket.prioritized", 1, reason_lies_open),
    ("ticket.resolved", 1, note_lies_open),
    ("assignment.agent_unassigned", 1, reason_lies_open),
    ("user.suspended", 1, reason_lies_open),
];

/// The first schema knew no sealing: the subject was a plain text.
fn subject_lies_open(payload: Value) -> Value {
    lies_open(payload, "subject")
}

/// Why a priority was chosen or an owner taken off was not sealed at first.
fn reason_lies_open(payload: Value) -> Value {
    lies_open(payload, "reason")
}

/// The note of a resolution was not sealed at first.
fn note_lies_open(payload: Value) -> Value {
    lies_open(payload, "note")
}

fn lies_open(mut payload: Value, field: &str) -> Value {
    if let Some(text) = payload.get_mut(field).filter(|it| it.is_string()) {
        *text = json!({"plain": text.take()});
    }
    payload
}

/// Today's schema of an event type: 1 and one more for each step.
pub fn current_schema(event_type: &str) -> u16 {
    schema_after(STEPS, event_type)
}

/// Payload of `event_type`, stored in `schema`, in today's schema.
pub fn upcast(event_type: &str, schema: u16, payload: Value) -> Value {
    lift(STEPS, event_type, schema, payload)
}

fn schema_after(steps: &[(&str, u16, Step)], event_type: &str) -> u16 {
    steps
        .iter()
        .filter(|(name, _, _)| *name == event_type)
        .map(|(_, from, _)| from + 1)
        .max()
        .unwrap_or(1)
}

fn lift(steps: &[(&str, u16, Step)], event_type: &str, schema: u16, payload: Value) -> Value {
    steps
        .iter()
        .filter(|(name, from, _)| *name == event_type && *from >= schema)
        .fold(payload, |payload, (_, _, step)| step(payload))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Step, lift, schema_after, upcast};

    fn add_b(mut payload: Value) -> Value {
        payload["b"] = json!(1);
        payload
    }

    fn double_b(mut payload: Value) -> Value {
        payload["b"] = json!(payload["b"].as_i64().unwrap_or_default() * 2);
        payload
    }

    const STEPS: &[(&str, u16, Step)] = &[("x.y", 1, add_b), ("x.y", 2, double_b), ("x.z", 1, double_b)];

    #[test]
    fn each_step_from_the_stored_schema_on_is_taken_once() {
        assert_eq!(lift(STEPS, "x.y", 1, json!({})), json!({"b": 2}));
        assert_eq!(lift(STEPS, "x.y", 2, json!({"b": 5})), json!({"b": 10}));
        assert_eq!(lift(STEPS, "x.y", 3, json!({"b": 5})), json!({"b": 5}));
    }

    #[test]
    fn subject_of_the_first_schema_lies_open() {
        assert_eq!(
            upcast("ticket.opened", 1, json!({"number": 1, "subject": "x"})),
            json!({"number": 1, "subject": {"plain": "x"}})
        );
        assert_eq!(upcast("ticket.opened", 2, json!({"subject": 1})), json!({"subject": 1}));
    }

    #[test]
    fn words_of_the_first_schema_about_how_and_why_lie_open() {
        let resolved = upcast("ticket.resolved", 1, json!({"reason": "solved", "note": "x"}));
        assert_eq!(resolved, json!({"reason": "solved", "note": {"plain": "x"}}));
        let silent = upcast("ticket.prioritized", 1, json!({"from": "low", "to": "high"}));
        assert_eq!(silent, json!({"from": "low", "to": "high"}));
    }

    #[test]
    fn schema_counts_steps_of_that_type_only() {
        assert_eq!(
            (
                schema_after(STEPS, "x.y"),
                schema_after(STEPS, "x.z"),
                schema_after(STEPS, "q")
            ),
            (3, 2, 1)
        );
    }
}
