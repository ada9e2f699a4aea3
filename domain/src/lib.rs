//! The rules of the support desk: what may happen to a ticket, and what has happened when it does.
//!
//! Pure: no I/O, no clock, no randomness, no `async`. Instants come in [`decider::Context`], new ids inside
//! commands. Called by `commands` (to decide), by `event-store` (to name stored events) and by `projections`
//! (to read them). Deliberately absent: everything only a screen needs.

pub mod access;
pub mod actor;
pub mod api_key;
pub mod assignment;
pub mod attachment;
pub mod bulk;
pub mod claim;
pub mod classifier;
pub mod contact;
pub mod conversation;
pub mod data_subject;
pub mod decider;
pub mod denial;
pub mod event;
pub mod ids;
pub mod log_seal;
pub mod macro_run;
pub mod metadata;
pub mod organisation;
pub mod organization;
pub mod personal;
pub mod read_model;
pub mod reading;
pub mod reception;
pub mod session;
pub mod sign_in;
pub mod text;
pub mod ticket;
pub mod ticket_numbers;
pub mod upcast;
pub mod user;
pub mod values;
pub mod view;
pub mod visitor_secret;
pub mod what_if;
