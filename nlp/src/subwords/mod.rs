//! Text as pieces of words: TFDS' `SubwordTextEncoder`, which loses nothing whatever the text.

mod build;
mod file;
mod split;
mod trie;

use practicum_core::{Error, Result};

pub use self::build::SubwordOptions;
use self::split::{ESCAPE, Tokens};
use self::trie::Trie;
use crate::hash::WordMap;

/// A byte that stands for itself needs an id each.
const BYTES: usize = 256;

/// Turns text into ids of word pieces and back, exactly as TFDS' `SubwordTextEncoder` does.
///
/// Id 0 is padding, 1 … S are the S pieces in order, and S + 1 + b stands for the byte b, so every text can be
/// written and none is lost. A trailing `_` in a piece means "followed by a space"; a real underscore is written
/// `\&undsc` inside pieces. A text is split into runs of letters, digits and underscores and runs of everything else; each
/// run is cut greedily, the longest piece first.
///
/// ```
/// use practicum_nlp::SubwordTextEncoder;
///
/// let encoder = SubwordTextEncoder::new(["the_", "cat", "s_", "dog"])?;
/// assert_eq!(encoder.vocab_size(), 1 + 4 + 256);
/// let ids = encoder.encode("the cats dog");
/// assert_eq!(ids, [1, 2, 3, 4]);
/// assert_eq!(encoder.decode(&ids)?, "the cats dog");
/// assert_eq!(encoder.decode(&encoder.encode("Ünknown_words 🙂 survive"))?, "Ünknown_words 🙂 survive");
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// Source: the class of TensorFlow Datasets 4, `tfds.deprecated.text`. Where pieces of a vocabulary cut an escaped
/// underscore in two, this encoder does not use them, because no decoder could put them together again.
#[derive(Clone, Debug)]
pub struct SubwordTextEncoder {
    subwords: Vec<String>,
    trie: Trie,
    /// The pieces, and their ids by their numbers there: most words are one piece, which is found at once.
    whole: WordMap,
    whole_ids: Vec<i32>,
    /// Pieces that mix letters with other characters: cut out of a text before it is split.
    reserved: Trie,
}

impl SubwordTextEncoder {
    /// An encoder of these pieces, in the order of their ids. Of a piece that is given twice, as TFDS writes reserved tokens
    /// that are frequent, the last id is used.
    ///
    /// # Errors
    /// An empty piece, more pieces than ids can count.
    pub fn new<S: Into<String>>(subwords: impl IntoIterator<Item = S>) -> Result<Self> {
        let subwords: Vec<String> = subwords.into_iter().map(Into::into).collect();
        if subwords.len() > (1 << 24) - BYTES - 1 {
            return Err(Error::argument(format!("{} subwords: ids are exact up to 2^24", subwords.len())));
        }
        let mut reserved = vec![(ESCAPE, 0)];
        for (index, subword) in subwords.iter().enumerate() {
            if subword.is_empty() {
                return Err(Error::data(format!("subword {index} is empty, expected one character or more")));
            }
            if split::is_mixed(subword) && !subword.contains(ESCAPE) {
                reserved.push((subword, 0));
            }
        }
        let reserved = Trie::new(reserved);
        let trie = Trie::new(subwords.iter().map(String::as_str).zip(0..));
        let mut whole = WordMap::default();
        let mut whole_ids = Vec::new();
        for (id, subword) in (1..).zip(&subwords) {
            let number = whole.get_or_insert(subword.as_str().into());
            whole_ids.resize(whole.len(), id);
            whole_ids[number] = id;
        }
        Ok(Self { subwords, trie, whole, whole_ids, reserved })
    }

    /// The pieces, in the order of their ids, which begin at 1.
    pub fn subwords(&self) -> &[String] {
        &self.subwords
    }

    /// The number of ids: padding, pieces and bytes. An `Embedding` over these ids has this `input_dim`.
    pub fn vocab_size(&self) -> usize {
        1 + self.subwords.len() + BYTES
    }

    /// The ids of a text. They hold no 0.
    pub fn encode(&self, text: &str) -> Vec<i32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.encode_into(text, &mut ids);
        ids
    }

    /// The ids of each text, computed on all cores; the same as [`encode`](Self::encode) for each.
    pub fn encode_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Vec<Vec<i32>> {
        crate::parallel::map(texts, |text| self.encode(text.as_ref()))
    }

    fn encode_into(&self, text: &str, ids: &mut Vec<i32>) {
        let offset = self.subwords.len() as i32 + 1;
        for token in Tokens::new(text, &self.reserved) {
            if let Some(number) = token.short().and_then(|token| self.whole.get_short(token)) {
                ids.push(self.whole_ids[number]);
                continue;
            }
            token.prepared(|token, escaped| {
                let mut rest = token;
                while !rest.is_empty() {
                    let (taken, piece) = self.longest(rest, escaped);
                    match piece {
                        Piece::Subword(id) => ids.push(id as i32 + 1),
                        Piece::Underscore => ids.push(offset + i32::from(b'_')),
                        Piece::Space => ids.push(offset + i32::from(b' ')),
                        Piece::Character => ids.extend(rest[..taken].bytes().map(|byte| offset + i32::from(byte))),
                    }
                    rest = &rest[taken..];
                }
            });
        }
    }

    /// The longest piece at the beginning of `rest`, which is not empty, and its length in bytes.
    fn longest(&self, rest: &str, escaped: bool) -> (usize, Piece) {
        let escape = escaped && rest.starts_with(ESCAPE);
        let found = self.trie.longest(rest, |end| !escaped || !split::cuts_escape(rest, end));
        match found {
            Some((taken, id)) if !escape || taken > ESCAPE.len() => (taken, Piece::Subword(id)),
            _ if escape => (ESCAPE.len(), Piece::Underscore),
            Some((taken, id)) => (taken, Piece::Subword(id)),
            None if rest == "_" => (1, Piece::Space),
            None => (rest.chars().next().map_or(1, char::len_utf8), Piece::Character),
        }
    }

    /// The text of ids. Padding, wherever it stands, means nothing; bytes that are no UTF-8 are left out.
    ///
    /// # Errors
    /// An id that is negative or not below [`vocab_size`](Self::vocab_size), named with its index.
    pub fn decode(&self, ids: &[i32]) -> Result<String> {
        let mut text = String::new();
        let mut bytes = Vec::new();
        for (index, &id) in ids.iter().enumerate() {
            if id == 0 {
                continue;
            }
            match self.piece(id) {
                Some(Decoded::Byte(byte)) => bytes.push(byte),
                Some(Decoded::Subword(subword)) => {
                    take_text(&mut bytes, &mut text);
                    text.push_str(&split::unescaped(subword));
                }
                None => {
                    let size = self.vocab_size();
                    return Err(Error::data(format!("id {id} at index {index} is outside the vocabulary of {size} ids"))
                        .hint("decode with the encoder that made the ids"));
                }
            }
        }
        take_text(&mut bytes, &mut text);
        Ok(text)
    }

    /// The text of one id: empty for padding, `None` outside the vocabulary and for a byte that is no text of its own.
    ///
    /// ```
    /// use practicum_nlp::SubwordTextEncoder;
    ///
    /// let encoder = SubwordTextEncoder::new(["the_"])?;
    /// assert_eq!(encoder.id_to_text(1).as_deref(), Some("the "));
    /// assert_eq!(encoder.id_to_text(2 + i32::from(b'x')).as_deref(), Some("x"));
    /// assert_eq!(encoder.id_to_text(258), None);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn id_to_text(&self, id: i32) -> Option<String> {
        match self.piece(id) {
            _ if id == 0 => Some(String::new()),
            Some(Decoded::Subword(subword)) => Some(split::unescaped(subword).into_owned()),
            Some(Decoded::Byte(byte)) if byte.is_ascii() => Some(char::from(byte).to_string()),
            _ => None,
        }
    }

    fn piece(&self, id: i32) -> Option<Decoded<'_>> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        match self.subwords.get(index) {
            Some(subword) => Some(Decoded::Subword(subword)),
            None => u8::try_from(index - self.subwords.len()).ok().map(Decoded::Byte),
        }
    }
}

/// What the beginning of a token becomes.
enum Piece {
    Subword(u32),
    Underscore,
    Space,
    Character,
}

enum Decoded<'a> {
    Subword(&'a str),
    Byte(u8),
}

/// Moves the valid UTF-8 among the bytes to the end of the text.
fn take_text(bytes: &mut Vec<u8>, text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
    }
    bytes.clear();
}

#[cfg(test)]
mod tests;
