//! Settings of an OpenID Connect provider that people may sign in with.

use std::{collections::BTreeMap, path::PathBuf};

use axum::http::Uri;
use domain::access::RoleKey;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Names it in addresses: 1 to 40 of a-z, 0-9 and `-`.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Its issuer, exactly as its tokens say it: `https://`, or `http://` on this very machine.
    #[serde(deserialize_with = "issuer")]
    pub issuer: String,
    /// What it calls Letopis.
    pub client_id: String,
    /// File with the secret it shares with Letopis; none for a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Claim of the ID token that lists a person's groups.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Role, everywhere, that members of a group have. Roles that are not named here are left alone.
    #[serde(default, deserialize_with = "group_roles")]
    pub group_roles: BTreeMap<String, RoleKey>,
    /// Whether somebody who is not known here yet gets an account.
    #[serde(default)]
    pub allow_new: bool,
}

fn scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).to_vec()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if (1..=40).contains(&text.len()) && text.chars().all(plain) {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "{text:?} is not acceptable: give 1 to 40 of a-z, 0-9 and -"
    )))
}

fn issuer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let uri: Option<Uri> = text.parse().ok();
    let fits = uri.is_some_and(|it| {
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&it.host().unwrap_or_default());
        match it.scheme_str() {
            Some("https") => it.host().is_some(),
            Some("http") => here,
            Some(_) | None => false,
        }
    });
    if fits {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "{text:?} is not acceptable: give the https:// address that the provider calls its issuer"
    )))
}

fn group_roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, RoleKey>, D::Error> {
    let given: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
    let role = |(group, key): (String, String)| {
        let role = RoleKey::try_new(&key).ok().filter(|it| it.as_str() != "contact");
        let wrong = || {
            D::Error::custom(format!(
                "{group}: {key:?} is not acceptable: give the key of a role of people"
            ))
        };
        role.map(|it| (group.clone(), it)).ok_or_else(wrong)
    };
    given.into_iter().map(role).collect()
}

/// Providers, no two with the same name.
pub(crate) fn providers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Provider>, D::Error> {
    let all: Vec<Provider> = Vec::deserialize(deserializer)?;
    for (index, it) in all.iter().enumerate() {
        if all.iter().take(index).any(|other| other.name == it.name) {
            return Err(D::Error::custom(format!(
                "{:?} is there twice: give each provider a name of its own",
                it.name
            )));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const GOOD: &str =
        "[[oidc]]\nname = \"office\"\nissuer = \"https://id.example.org/realms/a\"\nclient_id = \"desk\"\n";

    #[test]
    fn provider_needs_name_issuer_and_client() {
        let config = Config::from_toml(&format!("{GOOD}group_roles = {{ \"Support\" = \"agent\" }}\n")).unwrap();
        let office = &config.oidc[0];
        assert_eq!((office.groups_claim.as_str(), office.allow_new), ("groups", false));
        assert_eq!(office.group_roles["Support"].as_str(), "agent");
        for (from, to) in [
            ("\"office\"", "\"Office 1\""),
            ("https://id", "http://id"),
            ("https://id.example.org", "id.example.org"),
            ("client_id", "client"),
        ] {
            assert!(Config::from_toml(&GOOD.replace(from, to)).is_err(), "{to}");
        }
        let said = |text: String| Config::from_toml(&text).unwrap_err().to_string();
        assert!(said(format!("{GOOD}group_roles = {{ \"A\" = \"contact\" }}\n")).contains("A: \"contact\""));
        assert!(said(format!("{GOOD}{GOOD}")).contains("\"office\" is there twice"));
    }
}
