use std::{
    fs,
    sync::{Mutex, PoisonError},
};

use commands::{Clock, Command, Handler, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::{CommandId, TicketId, foreign},
    ticket::{TicketCommand, TicketEvent},
    values::ReopenCause,
};
use event_store::{EventLog, Position, decode};
use event_store_node::{Node, NodeConfig};
use tempfile::TempDir;

use super::{HEADER, file, life, row};
use crate::servicenow::{ImportError, ImportOptions, Progress, Summary, import};

/// A real node, a handler on it, and a folder for files.
struct Desk {
    folder: TempDir,
    log: EventLog,
    handler: Handler,
    _node: Node,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let node = Node::start(NodeConfig {
            data: folder.path().join("events"),
            listen,
        })
        .await
        .unwrap();
        let log = EventLog::new(&node.connection_string()).unwrap();
        let database = tests::Cluster::shared().await.unwrap().database().await.unwrap();
        let vault = tests::open_vault(folder.path(), &database).await.unwrap();
        let handler = Handler::new(log.clone(), vault, Clock::System, Sharing::Alone)
            .await
            .unwrap();
        Self {
            folder,
            log,
            handler,
            _node: node,
        }
    }

    fn options(&self) -> ImportOptions {
        let path = |name| self.folder.path().join(name);
        ImportOptions {
            file: path("log.csv"),
            rejects: path("rejects.csv"),
            concurrency: ImportOptions::CONCURRENCY,
        }
    }

    async fn import(&self, file: &str) -> Summary {
        let options = self.options();
        fs::write(&options.file, file).unwrap();
        let progress = Mutex::new(Progress::default());
        let summary = import(&self.handler, &options, |it| {
            let mut last = progress.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(it.bytes_read >= last.bytes_read && it.incidents >= last.incidents && it.events >= last.events);
            *last = it;
        });
        let summary = summary.await.unwrap();
        let last = progress.into_inner().unwrap();
        let size = file.len() as u64;
        let (incidents, events) = (summary.incidents, summary.events_appended);
        assert_eq!(
            last,
            Progress {
                bytes_read: size,
                bytes_total: size,
                incidents,
                events
            }
        );
        summary
    }

    fn rejects(&self) -> Option<String> {
        fs::read_to_string(self.options().rejects).ok()
    }

    /// Event types of all that is in the log about an incident.
    async fn history(&self, number: &str) -> Vec<String> {
        let id = foreign("servicenow", "incident", number);
        let mut types = Vec::new();
        for stream in [format!("ticket-{id}"), format!("assignment-{id}")] {
            let events = self.log.read_stream(&stream, 0).await.unwrap();
            event_store::verify_stream(&stream, &events).unwrap();
            types.extend(events.into_iter().map(|it| it.event_type));
        }
        types
    }

    /// Number and name of each ticket, in the order of numbers.
    async fn numbers(&self) -> Vec<(i64, String)> {
        let mut numbers = Vec::new();
        for raw in self
            .log
            .read_all(Position::START, &["ticket.opened"], 1000)
            .await
            .unwrap()
        {
            if let DomainEvent::Ticket(TicketEvent::Opened { number, source, .. }) = decode(&raw).unwrap().event {
                numbers.push((number, source.external_id.unwrap()));
            }
        }
        numbers.sort();
        numbers
    }
}

#[test]
fn second_run_adds_nothing() {
    tests::run(async {
        let desk = Desk::new().await;
        let text = [HEADER.replace("incident_state", "ident_state")]
            .into_iter()
            .chain(life("30", &["New", "Active", "-100", "Closed"]))
            .chain(life("20", &["-100"]))
            .chain(life("10", &["New"]))
            .chain(["10,\u{fffd}".to_owned()])
            .chain(life("30", &["Active"]))
            .collect::<Vec<_>>()
            .join("\r\n");
        let first = desk.import(&text).await;
        let note = "column 2, headed \"ident_state\", is read as incident_state, by its place";
        let expected = Summary {
            rows: 8,
            incidents: 3,
            imported: 2,
            events_appended: 7,
            rejected_rows: 4,
            rejected_incidents: 1,
            notes: vec![note.to_owned()],
            ..Summary::default()
        };
        assert_eq!(first, expected);
        let rejects = "line,number,column,value,reason\n\
                   4,30,incident_state,-100,not a state of an incident\n\
                   6,20,incident_state,-100,not a state of an incident\n\
                   8,10,,,\"11 fields are expected, 2 are there\"\n\
                   9,30,,,rows of incident 30 do not stand together: first at line 2\n";
        assert_eq!(desk.rejects().unwrap(), rejects);
        let types = ["opened", "started", "resolved", "closed"].map(|it| format!("ticket.{it}"));
        assert_eq!(
            desk.history("30").await,
            [&types[..], &["assignment.agent_assigned".to_owned()]].concat()
        );
        assert_eq!(desk.numbers().await, [(1, "30".to_owned()), (2, "10".to_owned())]);
        let head = desk.log.head().await.unwrap();

        let second = desk.import(&text).await;
        assert_eq!(
            second,
            Summary {
                imported: 0,
                already_there: 2,
                events_appended: 0,
                ..expected
            }
        );
        assert_eq!(desk.rejects().unwrap(), rejects);
        assert_eq!(desk.log.head().await.unwrap(), head);
    });
}

#[test]
fn longer_file_goes_on_and_keeps_the_numbers() {
    tests::run(async {
        let desk = Desk::new().await;
        let part = [life("1", &["New"]), life("2", &["Closed"]), life("3", &["bad"])].concat();
        let first = desk.import(&file(&part)).await;
        assert_eq!((first.imported, first.rejected_rows), (2, 1));

        let longer = [
            life("1", &["New", "Active", "Resolved"]),
            life("4", &["New"]),
            life("2", &["Closed"]),
        ]
        .concat();
        let second = desk.import(&file(&longer)).await;
        let counts = (
            second.imported,
            second.extended,
            second.already_there,
            second.events_appended,
        );
        assert_eq!(counts, (1, 1, 1, 4));
        assert_eq!(desk.rejects(), None, "the rejects of an earlier run do not stay");
        let types = [
            "ticket.opened",
            "ticket.started",
            "ticket.resolved",
            "assignment.agent_assigned",
        ];
        assert_eq!(desk.history("1").await, types);
        let names: Vec<_> = desk.numbers().await.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["1", "2", "4"]);

        let third = desk.import(&file(&longer)).await;
        assert_eq!((third.already_there, third.events_appended), (3, 0));
    });
}

#[test]
fn incident_changed_here_is_rejected_and_the_rest_goes_on() {
    tests::run(async {
        let desk = Desk::new().await;
        desk.import(&file(&life("1", &["Closed"]))).await;
        let ticket_id = TicketId(foreign("servicenow", "incident", "1"));
        let request = Request {
            command: Command::Ticket(
                ticket_id,
                TicketCommand::Reopen {
                    cause: ReopenCause::CustomerReply,
                },
            ),
            command_id: CommandId::of_request("agent:1", "reopen", "1", "key"),
            actor: Actor::new(ActorKind::Agent, "1"),
            expected_version: None,
            traceparent: None,
        };
        desk.handler.execute(&Rights::all(), &request).await.unwrap();

        let rows = [
            life("1", &["Closed", "Active", "Resolved", "Closed"]),
            life("2", &["New"]),
        ]
        .concat();
        let summary = desk.import(&file(&rows)).await;
        assert_eq!((summary.imported, summary.rejected_incidents), (1, 1));
        let reason = format!("ticket-{ticket_id} has been changed since it was imported, here or in what is imported");
        assert_eq!(
            desk.rejects().unwrap(),
            format!("line,number,column,value,reason\n2,1,,,\"{reason}\"\n")
        );
    });
}

#[test]
fn longer_file_that_tells_the_beginning_otherwise_is_rejected() {
    tests::run(async {
        let desk = Desk::new().await;
        desk.import(&file(&life("1", &["New", "-100", "Active"]))).await;
        let before = desk.history("1").await;
        // The rejected row was mended in the file: its step would belong into the middle of what is there.
        let summary = desk
            .import(&file(&life("1", &["New", "Awaiting Vendor", "Active", "Closed"])))
            .await;
        assert_eq!((summary.rejected_incidents, summary.events_appended), (1, 0));
        assert_eq!(desk.history("1").await, before);
    });
}

#[test]
fn numbers_follow_the_file_over_many_blocks() {
    tests::run(async {
        let desk = Desk::new().await;
        let rows: Vec<_> = (0..700)
            .rev()
            .map(|it| row(&format!("{it:03}"), 0, "New", &[]))
            .collect();
        let summary = desk.import(&file(&rows)).await;
        assert_eq!((summary.imported, summary.events_appended), (700, 700));
        let numbers = desk.numbers().await;
        let expected: Vec<_> = (1..=700).map(|it| (it, format!("{:03}", 700 - it))).collect();
        assert_eq!(numbers, expected);
    });
}

#[test]
fn file_without_rows_imports_nothing() {
    tests::run(async {
        let desk = Desk::new().await;
        assert_eq!(desk.import(&file(&[])).await, Summary::default());
        assert_eq!(desk.rejects(), None);
    });
}

#[test]
fn what_stops_an_import_says_what_to_do() {
    tests::run(async {
        let desk = Desk::new().await;
        let mut options = desk.options();
        let file_name = options.file.display().to_string();
        let run = async |options: &ImportOptions| import(&desk.handler, options, |_| {}).await.unwrap_err();

        let error = run(&options).await.to_string();
        assert_eq!(
            error,
            format!("cannot read {file_name}: check that it is a file and may be read")
        );

        fs::write(&options.file, file(&life("1", &["bad"]))).unwrap();
        options.rejects = options.file.clone();
        assert!(matches!(run(&options).await, ImportError::RejectsOverFile { .. }));
        options.rejects = desk.folder.path().join("no/such/folder/rejects.csv");
        let error = run(&options).await.to_string();
        assert!(
            error.starts_with("cannot write the rejects to ") && error.contains("no/such/folder"),
            "{error}"
        );
    });
}
