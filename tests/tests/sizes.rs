//! Sizes from nothing to more than any memory: what takes one answers, or says why not, at once.
//!
//! Built with checks for overflow, as all tests are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use practicum_core::Result;
use practicum_core::autodiff::View;
use practicum_core::data::{BatchArray, Data, SplitOptions, to_categorical, train_test_split};
use practicum_core::layers::{Borders, Interpolation, LayerSpec};
use practicum_core::losses::{Dice, Loss};
use practicum_core::metrics::{
    Auc, ConfusionMatrix, MeanIoU, Metric, OneHotIoU, Precision, PrecisionAtRecall, Scored, TopKCategoricalAccuracy,
};
use practicum_core::model::CompileRegistry;
use practicum_core::optimizers::Optimizer;
use practicum_core::prelude::*;
use practicum_core::rng::Key;
use practicum_nlp::{
    BagOfWords, IntegerLookup, MatrixMode, PadOptions, SkipGrams, StringLookup, SubwordOptions, SubwordTextEncoder, TextVectorization,
    Tokenizer, WordVectors, next_token_examples, one_hot, pad_sequences, sampling_table, sliding_windows,
};
use practicum_timeseries as ts;
use practicum_timeseries::forecast::Forecaster;
use practicum_timeseries::synth::{self, SeriesSpec};
use practicum_timeseries::window::{Windowing, forecast_windows, windowed_dataset};
use practicum_vision as vision;

const SIZES: [usize; 5] = [0, 1, 1 << 31, 1 << 32, usize::MAX];

/// What a size is given to. The name says whether it must refuse what would take more than 4 GiB.
type Case = (&'static str, Must, fn(usize) -> Result<()>);

#[derive(Clone, Copy, PartialEq)]
enum Must {
    /// 2³¹ and more are errors.
    Refuse,
    /// No more than an answer is asked for.
    Answer,
}
use Must::{Answer, Refuse};

fn try_all(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (name, must, f) in cases {
        for size in SIZES {
            // What is said last where a case ends the process.
            println!("{name} of {size}");
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| f(size)));
            if begun.elapsed() > Duration::from_secs(5) {
                wrong.push(format!("{name} of {size}: {:.1} s", begun.elapsed().as_secs_f64()));
            }
            match outcome {
                Err(_) => wrong.push(format!("{name} of {size}: a panic")),
                Ok(Ok(())) if *must == Refuse && size >= 1 << 31 => wrong.push(format!("{name} of {size}: not refused")),
                Ok(Err(error)) if error.to_string().is_empty() => wrong.push(format!("{name} of {size}: an error that says nothing")),
                Ok(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a layer outputs for inputs of this shape, and for a batch where that is small, or so large that it must be refused.
fn build(input: &[usize], layer: impl Into<LayerSpec>) -> Result<()> {
    let model = Sequential::new().add(Input::new(input)).add(layer);
    let outputs = model.output_shape()?;
    model.summary()?.to_string();
    model.to_json()?;
    let batch = || Tensor::zeros(Shape::new(&[&[2], input].concat())?);
    match outputs.example_size() {
        Some(size) if size < 1 << 16 => model.predict(batch()?).map(drop),
        Some(size) if size > 1 << 30 => match model.predict(batch()?) {
            Ok(_) => panic!("{size} numbers an example were computed"),
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn pair() -> Result<Tensor> {
    Tensor::zeros([2, 3])
}

const TENSORS: &[Case] = &[
    ("Shape::new", Answer, |n| {
        for dims in [vec![n], vec![n, n], vec![0, n, n], vec![n, 0, n], vec![n, n, 0]] {
            let Ok(shape) = Shape::new(&dims) else { continue };
            let text = format!("{shape} {shape:?}");
            let _ = (text, shape.size(), shape.rows(), shape.last(), shape.without_batch(), shape.broadcast(&shape)?);
        }
        Ok(())
    }),
    ("an empty tensor", Answer, |n| {
        for dims in [vec![0, n], vec![n, 0], vec![0, n, n], vec![n, 0, n]] {
            let Ok(shape) = Shape::new(&dims) else { continue };
            let x = Tensor::new(shape, Vec::new())?;
            let _ = (format!("{x} {x:?}"), x.flatten(), x.flip(0), x.flip(-1), x.transpose(), x.sum(), x.mean(), x.argmax());
            let _ = (x.pad_zeros(0, 1, 1), x.pad_zeros(-1, 1, 1), Tensor::concat(&[&x, &x], 0), Tensor::concat(&[&x, &x], -1));
            let _ = (x.sum_axis(0), x.mean_axis(-1), x.max_axis(0), x.softmax(), x.repeat(2), x.index(-1, 0), x.rows(0..0));
            let _ = (Data::from_tensor(x.clone()), x.argmax_axis(0), x.interpolate(0, 2), x.expand_dims(0), x.squeeze(0));
        }
        Ok(())
    }),
    ("Tensor::zeros", Refuse, |n| Tensor::zeros([n]).map(drop)),
    ("Tensor::ones of rows", Refuse, |n| Tensor::ones(Shape::new(&[n, 2])?).map(drop)),
    ("Tensor::full", Refuse, |n| Tensor::full([n], 0.5).map(drop)),
    ("Tensor::eye", Refuse, |n| Tensor::eye(n).map(drop)),
    ("Tensor::arange", Refuse, |n| Tensor::arange(n).map(drop)),
    ("Tensor::new", Answer, |n| Tensor::new(Shape::new(&[n, 2])?, vec![0.0; 4]).map(drop)),
    ("reshape", Answer, |n| pair()?.reshape(Shape::new(&[n, 3])?).map(drop)),
    ("index", Answer, |n| pair()?.index(0, n).map(drop)),
    ("slice to", Answer, |n| pair()?.slice(1, 0..n).map(drop)),
    ("slice from", Answer, |n| pair()?.slice(1, n..usize::MAX).map(drop)),
    ("row", Answer, |n| pair()?.row(n).map(drop)),
    ("rows", Answer, |n| pair()?.rows(n..usize::MAX).map(drop)),
    ("get", Answer, |n| pair()?.get(&[n, n]).map(drop)),
    ("repeat", Refuse, |n| pair()?.repeat(n).map(drop)),
    ("pad_zeros before", Refuse, |n| pair()?.pad_zeros(0, n, 0).map(drop)),
    ("pad_zeros after", Refuse, |n| pair()?.pad_zeros(-1, 1, n).map(drop)),
    ("interpolate", Refuse, |n| pair()?.interpolate(0, n).map(drop)),
    ("permute", Answer, |n| pair()?.permute(&[n, 0]).map(drop)),
    ("max_pool2d", Answer, |n| Tensor::zeros([1, 4, 4, 1])?.max_pool2d([n, 1], [1, n], Padding::Valid).map(drop)),
    ("average_pool2d", Answer, |n| Tensor::zeros([1, 4, 4, 1])?.average_pool2d([2, n], [n, 1], Padding::Same).map(drop)),
    ("axes", Answer, |n| {
        let axis = n as isize;
        let x = pair()?;
        let all = [x.flip(axis), x.sum_axis(axis), x.mean_axis(-axis.max(1)), x.max_axis(axis), x.expand_dims(axis), x.squeeze(axis)];
        let _ = (all, x.index(axis, 0), x.slice(axis, 0..1), x.pad_zeros(axis, 1, 1), x.argmax_axis(axis), Tensor::concat(&[&x], axis));
        Ok(())
    }),
    ("Key::permutation", Answer, |n| Key::new(1).permutation(u32::try_from(n).unwrap_or(u32::MAX)).map(drop)),
    ("KeyedRng::below", Answer, |n| {
        Key::new(1).rng().below(u32::try_from(n).unwrap_or(u32::MAX));
        Ok(())
    }),
    ("BatchArray::resize", Refuse, |n| BatchArray::default().resize(Shape::new(&[n])?).map(drop)),
    ("PartialShape", Answer, |n| {
        let shape = PartialShape::new([Some(n), None, Some(n)]);
        let _ = (format!("{shape}"), shape.example_size(), shape.with_last(n), shape.with_batch(n).is_ok());
        let _ = PartialShape::batch_of(&[n, n]).with_batch(n).map(|shape| shape.size());
        Ok(())
    }),
];

const LAYERS: &[Case] = &[
    ("Input", Answer, |n| build(&[n, n], Flatten::new())),
    ("Input with nothing", Answer, |n| build(&[0, n, 2], Flatten::new())),
    ("Dense", Refuse, |n| build(&[4], Dense::new(n))),
    ("Embedding, words", Refuse, |n| build(&[4], Embedding::new(n, 8))),
    ("Embedding, dimension", Refuse, |n| build(&[4], Embedding::new(10, n))),
    ("SimpleRNN", Refuse, |n| build(&[3, 2], SimpleRNN::new(n))),
    ("LSTM", Refuse, |n| build(&[3, 2], LSTM::new(n))),
    ("GRU", Refuse, |n| build(&[3, 2], GRU::new(n))),
    ("Bidirectional", Refuse, |n| build(&[3, 2], Bidirectional::new(LSTM::new(n)))),
    ("TimeDistributed", Refuse, |n| build(&[3, 2], TimeDistributed::new(Dense::new(n)))),
    ("Conv1D between borders", Answer, |n| build(&[8, 1], Conv1D::new(1, 2).dilation_rate(n).padding(Padding::Same))),
    ("RepeatVector", Answer, |n| build(&[2], RepeatVector::new(n))),
    ("Reshape", Answer, |n| build(&[4], Reshape::new([n as isize, 2]))),
    ("Permute", Answer, |n| build(&[4, 2], Permute::new([n, 1]))),
    ("Conv1D, filters", Refuse, |n| build(&[8, 2], Conv1D::new(n, 3))),
    ("Conv1D, kernel", Refuse, |n| build(&[8, 2], Conv1D::new(3, n))),
    ("Conv1D, causal kernel", Refuse, |n| build(&[8, 2], Conv1D::new(3, n).padding(Padding::Causal))),
    ("Conv1D, causal dilation", Answer, |n| build(&[8, 2], Conv1D::new(3, 2).dilation_rate(n).padding(Padding::Causal))),
    ("Conv2D, filters", Refuse, |n| build(&[8, 8, 2], Conv2D::new(n, 3))),
    ("Conv2D, kernel", Refuse, |n| build(&[8, 8, 2], Conv2D::new(3, n).padding(Padding::Same))),
    ("Conv2D, strides", Answer, |n| build(&[8, 8, 2], Conv2D::new(3, 3).strides(n))),
    ("Conv2D, dilation", Answer, |n| build(&[8, 8, 2], Conv2D::new(3, 3).dilation_rate((1, n)).padding(Padding::Same))),
    ("Conv2D, groups", Answer, |n| build(&[8, 8, 2], Conv2D::new(2, 3).groups(n))),
    ("DepthwiseConv2D", Answer, |n| build(&[8, 8, 2], DepthwiseConv2D::new(n))),
    ("DepthwiseConv2D, depth", Refuse, |n| build(&[8, 8, 2], DepthwiseConv2D::new(3).depth_multiplier(n))),
    ("DepthwiseConv1D", Answer, |n| build(&[8, 2], DepthwiseConv1D::new(3).strides(n))),
    ("SeparableConv2D", Refuse, |n| build(&[8, 8, 2], SeparableConv2D::new(n, 3))),
    ("SeparableConv1D, depth", Refuse, |n| build(&[8, 2], SeparableConv1D::new(3, 3).depth_multiplier(n))),
    ("s3 Conv2DTranspose, strides", Answer, |n| build(&[4, 4, 2], Conv2DTranspose::new(3, 3).strides(n))),
    ("s3 Conv2DTranspose, kernel", Refuse, |n| build(&[4, 4, 2], Conv2DTranspose::new(3, n))),
    ("s3 Conv2DTranspose, dilation", Answer, |n| build(&[4, 4, 2], Conv2DTranspose::new(3, 3).dilation_rate(n))),
    ("s3 Conv2DTranspose, output_padding", Answer, |n| build(&[4, 4, 2], Conv2DTranspose::new(3, 3).output_padding(n))),
    ("s3 Conv1DTranspose, strides", Answer, |n| build(&[4, 2], Conv1DTranspose::new(3, 3).strides(n).padding(Padding::Same))),
    ("MaxPooling2D", Answer, |n| build(&[8, 8, 2], MaxPooling2D::new(n).padding(Padding::Same))),
    ("MaxPooling2D, strides", Answer, |n| build(&[8, 8, 2], MaxPooling2D::new(2).strides((n, 1)))),
    ("AveragePooling1D", Answer, |n| build(&[8, 2], AveragePooling1D::new(n).strides(n))),
    ("UpSampling2D", Answer, |n| build(&[8, 8, 2], UpSampling2D::new(n))),
    ("UpSampling2D, bilinear", Answer, |n| build(&[8, 8, 2], UpSampling2D::new((1, n)).interpolation(Interpolation::Bilinear))),
    ("UpSampling1D", Answer, |n| build(&[8, 2], UpSampling1D::new(n))),
    ("ZeroPadding2D", Answer, |n| build(&[8, 8, 2], ZeroPadding2D::new(Borders::from(n)))),
    ("ZeroPadding1D", Answer, |n| build(&[8, 2], ZeroPadding1D::new(n))),
    ("Cropping2D", Answer, |n| build(&[8, 8, 2], Cropping2D::new(n))),
    ("Cropping1D", Answer, |n| build(&[8, 2], Cropping1D::new(n))),
    ("GroupNormalization", Answer, |n| build(&[8, 2], GroupNormalization::new(n as isize))),
    ("BatchNormalization, axis", Answer, |n| build(&[8, 2], BatchNormalization::new().axis(n as isize))),
    ("Softmax, axis", Answer, |n| build(&[8, 2], Softmax::new().axis(n as isize))),
    ("PReLU, shared axes", Answer, |n| build(&[8, 2], PReLU::new().shared_axes([n]))),
    ("Dropout, noise_shape", Answer, |n| build(&[8, 2], Dropout::new(0.5).noise_shape([None, Some(n), Some(n)]))),
    ("vision Resizing", Answer, |n| build(&[4, 4, 3], vision::layers::Resizing::new(n, 1))),
    ("vision CenterCrop", Answer, |n| build(&[4, 4, 3], vision::layers::CenterCrop::new(n, n))),
    ("vision RandomCrop", Answer, |n| build(&[4, 4, 3], vision::layers::RandomCrop::new(1, n))),
    ("layers from JSON", Answer, |n| {
        for (class, option, rest) in [
            ("Conv2DTranspose", "strides", r#""filters": 2, "kernel_size": [3, 3]"#),
            ("Conv2D", "kernel_size", r#""filters": 2"#),
            ("MaxPooling2D", "strides", r#""pool_size": [2, 2]"#),
        ] {
            let layers = format!(
                r#"{{"class_name": "Sequential", "config": {{"name": "s", "layers": [
                {{"class_name": "InputLayer", "config": {{"batch_shape": [null, 4, 4, 2]}}}},
                {{"class_name": "{class}", "config": {{{rest}, "{option}": [{n}, {n}]}}}}]}}}}"#
            );
            let value = serde_json::from_str(&layers).unwrap();
            let _ = Sequential::from_json(&value).and_then(|model| model.output_shape());
        }
        Ok(())
    }),
];

fn scored<M: Metric>(mut metric: M) -> Result<()> {
    let (shape, data) = (Shape::from([2, 2]), [0.0, 1.0, 1.0, 0.0]);
    let view = View { shape, data: &data };
    metric.update(&Scored { y_true: view, y_pred: view, sample_weight: None, mask: None })?;
    metric.result();
    metric.check()
}

fn compiled(optimizer: impl Optimizer) -> Result<()> {
    let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(1));
    model.compile(optimizer, "mse", ())?;
    let config = model.compile_config()?;
    model.compile_from_config(&config, &CompileRegistry::default())?;
    model.train_on_batch(Tensor::zeros([2, 2])?, Tensor::zeros([2, 1])?).map(drop)
}

fn numbers() -> Result<Dataset<Tensor>> {
    Dataset::from_tensor_slices(Tensor::arange(6)?)
}

/// The first elements of a data set.
fn first<T: Send + 'static>(dataset: Dataset<T>) -> Result<()> {
    let _ = (dataset.len(), dataset.cardinality());
    dataset.epoch(0).take(3).try_for_each(|element| element.map(drop))
}

fn fit(options: Fit<'_>) -> Result<()> {
    let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    model.compile("sgd", "mse", ())?;
    model.fit([[0.0], [1.0]], [0.0, 1.0], options.quiet()).map(drop)
}

const TRAINING: &[Case] = &[
    ("Auc", Refuse, |n| scored(Auc::default().num_thresholds(n))),
    ("PrecisionAtRecall", Refuse, |n| scored(PrecisionAtRecall::new(0.5).num_thresholds(n))),
    ("TopKCategoricalAccuracy", Answer, |n| scored(TopKCategoricalAccuracy::default().k(n))),
    ("Precision, top_k", Answer, |n| scored(Precision::default().top_k(n))),
    ("Precision, class_id", Answer, |n| scored(Precision::default().class_id(n))),
    ("MeanIoU", Refuse, |n| scored(MeanIoU::new(n).sparse_y_pred(false))),
    ("OneHotIoU", Refuse, |n| scored(OneHotIoU::new(n, [0]))),
    ("OneHotIoU, targets", Refuse, |n| scored(OneHotIoU::new(2, [n]))),
    ("ConfusionMatrix", Refuse, |n| ConfusionMatrix::new(&[0], &[0], n).map(|matrix| drop((matrix.to_string(), matrix.report())))),
    ("ConfusionMatrix, class", Answer, |n| {
        let matrix = ConfusionMatrix::new(&[0], &[0], 1)?;
        let _ = (matrix.precision(n), matrix.recall(n), matrix.f1(n), matrix.support(n));
        Ok(())
    }),
    ("Dice, axis", Answer, |n| {
        let tape = practicum_core::autodiff::Tape::new();
        let y = tape.constant(pair()?);
        Dice::default().axis([n as isize, isize::MIN]).call(&y, &y).map(drop)
    }),
    ("gradient_accumulation_steps", Answer, |n| compiled(Sgd::default().gradient_accumulation_steps(n as u64))),
    ("ema_overwrite_frequency", Answer, |n| compiled(Sgd::default().use_ema(true).ema_overwrite_frequency(n as u64))),
    ("to_categorical", Refuse, |n| to_categorical(vec![0, 0], Some(n)).map(drop)),
    ("to_categorical, label", Refuse, |n| to_categorical(vec![n], None).map(drop)),
    ("train_test_split, seed", Answer, |n| train_test_split(pair()?, (), SplitOptions::new(0.5).seed(n as u64)).map(drop)),
    ("Data::select", Answer, |n| Data::from_tensor(pair()?)?.select(&[n]).map(drop)),
    ("Data::rows", Answer, |n| Data::from_tensor(pair()?)?.rows(0..n).map(drop)),
    ("ArraySource", Answer, |n| Sequential::new().add(Input::new([3])).predict(ArraySource::new(pair()?, (), n)?).map(drop)),
    ("take_batches", Answer, |n| {
        Sequential::new().add(Input::new([3])).predict(ArraySource::new(pair()?, (), 1)?.take_batches(n)).map(drop)
    }),
    ("Dataset::batch", Answer, |n| first(numbers()?.batch(n))),
    ("Dataset::batch, only whole", Answer, |n| first(numbers()?.batch(BatchOptions::new(n).drop_remainder(true)))),
    ("Dataset::padded_batch", Answer, |n| first(numbers()?.padded_batch(n))),
    ("Dataset::shuffle", Answer, |n| first(numbers()?.shuffle(n))),
    ("Dataset::take", Answer, |n| first(numbers()?.take(n))),
    ("Dataset::skip", Answer, |n| first(numbers()?.skip(n))),
    ("Dataset::repeat", Answer, |n| first(numbers()?.repeat(n).repeat(n))),
    ("Dataset::window", Answer, |n| first(numbers()?.window(WindowOptions::new(n)))),
    ("Dataset::window, steps", Answer, |n| first(numbers()?.window(WindowOptions::new(2).shift(n).stride(n)))),
    ("Dataset::window, whole", Answer, |n| first(numbers()?.window(WindowOptions::new(n).shift(1).stride(n).drop_remainder(true)))),
    ("Dataset::prefetch", Answer, |n| first(numbers()?.prefetch(n))),
    ("Dataset::map_parallel", Answer, |n| first(numbers()?.map_parallel(n, Ok))),
    ("Dataset::range", Answer, |n| first(Dataset::range(0..n as i64).batch(n))),
    ("Dataset::range, shuffled", Answer, |n| first(Dataset::range(0..n as i64).shuffle(n))),
    ("Dataset::repeat_forever", Refuse, |n| first(Dataset::range(0..3).repeat_forever().batch(n))),
    ("Dataset::assert_cardinality", Answer, |n| first(numbers()?.assert_cardinality(n))),
    ("Dataset::repeat, counted", Answer, |n| {
        let repeated = Dataset::range(0..i64::MAX).repeat(n).skip(n).take(n).batch(3);
        let _ = (repeated.len(), repeated.clone().concatenate(repeated).cardinality());
        Ok(())
    }),
    ("Fit::batch_size", Answer, |n| fit(Fit::new().batch_size(n))),
    ("Fit::validation_batch_size", Answer, |n| fit(Fit::new().validation_batch_size(n).validation_split(0.5))),
    ("Fit::steps_per_epoch", Answer, |n| fit(Fit::new().epochs(1).steps_per_epoch(n.min(2)))),
    ("Fit::initial_epoch", Answer, |n| fit(Fit::new().epochs(1).initial_epoch(n))),
    ("Fit::validation_freq", Answer, |n| fit(Fit::new().validation_freq(n).validation_split(0.5))),
    ("Fit::class_weight", Answer, |n| fit(Fit::new().class_weight([(n, 1.0)]))),
    ("EarlyStopping::patience", Answer, |n| fit(Fit::new().epochs(2).callback(EarlyStopping::new("loss").patience(n).start_from_epoch(n)))),
    ("ReduceLrOnPlateau", Answer, |n| fit(Fit::new().epochs(2).callback(ReduceLrOnPlateau::new("loss").patience(n).cooldown(n)))),
];

/// A series of some length.
fn wave() -> Vec<f64> {
    (0..60).map(|t| 10.0 + (f64::from(t) / 3.0).sin() + 0.01 * f64::from(t * t % 7)).collect()
}

fn forecast(forecaster: impl Forecaster) -> Result<()> {
    forecaster.fit(&wave())?.predict(2).map(drop)
}

const SERIES: &[Case] = &[
    ("s5 synth::time", Refuse, |n| synth::time::<f64>(n).map(drop)),
    ("s5 white_noise", Refuse, |n| synth::white_noise(n, 1.0, 42).map(drop)),
    ("s5 autocorrelation_two_lags", Refuse, |n| synth::autocorrelation_two_lags(n, 1.0, 42).map(drop)),
    ("s5 autocorrelation_ar1", Refuse, |n| synth::autocorrelation_ar1(n, 1.0, 42).map(drop)),
    ("s5 autocorrelate", Answer, |n| synth::autocorrelate(&wave(), &[(n, 0.5)]).map(drop)),
    ("s5 impulses, steps", Refuse, |n| synth::impulses(n, 1, 1.0, 42).map(drop)),
    ("s5 impulses, count", Refuse, |n| synth::impulses(10, n, 1.0, 42).map(drop)),
    ("s5 regime_change", Answer, |n| synth::regime_change(&[1.0], &[2.0], n).map(drop)),
    ("s5 seasonality", Answer, |n| synth::seasonality(&[0.0], synth::Pattern::P1, n as u32, 1.0, 0.0).map(drop)),
    ("s5 SeriesSpec, length", Refuse, |n| {
        let mut spec = SeriesSpec::A;
        spec.length = n;
        spec.generate().map(drop)
    }),
    ("s5 SeriesBuilder, length", Refuse, |n| ts::SeriesBuilder::new(n).noise(1.0).season(7, 1.0).build().map(drop)),
    ("s5 SeriesBuilder, parts", Answer, |n| {
        let parts = ts::SeriesBuilder::new(10).season(n, 1.0).pulse(1, n, 1.0).memory(n, 0.5);
        parts.build().map(drop)
    }),
    ("s5 SeriesBuilder, events", Answer, |n| ts::SeriesBuilder::new(10).pulse(n, n, 1.0).shift(n, 1.0).build().map(drop)),
    ("s5 SeriesBuilder, impulses", Refuse, |n| ts::SeriesBuilder::new(10).impulses(n, 1.0).build().map(drop)),
    ("s5 rand", Refuse, |n| ts::numpy::RandomState::new(1).rand(n).map(drop)),
    ("s5 randn", Refuse, |n| ts::numpy::RandomState::new(1).randn(n).map(drop)),
    ("s5 randint", Answer, |n| ts::numpy::RandomState::new(1).randint(n as u32).map(drop)),
    ("s5 folds of a series", Refuse, |n| ts::split::RollForward::expanding(1).folds(n).map(drop)),
    ("s5 folds, horizon", Answer, |n| ts::split::RollForward::sliding(1).horizon(n).folds(usize::MAX).map(drop)),
    ("s5 folds, step", Answer, |n| ts::split::RollForward::sliding(n).step(n).folds(100).map(drop)),
    ("s5 Partition", Answer, |n| {
        let _ = (
            ts::split::Partition::new(n, 1),
            ts::split::Partition::new(10, n),
            ts::split::Partition::shares(n, 0.2, 0.1),
            ts::split::Partition::new(10, 5)?.test(n),
        );
        Ok(())
    }),
    ("naive", Answer, |n| ts::baseline::naive(&wave(), n).map(drop)),
    ("moving_average", Answer, |n| ts::baseline::moving_average(&wave(), n).map(drop)),
    ("difference", Answer, |n| ts::baseline::difference(&wave(), n).map(drop)),
    ("centred_moving_average", Answer, |n| ts::decompose::centred_moving_average(&wave(), n).map(drop)),
    ("autocorrelation", Answer, |n| ts::correlate::autocorrelation(&wave(), n).map(drop)),
    ("partial_autocorrelation", Answer, |n| ts::correlate::partial_autocorrelation(&wave(), n).map(drop)),
    ("SeasonalNaive", Answer, |n| forecast(ts::forecast::SeasonalNaive::new(n))),
    ("MovingAverage", Answer, |n| forecast(ts::forecast::MovingAverage::new(n))),
    ("holt_winters", Answer, |n| forecast(ts::forecast::ExponentialSmoothing::holt_winters(n))),
    ("Autoregression", Answer, |n| forecast(ts::forecast::Autoregression::new(n))),
    ("Autoregression, lags", Answer, |n| forecast(ts::forecast::Autoregression::with_lags(&[1, n]))),
    ("predict", Refuse, |n| ts::forecast::Naive.fit(&wave())?.predict(n).map(drop)),
    ("Windowing", Answer, |n| {
        let four = || Windowing::new(4);
        for windows in [Windowing::new(n), four().horizon(n), four().shift(n), four().stride(n), four().batch_size(n), four().prefetch(n)] {
            let _ = windowed_dataset(wave(), &windows).and_then(first);
            let _ = forecast_windows(wave(), &windows).and_then(first);
        }
        windowed_dataset(wave(), &four().target(n)).and_then(first)
    }),
    ("Series::slice", Answer, |n| ts::Series::new(wave())?.slice(n, usize::MAX).map(drop)),
    ("Series::next_dates", Refuse, |n| {
        let dates = ["2024-01-01", "2024-01-02"].map(|date| date.parse().unwrap());
        ts::Series::new(vec![1.0, 2.0])?.with_dates(dates.to_vec())?.next_dates(n).map(drop)
    }),
];

const WORDS: [&str; 3] = ["a red fox and a dog", "the dog and the fox", "red dogs and red foxes"];

const TEXTS: &[Case] = &[
    ("pad_sequences", Refuse, |n| pad_sequences(&[vec![1, 2, 3]], PadOptions::new().maxlen(n)).map(drop)),
    ("next_token_examples", Refuse, |n| next_token_examples(&[vec![1, 2, 3]], Some(n)).map(drop)),
    ("sliding_windows", Answer, |n| {
        let _ = (sliding_windows(&[1, 2, 3], n, 1), sliding_windows(&[1, 2, 3], 1, n));
        Ok(())
    }),
    ("sampling_table", Refuse, |n| sampling_table(n, 1e-5).map(drop)),
    ("one_hot", Answer, |n| one_hot("a b", n).map(drop)),
    ("SkipGrams", Answer, |n| SkipGrams::new(n).pairs(&[1, 2, 3]).map(drop)),
    ("SkipGrams, window", Answer, |n| SkipGrams::new(10).window_size(n).pairs(&[1, 2, 3]).map(drop)),
    ("Tokenizer", Answer, |n| {
        let mut tokenizer = Tokenizer::new().num_words(n).oov_token("?");
        tokenizer.fit_on_texts(WORDS)?;
        tokenizer.texts_to_sequences(WORDS).map(drop)
    }),
    ("s6 a tokenizer's file", Answer, |n| {
        let mut tokenizer = Tokenizer::new();
        tokenizer.fit_on_texts(WORDS)?;
        let written = tokenizer.to_json()?;
        let count = format!("\"document_count\": {}", u64::try_from(n).unwrap());
        let mut again =
            Tokenizer::from_json(&written.replacen("\"document_count\": 3", &count, 1).replacen("\"document_count\":3", &count, 1))?;
        again.fit_on_texts(WORDS)?;
        again.to_json().map(drop)
    }),
    ("TextVectorization", Answer, |n| {
        let mut layer = TextVectorization::new().max_tokens(n);
        layer.adapt(&WORDS)?;
        layer.vectorize(&WORDS).map(drop)
    }),
    ("TextVectorization, length", Answer, |n| {
        let mut layer = TextVectorization::new().output_sequence_length(n);
        layer.adapt(&WORDS)?;
        layer.vectorize(&WORDS).map(drop)
    }),
    ("TextVectorization, ngrams", Answer, |n| {
        let mut layer = TextVectorization::new().ngrams(n);
        layer.adapt(&WORDS)?;
        layer.vectorize(&WORDS).map(drop)
    }),
    ("IntegerLookup", Answer, |n| {
        let mut lookup = IntegerLookup::new().max_tokens(n).num_oov_indices(n);
        lookup.adapt([1, 2, 2])?;
        lookup.lookup([1, 2, 3]).map(drop)
    }),
    ("StringLookup", Answer, |n| {
        let mut lookup = StringLookup::new().max_tokens(n);
        lookup.adapt(["a", "b"])?;
        lookup.lookup(["a", "c"]).map(drop)
    }),
    ("BagOfWords", Answer, |n| BagOfWords::new(MatrixMode::Count).max_terms(n).fit(&WORDS, &[0, 1, 0]).map(drop)),
    ("SubwordTextEncoder", Answer, |n| {
        SubwordTextEncoder::build_from_corpus(WORDS, SubwordOptions::new(n).max_subword_length(n).max_corpus_chars(n)).map(drop)
    }),
    ("WordVectors", Answer, |n| {
        let vectors = WordVectors::read("a 1 2\nb 2 1\nc 0 1\n".as_bytes(), |_| true)?;
        let _ = (vectors.nearest("a", n)?, vectors.analogy("a", "b", "c", n)?, vectors.pca(n));
        Ok(())
    }),
    ("models", Answer, |n| {
        use practicum_nlp::models;
        let _ = (models::next_token(n, n, n, n).output_shape(), models::deep_next_token(n, n).output_shape());
        Ok(())
    }),
];

#[test]
fn s4_tensors_of_any_size_are_made_or_refused() {
    try_all(TENSORS);
}

#[test]
fn s3_layers_of_any_size_are_built_or_refused_at_once() {
    try_all(LAYERS);
}

#[test]
fn s6_trainings_and_data_sets_take_any_size_or_say_why_not() {
    try_all(TRAINING);
}

#[test]
fn s5_series_of_any_length_are_made_or_refused() {
    try_all(SERIES);
}

#[test]
fn s6_texts_take_any_size_or_say_why_not() {
    try_all(TEXTS);
}
