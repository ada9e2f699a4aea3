//! What this machine can do in this run; each limit is measured when it is first held against something, next to it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use crate::{
    appends, copy, disk,
    load::Figures,
    report::{Report, progress},
    settings::{Section, Settings},
};

/// The ratios' names.
pub(crate) const BARE: &str = "bare appends";
pub(crate) const BARE_16: &str = "bare appends at 16";
pub(crate) const GROUP: &str = "raw group commit";
pub(crate) const COPY: &str = "COPY";

/// A look at the disk, before each durable figure.
const GLANCE: Duration = Duration::from_millis(250);

/// The limits of one run.
#[derive(Debug)]
pub(crate) struct Limits<'a> {
    pub(crate) report: &'a mut Report,
    window: Duration,
    group: BTreeMap<usize, f64>,
    bare: BTreeMap<usize, f64>,
    handler: BTreeMap<usize, f64>,
    copy: Option<f64>,
}

impl<'a> Limits<'a> {
    pub(crate) fn new(window: Duration, report: &'a mut Report) -> Self {
        Self {
            report,
            window,
            group: BTreeMap::new(),
            bare: BTreeMap::new(),
            handler: BTreeMap::new(),
            copy: None,
        }
    }

    /// Measures what has not been needed so far.
    pub(crate) async fn all(&mut self, settings: &Settings) -> Result<()> {
        for &clients in &settings.clients {
            self.group(clients).await?;
            self.bare(clients).await?;
        }
        self.copy().await.map(drop)
    }

    /// What the disk does now: measured anew each time.
    pub(crate) async fn fsync(&mut self) -> Result<f64> {
        let rate = disk::fdatasync(GLANCE).await?;
        self.report
            .row(Section::Limits, "700 B appended and fdatasync, one by one", "syncs/s")
            .value(rate);
        Ok(rate)
    }

    /// Appends a second to one file by this many writers that share syncs.
    pub(crate) async fn group(&mut self, writers: usize) -> Result<f64> {
        if let Some(rate) = self.group.get(&writers) {
            return Ok(*rate);
        }
        let fsync = self.fsync().await?;
        let figures = disk::group_commit(writers, self.window / 2).await?;
        self.group.insert(writers, figures.rate);
        self.durable(
            &format!("raw group commit of 700 B, {writers:>2} writers"),
            figures,
            fsync,
        );
        Ok(figures.rate)
    }

    /// Appends a second through the event store's client.
    pub(crate) async fn bare(&mut self, clients: usize) -> Result<f64> {
        if let Some(rate) = self.bare.get(&clients) {
            return Ok(*rate);
        }
        progress(&format!("bare appends at {clients}"));
        let fsync = self.fsync().await?;
        let figures = appends::bare(clients, self.window).await?;
        self.bare.insert(clients, figures.rate);
        self.durable(
            &format!("bare appends to the embedded node, at {clients:>2}"),
            figures,
            fsync,
        );
        Ok(figures.rate)
    }

    /// Rows a second into the ticket list's table.
    pub(crate) async fn copy(&mut self) -> Result<f64> {
        if let Some(rate) = self.copy {
            return Ok(rate);
        }
        progress("COPY");
        let fsync = self.fsync().await?;
        let rate = copy::copy().await?;
        self.copy = Some(rate);
        self.report
            .row(
                Section::Limits,
                "binary COPY into read_ticket_list_v7.ticket_list, 29 indexes",
                "rows/s",
            )
            .value(rate)
            .fsync(fsync);
        Ok(rate)
    }

    /// What the handler reached without projections in this run, if it was measured.
    pub(crate) fn handler(&self, clients: usize) -> Option<f64> {
        self.handler.get(&clients).copied()
    }

    pub(crate) fn learn_handler(&mut self, clients: usize, rate: f64) {
        self.handler.insert(clients, rate);
    }

    fn durable(&mut self, what: &str, figures: Figures, fsync: f64) {
        self.report
            .row(Section::Limits, what, "appends/s")
            .figures(figures)
            .fsync(fsync);
    }
}
