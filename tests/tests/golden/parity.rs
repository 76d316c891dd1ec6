//! Five of the course's models, trained side by side with Keras from numbers that both make by the same formula.

use practicum_core::layers::Registry;
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome, numbers};
use serde_json::{Value, json};

use crate::models::{Result, optimizer};

/// Further apart than this in any step is a fault, unless Keras itself is a third as far apart in f32 and in f64.
const APART: f64 = 1e-4;

const BATCHES: usize = 5;

#[test]
fn twenty_steps_of_five_models() {
    let family = Family::load("parity").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let stream = Stream(case.text("stream")?);
    let mut model = model(case)?;
    let weights = case.json("weights").as_array().ok_or("no weights")?.iter().enumerate();
    model.set_weights(&weights.map(|(index, weight)| stream.weight(index, weight)).collect::<Result<Vec<_>>>()?)?;
    let described = &case.json("optimizer");
    let config = described["config"].as_object().cloned().unwrap_or_default();
    model.compile(optimizer(described["class_name"].as_str().unwrap_or_default(), config)?, case.text("loss")?, ())?;

    let batches = stream.batches(&dims(case.json("input"))?, case.json("batch").as_u64().ok_or("no batch")? as usize)?;
    let [exact, rounded] = ["float64", "float32"].map(|precision| case.json(precision));
    let of = |precision: &Value, what: &str| numbers(&precision[what]).ok_or_else(|| format!("no {what}"));
    let (losses, in_f32) = (of(exact, "loss")?, of(rounded, "loss")?);
    let allowed = APART.max(3.0 * furthest(&losses, &in_f32));
    for (step, expected) in losses.iter().enumerate() {
        let (x, y) = &batches[step % BATCHES];
        let loss = model.train_on_batch(x, y)?.loss;
        // Written so that NaN fails.
        if !((loss - expected).abs() <= allowed) {
            case.fail(format!("step {step}: the loss is {loss}, expected {expected} (allowed apart: {allowed:e})"));
        }
    }
    let found: Vec<_> = model.parameters().iter().map(|parameter| mean_and_norm(parameter.value().as_slice())).collect();
    for (what, part) in [("means", 0), ("norms", 1)] {
        let (expected, in_f32) = (of(exact, what)?, of(rounded, what)?);
        case.expect("the number of weights", found.len(), expected.len());
        for (((parameter, found), expected), in_f32) in model.parameters().iter().zip(&found).zip(&expected).zip(&in_f32) {
            let allowed = APART.max(3.0 * (expected - in_f32).abs());
            if !((found[part] - expected).abs() <= allowed) {
                let path = parameter.path();
                case.fail(format!("{what} of {path}: {} where {expected} is expected (allowed apart: {allowed:e})", found[part]));
            }
        }
    }
    Ok(())
}

fn model(case: &Case<'_>) -> Result<Sequential> {
    let layers = case.json("model").as_array().ok_or("no layers")?;
    let batch_shape: Vec<Value> = std::iter::once(Value::Null).chain(case.json("input").as_array().cloned().unwrap_or_default()).collect();
    let mut all = vec![json!({"class_name": "InputLayer", "config": {"batch_shape": batch_shape}})];
    all.extend_from_slice(layers);
    let registry = Registry::default().lambda("times_400", |x| x.scale(400.0));
    Ok(Sequential::from_json_with(&json!({"class_name": "Sequential", "config": {"name": "sequential", "layers": all}}), &registry)?)
}

/// The largest distance between two lists.
fn furthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn mean_and_norm(values: &[f32]) -> [f64; 2] {
    let values = || values.iter().map(|value| f64::from(*value));
    [values().sum::<f64>() / values().count() as f64, values().map(|value| value * value).sum::<f64>().sqrt()]
}

fn dims(list: &Value) -> Result<Vec<usize>> {
    Ok(numbers(list).ok_or("no shape")?.into_iter().map(|dim| dim as usize).collect())
}

/// The numbers of a model, by name: the formulas of `golden/families/parity.py`.
struct Stream<'a>(&'a str);

impl Stream<'_> {
    fn bits(&self, name: &str, count: usize) -> impl Iterator<Item = u32> + use<> {
        let name = format!("{}/{name}", self.0);
        let start = name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
        (0..count as u32).map(move |index| {
            let mut hash = start.wrapping_add(index.wrapping_mul(0x9E37_79B9));
            hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
            hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
            hash ^ (hash >> 16)
        })
    }

    fn below(&self, name: &str, count: usize, end: u32) -> impl Iterator<Item = u32> + use<> {
        self.bits(name, count).map(move |bits| bits % end)
    }

    fn unit(&self, name: &str, count: usize) -> impl Iterator<Item = f32> + use<> {
        self.bits(name, count).map(|bits| (bits >> 8) as f32 / 16_777_216.0)
    }

    fn weight(&self, index: usize, weight: &Value) -> Result<Tensor> {
        let (kind, shape) = (weight["kind"].as_str().unwrap_or_default(), dims(&weight["shape"])?);
        let (centre, radius) = match kind {
            "kernel" | "recurrent_kernel" => {
                let (field, fans) = shape.split_at(shape.len() - 2);
                (0.0, (6.0 / (field.iter().product::<usize>() * (fans[0] + fans[1])) as f64).sqrt() as f32)
            }
            "bias" | "beta" | "moving_mean" => (0.0, 0.1),
            "gamma" | "moving_variance" => (1.0, 0.1),
            "embeddings" => (0.0, 0.5),
            other => return Err(format!("no formula for {other}").into()),
        };
        let values = self.unit(&format!("{index}/{kind}"), shape.iter().product());
        Ok(Tensor::new(Shape::new(&shape)?, values.map(|unit| (2.0 * unit - 1.0) * radius + centre).collect())?)
    }

    /// Inputs and targets of every batch.
    fn batches(&self, input: &[usize], batch: usize) -> Result<Vec<(Tensor, Tensor)>> {
        let rows = BATCHES * batch;
        let (x, y, target): (Vec<f32>, Vec<f32>, &[usize]) = match (self.0, input) {
            ("c4w4_conv_lstm", &[window, 1]) => {
                let series: Vec<f32> = self.unit("input", rows + window).map(|unit| unit * 200.0).collect();
                let windows = |from: usize| (from..from + rows).flat_map(|row| series[row..row + window].to_vec()).collect();
                (windows(0), windows(1), input)
            }
            ("c3w3_bilstm" | "c3w3_bigru", &[words]) => {
                let vocabulary = if self.0 == "c3w3_bilstm" { 1000 } else { 10_000 };
                let mut ids = self.below("input", rows * words, vocabulary - 1);
                let lengths = self.below("length", rows, 101).map(|length| 20 + length as usize);
                let id = |place: usize, length: usize, id: u32| if place < length { (1 + id) as f32 } else { 0.0 };
                let x = lengths.flat_map(|length| {
                    ids.by_ref().take(words).enumerate().map(|(place, next)| id(place, length, next)).collect::<Vec<_>>()
                });
                (x.collect(), self.below("target", rows, 2).map(|class| class as f32).collect(), &[1])
            }
            _ => {
                let classes = if self.0 == "c1w3_cnn" { 10 } else { 2 };
                let y = self.below("target", rows, classes).map(|class| class as f32).collect();
                (self.unit("input", rows * input.iter().product::<usize>()).collect(), y, &[1])
            }
        };
        let split = |values: &[f32], dims: &[usize]| -> Result<Vec<Tensor>> {
            let shape: Vec<usize> = std::iter::once(batch).chain(dims.iter().copied()).collect();
            values.chunks(values.len() / BATCHES).map(|part| Ok(Tensor::new(Shape::new(&shape)?, part.to_vec())?)).collect()
        };
        Ok(split(&x, input)?.into_iter().zip(split(&y, target)?).collect())
    }
}
