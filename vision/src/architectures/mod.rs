//! Networks for pictures: the course's convolutional networks, LeNet-5 and a small residual network.
//!
//! | network | input | layers | parameters |
//! |---|---|---|---|
//! | [`Convnet::fashion`] | 28 × 28 × 1 | 64-64, Dense 128, 10 classes | 243,786 |
//! | [`Convnet::digits`] | 28 × 28 × 1 | 32, Dense 128, 10 classes | 693,962 |
//! | [`Convnet::horses`] | 300 × 300 × 3 | 16-32-64-64-64, Dense 512, sigmoid | 1,704,097 |
//! | [`Convnet::cats_and_dogs`] | 150 × 150 × 3 | 16-32-64, Dense 512, sigmoid | 9,494,561 |
//! | [`Convnet::happy_or_sad`] | 150 × 150 × 3 | 16-32-32, Dense 512, sigmoid | 4,750,337 |
//! | [`Convnet::cats_and_dogs_deep`] | 150 × 150 × 3 | 32-64-128-128, Dense 512, sigmoid | 3,453,121 |
//! | [`Convnet::rock_paper_scissors`] | 150 × 150 × 3 | 64-64-128-128, Dense 512, 3 classes | 3,473,475 |
//! | [`Convnet::signs`] | 28 × 28 × 1 | 64-64, Dense 128, 26 classes | 245,850 |
//! | [`lenet5`] | 28 × 28 × 1 | 6-16 of 5 × 5, Dense 120-84 | 61,706 for 10 classes |
//! | [`ResNet`] | 32 × 32 × 3 | 6n + 2 layers with BatchNormalization | 274,042 for n = 3 and 10 classes |
//!
//! ```
//! use practicum_core::prelude::*;
//! use practicum_vision::architectures::Convnet;
//!
//! // The course's network for rock, paper and scissors, on pictures of half the size.
//! let convnet = Convnet::rock_paper_scissors().input([75, 75, 3]);
//! let mut model = convnet.build(Sequential::new().with_seed(7))?;
//! model.compile("rmsprop", "categorical_crossentropy", "accuracy")?;
//! println!("{}", model.summary()?);
//! # Ok::<(), practicum_core::Error>(())
//! ```

mod convnet;
mod lenet;
mod resnet;

pub use convnet::{Convnet, Head, SizeStep};
pub use lenet::lenet5;
pub use resnet::ResNet;
