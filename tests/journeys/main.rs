//! Journeys through the whole product, from a request over real sockets to rows in real tables; and the rules that the
//! workspace keeps.

#![expect(clippy::tests_outside_test_module, reason = "the whole crate is tests")]

mod analytics;
mod architecture;
mod audit;
mod auth;
mod builds;
mod bulk;
mod claims;
mod classify;
mod contacts;
mod conversation;
mod crash;
mod door;
mod engine;
mod erasure;
mod estimates;
mod events;
mod files;
mod freshness;
mod graphiql;
mod guide;
mod handler;
mod idempotency;
mod import;
mod lists;
mod live;
mod matrix;
mod metrics;
mod open_id;
mod organisation;
mod pages;
mod people;
mod proof;
mod read_models;
mod registration;
mod rest;
mod roles;
mod samples;
mod schema;
mod scope;
mod scripts;
mod search;
mod serve_errors;
mod slow;
mod ticket;
mod tickets_whole;
mod vault;
mod vault_faults;
mod vault_lost;
mod views;
mod visitors;
mod welcome;
