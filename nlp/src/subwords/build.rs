//! A vocabulary of pieces from a corpus.

use std::cmp::Reverse;
use std::collections::HashSet;

use practicum_core::{Error, Result};

use super::SubwordTextEncoder;
use super::split::{ESCAPE, Tokens};
use super::trie::Trie;
use crate::hash::FastMap;

/// How often pieces are found anew, each time by cutting the tokens with the last ones.
const ITERATIONS: usize = 4;

/// What [`SubwordTextEncoder::build_from_corpus`] aims at.
///
/// ```
/// use practicum_nlp::{SubwordOptions, SubwordTextEncoder};
///
/// let songs = ["row row row your boat", "gently down the stream"];
/// let options = SubwordOptions::new(270).max_subword_length(6);
/// let encoder = SubwordTextEncoder::build_from_corpus(songs, options)?;
/// assert!(encoder.subwords().contains(&"row_".to_owned()));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SubwordOptions {
    target_vocab_size: usize,
    max_subword_length: usize,
    max_corpus_chars: Option<usize>,
    reserved_tokens: Vec<String>,
}

impl SubwordOptions {
    /// About this many ids, those of padding and bytes among them; 2¹³ for the course's vocabulary.
    pub fn new(target_vocab_size: usize) -> Self {
        Self { target_vocab_size, max_subword_length: 20, max_corpus_chars: None, reserved_tokens: Vec::new() }
    }

    /// The most characters a piece may have; 20 unless given.
    pub fn max_subword_length(mut self, characters: usize) -> Self {
        self.max_subword_length = characters;
        self
    }

    /// Only this many characters of the corpus are read.
    pub fn max_corpus_chars(mut self, characters: usize) -> Self {
        self.max_corpus_chars = Some(characters);
        self
    }

    /// Tokens that are never cut, such as `<EOS>`; they get the first ids.
    pub fn reserved_tokens<S: Into<String>>(mut self, tokens: impl IntoIterator<Item = S>) -> Self {
        self.reserved_tokens = tokens.into_iter().map(Into::into).collect();
        self
    }

    fn check(&self) -> Result<()> {
        if self.target_vocab_size <= 257 {
            let size = self.target_vocab_size;
            return Err(Error::argument(format!("target_vocab_size is {size}, expected more than the 257 ids of padding and bytes")));
        }
        if self.max_subword_length == 0 {
            return Err(Error::argument("max_subword_length is 0, expected 1 or more"));
        }
        match self.reserved_tokens.iter().find(|token| token.is_empty() || token.contains('_') || token.contains(ESCAPE)) {
            Some(token) => Err(Error::argument(format!("reserved token `{token}` is empty or holds an underscore"))
                .hint("an underscore inside a piece means a space: choose another character")),
            None => Ok(()),
        }
    }
}

impl SubwordTextEncoder {
    /// Finds the pieces that serve a corpus best, about as many as the options ask for.
    ///
    /// Tokens are counted; then the lowest count that a piece must have is searched by halving the range of counts, until
    /// the vocabulary's size is within 1 % of the target. For each candidate, all beginnings of the current pieces'
    /// positions in tokens are counted four times over; longer pieces take their counts from their own beginnings.
    /// Pieces are numbered by falling count, equal ones by falling code points.
    ///
    /// ```
    /// use practicum_nlp::{SubwordOptions, SubwordTextEncoder};
    ///
    /// let texts = ["the cat and the dog", "the bat and the hog"];
    /// let encoder = SubwordTextEncoder::build_from_corpus(texts, SubwordOptions::new(265))?;
    /// assert_eq!(encoder.subwords()[0], "the_");
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Options out of range; a corpus without any text.
    pub fn build_from_corpus<S: AsRef<str>>(corpus: impl IntoIterator<Item = S>, options: SubwordOptions) -> Result<Self> {
        options.check()?;
        let tokens = count_tokens(corpus, &options)?;
        let mut counter = Counter::new(tokens, &options);
        let most = counter.tokens.iter().map(|token| token.1).max().unwrap_or(1);
        let fewest = counter.tokens.iter().map(|token| token.1).min().unwrap_or(1);
        Self::new(counter.search(fewest, most))
    }
}

/// The tokens of a corpus as they are cut into pieces, and how often each occurs.
fn count_tokens<S: AsRef<str>>(corpus: impl IntoIterator<Item = S>, options: &SubwordOptions) -> Result<Vec<(String, u64)>> {
    let mut seen = HashSet::from([ESCAPE]);
    if let Some(token) = options.reserved_tokens.iter().find(|token| !seen.insert(token)) {
        return Err(Error::argument(format!("reserved token `{token}` is given twice")));
    }
    let tokens = options.reserved_tokens.iter().map(String::as_str);
    let reserved = Trie::new(std::iter::once(ESCAPE).chain(tokens).zip(0..));
    let mut counts: FastMap<String, u64> = FastMap::default();
    let mut left = options.max_corpus_chars.unwrap_or(usize::MAX);
    for text in corpus {
        let text = text.as_ref();
        let end = text.char_indices().nth(left).map_or(text.len(), |(end, _)| end);
        for token in Tokens::new(&text[..end], &reserved) {
            token.prepared(|token, _| match counts.get_mut(token) {
                Some(count) => *count += 1,
                None => drop(counts.insert(token.to_owned(), 1)),
            });
        }
        left = left.saturating_sub(text[..end].chars().count());
        if left == 0 {
            break;
        }
    }
    counts.retain(|token, _| !options.reserved_tokens.contains(token));
    if counts.is_empty() {
        return Err(Error::data("the corpus holds no text to find subwords in"));
    }
    let mut tokens: Vec<_> = counts.into_iter().collect();
    tokens.sort_unstable();
    Ok(tokens)
}

/// A run of characters that occurs in tokens.
struct Node {
    parent: u32,
    last: char,
    /// Characters.
    length: u32,
    /// How often it occurs where a piece begins.
    count: i64,
}

/// Counts runs of characters in tokens. Runs are nodes of a tree, so that counting all beginnings is one walk.
struct Counter<'a> {
    options: &'a SubwordOptions,
    tokens: Vec<(String, u64)>,
    nodes: Vec<Node>,
    children: FastMap<(u32, char), u32>,
    /// Each node's count where every character begins a piece: the first of the iterations, whatever the candidate.
    everywhere: Vec<i64>,
}

impl<'a> Counter<'a> {
    fn new(tokens: Vec<(String, u64)>, options: &'a SubwordOptions) -> Self {
        let root = Node { parent: 0, last: '\0', length: 0, count: 0 };
        let mut counter = Self { options, tokens, nodes: vec![root], children: FastMap::default(), everywhere: Vec::new() };
        for index in 0..counter.tokens.len() {
            let token = std::mem::take(&mut counter.tokens[index]);
            for (start, _) in token.0.char_indices() {
                counter.count(&token.0[start..], token.1);
            }
            counter.tokens[index] = token;
        }
        counter.everywhere = counter.nodes.iter().map(|node| node.count).collect();
        counter
    }

    /// Adds `count` to all beginnings of `text` that are no longer than a piece may be.
    fn count(&mut self, text: &str, count: u64) {
        let mut node = 0;
        for character in text.chars().take(self.options.max_subword_length) {
            let next = self.nodes.len() as u32;
            let child = *self.children.entry((node, character)).or_insert(next);
            if child == next {
                let length = self.nodes[node as usize].length + 1;
                self.nodes.push(Node { parent: node, last: character, length, count: 0 });
            }
            node = child;
            self.nodes[node as usize].count += count as i64;
        }
    }

    /// The pieces of the best vocabulary whose least count lies between `fewest` and `most`.
    fn search(&mut self, fewest: u64, most: u64) -> Vec<String> {
        let candidate = fewest.midpoint(most);
        let pieces = self.pieces(candidate);
        let target = self.options.target_vocab_size;
        let distance = |pieces: &[String]| (pieces.len() + 257).abs_diff(target);
        if distance(&pieces).saturating_mul(100) < target || fewest >= most || candidate <= 1 {
            return pieces;
        }
        let next = if pieces.len() + 257 > target { self.search(candidate + 1, most) } else { self.search(fewest, candidate - 1) };
        if distance(&pieces) < distance(&next) { pieces } else { next }
    }

    /// The pieces that occur at least `fewest` times.
    fn pieces(&mut self, fewest: u64) -> Vec<String> {
        let mut pieces = Vec::new();
        for iteration in 0..ITERATIONS {
            if iteration == 0 {
                self.nodes.iter_mut().zip(&self.everywhere).for_each(|(node, &count)| node.count = count);
            } else {
                self.count_where_pieces_begin(&pieces);
            }
            pieces = self.options.reserved_tokens.clone();
            pieces.extend(self.select(fewest));
        }
        pieces
    }

    fn count_where_pieces_begin(&mut self, pieces: &[String]) {
        self.nodes.iter_mut().for_each(|node| node.count = 0);
        let trie = Trie::new(pieces.iter().map(String::as_str).chain([ESCAPE]).zip(0..));
        for index in 0..self.tokens.len() {
            let token = std::mem::take(&mut self.tokens[index]);
            let mut rest = token.0.as_str();
            while let Some(first) = rest.chars().next() {
                self.count(rest, token.1);
                let taken = trie.longest(rest, |_| true).map_or(first.len_utf8(), |(taken, _)| taken);
                rest = &rest[taken..];
            }
            self.tokens[index] = token;
        }
    }

    /// The runs that occur often enough, the longest considered first, by falling count and code points.
    fn select(&mut self, fewest: u64) -> Vec<String> {
        let fewest = i64::try_from(fewest).unwrap_or(i64::MAX);
        let mut runs: Vec<u32> = (1..self.nodes.len() as u32).filter(|&run| self.is_candidate(run, fewest)).collect();
        runs.sort_by_key(|&run| Reverse(self.nodes[run as usize].length));
        let mut selected = Vec::new();
        for run in runs {
            let count = self.nodes[run as usize].count;
            if count < fewest {
                continue;
            }
            selected.push((count, self.text(run)));
            let mut before = self.nodes[run as usize].parent;
            while before != 0 {
                self.nodes[before as usize].count -= count;
                before = self.nodes[before as usize].parent;
            }
        }
        selected.retain(|(_, text)| !self.options.reserved_tokens.contains(text));
        selected.sort_unstable_by(|a, b| b.cmp(a));
        selected.into_iter().map(|(_, text)| text).collect()
    }

    /// Single bytes have their ids anyway.
    fn is_candidate(&self, run: u32, fewest: i64) -> bool {
        let node = &self.nodes[run as usize];
        node.count >= fewest && (node.length > 1 || !node.last.is_ascii())
    }

    fn text(&self, mut run: u32) -> String {
        let mut characters = Vec::new();
        while run != 0 {
            let node = &self.nodes[run as usize];
            characters.push(node.last);
            run = node.parent;
        }
        characters.into_iter().rev().collect()
    }
}
