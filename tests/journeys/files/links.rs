//! Links: for one file, one errand, some minutes.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use commands::Clock;
use serde_json::json;
use tests::{App, run};

use super::{announced, attached, bring, code, file, files, picture, put, text};

#[test]
fn link_opens_what_it_was_made_for_and_nothing_else() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let foreign = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let (_, bring_to) = announced(client, file(&ticket, "k", "a.txt", "text/plain", 3)).await?;
        let id = bring(client, &ticket, "b.txt", "text/plain", b"abc").await?;
        let shown = attached(client, &ticket, "m", &id).await?;
        let url = text(&shown, "url")?;
        let token = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        let invalid = (403, "FILE_LINK_INVALID".to_owned());
        let read = async |token: &str| code(client.fetch(&format!("/files/{token}")).await?).await;
        let bring_by = async |token: &str| code(put(client, &format!("/files/upload/{token}"), "abc").await?).await;
        assert_eq!(read(&token(&bring_to)).await?, invalid, "a link to bring reads nothing");
        assert_eq!(bring_by(&token(url)).await?, invalid, "a link to read brings nothing");
        let good = token(url);
        for place in [0, 5, 20, 30, good.len() - 3] {
            let mut letters: Vec<char> = good.chars().collect();
            letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
            assert_eq!(
                read(&letters.into_iter().collect::<String>()).await?,
                invalid,
                "place {place}"
            );
        }
        for bad in ["x", "....", "%D1%8F", &good[..good.len() / 2]] {
            assert_eq!(read(bad).await?, invalid, "{bad}");
        }
        let elsewhere = code(foreign.client.fetch(url).await?).await?;
        assert_eq!(elsewhere, invalid, "another installation's");
        let (ok, body) = client.get(url).await?;
        assert_eq!((ok, body.as_str()), (200, "abc"));
        clock.advance(TimeDelta::minutes(6));
        assert_eq!(read(&good).await?, (403, "FILE_LINK_EXPIRED".to_owned()));
        clock.advance(TimeDelta::minutes(10));
        assert_eq!(
            bring_by(&token(&bring_to)).await?,
            (403, "FILE_LINK_EXPIRED".to_owned())
        );
        let anew = files(client, &ticket).await?;
        assert_eq!(
            client.get(text(&anew[0], "url")?).await?.0,
            200,
            "whoever asks again gets another"
        );
        assert_eq!(client.anonymous().get("/files/upload/x").await?.0, 405);
        foreign.finish().await?;
        app.finish().await
    })
}

#[test]
fn reading_is_on_record_once_for_each_link_with_its_reader() -> Result<()> {
    run(async {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let id = bring(client, &ticket, "a.png", "image/png", &picture()).await?;
        let shown = attached(client, &ticket, "m", &id).await?;
        let url = text(&shown, "url")?;
        let response = client.fetch(url).await?;
        assert!(
            response.headers()["content-disposition"]
                .to_str()?
                .starts_with("inline; ")
        );
        assert_eq!(response.headers()["content-type"], "image/png");
        client.fetch(url).await?;
        for range in ["bytes=0-0", "bytes=5-"] {
            let part = client.anonymous().request(reqwest::Method::GET, url);
            assert_eq!(part.header("range", range).send().await?.status(), 206);
        }
        tests::poll("there is no small picture", async || {
            let known = files(client, &ticket).await;
            known.is_ok_and(|it| it[0]["previewUrl"].is_string())
        })
        .await?;
        let first = files(client, &ticket).await?;
        clock.advance(TimeDelta::seconds(1));
        let second = files(client, &ticket).await?;
        for known in [&first, &first, &second] {
            assert_eq!(client.fetch(text(&known[0], "previewUrl")?).await?.status(), 200);
        }
        let another = text(&second[0], "url")?;
        assert_ne!(another, url);
        client.fetch(another).await?;
        let pool = sqlx::PgPool::connect(&app.database_url).await?;
        let read = async || -> Option<Vec<(String, Option<String>, bool)>> {
            let rows = "SELECT reader, address, preview FROM read_attachment_v1.attachment_download ORDER BY position";
            sqlx::query_as(rows).fetch_all(&pool).await.ok()
        };
        tests::poll("what is read is not on record", async || {
            read().await.is_some_and(|it| it.len() >= 3)
        })
        .await?;
        let expected = |preview| ("api_key:bootstrap".to_owned(), Some("127.0.0.1".to_owned()), preview);
        let on_record = read().await.context("no record")?;
        assert_eq!(on_record, [expected(false), expected(true), expected(false)]);
        pool.close().await;
        app.finish().await
    })
}
