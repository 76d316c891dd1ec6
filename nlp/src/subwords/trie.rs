//! A set of strings that finds the longest of them at the beginning of a text.

/// No slot, and no number.
const NONE: u32 = u32::MAX;
/// How many slots are looked at for the children of a node before they get new ones at the end.
const WINDOW: usize = 256;

/// Strings with numbers, as a tree of their bytes in one table (a "double array"): small, so that it stays near the processor, and
/// with one look for each byte.
///
/// Source: J. Aoe, "An efficient digital search algorithm by using a double-array structure", IEEE Transactions on Software
/// Engineering 15(9), 1989.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    /// The root is the first.
    slots: Vec<Slot>,
    strings: usize,
}

/// A node of the tree.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The slot of the node whose child it is; `NONE` for the root and for a slot without a node.
    parent: u32,
    /// The child that a byte leads to lies this many slots after the byte's own value.
    base: u32,
    /// The number of the string that ends here.
    number: u32,
}

impl Slot {
    const FREE: Self = Self { parent: NONE, base: 0, number: NONE };
}

impl Trie {
    /// The tree of strings with their numbers, which are below `u32::MAX`. A string that is given twice has the last number.
    pub(super) fn new<'a>(strings: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let mut strings: Vec<(&[u8], u32)> = strings.into_iter().map(|(string, number)| (string.as_bytes(), number)).collect();
        strings.sort_by_key(|&(string, _)| string);
        strings.dedup_by(|later, first| {
            let again = later.0 == first.0;
            if again {
                first.1 = later.1;
            }
            again
        });
        let mut trie = Self { slots: vec![Slot::FREE], strings: strings.len() };
        let mut free = 1;
        // Slots that wait for their children, with the strings that pass through them and the bytes that led there.
        let mut waiting = vec![(0, strings.as_slice(), 0)];
        while let Some((slot, mut strings, depth)) = waiting.pop() {
            if let Some(((string, number), others)) = strings.split_first()
                && string.len() == depth
            {
                trie.slots[slot].number = *number;
                strings = others;
            }
            if strings.is_empty() {
                continue;
            }
            let children: Vec<&[(&[u8], u32)]> = strings.chunk_by(|(a, _), (b, _)| a[depth] == b[depth]).collect();
            let bytes: Vec<usize> = children.iter().map(|strings| usize::from(strings[0].0[depth])).collect();
            let base = trie.place(&bytes, &mut free);
            trie.slots[slot].base = base as u32;
            for (byte, strings) in bytes.into_iter().zip(children) {
                trie.slots[base + byte].parent = slot as u32;
                waiting.push((base + byte, strings, depth + 1));
            }
        }
        trie
    }

    /// A base at which the children with these bytes, which rise, find free slots. Slots before `free` are not worth looking at.
    fn place(&mut self, bytes: &[usize], free: &mut usize) -> usize {
        let is_free = |slot: usize| self.slots.get(slot).is_none_or(|slot| slot.parent == NONE);
        *free += (*free..self.slots.len()).take_while(|&slot| !is_free(slot)).count();
        let mut bases = (*free..self.slots.len()).take(WINDOW).filter_map(|slot| slot.checked_sub(bytes[0])).filter(|&base| base > 0);
        let base = bases.find(|base| bytes.iter().all(|byte| is_free(base + byte))).unwrap_or_else(|| {
            // Nothing fits into the gaps that are left: no later search begins with the first of them.
            *free = self.slots.len().min(*free + WINDOW / 4);
            self.slots.len()
        });
        let end = base + bytes[bytes.len() - 1] + 1;
        if end > self.slots.len() {
            self.slots.resize(end, Slot::FREE);
        }
        base
    }

    /// The length in bytes and the number of the longest string at the beginning of `text` whose end is `allowed`.
    pub(super) fn longest(&self, text: &str, allowed: impl Fn(usize) -> bool) -> Option<(usize, u32)> {
        let mut found = None;
        let (mut parent, mut base) = (0, self.slots[0].base);
        for (index, byte) in text.bytes().enumerate() {
            let slot = base + u32::from(byte);
            let Some(node) = self.slots.get(slot as usize).filter(|node| node.parent == parent) else { break };
            if node.number != NONE && allowed(index + 1) {
                found = Some((index + 1, node.number));
            }
            (parent, base) = (slot, node.base);
        }
        found
    }

    /// The number of strings.
    pub(super) fn len(&self) -> usize {
        self.strings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_string_is_found() {
        let trie = Trie::new([("a", 0), ("abc", 1), ("é", 2), ("abcdef", 3), ("abc", 9)]);
        assert_eq!(trie.longest("abcde", |_| true), Some((3, 9)));
        assert_eq!(trie.longest("abcde", |end| end != 3), Some((1, 0)));
        assert_eq!(trie.longest("abcdefg", |_| true), Some((6, 3)));
        assert_eq!(trie.longest("éa", |_| true), Some((2, 2)));
        assert_eq!(trie.longest("b", |_| true), None);
        assert_eq!(trie.longest("", |_| true), None);
        assert_eq!(trie.len(), 4);
        assert_eq!(Trie::new([]).longest("a", |_| true), None);
    }

    #[test]
    fn many_strings_stay_apart() {
        let strings: Vec<String> = (0..5000_u32).map(|i| format!("{}x", i * 7919 % 100_003)).collect();
        let trie = Trie::new(strings.iter().map(String::as_str).zip(0..));
        for (number, string) in (0..).zip(&strings) {
            assert_eq!(trie.longest(string, |_| true), Some((string.len(), number)));
            assert_eq!(trie.longest(&string[..string.len() - 1], |_| true), None);
        }
    }
}
