use serde::{Deserialize, Serialize};

use super::{Activation, Build, Call, Config, Layer, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::layers::registry::{from_config, refuse, to_config};
use crate::regularizers::Regularizer;
use crate::{Error, PartialShape, Result};

/// A densely connected layer: `y = activation(x·kernel + bias)` on the last axis.
///
/// `(batch, …, features)` → `(batch, …, units)`. Parameters: `kernel` `[features, units]` (Glorot uniform) and `bias`
/// `[units]` (zeros).
///
/// ```
/// use practicum_core::{Sequential, layers::{Activation, Dense, Input}};
///
/// let model = Sequential::new().add(Input::new([784])).add(Dense::new(128).activation(Activation::Relu));
/// assert_eq!(model.count_params()?, 784 * 128 + 128);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dense {
    units: usize,
    #[serde(default)]
    activation: Activation,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: Initializer,
    #[serde(default = "zeros")]
    bias_initializer: Initializer,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
    #[serde(default)]
    activity_regularizer: Option<Regularizer>,
    #[serde(skip)]
    kernel: Weight,
    #[serde(skip)]
    bias: Weight,
}

fn yes() -> bool {
    true
}

fn glorot_uniform() -> Initializer {
    Initializer::GlorotUniform
}

fn zeros() -> Initializer {
    Initializer::Zeros
}

impl Dense {
    /// A layer of `units` neurons, without activation.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            activation: Activation::Linear,
            use_bias: true,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
            activity_regularizer: None,
            kernel: Weight::default(),
            bias: Weight::default(),
        }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        refuse("Dense", &config, &["kernel_constraint", "bias_constraint"])?;
        Ok(Box::new(from_config::<Self>("Dense", config)?))
    }

    /// What is applied to the output.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// Whether there is a bias.
    #[must_use]
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }

    /// How the kernel begins.
    #[must_use]
    pub fn kernel_initializer(mut self, initializer: Initializer) -> Self {
        self.kernel_initializer = initializer;
        self
    }

    /// How the bias begins.
    #[must_use]
    pub fn bias_initializer(mut self, initializer: Initializer) -> Self {
        self.bias_initializer = initializer;
        self
    }

    /// A penalty on the kernel.
    #[must_use]
    pub fn kernel_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.kernel_regularizer = Some(regularizer);
        self
    }

    /// A penalty on the bias.
    #[must_use]
    pub fn bias_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.bias_regularizer = Some(regularizer);
        self
    }

    /// A penalty on the output, divided by the size of the batch.
    #[must_use]
    pub fn activity_regularizer(mut self, regularizer: Regularizer) -> Self {
        self.activity_regularizer = Some(regularizer);
        self
    }
}

impl Layer for Dense {
    fn class_name(&self) -> &'static str {
        "Dense"
    }

    fn config(&self) -> Config {
        to_config(self)
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        if self.units == 0 {
            return Err(Error::argument("units is 0: the layer needs one or more"));
        }
        self.activity_regularizer.map_or(Ok(()), |regularizer| regularizer.check())?;
        let features = cx.features(input)?;
        let kernel = WeightSpec::new("kernel", &[features, self.units]).initializer(self.kernel_initializer.clone());
        self.kernel = cx.weight(kernel.regularizer(self.kernel_regularizer))?;
        if self.use_bias {
            let bias = WeightSpec::new("bias", &[self.units]).initializer(self.bias_initializer.clone());
            self.bias = cx.weight(bias.regularizer(self.bias_regularizer))?;
        }
        Ok(input.with_last(self.units))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let bias = if self.use_bias { Some(cx.weight(self.bias)?) } else { None };
        let y = x.dense(&cx.weight(self.kernel)?, bias.as_ref(), self.activation)?;
        cx.regularize_activity(self.activity_regularizer, &y)?;
        Ok(y)
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(cx.mask(0).cloned())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn describe(&self) -> String {
        match self.activation {
            Activation::Linear => format!("Dense {}", self.units),
            activation => format!("Dense {} {activation}", self.units),
        }
    }
}
