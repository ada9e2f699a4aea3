use projections::words;

use crate::{graphql::ticket::Ticket, problem::Language, ticket_problems::status};

/// What happened to a ticket, in words. The ticket is as the event left it.
pub(in crate::graphql) fn summary(event_type: &str, ticket: &Ticket, language: Language) -> String {
    let text = said(event_type, language);
    let until = ticket.until().map(|it| it.format("%Y-%m-%d %H:%M UTC").to_string());
    match (event_type, until) {
        ("ticket.opened", _) => format!("{text} {}", ticket.number_for_people()),
        ("ticket.snoozed", Some(until)) => format!("{text}: {until}"),
        ("ticket.labelled", _) if language == Language::Russian => format!("{text}: {}", status(ticket.stands())),
        _ => text.to_owned(),
    }
}

/// What an event of this stored type says.
pub(in crate::graphql) fn said(event_type: &str, language: Language) -> &'static str {
    match (words(event_type), language) {
        (Some(words), Language::Russian) => words.russian,
        (Some(words), Language::English) => words.english,
        (None, Language::Russian) => "Изменена",
        (None, Language::English) => "Changed",
    }
}
