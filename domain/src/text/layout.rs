//! Words typed with the keyboard in the other language.

/// Keys of a keyboard in English and, at the same place, in Russian.
const ENGLISH: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`";
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбюё";

/// The same keys with the keyboard in the other language: `ghbdtn` is `привет`. `None` when the text has letters of both
/// alphabets, or of none of them.
pub fn other_layout(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let latin = text.chars().any(|it| it.is_ascii_alphabetic());
    let cyrillic = text.chars().any(|it| RUSSIAN.contains(it));
    let (from, to) = match (latin, cyrillic) {
        (true, false) => (ENGLISH, RUSSIAN),
        (false, true) => (RUSSIAN, ENGLISH),
        (true, true) | (false, false) => return None,
    };
    let key = |it: char| from.chars().zip(to.chars()).find(|(key, _)| *key == it);
    Some(text.chars().map(|it| key(it).map_or(it, |(_, other)| other)).collect())
}
