//! A vocabulary with its special tokens in front.

use std::borrow::Borrow;
use std::hash::Hash;

use practicum_core::{Error, Result};

use crate::hash::FastMap;

/// The mask token first, then the indices for unknown tokens, then the known ones.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    pub(super) max_tokens: Option<usize>,
    pub(super) mask: Option<T>,
    pub(super) oov_indices: usize,
    tokens: Vec<T>,
    indices: FastMap<T, i32>,
}

impl<T: Clone + Eq + Hash + Ord> Table<T> {
    pub(super) fn new() -> Self {
        Self { max_tokens: None, mask: None, oov_indices: 1, tokens: Vec::new(), indices: FastMap::default() }
    }

    /// Keeps the most frequent tokens; of equally frequent ones the greatest comes first, as in Keras.
    pub(super) fn adapt(&mut self, counts: FastMap<T, u64>) -> Result<()> {
        let mut counted: Vec<(T, u64)> = counts.into_iter().filter(|(token, _)| self.mask.as_ref() != Some(token)).collect();
        if counted.is_empty() {
            return Err(Error::data("there are no tokens to make a vocabulary of"));
        }
        counted.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        self.check_size()?;
        counted.truncate(self.max_tokens.map_or(usize::MAX, |most| most - self.special()));
        self.set(counted.into_iter().map(|(token, _)| token).collect())
    }

    /// Takes these tokens, in the order of their indices, without the special ones.
    pub(super) fn set(&mut self, tokens: Vec<T>) -> Result<()> {
        self.check_size()?;
        if let Some(most) = self.max_tokens.filter(|most| tokens.len() + self.special() > *most) {
            let (given, special) = (tokens.len(), self.special());
            return Err(Error::argument(format!("{given} tokens and {special} special ones are more than max_tokens, which is {most}")));
        }
        let mut indices = FastMap::default();
        for (index, token) in (self.special()..).zip(&tokens) {
            if indices.insert(token.clone(), index as i32).is_some() {
                return Err(Error::data(format!("token {} of the vocabulary occurs before, expected each once", index - self.special())));
            }
        }
        (self.tokens, self.indices) = (tokens, indices);
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        match self.max_tokens {
            Some(most) if most <= self.special() => {
                let special = self.special();
                Err(Error::argument(format!("max_tokens is {most}, expected more than the {special} special tokens")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_adapted(&self) -> Result<()> {
        if self.tokens.is_empty() {
            return Err(Error::state("there is no vocabulary yet").hint("call adapt or vocabulary first"));
        }
        Ok(())
    }

    /// How many indices stand before the first token.
    pub(super) fn special(&self) -> usize {
        self.oov_indices + usize::from(self.mask.is_some())
    }

    pub(super) fn tokens(&self) -> &[T] {
        &self.tokens
    }

    pub(super) fn size(&self) -> usize {
        self.special() + self.tokens.len()
    }

    /// The index of a known token; 0 for the mask.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, token: &Q) -> Option<i32>
    where
        T: Borrow<Q>,
    {
        if self.mask.as_ref().is_some_and(|mask| mask.borrow() == token) {
            return Some(0);
        }
        self.indices.get(token).copied()
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
