//! Customers: found or created once, merged and taken apart again, forgotten.

mod bad_input;
mod crash;
mod lists;
mod merging;
mod race;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

pub(crate) const CONTACT: &str = "id version kind name locale timeZone note blocked blockReason consents mergedInto erased \
     createdAt handles { id channel value written verified contactId } organization { id name domains }";

/// The payload of a mutation of a contact.
pub(crate) async fn tell(client: &Client, mutation: &str, input: Value) -> Result<Value> {
    let mut letters = mutation.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    let query = format!(
        "mutation($input: {kind}Input!) {{ payload: {mutation}(input: $input) {{
            contact {{ {CONTACT} duplicates {{ {CONTACT} }} }} position stale userErrors {{ code message field }}
        }} }}"
    );
    let payload = client.data(&query, json!({"input": input})).await?["payload"].take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

/// The contact of a mutation that must be carried out.
pub(crate) async fn must(client: &Client, mutation: &str, input: Value) -> Result<Value> {
    let mut payload = tell(client, mutation, input.clone()).await?;
    ensure!(
        payload["userErrors"] == json!([]) && payload["stale"] == false,
        "{mutation} {input}: {payload}"
    );
    Ok(payload["contact"].take())
}

/// The code of the one rule that a mutation breaks.
pub(crate) async fn refused(client: &Client, mutation: &str, input: Value) -> Result<String> {
    let payload = tell(client, mutation, input.clone()).await?;
    let code = payload["userErrors"][0]["code"].as_str();
    Ok(code
        .with_context(|| format!("{mutation} {input}: {payload}"))?
        .to_owned())
}

pub(crate) async fn contact(client: &Client, id: &Value) -> Result<Value> {
    let query = format!("query($id: ID!) {{ contact(id: $id) {{ {CONTACT} duplicates {{ {CONTACT} }} }} }}");
    Ok(client.data(&query, json!({"id": id})).await?["contact"].take())
}

/// Changes a contact under the mutation's own name as key.
async fn change(client: &Client, mutation: &str, id: &Value, more: &Value) -> Result<Value> {
    let mut input = json!({"idempotencyKey": mutation, "contactId": id});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    must(client, mutation, input).await
}

pub(crate) fn email(value: &str) -> Value {
    json!({"channel": "EMAIL", "value": value})
}

#[test]
fn contact_shows_what_it_was_told() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let organization = client
            .data(
                "mutation { it: createOrganization(input: {idempotencyKey: \"o\", name: \"Ромашка\",
                    domains: [\"Почта.рф\"]}) { organization { id revision domains } userErrors { code } } }",
                json!({}),
            )
            .await?["it"]
            .take();
        let organization_id = organization["organization"]["id"].clone();
        assert_eq!(
            organization["organization"]["domains"],
            json!(["xn--80a1acny.xn--p1ai"])
        );
        let created = json!({"idempotencyKey": "c", "name": "Мария", "locale": "ru-RU", "timeZone": "Europe/Moscow",
            "note": "звонить после обеда", "handles": [email("Maria@Example.RU")], "organizationId": organization_id});
        let maria = must(client, "createContact", created.clone()).await?;
        assert_eq!(maria["handles"][0]["value"], "maria@example.ru");
        assert_eq!(maria["handles"][0]["written"], "Maria@Example.RU");
        assert_eq!(
            (&maria["kind"], &maria["organization"]["name"]),
            (&json!("IDENTIFIED"), &json!("Ромашка"))
        );
        assert_eq!(
            must(client, "createContact", created).await?,
            maria,
            "the same key, the same answer"
        );
        let id = maria["id"].clone();
        let handle = maria["handles"][0]["id"].clone();
        for (mutation, more) in [
            ("changeContactProfile", json!({"name": "Мария Иванова", "note": null})),
            ("verifyContactHandle", json!({"handleId": handle})),
            ("giveConsent", json!({"purpose": "newsletter"})),
            ("blockContact", json!({"reason": "угрозы"})),
            ("assignContactToOrganization", json!({"organizationId": null})),
        ] {
            change(client, mutation, &id, &more).await?;
        }
        let now = contact(client, &id).await?;
        assert_eq!(
            (&now["name"], &now["note"], &now["locale"]),
            (&json!("Мария Иванова"), &Value::Null, &json!("ru-RU"))
        );
        assert_eq!(
            (&now["handles"][0]["verified"], &now["consents"]),
            (&json!(true), &json!(["newsletter"]))
        );
        assert_eq!((&now["blocked"], &now["blockReason"]), (&json!(true), &json!("угрозы")));
        assert_eq!((&now["organization"], &now["version"]), (&Value::Null, &json!(9)));
        // Agents may still open tickets for somebody who is blocked.
        client.ticket("t", &json!({"contactId": id})).await?;
        for (mutation, more) in [
            ("unblockContact", json!({})),
            ("withdrawConsent", json!({"purpose": "newsletter"})),
            ("removeContactHandle", json!({"handleId": handle})),
        ] {
            change(client, mutation, &id, &more).await?;
        }
        let other = must(
            client,
            "createContact",
            json!({"idempotencyKey": "d", "handles": [email("maria@example.ru")]}),
        );
        ensure!(other.await?["id"] != id, "the handle is free again");
        let node = "query($id: ID!, $o: ID!) { node(id: $id) { ... on Contact { name } } nodes(ids: [$o, $id, \"x\"]) {
            ... on Organization { name } ... on Contact { version } } }";
        let seen = client.data(node, json!({"id": id, "o": organization_id})).await?;
        assert_eq!(seen["node"]["name"], "Мария Иванова");
        assert_eq!(seen["nodes"], json!([{"name": "Ромашка"}, {"version": 12}, null]));
        app.finish().await
    })
}
