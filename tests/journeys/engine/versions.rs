//! Builds beside each other: of one version, and of two.

use anyhow::{Context, Result, ensure};
use projections::{Model, checkpoint, generation};
use tests::{
    poll, run,
    tallies::{NARROW, TALLIES, WIDER},
};

use super::Bench;

async fn analysts_columns(bench: &Bench) -> Result<Vec<String>> {
    let columns = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = 'analytics' AND table_name = 'tally' ORDER BY ordinal_position",
    );
    Ok(columns.fetch_all(&bench.pool).await?)
}

async fn state(bench: &Bench, id: i64) -> Result<generation::Generation> {
    let all = generation::all(&bench.pool).await?;
    all.into_iter().find(|it| it.id == id).context("the build is gone")
}

#[test]
fn new_version_is_filled_beside_the_old_one_swapped_swapped_back_and_forward_again() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        bench.tickets(0..20).await?;
        let old = bench.work(&[NARROW])?;
        bench.shows(&[NARROW], bench.log.head().await?).await?;
        let narrow = bench.serving(&NARROW).await?;
        // The newer program comes while the older one works on.
        let new = bench.work(&[WIDER])?;
        let position = bench.tickets(20..30).await?;
        bench.shows(&[NARROW, WIDER], position).await?;
        let wide = bench.serving(&WIDER).await?;
        ensure!(state(&bench, wide).await?.current && !state(&bench, narrow).await?.current);
        ensure!(
            analysts_columns(&bench)
                .await?
                .last()
                .is_some_and(|it| it == "newest_at")
        );
        for (model, id, columns) in [(NARROW, narrow, 3), (WIDER, wide, 4)] {
            generation::swap(&bench.pool, &model, id).await?;
            ensure!(state(&bench, id).await?.current && state(&bench, narrow).await?.serving);
            ensure!(analysts_columns(&bench).await?.len() == columns);
            let position = bench.ticket(&format!("after {id}")).await?;
            bench.shows(&[NARROW, WIDER], position).await?;
        }
        old.stop().await?;
        new.stop().await?;
        bench.equals_rebuild(&[NARROW]).await?;
        bench.equals_rebuild(&[WIDER]).await?;
        ensure!(generation::release(&bench.pool, &WIDER).await? == [narrow]);
        let schema: Option<String> = sqlx::query_scalar("SELECT to_regnamespace('read_tally_a_v1')::text")
            .fetch_one(&bench.pool)
            .await?;
        ensure!(schema.is_none(), "the released build left its schema");
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn rebuild_of_a_version_takes_its_place_and_gives_it_back() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let model: Model = TALLIES[0];
        bench.tickets(0..20).await?;
        let working = bench.work(&[model])?;
        bench.shows(&[model], bench.log.head().await?).await?;
        let first = bench.serving(&model).await?;
        let head = bench.log.head().await?;
        let second = generation::begin(&bench.pool, &model, 3, head, true).await?;
        let twice = generation::begin(&bench.pool, &model, 1, head, true).await;
        let said = twice.err().context("two builds at a time")?.to_string();
        ensure!(said.contains("tally_a") && said.contains(&second.to_string()), "{said}");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut number = 20;
        while bench.serving(&model).await? != second {
            ensure!(std::time::Instant::now() < until, "it is never swapped");
            bench.tickets(number..number + 1).await?;
            number += 1;
        }
        let parts = checkpoint::serving(&bench.pool).await?;
        ensure!(parts.iter().filter(|it| it.model == model.name).count() == 3);
        for id in [first, second] {
            generation::swap(&bench.pool, &model, id).await?;
            ensure!(bench.serving(&model).await? == id && state(&bench, id).await?.schema == model.schema());
            let position = bench.ticket(&format!("after {id}")).await?;
            bench.shows(&[model], position).await?;
        }
        working.stop().await?;
        bench.equals_rebuild(&[model]).await?;
        ensure!(generation::release(&bench.pool, &model).await? == [first]);
        let gone = generation::swap(&bench.pool, &model, first).await;
        let said = gone.err().context("a released build serves")?.to_string();
        ensure!(said.contains(&second.to_string()), "{said}");
        Ok(bench.node.stop().await?)
    })
}

#[test]
fn build_made_for_a_comparison_never_counts_and_goes_with_its_maker() -> Result<()> {
    run(async {
        let bench = Bench::start().await?;
        let model: Model = TALLIES[0];
        let position = bench.tickets(0..3).await?;
        let head = bench.log.head().await?;
        let [compared, left] = [
            generation::begin_scratch(&bench.pool, &model, head).await?,
            generation::begin_scratch(&bench.pool, &model, head).await?,
        ];
        let (held_id, left_id) = (compared.id(), left.id());
        let refused = generation::swap(&bench.pool, &model, held_id).await;
        ensure!(refused.is_err(), "it serves");
        drop(left);
        let working = bench.work(&[model])?;
        bench.shows(&[model], position).await?;
        ensure!(bench.serving(&model).await? > left_id);
        poll("what nobody holds stays", async || {
            state(&bench, left_id).await.is_err()
        })
        .await?;
        ensure!(state(&bench, held_id).await?.scratch);
        ensure!(generation::release(&bench.pool, &model).await?.is_empty());
        drop(compared);
        poll("what nobody holds stays", async || {
            state(&bench, held_id).await.is_err()
        })
        .await?;
        working.stop().await?;
        bench.equals_rebuild(&[model]).await?;
        Ok(bench.node.stop().await?)
    })
}
