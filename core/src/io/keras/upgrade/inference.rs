//! Calls with `training=False`. In Keras 2 they stay so while the model around them trains; here, all layers train with it.

use serde_json::{Value, json};

use super::{is_foreign, plain_class};
use crate::{Error, Result};

/// Shares that are dropped and sizes of noise: what a layer does in training alone, unless it is 0.
const DRAWN: [&str; 4] = ["rate", "stddev", "dropout", "recurrent_dropout"];

/// Refuses a model with a call with `training=False` of what would compute something else in training.
///
/// # Errors
/// The first such call, by the layer.
pub(in super::super) fn check(model: &Value) -> Result<()> {
    let mut layers = model["config"]["layers"].as_array().into_iter().flatten();
    layers.try_for_each(|layer| {
        check_calls(layer)?;
        check(layer)
    })
}

fn check_calls(layer: &Value) -> Result<()> {
    let fixed = layer["inbound_nodes"].as_array().is_some_and(|calls| calls.iter().any(|call| call["kwargs"]["training"] == json!(false)));
    match training_one(layer, false).filter(|_| fixed) {
        Some(inner) => {
            let (class, name) = (inner["class_name"].as_str().unwrap_or_default(), &inner["config"]["name"]);
            let of = layer["config"]["name"].as_str().unwrap_or_default();
            Err(Error::format(format!(
                "`{of}` is called with training = false, but {class} {name} would train here with the model around it"
            ))
            .hint("in Keras, set `trainable = False` on the normalization layers and remove dropout and noise, or train it as it is here"))
        }
        None => Ok(()),
    }
}

/// A layer that computes something else in training: this one, or one within.
fn training_one(layer: &Value, frozen: bool) -> Option<&Value> {
    let (class, config) = (plain_class(layer["class_name"].as_str().unwrap_or_default()), &layer["config"]);
    let frozen = frozen || config["trainable"] == json!(false);
    let draws = DRAWN.iter().any(|option| config[*option].as_f64().is_some_and(|number| number != 0.0)) || class.starts_with("Random");
    if is_foreign(layer) || draws || class.contains("BatchNormalization") && !frozen {
        return Some(layer);
    }
    let layers = config.as_array().or_else(|| config["layers"].as_array()).into_iter().flatten();
    let wrapped = ["layer", "backward_layer", "cell"].iter().filter_map(|option| config.get(*option));
    layers.chain(wrapped).find_map(|inner| training_one(inner, frozen))
}
