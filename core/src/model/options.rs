//! How a model is trained: the arguments of `fit`.

use std::collections::{BTreeMap, HashMap};

use super::State;
use super::callback::{Callback, IntoCallbacks};
use crate::data::{Data, Feed, IntoArrays, IntoData, IntoFeed};
use crate::{Error, Result};

/// How much [`fit`](crate::Model::fit) says, on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verbose {
    /// A line that is rewritten where a person is watching, a line an epoch elsewhere.
    #[default]
    Auto,
    /// A line an epoch.
    Epochs,
    /// Nothing.
    Quiet,
}

/// How a model is trained: Keras' arguments of `fit`.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let fit = Fit::new()
///     .epochs(10)
///     .batch_size(64)
///     .validation_split(0.2)
///     .callback(EarlyStopping::new("val_loss"));
/// ```
pub struct Fit<'a> {
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) initial_epoch: usize,
    pub(crate) resume: Option<State>,
    pub(crate) shuffle: bool,
    pub(crate) steps_per_epoch: Option<usize>,
    pub(crate) sample_weight: Option<Result<Data>>,
    pub(crate) class_weight: BTreeMap<usize, f32>,
    pub(crate) validation: Option<Validation<'a>>,
    pub(crate) validation_sample_weight: Option<Result<Data>>,
    pub(crate) validation_batch_size: Option<usize>,
    pub(crate) validation_steps: Option<usize>,
    pub(crate) validation_freq: usize,
    pub(crate) callbacks: Vec<Box<dyn Callback + 'a>>,
    pub(crate) verbose: Verbose,
}

/// What the model is validated on after an epoch.
pub(crate) enum Validation<'a> {
    Data(Box<Result<(Feed<'a>, Vec<Data>)>>),
    Split(f64),
}

impl Default for Fit<'_> {
    fn default() -> Self {
        Self {
            batch_size: 32,
            epochs: 1,
            initial_epoch: 0,
            resume: None,
            shuffle: true,
            steps_per_epoch: None,
            sample_weight: None,
            class_weight: BTreeMap::new(),
            validation: None,
            validation_sample_weight: None,
            validation_batch_size: None,
            validation_steps: None,
            validation_freq: 1,
            callbacks: Vec::new(),
            verbose: Verbose::Auto,
        }
    }
}

impl<'a> Fit<'a> {
    /// One epoch in shuffled batches of 32, without validation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Examples in a batch. More than there are is one short batch.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// At which epoch to end: the number of epochs, unless the training begins at a later one.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// At which epoch to begin, to go on with an earlier training of this model.
    #[must_use]
    pub fn initial_epoch(mut self, epoch: usize) -> Self {
        self.initial_epoch = epoch;
        self
    }

    /// Goes on from the state of a training, the callbacks' states included: see
    /// [`Model::training_state`](super::Model::training_state) and
    /// [`BackupAndRestore`](crate::callbacks::BackupAndRestore), which does so by itself.
    ///
    /// The bits are those of a training that was not interrupted, where data and options are the same. A callback that the
    /// state does not know begins as in a new training.
    #[must_use]
    pub fn resume(mut self, state: State) -> Self {
        self.resume = Some(state);
        self
    }

    /// Whether the examples are put in another order before each epoch.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Batches in an epoch. The stream of batches goes on in the next epoch, and begins again when it ends.
    #[must_use]
    pub fn steps_per_epoch(mut self, steps: usize) -> Self {
        self.steps_per_epoch = Some(steps);
        self
    }

    /// How much each example counts in the loss: one number an example, or one a time step of each.
    #[must_use]
    pub fn sample_weight(mut self, weights: impl IntoData) -> Self {
        self.sample_weight = Some(weights.into_data());
        self
    }

    /// How much the examples of a class count in the loss, for models that tell classes apart; classes not named count 1.
    ///
    /// The weights are a list, one a class from 0 on, or pairs of a class and its weight, or a map.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let by_list = Fit::new().class_weight([1.0, 5.0]);
    /// let by_class = Fit::new().class_weight([(1, 5.0)]);
    /// ```
    #[must_use]
    pub fn class_weight(mut self, weights: impl IntoClassWeights) -> Self {
        self.class_weight.extend(weights.into_class_weights());
        self
    }

    /// Data to evaluate the model on after each epoch: arrays, or a source of batches, which brings its targets, beside `()`.
    #[must_use]
    pub fn validation_data<K>(mut self, x: impl IntoFeed<'a, K>, y: impl IntoArrays) -> Self {
        self.validation = Some(Validation::Data(Box::new(x.into_feed().and_then(|x| Ok((x, y.into_arrays()?))))));
        self
    }

    /// How much each example of the validation arrays counts.
    #[must_use]
    pub fn validation_sample_weight(mut self, weights: impl IntoData) -> Self {
        self.validation_sample_weight = Some(weights.into_data());
        self
    }

    /// The share of the examples, taken from the end before they are shuffled, that the model is not trained but evaluated on. Their
    /// sample weights go with them. Where there is [`validation_data`](Fit::validation_data), nothing is split off, as in Keras.
    #[must_use]
    pub fn validation_split(mut self, share: f64) -> Self {
        if !matches!(self.validation, Some(Validation::Data(_))) {
            self.validation = Some(Validation::Split(share));
        }
        self
    }

    /// Examples in a batch of the validation; the same as in training if not set.
    #[must_use]
    pub fn validation_batch_size(mut self, batch_size: usize) -> Self {
        self.validation_batch_size = Some(batch_size);
        self
    }

    /// Batches in a validation; all if not set.
    #[must_use]
    pub fn validation_steps(mut self, steps: usize) -> Self {
        self.validation_steps = Some(steps);
        self
    }

    /// After how many epochs the model is evaluated.
    #[must_use]
    pub fn validation_freq(mut self, epochs: usize) -> Self {
        self.validation_freq = epochs;
        self
    }

    /// Something to be called while the model is trained. Give `&mut callback` to keep it.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Several callbacks at once, called in this order: a list of one type (or of `Box<dyn Callback>`), or a tuple.
    ///
    /// ```
    /// use practicum_core::callbacks::{EarlyStopping, TerminateOnNan};
    /// use practicum_core::Fit;
    ///
    /// let fit = Fit::new().callbacks((EarlyStopping::new("loss"), TerminateOnNan::new()));
    /// ```
    #[must_use]
    pub fn callbacks(mut self, callbacks: impl IntoCallbacks<'a>) -> Self {
        self.callbacks.extend(callbacks.into_callbacks());
        self
    }

    /// How much is said on standard output.
    #[must_use]
    pub fn verbose(mut self, verbose: Verbose) -> Self {
        self.verbose = verbose;
        self
    }

    /// Says nothing.
    #[must_use]
    pub fn quiet(self) -> Self {
        self.verbose(Verbose::Quiet)
    }

    pub(crate) fn check(&self) -> Result<()> {
        let zeros = [
            ("batch_size", Some(self.batch_size)),
            ("steps_per_epoch", self.steps_per_epoch),
            ("validation_batch_size", self.validation_batch_size),
            ("validation_steps", self.validation_steps),
            ("validation_freq", Some(self.validation_freq)),
        ];
        if let Some((name, _)) = zeros.iter().find(|(_, value)| *value == Some(0)) {
            return Err(Error::argument(format!("{name} is 0: it must be 1 or more")));
        }
        if let Some((class, weight)) = self.class_weight.iter().find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(Error::argument(format!("class_weight of class {class} must be a number of 0 or more, got {weight}")));
        }
        match self.validation {
            Some(Validation::Split(share)) if !(share > 0.0 && share < 1.0) => {
                Err(Error::argument(format!("validation_split is a share between 0 and 1, got {share}")))
            }
            _ => Ok(()),
        }
    }
}

/// What [`Fit::class_weight`] takes: weights by class.
pub trait IntoClassWeights {
    /// Pairs of a class and its weight.
    fn into_class_weights(self) -> Vec<(usize, f32)>;
}

macro_rules! class_weights {
    ($([$($param:tt)*] $type:ty: |$weights:ident| $pairs:expr;)+) => { $(
        impl<$($param)*> IntoClassWeights for $type {
            fn into_class_weights(self) -> Vec<(usize, f32)> {
                let $weights = self;
                $pairs
            }
        }
    )+ };
}

class_weights! {
    [] &[f32]: |weights| weights.iter().copied().enumerate().collect();
    [] Vec<f32>: |weights| weights.into_iter().enumerate().collect();
    [] &Vec<f32>: |weights| weights.iter().copied().enumerate().collect();
    [const N: usize] [f32; N]: |weights| weights.into_iter().enumerate().collect();
    [] Vec<(usize, f32)>: |weights| weights;
    [] &[(usize, f32)]: |weights| weights.to_vec();
    [const N: usize] [(usize, f32); N]: |weights| weights.to_vec();
    [] BTreeMap<usize, f32>: |weights| weights.into_iter().collect();
    [] &BTreeMap<usize, f32>: |weights| weights.iter().map(|(class, weight)| (*class, *weight)).collect();
    [S] HashMap<usize, f32, S>: |weights| weights.into_iter().collect();
    [S] &HashMap<usize, f32, S>: |weights| weights.iter().map(|(class, weight)| (*class, *weight)).collect();
}
