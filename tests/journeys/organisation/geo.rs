//! Where an address is, and which branch answers for it.

use anyhow::{Result, ensure};
use api::{config::Config, server::Server};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, mmdb, run};

use super::{branch, made};

const QUERY: &str = "query($ip: String!) { regionOf(ip: $ip) { country region branch { name } } }";

async fn region_of(client: &Client, ip: &str) -> Result<Value> {
    Ok(client.data(QUERY, json!({"ip": ip})).await?["regionOf"].take())
}

#[test]
fn address_leads_to_its_branch_by_the_region_map() -> Result<()> {
    run(async {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("test.mmdb");
        let ural = ([203, 0, 113, 0].into(), 24, "RU", Some("SVE"));
        let moscow = ([198, 51, 100, 0].into(), 25, "RU", Some("MOW"));
        let berlin = ([198, 51, 100, 128].into(), 25, "DE", None);
        std::fs::write(&file, mmdb(&[ural, moscow, berlin]))?;
        let app = App::start_with(|config| Config {
            geoip_file: Some(file),
            ..config
        })
        .await?;
        let client = &app.client;
        let nobody = json!({"country": "RU", "region": "RU-SVE", "branch": null});
        assert_eq!(region_of(client, "203.0.113.7").await?, nobody);
        let (east, rest) = (branch(client, "Урал").await?, branch(client, "Остальные").await?);
        let russia = branch(client, "Россия").await?;
        let rules = json!([{"region": "RU-SVE", "branchId": east}, {"region": "ru", "branchId": russia}]);
        made(
            client,
            "RegionMap",
            "m",
            json!({"regions": rules, "defaultBranchId": rest}),
        )
        .await?;
        let at = |country: Option<&str>, region: Option<&str>, branch: &str| json!({"country": country, "region": region, "branch": {"name": branch}});
        for (ip, expected) in [
            ("203.0.113.7", at(Some("RU"), Some("RU-SVE"), "Урал")),
            ("::ffff:203.0.113.7", at(Some("RU"), Some("RU-SVE"), "Урал")),
            ("198.51.100.1", at(Some("RU"), Some("RU-MOW"), "Россия")),
            ("198.51.100.200", at(Some("DE"), None, "Остальные")),
            ("192.0.2.1", at(None, None, "Остальные")),
            ("2001:db8::1", at(None, None, "Остальные")),
        ] {
            assert_eq!(region_of(client, ip).await?, expected, "{ip}");
        }
        for wrong in ["", "example.com", "1.2.3", "203.0.113.7/24"] {
            let answer = client.error(QUERY, json!({"ip": wrong})).await?;
            assert_eq!(answer, ("BAD_USER_INPUT".to_owned(), json!(["ip"])), "{wrong}");
        }
        app.finish().await
    })
}

#[test]
fn without_a_file_the_default_branch_answers() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let default = json!({"name": "Центр", "timeZone": "UTC", "isDefault": true});
        made(&app.client, "Branch", "b", default).await?;
        let expected = json!({"country": null, "region": null, "branch": {"name": "Центр"}});
        assert_eq!(region_of(&app.client, "203.0.113.7").await?, expected);
        app.finish().await
    })
}

#[test]
fn file_that_is_missing_or_none_is_told_at_the_start() -> Result<()> {
    run(async {
        let folder = tempfile::tempdir()?;
        let text = folder.path().join("text.mmdb");
        std::fs::write(&text, "no database")?;
        for file in [folder.path().join("nowhere.mmdb"), text, folder.path().to_owned()] {
            let config = Config {
                data: folder.path().join("data"),
                geoip_file: Some(file.clone()),
                ..Config::default()
            };
            let told = Server::start(config, Clock::System)
                .await
                .err()
                .map(|it| it.to_string());
            let told = told.unwrap_or_default();
            let named = told.contains("geoip_file") && told.contains("LETOPIS_GEOIP_FILE");
            ensure!(
                named && told.contains(&file.display().to_string()) && !told.contains('\n'),
                "{told}"
            );
            ensure!(told.contains("unset it"), "{told}");
        }
        Ok(())
    })
}
