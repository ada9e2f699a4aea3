//! Words that are meant although they are misspelt.

/// Shorter words are not guessed at: too many others are near.
const SHORTEST: usize = 4;

/// How a word sounds, roughly: Russian unstressed vowels and voiced consonants as those they are taken for, English vowels
/// left out but the first. `None` for words too short, and for those with digits.
pub fn sound(word: &str) -> Option<String> {
    if !can_be_misspelt(word) {
        return None;
    }
    let mut sound = String::with_capacity(word.len());
    for (place, letter) in word.chars().enumerate() {
        let heard = match letter {
            'а' | 'о' => 'а',
            'е' | 'и' | 'э' | 'ы' | 'й' | 'я' => 'и',
            'у' | 'ю' => 'у',
            'б' => 'п',
            'в' => 'ф',
            'г' => 'к',
            'д' => 'т',
            'ж' | 'щ' | 'ч' => 'ш',
            'з' | 'ц' => 'с',
            'ь' | 'ъ' => continue,
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' if place > 0 => continue,
            'c' | 'q' => 'k',
            'z' => 's',
            other => other,
        };
        if !sound.ends_with(heard) {
            sound.push(heard);
        }
    }
    Some(sound)
}

/// The word and what is left of it without each one of its letters: two words of which these meet are one slip of a key
/// apart, or two neighbouring ones (after `SymSpell`, <https://github.com/wolfgarbe/SymSpell>). Empty for words too short, and
/// for those with digits.
pub fn near(word: &str) -> Vec<String> {
    if !can_be_misspelt(word) {
        return Vec::new();
    }
    let letters: Vec<char> = word.chars().collect();
    let without = |place: usize| -> String {
        let rest = letters.iter().enumerate().filter(|(it, _)| *it != place);
        rest.map(|(_, it)| *it).collect()
    };
    let mut near: Vec<String> = (0..letters.len()).map(without).collect();
    near.push(word.to_owned());
    near.sort_unstable();
    near.dedup();
    near
}

fn can_be_misspelt(word: &str) -> bool {
    word.chars().count() >= SHORTEST && word.chars().all(char::is_alphabetic)
}
