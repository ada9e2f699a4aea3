//! Files cut or changed at random points. `LETOPIS_DAMAGE_CASES` sets how many cases.

use std::collections::BTreeMap;
use std::path::Path;

use event_store_node::{Node, NodeConfig, NodeError};
use kurrentdb::{Client, ReadAllOptions, ReadStream, ReadStreamOptions, StreamPosition, StreamState};
use tempfile::TempDir;

use crate::program::{Program, append, event};
use crate::random::{Random, from_environment};

const FILES: [&str; 4] = ["events.db", "events.db-wal", "events.db-shm", "acknowledged"];

/// A data directory and what was acknowledged in it.
struct Sample {
    directory: TempDir,
    /// Stream, revision and id in the order of positions.
    log: Vec<(String, u64, u128)>,
}

/// `merged` appends end up in the data file, the `open` ones in the write-ahead log of a killed node.
async fn sample(merged: u128, open: u128) -> Sample {
    let directory = TempDir::new().unwrap();
    let mut log = Vec::new();
    let program = Program::start(directory.path()).await;
    fill(&program.client(), 0..merged, &mut log).await;
    let (success, text) = program.stopped().await;
    assert!(success, "{text}");
    let program = Program::start(directory.path()).await;
    fill(&program.client(), merged..merged + open, &mut log).await;
    if open > 0 {
        program.killed().await;
    } else {
        program.stopped().await;
    }
    Sample { directory, log }
}

async fn fill(client: &Client, numbers: std::ops::Range<u128>, log: &mut Vec<(String, u64, u128)>) {
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for (stream, _, _) in log.iter() {
        *next.entry(stream.clone()).or_default() += 1;
    }
    for number in numbers {
        let stream = format!("stream-{}", number % 7);
        let ids: Vec<u128> = (number * 10..number * 10 + 1 + number % 5).collect();
        let size = if number % 9 == 0 { 6000 } else { 60 };
        let events = ids.iter().map(|id| event(*id, size)).collect();
        append(client, &stream, StreamState::Any, events).await.unwrap();
        for id in ids {
            let revision = next.entry(stream.clone()).or_default();
            log.push((stream.clone(), *revision, id));
            *revision += 1;
        }
    }
}

/// What was done, for the message when it goes unnoticed. `None`: there is no such file, or nothing in it.
fn harm(directory: &Path, random: &mut Random) -> Option<String> {
    let file = FILES[usize::try_from(random.below(FILES.len() as u64)).unwrap()];
    let path = directory.join(file);
    let mut bytes = std::fs::read(&path).ok().filter(|bytes| !bytes.is_empty())?;
    let length = bytes.len() as u64;
    let at = usize::try_from(random.below(length)).unwrap();
    let what = match random.below(6) {
        0 => {
            bytes.truncate(at);
            format!("{file} cut at {at} of {length}")
        }
        1 => {
            // Whole pages are what a file system loses.
            let page = at / 4096 * 4096;
            let end = bytes.len().min(page + 4096);
            bytes[page..end].fill(0);
            format!("{file} zeroed from {page} to {end} of {length}")
        }
        2 => {
            let end = bytes.len().min(at + 16);
            bytes[at..end].iter_mut().for_each(|byte| *byte = !*byte);
            format!("{file} inverted from {at} to {end} of {length}")
        }
        3 if file == "events.db" => {
            // Headers of pages hold what is found where.
            let at = at / 4096 * 4096 + usize::try_from(random.below(16)).unwrap().min(bytes.len() - 1);
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= 1 << random.below(8);
            format!("{file} one bit at {at} of {length}")
        }
        _ => {
            bytes[at] ^= 1 << random.below(8);
            format!("{file} one bit at {at} of {length}")
        }
    };
    std::fs::write(path, bytes).unwrap();
    Some(what)
}

async fn events(stream: Result<ReadStream, kurrentdb::Error>) -> Result<Vec<(String, u64, u128)>, String> {
    let mut stream = stream.map_err(|error| error.to_string())?;
    let mut events = Vec::new();
    while let Some(event) = stream.next().await.map_err(|error| error.to_string())? {
        let event = event.event.unwrap();
        events.push((event.stream_id().to_owned(), event.revision, event.id.as_u128()));
    }
    Ok(events)
}

/// Everything, by each way there is, or why not.
async fn read(client: &Client, log: &[(String, u64, u128)]) -> Result<Vec<Vec<(String, u64, u128)>>, String> {
    let options = ReadAllOptions::default().position(StreamPosition::Start);
    let mut answers = vec![events(client.read_all(&options).await).await?];
    for stream in names(log) {
        let options = ReadStreamOptions::default().position(StreamPosition::Start);
        answers.push(events(client.read_stream(stream, &options).await).await?);
    }
    Ok(answers)
}

fn names(log: &[(String, u64, u128)]) -> std::collections::BTreeSet<&str> {
    log.iter().map(|(stream, _, _)| stream.as_str()).collect()
}

fn expected(log: &[(String, u64, u128)]) -> Vec<Vec<(String, u64, u128)>> {
    let streams = names(log).into_iter().map(|name| {
        let events = log.iter().filter(|(stream, _, _)| stream == name);
        events.cloned().collect()
    });
    std::iter::once(log.to_vec()).chain(streams).collect()
}

/// `true` when the damage was refused, `false` when it did not matter.
async fn case(sample: &Sample, random: &mut Random) -> Option<bool> {
    let directory = TempDir::new_in("/dev/shm").or_else(|_none| TempDir::new()).unwrap();
    for entry in std::fs::read_dir(sample.directory.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    let what = harm(directory.path(), random)?;
    let config = NodeConfig {
        data: directory.path().to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let node = match Node::start(config).await {
        Ok(node) => node,
        Err(refusal) => {
            complains(&what, &refusal);
            return Some(true);
        }
    };
    let client = Client::new(node.connection_string().parse().unwrap()).unwrap();
    let answers = read(&client, &sample.log).await;
    let fault = node.stop().await.err();
    match (answers, fault) {
        (Ok(answers), None) => {
            assert!(answers == expected(&sample.log), "{what}: not everything was served");
            Some(false)
        }
        (Ok(_) | Err(_), Some(fault)) => {
            complains(&what, &fault);
            Some(true)
        }
        (Err(error), None) => panic!("{what}: {error} without a fault"),
    }
}

fn complains(what: &str, fault: &NodeError) {
    let text = fault.to_string();
    assert!(!matches!(fault, NodeError::Ended { .. }), "{what}: {text}");
    assert!(
        text.contains("events.db") || text.contains("acknowledged"),
        "{what}: {text}"
    );
    assert_eq!(text.lines().count(), 1, "{what}: {text}");
}

#[tokio::test]
async fn damaged_files_are_refused_or_served_whole() {
    let samples = [sample(120, 0).await, sample(60, 60).await, sample(0, 40).await];
    let cases = from_environment("LETOPIS_DAMAGE_CASES", 150);
    let mut random = Random::seeded(from_environment("LETOPIS_DAMAGE_SEED", 1));
    let (mut done, mut refused) = (0, 0);
    while done < cases {
        let sample = &samples[usize::try_from(done % samples.len() as u64).unwrap()];
        if let Some(found) = case(sample, &mut random).await {
            done += 1;
            refused += u64::from(found);
        }
    }
    assert!(refused > cases / 4, "only {refused} of {cases} were refused");
    eprint(cases, refused);
}

#[expect(clippy::print_stderr, reason = "a long run wants its figures")]
fn eprint(cases: u64, refused: u64) {
    eprintln!("{cases} cases: {refused} refused, the others served whole");
}
