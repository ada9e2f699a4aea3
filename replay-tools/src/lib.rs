//! Proof of a log.
