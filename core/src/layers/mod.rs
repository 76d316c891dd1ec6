//! Layers: builders with Keras' names and defaults.

mod activation;
mod activity_regularization;
mod axes;
mod batch_normalization;
mod borders;
mod classes;
mod concatenate;
mod context;
mod convolution;
mod dense;
mod dot;
mod dropout;
mod elu;
mod embedding;
mod flatten;
mod gaussian_noise;
mod gradcheck;
mod group_normalization;
mod identity;
mod ids;
mod input;
pub mod kit;
mod lambda;
mod layer_normalization;
mod leaky_relu;
mod masking;
mod merging;
mod normalization;
mod operation;
mod permute;
mod pooling;
mod prelu;
mod recurrent;
mod registry;
mod relu;
mod repeat_vector;
mod rescaling;
mod reshape;
mod rms_normalization;
mod scale_center;
mod shared;
pub(crate) mod sharing;
mod softmax;
mod symbol;
mod time_distributed;
mod unit_normalization;
mod up_sampling;

use std::any::Any;
use std::fmt::Debug;

pub use activation::Activate;
pub use activity_regularization::ActivityRegularization;
pub use axes::Axes;
pub use batch_normalization::BatchNormalization;
pub use borders::{Borders, Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D};
pub(crate) use classes::is_of_keras;
pub use concatenate::Concatenate;
pub(crate) use context::{Asked, Effects, Known, Source};
pub use context::{Build, Call, Weight, WeightSpec};
pub use convolution::{
    Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, DepthwiseConv1D, DepthwiseConv2D, Padding, SeparableConv1D, SeparableConv2D, Sizes,
    Window,
};
pub use dense::Dense;
pub use dot::Dot;
pub use dropout::{AlphaDropout, Dropout, GaussianDropout, SpatialDropout1D, SpatialDropout2D};
pub use elu::ELU;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use gaussian_noise::GaussianNoise;
pub use group_normalization::GroupNormalization;
pub use identity::Identity;
pub(crate) use ids::{Copied, LayerId, ParamId};
pub use input::Input;
pub use lambda::Lambda;
pub use layer_normalization::LayerNormalization;
pub use leaky_relu::LeakyReLU;
pub use masking::Masking;
pub use merging::{Add, Average, Maximum, Minimum, Multiply, Subtract};
pub use normalization::Normalization;
pub use operation::Operand;
pub(crate) use operation::{Argument, Function, Operation};
pub use permute::Permute;
pub use pooling::{
    AveragePooling1D, AveragePooling2D, GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D,
    MaxPooling1D, MaxPooling2D,
};
pub use prelu::PReLU;
pub use recurrent::{Bidirectional, GRU, LSTM, MergeMode, Recurrent, SimpleRNN};
pub use registry::Registry;
pub(crate) use registry::{check_options, default_name, describe};
pub use relu::ReLU;
pub use repeat_vector::RepeatVector;
pub use rescaling::Rescaling;
pub use reshape::Reshape;
pub use rms_normalization::RMSNormalization;
use serde_json::{Map, Value};
pub use softmax::Softmax;
pub use symbol::{IntoSymbols, SharedLayer, Symbol};
pub use time_distributed::TimeDistributed;
pub use unit_normalization::UnitNormalization;
pub use up_sampling::{Interpolation, UpSampling1D, UpSampling2D};

use crate::autodiff::{Scope, Var};
pub use crate::ops::Activation;
use crate::{Error, PartialShape, Result, Tensor};

/// Options of a layer, as they are written to JSON.
pub type Config = Map<String, Value>;

/// A step of a model: parameters, and what is computed with them.
///
/// A layer is built once, when the shape of its input is known: it says which parameters it wants and what shape comes
/// out. The model holds the parameters; the layer keeps [`Weight`] handles, and turns them into variables when it is
/// called. A custom layer implements these methods and works like the others; [`kit`] makes it shorter.
///
/// ```
/// use practicum_core::autodiff::Var;
/// use practicum_core::initializers::Initializer;
/// use practicum_core::layers::{Build, Call, Config, Input, Layer, Weight, WeightSpec};
/// use practicum_core::{PartialShape, Result, Sequential, Tensor};
///
/// /// Multiplies every feature by a learned factor.
/// #[derive(Clone, Debug, Default)]
/// struct Gain {
///     factors: Weight,
/// }
///
/// impl Layer for Gain {
///     fn class_name(&self) -> &'static str {
///         "Gain"
///     }
///
///     fn config(&self) -> Config {
///         Config::new()
///     }
///
///     fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
///         let features = cx.features(input)?;
///         self.factors =
///             cx.weight(WeightSpec::new("factors", &[features]).initializer(Initializer::Ones))?;
///         Ok(input.clone())
///     }
///
///     fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
///         x.mul(&cx.weight(self.factors)?)
///     }
///
///     fn boxed_clone(&self) -> Box<dyn Layer> {
///         Box::new(self.clone())
///     }
/// }
///
/// let model = Sequential::new().add(Input::new([2])).add(Gain::default());
/// let y = model.predict(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]))?;
/// assert_eq!(y.as_slice(), [1.0, 2.0, 3.0, 4.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
pub trait Layer: Any + Debug + Send + Sync {
    /// The kind of layer, as in Keras: `Dense`, `Flatten`, …
    fn class_name(&self) -> &'static str;

    /// The options, by Keras' names, such that a [`Registry`] can make an equal layer of them.
    fn config(&self) -> Config;

    /// Asks for the parameters and says which shape comes out, batch first.
    ///
    /// # Errors
    /// A shape that the layer cannot serve: say which it expects, and what to do.
    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape>;

    /// Computes the output from operations on variables.
    ///
    /// # Errors
    /// The operations fail.
    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var>;

    /// The same for any number of inputs and outputs. Layers with one of each leave it as it is.
    ///
    /// # Errors
    /// As [`build`](Layer::build), or another number of inputs than the layer takes.
    fn build_many(&mut self, cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        match inputs {
            [input] => Ok(vec![self.build(cx, input)?]),
            _ => Err(Error::argument(format!("the layer takes one input, got {}", inputs.len()))),
        }
    }

    /// The same for any number of inputs and outputs. Layers with one of each leave it as it is.
    ///
    /// # Errors
    /// As [`call`](Layer::call).
    fn call_many(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        match inputs {
            [x] => Ok(vec![self.call(cx, x)?]),
            _ => Err(Error::argument(format!("the layer takes one input, got {}", inputs.len()))),
        }
    }

    /// Which time steps of the output count, from the masks in [`Call::mask`] and, where the layer makes a mask, its inputs.
    /// A layer that leaves the steps where they are returns `Ok(cx.mask(0).cloned())`; if not said otherwise, the mask ends
    /// here.
    ///
    /// # Errors
    /// The operations fail.
    fn compute_mask(&self, _cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(None)
    }

    /// Outputs and their masks together: [`call_many`](Layer::call_many), and [`compute_mask`](Layer::compute_mask) for the first
    /// output. A layer whose outputs have masks of their own does both at once.
    ///
    /// # Errors
    /// As the two.
    fn call_with_masks(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<(Vec<Var>, Vec<Option<Var>>)> {
        let outputs = self.call_many(cx, inputs)?;
        let mut masks = vec![None; outputs.len()];
        if let Some(first) = masks.first_mut() {
            *first = self.compute_mask(cx, inputs)?;
        }
        Ok((outputs, masks))
    }

    /// A copy with the same options and handles.
    fn boxed_clone(&self) -> Box<dyn Layer>;

    /// The shape of the model's input, where the layer is there to say it: see [`Input`].
    fn declared_input(&self) -> Option<&PartialShape> {
        None
    }

    /// The layer as a recurrent one, if it is: what a [`Bidirectional`] is made of when it is read back.
    fn as_recurrent(&self) -> Option<&dyn Recurrent> {
        None
    }

    /// A few words for errors: the class, and the options that tell it from its siblings.
    fn describe(&self) -> String {
        self.class_name().to_owned()
    }
}

/// A layer as it is used in a model: its name, whether it learns, and what its parameters begin with.
///
/// Layers that are made of layers hold such, so that they take whatever is one: a layer, a named or frozen one, a model, a
/// [`SharedLayer`] by reference. A clone is another layer with the same options and initial weights; [`share`](Self::share) is
/// the same layer again.
#[derive(Debug)]
pub struct LayerSpec {
    pub(crate) id: LayerId,
    pub(crate) copied: Copied,
    pub(crate) layer: Box<dyn Layer>,
    pub(crate) name: Option<String>,
    pub(crate) trainable: bool,
    /// What its parameters begin with, where it is not drawn.
    pub(crate) weights: Option<Vec<Tensor>>,
}

impl Clone for LayerSpec {
    fn clone(&self) -> Self {
        Self { copied: self.copied.again(), ..self.share() }
    }
}

impl<L: Layer> From<L> for LayerSpec {
    fn from(layer: L) -> Self {
        Self::boxed(Box::new(layer))
    }
}

impl LayerSpec {
    /// A layer whose type is not known here, as a [`Registry`] makes them.
    pub fn boxed(layer: Box<dyn Layer>) -> Self {
        Self { id: LayerId::new(), copied: Copied::default(), layer, name: None, trainable: true, weights: None }
    }

    /// The same layer again: where both are in one model, they have the same parameters.
    #[must_use]
    pub fn share(&self) -> Self {
        let Self { id, copied, trainable, .. } = *self;
        Self { id, copied, layer: self.layer.boxed_clone(), name: self.name.clone(), trainable, weights: self.weights.clone() }
    }

    /// The layer itself.
    pub fn layer(&self) -> &dyn Layer {
        &*self.layer
    }

    /// The name it was given, or Keras' name for its class: `max_pooling2d`.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| default_name(self.layer.class_name()))
    }

    /// Whether it learns.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// The layer as a part of another, for errors and profiles.
    fn scope(&self, outer: Option<&Scope>, index: u64, name: &str) -> Scope {
        Scope::new(outer, index as usize, name, (self.layer.class_name(), self.layer.describe()), self.name.is_some())
    }

    /// The same use of a layer, with another in its stead.
    pub(crate) fn with_layer(&self, layer: Box<dyn Layer>) -> Self {
        let Self { id, copied, trainable, .. } = *self;
        Self { id, copied, layer, name: self.name.clone(), trainable, weights: self.weights.clone() }
    }
}

/// Names and freezes layers where they are added to a model, and calls them on symbols.
///
/// ```
/// use practicum_core::{Sequential, layers::{Dense, LayerExt}};
///
/// let model = Sequential::new().add(Dense::new(8).named("features").frozen()).add(Dense::new(1));
/// ```
pub trait LayerExt: Into<LayerSpec> {
    /// Gives the layer a name, unique in its model.
    fn named(self, name: impl Into<String>) -> LayerSpec {
        let mut spec = self.into();
        spec.name = Some(name.into());
        spec
    }

    /// Keeps the layer's parameters as they are during training.
    fn frozen(self) -> LayerSpec {
        let mut spec = self.into();
        spec.trainable = false;
        spec
    }

    /// What the layer's parameters begin with, in their order, such as word vectors for an embedding.
    fn with_weights(self, weights: Vec<Tensor>) -> LayerSpec {
        let mut spec = self.into();
        spec.weights = Some(weights);
        spec
    }

    /// What an [`Input`] will bring: where a graph of layers begins.
    fn symbol(self) -> Symbol {
        SharedLayer::new(self).on([] as [Symbol; 0])
    }

    /// The output for these inputs; the first, if there are several. See [`Model::new`](crate::Model::new).
    fn on(self, inputs: impl IntoSymbols) -> Symbol {
        SharedLayer::new(self).on(inputs)
    }

    /// All outputs of a layer with several for these inputs, as a recurrent layer with its state.
    fn outputs_on<const N: usize>(self, inputs: impl IntoSymbols) -> [Symbol; N] {
        SharedLayer::new(self).outputs_on(inputs)
    }
}

impl<S: Into<LayerSpec>> LayerExt for S {}
