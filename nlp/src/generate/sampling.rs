//! Which of the likely tokens is taken.

use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Result};

/// How [`TextGenerator`](super::TextGenerator) chooses the next token from the model's probabilities.
///
/// First tokens that occurred are made less likely (`repetition_penalty`), then the differences between tokens are
/// stretched (`temperature` below 1) or flattened (above), then only the likely ones are kept (`top_k`, `top_p`), and one
/// of these is drawn by what is left of its probability. The same seed draws the same text.
///
/// ```
/// use practicum_nlp::Sampling;
///
/// let careful = Sampling::new().temperature(0.7).top_k(40).seed(7);
/// let nucleus = Sampling::new().top_p(0.9).repetition_penalty(1.2);
/// # let _ = (careful, nucleus);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Sampling {
    temperature: f32,
    top_k: Option<usize>,
    top_p: Option<f32>,
    repetition_penalty: f32,
    seed: u64,
    padding: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: None, top_p: None, repetition_penalty: 1.0, seed: DEFAULT_SEED, padding: false }
    }
}

impl Sampling {
    /// Draws each token with the probability that the model gives it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the most likely token, always.
    pub fn greedy() -> Self {
        Self::new().temperature(0.0)
    }

    /// The exponent 1/T on all probabilities; 0 takes the most likely token.
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = temperature;
        self
    }

    /// Only the `k` most likely tokens are drawn from.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = Some(k);
        self
    }

    /// Only the fewest tokens that are at least this likely together are drawn from (Holtzman et al., 2020).
    pub fn top_p(mut self, p: f32) -> Self {
        self.top_p = Some(p);
        self
    }

    /// The logarithm of the probability of a token that stands in the text is multiplied by this (after Keskar et al., 2019);
    /// 1 changes nothing, 1.2 is usual.
    pub fn repetition_penalty(mut self, penalty: f32) -> Self {
        self.repetition_penalty = penalty;
        self
    }

    /// Another seed, another text.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the padding may win, as in the loop of the course, which then appends an empty word.
    pub fn padding(mut self, padding: bool) -> Self {
        self.padding = padding;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return Err(Error::argument(format!("temperature is {}, expected 0 or more", self.temperature)));
        }
        if self.top_k == Some(0) {
            return Err(Error::argument("top_k is 0, expected 1 or more").hint("leave top_k out to draw from all tokens"));
        }
        if let Some(p) = self.top_p.filter(|p| !(*p > 0.0 && *p <= 1.0)) {
            return Err(Error::argument(format!("top_p is {p}, expected more than 0 and at most 1")));
        }
        if !(self.repetition_penalty > 0.0 && self.repetition_penalty.is_finite()) {
            let penalty = self.repetition_penalty;
            return Err(Error::argument(format!("repetition_penalty is {penalty}, expected more than 0")).hint("1 changes nothing"));
        }
        Ok(())
    }

    /// The next id.
    pub(super) fn choose(&self, probabilities: &[f32], before: &[i32], step: u64) -> Result<i32> {
        let first = i32::from(!self.padding);
        // A likelihood of 0 stays far below all others, whatever it is multiplied by.
        let mut scores: Vec<(i32, f32)> = (0..).zip(probabilities).skip(first as usize).map(|(id, &p)| (id, p.max(1e-30).ln())).collect();
        if self.repetition_penalty != 1.0 {
            scores.iter_mut().filter(|(id, _)| before.contains(id)).for_each(|(_, score)| *score *= self.repetition_penalty);
        }
        // Stable: of equally likely tokens, the one with the smallest id comes first, as in argmax.
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some(&(best, top)) = scores.first() else {
            return Err(Error::state("there is no token to choose from"));
        };
        if self.temperature == 0.0 {
            return Ok(best);
        }
        scores.truncate(self.top_k.unwrap_or(usize::MAX));
        let mut weights: Vec<f32> = scores.iter().map(|(_, score)| ((score - top) / self.temperature).exp()).collect();
        if let Some(p) = self.top_p {
            let total: f32 = weights.iter().sum();
            let mut sum = 0.0;
            let enough = weights.iter().position(|weight| {
                sum += weight;
                sum >= p * total
            });
            weights.truncate(enough.map_or(weights.len(), |last| last + 1));
        }
        let mut draw = [0.0];
        Key::new(self.seed).fold_str("generate").fold(step).fill_uniform(&mut draw);
        let mut left = draw[0] * weights.iter().sum::<f32>();
        let place = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        Ok(scores[place.unwrap_or(weights.len() - 1)].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [f32; 5] = [0.4, 0.1, 0.25, 0.2, 0.05];

    fn drawn(sampling: &Sampling) -> Vec<usize> {
        let mut counts = vec![0; P.len()];
        for step in 0..4000 {
            counts[sampling.choose(&P, &[2], step).unwrap() as usize] += 1;
        }
        counts
    }

    #[test]
    fn greedy_takes_the_most_likely() {
        assert_eq!(Sampling::greedy().choose(&P, &[], 0).unwrap(), 2);
        assert_eq!(Sampling::greedy().padding(true).choose(&P, &[], 0).unwrap(), 0);
        assert_eq!(Sampling::greedy().choose(&[0.0, 0.5, 0.5], &[], 0).unwrap(), 1);
        assert_eq!(Sampling::greedy().repetition_penalty(1.5).choose(&P, &[2], 0).unwrap(), 3);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let counts = drawn(&Sampling::new().padding(true));
        assert!(counts.iter().zip(P).all(|(&count, p)| (count as f32 / 4000.0 - p).abs() < 0.03), "{counts:?}");
        assert_eq!(drawn(&Sampling::new().seed(3)), drawn(&Sampling::new().seed(3)));
        assert_ne!(drawn(&Sampling::new().seed(3)), drawn(&Sampling::new().seed(4)));
    }

    #[test]
    fn options_narrow_the_choice() {
        let two = drawn(&Sampling::new().top_k(2));
        assert!(two[2] > two[3] && two[3] > 0 && two[1] + two[4] + two[0] == 0, "{two:?}");
        let nucleus = drawn(&Sampling::new().top_p(0.5));
        assert!(nucleus[2] > 0 && nucleus[3] > 0 && nucleus[1] + nucleus[4] == 0, "{nucleus:?}");
        let cold = drawn(&Sampling::new().temperature(0.1));
        assert!(cold[2] > 3500, "{cold:?}");
        let hot = drawn(&Sampling::new().temperature(100.0));
        assert!(hot[1..].iter().all(|&count| count > 850), "{hot:?}");
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for sampling in [
            Sampling::new().temperature(-1.0),
            Sampling::new().temperature(f32::NAN),
            Sampling::new().top_k(0),
            Sampling::new().top_p(0.0),
            Sampling::new().top_p(1.5),
            Sampling::new().repetition_penalty(0.0),
        ] {
            assert!(sampling.check().unwrap_err().is_argument(), "{sampling:?}");
        }
    }
}
