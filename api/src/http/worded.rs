//! What parsers and checks of the GraphQL library say, in words of ours: Russian or English, without types of the program.

use crate::{
    graphql::{COMPLEXITY, DEPTH},
    problem::Language,
};

/// What is accepted where a value of a scalar type was expected.
const SCALARS: [(&str, &str, &str); 7] = [
    (
        "DateTime",
        "момент вида 2026-03-01T09:00:00Z",
        "an instant such as 2026-03-01T09:00:00Z",
    ),
    ("NaiveDate", "день вида 2026-03-01", "a day such as 2026-03-01"),
    (
        "Int",
        "целое число, для счёта и размеров не меньше 0",
        "a whole number, for counts and sizes not below 0",
    ),
    ("Float", "число", "a number"),
    ("Boolean", "true или false", "true or false"),
    (
        "ID",
        "id, как его дал этот API, или uuid",
        "an id as this API gave it, or a uuid",
    ),
    (
        "Position",
        "место, как его дал этот API, например \"42\"",
        "a position as this API gave it, such as \"42\"",
    ),
];

/// The message in other words; `None` when it is clear as it is.
pub(super) fn worded(message: &str, language: Language) -> Option<String> {
    let (russian, english) = too_much(message)
        .or_else(|| unparsed(message))
        .or_else(|| value(message))
        .or_else(|| foreign(message))?;
    Some(match language {
        Language::Russian => russian,
        Language::English => english,
    })
}

type Words = Option<(String, String)>;

fn too_much(message: &str) -> Words {
    let (depth, complexity) = (DEPTH, COMPLEXITY);
    match message {
        "Query is too complex." => Some((
            format!(
                "запрос слишком велик: не больше {complexity} полей, каждая страница умножает свои; просите меньше полей или короче страницы"
            ),
            format!(
                "the query is too large: at most {complexity} fields, each page multiplies its own; ask for fewer fields or shorter pages"
            ),
        )),
        "Query is nested too deep." => Some((
            format!("запрос вложен слишком глубоко: не больше {depth} уровней; разделите его"),
            format!("the query is nested too deep: at most {depth} levels; split it"),
        )),
        _ => None,
    }
}

/// The parser quotes the line it stopped at: `--> 1:9`.
fn unparsed(message: &str) -> Words {
    let place = message.trim_start().strip_prefix("--> ")?;
    let (line, rest) = place.split_once(':')?;
    let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((
        format!("документ не читается: строка {line}, знак {column}; принимается документ GraphQL"),
        format!("the document does not parse: line {line}, character {column}; accepted: a GraphQL document"),
    ))
}

/// `Failed to parse "Int": Invalid number (occurred while parsing "CustomFieldInput")`.
fn value(message: &str) -> Words {
    let rest = message.strip_prefix("Failed to parse \"")?;
    let (scalar, rest) = rest.split_once('"')?;
    let around: Vec<&str> = rest
        .split("(occurred while parsing \"")
        .skip(1)
        .filter_map(|it| it.split('"').next())
        .collect();
    let said = rest
        .trim_start_matches(':')
        .split("(occurred")
        .next()
        .unwrap_or_default();
    let other = format!("{scalar} ({})", said.trim());
    let known = SCALARS.iter().find(|it| it.0 == scalar);
    let (russian, english) = known.map_or((other.as_str(), other.as_str()), |(_, russian, english)| {
        (*russian, *english)
    });
    let (inside, within) = if around.is_empty() {
        (String::new(), String::new())
    } else {
        let all = around.join(", ");
        (format!(" в {all}"), format!(" in {all}"))
    };
    Some((
        format!("значение{inside} не подходит; принимается: {russian}"),
        format!("a value{within} is not acceptable; accepted: {english}"),
    ))
}

/// What only the schema says, such as an unknown field.
fn foreign(message: &str) -> Words {
    let begins = [
        "Unknown ",
        "Invalid value",
        "Field \"",
        "Variable ",
        "Fragment ",
        "Cannot query",
        "Expected input",
    ];
    begins
        .iter()
        .any(|it| message.starts_with(it))
        .then(|| (format!("запрос не подходит к схеме: {message}"), message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::worded;
    use crate::problem::Language;

    #[test]
    fn words_of_the_library_become_ours() {
        let both = |message| {
            let say = |language| worded(message, language).unwrap_or_default();
            (say(Language::Russian), say(Language::English))
        };
        let (russian, english) =
            both("Failed to parse \"Int\": Invalid number (occurred while parsing \"CustomFieldInput\")");
        assert!(
            russian.starts_with("значение в CustomFieldInput не подходит; принимается: целое число"),
            "{russian}"
        );
        assert!(
            english.starts_with("a value in CustomFieldInput is not acceptable; accepted: a whole number"),
            "{english}"
        );
        let (russian, english) = both(" --> 1:9\n  |\n1 | {viewer{\n  = expected selection");
        assert!(
            russian.contains("строка 1, знак 9") && !russian.contains("viewer"),
            "{russian}"
        );
        assert!(english.contains("line 1, character 9"), "{english}");
        assert!(both("Query is too complex.").0.contains("20000"));
        assert!(both("Unknown field \"a\" on type \"Query\".").0.contains("схеме"));
        assert_eq!(worded("такой заявки нет", Language::Russian), None);
    }
}
