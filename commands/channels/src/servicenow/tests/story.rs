use domain::{assignment::AssignmentCommand, ids::ContactId, ids::foreign, ticket::TicketCommand, values::CategoryKey};

use super::{incident, row};
use crate::servicenow::story::{Story, story};

fn told(rows: &[String]) -> Story {
    let story = story(&incident(rows), 12);
    assert_eq!(story.rejects, []);
    story
}

/// The ticket's commands after its opening, each with its day and hour.
fn later(rows: &[String]) -> Vec<String> {
    let told = told(rows);
    told.ticket
        .iter()
        .skip(1)
        .map(|(command, at)| format!("{} {}", at.format("%-d/%-m %-H"), words(command)))
        .collect()
}

fn words(command: &TicketCommand) -> String {
    match command {
        TicketCommand::Open { number, .. } => format!("open {number}"),
        TicketCommand::ChangeSubject { subject } => format!("subject {subject}"),
        TicketCommand::Categorize { category, by } => {
            let category = category
                .as_ref()
                .map(|(key, sub)| (key.as_str(), sub.as_ref().map(CategoryKey::as_str)));
            format!("categorize {category:?} by {}", by.as_str())
        }
        TicketCommand::Prioritize { priority, .. } => format!("prioritize {}", priority.as_str()),
        TicketCommand::Move { .. } => "move".to_owned(),
        TicketCommand::Start => "start".to_owned(),
        TicketCommand::PutOnHold { reason, .. } => format!("hold {}", reason.as_str()),
        TicketCommand::Resume => "resume".to_owned(),
        TicketCommand::Resolve { reason, note } => format!("resolve {} {note:?}", reason.as_str()),
        TicketCommand::Close { cause, .. } => format!("close {}", cause.as_str()),
        TicketCommand::Reopen { cause } => format!("reopen {}", cause.as_str()),
        other @ (TicketCommand::Mark(_)
        | TicketCommand::Pause(_)
        | TicketCommand::Judge(_)
        | TicketCommand::Join(_)
        | TicketCommand::Archive { .. }
        | TicketCommand::Track(_)
        | TicketCommand::Estimate(_)
        | TicketCommand::Classify(_)
        | TicketCommand::Promise(_)) => format!("{other:?}"),
    }
}

/// The commands that these states lead to, one a row, without instants.
fn states(states: &[&str]) -> Vec<String> {
    let rows: Vec<_> = (0..)
        .zip(states)
        .map(|(count, state)| row("7", count, state, &[("closed_code", "?")]))
        .collect();
    later(&rows)
        .iter()
        .filter_map(|it| it.splitn(3, ' ').nth(2).map(str::to_owned))
        .collect()
}

#[test]
fn ticket_is_opened_as_the_first_row_has_it() {
    let story = told(&[row("0000045", 0, "New", &[])]);
    let [
        (
            TicketCommand::Open {
                number,
                subject,
                contact_id,
                category,
                priority,
                source,
                ..
            },
            at,
        ),
    ] = &story.ticket[..]
    else {
        panic!("{story:?}")
    };
    let key = |text| CategoryKey::try_new("category", text).unwrap();
    assert_eq!(
        (*number, subject.as_str(), priority.as_str()),
        (12, "Incident 0000045", "medium")
    );
    assert_eq!(*contact_id, Some(ContactId(foreign("servicenow", "caller", "2403"))));
    assert_eq!(*category, Some((key("55"), Some(key("170")))));
    assert_eq!(
        (source.channel.as_str(), source.external_id.as_deref()),
        ("servicenow", Some("0000045"))
    );
    assert_eq!(at.to_string(), "2016-02-29 01:16:00 UTC");
    assert_eq!(story.assignment, []);
}

#[test]
fn question_marks_mean_nothing_is_known() {
    let unknown = [("caller_id", "?"), ("category", "?"), ("subcategory", "?")];
    let story = told(&[row("7", 0, "New", &unknown)]);
    let open = &story.ticket[0].0;
    assert!(
        matches!(
            open,
            TicketCommand::Open {
                contact_id: None,
                category: None,
                ..
            }
        ),
        "{open:?}"
    );
}

#[test]
fn life_of_an_incident_is_told_at_its_instants() {
    let rows = [
        row("7", 0, "New", &[]),
        row("7", 1, "Active", &[("priority", "2")]),
        row("7", 2, "Awaiting User Info", &[("priority", "2"), ("subcategory", "?")]),
        row("7", 3, "Active", &[("priority", "2"), ("category", "?")]),
        row("7", 4, "Resolved", &[]),
        row("7", 5, "Closed", &[]),
    ];
    assert_eq!(
        later(&rows),
        [
            "2/3 8 prioritize high",
            "2/3 8 start",
            "3/3 8 categorize Some((\"55\", None)) by agent",
            "3/3 8 hold customer",
            "4/3 8 categorize None by agent",
            "4/3 8 resume",
            "5/3 8 categorize Some((\"55\", Some(\"170\"))) by agent",
            "5/3 8 prioritize medium",
            "5/3 8 resolve solved Some(\"ServiceNow close code 5\")",
            "6/3 8 close agent",
        ]
    );
}

#[test]
fn every_state_leads_to_every_other() {
    let (resolve, reopen) = ("resolve solved None", "reopen agent");
    let cases: [(&[&str], &[&str]); 14] = [
        (&["New", "New"], &[]),
        (&["Active", "New", "Active"], &["start"]),
        (&["Awaiting Vendor", "New"], &["hold vendor", "resume"]),
        (&["Awaiting Problem", "Awaiting Problem"], &["hold problem"]),
        (
            &["Awaiting Evidence", "Awaiting User Info"],
            &["hold evidence", "hold customer"],
        ),
        (&["Awaiting Vendor", "Resolved"], &["hold vendor", resolve]),
        (&["Resolved", "Resolved", "New"], &[resolve, reopen]),
        (&["Resolved", "Active"], &[resolve, reopen]),
        (&["Resolved", "Awaiting User Info"], &[resolve, reopen, "hold customer"]),
        (&["New", "Closed", "Closed"], &[resolve, "close agent"]),
        (&["Closed", "Active"], &[resolve, "close agent", reopen]),
        (&["Closed", "New"], &[resolve, "close agent", reopen]),
        (
            &["Closed", "Awaiting Vendor"],
            &[resolve, "close agent", reopen, "hold vendor"],
        ),
        (&["Closed", "Resolved"], &[resolve, "close agent", reopen, resolve]),
    ];
    for (rows, expected) in cases {
        assert_eq!(states(rows), expected, "{rows:?}");
    }
}

#[test]
fn change_of_a_closed_incident_reopens_it_for_an_instant() {
    let rows = [
        row("7", 0, "Closed", &[]),
        row("7", 1, "Closed", &[("priority", "1"), ("closed_code", "?")]),
    ];
    let expected = [
        "2/3 8 reopen agent",
        "2/3 8 prioritize urgent",
        "2/3 8 resolve solved None",
        "2/3 8 close agent",
    ];
    assert_eq!(later(&rows)[2..], expected);
}

#[test]
fn change_while_closing_comes_before_the_close() {
    let rows = [
        row("7", 0, "Resolved", &[]),
        row("7", 1, "Closed", &[("category", "56")]),
    ];
    let expected = [
        "2/3 8 categorize Some((\"56\", Some(\"170\"))) by agent",
        "2/3 8 close agent",
    ];
    assert_eq!(later(&rows)[1..], expected);
}

#[test]
fn ownership_follows_the_rows() {
    let owners = ["?", "149", "149", "?", "150"];
    let rows: Vec<_> = (0..)
        .zip(owners)
        .map(|(count, owner)| row("7", count, "New", &[("assigned_to", owner)]))
        .collect();
    let told = told(&rows).assignment;
    let words = told.iter().map(|(command, at)| {
        let words = match command {
            AssignmentCommand::Assign { agent_id, mode } => format!("{agent_id} {}", mode.as_str()),
            AssignmentCommand::Unassign { reason, .. } => format!("nobody {reason:?}"),
        };
        format!("{} {words}", at.format("%-d/%-m"))
    });
    let agent = |key| foreign("servicenow", "resolver", key);
    let expected = [
        format!("2/3 {} by_agent", agent("149")),
        "4/3 nobody None".to_owned(),
        format!("5/3 {} by_agent", agent("150")),
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn rows_are_told_in_the_order_of_their_updates() {
    let rows = [
        row("7", 2, "Closed", &[]),
        row("7", 0, "New", &[]),
        row("7", 1, "Active", &[]),
    ];
    let sorted = [rows[1].clone(), rows[2].clone(), rows[0].clone()];
    assert_eq!(told(&rows).ticket, told(&sorted).ticket);
    // Rows with the same count stay as the file has them.
    let equal = [row("7", 1, "Resolved", &[]), row("7", 1, "Active", &[])];
    assert_eq!(later(&equal)[1], "2/3 8 reopen agent");
}

#[test]
fn update_from_before_the_opening_is_the_first_whatever_its_count() {
    let early = [("sys_updated_at", "29/2/2016 01:00")];
    let rows = [
        row("7", 3, "Active", &early),
        row("7", 1, "Resolved", &[]),
        row("7", 3, "Closed", &[]),
    ];
    let told = told(&rows);
    assert_eq!(told.ticket[0].1.to_string(), "2016-02-29 01:00:00 UTC");
    let words: Vec<_> = told.ticket.iter().map(|(command, _)| words(command)).collect();
    assert_eq!(
        words,
        [
            "open 12",
            "start",
            "resolve solved Some(\"ServiceNow close code 5\")",
            "close agent"
        ]
    );
}

#[test]
fn time_never_runs_back() {
    let back = [("sys_updated_at", "1/3/2016 00:00")];
    let rows = [
        row("7", 0, "New", &[]),
        row("7", 1, "Active", &[]),
        row("7", 2, "Closed", &back),
    ];
    assert_eq!(
        later(&rows)[1..],
        [
            "2/3 8 resolve solved Some(\"ServiceNow close code 5\")",
            "2/3 8 close agent"
        ]
    );
}

#[test]
fn longer_story_begins_like_a_shorter_one() {
    let states = [
        "New",
        "Active",
        "Closed",
        "Closed",
        "Awaiting Vendor",
        "Resolved",
        "Closed",
    ];
    let priorities = ["3", "2", "2", "1", "1", "4", "3"];
    let rows: Vec<_> = (0..)
        .zip(states.iter().zip(priorities))
        .map(|(count, (state, priority))| row("7", count, state, &[("priority", priority), ("assigned_to", priority)]))
        .collect();
    let whole = told(&rows);
    for length in 1..rows.len() {
        let part = told(&rows[..length]);
        assert!(whole.ticket.starts_with(&part.ticket), "{length}");
        assert!(whole.assignment.starts_with(&part.assignment), "{length}");
    }
}
