//! Networks for pictures that are known by name, as functions that make a [`Model`] with Keras' layers, names and order, so that
//! Keras' files of weights fit.
//!
//! | function | network | parameters with top |
//! |---|---|---|
//! | [`inception_v3`] | Szegedy et al., 2015 | 23,851,784 |
//! | [`mobilenet_v2`] | Sandler et al., 2018 | 3,538,984 |
//! | [`resnet50`] | He et al., 2015 | 25,636,712 |
//! | [`efficientnet_b0`] | Tan and Le, 2019 | 5,330,571 |
//! | [`efficientnet_lite0`] | the same without squeeze and excitation, with relu6 | 4,694,024 |
//! | [`vgg16`] | Simonyan and Zisserman, 2014 | 138,357,544 |
//! | [`sketch_net`] | a small one of this crate, which has learned drawings | 199,832 |
//! | [`squeezenet`] | Iandola et al., 2016, version 1.1 | 1,235,496 |
//!
//! Models begin with random weights. With the feature `keras` of practicum-core, [`Model::load_weights`](Model::load_weights)
//! reads Keras' files into them.
//!
//! ```
//! use practicum_vision::applications::{Options, mobilenet_v2};
//!
//! let base = mobilenet_v2(Options::new().include_top(false).input_shape([96, 96, 3]))?;
//! assert_eq!(base.output_shape()?.to_string(), "(None, 3, 3, 1280)");
//! assert_eq!(base.count_params()?, 2_257_984);
//! # Ok::<(), practicum_vision::Error>(())
//! ```
//!
//! # Transfer learning
//!
//! Frozen layers that see the same pictures in every epoch need to see them once: `predict` computes their features, a head learns
//! from these, and the two together are a model of pictures.
//!
//! ```
//! use practicum_core::prelude::*;
//! use practicum_vision::applications::{Options, Pooling, mobilenet_v2};
//!
//! let options = Options::new().include_top(false).input_shape([32, 32, 3]);
//! let base = mobilenet_v2(options.pooling(Pooling::Average))?;
//! # let (pictures, classes) = (Tensor::zeros([4, 32, 32, 3])?, [0, 1, 0, 1]);
//! let features = base.predict(&pictures)?;
//!
//! let mut head = Sequential::new()
//!     .add(Input::new([1280]))
//!     .add(Dense::new(1).activation("sigmoid"));
//! head.compile(RmsProp::new(1e-3), "binary_crossentropy", "accuracy")?;
//! head.fit(&features, classes, Fit::new().epochs(5).quiet())?;
//!
//! let model = Sequential::new()
//!     .add(Input::new([32, 32, 3]))
//!     .add(base.frozen())
//!     .add(head.clone());
//! assert_eq!(model.predict(&pictures)?, head.predict(&features)?);
//! # Ok::<(), practicum_vision::Error>(())
//! ```
//!
//! Where pictures are transformed at random, train that model on them instead: each step computes the features anew.

mod blocks;
mod efficientnet;
mod inception_v3;
mod mobilenet_v2;
mod resnet50;
mod scaling;
mod sketch_net;
mod squeezenet;
mod vgg16;

pub use efficientnet::{efficientnet_b0, efficientnet_lite0, load_efficientnet_lite0};
pub use inception_v3::inception_v3;
pub use mobilenet_v2::mobilenet_v2;
use practicum_core::layers::{Activation, Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input, LayerExt, Symbol};
use practicum_core::{Error, Model, Result};
pub use resnet50::resnet50;
pub use scaling::Scaling;
#[cfg(feature = "builtin")]
pub use sketch_net::pretrained_sketch_net;
pub use sketch_net::{SKETCH_CLASSES, sketch_net};
pub use squeezenet::squeezenet;
pub use vgg16::vgg16;

/// What becomes of the last map of a network without top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooling {
    /// The mean of each channel.
    Average,
    /// The largest number of each channel.
    Max,
}

/// What a network is made for, with Keras' names and defaults.
///
/// ```
/// use practicum_vision::applications::{Options, Pooling, vgg16};
///
/// let base =
///     vgg16(Options::new().include_top(false).input_shape([64, 64, 3]).pooling(Pooling::Average))?;
/// assert_eq!(base.output_shape()?.to_string(), "(None, 512)");
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    include_top: bool,
    input_shape: Option<[usize; 3]>,
    classes: usize,
    pooling: Option<Pooling>,
    classifier_activation: Activation,
    seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            include_top: true,
            input_shape: None,
            classes: 1000,
            pooling: None,
            classifier_activation: Activation::Softmax,
            seed: practicum_core::rng::DEFAULT_SEED,
        }
    }
}

impl Options {
    /// With top, for 1000 classes and pictures of the size that the network was made for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the layers that tell the class are there.
    #[must_use]
    pub fn include_top(mut self, include_top: bool) -> Self {
        self.include_top = include_top;
        self
    }

    /// Height, width and channels of the pictures.
    #[must_use]
    pub fn input_shape(mut self, input_shape: [usize; 3]) -> Self {
        self.input_shape = Some(input_shape);
        self
    }

    /// How many classes the top tells apart.
    #[must_use]
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }

    /// What becomes of the last map where there is no top. Without it, the map is the output.
    #[must_use]
    pub fn pooling(mut self, pooling: Pooling) -> Self {
        self.pooling = Some(pooling);
        self
    }

    /// What is applied to the numbers of the classes.
    #[must_use]
    pub fn classifier_activation(mut self, classifier_activation: Activation) -> Self {
        self.classifier_activation = classifier_activation;
        self
    }

    /// Where the random weights begin.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The pictures that come in.
    fn input(&self, network: &str, default: usize, least: usize) -> Result<Symbol> {
        let shape = self.input_shape.unwrap_or([default, default, 3]);
        if shape[0] < least || shape[1] < least || shape[2] == 0 {
            return Err(Error::argument(format!(
                "{network} takes pictures of at least {least}×{least} pixels and one channel, got {shape:?}"
            )));
        }
        Ok(Input::new(shape).named("input_layer").symbol())
    }

    /// Puts a top, or a pooling, on the last map and makes the model.
    fn model(&self, name: &str, input: &Symbol, last: Symbol, top: impl FnOnce(Symbol) -> Symbol) -> Result<Model> {
        let output = match (self.include_top, self.pooling) {
            (true, _) => top(last),
            (false, Some(Pooling::Average)) => GlobalAveragePooling2D::new().on(&last),
            (false, Some(Pooling::Max)) => GlobalMaxPooling2D::new().on(&last),
            (false, None) => last,
        };
        let mut model = Model::seeded(self.seed, input, output)?;
        model.set_name(name);
        Ok(model)
    }

    /// The dense layer that tells the class.
    fn predictions(&self, x: &Symbol) -> Symbol {
        Dense::new(self.classes).activation(self.classifier_activation).named("predictions").on(x)
    }
}
