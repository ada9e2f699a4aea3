//! Closed sets of words. Their stored form (snake case) never changes.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word),+ }

        impl $name {
            /// Every word, in order.
            pub const ALL: &[Self] = &[$(Self::$word),+];

            /// The stored form.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }

            /// The word with this stored form.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$word),)+ _ => None }
            }
        }
    };
}

pub(crate) use words;

words!(
    /// What sort of request a ticket is.
    TicketType {
        /// Somebody wants to know something.
        Question = "question",
        /// Something that worked does not.
        Incident = "incident",
        /// The cause behind incidents.
        Problem = "problem",
        /// Work to be done.
        Task = "task",
        /// A formal application (заявка).
        Application = "application",
    }
);

words!(
    /// How urgent a ticket is, in rising order.
    Priority {
        /// Answered within 24 to 48 hours.
        Low = "low",
        /// Answered within 8 to 12 hours; the default.
        Medium = "medium",
        /// Answered within 1 to 4 hours.
        High = "high",
        /// Critical: an outage or a loss.
        Urgent = "urgent",
    }
);

words!(
    /// What a ticket on hold waits for.
    HoldReason {
        /// The customer's answer: the ticket is pending.
        Customer = "customer",
        /// A supplier.
        Vendor = "vendor",
        /// The solution of an underlying problem.
        Problem = "problem",
        /// Evidence of what happened.
        Evidence = "evidence",
        /// Anything else.
        Other = "other",
    }
);

words!(
    /// How a ticket was resolved.
    ResolutionReason {
        /// The customer has what was needed.
        Solved = "solved",
        /// It could not be solved.
        NotSolved = "not_solved",
        /// Another ticket covers it.
        Duplicate = "duplicate",
        /// Not a request at all.
        Spam = "spam",
        /// The customer did not answer.
        NoResponse = "no_response",
    }
);

words!(
    /// Who or what closed a ticket.
    CloseCause {
        /// An agent, or a program on its behalf.
        Agent = "agent",
        /// The customer.
        Customer = "customer",
        /// A policy on idle tickets.
        IdlePolicy = "idle_policy",
    }
);

words!(
    /// Why a ticket was reopened.
    ReopenCause {
        /// The customer wrote again.
        CustomerReply = "customer_reply",
        /// An agent, or a program on its behalf.
        Agent = "agent",
        /// The customer rejected the resolution.
        Rejected = "rejected",
    }
);

words!(
    /// Who chose a category or priority.
    ClassifiedBy {
        /// A rule.
        Rule = "rule",
        /// A learned model.
        Model = "model",
        /// An agent, or a program on its behalf.
        Agent = "agent",
    }
);

words!(
    /// How an agent came to own a ticket.
    AssignmentMode {
        /// The router chose.
        Auto = "auto",
        /// The agent took it.
        #[serde(rename = "self")]
        Own = "self",
        /// Somebody gave it.
        ByAgent = "by_agent",
        /// A rule gave it.
        ByRule = "by_rule",
    }
);

#[cfg(test)]
mod tests {
    use super::{AssignmentMode, HoldReason, Priority, ResolutionReason, TicketType};

    #[test]
    fn stored_form_and_serde_agree() {
        fn check<T: serde::Serialize>(words: &[T], text: impl Fn(&T) -> &'static str) {
            for word in words {
                assert_eq!(serde_json::to_value(word).unwrap(), text(word));
            }
        }
        check(TicketType::ALL, |it| it.as_str());
        check(Priority::ALL, |it| it.as_str());
        check(HoldReason::ALL, |it| it.as_str());
        check(ResolutionReason::ALL, |it| it.as_str());
        check(AssignmentMode::ALL, |it| it.as_str());
    }
}
