//! A service desk's history into an empty log: how fast, and in how much memory.

use std::{
    env,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use channels::servicenow::{self, ImportOptions};
use tempfile::TempDir;
use tests::Program;
use tokio::time::sleep;
use zip::ZipArchive;

use crate::{
    limits::{BARE_16, Limits},
    load::per_second,
    report::{Aim, megabytes, progress},
    settings::Section,
    stack::Stack,
};

/// Of the synthetic log.
const INCIDENTS: usize = 5_000;
const HEADER: &str = "number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,caller_id,\
    opened_by,opened_at,sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_type,location,category,\
    subcategory,u_symptom,cmdb_ci,impact,urgency,priority,assignment_group,assigned_to,knowledge,\
    u_priority_confirmation,notify,problem_id,rfc,vendor,caused_by,closed_code,resolved_by,resolved_at,closed_at";
const STATES: [&str; 6] = ["New", "Active", "Awaiting User Info", "Active", "Resolved", "Closed"];
const GLANCE: Duration = Duration::from_millis(50);

/// The file to import.
#[derive(Debug)]
pub(crate) struct Incidents {
    file: PathBuf,
    folder: TempDir,
    says: String,
}

impl Incidents {
    /// The real log where it is, else one made up.
    pub(crate) fn find() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("incidents.csv");
        let says = if let Some(shared) = env::var_os("LETOPIS_SHARED_DATA") {
            let zipped = Path::new(&shared).join("incidents/incident_event_log.zip");
            unzip(&zipped, &file).with_context(|| format!("{} does not unzip", zipped.display()))?;
            "Imported: the service desk's incident log of LETOPIS_SHARED_DATA.".to_owned()
        } else {
            make_up(&file)?;
            format!("Imported: {INCIDENTS} made-up incidents; set LETOPIS_SHARED_DATA for the real log.")
        };
        Ok(Self { file, folder, says })
    }

    /// Which file it is.
    pub(crate) fn says(&self) -> &str {
        &self.says
    }
}

fn unzip(zipped: &Path, file: &Path) -> Result<()> {
    let mut archive = ZipArchive::new(File::open(zipped)?)?;
    std::io::copy(&mut archive.by_index(0)?, &mut File::create(file)?)?;
    Ok(())
}

fn make_up(file: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "{HEADER}")?;
    for incident in 0..INCIDENTS {
        let (caller, agent, category) = (incident % 900, incident % 150, incident % 40);
        let (day, priority) = (1 + incident % 20, 1 + incident % 4);
        for (count, state) in STATES.iter().enumerate() {
            let assigned = if count == 0 { "?".to_owned() } else { agent.to_string() };
            writeln!(
                out,
                "{incident:07},{state},true,0,0,{count},true,{caller},8,{day}/3/2016 01:16,6,{day}/3/2016 01:23,21,\
                 {}/3/2016 0{count}:30,Phone,143,{category},170,72,?,2,2,{priority},56,{assigned},true,false,\
                 Do Not Notify,?,?,?,?,5,149,?,?",
                day + count
            )?;
        }
    }
    Ok(out.flush()?)
}

/// An imported log, still running.
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) stack: Stack,
}

/// Imports once in this process, for the speed, and once in another, for the memory.
pub(crate) async fn import(incidents: &Incidents, limits: &mut Limits<'_>) -> Result<Imported> {
    let bare_16 = limits.bare(16).await?;
    progress("import");
    let fsync = limits.fsync().await?;
    let stack = Stack::start().await?;
    let options = ImportOptions {
        file: incidents.file.clone(),
        rejects: incidents.folder.path().join("rejects.csv"),
        concurrency: ImportOptions::CONCURRENCY,
    };
    let start = Instant::now();
    let summary = servicenow::import(&stack.handler, &options, |_| ()).await?;
    let time = start.elapsed();
    let events = per_second(usize::try_from(summary.events_appended)?, time);
    limits
        .report
        .row(Section::Import, "events", "events/s")
        .value(events)
        .fsync(fsync)
        .ratio(BARE_16, events / bare_16)
        .aim(Aim::Ratio {
            least: 10_000.0 / 6_800.0,
            of: BARE_16,
            value: 10_000.0,
        });
    limits
        .report
        .row(Section::Import, "tickets", "tickets/s")
        .value(per_second(usize::try_from(summary.imported)?, time))
        .fsync(fsync);
    limits.report.note(format!(
        "Import: {} events of {} tickets in one run.",
        summary.events_appended, summary.imported
    ));
    memory(incidents, limits).await?;
    Ok(Imported { stack })
}

async fn memory(incidents: &Incidents, limits: &mut Limits<'_>) -> Result<()> {
    progress("import by the program, for its memory");
    match peak(incidents).await {
        Ok(kibibytes) => {
            limits
                .report
                .row(Section::Import, "peak resident memory of `letopis import`", "MB")
                .value(megabytes(kibibytes))
                .aim(Aim::AtMost(250.0));
        }
        Err(error) => limits
            .report
            .note(format!("Memory of the import is not measured: {error:#}")),
    }
    Ok(())
}

/// Largest resident size of `letopis import`, in KiB.
async fn peak(incidents: &Incidents) -> Result<usize> {
    let data = tempfile::tempdir()?;
    let rejects = data.path().join("rejects.csv");
    let folder = data.path().join("data");
    let [file, folder, rejects] = [&incidents.file, &folder, &rejects].map(|it| it.to_string_lossy());
    let arguments = [
        "import",
        "servicenow-csv",
        &file,
        "--data",
        &folder,
        "--rejects",
        &rejects,
    ];
    let mut program = Program::command(&arguments)?
        .env_remove("EVENT_STORE_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let id = program.id().context("the program has no id")?;
    let mut peak = 0;
    let status = loop {
        peak = high_water(id).unwrap_or_default().max(peak);
        if let Some(status) = program.try_wait()? {
            break status;
        }
        sleep(GLANCE).await;
    };
    ensure!(status.success(), "`letopis import` ends with {status}");
    Ok(peak)
}

/// `None` when the process is gone, or this is not Linux.
fn high_water(id: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
