//! The words of Keras 1 and before.

use serde_json::{Map, Value, json};

use super::rename;
use crate::{Error, Result};

type Config = Map<String, Value>;

/// Options by the names that they have had since Keras 2.
const OPTIONS: [(&str, &str); 28] = [
    ("output_dim", "units"),
    ("init", "kernel_initializer"),
    ("inner_init", "recurrent_initializer"),
    ("inner_activation", "recurrent_activation"),
    ("W_regularizer", "kernel_regularizer"),
    ("U_regularizer", "recurrent_regularizer"),
    ("b_regularizer", "bias_regularizer"),
    ("W_constraint", "kernel_constraint"),
    ("U_constraint", "recurrent_constraint"),
    ("b_constraint", "bias_constraint"),
    ("bias", "use_bias"),
    ("dropout_W", "dropout"),
    ("dropout_U", "recurrent_dropout"),
    ("nb_filter", "filters"),
    ("filter_length", "kernel_size"),
    ("subsample", "strides"),
    ("subsample_length", "strides"),
    ("atrous_rate", "dilation_rate"),
    ("border_mode", "padding"),
    ("pool_length", "pool_size"),
    ("stride", "strides"),
    ("length", "size"),
    ("p", "rate"),
    ("sigma", "stddev"),
    ("beta_init", "beta_initializer"),
    ("gamma_init", "gamma_initializer"),
    ("theta", "threshold"),
    ("dim_ordering", "data_format"),
];

/// Options that changed no number.
const IDLE: [&str; 4] = ["input_dim", "consume_less", "cache_enabled", "weights"];

const CLASSES: [(&str, &str); 8] = [
    ("Convolution1D", "Conv1D"),
    ("Convolution2D", "Conv2D"),
    ("AtrousConvolution1D", "Conv1D"),
    ("AtrousConvolution2D", "Conv2D"),
    ("Deconvolution2D", "Conv2DTranspose"),
    ("SeparableConvolution2D", "SeparableConv2D"),
    ("TimeDistributedDense", "Dense"),
    ("ThresholdedReLU", "ReLU"),
];

/// Brings a layer of Keras 1 into the words of Keras 2.
pub(super) fn layer(class: &mut String, config: &mut Config) -> Result<()> {
    if let Some((_, name)) = CLASSES.iter().find(|(old, _)| old == class) {
        *class = (*name).to_owned();
    }
    match class.as_str() {
        "Embedding" => embedding(config)?,
        "Merge" => merge(class, config)?,
        "BatchNormalization" => {
            if let Some(mode) = config.remove("mode").filter(|mode| *mode != json!(0)) {
                return Err(Error::format(format!("BatchNormalization with mode = {mode} has no counterpart here: known is mode 0")));
            }
        }
        "LSTM" => {
            if let Some(init) = config.remove("forget_bias_init") {
                config.insert("unit_forget_bias".into(), (init == json!("one")).into());
            }
        }
        "Conv2DTranspose" => transposed(config)?,
        // `init` is that of the slopes there.
        "PReLU" => rename(config, "init", "alpha_initializer"),
        _ => {}
    }
    // An Embedding's `input_dim` is the number of its rows.
    IDLE.iter().filter(|option| class != "Embedding" || **option != "input_dim").for_each(|option| {
        config.remove(*option);
    });
    if let (Some(rows), Some(columns)) = (config.remove("nb_row"), config.remove("nb_col")) {
        config.insert("kernel_size".into(), json!([rows, columns]));
    }
    // An Embedding has kept its `output_dim`.
    let renamed = OPTIONS.iter().filter(|(from, _)| class != "Embedding" || *from != "output_dim");
    renamed.for_each(|(from, to)| rename(config, from, to));
    values(config);
    Ok(())
}

/// A transposed convolution whose output had a given size; Keras has computed it from the input's since: a multiple of the strides,
/// more than which there is only what a kernel wider than its stride adds without padding.
fn transposed(config: &mut Config) -> Result<()> {
    let Some(shape) = config.remove("output_shape") else { return Ok(()) };
    let first = usize::from(config.get("dim_ordering") == Some(&json!("th"))) + 1;
    let padded = config.get("border_mode") == Some(&json!("same"));
    for (axis, kernel) in ["nb_row", "nb_col"].into_iter().enumerate() {
        let Some(size) = shape[first + axis].as_u64() else { continue };
        let stride = config.get("subsample").and_then(|strides| strides[axis].as_u64()).unwrap_or(1).max(1);
        let kernel = config.get(kernel).and_then(Value::as_u64).unwrap_or(0);
        let added = if padded { 0 } else { kernel.saturating_sub(stride) };
        if size.checked_sub(added).is_none_or(|inner| inner % stride != 0) {
            return Err(Error::format(format!(
                "Deconvolution2D with output_shape = {shape} has no counterpart here: with strides of {stride}, expected a size of \
                 {added} and a multiple of {stride} along axis {}",
                first + axis
            )));
        }
    }
    Ok(())
}

fn embedding(config: &mut Config) -> Result<()> {
    rename(config, "init", "embeddings_initializer");
    rename(config, "W_regularizer", "embeddings_regularizer");
    rename(config, "W_constraint", "embeddings_constraint");
    match config.remove("dropout") {
        Some(rate) if rate.as_f64() != Some(0.0) => Err(Error::format(format!("Embedding with dropout = {rate} has no counterpart here"))),
        _ => Ok(()),
    }
}

/// One layer for all ways to merge.
fn merge(class: &mut String, config: &mut Config) -> Result<()> {
    let mode = config.get("mode").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = config.get("name").cloned().unwrap_or_default();
    if config.contains_key("layers") {
        return Err(
            Error::format("Merge holds the branches that it merges").hint("load it in Keras 1 as a functional model, and save that")
        );
    }
    let mut merged = json!({"name": name});
    *class = match mode.as_str() {
        "sum" => "Add",
        "mul" => "Multiply",
        "ave" => "Average",
        "max" => "Maximum",
        "concat" => {
            merged["axis"] = config.get("concat_axis").cloned().unwrap_or(json!(-1));
            "Concatenate"
        }
        "dot" | "cos" => {
            merged["axes"] = config.get("dot_axes").cloned().unwrap_or(json!(-1));
            merged["normalize"] = (mode == "cos").into();
            "Dot"
        }
        other => return Err(Error::unknown("mode of Merge", other, ["sum", "mul", "ave", "max", "concat", "dot", "cos"])),
    }
    .to_owned();
    if let Value::Object(merged) = merged {
        *config = merged;
    }
    Ok(())
}

/// Words and numbers that options had.
fn values(config: &mut Config) {
    if let Some(order) = config.get("data_format").and_then(Value::as_str) {
        let format = if order == "th" { "channels_first" } else { "channels_last" };
        config.insert("data_format".into(), format.into());
    }
    for (option, value) in config.iter_mut() {
        if option.ends_with("_initializer")
            && let Some(name) = value.as_str()
        {
            *value = initializer(name);
        }
        if option.ends_with("_regularizer") && value.is_object() {
            let number = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(0.0);
            *value = json!({"class_name": "L1L2", "config": {"l1": number("l1"), "l2": number("l2")}});
        }
    }
}

/// An initializer by its old name.
fn initializer(name: &str) -> Value {
    let (class, config) = match name {
        "zero" | "zeros" => ("Zeros", json!({})),
        "one" | "ones" => ("Ones", json!({})),
        "uniform" => ("RandomUniform", json!({"minval": -0.05, "maxval": 0.05})),
        "normal" => ("RandomNormal", json!({"mean": 0.0, "stddev": 0.05})),
        "identity" => ("Identity", json!({"gain": 1.0})),
        // Keras 1 multiplied the orthogonal matrix by 1.1.
        "orthogonal" => ("Orthogonal", json!({"gain": 1.1})),
        "glorot_normal" => ("GlorotNormal", json!({})),
        "he_normal" => ("HeNormal", json!({})),
        "he_uniform" => ("HeUniform", json!({})),
        "lecun_uniform" => ("LecunUniform", json!({})),
        "glorot_uniform" => ("GlorotUniform", json!({})),
        other => (other, json!({})),
    };
    json!({"class_name": class, "config": config})
}
