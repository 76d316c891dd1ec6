//! Practicum's core: tensors, automatic differentiation, layers, optimizers and the training loop, with the words that
//! people know from Keras, on a CPU.
//!
//! ```
//! use practicum_core::prelude::*;
//!
//! // Six points on the line y = 2x − 1, and one neuron to find it.
//! let x = Tensor::from([[-1.0], [0.0], [1.0], [2.0], [3.0], [4.0]]);
//! let y = Tensor::from([[-3.0], [-1.0], [1.0], [3.0], [5.0], [7.0]]);
//!
//! let mut model = Sequential::new().add(Dense::new(1));
//! model.compile("sgd", "mean_squared_error", ())?;
//! let history = model.fit(&x, &y, Fit::new().epochs(500).quiet())?;
//!
//! let at_ten = model.predict(&Tensor::from([[10.0]]))?.item()?;
//! assert!((18.97..18.99).contains(&at_ten));
//! assert!(history.last("loss").is_some_and(|loss| loss < 1e-4));
//! # Ok::<(), practicum_core::Error>(())
//! ```
//!
//! A [`Tensor`] is an immutable value of `f32` numbers. The same operations exist on tensors and on
//! [`Var`](autodiff::Var)s, which remember what they were made of. A [`Model`] holds layers and their parameters;
//! [`fit`](Model::fit) records one step as a program and replays it. The same seed gives the same bits, whatever the number
//! of threads.
//!
//! If you know Keras, begin with [the page for Keras users](for_keras_users), which maps the names; else with [how to](howto)
//! learn from a CSV file, save a model, or write a layer, a loss, a metric or a callback. [`data::IntoData`] lists what can be
//! given as data. Without optimization everything is about a hundred times slower: run with `--release`, or add
//! to your `Cargo.toml`
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```

#[cfg(feature = "ndarray-016")]
pub use ndarray;

#[doc = include_str!("../docs/keras.md")]
pub mod for_keras_users {}

#[doc = include_str!("../docs/howto.md")]
pub mod howto {}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub mod autodiff;
pub mod callbacks;
pub mod config;
mod cpu;
pub mod data;
pub mod error;
pub mod initializers;
pub mod io;
#[cfg(not(feature = "kernels"))]
mod kernel;
#[cfg(feature = "kernels")]
#[doc(hidden)]
pub mod kernel;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod model;
mod ops;
pub mod optimizers;
#[cfg(feature = "plot")]
pub mod plot;
pub mod prelude;
pub mod regularizers;
pub mod rng;
pub mod schedules;
mod shape;
mod tensor;

pub use cpu::Cpu;
#[doc(inline)]
pub use error::{Error, Result};
pub use kernel::Simd;
#[doc(inline)]
pub use model::{Fit, History, Model, Sequential};
pub use shape::{MAX_RANK, PartialShape, Shape};
pub use tensor::Tensor;
