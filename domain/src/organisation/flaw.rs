/// What is accepted where something else was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A line of 1 to so many characters.
    Line(usize),
    /// A text of at most so many characters.
    Text(usize),
    /// A name in at least one language.
    SomeLanguage,
    /// The name of a time zone in the IANA database.
    TimeZone,
    /// A country or region by ISO 3166.
    Region,
    /// A host name, or `*.` and one.
    Domain,
    /// A language tag by BCP 47.
    Language,
    /// `#RRGGBB`.
    Colour,
    /// A word of small letters, digits and `_`.
    Word,
    /// A media type, or the beginning of some and `*`.
    MediaTypes,
    /// Each only once.
    Once,
    /// At most so many.
    AtMost(usize),
    /// At least one.
    AtLeastOne,
    /// It must be given here.
    Needed,
    /// It must not be given here.
    NotHere,
    /// A number, or an instant, not below the least.
    NotBelowLeast,
    /// At most so many characters, a letter or a digit among them.
    Phrase(usize),
    /// A place in a template for something that is known of tickets.
    Variable,
    /// A number not further than so many from zero.
    Within(i32),
    /// A number from 1 to so many.
    UpTo(u32),
}

/// A value in a definition that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where it stands in the definition: names of fields as the API calls them, and places in lists from 0.
    pub path: Vec<String>,
    /// What came, shortened to 80 characters.
    pub value: String,
    /// What is accepted.
    pub rule: Rule,
}
