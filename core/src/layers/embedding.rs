use serde::{Deserialize, Serialize};

use super::shared::{class, options};
use super::{Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::kit::from_config;
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result, Tensor};

/// A learned vector for each of `input_dim` ids.
///
/// `(batch, …)` of ids → `(batch, …, output_dim)`. Parameter: `embeddings` `[input_dim, output_dim]` (uniform in ±0.05). An id
/// that is not a whole number below `input_dim` is an error that names its index.
///
/// ```
/// use practicum_core::{Sequential, Tensor, layers::{Embedding, Input, LayerExt}};
///
/// let vectors = Tensor::from([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
/// let layer = Embedding::new(3, 2).weights(vectors).mask_zero(true).frozen();
/// let model = Sequential::new().add(Input::open([None])).add(layer);
/// assert_eq!(model.predict(&Tensor::from([[2.0, 1.0]]))?.as_slice(), [3.0, 4.0, 1.0, 2.0]);
/// assert!(model.predict(&Tensor::from([[3.0, 1.0]])).is_err());
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Embedding {
    input_dim: usize,
    output_dim: usize,
    #[serde(default = "uniform")]
    embeddings_initializer: Initializer,
    #[serde(default)]
    embeddings_regularizer: Option<Regularizer>,
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(default)]
    mask_zero: bool,
    #[serde(skip)]
    given: Option<Tensor>,
    #[serde(skip)]
    embeddings: Weight,
}

fn uniform() -> Initializer {
    Initializer::RandomUniform { minval: -0.05, maxval: 0.05 }
}

impl Embedding {
    /// Vectors of `output_dim` numbers for the ids `0 … input_dim − 1`.
    pub fn new(input_dim: usize, output_dim: usize) -> Self {
        Self {
            input_dim,
            output_dim,
            embeddings_initializer: uniform(),
            embeddings_regularizer: None,
            activity_regularizer: None,
            mask_zero: false,
            given: None,
            embeddings: Weight::default(),
        }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        Ok(Box::new(from_config::<Self>("Embedding", config)?))
    }

    /// The vectors to begin with, `[input_dim, output_dim]`: word vectors that were learned elsewhere. With
    /// [`frozen`](super::LayerExt::frozen) they stay as they are.
    #[must_use]
    pub fn weights(mut self, vectors: Tensor) -> Self {
        self.given = Some(vectors);
        self
    }

    options! { self;
        /// Whether the id 0 is padding: layers after this one that know masks then skip its steps.
        mask_zero: bool,
        /// How the vectors begin.
        embeddings_initializer: Initializer,
        /// A penalty on the vectors.
        embeddings_regularizer: Regularizer,
        /// A penalty on the output, divided by the size of the batch.
        activity_regularizer: Regularizer,
    }
}

impl Layer for Embedding {
    class!("Embedding");

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if self.input_dim == 0 || self.output_dim == 0 {
            let (ids, width) = (self.input_dim, self.output_dim);
            return Err(Error::argument(format!("input_dim is {ids} and output_dim {width}: both must be one or more")));
        }
        if self.input_dim > 1 << f32::MANTISSA_DIGITS {
            return Err(Error::argument(format!("input_dim is {}: ids are exact up to 2^24", self.input_dim)));
        }
        self.activity_regularizer.map_or(Ok(()), |regularizer| regularizer.check())?;
        let table = WeightSpec::new("embeddings", &[self.input_dim, self.output_dim]);
        let table = table.initializer(self.embeddings_initializer.clone()).regularizer(self.embeddings_regularizer);
        self.embeddings = cx.weight(match &self.given {
            Some(given) => table.value(given.clone()),
            None => table,
        })?;
        Ok(PartialShape::new([input.dims(), &[Some(self.output_dim)]].concat()))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let y = cx.weight(self.embeddings)?.embedding(x)?;
        cx.regularize_activity(self.activity_regularizer, &y)?;
        Ok(y)
    }

    fn compute_mask(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        match inputs {
            [ids, ..] if self.mask_zero => Ok(Some(ids.differs(0.0)?.detach())),
            _ => Ok(None),
        }
    }

    fn describe(&self) -> String {
        format!("Embedding {}×{}", self.input_dim, self.output_dim)
    }
}
