//! Settings that are more than a text: read from the file as what they are, from the environment as text.

use std::{collections::BTreeMap, fmt, net::SocketAddr, ops::RangeInclusive};

use axum::http::{HeaderValue, Uri};
use domain::{access::RoleKey, values::host};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// A site whose pages may use the API: scheme, host and port, as browsers send it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str().filter(|it| ["http", "https"].contains(it))?;
        let authority = uri.authority()?.as_str();
        // A browser sends neither a path nor capitals nor the default port.
        let written = format!("{scheme}://{authority}");
        let default = [("http", ":80"), ("https", ":443")];
        let is_plain = written == text
            && text == text.to_ascii_lowercase()
            && !authority.contains('@')
            && !default
                .iter()
                .any(|(of, port)| *of == scheme && authority.ends_with(port));
        is_plain.then_some(Self(written))
    }

    /// Whether a browser means this site.
    pub(crate) fn is(&self, header: &str) -> bool {
        self.0 == header
    }

    /// As it stands in headers.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.0.parse().ok()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Several(Vec<String>),
    One(String),
}

/// A list, or its words with commas between them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = match Words::deserialize(deserializer) {
        Ok(Words::Several(words)) => words,
        Ok(Words::One(text)) => text.split(',').map(str::to_owned).collect(),
        Err(_unreadable) => return Err(D::Error::custom("give a list of texts, or one text with commas")),
    };
    let words = words.into_iter().map(|it| it.trim().to_owned());
    Ok(words.filter(|it| !it.is_empty()).collect())
}

fn each<T, E: Error>(words: Vec<String>, parse: impl Fn(&str) -> Option<T>, accepted: &str) -> Result<Vec<T>, E> {
    let read = |it: String| parse(&it).ok_or_else(|| E::custom(format!("{it:?} is not acceptable: give {accepted}")));
    words.into_iter().map(read).collect()
}

pub(crate) fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Origin>, D::Error> {
    let accepted = "SCHEME://HOST or SCHEME://HOST:PORT in small letters, such as https://desk.example.org";
    each(words(deserializer)?, Origin::parse, accepted)
}

pub(crate) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |it: &str| {
        it.parse()
            .ok()
            .or_else(|| it.parse().ok().map(|it| IpNet::new_assert(it, full(it))))
    };
    each(
        words(deserializer)?,
        parse,
        "addresses or networks, such as 127.0.0.1 or 10.0.0.0/8",
    )
}

/// An address that links can begin with, without the slash at its end.
pub(crate) fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let url = text.trim().trim_end_matches('/').to_owned();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let fits =
        rest.is_some_and(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_graphic() && it != '#' && it != '?'));
    if fits {
        Ok(Some(url))
    } else {
        Err(D::Error::custom(format!(
            "{text:?} is not acceptable; accepted: http://HOST or https://HOST, with a path if need be"
        )))
    }
}

/// A number, or its text in the environment.
/// An address and a port.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || {
        D::Error::custom(format!(
            "{text:?} is no address: give ADDRESS:PORT, such as 127.0.0.1:8080"
        ))
    };
    text.parse().map_err(|_unparsable| wrong())
}

pub(crate) fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u64),
        Text(String),
    }
    let (number, text) = match Given::deserialize(deserializer) {
        Ok(Given::Number(number)) => (Some(number), number.to_string()),
        Ok(Given::Text(text)) => (text.trim().parse().ok(), text),
        Err(_unreadable) => (None, "what is given".to_owned()),
    };
    number
        .filter(|it| (1..=86_400).contains(it))
        .ok_or_else(|| D::Error::custom(format!("{text} is no interval: give whole seconds, 1 to 86400")))
}

/// Mail domains as addresses have them: ASCII, lower case.
pub(crate) fn mail_domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let accepted = "mail domains without @, such as example.org";
    each(words(deserializer)?, |it| host(it).ok(), accepted)
}

/// A role that everybody of a mail domain may have. Who administers is decided by people, and customers are no users.
pub(crate) fn registration_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RoleKey>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let role = RoleKey::try_new(text.trim()).ok();
    let role = role.filter(|it| !it.is_admin() && it.as_str() != "contact");
    role.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is not acceptable: give the key of a role other than admin and contact, such as agent"
        ))
    })
}

fn full(address: std::net::IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u64),
    Text(String),
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Count {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }
}

fn count<'de, D: Deserializer<'de>>(deserializer: D, range: RangeInclusive<u32>, or: &str) -> Result<u32, D::Error> {
    let (first, last) = (range.start(), range.end());
    let wrong = |given: &str| D::Error::custom(format!("{given} is not acceptable: give {or}{first} to {last}"));
    let given = Count::deserialize(deserializer).map_err(|_unreadable| wrong("what is given"))?;
    let number = given.number().and_then(|it| u32::try_from(it).ok());
    number
        .filter(|it| range.contains(it) || (*it == 0 && !or.is_empty()))
        .ok_or_else(|| wrong(&given.to_string()))
}

pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, 1..=3600, "")
}

/// Less than the dearest operation that is taken at all would refuse that for ever.
pub(crate) fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let least = crate::graphql::COMPLEXITY;
    count(deserializer, least..=1_000_000_000, "0 for no limit, or ")
}

pub(crate) fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, 1..=1_000_000_000, "0 for no limit, or ")
}

pub(crate) fn waiting_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, 1..=365, "0 for at once, or ")
}

pub(crate) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, 1..=1_000_000_000, "")
}

/// What counts when the operator says nothing: nobody signs in or asks for mails without end, from one address.
pub(crate) fn operation_limits() -> BTreeMap<String, u32> {
    let limits = [
        ("*", 60_000),
        ("signIn", 60),
        ("requestPasswordRecovery", 20),
        ("register", 20),
    ];
    limits.map(|(name, most)| (name.to_owned(), most)).into()
}

/// A table, or `name=number` with commas between them.
pub(crate) fn operations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Table(BTreeMap<String, Count>),
        Text(String),
    }
    let accepted = "names of mutations, or *, each with a number a minute, 0 for no limit, such as openTicket=60";
    let wrong = |it: &str| D::Error::custom(format!("{it:?} is not acceptable: give {accepted}"));
    let pairs: Vec<(String, Count)> = match Given::deserialize(deserializer) {
        Ok(Given::Table(table)) => table.into_iter().collect(),
        Ok(Given::Text(text)) => {
            let words = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            let pair = |it: &str| {
                let (name, number) = it.split_once('=').ok_or_else(|| wrong(it))?;
                Ok((name.trim().to_owned(), Count::Text(number.to_owned())))
            };
            words.map(pair).collect::<Result<_, D::Error>>()?
        }
        Err(_unreadable) => return Err(wrong("what is given")),
    };
    let is_name =
        |it: &str| it == "*" || (!it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'));
    let read = |(name, number): (String, Count)| {
        let limit = number.number().and_then(|it| u32::try_from(it).ok());
        match limit.filter(|_| is_name(&name)) {
            Some(limit) => Ok((name, limit)),
            None => Err(wrong(&format!("{name}={number}"))),
        }
    };
    pairs.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde::de::{
        IntoDeserializer,
        value::{Error, StrDeserializer},
    };

    use super::{budget, mail_domains, networks, operations, origins, registration_role, seconds};

    fn text(text: &str) -> StrDeserializer<'_, Error> {
        text.into_deserializer()
    }

    #[test]
    fn origins_are_what_browsers_send() {
        let read = origins(text("https://a.example, http://localhost:3000,")).unwrap();
        assert!(read.len() == 2 && read[0].is("https://a.example") && read[1].is("http://localhost:3000"));
        for wrong in [
            "*",
            "null",
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "https://u@a.example",
            "https://a.example:443",
            "ftp://a.example",
        ] {
            let said = origins(text(wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong) && said.contains("SCHEME://HOST"), "{said}");
        }
    }

    #[test]
    fn networks_are_addresses_or_prefixes() {
        assert_eq!(networks(text("127.0.0.1, 10.0.0.0/8, ::1")).unwrap().len(), 3);
        assert!(
            networks(text("10.0.0.0/40"))
                .unwrap_err()
                .to_string()
                .contains("10.0.0.0/8")
        );
    }

    #[test]
    fn registration_is_for_domains_and_for_roles_that_do_not_administer() {
        let read = mail_domains(text("Example.org, почта.рф")).unwrap();
        assert_eq!(read, ["example.org", "xn--80a1acny.xn--p1ai"]);
        for wrong in ["@example.org", "localhost", "a@b.org", "*.example.org"] {
            let said = mail_domains(text(wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong) && said.contains("without @"), "{said}");
        }
        let role =
            |it| registration_role::<serde::de::value::StringDeserializer<Error>>(String::from(it).into_deserializer());
        for wrong in ["admin", "contact", "Agent", ""] {
            assert!(role(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_name_their_range() {
        assert_eq!(seconds(text(" 30 ")), Ok(30));
        assert_eq!(budget(text("0")), Ok(0));
        for wrong in ["0", "3601", "-1", "1.5", "ten"] {
            let said = seconds(text(wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong) && said.contains("1 to 3600"), "{said}");
        }
        assert!(budget(text("19999")).unwrap_err().to_string().contains("20000"));
    }

    #[test]
    fn operations_are_names_with_numbers() {
        let read = operations(text("*=600, openTicket=60,")).unwrap();
        assert_eq!((read["*"], read["openTicket"]), (600, 60));
        for wrong in ["openTicket", "openTicket=many", "open-ticket=1", "=1"] {
            let said = operations(text(wrong)).unwrap_err().to_string();
            assert!(said.contains(wrong.split('=').next().unwrap()), "{said}");
            assert!(said.contains("openTicket=60"), "{said}");
        }
    }
}
