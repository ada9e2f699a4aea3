//! Words of Russian and English texts, brought to what search and rules compare.
//!
//! Changing anything here changes what is found: read models that keep terms then need another version, and so do
//! classifiers learnt from them.

mod families;
mod fuzzy;
mod highlight;
mod layout;
mod stem;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub use self::{
    fuzzy::{near, sound},
    highlight::{Piece, around_first, highlighted, readings},
    layout::other_layout,
};

/// Longest word that is looked at, in characters: longer ones are no words that anybody searches for.
const LONGEST: usize = 40;

/// A word as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Term {
    /// In small letters, `ё` as `е`, without its ending: `заявк`.
    pub stem: String,
    /// What its forms share: `заяв` of `заявок` and `заявка`.
    pub root: String,
    /// The root that stands for it and all its kin: that of `возврат` for `вернули`.
    pub family: String,
}

/// The words of a text in small letters, `ё` as `е`, in their order. Letters and digits make words; `.`, `-`, `_`, `/` and
/// `@` inside do not, so that addresses and numbers of contracts are found by their parts.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).map(fold).collect();
    let words: Vec<String> = folded
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty() && it.chars().count() <= LONGEST)
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// The words of a text as they are compared, in their order.
pub fn terms(text: &str) -> impl Iterator<Item = Term> {
    words(text).map(|it| term(&it))
}

/// A word of [`words`] as it is compared.
pub fn term(word: &str) -> Term {
    let stem = stem::stem(word);
    let root = families::root(&stem);
    let family = families::family(&root);
    Term { stem, root, family }
}

fn fold(letter: char) -> char {
    if letter == 'ё' { 'е' } else { letter }
}
