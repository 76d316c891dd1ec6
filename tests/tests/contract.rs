//! The contract that every layer keeps: one function, applied to each class of the registry and to a layer of one's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod common;

use common::{bits, draw, weight_bits};
use practicum_core::autodiff::{GradientCheck, Var};
use practicum_core::initializers::Initializer;
use practicum_core::layers::{
    ActivityRegularization, Add, AlphaDropout, Average, BatchNormalization, Build, Call, Concatenate, Config, Cropping1D, Cropping2D,
    DepthwiseConv2D, Dot, ELU, GaussianDropout, GaussianNoise, GroupNormalization, LayerNormalization, LayerSpec, LeakyReLU, Maximum,
    Minimum, Multiply, Normalization, PReLU, Permute, RMSNormalization, ReLU, Registry, RepeatVector, Rescaling, SeparableConv2D, Softmax,
    SpatialDropout1D, SpatialDropout2D, Subtract, UnitNormalization, UpSampling1D, UpSampling2D, Weight, WeightSpec, ZeroPadding1D,
    ZeroPadding2D,
};
use practicum_core::optimizers::Sgd;
use practicum_core::prelude::*;

/// Multiplies every feature by a learned factor, and adds an offset that never learns.
#[derive(Clone, Debug, Default)]
struct Gain {
    factors: Weight,
    offset: Weight,
}

impl Layer for Gain {
    fn class_name(&self) -> &'static str {
        "Gain"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let features = cx.features(input)?;
        let uniform = Initializer::RandomUniform { minval: 0.5, maxval: 1.5 };
        self.factors = cx.weight(WeightSpec::new("factors", &[features]).initializer(uniform))?;
        self.offset = cx.weight(WeightSpec::new("offset", &[features]).initializer(Initializer::Ones).trainable(false))?;
        Ok(input.clone())
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        x.mul(&cx.weight(self.factors)?)?.add(&cx.weight(self.offset)?)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// A layer with several inputs as one with a single input: it is called on this, and on what is made of it.
#[derive(Debug)]
struct Paired(Box<dyn Layer>);

impl Paired {
    fn from_config(config: &Config) -> Result<Box<dyn Layer>> {
        let options = config["options"].as_object().cloned().unwrap_or_default();
        Ok(Box::new(Self(Registry::default().make(config["layer"].as_str().unwrap_or_default(), options)?)))
    }
}

impl Layer for Paired {
    fn class_name(&self) -> &'static str {
        "Paired"
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.insert("layer".into(), self.0.class_name().into());
        config.insert("options".into(), self.0.config().into());
        config
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(self.0.build_many(cx, &[input.clone(), input.clone()])?.remove(0))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(self.0.call_many(cx, &[x.clone(), x.tanh()?.affine(-0.7, 0.2)?])?.remove(0))
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(Self(self.0.boxed_clone()))
    }

    fn describe(&self) -> String {
        format!("two inputs of {}", self.0.describe())
    }
}

fn registry() -> Registry {
    Registry::default()
        .layer("Paired", |config| Paired::from_config(&config))
        .layer("Gain", |_| Ok(Box::new(Gain::default())))
        .lambda("twice_tanh", |x| x.tanh()?.scale(2.0))
        .lambda("last_step", |x| x.index(1, 0))
}

/// A layer, what goes into it, and what it promises.
struct Case {
    layer: Box<dyn Layer>,
    /// The shape of one example; open sizes are tried with several lengths.
    example: Vec<Option<usize>>,
    output: Vec<Option<usize>>,
    params: usize,
    /// How many ids there are, where the layer takes ids.
    ids: Option<usize>,
}

fn case(layer: impl Layer, example: &[Option<usize>], output: &[Option<usize>], params: usize) -> Case {
    Case { layer: Box::new(layer), example: example.to_vec(), output: output.to_vec(), params, ids: None }
}

fn ids(ids: usize, case: Case) -> Case {
    Case { ids: Some(ids), ..case }
}

fn cases() -> Vec<Case> {
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
    for activation in Activation::ALL {
        cases.push(case(Activate::new(activation), &SIX, &SIX, 0));
        cases.push(case(dense().activation(activation), &SIX, &[Some(4)], 28));
    }
    cases
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
        case(DepthwiseConv2D::new(2).depth_multiplier(2), &map(4, 3, 2), &map(3, 2, 4), 20),
        case(SeparableConv2D::new(3, 2).padding(Padding::Same), &map(3, 3, 2), &map(3, 3, 3), 8 + 6 + 3),
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
        case(Permute::new([2, 1]), &STEPS, &[Some(6), None], 0),
        case(Permute::new([3, 1, 2]), &IMAGE, &[Some(4), Some(2), Some(3)], 0),
        case(Rescaling::new(0.5).offset(-1.0), &STEPS, &STEPS, 0),
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

fn batch_of(example: &[Option<usize>]) -> PartialShape {
    PartialShape::new([&[None], example].concat())
}

/// Examples for the case, with `open` in every open place. They keep away from the kinks at 0.
fn examples(case: &Case, batch: usize, open: usize) -> Tensor {
    let dims: Vec<usize> = std::iter::once(batch).chain(case.example.iter().map(|size| size.unwrap_or(open))).collect();
    let x = draw(Shape::new(&dims).unwrap(), 11);
    if let Some(ids) = case.ids {
        return Tensor::new(x.shape(), x.as_slice().iter().map(|x| (x.abs() * 1000.0).floor() % ids as f32).collect()).unwrap();
    }
    Tensor::new(x.shape(), x.as_slice().iter().map(|x| x + 0.15_f32.copysign(*x)).collect()).unwrap()
}

fn model(case: &Case, seed: u64) -> Sequential {
    Sequential::new().with_seed(seed).add(Input::open(&case.example)).add(LayerSpec::boxed(case.layer.boxed_clone()))
}

fn check_shapes(case: &Case) {
    let (model, promised) = (model(case, 1), batch_of(&case.output));
    assert_eq!(model.output_shape().unwrap(), promised);
    assert_eq!(model.count_params().unwrap(), case.params);
    for (batch, open) in [(1, 1), (3, 4), (5, 2)] {
        let y = model.predict(examples(case, batch, open)).unwrap();
        assert!(promised.accepts(&y.shape()), "{} is not as promised: {promised}", y.shape());
        assert_eq!(y.shape()[0], batch);
    }
}

/// What the layer cannot serve is an error in `build` or in the first batch; never a panic.
fn check_strange_shapes(case: &Case) {
    for example in
        [&[][..], &[Some(0)], &[Some(5)], &[None], &[Some(2), Some(2), Some(2), Some(2), Some(2)], &[Some(1 << 40), Some(1 << 40)]]
    {
        let strange = Sequential::new().add(Input::open(example)).add(LayerSpec::boxed(case.layer.boxed_clone()));
        if strange.output_shape().is_ok() && !example.contains(&Some(1 << 40)) {
            let dims: Vec<usize> = [2].into_iter().chain(example.iter().map(|size| size.unwrap_or(3))).collect();
            let _ = strange.predict(Tensor::zeros(Shape::new(&dims).unwrap()).unwrap());
        }
    }
}

fn check_config(case: &Case) {
    let model = model(case, 3);
    let text = model.to_json().unwrap().to_string();
    let json = serde_json::from_str(&text).unwrap();
    let mut copy = Sequential::from_json_with(&json, &registry()).unwrap();
    assert_eq!(copy.to_json().unwrap(), json);
    assert_eq!((copy.layer_names(), copy.output_shape().unwrap()), (model.layer_names(), model.output_shape().unwrap()));
    copy.set_weights(&model.get_weights()).unwrap();
    let x = examples(case, 3, 4);
    assert_eq!(bits(&copy.predict(&x).unwrap()), bits(&model.predict(&x).unwrap()));
    // The options alone make a layer with the same options.
    let again = registry().make(case.layer.class_name(), case.layer.config()).unwrap();
    assert_eq!(again.config(), case.layer.config());
    assert_eq!(again.describe(), case.layer.describe());
}

fn check_weights_file(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (model, mut other) = (model(case, 5), model(case, 6));
    model.save_weights(&path).unwrap();
    other.load_weights(&path).unwrap();
    assert_eq!(weight_bits(&other), weight_bits(&model));
    let x = examples(case, 3, 4);
    assert_eq!(bits(&other.predict(&x).unwrap()), bits(&model.predict(&x).unwrap()));
}

fn check_gradients(case: &Case) {
    if case.ids.is_some() {
        // Between two ids there is nothing to take a difference of; the table's gradient is checked beside its operation.
        return;
    }
    GradientCheck::default().layer(&*case.layer, &examples(case, 3, 2)).unwrap();
}

/// The layer between two that learn, so that one without parameters has something to pass on.
fn trainable(case: &Case, cpu: &Cpu) -> Sequential {
    let first = Gain::default();
    let model = Sequential::new().with_seed(8).with_cpu(cpu).add(Input::open(&case.example));
    let model = if case.ids.is_some() {
        model
    } else if case.example.is_empty() {
        model.add(Flatten::new()).add(first).add(Reshape::new([]))
    } else {
        model.add(first)
    };
    let mut model = model.add(LayerSpec::boxed(case.layer.boxed_clone()));
    model.compile(Sgd::new(0.05), "mean_squared_error", ()).unwrap();
    model
}

fn check_learning(case: &Case) {
    let mut model = trainable(case, &Cpu::default());
    let x = examples(case, 8, 3);
    let y = draw(model.predict(&x).unwrap().shape(), 21);
    let before = model.evaluate(&x, &y).unwrap().get("loss").unwrap();
    for _ in 0..12 {
        model.train_on_batch(&x, &y).unwrap();
    }
    let after = model.evaluate(&x, &y).unwrap().get("loss").unwrap();
    assert!(after < before, "the loss went from {before} to {after}");
}

/// Training and prediction on a batch large enough for all threads to have a share.
fn check_threads(case: &Case) {
    let x = examples(case, 3000, 5);
    let run = |threads: usize| {
        let mut model = trainable(case, &Cpu::new(threads, Simd::detect()).unwrap());
        let y = draw(model.predict(&x).unwrap().shape(), 22);
        let losses = [(); 3].map(|()| model.train_on_batch(&x, &y).unwrap().loss.to_bits());
        (losses, weight_bits(&model), bits(&model.predict(&x).unwrap()))
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3), "the number of threads changes the bits");
}

#[test]
fn every_layer_keeps_the_contract() {
    type Check = (&'static str, fn(&Case));
    let checks: [Check; 7] = [
        ("shapes and parameters", check_shapes),
        ("strange shapes", check_strange_shapes),
        ("options to JSON and back", check_config),
        ("weights to a file and back", check_weights_file),
        ("gradients", check_gradients),
        ("learning", check_learning),
        ("threads", check_threads),
    ];
    let mut broken = Vec::new();
    for case in cases() {
        for (name, check) in checks {
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case))).is_err() {
                broken.push(format!("{} on {}: {name}", case.layer.describe(), batch_of(&case.example)));
            }
        }
    }
    assert!(broken.is_empty(), "the contract is broken (see above) by\n{}", broken.join("\n"));
}

#[test]
fn every_class_of_the_registry_has_a_case() {
    let (registry, cases) = (registry(), cases());
    let covers =
        |case: &Case, class: &str| case.layer.class_name() == class || case.layer.config().get("layer").is_some_and(|layer| layer == class);
    let missing: Vec<&str> = registry.class_names().into_iter().filter(|class| !cases.iter().any(|case| covers(case, class))).collect();
    assert!(missing.is_empty(), "these classes have no case in the contract: {missing:?}");
}

#[test]
fn layers_and_models_travel_between_threads() {
    fn travels<T: Send + Sync + ?Sized>() {}
    travels::<dyn Layer>();
    travels::<Model>();
    travels::<Sequential>();
    travels::<Registry>();
    travels::<Error>();
}

#[test]
fn frozen_layers_and_weights_that_never_learn_stay() {
    let build = || {
        let mut model = Sequential::new().add(Input::new([6])).add(Gain::default()).add(Dense::new(4).named("head").frozen());
        model.compile("adam", "mse", ()).unwrap();
        model
    };
    let (x, y) = (draw([8, 6], 1), draw([8, 4], 2));
    let (mut model, before) = (build(), build().get_weights());
    (0..3).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()));
    let changed: Vec<bool> = model.get_weights().iter().zip(&before).map(|(now, then)| bits(now) != bits(then)).collect();
    assert_eq!(changed, [true, false, false, false]);
    assert_eq!(model.param_count().unwrap().trainable, 6);
    model.set_trainable("head", true).unwrap();
    model.train_on_batch(&x, &y).unwrap();
    let changed: Vec<bool> = model.get_weights().iter().zip(&before).map(|(now, then)| bits(now) != bits(then)).collect();
    assert_eq!(changed, [true, false, true, true]);
}

/// A layer that breaks its promise is told so by the model.
#[derive(Clone, Debug)]
struct Liar;

impl Layer for Liar {
    fn class_name(&self) -> &'static str {
        "Liar"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.with_last(3))
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn a_layer_that_breaks_its_promise_is_named() {
    let model = Sequential::new().add(Input::new([4])).add(Liar);
    let error = model.predict(draw([2, 4], 1)).unwrap_err();
    assert!(error.is_shape());
    common::says(&error, &["layer 0 `liar`", "(None, 3)", "[2, 4]"]);
}

#[test]
fn a_layer_added_after_a_prediction_is_computed() {
    let x = draw([2, 4], 1);
    let model = Sequential::new().add(Input::new([4])).add(Dense::new(4));
    let before = model.predict(&x).unwrap();
    let model = model.add(Activate::new(Activation::Tanh));
    assert_eq!(bits(&model.predict(&x).unwrap()), bits(&before.tanh().unwrap()));
}

/// Every file that implements an operation checks its gradients in its own tests.
#[test]
fn every_operation_has_a_gradient_check() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src/ops");
    let (mut checked, mut unchecked) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if !text.contains("Op for ") {
            continue;
        }
        match text.split_once("#[cfg(test)]") {
            Some((_, tests)) if tests.contains("gradcheck(") || tests.contains("GradientCheck") => checked += 1,
            _ => unchecked.push(path),
        }
    }
    assert!(unchecked.is_empty(), "no gradient check in {unchecked:?}");
    assert!(checked >= 12, "only {checked} operations were found in {folder}");
}
