//! Where the words of a query stand in a text.

use std::collections::HashSet;

use super::{Term, near, other_layout, sound, term, terms, words};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it says; all pieces one after the other are the text.
    pub text: String,
    /// Whether it is a word that was looked for, in whatever form or spelling.
    pub found: bool,
}

/// The words of a query, each in all its readings: as typed, and with the keyboard in the other language.
pub fn readings(query: &str) -> Vec<Vec<Term>> {
    let mut all: Vec<Vec<Term>> = Vec::new();
    for chunk in query.split_whitespace() {
        let typed: Vec<Term> = terms(chunk).collect();
        let meant = other_layout(chunk);
        let other: Vec<Term> = meant.iter().flat_map(|it| terms(it)).collect();
        match (typed.len(), other.as_slice()) {
            // `[jxe` falls apart as it was typed, and is one word as it was meant.
            (1.., [one]) => all.push(typed.into_iter().chain([one.clone()]).collect()),
            _ => all.extend(typed.into_iter().map(|it| vec![it])),
        }
    }
    all
}

/// A text in pieces, those marked that a query would find it by.
pub fn highlighted(text: &str, query: &str) -> Vec<Piece> {
    let asked = Alike::of(readings(query).into_iter().flatten());
    let mut pieces: Vec<Piece> = Vec::new();
    let mut put = |text: &str, found: bool| match pieces.last_mut() {
        Some(last) if last.found == found => last.text.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece {
            text: text.to_owned(),
            found,
        }),
    };
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|it: char| !it.is_alphanumeric()).unwrap_or(from.len());
        let (word, behind) = from.split_at(end);
        put(before, false);
        put(word, words(word).any(|it| asked.holds(&term(&it))));
        rest = behind;
    }
    put(rest, false);
    pieces
}

/// What stands around the first piece that was found, so many characters before and behind it; all when none was.
pub fn around_first(pieces: Vec<Piece>, around: usize) -> Vec<Piece> {
    let length = |it: &Piece| it.text.chars().count();
    let Some(first) = pieces.iter().position(|it| it.found) else {
        return pieces;
    };
    let start: usize = pieces.iter().take(first).map(length).sum();
    let found = pieces.get(first).map_or(0, length);
    let (from, until) = (start.saturating_sub(around), start + found + around);
    let mut at = 0;
    let mut shown = Vec::new();
    for piece in pieces {
        let (begin, end) = (at, at + length(&piece));
        at = end;
        let (skip, take) = (
            from.saturating_sub(begin),
            until.min(end).saturating_sub(begin.max(from)),
        );
        let text: String = piece.text.chars().skip(skip).take(take).collect();
        if !text.is_empty() {
            shown.push(Piece {
                text,
                found: piece.found,
            });
        }
    }
    shown
}

/// Words, and what is like them.
struct Alike {
    families: HashSet<String>,
    sounds: HashSet<String>,
    near: HashSet<String>,
}

impl Alike {
    fn of(terms: impl Iterator<Item = Term>) -> Self {
        let mut alike = Self {
            families: HashSet::new(),
            sounds: HashSet::new(),
            near: HashSet::new(),
        };
        for term in terms {
            alike.sounds.extend(sound(&term.root));
            alike.near.extend(near(&term.root));
            alike.families.insert(term.family);
        }
        alike
    }

    fn holds(&self, term: &Term) -> bool {
        self.families.contains(&term.family)
            || sound(&term.root).is_some_and(|it| self.sounds.contains(&it))
            || near(&term.root).iter().any(|it| self.near.contains(it))
    }
}
