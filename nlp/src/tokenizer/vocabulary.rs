//! The words a tokenizer has seen, how often, and their numbers.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::hash::FastMap;

/// A word with its counts.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) word: Arc<str>,
    /// How often it occurs.
    pub(super) count: u64,
    /// In how many documents it occurs.
    pub(super) docs: u64,
    /// Its number; 0 until the words are numbered.
    pub(super) index: i32,
    /// The last document that it was seen in, so that a document counts once without a set of its words.
    last_document: u64,
}

/// Words in the order in which they were first seen, and in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    entries: Vec<Entry>,
    by_word: FastMap<Arc<str>, usize>,
    /// Indices into `entries`, the most frequent first.
    by_index: Vec<usize>,
    first_index: i32,
}

impl Vocabulary {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Counts one more sighting of `word` in the document with the number `document`, which is 1 or more.
    pub(super) fn see(&mut self, word: &str, document: u64) {
        match self.by_word.get(word) {
            Some(&place) => {
                let entry = &mut self.entries[place];
                entry.count += 1;
                entry.docs += u64::from(entry.last_document != document);
                entry.last_document = document;
            }
            None => self.insert(word, 1, 1, document),
        }
    }

    /// Adds the counts of other documents, whose words come after those seen here.
    pub(super) fn absorb(&mut self, other: Self) {
        for Entry { word, count, docs, .. } in other.entries {
            match self.by_word.get(&word) {
                Some(&place) => {
                    self.entries[place].count += count;
                    self.entries[place].docs += docs;
                }
                None => {
                    self.by_word.insert(Arc::clone(&word), self.entries.len());
                    self.entries.push(Entry { word, count, docs, index: 0, last_document: 0 });
                }
            }
        }
    }

    /// Adds a word with known counts; false when it was there already.
    pub(super) fn restore(&mut self, word: &str, count: u64, docs: u64) -> bool {
        let new = !self.by_word.contains_key(word);
        if new {
            self.insert(word, count, docs, 0);
        }
        new
    }

    fn insert(&mut self, word: &str, count: u64, docs: u64, last_document: u64) {
        let word: Arc<str> = word.into();
        self.by_word.insert(Arc::clone(&word), self.entries.len());
        self.entries.push(Entry { word, count, docs, index: 0, last_document });
    }

    /// Numbers the words from `first_index` on, the most frequent first, equal ones in the order they were first seen.
    pub(super) fn number(&mut self, first_index: i32) {
        self.first_index = first_index;
        self.by_index = (0..self.entries.len()).collect();
        self.by_index.sort_by_key(|&place| Reverse(self.entries[place].count));
        for (index, &place) in (first_index..).zip(&self.by_index) {
            self.entries[place].index = index;
        }
    }

    pub(super) fn get(&self, word: &str) -> Option<&Entry> {
        self.by_word.get(word).map(|&place| &self.entries[place])
    }

    pub(super) fn at(&self, index: i32) -> Option<&Entry> {
        let place = usize::try_from(index.checked_sub(self.first_index)?).ok()?;
        self.by_index.get(place).map(|&place| &self.entries[place])
    }

    /// The words as they were first seen.
    pub(super) fn as_seen(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The words by their numbers.
    pub(super) fn as_numbered(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.by_index.iter().map(|&place| &self.entries[place])
    }
}
