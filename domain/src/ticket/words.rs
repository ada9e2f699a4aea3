//! Closed sets of words that only tickets use.

use serde::{Deserialize, Serialize};

use crate::values::words;

words!(
    /// What a ticket is to another: "this one ... the other".
    Relation {
        /// Asks for the same as the other.
        Duplicate = "duplicate",
        /// Is what the other is a part of.
        Parent = "parent",
        /// Must be done before the other.
        Blocks = "blocks",
        /// Has to do with the other. Kept by the ticket with the lesser id, so that it is kept once.
        Related = "related",
    }
);

words!(
    /// What ended a snooze.
    WakeCause {
        /// Its instant came.
        Time = "time",
        /// The customer wrote.
        Reply = "reply",
        /// An agent, or a program on its behalf.
        Agent = "agent",
    }
);

words!(
    /// What the customer says of a resolution.
    Verdict {
        /// It helped.
        Confirmed = "confirmed",
        /// It did not.
        Rejected = "rejected",
    }
);
