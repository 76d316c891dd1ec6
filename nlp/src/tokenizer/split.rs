//! From a text to its words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::hash::Word;
use crate::runs::Runs;

/// What the tokenizer replaces by a space unless told otherwise: punctuation without the apostrophe, tab and newline.
pub const DEFAULT_FILTERS: &str = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";

/// How many words are handed on at a time.
const MANY: usize = 64;

/// What stands between spaces.
const NO_SPACE: [bool; 256] = {
    let mut kinds = [true; 256];
    kinds[b' ' as usize] = false;
    kinds
};

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
    /// Calls `found` with the words of `text`, in order, many at a time.
    pub(super) fn words(&self, text: &str, mut found: impl FnMut(&[Word<'_>])) {
        let text = self.normalization.map_or(Cow::Borrowed(text), |normalization| Cow::Owned(normalization.apply(text)));
        if let Some(plain) = self.plain(&text) {
            let runs = Runs::new(plain.as_bytes(), &NO_SPACE);
            let mut words = Vec::with_capacity(MANY);
            let mut start = 0;
            while start < plain.len() {
                let (end, is_word) = runs.end(start);
                if is_word {
                    words.push(Word::inside(&plain, start, end));
                    if words.len() == MANY {
                        found(&words);
                        words.clear();
                    }
                }
                start = end;
            }
            return found(&words);
        }
        let text = if self.lower { Cow::Owned(text.to_lowercase()) } else { text };
        let found = |word: &str| found(&[word.into()]);
        match self.analyzer {
            Analyzer::Split => self.filtered(&text).split(&self.split).filter(|word| !word.is_empty()).for_each(found),
            Analyzer::Chars => text.split("").filter(|character| !character.is_empty()).for_each(found),
            Analyzer::UnicodeWords => text.unicode_words().for_each(found),
        }
    }

    /// The text in small letters and with spaces for what is filtered, where spaces separate words and only ASCII is filtered:
    /// nearly always, and much faster byte by byte.
    fn plain(&self, text: &str) -> Option<String> {
        if self.analyzer != Analyzer::Split || self.split != " " || !(self.filters.is_ascii() || text.is_ascii()) {
            return None;
        }
        let mut table: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        if self.lower {
            table.make_ascii_lowercase();
        }
        // Filters are looked for after the letters have become small, as in Keras.
        let filters = self.ascii_filters();
        table[..128].iter_mut().filter(|byte| filters >> **byte & 1 == 1).for_each(|byte| *byte = b' ');
        // The one letter whose small form depends on its neighbours.
        let whole = (self.lower && !text.is_ascii() && text.contains('Σ')).then(|| text.to_lowercase());
        let mut rest = whole.as_deref().unwrap_or(text);
        let mut plain = Vec::with_capacity(rest.len());
        loop {
            let ascii = if rest.is_ascii() { rest.len() } else { rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len()) };
            plain.extend(rest.as_bytes()[..ascii].iter().map(|&byte| table[usize::from(byte)]));
            rest = &rest[ascii..];
            if rest.is_empty() {
                break;
            }
            let others = rest.bytes().position(|byte| byte.is_ascii()).unwrap_or(rest.len());
            let (others, after) = rest.split_at(others);
            if self.lower {
                // One of them, the Kelvin sign, becomes a letter of ASCII.
                plain.extend(others.to_lowercase().bytes().map(|byte| table[usize::from(byte)]));
            } else {
                plain.extend_from_slice(others.as_bytes());
            }
            rest = after;
        }
        String::from_utf8(plain).ok()
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
        splitter.words(text, |found| words.extend(found.iter().map(|word| word.as_str().to_owned())));
        words
    }

    #[test]
    fn keras_splits_at_ascii_punctuation_only() {
        let keras = Splitter::default();
        assert_eq!(words(&keras, "I, love\tmy\ncat-dog! don't 'tis '"), ["i", "love", "my", "cat", "dog", "don't", "'tis", "'"]);
        assert_eq!(words(&keras, "“curly” a\u{a0}b x\r"), ["“curly”", "a\u{a0}b", "x\r"]);
        assert_eq!(words(&keras, "ΟΔΟΣ İ aΣ ÀÉx"), ["οδος", "i\u{307}", "aς", "àéx"]);
        assert_eq!(words(&keras, "\u{212a}m"), ["km"]);
        assert_eq!(words(&Splitter { filters: "k".to_owned(), ..keras.clone() }, "a\u{212a}m"), ["a", "m"]);
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
