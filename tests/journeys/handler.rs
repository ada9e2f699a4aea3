//! The handler itself, two of them on one log: what two servers on one cluster are to each other.

use std::{collections::HashSet, time::Duration};

use anyhow::{Result, ensure};
use chrono::DateTime;
use commands::{Clock, Command, CommandError, Handler, Outcome, Refusal, Request, Sharing};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    assignment::AssignmentCommand,
    event::DomainEvent,
    ids::{AgentId, CommandId, TicketId, singleton, stream_name},
    ticket::{Chosen, Decision, Estimate, TicketCommand, TicketEvent, TicketPlace, TicketRefusal, TicketSource},
    values::{AssignmentMode, CategoryKey, ClassifiedBy, CloseCause, Priority, ResolutionReason, Subject, TicketType},
};
use event_store::{EventLog, Position, Raw, decode, verify_stream};
use event_store_node::{Node, NodeConfig};
use futures_util::future::try_join_all;
use tempfile::TempDir;
use tests::{Cluster, open_vault, run};
use uuid::Uuid;

/// Two handlers on one node, each with a connection of its own.
struct Two {
    handlers: [Handler; 2],
    log: EventLog,
    node: Node,
    _data: TempDir,
}

impl Two {
    async fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let listen = ([127, 0, 0, 1], 0).into();
        let node = Node::start(NodeConfig {
            data: data.path().to_owned(),
            listen,
        })
        .await?;
        let url = node.connection_string();
        let database = Cluster::shared().await?.database().await?;
        let handler = async || {
            // Each with a cache of its own, as in two processes.
            let vault = open_vault(data.path(), &database).await?;
            Ok::<_, anyhow::Error>(Handler::new(EventLog::new(&url)?, vault, Clock::System, Sharing::Shared).await?)
        };
        Ok(Self {
            handlers: [handler().await?, handler().await?],
            log: EventLog::new(&url)?,
            node,
            _data: data,
        })
    }

    /// Every event there is.
    async fn all(&self) -> Result<Vec<Raw>> {
        Ok(self
            .log
            .read_all(Position::START, &["ticket", "assignment"], 1_000_000)
            .await?)
    }

    /// Checks the chain of every stream, and stops.
    async fn finish(self) -> Result<()> {
        let streams: HashSet<String> = self.all().await?.into_iter().map(|it| it.stream).collect();
        ensure!(!streams.is_empty());
        for stream in streams {
            verify_stream(&stream, &self.log.read_stream(&stream, 0).await?)?;
        }
        Ok(self.node.stop().await?)
    }
}

fn request(key: &str, command: impl FnOnce(CommandId) -> Command) -> Request {
    let actor = Actor::new(ActorKind::ApiKey, "test");
    let command_id = CommandId::of_request(&actor.to_string(), "test", "", key);
    Request {
        command_id,
        command: command(command_id),
        actor,
        expected_version: None,
        traceparent: None,
    }
}

fn open(key: &str) -> Result<Request> {
    let subject = Subject::try_new(key)?;
    Ok(request(key, |command_id| {
        let command = TicketCommand::Open {
            number: 0,
            ticket_type: TicketType::Question,
            subject,
            contact_id: None,
            category: None,
            priority: Priority::Medium,
            priority_chosen: false,
            source: TicketSource {
                channel: "api".to_owned(),
                external_id: None,
            },
            place: TicketPlace::default(),
        };
        Command::Ticket(TicketId::opened_by(command_id), command)
    }))
}

fn rename(ticket: TicketId, key: &str) -> Result<Request> {
    let subject = Subject::try_new(key)?;
    Ok(request(key, |_| {
        Command::Ticket(ticket, TicketCommand::ChangeSubject { subject })
    }))
}

fn assign(ticket: TicketId, key: &str, agent: u128) -> Request {
    let agent_id = AgentId(Uuid::from_u128(agent));
    let command = AssignmentCommand::Assign {
        agent_id,
        mode: AssignmentMode::ByAgent,
    };
    request(key, |_| Command::Assignment(ticket, command))
}

/// Repeats a command as a client would that is told that others are changing the ticket at the same time.
async fn insist(handler: &Handler, request: &Request) -> Result<Outcome> {
    loop {
        match handler.execute(&Rights::all(), request).await {
            Err(CommandError::Contention { .. }) => {}
            other => return Ok(other?),
        }
    }
}

#[expect(clippy::panic, reason = "these requests are about tickets")]
fn ticket(request: &Request) -> TicketId {
    let (Command::Ticket(id, _) | Command::Assignment(id, _)) = &request.command else {
        panic!("{request:?} is about no ticket");
    };
    *id
}

fn stream(request: &Request) -> String {
    stream_name("ticket", ticket(request).0)
}

#[test]
fn one_command_given_to_two_servers_at_once_is_one_event() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let [left, right] = &two.handlers;
        for round in 0..20 {
            let request = open(&format!("open {round}"))?;
            let (first, second) = tokio::try_join!(insist(left, &request), insist(right, &request))?;
            assert_eq!(first.position, second.position);
            assert_eq!(two.log.read_stream(&stream(&request), 0).await?.len(), 1);
            let again = rename(ticket(&request), &format!("rename {round}"))?;
            let (first, second) = tokio::try_join!(insist(left, &again), insist(right, &again))?;
            assert_eq!(first.position, second.position);
            let owned = assign(ticket(&request), &format!("assign {round}"), 7);
            let (first, second) = tokio::try_join!(insist(left, &owned), insist(right, &owned))?;
            assert_eq!(first.position, second.position);
            assert_eq!(two.log.read_stream(&stream(&request), 0).await?.len(), 2);
        }
        assert_eq!(
            two.log
                .read_all(Position::START, &["ticket.", "assignment."], 1000)
                .await?
                .len(),
            60
        );
        Box::pin(two.finish()).await
    })
}

#[test]
fn many_changes_of_one_ticket_from_two_servers_lose_nothing() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let opened = open("one")?;
        two.handlers[0].execute(&Rights::all(), &opened).await?;
        let requests = (0..64).map(|it| rename(ticket(&opened), &format!("subject {it}")));
        let requests = requests.collect::<Result<Vec<_>>>()?;
        let (left, right) = requests.split_at(32);
        let all = |handler: usize, requests: Vec<Request>| {
            let handler = &two.handlers[handler];
            try_join_all(requests.into_iter().map(|it| async move { insist(handler, &it).await }))
        };
        let (left, right) = tokio::try_join!(all(0, left.to_vec()), all(1, right.to_vec()))?;
        let answered: HashSet<u64> = left.iter().chain(&right).map(|it| it.position.0).collect();
        let there: HashSet<u64> = two
            .log
            .read_stream(&stream(&opened), 1)
            .await?
            .iter()
            .map(|it| it.position.0)
            .collect();
        assert_eq!(answered.len(), 64);
        assert_eq!(answered, there);
        Box::pin(two.finish()).await
    })
}

#[test]
fn numbers_are_unique_across_two_servers() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let two_ref = &two;
        let opening = (0..300).map(|it| async move {
            let request = open(&format!("ticket {it}"))?;
            insist(&two_ref.handlers[it % 2], &request).await
        });
        try_join_all(opening).await?;
        let mut numbers = HashSet::new();
        for raw in two.log.read_all(Position::START, &["ticket.opened"], 1000).await? {
            if let DomainEvent::Ticket(TicketEvent::Opened { number, .. }) = decode(&raw)?.event {
                ensure!(number > 0 && numbers.insert(number), "{number} is given twice");
            }
        }
        assert_eq!(numbers.len(), 300);
        let register = stream_name("ticket_numbers", singleton("ticket_numbers"));
        ensure!(!two.log.read_stream(&register, 0).await?.is_empty());
        Box::pin(two.finish()).await
    })
}

#[test]
fn what_one_server_remembers_is_corrected_by_the_log() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let [left, right] = &two.handlers;
        let opened = open("t")?;
        left.execute(&Rights::all(), &opened).await?;
        for turn in 0..10 {
            for (name, handler) in [("left", left), ("right", right)] {
                // Each has an outdated stream in its cache by now.
                insist(handler, &rename(ticket(&opened), &format!("{name} {turn}"))?).await?;
            }
        }
        assert_eq!(two.log.read_stream(&stream(&opened), 0).await?.len(), 21);
        let close = TicketCommand::Close {
            cause: CloseCause::Agent,
            reason: Some(ResolutionReason::Solved),
        };
        left.execute(
            &Rights::all(),
            &request("close", |_| Command::Ticket(ticket(&opened), close)),
        )
        .await?;
        let refused = right
            .execute(&Rights::all(), &rename(ticket(&opened), "too late")?)
            .await;
        let closed = CommandError::from(Refusal::from(TicketRefusal::Closed)).to_string();
        ensure!(
            refused.as_ref().is_err_and(|it| it.to_string() == closed),
            "{refused:?}"
        );
        Box::pin(two.finish()).await
    })
}

#[test]
fn reader_may_change_nothing() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let refused = two.handlers[0].execute(&Rights::default(), &open("t")?).await;
        ensure!(matches!(refused, Err(CommandError::Forbidden(_))), "{refused:?}");
        ensure!(two.all().await?.is_empty());
        Ok(two.node.stop().await?)
    })
}

#[test]
fn who_has_not_seen_an_estimate_has_seen_enough() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let [left, right] = &two.handlers;
        let opened = open("one")?;
        left.execute(&Rights::all(), &opened).await?;
        let id = ticket(&opened);
        let estimate = |p50_s| Estimate {
            eta: DateTime::UNIX_EPOCH + Duration::from_secs(p50_s),
            p50_s,
            p90_s: 2 * p50_s,
            basis_version: p50_s,
            basis: None,
        };
        let seen = |version, request: Request| Request {
            expected_version: Some(version),
            ..request
        };
        right.estimate(id, Uuid::from_u128(1), estimate(1)).await?;
        right.estimate(id, Uuid::from_u128(2), estimate(2)).await?;
        // Opened, estimated, estimated: 3 events, of which the client has seen one.
        let owned = seen(1, assign(id, "owner", 7));
        left.execute(&Rights::all(), &owned).await?;
        // Nobody may overlook the owner, whom nothing but remarks went before.
        for overlooked in 1..4 {
            let late = seen(overlooked, rename(id, &format!("{overlooked}"))?);
            let refused = left.execute(&Rights::all(), &late).await;
            ensure!(
                matches!(refused, Err(CommandError::Conflict { actual: 4, .. })),
                "{refused:?}"
            );
        }
        let unseen = seen(5, rename(id, "from the future")?);
        ensure!(left.execute(&Rights::all(), &unseen).await.is_err());
        left.execute(&Rights::all(), &seen(4, rename(id, "two")?)).await?;
        Box::pin(two.finish()).await
    })
}

#[test]
fn who_has_not_seen_what_rules_chose_decides_on_all_else() -> Result<()> {
    run(async {
        let two = Two::start().await?;
        let [left, right] = &two.handlers;
        let opened = open("one")?;
        left.execute(&Rights::all(), &opened).await?;
        let id = ticket(&opened);
        let seen = |version, request: Request| Request {
            expected_version: Some(version),
            ..request
        };
        let by_rule = || Chosen {
            by: ClassifiedBy::Rule,
            grounds: None,
        };
        let category = |key: &str| Some((key.to_owned(), by_rule()));
        let decided = |key, decision| request(key, |_| Command::Ticket(id, TicketCommand::Classify(decision)));
        let both = Decision {
            category: category("mail"),
            priority: Some((Priority::High, by_rule())),
        };
        // Opened, categorized, prioritized: 3 events, of which the client has seen one.
        right.execute(&Rights::all(), &decided("both", both)).await?;
        let categorize = |key: &str| {
            let category = CategoryKey::try_new("categoryId", "vpn").ok().map(|it| (it, None));
            let by = ClassifiedBy::Agent;
            request(key, |_| Command::Ticket(id, TicketCommand::Categorize { category, by }))
        };
        let prioritize = |key: &str| {
            let (priority, reason) = (Priority::Low, None);
            let command = TicketCommand::Prioritize { priority, reason };
            request(key, |_| Command::Ticket(id, command))
        };
        for late in [categorize("c1"), prioritize("p1")] {
            let refused = left.execute(&Rights::all(), &seen(1, late)).await;
            ensure!(
                matches!(refused, Err(CommandError::Conflict { actual: 3, .. })),
                "{refused:?}"
            );
        }
        // Whoever lacks the priority alone has seen the category.
        left.execute(&Rights::all(), &seen(2, categorize("c2"))).await?;
        let late = left.execute(&Rights::all(), &seen(2, prioritize("p2"))).await;
        ensure!(matches!(late, Err(CommandError::Conflict { .. })), "{late:?}");
        let again = Decision {
            category: None,
            priority: Some((Priority::Urgent, by_rule())),
        };
        right.execute(&Rights::all(), &decided("again", again)).await?;
        left.execute(&Rights::all(), &seen(4, assign(id, "owner", 7))).await?;
        // The owner lies behind what rules chose.
        let late = left.execute(&Rights::all(), &seen(4, rename(id, "late")?)).await;
        ensure!(matches!(late, Err(CommandError::Conflict { .. })), "{late:?}");
        left.execute(&Rights::all(), &seen(6, rename(id, "seen")?)).await?;
        Box::pin(two.finish()).await
    })
}
