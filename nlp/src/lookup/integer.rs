use practicum_core::autodiff::{Backward, Forward, Op, Reads, Var};
use practicum_core::layers::kit::{class, from_config};
use practicum_core::layers::{Build, Call, Config, Layer, Registry};
use practicum_core::{Error, PartialShape, Result, Shape};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::table::{Table, invert};
use crate::hash::FastMap;

/// Whole numbers without an order, such as ids of customers, as indices of a vocabulary: Keras' `IntegerLookup`.
///
/// Unknown numbers share the OOV indices by their remainder.
///
/// It is a layer as well, which turns numbers into indices inside of a model; the numbers of a batch are exact up to 2²⁴. To read such
/// a model from a file, give [`registry`](Self::registry) to the reader.
///
/// ```
/// use practicum_nlp::IntegerLookup;
///
/// let mut lookup = IntegerLookup::new();
/// lookup.adapt([900, 12, 900, 5])?;
/// assert_eq!(lookup.get_vocabulary(), [-1, 900, 12, 5]);
/// assert_eq!(lookup.lookup([5, 7])?, [3, 0]);
///
/// use practicum_core::prelude::*;
/// let model = Sequential::new()
///     .add(Input::new([2]))
///     .add(lookup.clone())
///     .add(Embedding::new(lookup.vocabulary_size(), 8));
/// assert_eq!(model.predict([[900, 7]])?.shape().dims(), [1, 2, 8]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Options", into = "Options")]
pub struct IntegerLookup {
    table: Table<i64>,
}

impl Default for IntegerLookup {
    fn default() -> Self {
        Self { table: Table::new(-1) }
    }
}

impl IntegerLookup {
    /// A lookup without a vocabulary, with one index for unknown numbers and none for a mask.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most indices there may be, the special ones among them.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: usize) -> Self {
        self.table.max_tokens = Some(max_tokens);
        self
    }

    /// The number that gets index 0, which stands for nothing.
    #[must_use]
    pub fn mask_token(mut self, token: i64) -> Self {
        self.table.mask = Some(token);
        self
    }

    /// How many indices unknown numbers share, at most 2²⁴; 1 unless given. With none, they are errors.
    #[must_use]
    pub fn num_oov_indices(mut self, indices: usize) -> Self {
        self.table.oov_indices = indices;
        self
    }

    /// Learns the vocabulary.
    ///
    /// # Errors
    /// No numbers; `max_tokens` too small for the special ones.
    pub fn adapt(&mut self, numbers: impl IntoIterator<Item = i64>) -> Result<()> {
        let mut counts: FastMap<i64, u64> = FastMap::default();
        numbers.into_iter().for_each(|number| *counts.entry(number).or_insert(0) += 1);
        self.table.adapt(counts)
    }

    /// Takes a vocabulary that is known, in the order of its indices, with all special numbers before it or none.
    ///
    /// # Errors
    /// No numbers; a number that occurs twice; a special one among the others; more than `max_tokens`.
    pub fn vocabulary(mut self, numbers: impl IntoIterator<Item = i64>) -> Result<Self> {
        self.table.set(numbers.into_iter().collect())?;
        Ok(self)
    }

    /// All numbers in the order of their indices, the special ones first; −1 for unknown ones.
    pub fn get_vocabulary(&self) -> Vec<i64> {
        self.table.vocabulary().copied().collect()
    }

    /// The number of indices.
    pub fn vocabulary_size(&self) -> usize {
        self.table.size()
    }

    /// The index of each number.
    ///
    /// # Errors
    /// No vocabulary yet; an unknown number where these have no index, named with its position.
    pub fn lookup(&self, numbers: impl IntoIterator<Item = i64>) -> Result<Vec<i32>> {
        self.table.check_adapted()?;
        numbers.into_iter().enumerate().map(|(position, number)| self.index(position, number)).collect()
    }

    fn index(&self, position: usize, number: i64) -> Result<i32> {
        match (self.table.get(&number), self.table.oov_indices) {
            (Some(index), _) => Ok(index),
            (None, 0) => Err(Error::data(format!("{number} at position {position} is not in the vocabulary"))
                .hint("let unknown numbers have an index with num_oov_indices(1)")),
            (None, indices) => Ok(self.table.first_oov() + number.rem_euclid(indices as i64) as i32),
        }
    }

    /// A registry that has this layer added: what reads models with it from JSON or files.
    #[must_use]
    pub fn registry(registry: Registry) -> Registry {
        registry.layer(CLASS, |_, config| Ok(Box::new(from_config::<Self>(CLASS, without_defaults(config)?)?)))
    }

    /// The number of each index: Keras' `invert=True`.
    ///
    /// # Errors
    /// No vocabulary yet; an index that no number has, named with its position.
    pub fn invert(&self, indices: &[i32]) -> Result<Vec<i64>> {
        self.table.check_adapted()?;
        invert(&self.get_vocabulary(), indices)
    }
}

const CLASS: &str = "IntegerLookup";

/// The options that Keras writes and that have one value here.
fn without_defaults(mut config: Config) -> Result<Config> {
    let only = [
        ("output_mode", json!("int")),
        ("invert", json!(false)),
        ("pad_to_max_tokens", json!(false)),
        ("idf_weights", Value::Null),
        ("vocabulary_dtype", json!("int64")),
    ];
    // It follows from the vocabulary.
    config.remove("vocabulary_size");
    for (option, expected) in only {
        match config.remove(option) {
            Some(value) if value != expected => {
                return Err(Error::format(format!("{CLASS} with {option} = {value} has no counterpart here: expected {expected}")));
            }
            _ => {}
        }
    }
    Ok(config)
}

/// A lookup under Keras' names.
#[derive(Serialize, Deserialize)]
struct Options {
    max_tokens: Option<usize>,
    num_oov_indices: usize,
    mask_token: Option<i64>,
    oov_token: i64,
    vocabulary: Option<Vec<i64>>,
}

impl From<IntegerLookup> for Options {
    fn from(IntegerLookup { table }: IntegerLookup) -> Self {
        let vocabulary = table.tokens().to_vec();
        Self {
            max_tokens: table.max_tokens,
            num_oov_indices: table.oov_indices,
            mask_token: table.mask,
            oov_token: table.oov_token,
            vocabulary: (!vocabulary.is_empty()).then_some(vocabulary),
        }
    }
}

impl TryFrom<Options> for IntegerLookup {
    type Error = Error;

    fn try_from(options: Options) -> Result<Self> {
        let mut lookup = Self { table: Table::new(options.oov_token) };
        lookup.table.max_tokens = options.max_tokens;
        lookup.table.oov_indices = options.num_oov_indices;
        lookup.table.mask = options.mask_token;
        match options.vocabulary {
            Some(numbers) => lookup.vocabulary(numbers),
            None => Ok(lookup),
        }
    }
}

impl Layer for IntegerLookup {
    class!(CLASS);

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        self.table.check_adapted()?;
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Var::apply(Indices(self.clone()), &[x])
    }
}

/// The index of each number; no gradient goes through it.
#[derive(Debug)]
struct Indices(IntegerLookup);

impl Op for Indices {
    fn name(&self) -> &'static str {
        "integer_lookup"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Ok(x[0])
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        for (position, (y, &x)) in pass.y.iter_mut().zip(pass.x[0].data).enumerate() {
            if x.fract() != 0.0 || !x.is_finite() {
                return Err(Error::data(format!("{x} at position {position} is no whole number")).hint("scale numbers after the lookup"));
            }
            *y = self.0.index(position, x as i64)? as f32;
        }
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dx) = &mut pass.dx[0] {
            dx.fill(0.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::autodiff::gradcheck;
    use practicum_core::prelude::*;

    use super::*;

    #[test]
    fn a_model_with_a_lookup_comes_back_from_json() {
        let lookup = IntegerLookup::new().mask_token(0).num_oov_indices(2).vocabulary([900, 12, -5]).unwrap();
        let model = Sequential::new().add(Input::new([4])).add(lookup);
        let numbers = [[0, 12, -5, 7], [900, 8, 0, 12]];
        let indices = model.predict(numbers).unwrap();
        assert_eq!(indices.as_slice(), [0.0, 4.0, 5.0, 2.0, 3.0, 1.0, 0.0, 4.0]);
        let registry = IntegerLookup::registry(Registry::default());
        let again = Model::from_json_with(&model.to_json().unwrap(), &registry).unwrap();
        assert_eq!(again.predict(numbers).unwrap(), indices);
    }

    #[test]
    fn gradients_are_those_of_constants() {
        let lookup = IntegerLookup::new().vocabulary([900, 12]).unwrap();
        let scaled = |v: &[Var]| {
            let numbers = v[0].tape().constant(Tensor::from([[12.0, 7.0]]));
            v[0].mul(&Var::apply(Indices(lookup.clone()), &[&numbers])?)
        };
        gradcheck(&[Tensor::from([[0.5, -1.0]])], scaled).unwrap();
    }

    #[test]
    fn what_has_no_index_is_named() {
        let lookup = IntegerLookup::new().num_oov_indices(0).vocabulary([1, 2]).unwrap();
        let model = Sequential::new().add(Input::new([2])).add(lookup);
        let error = model.predict([[1, 3]]).unwrap_err().to_string();
        assert!(error.contains("3 at position 1 is not in the vocabulary"), "{error}");
        let error = model.predict([[1.0, 1.5]]).unwrap_err().to_string();
        assert!(error.contains("1.5 at position 1 is no whole number"), "{error}");
        let empty = Sequential::new().add(Input::new([2])).add(IntegerLookup::new());
        assert!(empty.output_shape().unwrap_err().to_string().contains("adapt"));
        let config = json!({"max_tokens": null, "num_oov_indices": 1, "mask_token": null, "oov_token": -1, "vocabulary": [1],
            "output_mode": "one_hot"});
        let error = IntegerLookup::registry(Registry::default()).make(CLASS, config.as_object().unwrap().clone()).unwrap_err();
        assert!(error.to_string().contains("output_mode"), "{error}");
    }
}
