//! A vocabulary with its special tokens in front.

use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;
use std::iter::repeat_n;

use practicum_core::{Error, Result};

use crate::hash::FastMap;

/// The mask token first, then the indices for unknown tokens, then the known ones.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    pub(super) max_tokens: Option<usize>,
    pub(super) mask: Option<T>,
    pub(super) oov_token: T,
    pub(super) oov_indices: usize,
    tokens: Vec<T>,
    /// Where each token stands among the tokens, from 0: how many special ones come before may still change.
    ranks: FastMap<T, i32>,
}

/// Unknown tokens share no more indices than these.
const MOST_OOV: usize = 1 << 24;

impl<T: Clone + Debug + Eq + Hash + Ord> Table<T> {
    pub(super) fn new(oov_token: T) -> Self {
        Self { max_tokens: None, mask: None, oov_token, oov_indices: 1, tokens: Vec::new(), ranks: FastMap::default() }
    }

    /// Keeps the most frequent tokens; of equally frequent ones the greatest comes first, as in Keras.
    pub(super) fn adapt(&mut self, counts: FastMap<T, u64>) -> Result<()> {
        let special = |token: &T| self.mask.as_ref() == Some(token) || self.oov_token == *token;
        let mut counted: Vec<(T, u64)> = counts.into_iter().filter(|(token, _)| !special(token)).collect();
        if counted.is_empty() {
            return Err(Error::data("there are no tokens to make a vocabulary of"));
        }
        counted.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        self.check_special()?;
        counted.truncate(self.max_tokens.map_or(usize::MAX, |most| most - self.special()));
        self.set(counted.into_iter().map(|(token, _)| token).collect())
    }

    /// Takes these tokens, in the order of their indices, with all special ones before them or none.
    pub(super) fn set(&mut self, mut tokens: Vec<T>) -> Result<()> {
        self.check_special()?;
        if tokens.len() >= self.special() && self.special_tokens().eq(&tokens[..self.special()]) {
            tokens.drain(..self.special());
        }
        if tokens.is_empty() {
            return Err(Error::argument("the vocabulary is empty, expected one token or more"));
        }
        let mut ranks = FastMap::default();
        for (rank, token) in tokens.iter().enumerate() {
            if ranks.insert(token.clone(), rank as i32).is_some() {
                return Err(Error::data(format!("token {rank} of the vocabulary, {token:?}, occurs before, expected each once")));
            }
        }
        self.check_tokens(&ranks)?;
        (self.tokens, self.ranks) = (tokens, ranks);
        Ok(())
    }

    fn check_special(&self) -> Result<()> {
        if self.oov_indices > MOST_OOV {
            return Err(Error::argument(format!("num_oov_indices is {}, expected {MOST_OOV} at most", self.oov_indices)));
        }
        match self.max_tokens {
            Some(most) if most <= self.special() => {
                let special = self.special();
                Err(Error::argument(format!("max_tokens is {most}, expected more than the {special} special tokens")))
            }
            _ => Ok(()),
        }
    }

    /// Whether tokens go with the options.
    fn check_tokens(&self, ranks: &FastMap<T, i32>) -> Result<()> {
        let (given, special) = (ranks.len(), self.special());
        let size = special.saturating_add(given);
        if let Some(most) = self.max_tokens.filter(|most| size > *most) {
            return Err(Error::argument(format!("{given} tokens and {special} special ones are more than max_tokens, which is {most}")));
        }
        if i32::try_from(size).is_err() {
            return Err(Error::argument(format!("{given} tokens and {special} special ones have no 32-bit indices")));
        }
        let oov = (self.oov_indices > 0).then_some(&self.oov_token);
        if let Some(token) = self.mask.iter().chain(oov).find(|token| ranks.contains_key(*token)) {
            return Err(Error::data(format!("the vocabulary holds {token:?}, which is a special token"))
                .hint("leave special tokens out, or begin with all of them: the mask token, then one for each index of unknown ones"));
        }
        Ok(())
    }

    /// That there is a vocabulary, which goes with the options: they may have changed since.
    pub(super) fn check_adapted(&self) -> Result<()> {
        if self.tokens.is_empty() {
            return Err(Error::state("there is no vocabulary yet").hint("call adapt or vocabulary first"));
        }
        self.check_special()?;
        self.check_tokens(&self.ranks)
    }

    /// How many indices stand before the first token.
    pub(super) fn special(&self) -> usize {
        self.oov_indices.saturating_add(usize::from(self.mask.is_some()))
    }

    fn special_tokens(&self) -> impl Iterator<Item = &T> {
        self.mask.iter().chain(repeat_n(&self.oov_token, self.oov_indices.min(MOST_OOV)))
    }

    /// All tokens in the order of their indices, the special ones first.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &T> {
        self.special_tokens().chain(&self.tokens)
    }

    pub(super) fn tokens(&self) -> &[T] {
        &self.tokens
    }

    pub(super) fn size(&self) -> usize {
        self.special().saturating_add(self.tokens.len())
    }

    /// The index of a known token; 0 for the mask.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, token: &Q) -> Option<i32>
    where
        T: Borrow<Q>,
    {
        if self.mask.as_ref().is_some_and(|mask| mask.borrow() == token) {
            return Some(0);
        }
        self.ranks.get(token).map(|rank| self.special() as i32 + rank)
    }

    /// The first index for unknown tokens.
    pub(super) fn first_oov(&self) -> i32 {
        i32::from(self.mask.is_some())
    }
}

/// Adds the counts of one map to those of another.
pub(super) fn merge<T: Eq + Hash>(into: &mut FastMap<T, u64>, from: FastMap<T, u64>) {
    for (token, count) in from {
        *into.entry(token).or_insert(0) += count;
    }
}

/// The token of each index; an error for one that no token has.
pub(super) fn invert<T: Copy>(vocabulary: &[T], indices: &[i32]) -> Result<Vec<T>> {
    let token = |(position, &index): (usize, &i32)| {
        let found = usize::try_from(index).ok().and_then(|index| vocabulary.get(index).copied());
        found.ok_or_else(|| Error::data(format!("index {index} at position {position} is outside the vocabulary of {}", vocabulary.len())))
    };
    indices.iter().enumerate().map(token).collect()
}
