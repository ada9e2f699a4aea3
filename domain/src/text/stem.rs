//! Words without their endings.

use snowball_stemmers_rs::{Algorithm, Stemmer};

/// Forms of which the stem does not come out by rule, and the word to take instead.
const ODD: &[(&str, &str)] = &[
    ("писем", "письма"),
    ("денег", "деньги"),
    ("сестер", "сестры"),
    ("окон", "окна"),
    ("строк", "строка"),
    ("сумок", "сумки"),
    ("дней", "день"),
    ("дни", "день"),
    ("дня", "день"),
    ("дню", "день"),
    ("днем", "день"),
    ("дням", "день"),
    ("днями", "день"),
    ("днях", "день"),
    ("людей", "люди"),
    ("людям", "люди"),
    ("детей", "дети"),
    ("детям", "дети"),
    // Their own end looks like that of a case.
    ("прием", "приема"),
    ("паром", "парома"),
    ("объем", "объема"),
];
/// What ends nouns such as `диплом` and `проблема` in some forms, and is taken for the end of a case in others.
const DOUBTFUL: [&str; 2] = ["ом", "ем"];
/// Letters that a stem keeps without it at least.
const KEPT: usize = 4;

/// The stem of a word in small letters, by the alphabet it is written in; digits and other alphabets as they are.
///
/// Porter's and Snowball's algorithms: <https://snowballstem.org/algorithms/russian/stemmer.html>,
/// <https://snowballstem.org/algorithms/english/stemmer.html>.
pub(super) fn stem(word: &str) -> String {
    let word = ODD.iter().find(|(odd, _)| *odd == word).map_or(word, |(_, it)| it);
    if word.chars().all(is_russian) {
        let stem = Stemmer::create(Algorithm::Russian).stem(word);
        // A noun taken for a participle: `отмена` would be `отм`.
        if stem.chars().count() < 4 && word.chars().count() > 4 {
            without_ending(word).to_owned()
        } else {
            without_doubtful(&stem).to_owned()
        }
    } else if word.chars().all(|it| it.is_ascii_lowercase()) {
        Stemmer::create(Algorithm::English).stem(word).into_owned()
    } else {
        word.to_owned()
    }
}

/// The same for all forms of a noun: `дипломы` would be `диплом`, and `диплом` `дипл`.
fn without_doubtful(stem: &str) -> &str {
    let shorter = DOUBTFUL.iter().find_map(|it| stem.strip_suffix(it));
    shorter.filter(|it| it.chars().count() >= KEPT).unwrap_or(stem)
}

/// Endings of nouns, the longest first.
const ENDINGS: [&str; 19] = [
    "ами", "ями", "ов", "ев", "ей", "ой", "ом", "ем", "ам", "ям", "ах", "ях", "а", "я", "ы", "и", "у", "ю", "е",
];

fn without_ending(noun: &str) -> &str {
    ENDINGS.iter().find_map(|it| noun.strip_suffix(it)).unwrap_or(noun)
}

pub(super) fn is_russian(letter: char) -> bool {
    matches!(letter, 'а'..='я')
}
