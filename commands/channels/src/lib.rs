//! Every integration with another system, in both directions.
//!
//! Registry:
//!
//! | Module | System | Direction |
//! |---|---|---|
//! | [`servicenow`] | ServiceNow incident log, a CSV file | in |
//!
//! Called by `api`, which owns the command line. An integration turns what the other system says into commands of the
//! domain and hands them to [`commands::Handler`]; deliberately absent: rules, tables, and everything shown to people.

pub mod servicenow;
