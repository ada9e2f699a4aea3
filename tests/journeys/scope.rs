//! Rights in a branch, team or inbox: what lies elsewhere is not there.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, Socket, eventually, run};

use crate::people::{agent, set_up};

/// Two branches with an agent in each.
struct Branches {
    app: App,
    boss: Client,
    here: String,
    there: String,
    anna: Client,
    anna_id: String,
    anna_key: String,
    boris: Client,
}

async fn branch(boss: &Client, name: &str) -> Result<String> {
    let query =
        "mutation($i: CreateBranchInput!) { createBranch(input: $i) { branch { id } userErrors { code field } } }";
    let definition = json!({"name": name, "timeZone": "Europe/Moscow"});
    let answer = boss
        .data(query, json!({"i": {"idempotencyKey": name, "definition": definition}}))
        .await?;
    let id = answer["createBranch"]["branch"]["id"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

async fn grant(boss: &Client, mutation: &str, user: &str, branch: &str) -> Result<()> {
    let kind = if mutation == "grantRole" {
        "GrantRoleInput"
    } else {
        "RevokeRoleInput"
    };
    let query = format!("mutation($i: {kind}!) {{ {mutation}(input: $i) {{ userErrors {{ code }} }} }}");
    let scope = json!({"kind": "BRANCH", "id": branch});
    let input =
        json!({"idempotencyKey": format!("{mutation} {user}"), "userId": user, "role": "agent", "scope": scope});
    let told = boss.data(&query, json!({"i": input})).await?;
    ensure!(told[mutation]["userErrors"] == json!([]), "{told}");
    Ok(())
}

async fn branches() -> Result<Branches> {
    let app = App::start().await?;
    let boss = app.client.with_key(&set_up(&app).await?.access);
    let (here, there) = (branch(&boss, "Казань").await?, branch(&boss, "Астана").await?);
    let anna = agent(&app, &boss, "anna@example.com").await?;
    grant(&boss, "grantRole", &anna.user, &here).await?;
    let boris = agent(&app, &boss, "boris@example.com").await?;
    grant(&boss, "grantRole", &boris.user, &there).await?;
    Ok(Branches {
        boss,
        here,
        there,
        anna: app.client.with_key(&anna.access),
        anna_id: anna.user,
        anna_key: anna.access,
        boris: app.client.with_key(&boris.access),
        app,
    })
}

const OPEN: &str = "mutation($i: OpenTicketInput!) { openTicket(input: $i) {
    ticket { id number branchId branch { name } inbox { name } } stale userErrors { code field } } }";
const MOVE: &str = "mutation($i: MoveTicketInput!) { moveTicket(input: $i) {
    ticket { id branchId } userErrors { code field } } }";
const SEEN: &str =
    "query($id: ID!, $n: Int!) { ticket(id: $id) { id } ticketByNumber(number: $n) { id } node(id: $id) { id }
    nodes(ids: [$id]) { id } tickets(first: 10) { totalCount nodes { id } } }";

/// Whether somebody sees a ticket, the same by every way.
async fn sees(client: &Client, ticket: &Value) -> Result<bool> {
    let seen = client
        .data(SEEN, json!({"id": ticket["id"], "n": ticket["number"]}))
        .await?;
    let listed = seen["tickets"]["nodes"]
        .as_array()
        .is_some_and(|it| it.iter().any(|it| it["id"] == ticket["id"]));
    let ways = [
        seen["ticket"]["id"] == ticket["id"],
        seen["ticketByNumber"]["id"] == ticket["id"],
        seen["node"]["id"] == ticket["id"],
        seen["nodes"][0]["id"] == ticket["id"],
        listed,
    ];
    ensure!(ways.iter().all(|it| *it == ways[0]), "{seen}");
    let count = seen["tickets"]["nodes"].as_array().map_or(0, Vec::len);
    ensure!(seen["tickets"]["totalCount"] == json!(count), "{seen}");
    Ok(ways[0])
}

#[test]
fn ticket_is_seen_and_changed_only_where_it_belongs() -> Result<()> {
    run(async {
        let at = branches().await?;
        let input = json!({"idempotencyKey": "t", "subject": "Не печатает", "branchId": at.here});
        let opened = at.anna.data(OPEN, json!({"i": input})).await?;
        let ticket = &opened["openTicket"]["ticket"];
        ensure!(
            ticket["branch"]["name"] == "Казань" && ticket["inbox"] == Value::Null,
            "{opened}"
        );
        ensure!(sees(&at.anna, ticket).await? && sees(&at.boss, ticket).await?);
        ensure!(!sees(&at.boris, ticket).await?, "{opened}");
        for elsewhere in [json!({"branchId": at.there}), json!({})] {
            let mut input = json!({"idempotencyKey": "elsewhere", "subject": "Не печатает"});
            input
                .as_object_mut()
                .context("an object")?
                .extend(elsewhere.as_object().cloned().unwrap_or_default());
            let (code, _) = at.anna.error(OPEN, json!({"i": input})).await?;
            ensure!(code == "FORBIDDEN", "{code}");
        }
        let start = "mutation($i: StartTicketInput!) { startTicket(input: $i) { ticket { id } userErrors { code } } }";
        let input = json!({"idempotencyKey": "s", "ticketId": ticket["id"]});
        let (code, _) = at.boris.error(start, json!({"i": input})).await?;
        ensure!(code == "FORBIDDEN", "{code}");
        let away = json!({"idempotencyKey": "m", "ticketId": ticket["id"], "branchId": at.there});
        let (code, _) = at.anna.error(MOVE, json!({"i": away})).await?;
        ensure!(
            code == "FORBIDDEN",
            "an agent moved a ticket to where they have no right: {code}"
        );
        let moved = at.boss.data(MOVE, json!({"i": away})).await?;
        ensure!(moved["moveTicket"]["ticket"]["branchId"] == json!(at.there), "{moved}");
        at.boris.has_seen(&moved["moveTicket"]["position"]);
        ensure!(sees(&at.boris, ticket).await? && !sees(&at.anna, ticket).await?);
        let nowhere =
            json!({"idempotencyKey": "n", "ticketId": ticket["id"], "teamId": "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"});
        let refused = at.boss.data(MOVE, json!({"i": nowhere})).await?;
        let reason = &refused["moveTicket"]["userErrors"][0];
        ensure!(reason["code"] == "REFERENCE_UNKNOWN", "{refused}");
        ensure!(reason["field"] == json!(["input", "teamId"]), "{refused}");
        at.app.finish().await
    })
}

#[test]
fn inbox_gives_its_branch_to_what_comes_through_it() -> Result<()> {
    run(async {
        let at = branches().await?;
        let query = "mutation($i: CreateInboxInput!) { createInbox(input: $i) { inbox { id } userErrors { code } } }";
        let definition = json!({"name": "Сайт", "channel": "WEB_WIDGET", "branchId": at.here});
        let made = at
            .boss
            .data(query, json!({"i": {"idempotencyKey": "i", "definition": definition}}))
            .await?;
        let inbox = &made["createInbox"]["inbox"]["id"];
        let input = json!({"idempotencyKey": "t", "subject": "Вопрос", "inboxId": inbox});
        let opened = at.anna.data(OPEN, json!({"i": input})).await?;
        let ticket = &opened["openTicket"]["ticket"];
        ensure!(
            ticket["branchId"] == json!(at.here) && ticket["inbox"]["name"] == "Сайт",
            "{opened}"
        );
        let filter = "query($f: TicketFilter) { tickets(filter: $f) { totalCount } }";
        let by_inbox = at.anna.data(filter, json!({"f": {"inbox": {"eq": inbox}}})).await?;
        ensure!(by_inbox["tickets"]["totalCount"] == 1, "{by_inbox}");
        at.app.finish().await
    })
}

#[test]
fn subscriber_sees_a_ticket_come_and_go_and_nothing_of_elsewhere() -> Result<()> {
    run(async {
        let at = branches().await?;
        let query = "subscription { ticketChanged { type gone ticket { branchId } previous { branchId } } }";
        let mut watch = Socket::subscribe(&at.app.client.base, &at.anna_key, query, json!({})).await?;
        watch.ping().await?;
        let open =
            |key: &str, branch: &str| json!({"i": {"idempotencyKey": key, "subject": "Вопрос", "branchId": branch}});
        at.boss.data(OPEN, open("far", &at.there)).await?;
        let near = at.boss.data(OPEN, open("near", &at.here)).await?;
        let first = watch.next().await?;
        let change = &first["ticketChanged"];
        ensure!(
            change["ticket"]["branchId"] == json!(at.here) && change["gone"] == false,
            "{first}"
        );
        let id = &near["openTicket"]["ticket"]["id"];
        for (key, branch) in [("m1", &at.there), ("m2", &at.here)] {
            let input = json!({"idempotencyKey": key, "ticketId": id, "branchId": branch});
            at.boss.data(MOVE, json!({"i": input})).await?;
        }
        let left = watch.next().await?;
        let change = &left["ticketChanged"];
        ensure!(
            change["gone"] == true && change["ticket"]["branchId"] == json!(at.here),
            "{left}"
        );
        let back = watch.next().await?;
        let change = &back["ticketChanged"];
        ensure!(change["gone"] == false && change["previous"] == Value::Null, "{back}");
        at.app.finish().await
    })
}

#[test]
fn socket_is_closed_when_rights_change() -> Result<()> {
    run(async {
        let at = branches().await?;
        let query = "subscription { ticketChanged { type } }";
        let mut watch = Socket::subscribe(&at.app.client.base, &at.anna_key, query, json!({})).await?;
        watch.ping().await?;
        grant(&at.boss, "revokeRole", &at.anna_id, &at.here).await?;
        let closed = watch.hear().await?;
        ensure!(closed["close"] == 4403, "{closed}");
        at.app.finish().await
    })
}

#[test]
fn refused_tries_are_on_record_and_lookers_on_change_nothing() -> Result<()> {
    run(async {
        let at = branches().await?;
        for _ in 0..3 {
            let (code, _) = at.anna.error("{ apiKeys { id } }", json!({})).await?;
            ensure!(code == "FORBIDDEN", "{code}");
        }
        let query = "{ denials(first: 10) { nodes { actor operation permission } } }";
        let (code, _) = at.anna.error(query, json!({})).await?;
        ensure!(code == "FORBIDDEN", "{code}");
        let look = async || at.boss.data(query, json!({})).await;
        let are_there = |it: &Value| it["denials"]["nodes"].as_array().is_some_and(|it| it.len() >= 2);
        let told = eventually(look, are_there).await?;
        let denials = told["denials"]["nodes"].as_array().context("a list")?;
        ensure!(denials.len() == 2, "the same try is recorded once a minute: {told}");
        ensure!(
            denials[0]["operation"] == "denials" && denials[0]["permission"] == "audit:read",
            "{told}"
        );
        ensure!(denials[1]["operation"] == "apiKeys", "{told}");
        let page =
            "{ denials(first: 1) { pageInfo { endCursor } } signInFailures(first: 1) { pageInfo { endCursor } } }";
        let page = at.boss.data(page, json!({})).await?;
        let cursor = &page["denials"]["pageInfo"]["endCursor"];
        for query in [
            "query($c: String) { signInFailures(first: 1, after: $c) { nodes { at } } }",
            "query($c: String) { tickets(first: 1, after: $c) { nodes { id } } }",
            "query($c: String) { branches(first: 1, after: $c) { nodes { history(first: 1, after: $c) { nodes { version } } } } }",
        ] {
            let (code, _) = at.boss.error(query, json!({"c": cursor})).await?;
            ensure!(code == "BAD_USER_INPUT", "{query}: {code}");
        }
        let open = json!({"query": OPEN, "variables": {"i": {"idempotencyKey": "r", "subject": "Вопрос", "branchId": at.here}}});
        let request = at
            .anna
            .request(reqwest::Method::POST, "/graphql")
            .header("letopis-read-only", "TRUE");
        let refused: Value = request.json(&open).send().await?.json().await?;
        ensure!(refused["errors"][0]["extensions"]["code"] == "FORBIDDEN", "{refused}");
        let said = refused["errors"][0]["message"].as_str().unwrap_or_default();
        ensure!(said.contains("Letopis-Read-Only"), "{refused}");
        let request = at
            .anna
            .request(reqwest::Method::POST, "/graphql")
            .header("letopis-read-only", "true");
        let read: Value = request
            .json(&json!({"query": "{ tickets(first: 1) { nodes { id } } }"}))
            .send()
            .await?
            .json()
            .await?;
        ensure!(read["data"]["tickets"]["nodes"] == json!([]), "{read}");
        at.app.finish().await
    })
}

#[test]
fn right_is_granted_only_where_something_is() -> Result<()> {
    run(async {
        let at = branches().await?;
        let nowhere = "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f";
        let role = "mutation($i: GrantRoleInput!) { told: grantRole(input: $i) { userErrors { code field } } }";
        let key =
            "mutation($i: IssueApiKeyInput!) { told: issueApiKey(input: $i) { secret userErrors { code field } } }";
        for (scope, code) in [
            (json!({"kind": "BRANCH", "id": nowhere}), "REFERENCE_UNKNOWN"),
            (json!({"kind": "INBOX", "id": nowhere}), "REFERENCE_UNKNOWN"),
            (json!({"kind": "EVERYWHERE", "id": at.here}), "BAD_USER_INPUT"),
            (json!({"kind": "TEAM"}), "BAD_USER_INPUT"),
        ] {
            let granted = json!({"idempotencyKey": "g", "userId": at.anna_id, "role": "agent", "scope": scope});
            let issued = json!({"idempotencyKey": "k", "name": "k", "permissions": ["tickets:read"], "scope": scope});
            for (query, input) in [(role, granted), (key, issued)] {
                let told = at.boss.data(query, json!({"i": input})).await?;
                let wanted = json!({"code": code, "field": ["input", "scope"]});
                ensure!(told["told"]["userErrors"][0] == wanted, "{scope}: {told}");
            }
        }
        at.app.finish().await
    })
}

#[test]
fn right_in_a_branch_reaches_no_further() -> Result<()> {
    run(async {
        let at = branches().await?;
        let query = "mutation($i: CreateInboxInput!) { createInbox(input: $i) { inbox { id } userErrors { code } } }";
        let definition = json!({"name": "Астана", "channel": "WEB_WIDGET", "branchId": at.there});
        let input = json!({"idempotencyKey": "i", "definition": definition});
        let made = at.boss.data(query, json!({"i": input})).await?;
        let inbox = &made["createInbox"]["inbox"]["id"];
        let into = json!({"idempotencyKey": "t", "subject": "Вопрос", "branchId": at.here, "inboxId": inbox});
        let (code, _) = at.anna.error(OPEN, json!({"i": into})).await?;
        ensure!(
            code == "FORBIDDEN",
            "an agent wrote into an inbox of another branch: {code}"
        );
        let admin = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let within = json!({"kind": "BRANCH", "id": at.here});
        let input = json!({"idempotencyKey": "a", "userId": at.anna_id, "role": "admin", "scope": within});
        at.boss.data(admin, json!({"i": input})).await?;
        let scope = json!({"kind": "EVERYWHERE"});
        let input = json!({"idempotencyKey": "b", "userId": at.anna_id, "role": "admin", "scope": scope});
        let (code, _) = at.anna.error(admin, json!({"i": input})).await?;
        ensure!(
            code == "FORBIDDEN",
            "an administrator of a branch became one of everything: {code}"
        );
        let (code, _) = at
            .anna
            .error("{ denials(first: 1) { nodes { at } } }", json!({}))
            .await?;
        ensure!(code == "FORBIDDEN", "{code}");
        let deep = format!(
            "{{ tickets(first: 1, filter: {}{}) {{ totalCount }} }}",
            "{not: ".repeat(400),
            "}".repeat(400)
        );
        let (code, _) = at.anna.error(&deep, json!({})).await?;
        ensure!(code == "BAD_USER_INPUT", "{code}");
        at.app.finish().await
    })
}
