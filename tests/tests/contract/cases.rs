//! The layers that are held to the contract.

use practicum_core::initializers::Initializer;
use practicum_core::layers::{
    ActivityRegularization, Add, AlphaDropout, Average, BatchNormalization, Concatenate, Conv1DTranspose, Conv2DTranspose, Cropping1D,
    Cropping2D, DepthwiseConv1D, DepthwiseConv2D, Dot, ELU, GaussianDropout, GaussianNoise, GroupNormalization, Interpolation,
    LayerNormalization, LayerSpec, LeakyReLU, Maximum, Minimum, Multiply, Normalization, PReLU, Permute, RMSNormalization, ReLU,
    RepeatVector, Rescaling, SeparableConv1D, SeparableConv2D, Softmax, SpatialDropout1D, SpatialDropout2D, Subtract, UnitNormalization,
    UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D,
};
use practicum_core::prelude::*;

use super::common::draw;
use super::own::{Gain, Paired};

/// A layer, what goes into it, and what it promises.
pub(crate) struct Case {
    pub(crate) layer: Box<dyn Layer>,
    /// The shape of one example; open sizes are tried with several lengths.
    pub(crate) example: Vec<Option<usize>>,
    pub(crate) output: Vec<Option<usize>>,
    pub(crate) params: usize,
    /// How many ids there are, where the layer takes ids.
    pub(crate) ids: Option<usize>,
}

fn case(layer: impl Layer, example: &[Option<usize>], output: &[Option<usize>], params: usize) -> Case {
    Case { layer: Box::new(layer), example: example.to_vec(), output: output.to_vec(), params, ids: None }
}

/// A model as a layer.
fn nested(model: impl Into<LayerSpec>, example: &[Option<usize>], output: &[Option<usize>], params: usize) -> Case {
    Case { layer: model.into().layer().boxed_clone(), example: example.to_vec(), output: output.to_vec(), params, ids: None }
}

fn ids(ids: usize, case: Case) -> Case {
    Case { ids: Some(ids), ..case }
}

pub(crate) fn cases() -> Vec<Case> {
    const SIX: [Option<usize>; 1] = [Some(6)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    let dense = || Dense::new(4);
    let normal = Initializer::RandomNormal { mean: 0.1, stddev: 0.5 };
    let mut cases = vec![
        case(Input::new([6]), &SIX, &SIX, 0),
        case(Input::open(STEPS), &STEPS, &STEPS, 0),
        case(dense(), &SIX, &[Some(4)], 28),
        case(dense().use_bias(false), &SIX, &[Some(4)], 24),
        case(dense().activation(Activation::Tanh), &STEPS, &[None, Some(4)], 28),
        case(dense().activation(Activation::Softmax), &SIX, &[Some(4)], 28),
        case(dense().kernel_initializer(normal.clone()).bias_initializer(normal), &SIX, &[Some(4)], 28),
        case(dense().kernel_regularizer(Regularizer::l2(0.05)).bias_regularizer(Regularizer::l2(0.1)), &SIX, &[Some(4)], 28),
        case(dense().activity_regularizer(Regularizer::l2(0.02)), &[Some(2), Some(6)], &[Some(2), Some(4)], 28),
        case(Flatten::new(), &[Some(2), Some(3)], &SIX, 0),
        case(Flatten::new(), &STEPS, &[None], 0),
        case(Flatten::new(), &[], &[Some(1)], 0),
        case(Reshape::new([3, 2]), &SIX, &[Some(3), Some(2)], 0),
        case(Reshape::new([-1, 2]), &SIX, &[Some(3), Some(2)], 0),
        case(Reshape::new([-1, 3]), &STEPS, &[None, Some(3)], 0),
        case(Dropout::new(0.4), &SIX, &SIX, 0),
        case(Dropout::new(0.0), &STEPS, &STEPS, 0),
        case(Dropout::new(0.4).noise_shape([None, Some(1), Some(6)]), &STEPS, &STEPS, 0),
        case(Lambda::new("twice_tanh", |x| x.tanh()?.scale(2.0)), &STEPS, &STEPS, 0),
        case(Lambda::new("last_step", |x| x.index(1, 0)), &STEPS, &SIX, 0),
        case(Gain::default(), &STEPS, &STEPS, 12),
        ids(7, case(Embedding::new(7, 3), &[None], &[None, Some(3)], 21)),
        ids(7, case(Embedding::new(7, 3).mask_zero(true), &[Some(4)], &[Some(4), Some(3)], 21)),
        ids(7, case(Embedding::new(7, 3).embeddings_regularizer(Regularizer::l2(0.1)), &[Some(4)], &[Some(4), Some(3)], 21)),
        case(Masking::new(0.0), &STEPS, &STEPS, 0),
        case(TimeDistributed::new(Dense::new(4)), &STEPS, &[None, Some(4)], 28),
        case(TimeDistributed::new(LSTM::new(2)), &[Some(3), Some(4), Some(2)], &[Some(3), Some(2)], 40),
    ];
    cases.extend(recurrent_cases());
    cases.extend(normalizations());
    cases.extend(small_layers());
    cases.extend(merging_layers());
    cases.extend(layers_of_maps());
    cases.extend(nested_models());
    for activation in Activation::ALL {
        cases.push(case(Activate::new(activation), &SIX, &SIX, 0));
        cases.push(case(dense().activation(activation), &SIX, &[Some(4)], 28));
    }
    cases
}

/// Models within, and layers around models, with and without masks.
fn nested_models() -> Vec<Case> {
    const SIX: [Option<usize>; 1] = [Some(6)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    let tanh = || Dense::new(4).activation(Activation::Tanh);
    let row = || Sequential::new().add(tanh()).add(Dropout::new(0.2)).add(Dense::new(3));
    let x = Input::new([6]).symbol();
    let residual = Model::new(&x, (Dense::new(6).on(&x) * 0.5 + &x).activate(Activation::Tanh)).unwrap();
    let normed = Sequential::new().add(tanh()).add(BatchNormalization::new().momentum(0.5)).add(Dense::new(3));
    let masked = || Sequential::new().add(Masking::new(0.0));
    let words = Sequential::new().add(Embedding::new(7, 3).mask_zero(true)).add(LSTM::new(2));
    vec![
        nested(row(), &SIX, &[Some(3)], 28 + 15),
        nested(normed, &STEPS, &[None, Some(3)], 28 + 16 + 15),
        nested(Sequential::new().add(row()).add(row()), &SIX, &[Some(3)], 28 + 15 + 16 + 15),
        nested(residual, &SIX, &SIX, 42),
        nested(masked().add(LSTM::new(3)), &STEPS, &[Some(3)], 120),
        nested(masked().add(GRU::new(3).return_sequences(true)).add(row()), &STEPS, &[None, Some(3)], 99 + 16 + 15),
        ids(7, nested(words, &[Some(4)], &[Some(2)], 21 + 48)),
        case(TimeDistributed::new(row()), &STEPS, &[None, Some(3)], 28 + 15),
        case(TimeDistributed::new(Dense::new(4).frozen()), &STEPS, &[None, Some(4)], 28),
        case(Bidirectional::new(LSTM::new(3).named("reader")), &STEPS, &[Some(6)], 240),
    ]
}

/// Convolutions, pools, and what puts zeros around maps or cuts them.
fn layers_of_maps() -> Vec<Case> {
    let map = |rows, columns, channels| [Some(rows), Some(columns), Some(channels)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    let nine = [Some(9), Some(2)];
    let l2 = || Regularizer::l2(0.05);
    let tanh = Activation::Tanh;
    vec![
        case(Conv2D::new(3, (3, 2)).activation(tanh), &map(5, 4, 2), &map(3, 3, 3), 3 * 2 * 2 * 3 + 3),
        case(Conv2D::new(3, 2).padding(Padding::Same).strides(2), &map(5, 4, 1), &map(3, 2, 3), 15),
        case(Conv2D::new(4, 3).groups(2).use_bias(false), &map(4, 4, 2), &map(2, 2, 4), 36),
        case(Conv2D::new(2, 2).dilation_rate((1, 2)).kernel_regularizer(l2()), &map(3, 4, 1), &map(2, 2, 2), 10),
        case(Conv2D::new(2, 2).activity_regularizer(l2()).bias_regularizer(l2()), &map(3, 3, 1), &map(2, 2, 2), 10),
        case(Conv1D::new(3, 3).padding(Padding::Causal).activation(tanh), &STEPS, &[None, Some(3)], 57),
        case(Conv1D::new(3, 2).strides(2), &nine, &[Some(4), Some(3)], 15),
        case(Conv2DTranspose::new(2, (3, 2)).activation(tanh), &map(2, 3, 2), &map(4, 4, 2), 3 * 2 * 2 * 2 + 2),
        case(Conv2DTranspose::new(3, 2).padding(Padding::Same).strides(2).use_bias(false), &map(3, 2, 1), &map(6, 4, 3), 12),
        case(Conv2DTranspose::new(2, 2).dilation_rate((1, 2)).kernel_regularizer(l2()), &map(2, 2, 1), &map(3, 4, 2), 10),
        case(Conv1DTranspose::new(3, 2).strides(3).output_padding(1).activation(tanh), &nine, &[Some(27), Some(3)], 15),
        case(Conv1DTranspose::new(2, 3).padding(Padding::Same), &STEPS, &[None, Some(2)], 38),
        case(DepthwiseConv2D::new(2).depth_multiplier(2), &map(4, 3, 2), &map(3, 2, 4), 20),
        case(SeparableConv2D::new(3, 2).padding(Padding::Same), &map(3, 3, 2), &map(3, 3, 3), 8 + 6 + 3),
        case(DepthwiseConv1D::new(3).depth_multiplier(2).padding(Padding::Same), &STEPS, &[None, Some(12)], 3 * 12 + 12),
        case(DepthwiseConv1D::new(2).strides(2), &nine, &[Some(4), Some(2)], 4 + 2),
        case(SeparableConv1D::new(3, 2).padding(Padding::Same), &STEPS, &[None, Some(3)], 12 + 18 + 3),
        case(MaxPooling2D::new(2), &map(5, 4, 2), &map(2, 2, 2), 0),
        case(MaxPooling2D::new((3, 2)).strides(1).padding(Padding::Same), &map(4, 3, 1), &map(4, 3, 1), 0),
        case(AveragePooling2D::new(2).padding(Padding::Same), &map(5, 4, 2), &map(3, 2, 2), 0),
        case(MaxPooling1D::new(2), &nine, &[Some(4), Some(2)], 0),
        case(AveragePooling1D::new(3).strides(2), &nine, &[Some(4), Some(2)], 0),
        case(GlobalAveragePooling1D::new(), &STEPS, &[Some(6)], 0),
        case(GlobalMaxPooling1D::new().keepdims(true), &STEPS, &[Some(1), Some(6)], 0),
        case(GlobalAveragePooling2D::new().keepdims(true), &map(3, 4, 2), &map(1, 1, 2), 0),
        case(GlobalMaxPooling2D::new(), &map(2, 2, 1), &[Some(1)], 0),
        case(ZeroPadding1D::new((2, 1)), &nine, &[Some(12), Some(2)], 0),
        case(ZeroPadding2D::new(((1, 0), (0, 2))), &map(3, 4, 2), &map(4, 6, 2), 0),
        case(Cropping1D::new(1), &nine, &[Some(7), Some(2)], 0),
        case(Cropping2D::new((1, 0)), &map(3, 4, 2), &map(1, 4, 2), 0),
        case(UpSampling1D::new(2), &nine, &[Some(18), Some(2)], 0),
        case(UpSampling2D::new((1, 2)), &map(3, 4, 2), &map(3, 8, 2), 0),
        case(UpSampling2D::new((2, 3)).interpolation(Interpolation::Bilinear), &map(3, 2, 2), &map(6, 6, 2), 0),
    ]
}

fn recurrent_cases() -> Vec<Case> {
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    let regularizer = || Regularizer::l2(0.05);
    let all = |units| [None, Some(units)];
    vec![
        case(SimpleRNN::new(5), &STEPS, &[Some(5)], 60),
        case(SimpleRNN::new(5).return_sequences(true).activation(Activation::Softsign), &STEPS, &all(5), 60),
        case(SimpleRNN::new(3).use_bias(false).go_backwards(true).dropout(0.3), &STEPS, &[Some(3)], 27),
        case(SimpleRNN::new(3).recurrent_dropout(0.3).recurrent_regularizer(regularizer()), &STEPS, &[Some(3)], 30),
        case(LSTM::new(5), &STEPS, &[Some(5)], 240),
        case(LSTM::new(17).return_sequences(true), &STEPS, &all(17), 4 * 17 * 24),
        case(LSTM::new(3).unit_forget_bias(false).recurrent_activation(Activation::Softsign), &STEPS, &[Some(3)], 120),
        case(LSTM::new(3).dropout(0.2).recurrent_dropout(0.3).zero_output_for_mask(true), &STEPS, &[Some(3)], 120),
        case(LSTM::new(3).kernel_regularizer(regularizer()).bias_regularizer(regularizer()), &STEPS, &[Some(3)], 120),
        case(LSTM::new(3).activity_regularizer(regularizer()).return_sequences(true), &[Some(2), Some(6)], &[Some(2), Some(3)], 120),
        case(GRU::new(5), &STEPS, &[Some(5)], 195),
        case(GRU::new(5).return_sequences(true).go_backwards(true), &STEPS, &all(5), 195),
        case(GRU::new(5).reset_after(false), &STEPS, &[Some(5)], 180),
        case(GRU::new(3).reset_after(false).recurrent_dropout(0.3).dropout(0.2), &STEPS, &[Some(3)], 90),
        case(Bidirectional::new(LSTM::new(3)), &STEPS, &[Some(6)], 240),
        case(Bidirectional::new(GRU::new(3).return_sequences(true)).merge_mode(MergeMode::Sum), &STEPS, &all(3), 198),
        case(Bidirectional::new(SimpleRNN::new(3)).merge_mode(MergeMode::Mul), &STEPS, &[Some(3)], 60),
        case(Bidirectional::new(LSTM::new(3).dropout(0.2).return_sequences(true)).merge_mode(MergeMode::Ave), &STEPS, &all(3), 240),
        case(Bidirectional::new(LSTM::new(3)).backward_layer(GRU::new(2).go_backwards(true)), &STEPS, &[Some(5)], 180),
    ]
}

fn normalizations() -> Vec<Case> {
    const SIX: [Option<usize>; 1] = [Some(6)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    const IMAGE: [Option<usize>; 3] = [Some(2), Some(3), Some(4)];
    let batch = || BatchNormalization::new().momentum(0.5);
    let penalty = Regularizer::l1_l2(0.02, 0.01);
    vec![
        case(batch(), &SIX, &SIX, 24),
        case(batch(), &STEPS, &STEPS, 24),
        case(batch(), &IMAGE, &IMAGE, 16),
        case(batch().axis(1), &IMAGE, &IMAGE, 8),
        case(batch().scale(false).epsilon(0.01), &SIX, &SIX, 18),
        case(batch().center(false).gamma_regularizer(penalty), &SIX, &SIX, 18),
        case(batch().gamma_initializer(Initializer::Constant { value: 0.7 }).beta_regularizer(penalty), &SIX, &SIX, 24),
        case(LayerNormalization::new(), &SIX, &SIX, 12),
        case(LayerNormalization::new().axis([1, 3]).epsilon(1e-5), &IMAGE, &IMAGE, 16),
        case(LayerNormalization::new().axis([1, 2, 3]).center(false), &IMAGE, &IMAGE, 24),
        case(GroupNormalization::new(3), &SIX, &SIX, 12),
        case(GroupNormalization::new(2), &STEPS, &STEPS, 12),
        case(GroupNormalization::new(-1).scale(false), &IMAGE, &IMAGE, 4),
        case(GroupNormalization::new(3).axis(2), &IMAGE, &IMAGE, 6),
        case(UnitNormalization::new(), &STEPS, &STEPS, 0),
        case(UnitNormalization::new().axis([1, 2]), &IMAGE, &IMAGE, 0),
        case(RMSNormalization::new(), &STEPS, &STEPS, 6),
        case(RMSNormalization::new().axis(-2).epsilon(0.1), &IMAGE, &IMAGE, 3),
    ]
}

fn small_layers() -> Vec<Case> {
    const SIX: [Option<usize>; 1] = [Some(6)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    const IMAGE: [Option<usize>; 3] = [Some(2), Some(3), Some(4)];
    let slopes = Initializer::RandomUniform { minval: 0.1, maxval: 0.5 };
    let prelu = || PReLU::new().alpha_initializer(slopes.clone());
    let mut adapted = Normalization::new();
    adapted.adapt(draw([9, 6], 31)).unwrap();
    vec![
        case(SpatialDropout1D::new(0.4), &STEPS, &STEPS, 0),
        case(SpatialDropout2D::new(0.4), &IMAGE, &IMAGE, 0),
        case(GaussianNoise::new(0.2), &STEPS, &STEPS, 0),
        case(GaussianDropout::new(0.2), &SIX, &SIX, 0),
        case(AlphaDropout::new(0.2), &STEPS, &STEPS, 0),
        case(RepeatVector::new(3), &SIX, &[Some(3), Some(6)], 0),
        case(Identity::new(), &STEPS, &STEPS, 0),
        case(Permute::new([2, 1]), &STEPS, &[Some(6), None], 0),
        case(Permute::new([3, 1, 2]), &IMAGE, &[Some(4), Some(2), Some(3)], 0),
        case(Rescaling::new(0.5).offset(-1.0), &STEPS, &STEPS, 0),
        case(Rescaling::each([0.5, -1.0, 2.0, 0.1, 3.0, 1.0], [0.0, 1.0, 2.0, -1.0, -2.0, 0.5]), &STEPS, &STEPS, 0),
        case(Normalization::new(), &STEPS, &STEPS, 13),
        case(adapted, &SIX, &SIX, 13),
        case(Normalization::new().axis([1, 3]).invert(true), &IMAGE, &IMAGE, 17),
        case(Normalization::new().all_axes(), &STEPS, &STEPS, 3),
        case(Normalization::new().mean_and_variance([0.5], [2.0]), &STEPS, &STEPS, 0),
        case(ReLU::new(), &SIX, &SIX, 0),
        case(ReLU::new().max_value(1.1).negative_slope(0.1).threshold(0.13), &STEPS, &STEPS, 0),
        case(LeakyReLU::new(), &STEPS, &STEPS, 0),
        case(ELU::new().alpha(0.6), &STEPS, &STEPS, 0),
        case(prelu(), &SIX, &SIX, 6),
        case(prelu().shared_axes([1]).alpha_regularizer(Regularizer::l2(0.1)), &STEPS, &STEPS, 6),
        case(prelu().shared_axes([2, 3]), &IMAGE, &IMAGE, 2),
        case(Softmax::new(), &STEPS, &STEPS, 0),
        case(Softmax::new().axis([1, 2]), &IMAGE, &IMAGE, 0),
        case(ActivityRegularization::new().l1(0.02).l2(0.01), &STEPS, &STEPS, 0),
    ]
}

fn merging_layers() -> Vec<Case> {
    const SIX: [Option<usize>; 1] = [Some(6)];
    const STEPS: [Option<usize>; 2] = [None, Some(6)];
    let paired = |layer: Box<dyn Layer>, example: &[Option<usize>], output: &[Option<usize>]| case(Paired(layer), example, output, 0);
    vec![
        paired(Box::new(Add), &STEPS, &STEPS),
        paired(Box::new(Subtract), &SIX, &SIX),
        paired(Box::new(Multiply), &STEPS, &STEPS),
        paired(Box::new(Average), &SIX, &SIX),
        paired(Box::new(Maximum), &SIX, &SIX),
        paired(Box::new(Minimum), &STEPS, &STEPS),
        paired(Box::new(Concatenate::new()), &STEPS, &[None, Some(12)]),
        paired(Box::new(Concatenate::new().axis(1)), &STEPS, &STEPS),
        paired(Box::new(Dot::new(1)), &SIX, &[Some(1)]),
        paired(Box::new(Dot::new([2, -1]).normalize(true)), &STEPS, &[None, None]),
        case(Add, &STEPS, &STEPS, 0),
        case(Concatenate::new(), &SIX, &SIX, 0),
    ]
}
