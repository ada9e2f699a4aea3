//! What a log is trusted for: killed, damaged, without space, and met by two programs at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests do")]
#![expect(clippy::panic, reason = "helpers of tests fail like tests do")]
#![expect(clippy::tests_outside_test_module, reason = "the whole binary is tests")]

mod damage;
mod disk;
mod kill;
mod lock;
mod node;
mod program;
mod random;
mod restore;
