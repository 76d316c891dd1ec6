//! Networks with weights out of a formula, against what Keras computed with the same: see `golden/applications.py`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use practicum_core::prelude::*;
use practicum_vision::applications::{
    Options, efficientnet_b0, efficientnet_lite0, inception_v3, mobilenet_v2, resnet50, squeezenet, vgg16,
};
use serde_json::Value;

/// Number `i` of the stream: a hash of the stream's name and `i`, in [0, 1).
fn unit(stream: &str, count: usize) -> impl Iterator<Item = f32> {
    let start = stream.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    (0..count as u32).map(move |index| {
        let mut hash = start.wrapping_add(index.wrapping_mul(0x9E37_79B9));
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
        ((hash ^ (hash >> 16)) >> 8) as f32 / 16_777_216.0
    })
}

fn around(stream: &str, shape: Shape, centre: f32, radius: f32) -> Tensor {
    Tensor::new(shape, unit(stream, shape.size()).map(|u| (2.0 * u - 1.0) * radius + centre).collect()).unwrap()
}

fn weight(application: &str, path: &str, shape: Shape, depthwise: bool) -> Option<Tensor> {
    let kind = path.rsplit('/').next().unwrap();
    let stream = format!("{application}/{path}");
    let (centre, radius) = match kind {
        "kernel" => {
            let fan_in: usize = if depthwise { shape[..2].iter().product() } else { shape[..shape.rank() - 1].iter().product() };
            (0.0, (6.0 / fan_in as f64).sqrt() as f32)
        }
        "bias" | "beta" => (0.0, 0.1),
        "gamma" => (1.0, 0.2),
        "moving_mean" => (0.0, 0.2),
        "moving_variance" => (1.0, 0.4),
        "mean" => (0.5, 0.1),
        "variance" => (0.1, 0.05),
        _ => return None,
    };
    Some(around(&stream, shape, centre, radius))
}

fn make(name: &str, options: Options) -> Model {
    match name {
        "inception_v3" => inception_v3(options),
        "mobilenet_v2" => mobilenet_v2(options),
        "resnet50" => resnet50(options),
        "efficientnet_b0" => efficientnet_b0(options),
        "efficientnet_lite0" => efficientnet_lite0(options),
        "vgg16" => vgg16(options),
        "squeezenet" => squeezenet(options),
        other => panic!("no application {other}"),
    }
    .unwrap()
}

fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/applications.json");
    let json: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let case = json["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    let size = case["size"].as_u64().unwrap() as usize;
    let options = Options::new().input_shape([size, size, 3]).classes(7);
    let mut model = make(name, options.clone());
    assert_eq!(case["parameters"], model.count_params().unwrap());
    if let Some(parameters) = case["base_parameters"].as_u64() {
        assert_eq!(make(name, options.include_top(false)).count_params().unwrap() as u64, parameters);
    }

    let with_weights: Vec<&str> = case["layers_with_weights"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let ours: Vec<String> = (0..model.layer_names().len())
        .map(|index| model.get_layer(index).unwrap())
        .filter(|layer| !layer.parameters().is_empty())
        .map(|layer| layer.name().to_owned())
        .collect();
    assert_eq!(ours, with_weights, "weights are loaded by this order");

    let weights: Vec<Tensor> = model
        .parameters()
        .iter()
        .map(|parameter| {
            let layer = parameter.path().split('/').next().unwrap();
            let depthwise = model.get_layer(layer).unwrap().class_name() == "DepthwiseConv2D";
            let value = weight(name, parameter.path(), parameter.value().shape(), depthwise);
            value.unwrap_or_else(|| parameter.value().clone())
        })
        .collect();
    model.set_weights(&weights).unwrap();

    let layers = case["layers"].as_array().unwrap();
    let asked: Vec<&str> = layers.iter().map(|layer| layer["layer"].as_str().unwrap()).collect();
    let (centre, radius) = if name == "efficientnet_b0" { (128.0, 127.0) } else { (0.0, 1.0) };
    let x = around(&format!("{name}/picture"), Shape::new(&[2, size, size, 3]).unwrap(), centre, radius);
    let outputs = model.up_to(&asked).unwrap().predict_all(&x).unwrap();
    for (layer, output) in layers.iter().zip(&outputs) {
        check_layer(name, layer, output);
    }
}

fn check_layer(name: &str, layer: &Value, output: &Tensor) {
    let what = format!("{name}: {}", layer["layer"]);
    let dims: Vec<usize> = serde_json::from_value(layer["shape"].clone()).unwrap();
    assert_eq!(output.shape().dims(), dims, "{what}");
    let largest = layer["largest"].as_f64().unwrap();
    let at: Vec<usize> = serde_json::from_value(layer["at"].clone()).unwrap();
    let values: Vec<f64> = serde_json::from_value(layer["values"].clone()).unwrap();
    for (at, value) in at.iter().zip(values) {
        let got = f64::from(output.as_slice()[*at]);
        assert!((got - value).abs() <= 1e-4 * largest, "{what}, number {at}: expected {value}, got {got}, of at most {largest}");
    }
    let count = output.len() as f64;
    let mean = output.as_slice().iter().map(|y| f64::from(*y)).sum::<f64>() / count;
    let square = output.as_slice().iter().map(|y| f64::from(*y).powi(2)).sum::<f64>() / count;
    assert!((mean - layer["mean"].as_f64().unwrap()).abs() <= 1e-4 * largest, "{what}: mean {mean}");
    let expected = layer["square"].as_f64().unwrap();
    assert!((square - expected).abs() <= 2e-4 * expected, "{what}: mean square {square}, expected {expected}");
}

macro_rules! applications {
    ($($test:ident: $name:literal),+ $(,)?) => {
        $(#[test] fn $test() { check($name); })+
    };
}

applications! {
    inception_v3_computes_what_keras_does: "inception_v3",
    mobilenet_v2_computes_what_keras_does: "mobilenet_v2",
    resnet50_computes_what_keras_does: "resnet50",
    efficientnet_b0_computes_what_keras_does: "efficientnet_b0",
    efficientnet_lite0_computes_what_keras_does: "efficientnet_lite0",
    vgg16_computes_what_keras_does: "vgg16",
    squeezenet_computes_what_keras_does: "squeezenet",
}

/// A real file, in `data/` of the workspace or in `../shared/data` beside it.
fn file(name: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = ["data", "../shared/data"].iter().map(|data| workspace.join(data).join(name)).find(|path| path.exists());
    if found.is_none() {
        println!("skipped: no {name} in data or ../shared/data");
    }
    found
}

fn sum(tensor: &Tensor) -> f64 {
    tensor.as_slice().iter().map(|x| f64::from(*x)).sum()
}

#[cfg(feature = "keras")]
#[test]
fn inception_v3_takes_the_weights_of_a_real_file() {
    let Some(path) = file("inception/inception_v3_nsfwjs_notop.h5") else { return };
    let mut model = inception_v3(Options::new().include_top(false).input_shape([150, 150, 3])).unwrap();
    model.load_weights(&path).unwrap();
    let all: f64 = model.get_weights().iter().map(sum).sum();
    assert!((all - -42_827.74).abs() < 0.01, "{all}");
    assert!((sum(&model.get_layer("conv2d").unwrap().get_weights()[0]) - -0.822_231).abs() < 1e-5);
}

#[cfg(feature = "keras")]
#[test]
fn squeezenet_takes_the_weights_of_a_real_file() {
    let Some(path) = file("pretrained/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5") else { return };
    let mut model = squeezenet(Options::new().include_top(false)).unwrap();
    let before = model.get_layer("fire9_expand3x3").unwrap().get_weights();
    model.load_weights(&path).unwrap();
    assert_ne!(model.get_layer("fire9_expand3x3").unwrap().get_weights()[0].as_slice(), before[0].as_slice());
}

#[test]
fn efficientnet_lite0_takes_the_weights_of_a_real_file() {
    let Some(path) = file("pretrained/efficientnet_lite0_imagenet.safetensors") else { return };
    for top in [true, false] {
        let mut model = efficientnet_lite0(Options::new().include_top(top)).unwrap();
        practicum_vision::applications::load_efficientnet_lite0(&mut model, &path).unwrap();
        assert!((sum(&model.get_layer("stem_bn").unwrap().get_weights()[3]) - 214.5708).abs() < 1e-3);
        assert!((sum(&model.get_layer("head_conv").unwrap().get_weights()[0]) - -21.1138).abs() < 1e-3);
    }
}

#[test]
fn pictures_that_are_too_small_are_refused() {
    let error = inception_v3(Options::new().input_shape([74, 150, 3])).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("75"), "{error}");
    assert!(mobilenet_v2(Options::new().input_shape([64, 64, 0])).is_err());
}
