//! Saved views: who sees and changes which, names, bad input, and what they show.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::number;
use crate::{
    organisation::made,
    people::{agent, set_up},
};

const VIEW: &str = "id name audience builtIn filter orderBy { field direction } columns icon position version retiredAt \
     viewerCanChange owner { id } team { name } missing { field id retired }";

/// The payload of a mutation of views.
pub(super) async fn tell(client: &Client, mutation: &str, input: Value) -> Result<Value> {
    let mut letters = mutation.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    let query = format!(
        "mutation($i: {kind}Input!) {{ told: {mutation}(input: $i) {{ view {{ {VIEW} }} position stale userErrors {{ code field }} }} }}"
    );
    Ok(client.data(&query, json!({"i": input})).await?["told"].take())
}

/// A new view.
pub(super) async fn create(client: &Client, name: &str, more: Value) -> Result<Value> {
    let mut definition = json!({"name": name, "audience": "SHARED", "filter": {}});
    if let (Some(all), Some(more)) = (definition.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    let key = format!("{name} {more}");
    tell(
        client,
        "createView",
        json!({"idempotencyKey": key, "definition": definition}),
    )
    .await
}

fn code(told: &Value) -> &str {
    told["userErrors"][0]["code"].as_str().unwrap_or("none")
}

async fn names(client: &Client) -> Result<Vec<String>> {
    let list = client.data("{ views { name builtIn } }", json!({})).await?;
    let views = list["views"].as_array().context("no views")?;
    let own = views.iter().filter(|it| it["builtIn"] == false);
    Ok(own.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect())
}

async fn person(app: &App, boss: &Client, name: &str, role: &str, scope: Value) -> Result<Client> {
    let pass = agent(app, boss, name).await?;
    let query = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
    let input = json!({"idempotencyKey": name, "userId": pass.user, "role": role, "scope": scope});
    let told = boss.data(query, json!({"i": input})).await?;
    ensure!(told["grantRole"]["userErrors"] == json!([]), "{told}");
    Ok(app.client.with_key(&pass.access))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one journey")]
fn views_are_seen_and_changed_by_those_they_are_for() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let mut branches = Vec::new();
        for name in ["Казань", "Астана"] {
            branches.push(
                made(
                    &boss,
                    "Branch",
                    name,
                    json!({"name": name, "timeZone": "Europe/Moscow"}),
                )
                .await?,
            );
        }
        let team = made(
            &boss,
            "Team",
            "Первая",
            json!({"name": "Первая", "branchId": branches[0]}),
        )
        .await?;
        let of_team = json!({"kind": "TEAM", "id": team});
        let of_branch = |it: &str| json!({"kind": "BRANCH", "id": it});
        let anna = person(&app, &boss, "anna@example.com", "agent", of_team.clone()).await?;
        let chief = person(&app, &boss, "chief@example.com", "supervisor", of_team).await?;
        let boris = person(&app, &boss, "boris@example.com", "agent", of_branch(&branches[1])).await?;
        let near = person(&app, &boss, "near@example.com", "agent", of_branch(&branches[0])).await?;

        let own = create(&anna, "Мои срочные", json!({"audience": "OWN", "icon": "fire", "columns": ["number", "subject"],
            "filter": {"assignee": {"eq": "me"}, "priority": {"gte": "HIGH"}}, "orderBy": [{"field": "PRIORITY", "direction": "DESC"}]}))
        .await?;
        ensure!(own["userErrors"] == json!([]) && own["stale"] == false, "{own}");
        assert_eq!(
            own["view"]["filter"],
            json!({"assignee": {"eq": "me"}, "priority": {"gte": "HIGH"}})
        );
        assert_eq!(
            own["view"]["orderBy"],
            json!([{"field": "PRIORITY", "direction": "DESC"}])
        );
        ensure!(own["view"]["viewerCanChange"] == true, "{own}");
        let again = create(&anna, "Мои срочные", json!({"audience": "OWN", "icon": "fire", "columns": ["number", "subject"],
            "filter": {"assignee": {"eq": "me"}, "priority": {"gte": "HIGH"}}, "orderBy": [{"field": "PRIORITY", "direction": "DESC"}]}))
        .await?;
        assert_eq!(again["view"]["id"], own["view"]["id"], "the same wish creates one view");
        let for_team = json!({"audience": "TEAM", "teamId": team});
        let forbidden = |told: Result<Value>| told.err().is_some_and(|it| it.to_string().contains("FORBIDDEN"));
        ensure!(
            forbidden(create(&anna, "Команда", for_team.clone()).await),
            "agents do not share with teams"
        );
        ensure!(
            forbidden(create(&chief, "Всем", json!({})).await),
            "supervisors do not share with all"
        );
        let shared = create(&chief, "Команда", for_team.clone()).await?;
        ensure!(shared["view"]["team"]["name"] == "Первая", "{shared}");
        create(&boss, "Всем", json!({})).await?;
        assert_eq!(names(&anna).await?, ["Всем", "Команда", "Мои срочные"]);
        assert_eq!(
            names(&near).await?,
            ["Всем", "Команда"],
            "the team belongs to this branch"
        );
        assert_eq!(names(&boris).await?, ["Всем"]);
        assert_eq!(names(&boss).await?, ["Всем", "Команда"]);
        let look = "query($id: ID!) { view(id: $id) { id viewerCanChange } node(id: $id) { id } }";
        let seen = boris.data(look, json!({"id": own["view"]["id"]})).await?;
        assert_eq!(seen, json!({"view": null, "node": null}));
        let seen = anna.data(look, json!({"id": shared["view"]["id"]})).await?;
        ensure!(
            seen["view"]["viewerCanChange"] == false && seen["node"]["id"] == shared["view"]["id"],
            "{seen}"
        );
        // Somebody else's own view is not there.
        let retire = json!({"idempotencyKey": "x", "id": own["view"]["id"]});
        assert_eq!(code(&tell(&boss, "retireView", retire.clone()).await?), "NOT_FOUND");
        ensure!(forbidden(
            tell(
                &anna,
                "retireView",
                json!({"idempotencyKey": "y", "id": shared["view"]["id"]})
            )
            .await
        ));

        assert_eq!(
            code(&create(&boss, "ВСЕМ", json!({"position": 1})).await?),
            "NAME_TAKEN"
        );
        ensure!(
            create(&boris, "Всем", json!({"audience": "OWN"})).await?["view"]["id"].is_string(),
            "names are apart"
        );
        assert_eq!(
            code(&create(&app.client, "x", json!({"audience": "OWN"})).await?),
            "NOT_A_PERSON"
        );
        let retired = tell(&anna, "retireView", retire).await?;
        ensure!(retired["view"]["retiredAt"].is_string(), "{retired}");
        let second = create(&anna, "мои срочные", json!({"audience": "OWN"})).await?;
        ensure!(second["userErrors"] == json!([]), "the name is free: {second}");
        let restore = json!({"idempotencyKey": "r", "id": own["view"]["id"]});
        assert_eq!(code(&tell(&anna, "restoreView", restore).await?), "NAME_TAKEN");
        let revise = json!({"idempotencyKey": "v", "id": second["view"]["id"], "expectedVersion": 1,
            "definition": {"name": "Другие", "audience": "OWN", "filter": {"inWork": true}}});
        let revised = tell(&anna, "reviseView", revise.clone()).await?;
        ensure!(
            revised["view"]["name"] == "Другие" && revised["view"]["version"] == 2,
            "{revised}"
        );
        let restore = json!({"idempotencyKey": "r2", "id": own["view"]["id"]});
        ensure!(tell(&anna, "restoreView", restore).await?["userErrors"] == json!([]));
        let mut late = revise;
        late["idempotencyKey"] = json!("late");
        assert_eq!(code(&tell(&anna, "reviseView", late).await?), "CONFLICT");
        app.finish().await
    })
}

#[test]
fn program_brings_views_in_the_language_of_whoever_asks() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let query = "{ views { id name builtIn tickets(first: 5) { totalCount nodes { number } } } }";
        let english = client.speaking("en").data(query, json!({})).await?;
        let russian = client.speaking("ru").data(query, json!({})).await?;
        let texts = |list: &Value| {
            let views = list["views"].as_array().cloned().unwrap_or_default();
            views
                .iter()
                .filter_map(|it| it["name"].as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts(&english),
            [
                "Mine",
                "Unassigned",
                "Needs answer",
                "All open",
                "On hold and snoozed",
                "Urgent",
                "Recently resolved"
            ]
        );
        assert_eq!(texts(&russian)[2], "Ждут ответа");
        assert_eq!(english["views"][0]["id"], russian["views"][0]["id"]);
        let retire = json!({"idempotencyKey": "x", "id": english["views"][0]["id"]});
        assert_eq!(code(&tell(client, "retireView", retire).await?), "VIEW_BUILT_IN");
        app.finish().await
    })
}

#[test]
fn view_opens_though_what_it_names_is_gone_and_bad_input_is_named() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let vip = made(client, "Tag", "vip", json!({"name": "VIP"})).await?;
        let ticket = client.ticket("t", &json!({})).await?;
        client
            .must("tagTicket", "t", &ticket, &json!({"tagIds": [vip]}))
            .await?;
        let filter = json!({"tag": {"in": [vip]}, "not": {"categoryId": {"eq": "nowhere"}}});
        let view = create(client, "VIP", json!({"filter": filter})).await?;
        let query = "mutation($i: RetireInput!) { retireTag(input: $i) { userErrors { code } } }";
        let retired = client
            .respond(query, json!({"i": {"idempotencyKey": "r", "id": vip}}))
            .await?;
        ensure!(retired["data"]["retireTag"]["userErrors"] == json!([]), "{retired}");
        let open =
            "query($id: ID!) { view(id: $id) { missing { field id retired } tickets(first: 5) { nodes { number } } } }";
        let opened = client.data(open, json!({"id": view["view"]["id"]})).await?;
        assert_eq!(
            opened["view"]["missing"],
            json!([{"field": "tag", "id": vip, "retired": true}, {"field": "categoryId", "id": "nowhere", "retired": false}])
        );
        assert_eq!(
            opened["view"]["tickets"]["nodes"],
            json!([{"number": number(client, &ticket).await?}])
        );
        for (more, field) in [
            (json!({"filter": {"assignee": {"eq": "nobody at all"}}}), "assignee"),
            (json!({"filter": {"openedAt": {"gte": null}}}), "openedAt"),
            (
                json!({"orderBy": [{"field": "NUMBER"}, {"field": "NUMBER"}]}),
                "orderBy",
            ),
            (json!({"columns": ["a", "a"]}), "columns"),
            (json!({"columns": ["a,b"]}), "columns"),
            (json!({"icon": "не буква"}), "icon"),
            (json!({"name": " "}), "name"),
            (json!({"name": "a\nb"}), "name"),
            (json!({"name": "a\u{0}b"}), "name"),
            (json!({"teamId": vip}), "teamId"),
            (json!({"audience": "TEAM"}), "teamId"),
        ] {
            let told = create(client, "bad", more.clone()).await?;
            assert_eq!(code(&told), "BAD_USER_INPUT", "{more}: {told}");
            assert_eq!(
                told["userErrors"][0]["field"],
                json!(["input", "definition", field]),
                "{more}"
            );
        }
        let nobody = json!({"audience": "TEAM", "teamId": "00000000-0000-4000-8000-000000000001"});
        assert_eq!(code(&create(client, "bad", nobody).await?), "TEAM_UNKNOWN");
        app.finish().await
    })
}
