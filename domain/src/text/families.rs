//! What the forms of a word and its nearest kin share.
//!
//! The stemmer leaves what Russian changes inside words: fleeting vowels (`заявок`, `заявка`), changing consonants
//! (`возврат`, `возвращать`), suffixes of aspect (`загрузить`, `загружать`). Here these are taken off all words alike: what
//! remains is no word, but the same for all of them. Kin that rules do not find are listed.

use std::{collections::HashMap, sync::LazyLock};

use super::stem::{is_russian, stem};

/// Fewer letters are left alone.
const SHORTEST: usize = 3;

/// Words of support that mean the same and do not look it. The first names the family.
const KIN: &[&[&str]] = &[
    &[
        "возврат",
        "вернуть",
        "вернул",
        "вернули",
        "верните",
        "вернется",
        "возвратить",
    ],
    &[
        "оплата",
        "платеж",
        "платить",
        "плачу",
        "заплатить",
        "уплатить",
        "уплачено",
        "платный",
    ],
    &[
        "вход",
        "войти",
        "вошел",
        "вошла",
        "входить",
        "вхожу",
        "зайти",
        "зашел",
        "захожу",
        "заходит",
    ],
    &["авторизация", "авторизоваться", "логин", "залогиниться", "логиниться"],
    &["покупка", "купить", "купил", "куплю", "приобрести", "приобретение"],
    &[
        "отправка",
        "послать",
        "пошлите",
        "пошлют",
        "выслать",
        "вышлите",
        "высылать",
    ],
    &[
        "приход",
        "прийти",
        "придет",
        "пришел",
        "пришла",
        "пришло",
        "пришли",
        "приходит",
        "приходить",
    ],
    &[
        "находка",
        "найти",
        "нашел",
        "нашла",
        "нашли",
        "найден",
        "найду",
        "находить",
        "находится",
    ],
    &[
        "поломка",
        "сломать",
        "сломался",
        "сломалась",
        "сломан",
        "неисправность",
        "неисправен",
        "неисправный",
    ],
    &["помощь", "помочь", "помогите", "помогает", "помогать", "помоги"],
    &[
        "звонок",
        "звонить",
        "позвонить",
        "позвоните",
        "перезвонить",
        "перезвоните",
        "дозвониться",
    ],
    &["ожидание", "ждать", "жду", "ждем", "подождать", "ожидать", "подождите"],
    &["закрытие", "закрыть", "закройте", "закрою", "закрыто", "закрывать"],
    &[
        "открытие",
        "открыть",
        "откройте",
        "открою",
        "открыт",
        "открывать",
        "открывается",
    ],
    &["выбор", "выбрать", "выберите", "выбирать", "выберу"],
    &["показ", "показать", "покажите", "показывать", "показывает"],
    &["просьба", "просить", "прошу", "попросить", "просит"],
    &["человек", "люди"],
    &["ребенок", "ребенка", "дети"],
    &["начало", "начать", "начните", "начинать", "начался"],
    &["снятие", "снять", "снимать", "снимите", "сняли"],
    &[
        "смена",
        "сменить",
        "поменять",
        "поменяйте",
        "изменить",
        "изменение",
        "менять",
    ],
    &["сделать", "делать", "сделайте", "делаю"],
    &["забыть", "забыл", "забыла", "забываю"],
    &["потеря", "потерять", "потерял", "утеря", "утерян", "утратить"],
    &["привязка", "привязать", "привяжите", "привязывать"],
    &["доступ", "доступный", "доступна"],
    &["сообщение", "сообщить", "сообщать"],
    &["pay", "paid", "payment", "payments"],
    &["send", "sent"],
    &["buy", "bought", "purchase"],
    &["lose", "lost"],
    &["find", "found"],
    &["break", "broke", "broken"],
    &["forget", "forgot", "forgotten"],
    &["login", "logon", "signin"],
    &["choose", "chose", "chosen"],
    &["get", "got", "gotten"],
];

static LISTED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut listed = HashMap::new();
    for kin in KIN {
        let roots: Vec<String> = kin.iter().map(|it| root(&stem(it))).collect();
        for root in &roots {
            let first = roots.first().unwrap_or(root);
            listed.entry(root.clone()).or_insert_with(|| first.clone());
        }
    }
    listed
});

/// The root that stands for all kin of this one.
pub(super) fn family(root: &str) -> String {
    LISTED.get(root).cloned().unwrap_or_else(|| root.to_owned())
}

/// A Russian stem without what changes inside words; others as they are.
pub(super) fn root(stem: &str) -> String {
    let mut letters: Vec<char> = stem.chars().collect();
    if !letters.iter().all(|it| is_russian(*it)) {
        return stem.to_owned();
    }
    while let Some(shorter) = shortened(&letters) {
        letters = shorter;
    }
    let end = match letters.as_slice() {
        [.., 'с', 'т'] if letters.len() > SHORTEST => Some((2, 'т')),
        [.., 'ж', 'д'] => Some((2, 'д')),
        [.., 'щ' | 'ч'] => Some((1, 'т')),
        [.., 'з' | 'г'] => Some((1, 'ж')),
        [.., 'с'] => Some((1, 'ш')),
        _ => None,
    };
    if let Some((count, letter)) = end {
        letters.truncate(letters.len() - count);
        letters.push(letter);
    }
    letters.into_iter().collect()
}

/// One suffix less; `None` when there is none to take off.
fn shortened(letters: &[char]) -> Option<Vec<char>> {
    let rest = match letters {
        [rest @ .., last] if is_soft(*last) && rest.len() >= SHORTEST => rest,
        [rest @ .., 'и' | 'ы', 'в'] | [rest @ .., 'е' | 'а', 'н'] if rest.len() > SHORTEST => rest,
        [rest @ .., 'н'] if rest.ends_with(&['н']) && rest.len() >= SHORTEST => rest,
        // Fleeting vowels before к, which itself only makes nouns.
        [rest @ .., before, 'о' | 'е', 'к'] if !is_soft(*before) && rest.len() >= 2 => &letters[..=rest.len()],
        [rest @ .., before, 'е' | 'й', 'к'] if is_soft(*before) && rest.len() >= 2 => &letters[..=rest.len()],
        [rest @ .., before, 'к'] if !is_soft(*before) && rest.len() >= 2 => &letters[..=rest.len()],
        [rest @ .., 'б' | 'п' | 'в' | 'м' | 'ф', 'л'] if rest.len() >= 2 => &letters[..=rest.len()],
        _ => return None,
    };
    Some(rest.to_vec())
}

/// Vowels and signs.
fn is_soft(letter: char) -> bool {
    matches!(
        letter,
        'а' | 'е' | 'и' | 'й' | 'о' | 'у' | 'ъ' | 'ы' | 'ь' | 'э' | 'ю' | 'я'
    )
}
