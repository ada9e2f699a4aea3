//! Journeys through the whole product, from a request over real sockets to rows in real tables.

mod ticket;
