//! From a text to its words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// What the tokenizer replaces by a space unless told otherwise: punctuation without the apostrophe, tab and newline.
pub const DEFAULT_FILTERS: &str = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

/// What counts as a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Analyzer {
    /// Keras' way: filtered characters become the separator, and what stands between separators is a word.
    /// Apostrophes, non-ASCII punctuation and no-break spaces stay inside words.
    #[default]
    Split,
    /// Every character is a word; nothing is filtered.
    Chars,
    /// The words of Unicode's text segmentation (UAX #29): right for punctuation of every script, and for Chinese
    /// or Japanese characters without spaces. `filters` and `split` have no effect.
    UnicodeWords,
}

/// Which ways of writing the same characters count as one, before words are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Normalization {
    /// Canonical composition: `e` and an accent of its own are `é`.
    Nfc,
    /// Compatibility composition: the ligature `ﬁ` is also `fi`, the wide `Ａ` is `A`, and `½` is `1⁄2`.
    Nfkc,
    /// Accents go: `é` is `e`. It helps English and harms languages in which accents tell words apart.
    StripAccents,
}

impl Normalization {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Nfc => text.nfc().collect(),
            Self::Nfkc => text.nfkc().collect(),
            Self::StripAccents => text.nfd().filter(|&character| !is_combining_mark(character)).nfc().collect(),
        }
    }
}

/// How texts are cut; a part of the tokenizer's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splitter {
    pub(super) analyzer: Analyzer,
    pub(super) filters: String,
    pub(super) lower: bool,
    pub(super) split: String,
    pub(super) normalization: Option<Normalization>,
}

impl Default for Splitter {
    fn default() -> Self {
        Self { analyzer: Analyzer::Split, filters: DEFAULT_FILTERS.to_owned(), lower: true, split: " ".to_owned(), normalization: None }
    }
}

impl Splitter {
    /// Calls `found` with each word of `text`, in order.
    pub(super) fn words(&self, text: &str, mut found: impl FnMut(&str)) {
        let text = self.normalization.map_or(Cow::Borrowed(text), |normalization| Cow::Owned(normalization.apply(text)));
        if let Some(table) = self.ascii_table(&text) {
            let bytes: Vec<u8> = text.bytes().map(|byte| table[usize::from(byte)]).collect();
            let plain = std::str::from_utf8(&bytes).unwrap_or_default();
            return plain.split(' ').filter(|word| !word.is_empty()).for_each(found);
        }
        let text = if self.lower { Cow::Owned(text.to_lowercase()) } else { text };
        match self.analyzer {
            Analyzer::Split => self.filtered(&text).split(&self.split).filter(|word| !word.is_empty()).for_each(found),
            Analyzer::Chars => text.chars().for_each(|character| found(character.encode_utf8(&mut [0; 4]))),
            Analyzer::UnicodeWords => text.unicode_words().for_each(found),
        }
    }

    /// What becomes of each byte of a text, where all of it and of the options is ASCII: nearly all texts, much faster.
    fn ascii_table(&self, text: &str) -> Option<[u8; 128]> {
        if self.analyzer != Analyzer::Split || self.split != " " || !text.is_ascii() {
            return None;
        }
        let mut table: [u8; 128] = std::array::from_fn(|byte| byte as u8);
        if self.lower {
            table.make_ascii_lowercase();
        }
        // Filters are looked for after the letters have become small, as in Keras.
        let filters = self.ascii_filters();
        table.iter_mut().filter(|byte| filters >> **byte & 1 == 1).for_each(|byte| *byte = b' ');
        Some(table)
    }

    /// The filtered characters that are ASCII, a bit for each.
    fn ascii_filters(&self) -> u128 {
        self.filters.bytes().filter(u8::is_ascii).fold(0, |set, byte| set | 1 << byte)
    }

    /// The text with every filtered character replaced by the separator.
    fn filtered(&self, text: &str) -> String {
        let ascii = self.ascii_filters();
        let all_ascii = self.filters.is_ascii();
        let mut filtered = String::with_capacity(text.len());
        for character in text.chars() {
            let drop =
                if character.is_ascii() { ascii >> u32::from(character) & 1 == 1 } else { !all_ascii && self.filters.contains(character) };
            if drop {
                filtered.push_str(&self.split);
            } else {
                filtered.push(character);
            }
        }
        filtered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(splitter: &Splitter, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        splitter.words(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn keras_splits_at_ascii_punctuation_only() {
        let keras = Splitter::default();
        assert_eq!(words(&keras, "I, love\tmy\ncat-dog! don't 'tis '"), ["i", "love", "my", "cat", "dog", "don't", "'tis", "'"]);
        assert_eq!(words(&keras, "“curly” a\u{a0}b x\r"), ["“curly”", "a\u{a0}b", "x\r"]);
        assert_eq!(words(&keras, "ΟΔΟΣ İ"), ["οδος", "i\u{307}"]);
        assert!(words(&keras, " !?\n").is_empty());
    }

    #[test]
    fn unicode_words_leave_punctuation_of_all_scripts() {
        let unicode = Splitter { analyzer: Analyzer::UnicodeWords, ..Splitter::default() };
        assert_eq!(words(&unicode, "“Curly” don't, 3.14 — naïve"), ["curly", "don't", "3.14", "naïve"]);
        assert_eq!(words(&unicode, "私は犬"), ["私", "は", "犬"]);
    }

    #[test]
    fn ways_of_writing_become_one() {
        let by = |normalization| Splitter { normalization: Some(normalization), ..Splitter::default() };
        assert_eq!(words(&by(Normalization::Nfc), "cafe\u{301} ﬁn"), ["café", "ﬁn"]);
        assert_eq!(words(&by(Normalization::Nfkc), "cafe\u{301} ﬁn Ａ"), ["café", "fin", "a"]);
        assert_eq!(words(&by(Normalization::StripAccents), "Café ÜBER"), ["cafe", "uber"]);
    }

    #[test]
    fn characters_are_not_filtered() {
        let chars = Splitter { analyzer: Analyzer::Chars, ..Splitter::default() };
        assert_eq!(words(&chars, "Aé !"), ["a", "é", " ", "!"]);
    }

    #[test]
    fn own_filters_and_separators() {
        let own = Splitter { filters: "e…".to_owned(), lower: false, split: ", ".to_owned(), ..Splitter::default() };
        assert_eq!(words(&own, "oneTWO…three, , four"), ["on", "TWO", "thr", "four"]);
    }
}
