//! From a text to the tokens that are cut into pieces.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use super::trie::Trie;

/// How an underscore of the text is written inside a token, where a trailing `_` means a space.
pub(super) const ESCAPE: &str = "\\&undsc";
/// The escape in the text itself is two tokens, so that no token holds it by accident.
const ESCAPE_PARTS: (&str, &str) = ESCAPE.split_at(2);

/// Whether Python's `\w` takes the character: a letter, a digit or another numeral, an underscore.
fn is_word(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    // Unicode calls vowel signs and letters in circles alphabetic; Python's `isalnum` does not.
    let circled =
        matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}');
    character.is_alphanumeric() && !is_combining_mark(character) && !circled
}

/// Whether a piece holds both kinds of characters.
pub(super) fn is_mixed(piece: &str) -> bool {
    let mut kinds = piece.chars().map(is_word);
    kinds.next().is_some_and(|first| kinds.any(|kind| kind != first))
}

/// The text of a piece: its trailing underscore is a space, its escaped ones are underscores.
pub(super) fn unescaped(piece: &str) -> Cow<'_, str> {
    let text = match piece.strip_suffix('_') {
        Some(word) => Cow::Owned(format!("{word} ")),
        None => Cow::Borrowed(piece),
    };
    if text.contains(ESCAPE) { Cow::Owned(text.replace(ESCAPE, "_")) } else { text }
}

/// Whether `end` lies inside an escaped underscore of the token that `rest` is the end of.
pub(super) fn cuts_escape(rest: &str, end: usize) -> bool {
    (1..ESCAPE.len()).any(|before| end >= before && rest.as_bytes()[end - before..].starts_with(ESCAPE.as_bytes()))
}

/// A run of a text, and whether one space follows, which then belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    text: &'a str,
    space: bool,
    /// The text holds the escape itself, literally.
    literal: bool,
}

impl Token<'_> {
    /// Calls `take` with the token as it is cut into pieces, and whether it holds escaped underscores.
    pub(super) fn prepared(self, mut take: impl FnMut(&str, bool)) {
        let suffix = if self.space { "_" } else { "" };
        if self.literal {
            take(ESCAPE_PARTS.0, false);
            take(&[ESCAPE_PARTS.1, suffix].concat(), false);
        } else if self.text.contains('_') {
            take(&(self.text.replace('_', ESCAPE) + suffix), true);
        } else if self.space {
            // Most words are followed by a space and are short: no allocation for them.
            let mut buffer = [b'_'; 64];
            match buffer.get_mut(..self.text.len()) {
                Some(word) if self.text.len() < 64 => {
                    word.copy_from_slice(self.text.as_bytes());
                    take(std::str::from_utf8(&buffer[..=self.text.len()]).unwrap_or_default(), false);
                }
                _ => take(&[self.text, suffix].concat(), false),
            }
        } else {
            take(self.text, false);
        }
    }
}

/// The tokens of a text, one after the other.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    reserved: &'a Trie,
    /// Whether the text may hold reserved tokens, so that they must be looked for.
    look: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, reserved: &'a Trie) -> Self {
        // The escape is always reserved; where it is the only one, most texts need no search.
        let look = reserved.len() > 1 || text.contains(ESCAPE);
        Self { rest: text, reserved, look }
    }

    /// The length of the reserved token that the text begins with.
    fn reserved(&self, text: &str) -> Option<usize> {
        self.look.then(|| self.reserved.longest(text, |_| true)).flatten().map(|(length, _)| length)
    }

    /// The length of the run that the rest begins with.
    fn run(&self) -> usize {
        let bytes = self.rest.as_bytes();
        if !self.look {
            let kind = self.rest.chars().next().is_some_and(is_word);
            let mut end = 0;
            while let Some(&byte) = bytes.get(end) {
                // ASCII, which most texts are nearly all of, needs no decoding.
                let (word, length) = if byte.is_ascii() {
                    (WORD[usize::from(byte)], 1)
                } else {
                    self.rest[end..].chars().next().map_or((false, 1), |character| (is_word(character), character.len_utf8()))
                };
                if word != kind {
                    break;
                }
                end += length;
            }
            return end;
        }
        let mut kind = None;
        for (index, character) in self.rest.char_indices() {
            let word = is_word(character);
            if kind.is_some_and(|kind| kind != word) || (index > 0 && self.reserved(&self.rest[index..]).is_some()) {
                return index;
            }
            kind = Some(word);
        }
        self.rest.len()
    }
}

/// Which ASCII characters `\w` takes.
const WORD: [bool; 128] = {
    let mut word = [false; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        word[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    word
};

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let length = self.reserved(self.rest).unwrap_or_else(|| self.run());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        // One space joins this token if it is a token of its own: alone, or followed by a reserved one.
        let space = rest.starts_with(' ') && Self { rest, ..*self }.is_single_space();
        if space {
            self.rest = &rest[1..];
        }
        Some(Token { text, space, literal: text == ESCAPE })
    }
}

impl Tokens<'_> {
    fn is_single_space(&self) -> bool {
        self.reserved(self.rest).is_none() && self.run() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut reserved = Trie::default();
        reserved.insert(ESCAPE, 0);
        let mut tokens = Vec::new();
        for token in Tokens::new(text, &reserved) {
            token.prepared(|token, _| tokens.push(token.to_owned()));
        }
        tokens
    }

    #[test]
    fn runs_of_both_kinds_alternate() {
        assert_eq!(tokens("Hello, big  world "), ["Hello", ", ", "big", "  ", "world_"]);
        assert_eq!(tokens(" a b"), [" ", "a_", "b"]);
        assert_eq!(tokens("no_w"), ["no\\&undscw"]);
        assert_eq!(tokens("x \\&undsc y"), ["x_", "\\&", "undsc_", "y"]);
        assert_eq!(tokens("x\\&undsc"), ["x", "\\&", "undsc"]);
        let long = "é".repeat(40);
        assert_eq!(tokens(&format!("{long} b")), [format!("{long}_"), "b".to_owned()]);
        assert!(tokens("").is_empty());
    }

    #[test]
    fn words_are_pythons() {
        assert!("aZ9_é½٣漢Ⅷ²".chars().all(is_word));
        assert!(!" -'\u{301}Ⓐ€\u{903}".chars().any(is_word));
        assert!(is_mixed("a-b") && !is_mixed("ab_") && !is_mixed(", ") && !is_mixed(""));
    }

    #[test]
    fn escapes_are_whole() {
        let token = "a\\&undscb";
        assert!((2..=7).all(|end| cuts_escape(token, end)));
        assert!(!cuts_escape(token, 1) && !cuts_escape(token, 8) && !cuts_escape(token, 9));
        assert_eq!(unescaped("a\\&undscb_"), "a_b ");
    }
}
