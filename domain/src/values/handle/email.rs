//! E-mail addresses: the domain as DNS has it, the local part without regard to case.

use unicode_normalization::UnicodeNormalization;
use unicode_security::{MixedScript, skeleton};

use super::{HandleChannel, HandleError, malformed};

/// Characters of the part before the `@` at most (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// Octets of a whole address at most (RFC 5321, 4.5.3.1.3, less the brackets).
const LONGEST: usize = 254;

pub(super) fn normalise(text: &str) -> Result<String, HandleError> {
    let bad = || malformed(HandleChannel::Email, text);
    let (local, domain) = text.rsplit_once('@').ok_or_else(bad)?;
    let local: String = local.nfc().collect();
    if !local.split('.').all(is_atom) || local.chars().count() > LONGEST_LOCAL {
        return Err(bad());
    }
    let under_latin = domain.rsplit('.').next().is_some_and(str::is_ascii) && !domain.to_lowercase().contains("xn--");
    if poses(&local, under_latin) {
        return Err(HandleError::Homograph(text.to_owned()));
    }
    let domain = host(domain).map_err(|error| match error {
        HandleError::Homograph(_) => HandleError::Homograph(text.to_owned()),
        HandleError::Malformed(_) | HandleError::PhoneWithoutCountry(_) => bad(),
    })?;
    let address = format!("{}@{domain}", local.to_lowercase());
    if address.len() > LONGEST {
        Err(bad())
    } else {
        Ok(address)
    }
}

/// A run of the characters that need no quotes (RFC 5322 atext, and letters of other alphabets by RFC 6531).
fn is_atom(part: &str) -> bool {
    let fits = |it: char| it.is_alphanumeric() || (it.is_ascii() && "!#$%&'*+-/=?^_`{|}~".contains(it));
    !part.is_empty() && part.chars().all(fits)
}

/// The domain of a host in lower case and punycode.
///
/// # Errors
/// When it is no domain with at least two labels, or looks like another by letters of other alphabets.
pub fn host(text: &str) -> Result<String, HandleError> {
    let text = text.trim();
    let bad = || malformed(HandleChannel::Email, text);
    let (shown, broken) = idna::domain_to_unicode(text);
    broken.map_err(|_no_reason_is_told| bad())?;
    let ascii = idna::domain_to_ascii_strict(text).map_err(|_no_reason_is_told| bad())?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let named = labels.len() >= 2 && labels.iter().all(|it| !it.is_empty());
    let top = labels
        .last()
        .is_some_and(|it| it.chars().any(|it| it.is_ascii_alphabetic()));
    if !named || !top {
        return Err(bad());
    }
    if imitates(&shown) {
        return Err(HandleError::Homograph(text.to_owned()));
    }
    Ok(ascii)
}

/// Whether the part before the `@` is written so that it looks like another: in letters of several alphabets, in signs that
/// stand for common ones (`ｍａｒｉａ`), or, under a Latin domain, in another alphabet whose letters all look Latin (`асе`).
fn poses(local: &str, under_latin: bool) -> bool {
    let stands_for_another = || !local.nfkc().eq(local.chars());
    let looks_latin = || skeleton(local).all(|it| it.is_ascii());
    !local.is_ascii() && (!local.is_single_script() || stands_for_another() || (under_latin && looks_latin()))
}

/// Whether a label mixes alphabets, or is written in another one so that all of it looks like Latin under a Latin top
/// domain (`аррlе.com`). After UTS 39.
fn imitates(domain: &str) -> bool {
    let latin_top = domain.rsplit('.').next().is_some_and(str::is_ascii);
    domain.split('.').filter(|it| !it.is_ascii()).any(|label| {
        let looks_latin = || skeleton(label).all(|it| it.is_ascii());
        !label.is_single_script() || (latin_top && looks_latin())
    })
}
