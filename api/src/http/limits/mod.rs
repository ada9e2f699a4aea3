//! How much one address, one actor and one operation may ask for.
//!
//! All of it lies in this process: several servers each give the whole of it. What is kept for each is bounded, so that
//! many addresses cost no more memory than some thousands.

mod bucket;
mod slowdown;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use commands::Clock;
use lru::LruCache;

pub(crate) use bucket::Exhausted;
use bucket::{Buckets, Rate};
use slowdown::Slowdown;

use crate::config::Config;

/// Credentials that opened and are remembered, by their hash.
const MOST_CREDENTIALS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Name in the settings of every mutation that has no limit of its own.
const ANY: &str = "*";

/// The limits, and what is used of them.
#[derive(Debug)]
pub struct Limits {
    clock: Clock,
    cost: Rate,
    address: Rate,
    operations: BTreeMap<String, u32>,
    costs: Buckets<String>,
    addresses: Buckets<IpAddr>,
    deeds: Buckets<(String, String)>,
    failures: Slowdown<IpAddr>,
    /// Of those who are in and prove who they are once more.
    guesses: Slowdown<String>,
    /// Credentials that opened: a neighbour behind the same address who guesses does not shut them out.
    credentials: Mutex<LruCache<blake3::Hash, ()>>,
}

/// What is left of an actor's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttle {
    /// Points of a full budget.
    pub(crate) maximum: u32,
    /// Points that are there.
    pub(crate) available: u32,
    /// Points that come back each second.
    pub(crate) restored: u32,
}

impl Limits {
    /// The limits that the settings ask for.
    pub fn new(config: &Config, clock: Clock) -> Self {
        let second = Duration::from_secs(1);
        Self {
            clock,
            cost: Rate {
                most: config.cost_budget,
                restored: config.cost_restored_per_s,
                period: second,
            },
            address: Rate {
                most: config.address_requests,
                restored: config.address_requests_per_s,
                period: second,
            },
            operations: config.operation_limits.clone(),
            costs: Buckets::default(),
            addresses: Buckets::default(),
            deeds: Buckets::default(),
            failures: Slowdown::default(),
            guesses: Slowdown::default(),
            credentials: Mutex::new(LruCache::new(MOST_CREDENTIALS)),
        }
    }

    /// One request of an address.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), Exhausted> {
        if self.address.most == 0 {
            return Ok(());
        }
        let taken = self.addresses.take(network(address), self.address, 1, self.clock.now());
        taken.map(|_left| ())
    }

    /// How long this address has to wait before this credential is looked at. One that has opened before is looked at in
    /// any case.
    pub(crate) fn wait(&self, address: IpAddr, credential: &str) -> Option<Duration> {
        let wait = self.failures.wait(&network(address), self.clock.now())?;
        let known = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        (!known.contains(&blake3::hash(credential.as_bytes()))).then_some(wait)
    }

    /// A credential opened nothing.
    pub(crate) fn failed(&self, address: IpAddr) {
        self.failures.failed(network(address), self.clock.now());
    }

    /// Lets a stranger, or an actor who is in, try a password; it counts as a failure until it is forgiven.
    ///
    /// # Errors
    /// When too many failed before.
    pub(crate) fn stake(&self, stranger: Option<IpAddr>, actor: &str) -> Result<(), Exhausted> {
        let now = self.clock.now();
        let wait = match stranger {
            Some(address) => self.failures.stake(network(address), now),
            None => self.guesses.stake(actor.to_owned(), now),
        };
        let exhausted = |retry_after| Exhausted {
            available: 0,
            retry_after,
        };
        wait.map_or(Ok(()), |it| Err(exhausted(it)))
    }

    /// What counted as a failure of an address, or of an actor, was none.
    pub(crate) fn forgive(&self, stranger: Option<IpAddr>, actor: &str) {
        match stranger {
            Some(address) => self.failures.forgive(&network(address)),
            None => self.guesses.forgive(&actor.to_owned()),
        }
    }

    /// A credential opened.
    pub(crate) fn opened(&self, credential: &str) {
        let mut known = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert(blake3::hash(credential.as_bytes()), || ());
    }

    /// One mutation of an actor.
    pub(crate) fn mutation(&self, actor: &str, field: &str) -> Result<(), Exhausted> {
        let limit = self.operations.get(field).or_else(|| self.operations.get(ANY));
        let Some(&most) = limit.filter(|it| **it > 0) else {
            return Ok(());
        };
        let rate = Rate {
            most,
            restored: most,
            period: Duration::from_mins(1),
        };
        let key = (actor.to_owned(), field.to_owned());
        self.deeds.take(key, rate, 1, self.clock.now()).map(|_left| ())
    }

    /// Takes the cost of an operation out of its actor's budget; `None` when there is no limit.
    pub(crate) fn charge(&self, actor: &str, cost: u32) -> Result<Option<Throttle>, Exhausted> {
        if self.cost.most == 0 {
            return Ok(None);
        }
        let left = self.costs.take(actor.to_owned(), self.cost, cost, self.clock.now())?;
        Ok(Some(self.throttle(left)))
    }

    /// Gives back what an operation cost less than it might have.
    pub(crate) fn refund(&self, actor: &str, points: u32) -> Option<Throttle> {
        if self.cost.most == 0 {
            return None;
        }
        let left = self.costs.give_back(&actor.to_owned(), self.cost, points);
        Some(self.throttle(left))
    }

    /// An actor's budget with so much left.
    pub(crate) fn throttle(&self, available: u32) -> Throttle {
        Throttle {
            maximum: self.cost.most,
            available,
            restored: self.cost.restored,
        }
    }
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => it.into(),
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            [a, b, c, d, 0, 0, 0, 0].into()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, time::Duration};

    use chrono::{DateTime, TimeDelta};
    use commands::Clock;

    use super::{Limits, network};
    use crate::config::Config;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_network_are_one() {
        assert_eq!(network(address("2001:db8:1:2:3::4")), address("2001:db8:1:2::"));
        assert_eq!(network(address("::ffff:10.0.0.7")), address("10.0.0.7"));
        assert_ne!(network(address("10.0.0.7")), network(address("10.0.0.8")));
    }

    #[test]
    fn credential_that_opened_is_looked_at_although_a_neighbour_guesses() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        let limits = Limits::new(&Config::default(), clock.clone());
        let here = address("10.0.0.7");
        limits.opened("Bearer good");
        for _ in 0..12 {
            limits.failed(here);
        }
        assert_eq!(limits.wait(here, "Bearer bad"), Some(Duration::from_secs(2)));
        assert_eq!(limits.wait(here, "Bearer good"), None);
        assert_eq!(limits.wait(address("10.0.0.8"), "Bearer bad"), None);
        clock.advance(TimeDelta::seconds(2));
        assert_eq!(limits.wait(here, "Bearer bad"), None);
    }

    #[test]
    fn operations_have_their_own_limit_or_that_of_all_others() {
        let config = Config {
            operation_limits: [
                ("*".to_owned(), 2),
                ("openTicket".to_owned(), 1),
                ("free".to_owned(), 0),
            ]
            .into(),
            ..Config::default()
        };
        let limits = Limits::new(&config, Clock::manual(DateTime::UNIX_EPOCH));
        let count = |field| (0..5).filter(|_| limits.mutation("a", field).is_ok()).count();
        assert_eq!((count("openTicket"), count("closeTicket"), count("free")), (1, 2, 5));
        assert!(limits.mutation("b", "openTicket").is_ok());
    }
}
