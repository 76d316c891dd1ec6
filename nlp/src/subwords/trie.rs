//! A set of strings that finds the longest of them at the beginning of a text.

/// A node without a string that ends in it.
const NONE: u32 = u32::MAX;

/// Strings with numbers, as a tree of their bytes whose edges lie in one hash table.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// `(node << 8 | byte) + 1` and the node that the byte leads to; 0 in an empty slot. The length is a power of two.
    edges: Vec<(u64, u32)>,
    /// The number of the string that ends in each node.
    ends: Vec<u32>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { edges: vec![(0, 0); 64], ends: vec![NONE] }
    }
}

impl Trie {
    /// Adds a string with a number below `u32::MAX`; a string that was there already gets the new number. Gives the old one.
    pub(super) fn insert(&mut self, string: &str, number: u32) -> Option<u32> {
        let mut node = 0;
        for byte in string.bytes() {
            let key = key(node, byte);
            let mut slot = self.slot(key);
            if self.edges[slot].0 == 0 {
                if self.ends.len() * 2 > self.edges.len() {
                    self.grow();
                    slot = self.slot(key);
                }
                self.edges[slot] = (key, self.ends.len() as u32);
                self.ends.push(NONE);
            }
            node = self.edges[slot].1;
        }
        let before = std::mem::replace(&mut self.ends[node as usize], number);
        (before != NONE).then_some(before)
    }

    /// The length in bytes and the number of the longest string at the beginning of `text` whose end is `allowed`.
    pub(super) fn longest(&self, text: &str, allowed: impl Fn(usize) -> bool) -> Option<(usize, u32)> {
        let mut found = None;
        let mut node = 0;
        for (index, byte) in text.bytes().enumerate() {
            let (key, next) = self.edges[self.slot(key(node, byte))];
            if key == 0 {
                break;
            }
            node = next;
            let number = self.ends[node as usize];
            if number != NONE && allowed(index + 1) {
                found = Some((index + 1, number));
            }
        }
        found
    }

    /// The number of strings.
    pub(super) fn len(&self) -> usize {
        self.ends.iter().filter(|&&number| number != NONE).count()
    }

    /// The slot of an edge, or the empty one where it belongs.
    fn slot(&self, key: u64) -> usize {
        let mask = self.edges.len() - 1;
        // Fibonacci hashing: the upper half of the product depends on all bits of the key.
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.edges[slot].0 != key && self.edges[slot].0 != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let edges = std::mem::take(&mut self.edges);
        self.edges = vec![(0, 0); edges.len() * 4];
        for edge in edges.into_iter().filter(|&(key, _)| key != 0) {
            let slot = self.slot(edge.0);
            self.edges[slot] = edge;
        }
    }
}

fn key(node: u32, byte: u8) -> u64 {
    (u64::from(node) << 8 | u64::from(byte)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_string_is_found() {
        let mut trie = Trie::default();
        for (number, string) in (0..).zip(["a", "abc", "é", "abcdef"]) {
            assert_eq!(trie.insert(string, number), None);
        }
        assert_eq!(trie.insert("abc", 9), Some(1));
        assert_eq!(trie.longest("abcde", |_| true), Some((3, 9)));
        assert_eq!(trie.longest("abcde", |end| end != 3), Some((1, 0)));
        assert_eq!(trie.longest("éa", |_| true), Some((2, 2)));
        assert_eq!(trie.longest("b", |_| true), None);
        assert_eq!(trie.len(), 4);
    }

    #[test]
    fn many_strings_stay_apart() {
        let mut trie = Trie::default();
        let strings: Vec<String> = (0..5000).map(|i| format!("{}x", i * 7919 % 100_003)).collect();
        for (number, string) in (0..).zip(&strings) {
            assert_eq!(trie.insert(string, number), None);
        }
        for (number, string) in (0..).zip(&strings) {
            assert_eq!(trie.longest(string, |_| true), Some((string.len(), number)));
        }
    }
}
