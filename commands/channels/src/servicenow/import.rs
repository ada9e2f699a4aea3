//! From the file into the log, many incidents at once.

use std::{
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use commands::{CommandError, Handler, History, HistoryError, Present, Stored};
use domain::{assignment::Assignment, ids::CommandId, ids::foreign, ticket::Ticket};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::{
    CHANNEL, ImportError, ImportOptions, Progress, Summary,
    desk::Desk,
    incidents::{Found, Incident, Incidents},
    numbers::TicketNumbers,
    rejects::{Reject, Rejects},
    story::{importer, story},
};

/// What the reading thread finds, and how many bytes it has read by then.
type Reading = io::Result<(Found, u64)>;

/// Imports a file. What is in the log of it already is recognised and not written again.
///
/// # Errors
/// [`ImportError`]. What was appended before stays; running the import again goes on.
pub async fn import(
    handler: &Handler,
    options: &ImportOptions,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<Summary, ImportError> {
    let path = &options.file;
    let unreadable = |source| ImportError::Unreadable {
        path: path.clone(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let bytes_total = file.metadata().map_err(unreadable)?.len();
    let (incidents, notes) = Incidents::new(BufReader::with_capacity(1 << 16, file), path)?;
    let rejects = Rejects::new(&options.rejects, path)?;
    let mut run = Run {
        path,
        rejects,
        summary: Summary {
            notes,
            ..Summary::default()
        },
        progress: Progress {
            bytes_total,
            ..Progress::default()
        },
    };
    let numbers = TicketNumbers::new(handler).await.map_err(|error| run.stopped(error))?;
    let ahead = (numbers, Desk::default());
    let concurrency = options.concurrency.max(1);
    let (sender, receiver) = mpsc::channel(concurrency);
    // Not awaited: it ends when the file does, or at the latest when the receiver is gone.
    tokio::task::spawn_blocking(move || read(incidents, &sender));
    let taken = numbered(handler, receiver, ahead)
        .map(|it| take(handler, it))
        .buffered(concurrency);
    let mut taken = std::pin::pin!(taken);
    while let Some(taken) = taken.next().await {
        run.count(taken)?;
        progress(run.progress);
    }
    run.rejects.finish()?;
    progress(Progress {
        bytes_read: bytes_total,
        ..run.progress
    });
    Ok(run.summary)
}

/// Reads the file on a thread of its own: disks make one wait.
fn read(mut incidents: Incidents<BufReader<File>>, sender: &mpsc::Sender<Reading>) {
    while let Some(reading) = incidents.next().transpose() {
        let failed = reading.is_err();
        let reading = reading.map(|it| (it, incidents.bytes()));
        if sender.blocking_send(reading).is_err() || failed {
            return;
        }
    }
}

/// Something found, on its way into the log.
struct Numbered {
    found: Found,
    /// Of the ticket; 0 when there will be none.
    number: i64,
    bytes: u64,
}

/// Gives numbers in the order of the file, once the organisation has what an incident points at.
fn numbered(
    handler: &Handler,
    receiver: mpsc::Receiver<Reading>,
    ahead: (TicketNumbers, Desk),
) -> impl Stream<Item = Result<Numbered, Fault>> {
    stream::unfold(
        (receiver, ahead),
        async move |(mut receiver, (mut numbers, mut desk))| {
            let numbered = match receiver.recv().await? {
                Ok((found, bytes)) => {
                    let number = match &found {
                        Found::Incident(it) if !it.rows.is_empty() => match desk.fill(handler, it).await {
                            Ok(()) => numbers.of(handler, &it.number).await,
                            Err(error) => Err(error),
                        },
                        Found::Incident(_) | Found::Reject(_) => Ok(0),
                    };
                    number
                        .map(|number| Numbered { found, number, bytes })
                        .map_err(Fault::Log)
                }
                Err(error) => Err(Fault::File(error)),
            };
            Some((numbered, (receiver, (numbers, desk))))
        },
    )
}

/// What stops an import.
enum Fault {
    File(io::Error),
    Log(CommandError),
}

/// What has become of something found.
struct Taken {
    bytes: u64,
    rows: u64,
    /// `None` for a row that cannot be placed.
    fate: Option<Fate>,
    rejects: Vec<Reject>,
}

/// What has become of an incident.
#[derive(Clone, Copy)]
enum Fate {
    Recorded(Present),
    Rejected { appended: usize },
}

async fn take(handler: &Handler, numbered: Result<Numbered, Fault>) -> Result<Taken, Fault> {
    let Numbered { found, number, bytes } = numbered?;
    match found {
        Found::Reject(reject) => Ok(Taken {
            bytes,
            rows: 1,
            fate: None,
            rejects: vec![reject],
        }),
        Found::Incident(incident) => {
            let (fate, rejects) = record(handler, &incident, number).await.map_err(Fault::Log)?;
            Ok(Taken {
                bytes,
                rows: incident.rows.len() as u64,
                fate: Some(fate),
                rejects,
            })
        }
    }
}

/// The ticket's history first, so that there is never an owner of nothing.
async fn record(handler: &Handler, incident: &Incident, number: i64) -> Result<(Fate, Vec<Reject>), CommandError> {
    let mut told = story(incident, number);
    if told.ticket.is_empty() {
        return Ok((Fate::Rejected { appended: 0 }, told.rejects));
    }
    let ticket = append::<Ticket>(handler, incident, "incident history", told.ticket).await?;
    let assignment = match &ticket {
        Ok(_) => append::<Assignment>(handler, incident, "assignment history", told.assignment).await?,
        Err(_) => Ok(Present::default()),
    };
    let fate = match (ticket, assignment) {
        (Ok(ticket), Ok(assignment)) => Fate::Recorded(Present {
            appended: ticket.appended + assignment.appended,
            before: ticket.before + assignment.before,
        }),
        (Ok(Present { appended, .. }), Err(reject)) => {
            told.rejects.push(reject);
            Fate::Rejected { appended }
        }
        (Err(reject), _) => {
            told.rejects.push(reject);
            Fate::Rejected { appended: 0 }
        }
    };
    Ok((fate, told.rejects))
}

/// Appends one of an incident's histories; the inner error is for people.
async fn append<D: Stored<Refusal: std::fmt::Display>>(
    handler: &Handler,
    incident: &Incident,
    kind: &str,
    steps: Vec<(D::Command, chrono::DateTime<chrono::Utc>)>,
) -> Result<Result<Present, Reject>, CommandError> {
    let command_id = CommandId(foreign(CHANNEL, kind, &incident.number));
    let history = History {
        id: incident.ticket_id.0,
        command_id,
        actor: importer(),
        steps,
    };
    let reason = match handler.record::<D>(&history).await {
        Ok(present) => return Ok(Ok(present)),
        // Such as a caller whose personal data was erased: one incident less, not the end of the import.
        Err(HistoryError::Command(CommandError::Refused(refusal))) => refusal.to_string(),
        Err(HistoryError::Command(error)) => return Err(error),
        Err(error @ (HistoryError::Refused { .. } | HistoryError::Diverged { .. })) => error.to_string(),
    };
    let (line, number) = (incident.line, incident.number.clone());
    Ok(Err(Reject {
        line,
        number,
        column: "",
        value: String::new(),
        reason,
    }))
}

/// The run's books.
struct Run<'a> {
    path: &'a Path,
    rejects: Rejects,
    summary: Summary,
    progress: Progress,
}

impl Run<'_> {
    fn count(&mut self, taken: Result<Taken, Fault>) -> Result<(), ImportError> {
        let taken = taken.map_err(|fault| match fault {
            Fault::File(source) => ImportError::Unreadable {
                path: self.path.to_owned(),
                source,
            },
            Fault::Log(error) => self.stopped(error),
        })?;
        for reject in &taken.rejects {
            self.rejects.write(reject)?;
        }
        let summary = &mut self.summary;
        summary.rows += taken.rows;
        summary.rejected_rows += taken.rejects.len() as u64;
        if let Some(fate) = taken.fate {
            summary.incidents += 1;
            let (count, appended) = match fate {
                Fate::Recorded(Present { before: 0, appended }) => (&mut summary.imported, appended),
                Fate::Recorded(Present { appended: 0, .. }) => (&mut summary.already_there, 0),
                Fate::Recorded(Present { appended, .. }) => (&mut summary.extended, appended),
                Fate::Rejected { appended } => (&mut summary.rejected_incidents, appended),
            };
            *count += 1;
            summary.events_appended += appended as u64;
        }
        let Progress { bytes_total, .. } = self.progress;
        let (incidents, events) = (summary.incidents, summary.events_appended);
        self.progress = Progress {
            bytes_read: taken.bytes,
            bytes_total,
            incidents,
            events,
        };
        Ok(())
    }

    fn stopped(&self, source: CommandError) -> ImportError {
        ImportError::Log {
            path: self.path.to_owned(),
            incidents: self.summary.incidents,
            source,
        }
    }
}
