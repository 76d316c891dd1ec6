//! The words a tokenizer has seen, how often, and their numbers.

use std::cmp::Reverse;

use crate::hash::{Word, WordMap};

/// A word with its counts.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) word: Box<str>,
    /// How often it occurs.
    pub(super) count: u64,
    /// In how many documents it occurs.
    pub(super) docs: u64,
    /// The last document that it was seen in, so that a document counts once without a set of its words.
    last_document: u64,
}

/// Words in the order in which they were first seen, and in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Vocabulary {
    entries: Vec<Entry>,
    /// The index into `entries`.
    by_word: WordMap,
    /// The number of each entry; shorter than `entries` until the words are numbered.
    numbers: Vec<i32>,
    /// Indices into `entries`, the most frequent first.
    by_number: Vec<usize>,
    first_number: i32,
}

impl Vocabulary {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Counts one more sighting of each of `words` in the document with the number `document`, which is 1 or more.
    pub(super) fn see(&mut self, words: &[Word<'_>], document: u64, scratch: &mut Vec<u32>) {
        self.by_word.first_look(words, scratch);
        for (&word, &index) in words.iter().zip(scratch.iter()) {
            let entry = if index == WordMap::NONE { self.entry(word) } else { &mut self.entries[index as usize] };
            // A file may say any count.
            entry.count = entry.count.saturating_add(1);
            entry.docs = entry.docs.saturating_add(u64::from(entry.last_document != document));
            entry.last_document = document;
        }
    }

    /// Adds the counts of other documents, whose words come after those seen here.
    pub(super) fn absorb(&mut self, other: Self) {
        for Entry { word, count, docs, .. } in other.entries {
            let entry = self.entry((&*word).into());
            entry.count = entry.count.saturating_add(count);
            entry.docs = entry.docs.saturating_add(docs);
        }
    }

    /// Adds a word with known counts; false when it was there already.
    pub(super) fn restore(&mut self, word: &str, count: u64, docs: u64) -> bool {
        let before = self.len();
        let entry = self.entry(word.into());
        (entry.count, entry.docs) = (count, docs);
        self.len() > before
    }

    /// The entry of a word, which is new where the word was not seen.
    fn entry(&mut self, word: Word<'_>) -> &mut Entry {
        let index = self.by_word.get_or_insert(word);
        if index == self.entries.len() {
            self.entries.push(Entry { word: word.as_str().into(), count: 0, docs: 0, last_document: 0 });
        }
        &mut self.entries[index]
    }

    /// Numbers the words from `first_number` on, the most frequent first, equal ones in the order they were first seen.
    pub(super) fn number(&mut self, first_number: i32) {
        self.first_number = first_number;
        self.by_number = (0..self.entries.len()).collect();
        self.by_number.sort_by_key(|&index| Reverse(self.entries[index].count));
        self.numbers = vec![0; self.entries.len()];
        for (number, &index) in (first_number..).zip(&self.by_number) {
            self.numbers[index] = number;
        }
    }

    /// The number of a word.
    pub(super) fn get(&self, word: Word<'_>) -> Option<i32> {
        self.by_word.get(word).map(|index| self.numbers[index])
    }

    /// Calls `found` with the number of each word.
    pub(super) fn get_each(&self, words: &[Word<'_>], scratch: &mut Vec<u32>, mut found: impl FnMut(Option<i32>)) {
        self.by_word.first_look(words, scratch);
        for (&word, &index) in words.iter().zip(scratch.iter()) {
            found(if index == WordMap::NONE { self.get(word) } else { Some(self.numbers[index as usize]) });
        }
    }

    /// The word with this number.
    pub(super) fn at(&self, number: i32) -> Option<&Entry> {
        let place = usize::try_from(number.checked_sub(self.first_number)?).ok()?;
        self.by_number.get(place).map(|&index| &self.entries[index])
    }

    /// The words as they were first seen.
    pub(super) fn as_seen(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The numbers of the words as they were first seen.
    pub(super) fn numbers(&self) -> &[i32] {
        &self.numbers
    }

    /// The words by their numbers.
    pub(super) fn as_numbered(&self) -> impl Iterator<Item = (&str, i32)> {
        self.by_number.iter().map(|&index| &*self.entries[index].word).zip(self.first_number..)
    }
}
