//! A period under other rules: the file that says what is to be tried, and the table of what comes of it. The replay itself
//! is [`projections::what_if`], which the API carries out, too.

mod file;
mod table;

pub use file::{FileError, definition};
pub use table::in_words;
