//! From a text to the tokens that are cut into pieces.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

use super::trie::Trie;
use crate::hash::Short;
use crate::runs::Runs;

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
    short: Short,
    space: bool,
    /// The text holds underscores, which are to be escaped.
    underscores: bool,
    /// The text is the escape itself, literally.
    literal: bool,
}

impl Token<'_> {
    /// The token as it is cut into pieces, where nothing in it needs an escape.
    pub(super) fn short(&self) -> Option<Short> {
        if self.underscores || self.literal {
            return None;
        }
        Some(if self.space { self.short.and(b'_') } else { self.short })
    }

    /// Calls `take` with the token as it is cut into pieces, and whether it holds escaped underscores.
    pub(super) fn prepared(self, mut take: impl FnMut(&str, bool)) {
        let suffix = if self.space { "_" } else { "" };
        if self.literal {
            take(ESCAPE_PARTS.0, false);
            take(&[ESCAPE_PARTS.1, suffix].concat(), false);
        } else if self.underscores {
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
    text: &'a str,
    /// Where the next token begins.
    start: usize,
    /// Which bytes are those of characters that `\w` takes.
    runs: Runs,
    reserved: &'a Trie,
    /// Whether the text may hold reserved tokens, so that they must be looked for.
    look: bool,
    /// Whether the text holds underscores.
    underscores: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, reserved: &'a Trie) -> Self {
        let mut runs = Runs::new(text.as_bytes(), &WORD);
        if !text.is_ascii() {
            for (start, character) in text.char_indices().filter(|(_, character)| !character.is_ascii()) {
                runs.set(start..start + character.len_utf8(), is_word(character));
            }
        }
        // The escape is always reserved; where it is the only one, most texts need no search.
        let look = reserved.len() > 1 || text.contains(ESCAPE);
        Self { text, start: 0, runs, reserved, look, underscores: text.contains('_') }
    }

    /// The end of the reserved token that begins at `start`.
    fn reserved(&self, start: usize) -> Option<usize> {
        self.look.then(|| self.reserved.longest(&self.text[start..], |_| true)).flatten().map(|(length, _)| start + length)
    }

    /// The end of the run that begins at `start`.
    fn run(&self, start: usize) -> usize {
        let (end, _) = self.runs.end(start);
        if !self.look {
            return end;
        }
        let mut starts = self.text[start..end].char_indices().skip(1).map(|(index, _)| start + index);
        starts.find(|&index| self.reserved(index).is_some()).unwrap_or(end)
    }
}

/// Which bytes are ASCII characters that `\w` takes.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
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
        let start = self.start;
        let rest = self.text.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
        let end = self.reserved(start).unwrap_or_else(|| self.run(start));
        // One space joins this token if it is a token of its own: alone, or followed by a reserved one.
        let space = rest.get(end - start) == Some(&b' ') && self.reserved(end).is_none() && self.run(end) == end + 1;
        self.start = end + usize::from(space);
        let text = &self.text[start..end];
        Some(Token {
            text,
            short: Short::at_start(rest, end - start),
            space,
            underscores: self.underscores && text.contains('_'),
            literal: self.look && text == ESCAPE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let reserved = Trie::new([(ESCAPE, 0)]);
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
