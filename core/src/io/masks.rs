//! Masks in the graphs of Keras. There, a mask is made by operations and given to a call by name; here, it travels with its tensor.
//! So a call may name the mask that travels there anyway, and no other.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::graph::{Origin, name_of, origin_of_tensor};
use crate::autodiff::Tape;
use crate::layers::{
    Add, Average, BatchNormalization, Bidirectional, Call, Concatenate, Effects, Embedding, GlobalAveragePooling1D, Layer, Masking,
    Maximum, Minimum, Multiply, Operation, Softmax, Subtract, is_of_keras,
};
use crate::model::layers_within;
use crate::rng::Key;
use crate::{Result, Shape};

/// How many parts a mask may be joined of.
const MOST: usize = 1000;

/// Which steps of a tensor count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mask {
    /// All of them.
    All,
    /// Those where a tensor of the graph differs from a number, given by its bits; `axes` is how many axes the mask has more than the
    /// tensor, less those over which it is enough that one of the numbers differs.
    Differs { tensor: Origin, number: u32, axes: i32 },
    /// Those that a model or a custom layer says, if any, of this output.
    Of(Origin),
    /// Those that one of these masks has.
    Any(BTreeSet<Mask>),
    /// Those of masks that are joined along an axis.
    Joined(i64, Vec<Mask>),
}

impl Mask {
    fn any(masks: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut any = BTreeSet::new();
        for mask in masks {
            match mask {
                Self::All => return Some(Self::All),
                Self::Any(masks) => any.extend(masks),
                one => {
                    any.insert(one);
                }
            }
        }
        match any.pop_first() {
            Some(one) if any.is_empty() => Some(one),
            first => Self::Any(first.into_iter().chain(any).collect()).unless_large(),
        }
    }

    fn joined(axis: i64, masks: Vec<Self>) -> Option<Self> {
        Self::Joined(axis, masks).unless_large()
    }

    /// Too many parts are none: each joining may double them.
    fn unless_large(self) -> Option<Self> {
        (self.parts() <= MOST).then_some(self)
    }

    /// How many masks it is made of, itself among them: it is no deeper than that.
    fn parts(&self) -> usize {
        match self {
            Self::All | Self::Differs { .. } | Self::Of(_) => 1,
            Self::Any(masks) => 1 + masks.iter().map(Self::parts).sum::<usize>(),
            Self::Joined(_, masks) => 1 + masks.iter().map(Self::parts).sum::<usize>(),
        }
    }

    /// The mask with an axis more, or less, at the end.
    fn with_axes(self, more: i32) -> Self {
        match self {
            Self::All | Self::Of(_) => self,
            Self::Differs { tensor, number, axes } => Self::Differs { tensor, number, axes: axes.saturating_add(more) },
            Self::Any(masks) => Self::Any(masks.into_iter().map(|mask| mask.with_axes(more)).collect()),
            Self::Joined(axis, masks) => Self::Joined(axis, masks.into_iter().map(|mask| mask.with_axes(more)).collect()),
        }
    }
}

/// The masks that operations of a graph make in the ways in which Keras makes them, by the names of the operations.
pub(super) fn made_by_operations(layers: &[Value]) -> HashMap<&str, Mask> {
    let mut made = HashMap::new();
    loop {
        let before = made.len();
        for layer in layers {
            if let Some(name) = name_of(layer).filter(|name| !made.contains_key(name))
                && let Some(mask) = made_by(layer, &made)
            {
                made.insert(name, mask);
            }
        }
        if made.len() == before {
            return made;
        }
    }
}

fn made_by(layer: &Value, made: &HashMap<&str, Mask>) -> Option<Mask> {
    let [node] = layer["inbound_nodes"].as_array()?.as_slice() else { return None };
    let arguments = node["args"].as_array()?;
    let mask = |argument: &Value| made.get(origin_of_tensor(argument)?.0.as_str()).cloned();
    let axis = layer["config"]["axis"].as_i64();
    match (layer["class_name"].as_str()?, arguments.as_slice()) {
        ("NotEqual", [tensor, number]) => {
            let number = number.as_f64()? as f32;
            Some(Mask::Differs { tensor: origin_of_tensor(tensor)?, number: number.to_bits(), axes: 0 })
        }
        ("Any", [one]) if axis == Some(-1) && layer["config"]["keepdims"] != true => Some(mask(one)?.with_axes(-1)),
        ("ExpandDims", [one]) if axis == Some(-1) => Some(mask(one)?.with_axes(1)),
        ("ZerosLike", [_]) => Mask::any([]),
        ("OnesLike", [_]) => Some(Mask::All),
        ("LogicalOr", [a, b]) => Mask::any([mask(a)?, mask(b)?]),
        ("Concatenate", [several]) => Mask::joined(axis?, several.as_array()?.iter().map(mask).collect::<Option<_>>()?),
        _ => None,
    }
}

/// The mask that a layer gives to its output, from those that travel with its inputs.
pub(super) fn after(layer: &dyn Layer, output: &Origin, inputs: &[Origin], masks: &[Option<Mask>]) -> Option<Mask> {
    let of = (layer as &dyn Any).type_id();
    let (config, first) = (layer.config(), inputs.first().cloned());
    let differs = |number: f32, axes| first.map(|tensor| Mask::Differs { tensor, number: number.to_bits(), axes });
    let merging = [
        TypeId::of::<Add>(),
        TypeId::of::<Subtract>(),
        TypeId::of::<Multiply>(),
        TypeId::of::<Average>(),
        TypeId::of::<Maximum>(),
        TypeId::of::<Minimum>(),
    ];
    if of == TypeId::of::<Embedding>() {
        differs(0.0, 0).filter(|_| config.get("mask_zero") == Some(&Value::Bool(true)))
    } else if of == TypeId::of::<Masking>() {
        differs(config.get("mask_value")?.as_f64()? as f32, -1)
    } else if merging.contains(&of) {
        let all = masks.iter().cloned().collect::<Option<Vec<_>>>()?;
        Mask::any(all).or_else(|| Some(Mask::Of(output.clone())))
    } else if of == TypeId::of::<Concatenate>() {
        masks.iter().find(|mask| mask.is_some())?;
        let all = masks.iter().map(|mask| mask.clone().unwrap_or(Mask::All)).collect();
        Mask::joined(config.get("axis")?.as_i64()?, all).or_else(|| Some(Mask::Of(output.clone())))
    } else {
        let travels = masks.iter().any(Option::is_some);
        if travels && passes(layer, inputs.len()).unwrap_or(false) {
            return masks.first().cloned().flatten();
        }
        (is_unknown(layer) && (travels || makes_mask(layer))).then(|| Mask::Of(output.clone()))
    }
}

/// Whether a model holds a layer that makes a mask of numbers.
fn makes_mask(layer: &dyn Layer) -> bool {
    if (layer as &dyn Any).is::<Embedding>() {
        return layer.config().get("mask_zero") == Some(&Value::Bool(true));
    }
    (layer as &dyn Any).is::<Masking>() || layers_within(layer).any(makes_mask)
}

/// Whether a layer may do anything with masks: a model, or a custom layer.
fn is_unknown(layer: &dyn Layer) -> bool {
    !(layer as &dyn Any).is::<Operation>() && !is_of_keras(layer)
}

/// Whether a layer computes with the mask of its input, or may do so.
pub(super) fn looks_at_mask(layer: &dyn Layer) -> bool {
    let looking = [
        TypeId::of::<BatchNormalization>(),
        TypeId::of::<Bidirectional>(),
        TypeId::of::<GlobalAveragePooling1D>(),
        TypeId::of::<Softmax>(),
    ];
    looking.contains(&(layer as &dyn Any).type_id()) || layer.as_recurrent().is_some() || is_unknown(layer)
}

/// Whether a layer gives the mask of its first input to its output.
fn passes(layer: &dyn Layer, inputs: usize) -> Result<bool> {
    let tape = Tape::deferred();
    let (mask, x) = (tape.input(0, Shape::new(&[1, 1])?), tape.input(1, Shape::new(&[1, 1, 1])?));
    let (masks, effects) = (vec![Some(mask.clone()); inputs], Effects::default());
    let call = Call {
        tape: &tape,
        weights: &[],
        masks: &masks,
        training: false,
        trainable: false,
        key: Key::new(0),
        effects: &effects,
        scope: None,
    };
    Ok(layer.compute_mask(&call, &vec![x; inputs])?.is_some_and(|passed| passed.id() == mask.id()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Model, Tensor};

    fn tensor(layer: &str) -> Value {
        json!({"class_name": "__keras_tensor__", "config": {"shape": null, "dtype": "float32", "keras_history": [layer, 0, 0]}})
    }

    fn layer(name: &str, class: &str, config: &Value, args: &Value, kwargs: &Value) -> Value {
        json!({"class_name": class, "name": name, "config": config, "inbound_nodes": [{"args": args, "kwargs": kwargs}]})
    }

    fn embedding(name: &str, mask_zero: bool) -> Value {
        let config = json!({"input_dim": 9, "output_dim": 2, "mask_zero": mask_zero});
        layer(name, "Embedding", &config, &json!([tensor("x")]), &json!({}))
    }

    fn operation(name: &str, class: &str, axis: &Value, args: &Value) -> Value {
        layer(name, class, &json!({"axis": axis}), args, &json!({}))
    }

    /// The mean of `summed`'s output over the steps of a mask.
    fn read(layers: &[Value], summed: &str, mask: &Value) -> Result<Model> {
        let input = json!({"class_name": "InputLayer", "name": "x", "config": {"batch_shape": [null, 3]}, "inbound_nodes": []});
        let mean = layer("mean", "GlobalAveragePooling1D", &json!({}), &json!([tensor(summed)]), &json!({"mask": mask}));
        let all = [&[input], layers, &[mean]].concat();
        let config = json!({
            "layers": all,
            "input_layers": [["x", 0, 0]],
            "output_layers": [["mean", 0, 0]],
        });
        Model::from_json(&json!({"class_name": "Functional", "config": config}))
    }

    /// What Keras makes of the mask of an Embedding where it is joined with others.
    fn stretched(name: &str, of: &str) -> [Value; 3] {
        let [zeros, expanded] = ["zeros", "expanded"].map(|what| format!("{name}_{what}"));
        [
            operation(&expanded, "ExpandDims", &json!(-1), &json!([tensor(of)])),
            operation(&zeros, "ZerosLike", &Value::Null, &json!([tensor("a")])),
            operation(name, "LogicalOr", &Value::Null, &json!([tensor(&expanded), tensor(&zeros)])),
        ]
    }

    #[test]
    fn a_call_may_name_the_mask_that_travels_there() {
        let differs = || operation("differs", "NotEqual", &Value::Null, &json!([tensor("x"), 0]));
        let dense = layer("dense", "Dense", &json!({"units": 2}), &json!([tensor("a")]), &json!({}));
        read(&[embedding("a", true), dense, differs()], "dense", &tensor("differs")).unwrap();

        for axis in [-1, 1] {
            let mut layers = vec![embedding("a", true), embedding("b", false), differs()];
            layers.push(layer("both", "Concatenate", &json!({"axis": axis}), &json!([[tensor("a"), tensor("b")]]), &json!({})));
            layers.extend(stretched("of_a", "differs"));
            layers.push(operation("of_b", "OnesLike", &Value::Null, &json!([tensor("b")])));
            layers.push(operation("joined", "Concatenate", &json!(axis), &json!([[tensor("of_a"), tensor("of_b")]])));
            layers.push(operation("any", "Any", &json!(-1), &json!([tensor("joined")])));
            read(&layers, "both", &tensor("any")).unwrap();
            let error = read(&layers, "both", &tensor("differs")).unwrap_err().to_string();
            assert!(error.contains("`mean`") && error.contains("`differs`") && error.contains("Masking"), "{error}");
        }

        let x = Tensor::from([[1.0, 0.0, 2.0]]);
        let model = read(&[embedding("a", true), differs()], "a", &json!([tensor("differs")])).unwrap();
        let table = &model.get_weights()[0];
        let mean = (table.as_slice()[2] + table.as_slice()[4]) / 2.0;
        assert!((model.predict(&x).unwrap().as_slice()[0] - mean).abs() < 1e-6);
    }

    #[test]
    fn a_call_with_another_mask_is_refused() {
        let of = |class: &str, number: f32| operation("mask", class, &Value::Null, &json!([tensor("x"), number]));
        let conv = layer("conv", "Conv1D", &json!({"filters": 2, "kernel_size": 1}), &json!([tensor("a")]), &json!({}));
        let doubled = layer("doubled", "Multiply", &json!({}), &json!([tensor("a"), 2.0]), &json!({}));
        let doubled = json!({"module": "keras.src.ops.numpy", "class_name": "Multiply", "name": "doubled", "config": {}, "inbound_nodes": doubled["inbound_nodes"]});
        for (layers, summed) in [
            (vec![embedding("a", false), of("NotEqual", 0.0)], "a"),
            (vec![embedding("a", true), of("NotEqual", 1.0)], "a"),
            (vec![embedding("a", true), of("Greater", 0.0)], "a"),
            (vec![embedding("a", true), of("Minimum", 1.0)], "a"),
            (vec![embedding("a", true), conv, of("NotEqual", 0.0)], "conv"),
            (vec![embedding("a", true), doubled, of("NotEqual", 0.0)], "doubled"),
        ] {
            let error = read(&layers, summed, &tensor("mask")).unwrap_err().to_string();
            assert!(error.contains("`mean`") && error.contains("mask = `mask`"), "{error}");
        }
        let fixed = json!({"class_name": "__numpy__", "config": {"value": [[true, true, false]], "dtype": "bool"}});
        assert!(read(&[embedding("a", true)], "a", &fixed).unwrap_err().to_string().contains("mask = "));
    }

    /// A recurrent layer whose states are given, after what makes or hides a mask.
    fn with_states(before: &[Value], args: &Value, kwargs: &Value, after: &[Value], end: &str) -> Result<Model> {
        let zeros = layer("h", "Dense", &json!({"units": 2}), &json!([tensor("x")]), &json!({}));
        let lstm = layer("lstm", "LSTM", &json!({"units": 2, "return_sequences": true}), args, kwargs);
        read(&[before, &[zeros, lstm], after].concat(), end, &Value::Null)
    }

    /// A model within the model that makes a mask.
    fn within() -> Value {
        let input = json!({"class_name": "InputLayer", "config": {"batch_shape": [null, 3], "name": "i"}});
        let embedding = json!({"class_name": "Embedding", "config": {"name": "e", "input_dim": 9, "output_dim": 2, "mask_zero": true}});
        layer("a", "Sequential", &json!({"name": "a", "layers": [input, embedding]}), &json!([tensor("x")]), &json!({}))
    }

    #[test]
    fn states_that_are_given_take_the_mask_off_however_they_are_given() {
        let states = json!([tensor("h"), tensor("h")]);
        let by_name = json!({"initial_state": states});
        for before in [embedding("a", true), within()] {
            for (args, kwargs) in [
                (json!([tensor("a"), states]), json!({})),
                (json!([tensor("a")]), by_name.clone()),
                (json!([]), json!({"sequences": tensor("a"), "initial_state": states})),
            ] {
                let flat = layer("flat", "Flatten", &json!({}), &json!([tensor("lstm")]), &json!({}));
                let steps = layer("steps", "RepeatVector", &json!({"n": 1}), &json!([tensor("flat")]), &json!({}));
                let model = with_states(std::slice::from_ref(&before), &args, &kwargs, &[flat, steps], "steps").unwrap();
                assert!(model.layer_names().contains(&"lstm_0_unmasked"), "{args} {kwargs}");
            }
        }
        let dense = layer("a", "Embedding", &json!({"input_dim": 9, "output_dim": 2}), &json!([tensor("x")]), &json!({}));
        let flat = layer("flat", "Flatten", &json!({}), &json!([tensor("lstm")]), &json!({}));
        let steps = layer("steps", "RepeatVector", &json!({"n": 1}), &json!([tensor("flat")]), &json!({}));
        let model = with_states(&[dense], &json!([tensor("a")]), &by_name, &[flat, steps], "steps").unwrap();
        assert!(!model.layer_names().contains(&"lstm_0_unmasked"));
    }

    #[test]
    fn a_mask_that_ends_at_a_layer_with_given_states_is_missed_by_name() {
        let kwargs = json!({"initial_state": [tensor("h"), tensor("h")]});
        for before in [embedding("a", true), within()] {
            let dense = layer("dense", "Dense", &json!({"units": 2}), &json!([tensor("lstm")]), &json!({}));
            let error = with_states(&[before], &json!([tensor("a")]), &kwargs, &[dense], "dense").unwrap_err().to_string();
            assert!(error.contains("`mean`") && error.contains("initial states"), "{error}");
        }
        // A model within that makes no mask has none that could be missed.
        let dense = layer("dense", "Dense", &json!({"units": 2}), &json!([tensor("lstm")]), &json!({}));
        let plain = serde_json::from_str(&within().to_string().replace("\"mask_zero\":true", "\"mask_zero\":false")).unwrap();
        with_states(&[plain], &json!([tensor("a")]), &kwargs, &[dense], "dense").unwrap();
    }

    #[test]
    fn thousands_of_single_joinings_overflow_no_stack() {
        let mut layers = vec![embedding("a", true), operation("m0", "NotEqual", &Value::Null, &json!([tensor("x"), 0]))];
        for step in 0..5_000 {
            let before = tensor(&format!("m{step}"));
            layers.push(operation(&format!("m{}", step + 1), "Concatenate", &json!(1), &json!([[before]])));
        }
        assert!(read(&layers, "a", &tensor("m5000")).unwrap_err().is_format());
    }

    #[test]
    fn masks_that_double_with_each_joining_end() {
        let mut layers = vec![embedding("a", true), operation("m0", "NotEqual", &Value::Null, &json!([tensor("x"), 0]))];
        for step in 0..60 {
            let before = tensor(&format!("m{step}"));
            layers.push(operation(&format!("m{}", step + 1), "Concatenate", &json!(1), &json!([[before, before]])));
        }
        assert!(read(&layers, "a", &tensor("m60")).unwrap_err().is_format());
    }
}
