//! The networks of the course's third part, each a function of its sizes.
//!
//! ```
//! use practicum_nlp::models;
//!
//! let model = models::embedding_average(10_000, 16, Some(100), 24, models::Head::Binary);
//! assert_eq!(model.count_params()?, 160_433);
//! # Ok::<(), practicum_core::Error>(())
//! ```

use practicum_core::Tensor;
use practicum_core::prelude::*;

/// What a classifier ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Head {
    /// One sigmoid, for two classes; train with `binary_crossentropy`.
    Binary,
    /// A softmax over this many classes; train with `sparse_categorical_crossentropy`.
    Classes(usize),
}

impl Head {
    /// The loss that fits.
    pub fn loss(self) -> &'static str {
        match self {
            Self::Binary => "binary_crossentropy",
            Self::Classes(_) => "sparse_categorical_crossentropy",
        }
    }

    fn layer(self) -> Dense {
        match self {
            Self::Binary => Dense::new(1).activation(Activation::Sigmoid),
            Self::Classes(classes) => Dense::new(classes).activation(Activation::Softmax),
        }
    }
}

/// The recurrent layer of a network that reads in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cell {
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

/// Ids, open in length or of `length`, and a vector for each.
fn embedded(vocabulary: usize, dimension: usize, length: Option<usize>) -> Sequential {
    Sequential::new().add(Input::open([length])).add(Embedding::new(vocabulary, dimension))
}

fn dense(units: usize) -> Dense {
    Dense::new(units).activation(Activation::Relu)
}

/// Embedding → Flatten → Dense relu → head: every position has weights of its own (c3w2 lab 1).
pub fn embedding_flatten(vocabulary: usize, dimension: usize, length: usize, units: usize, head: Head) -> Sequential {
    embedded(vocabulary, dimension, Some(length)).add(Flatten::new()).add(dense(units)).add(head.layer())
}

/// Embedding → mean over all positions, padding included → Dense relu → head (c3w2).
pub fn embedding_average(vocabulary: usize, dimension: usize, length: Option<usize>, units: usize, head: Head) -> Sequential {
    embedded(vocabulary, dimension, length).add(GlobalAveragePooling1D::new()).add(dense(units)).add(head.layer())
}

/// Embedding → a recurrent layer in both directions → Dense relu → head (c3w3 labs 1a, 2, 2d).
pub fn bidirectional(
    vocabulary: usize,
    dimension: usize,
    length: Option<usize>,
    cell: Cell,
    units: usize,
    dense_units: usize,
    head: Head,
) -> Sequential {
    let model = embedded(vocabulary, dimension, length);
    let model = match cell {
        Cell::Lstm => model.add(Bidirectional::new(LSTM::new(units))),
        Cell::Gru => model.add(Bidirectional::new(GRU::new(units))),
    };
    model.add(dense(dense_units)).add(head.layer())
}

/// Embedding → two LSTMs in both directions, the first of which hands on every step → Dense relu → head (c3w3 lab 1b).
pub fn stacked_bidirectional(
    vocabulary: usize,
    dimension: usize,
    length: Option<usize>,
    units: [usize; 2],
    dense_units: usize,
    head: Head,
) -> Sequential {
    embedded(vocabulary, dimension, length)
        .add(Bidirectional::new(LSTM::new(units[0]).return_sequences(true)))
        .add(Bidirectional::new(LSTM::new(units[1])))
        .add(dense(dense_units))
        .add(head.layer())
}

/// What is taken of a convolution's outputs over all positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pooling {
    /// Their mean.
    Average,
    /// The largest of each filter.
    Max,
}

/// Embedding → Conv1D(filters, 5) relu → pooling over all positions → Dense relu → head (c3w3 labs 1c, 2c, 2d).
pub fn convolutional(
    vocabulary: usize,
    dimension: usize,
    length: Option<usize>,
    filters: usize,
    pooling: Pooling,
    dense_units: usize,
    head: Head,
) -> Sequential {
    let model = embedded(vocabulary, dimension, length).add(Conv1D::new(filters, 5).activation(Activation::Relu));
    let model = match pooling {
        Pooling::Average => model.add(GlobalAveragePooling1D::new()),
        Pooling::Max => model.add(GlobalMaxPooling1D::new()),
    };
    model.add(dense(dense_units)).add(head.layer())
}

/// Frozen word vectors `[ids, dimension]` → Dropout → Conv1D(64, 5) relu → MaxPooling1D(4) → LSTM 64 → sigmoid (c3w3
/// exercise). Without a `dropout` the layer is left out.
///
/// # Errors
/// Vectors that have not two axes.
pub fn pretrained_conv_lstm(vectors: Tensor, length: usize, dropout: Option<f32>) -> Result<Sequential> {
    let shape = vectors.shape();
    let &[ids, dimension] = shape.dims() else {
        return Err(Error::shape(format!("word vectors have the shape [ids, dimension], got {shape}")));
    };
    let model = Sequential::new().add(Input::new([length])).add(Embedding::new(ids, dimension).weights(vectors).frozen());
    let model = match dropout {
        Some(rate) => model.add(Dropout::new(rate)),
        None => model,
    };
    Ok(model.add(Conv1D::new(64, 5).activation(Activation::Relu)).add(MaxPooling1D::new(4)).add(LSTM::new(64)).add(Head::Binary.layer()))
}

/// Embedding → LSTM in both directions → softmax over all ids: says which follows `context` ids (c3w4 labs).
pub fn next_token(vocabulary: usize, dimension: usize, context: usize, units: usize) -> Sequential {
    embedded(vocabulary, dimension, Some(context)).add(Bidirectional::new(LSTM::new(units))).add(Head::Classes(vocabulary).layer())
}

/// Embedding 100 → LSTM 150 in both directions → Dropout 0.2 → LSTM 100 → Dense vocabulary/2 relu with an L2 penalty of
/// 0.01 → softmax over all ids (c3w4 exercise).
pub fn deep_next_token(vocabulary: usize, context: usize) -> Sequential {
    embedded(vocabulary, 100, Some(context))
        .add(Bidirectional::new(LSTM::new(150).return_sequences(true)))
        .add(Dropout::new(0.2))
        .add(LSTM::new(100))
        .add(dense(vocabulary / 2).kernel_regularizer(Regularizer::l2(0.01)))
        .add(Head::Classes(vocabulary).layer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_the_courses() {
        let binary = Head::Binary;
        let models = [
            (embedding_flatten(10_000, 16, 120, 6, binary), 171_533),
            (embedding_average(10_000, 16, Some(120), 6, binary), 160_109),
            (embedding_average(10_000, 16, Some(100), 24, binary), 160_433),
            (embedding_average(8_185, 64, None, 6, binary), 524_237),
            (embedding_average(1_000, 16, Some(120), 24, Head::Classes(6)), 16_558),
            (bidirectional(8_185, 64, None, Cell::Lstm, 64, 64, binary), 598_209),
            (stacked_bidirectional(8_185, 64, None, [64, 32], 64, binary), 635_329),
            (convolutional(8_185, 64, None, 128, Pooling::Average, 64, binary), 573_249),
            (bidirectional(1_000, 16, Some(120), Cell::Lstm, 32, 24, binary), 30_129),
            (convolutional(1_000, 16, Some(120), 128, Pooling::Max, 24, binary), 29_489),
            (bidirectional(10_000, 16, Some(120), Cell::Gru, 32, 6, binary), 169_997),
            (bidirectional(10_000, 16, Some(120), Cell::Lstm, 32, 6, binary), 172_941),
            (convolutional(10_000, 16, Some(120), 128, Pooling::Average, 6, binary), 171_149),
            (next_token(263, 64, 10, 20), 41_215),
            (next_token(2_690, 100, 15, 150), 1_379_890),
            (deep_next_token(3_211, 10), 6_101_671),
        ];
        for (model, expected) in models {
            assert_eq!(model.count_params().unwrap(), expected, "{}", model.summary().unwrap());
        }
    }

    #[test]
    fn frozen_vectors_are_no_parameters_to_train() {
        let trainable = |dimension| {
            let model = pretrained_conv_lstm(Tensor::zeros([11, dimension]).unwrap(), 16, Some(0.2)).unwrap();
            assert_eq!(model.output_shape().unwrap().dims(), [None, Some(1)]);
            model.summary().unwrap().to_string()
        };
        assert!(trainable(100).contains("65,153"), "{}", trainable(100));
        assert!(trainable(50).contains("49,153"));
        assert!(pretrained_conv_lstm(Tensor::zeros([3]).unwrap(), 16, None).is_err());
    }
}
