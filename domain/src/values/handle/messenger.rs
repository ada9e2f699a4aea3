//! Names in messengers, social networks and other systems.

use super::{HandleChannel, HandleError, malformed};

/// `@name` in lower case, or the digits of a user id.
pub(super) fn telegram(text: &str) -> Result<String, HandleError> {
    let name = after_prefix(text, &["https://t.me/", "http://t.me/", "t.me/", "@"]);
    if is_number(name) {
        return Ok(name.to_owned());
    }
    let shape = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
    if (5..=32).contains(&name.len()) && begins && name.chars().all(shape) {
        Ok(format!("@{}", name.to_ascii_lowercase()))
    } else {
        Err(malformed(HandleChannel::Telegram, text))
    }
}

/// `id1`, or a page's short name in lower case.
pub(super) fn vk(text: &str) -> Result<String, HandleError> {
    let name = after_prefix(text, &["https://vk.com/", "http://vk.com/", "vk.com/", "@"]);
    if is_number(name) {
        return Ok(format!("id{name}"));
    }
    let shape = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '.';
    if (2..=32).contains(&name.len()) && name.chars().all(shape) {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(malformed(HandleChannel::Vk, text))
    }
}

/// `namespace:key`: the namespace in lower case, the key as it is.
pub(super) fn external(text: &str) -> Result<String, HandleError> {
    let bad = || malformed(HandleChannel::External, text);
    let (namespace, key) = text.split_once(':').ok_or_else(bad)?;
    let (namespace, key) = (namespace.trim().to_ascii_lowercase(), key.trim());
    let shape = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    let named = (1..=40).contains(&namespace.len()) && namespace.chars().all(shape);
    if named && (1..=200).contains(&key.chars().count()) {
        Ok(format!("{namespace}:{key}"))
    } else {
        Err(bad())
    }
}

fn after_prefix<'a>(text: &'a str, prefixes: &[&str]) -> &'a str {
    prefixes.iter().find_map(|it| text.strip_prefix(it)).unwrap_or(text)
}

fn is_number(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit()) && !text.starts_with('0')
}
