//! The Merkle tree of RFC 6962 over SHA-256: one short root vouches for many events, and a few sibling hashes show
//! that one event is among them.
//!
//! A leaf is hashed behind a byte 0x00, an inner node behind 0x01, so that neither can pass for the other. A tree of
//! n leaves splits at the largest power of two below n (<https://www.rfc-editor.org/rfc/rfc6962#section-2.1>).

use std::{fmt, str::FromStr};

use aws_lc_rs::digest;

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// Text that is not 64 hex digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no SHA-256: give 64 hex digits in lower case")]
pub struct DigestError(String);

impl Digest {
    /// Of these parts, one behind the other.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// Of a leaf.
    pub fn of_leaf(leaf: &[u8]) -> Self {
        Self::of(&[&[0], leaf])
    }

    fn of_node(left: Self, right: Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self::of(&[&bytes])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digit = |it: u8| match it {
            b'0'..=b'9' => Some(it - b'0'),
            b'a'..=b'f' => Some(it - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
            .collect();
        bytes
            .filter(|_| rest.is_empty())
            .and_then(|it| it.try_into().ok())
            .map(Self)
            .ok_or_else(|| DigestError(text.to_owned()))
    }
}

/// A tree that grows leaf by leaf and remembers one hash for each power of two in their number.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Roots of the perfect subtrees, the largest first.
    peaks: Vec<Digest>,
    count: u64,
}

impl Tree {
    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.count.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Digest::of_node(left, node);
        }
        self.peaks.push(node);
        self.count += 1;
    }

    /// How many leaves it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The root; of no leaves, the hash of nothing.
    pub fn root(&self) -> Digest {
        let joined = self
            .peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| Digest::of_node(left, right));
        joined.unwrap_or_else(|| Digest::of(&[]))
    }
}

impl FromIterator<Digest> for Tree {
    fn from_iter<T: IntoIterator<Item = Digest>>(leaves: T) -> Self {
        leaves.into_iter().fold(Self::default(), |mut tree, leaf| {
            tree.push(leaf);
            tree
        })
    }
}

/// All nodes of a tree, so that the way of each of its leaves is found without hashing anything again.
#[derive(Debug, Clone)]
pub struct Levels(Vec<Vec<Digest>>);

impl Levels {
    /// Over the hashes of the leaves, in order.
    pub fn new(leaves: Vec<Digest>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|it| it.len() > 1) {
            let (pairs, alone) = level.as_chunks::<2>();
            // A node without a neighbour is its own parent: so it comes out as the definition wants it.
            let parents = pairs.iter().map(|[left, right]| Digest::of_node(*left, *right));
            let next = parents.chain(alone.iter().copied()).collect();
            levels.push(next);
        }
        Self(levels)
    }

    /// The root; of no leaves, the hash of nothing.
    pub fn root(&self) -> Digest {
        let root = self.0.last().and_then(|it| it.first());
        root.copied().unwrap_or_else(|| Digest::of(&[]))
    }

    /// The siblings on the way from a leaf to the root, the lowest first, as [`audit_path`] finds them.
    pub fn path(&self, index: usize) -> Vec<Digest> {
        let levels = self.0.iter().enumerate();
        levels
            .filter_map(|(height, level)| level.get((index >> height) ^ 1).copied())
            .collect()
    }
}

/// The siblings on the way from a leaf to the root, the lowest first; empty when there is no such leaf.
pub fn audit_path(leaves: &[Digest], index: usize) -> Vec<Digest> {
    let mut path = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    if index >= leaves.len() {
        return path;
    }
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root_of(right));
            leaves = left;
        } else {
            path.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    path
}

/// The root that a leaf and its siblings lead to; `None` when the path has not the length that belongs to the index.
pub fn root_from_path(leaf: Digest, index: u64, count: u64, path: &[Digest]) -> Option<Digest> {
    if index >= count {
        return None;
    }
    // The last leaf's subtree is not perfect: levels at which it has no sibling are passed over.
    let (mut node, mut index, mut last) = (leaf, index, count - 1);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if index % 2 == 1 || index == last {
            node = Digest::of_node(*sibling, node);
            while index % 2 == 0 && index != 0 {
                index /= 2;
                last /= 2;
            }
        } else {
            node = Digest::of_node(node, *sibling);
        }
        index /= 2;
        last /= 2;
    }
    (last == 0).then_some(node)
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn root_of(leaves: &[Digest]) -> Digest {
    leaves.iter().copied().collect::<Tree>().root()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Digest, Levels, Tree, audit_path, root_from_path, root_of, split};

    /// Leaves and roots of the reference tests of Certificate Transparency.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|it| Digest::of_leaf(&it.to_be_bytes())).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        for (count, root) in ROOTS.into_iter().enumerate() {
            let tree: Tree = LEAVES[..count].iter().map(|it| Digest::of_leaf(it)).collect();
            assert_eq!(tree.root().to_string(), root, "{count} leaves");
        }
    }

    #[test]
    fn paths_are_those_of_certificate_transparency() {
        let leaves = LEAVES.map(Digest::of_leaf);
        let path = |index, count| -> Vec<String> {
            audit_path(&leaves[..count], index)
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            path(0, 8),
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
        assert_eq!(
            path(5, 8),
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
        assert_eq!(
            path(2, 3),
            ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]
        );
    }

    #[test]
    fn a_leaf_alone_is_the_root_and_has_no_path() {
        let leaf = Digest::of_leaf(b"alone");
        assert_eq!(root_of(&[leaf]), leaf);
        assert_eq!(audit_path(&[leaf], 0), []);
        assert_eq!(audit_path(&[leaf], 1), []);
        assert_eq!(root_from_path(leaf, 0, 1, &[]), Some(leaf));
        assert_eq!(root_from_path(leaf, 1, 1, &[]), None);
        assert_eq!(root_from_path(leaf, 0, 1, &[leaf]), None);
    }

    #[test]
    fn digest_reads_back_and_other_text_does_not() {
        let digest = Digest::of(&[b"ab", b"c"]);
        assert_eq!(digest, Digest::of(&[b"abc"]));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for wrong in [
            "",
            "00",
            &digest.to_string().to_uppercase(),
            &format!("{digest}0"),
            &"g".repeat(64),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn grown_root_is_the_one_of_the_definition(count in 1_usize..300) {
            fn defined(leaves: &[Digest]) -> Digest {
                if let [leaf] = leaves {
                    return *leaf;
                }
                let (left, right) = leaves.split_at(split(leaves.len()));
                Digest::of_node(defined(left), defined(right))
            }
            let leaves = leaves(count);
            prop_assert_eq!(root_of(&leaves), defined(&leaves));
        }

        #[test]
        fn levels_have_the_same_root_and_ways(count in 1_usize..300, at in 0_usize..300) {
            let (leaves, at) = (leaves(count), at % count);
            let levels = Levels::new(leaves.clone());
            prop_assert_eq!(levels.root(), root_of(&leaves));
            prop_assert_eq!(levels.path(at), audit_path(&leaves, at));
        }

        #[test]
        fn path_leads_every_leaf_to_the_root_and_no_other(count in 1_usize..200, at in 0_usize..200, other in 0_usize..200) {
            let leaves = leaves(count);
            let (at, other) = (at % count, other % count);
            let path = audit_path(&leaves, at);
            let root = Some(root_of(&leaves));
            let lead = |leaf: usize, index: usize, count: usize, path: &[Digest]| {
                root_from_path(leaves[leaf], index as u64, count as u64, path)
            };
            prop_assert_eq!(lead(at, at, count, &path), root);
            if other != at {
                prop_assert_ne!(lead(other, at, count, &path), root);
                prop_assert_ne!(lead(at, other, count, &path), root);
            }
            if let Some((_, shorter)) = path.split_last() {
                prop_assert_ne!(lead(at, at, count, shorter), root);
            }
            let longer: Vec<_> = path.iter().copied().chain([leaves[0]]).collect();
            prop_assert_ne!(lead(at, at, count, &longer), root);
        }
    }
}
