//! Files of other people, by Keras 0 to 3: in `../shared/keras_files` beside the workspace. Where they are not, nothing is tested.
//!
//! Expected outputs are those of Keras 3.15, or of tf-keras 2.21 where Keras no longer reads the file.

use std::path::{Path, PathBuf};

use practicum_core::autodiff::Var;
use practicum_core::io::{self, LoadWeights};
use practicum_core::layers::{Build, Call, Config, Layer, Registry};
use practicum_core::prelude::*;

fn file(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/keras_files").join(name);
    if !path.exists() {
        println!("skipped: no {name} in ../shared/keras_files");
    }
    path.exists().then_some(path)
}

/// What the files are asked: number `i` is `(7919·i mod 1000) / 1000 − 0.5`.
fn input(shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    let numbers = (0..shape.size()).map(|i| ((i * 7919 % 1000) as f64 / 1000.0 - 0.5) as f32);
    Tensor::new(shape, numbers.collect()).unwrap()
}

/// The ids `37·i mod vocabulary`.
fn ids(shape: [usize; 2], vocabulary: usize) -> Tensor {
    Tensor::new(shape, (0..shape[0] * shape[1]).map(|i| (i * 37 % vocabulary) as f32).collect()).unwrap()
}

fn check(y: &Tensor, expected: &[f64]) {
    let largest = y.as_slice().iter().fold(0.0, |largest: f32, y| largest.max(y.abs()));
    for (index, (y, expected)) in y.as_slice().iter().zip(expected).enumerate() {
        assert!((f64::from(*y) - expected).abs() <= 1e-4 * f64::from(largest), "number {index}: expected {expected}, got {y}");
    }
}

/// The sum of squares, which each number of the output has a part in.
fn check_squares(y: &Tensor, expected: f64) {
    let squares: f64 = y.as_slice().iter().map(|y| f64::from(*y).powi(2)).sum();
    assert!((squares - expected).abs() <= 1e-3 * expected, "expected {expected}, got {squares}");
}

/// Compares every tensor with what h5py says is in the file; the list beside the file has a line an array.
fn check_sums(path: &Path, model: &Model) {
    let list = PathBuf::from(format!("{}.tensors.txt", path.display()));
    let text = std::fs::read_to_string(list).unwrap();
    let mut listed: Vec<f64> = Vec::new();
    for line in text.lines().filter(|line| line.contains("float32") && line.contains("sum ")) {
        let skip = ["optimizer", "metrics", "seed_generator"].iter().any(|what| line.starts_with(what));
        if !skip && let Some(sum) = line.split("sum ").nth(1).and_then(|rest| rest.split_whitespace().next()) {
            listed.push(sum.parse().unwrap());
        }
    }
    let mut sums: Vec<f64> =
        model.get_weights().iter().map(|weight| weight.as_slice().iter().map(|x| f64::from(*x)).sum::<f64>()).collect();
    assert_eq!(sums.len(), listed.len());
    sums.sort_by(f64::total_cmp);
    listed.sort_by(f64::total_cmp);
    for (sum, listed) in sums.iter().zip(&listed) {
        assert!((sum - listed).abs() <= 1e-6 * listed.abs().max(1.0), "expected the sum {listed}, got {sum}");
    }
}

fn load(name: &str) -> Option<Model> {
    let path = file(name)?;
    let loaded = io::load(&path, &Registry::default()).unwrap();
    assert!(loaded.weights.missing.is_empty() && loaded.weights.unused.is_empty(), "{}", loaded.weights);
    check_sums(&path, &loaded.model);
    Some(loaded.model)
}

#[test]
fn nested_models_of_keras_2_4_predict_as_there() {
    let Some(model) = load("teachable_machine_nested.h5") else { return };
    check(&model.predict(input([2, 224, 224, 3])).unwrap(), &[0.075_479_313_7, 0.924_520_671, 0.072_719_715_5, 0.927_280_307]);
}

#[test]
fn separable_convolutions_of_keras_2_0_predict_as_there() {
    let Some(model) = load("mini_xception_separable.hdf5") else { return };
    let y = model.predict(input([2, 64, 64, 1])).unwrap();
    check(&y, &[7.280_177e-6, 5.234_749e-16, 7.663_221e-6, 0.000_276_585, 5.880_032e-5, 0.999_649_405]);
    check_squares(&y, 1.998_620_435);
}

#[test]
fn a_picture_network_of_keras_2_2_predicts_as_there() {
    let Some(model) = load("mnist_cnn_sgd.h5") else { return };
    let y = model.predict(input([2, 28, 28, 1])).unwrap();
    check(&y, &[0.084_223_69, 0.059_109_19, 0.118_825_41, 0.086_296_23, 0.078_443_32, 0.108_971_2]);
    check_squares(&y, 0.299_321_914);
}

#[test]
fn an_autoencoder_of_keras_2_3_predicts_as_there() {
    let Some(model) = load("upsampling_autoencoder.h5") else { return };
    let y = model.predict(input([2, 28, 28, 1])).unwrap();
    check(&y, &[0.000_244_721_8, 3.168_192e-5, 2.935_706e-5, 4.539_821e-5]);
    check_squares(&y, 0.930_161_141);
}

#[test]
fn hdf5_called_keras_predicts_as_there() {
    let Some(model) = load("embedding_gap_hdf5_named.keras") else { return };
    check(&model.predict(ids([2, 30], 10_000)).unwrap(), &[-7.916_839_6, -4.533_821_6]);
}

#[test]
fn groups_with_backslashes_predict_as_there() {
    let Some(model) = load("conv1d_v3zip_215.keras") else { return };
    let logits = [-0.652_982_056_f64, -1.198_318_6];
    check(&model.predict(input([2, 20, 1])).unwrap(), &logits.map(|x| 1.0 / (1.0 + (-x).exp())));
}

#[test]
fn one_model_as_keras_and_as_h5_predicts_the_same() {
    for name in ["lstm_pair_380.keras", "lstm_pair_380.h5"] {
        let Some(model) = load(name) else { return };
        check(&model.predict(input([2, 24, 1])).unwrap(), &[-0.367_083_55, -0.285_885_036]);
    }
}

/// `|a − b|`.
#[derive(Clone, Debug)]
struct L1Distance;

impl Layer for L1Distance {
    fn class_name(&self) -> &'static str {
        "L1Distance"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn build_many(&mut self, _cx: &mut Build<'_>, inputs: &[PartialShape]) -> Result<Vec<PartialShape>> {
        Ok(inputs[..1].to_vec())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn call_many(&self, _cx: &Call<'_>, inputs: &[Var]) -> Result<Vec<Var>> {
        Ok(vec![inputs[0].sub(&inputs[1])?.abs()?])
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn a_custom_layer_is_named_and_predicts_once_it_is_registered() {
    let Some(path) = file("siamese_nested_custom_350.keras") else { return };
    let error = Model::load(&path).unwrap_err();
    assert!(error.to_string().contains("L1Distance") && error.to_string().contains("Registry::layer"), "{error}");
    let registry = Registry::default().layer("L1Distance", |_, _| Ok(Box::new(L1Distance)));
    let model = Model::load_with(&path, &registry).unwrap();
    check_sums(&path, &model);
    let x = input([4, 1, 13]);
    let y = model.predict([&x.slice(0, 0..2).unwrap(), &x.slice(0, 2..4).unwrap()]).unwrap();
    check(&y, &[0.774_582_62, 0.349_375_13]);
}

#[test]
fn weights_of_a_gru_that_resets_after_predict_as_there() {
    let Some(path) = file("gru_reset_after_weights.h5") else { return };
    let mut model = Sequential::new()
        .add(Input::open([None, Some(7)]))
        .add(GRU::new(20).return_sequences(true))
        .add(TimeDistributed::new(Dense::new(1)))
        .into_model();
    model.load_weights(&path).unwrap();
    check_sums(&path, &model);
    let y = model.predict(input([2, 9, 7])).unwrap();
    check(&y, &[2.433_084_49, 2.064_962_86, 2.986_825_94, 4.328_041_55, 3.464_563_85, 4.581_754_68]);
}

#[test]
fn weights_of_a_stack_of_keras_2_0_predict_as_there() {
    let Some(path) = file("lstm_gru_stack_202_weights.h5") else { return };
    let gru = || GRU::new(120).reset_after(false).recurrent_activation(Activation::HardSigmoidV2);
    let mut model = Sequential::new()
        .add(Input::open([None]))
        .add(Embedding::new(56, 56))
        .add(LSTM::new(120).return_sequences(true).recurrent_activation(Activation::HardSigmoidV2));
    for _ in 0..4 {
        model = model.add(gru().return_sequences(true));
    }
    let mut model = model.add(gru()).add(Dense::new(56).activation(Activation::Softmax)).into_model();
    model.load_weights(&path).unwrap();
    check_sums(&path, &model);
    let y = model.predict(ids([2, 5], 56)).unwrap();
    check(&y, &[0.001_015_213_9, 0.001_607_354_5, 0.007_890_421_9, 0.014_041_035_4, 0.000_608_900_2, 0.001_854_751_1]);
    check_squares(&y, 0.290_101_688);
}

#[test]
fn weights_of_keras_3_predict_as_there() {
    let Some(path) = file("traffic_cnn.weights.h5") else { return };
    let conv = |filters| Conv2D::new(filters, 3).activation(Activation::Relu);
    let mut model = Sequential::new()
        .add(Input::new([32, 32, 3]))
        .add(conv(48))
        .add(conv(24))
        .add(conv(24))
        .add(conv(48))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(96).activation(Activation::Relu))
        .add(Dense::new(164).activation(Activation::Softmax))
        .into_model();
    model.load_weights(&path).unwrap();
    check_sums(&path, &model);
    let y = model.predict(input([2, 32, 32, 3])).unwrap();
    check(&y, &[0.002_777_542_5, 0.002_305_53, 0.003_974_551_3, 0.000_875_561_7, 0.004_823_831_4, 0.000_706_830_6]);
    check_squares(&y, 0.032_069_369);
}

#[test]
fn weights_of_keras_0_go_by_position() {
    let Some(path) = file("keras0_mlp_weights.h5") else { return };
    let dense = |units| Dense::new(units).activation(Activation::Tanh);
    let mut model = Sequential::new().add(Input::new([36])).add(dense(36)).add(dense(15)).add(Dense::new(4)).into_model();
    model.load_weights(&path).unwrap();
    check_sums(&path, &model);
    let y = model.predict(input([2, 36])).unwrap();
    check(
        &y,
        &[-0.199_160_337, -0.364_799_44, -0.270_985_007, -0.316_920_578, -0.141_309_053, -0.309_660_554, -0.468_949_199, -0.482_444_406],
    );
}

#[test]
fn weights_of_other_shapes_are_all_named() {
    let Some(path) = file("keras0_mlp_weights.h5") else { return };
    let mut model = Sequential::new().add(Input::new([36])).add(Dense::new(36)).add(Dense::new(16)).add(Dense::new(4)).into_model();
    let before = model.get_weights();
    let error = model.load_weights(&path).unwrap_err().to_string();
    for name in ["dense_1/kernel", "dense_1/bias", "dense_2/kernel"] {
        assert!(error.contains(name), "{error}");
    }
    assert!(model.get_weights().iter().zip(&before).all(|(now, before)| now.as_slice() == before.as_slice()));
    let report = model.load_weights_with(&path, LoadWeights::new().skip_mismatch(true)).unwrap();
    assert_eq!(report.loaded, ["dense/kernel", "dense/bias", "dense_2/bias"]);
    assert_eq!(report.mismatched.len(), 3);
}
