//! Commands straight into the handler: fold, decide, encode, append.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use commands::Handler;
use domain::access::Rights;

use crate::{
    limits::{BARE, BARE_16, GROUP, Limits},
    load::{Client, Figures, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
    stack::Stack,
    workload::Script,
};

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    for &clients in &settings.clients {
        let group = limits.group(clients).await?;
        let bare = limits.bare(clients).await?;
        progress(&format!("handler at {clients}"));
        let fsync = limits.fsync().await?;
        let figures = alone(clients, settings.window).await?;
        limits.learn_handler(clients, figures.rate);
        // Measured by then, unless other numbers of clients were asked for.
        let bare_16 = if clients == 64 {
            Some(limits.bare(16).await?)
        } else {
            None
        };
        let row = limits
            .report
            .row(Section::Handler, &format!("commands at {clients:>2}"), "commands/s")
            .figures(figures)
            .fsync(fsync)
            .ratio(BARE, figures.rate / bare)
            .ratio(GROUP, figures.rate / group);
        if let Some(bare_16) = bare_16 {
            row.ratio(BARE_16, figures.rate / bare_16).aim(Aim::Ratio {
                least: 7_500.0 / 6_800.0,
                of: BARE_16,
                value: 7_500.0,
            });
        } else if clients == 16 {
            row.aim(Aim::Ratio {
                least: 6_000.0 / 6_800.0,
                of: BARE,
                value: 6_000.0,
            });
        }
    }
    Ok(())
}

async fn alone(clients: usize, window: Duration) -> Result<Figures> {
    let stack = Stack::start().await?;
    let figures = drive(commanders(&stack.handler, clients, "bench"), window).await?;
    stack.stop().await?;
    Ok(figures)
}

/// Clients of one handler; `tag` must be another one for each set of clients of the same log.
pub(crate) fn commanders(handler: &Arc<Handler>, clients: usize, tag: &str) -> Vec<Commander> {
    (0..clients)
        .map(|client| Commander {
            handler: Arc::clone(handler),
            script: Script::new(format!("{tag}-{client}")),
        })
        .collect()
}

/// Gives commands as the administrator.
#[derive(Debug)]
pub(crate) struct Commander {
    pub(crate) handler: Arc<Handler>,
    pub(crate) script: Script,
}

impl Client for Commander {
    async fn step(&mut self) -> Result<()> {
        let request = self.script.next()?;
        self.handler.execute(&Rights::all(), &request).await?;
        Ok(())
    }
}
