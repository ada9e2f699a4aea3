//! `letopis import`: another system's history into this log, with a server running or without.
