//! A bounded map that forgets what was not used lately.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Two maps: when the young one is full it becomes the old one, and the old one is forgotten. Cheaper than a linked
/// list, and what is used stays.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    limit: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Generations<K, V> {
    /// Holds at least the last `limit` used entries, at most twice as many.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            limit,
        }
    }

    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.limit {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::Generations;

    #[test]
    fn used_entries_stay_and_others_go() {
        let mut map = Generations::new(4);
        for key in 0..100 {
            map.insert(key, key * 2);
            assert_eq!(map.get(&0), Some(0));
        }
        assert_eq!(map.get(&99), Some(198));
        assert_eq!(map.get(&50), None);
    }

    #[test]
    fn newest_value_wins_over_an_old_generation() {
        let mut map = Generations::new(1);
        map.insert("a", 1);
        map.insert("b", 1);
        map.insert("a", 2);
        assert_eq!(map.get("a"), Some(2));
        map.insert("c", 1);
        assert_eq!(map.get("a"), Some(2));
    }
}
