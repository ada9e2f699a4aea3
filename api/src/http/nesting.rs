//! How deep a document and its variables are nested, looked at before anything that goes into them level by level.

use async_graphql::{Request, Value};

use crate::problem::Problem;

/// Brackets within brackets, of whatever sort: the deepest filter with all of a document around it needs less.
const DEEPEST: usize = 64;

/// Refuses what is nested too deep to be worked out safely.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    let variables = request.variables.values().map(depth).max().unwrap_or_default();
    for (field, found) in [("query", of_text(&request.query)), ("variables", variables)] {
        if found > DEEPEST {
            let russian = format!("не больше {DEEPEST} уровней вложенных скобок");
            let english = format!("at most {DEEPEST} levels of nested brackets");
            return Err(Problem::bad_input(field, &format!("{found}"), &russian, &english));
        }
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut left = vec![(value, 1_usize)];
    while let Some((value, level)) = left.pop() {
        deepest = deepest.max(level);
        if level > DEEPEST {
            break;
        }
        if let Value::List(all) = value {
            left.extend(all.iter().map(|it| (it, level + 1)));
        } else if let Value::Object(all) = value {
            left.extend(all.values().map(|it| (it, level + 1)));
        }
    }
    deepest
}

/// Brackets in strings and comments do not count.
fn of_text(document: &str) -> usize {
    let (mut level, mut deepest) = (0_usize, 0);
    let mut rest = document;
    while let Some(at) = rest.find(['{', '[', '(', '}', ']', ')', '"', '#']) {
        let (found, behind) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = match found {
            b'{' | b'[' | b'(' => {
                level += 1;
                deepest = deepest.max(level);
                behind
            }
            b'"' => after_string(behind),
            b'#' => behind.find(['\n', '\r']).map_or("", |end| &behind[end..]),
            _ => {
                level = level.saturating_sub(1);
                behind
            }
        };
    }
    deepest
}

/// What follows a string whose first quotation mark has been read.
fn after_string(text: &str) -> &str {
    if let Some(block) = text.strip_prefix("\"\"") {
        let mut from = 0;
        while let Some(at) = block[from..].find("\"\"\"") {
            let end = from + at;
            if !block[..end].ends_with('\\') {
                return &block[end + 3..];
            }
            from = end + 3;
        }
        return "";
    }
    let mut escaped = false;
    for (at, it) in text.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' | '\n' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use async_graphql::{Request, Variables};
    use serde_json::json;

    use super::{check, of_text};

    #[test]
    fn brackets_count_outside_strings_and_comments_only() {
        for (document, depth) in [
            ("{ a(b: [1, {c: 2}]) }", 4),
            ("{ a(b: \"{{{\\\"[[[\") }", 2),
            ("{ a # [[[[\n }", 1),
            ("{ a(b: \"\"\"[[[ \\\"\"\" [[[\"\"\") }", 2),
            ("", 0),
            ("}}}{", 1),
        ] {
            assert_eq!(of_text(document), depth, "{document}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_before_it_is_read() {
        let deep = format!(
            "mutation {{ signIn(input: {}{}) {{ stale }} }}",
            "[".repeat(400),
            "]".repeat(400)
        );
        assert!(check(&Request::new(deep)).is_err());
        let mut filter = json!({});
        for _ in 0..100 {
            filter = json!({ "not": filter });
        }
        let variables = Variables::from_json(json!({ "f": filter }));
        assert!(check(&Request::new("{ a }").variables(variables)).is_err());
        assert!(check(&Request::new("{ a { b } }")).is_ok());
    }
}
