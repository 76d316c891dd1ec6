//! What a model was compiled with, and the state of its optimizer, so that training goes on.

use serde_json::{Value, json};

use super::hdf5::Hdf5;
use super::upgrade::{plain_class, rename};
use crate::config::{Config, FUNCTION, check_keys, check_known, class_and_config, is_custom};
use crate::model::CompileRegistry;
use crate::optimizers::{AVERAGE, GRADIENT, Slot};
use crate::{Error, Model, Result, Shape, Tensor};

/// What Keras 2 and 3 write; the last four change no result.
const KNOWN: [&str; 11] = [
    "optimizer",
    "optimizer_config",
    "loss",
    "loss_weights",
    "metrics",
    "weighted_metrics",
    "sample_weight_mode",
    "auto_scale_loss",
    "jit_compile",
    "run_eagerly",
    "steps_per_execution",
];

/// Compiles a model as its file says; none where the file says nothing. `settings` are Keras 3's `compile_config` or Keras 2's
/// `training_config`.
///
/// # Errors
/// An optimizer, loss or metric that has no counterpart here, or none at all; a setting that is not known.
pub(super) fn compile(model: &mut Model, settings: &Value, registry: &CompileRegistry) -> Result<bool> {
    if says_nothing(settings) {
        return Ok(false);
    }
    check_known("key of what the model was compiled with", settings.as_object(), &KNOWN)?;
    if let Some(mode) = settings.get("sample_weight_mode").filter(|mode| !says_nothing(mode)) {
        return Err(Error::format(format!("sample_weight_mode = {mode} has no counterpart here")));
    }
    let optimizer = settings.get("optimizer").or_else(|| settings.get("optimizer_config")).filter(|optimizer| !optimizer.is_null());
    let optimizer = optimizer.ok_or_else(|| Error::format("the file names no optimizer"))?;
    let outputs: Vec<String> = model.output_names().into_iter().map(str::to_owned).collect();
    let config = json!({
        "optimizer": optimizer_of(optimizer)?,
        "loss": losses(settings, &outputs)?,
        "metrics": metrics(settings, &outputs)?,
    });
    model.compile_from_config(&config, registry)?;
    Ok(true)
}

/// Whether a value is null, or holds nothing else.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().all(says_nothing),
        Value::Object(values) => values.values().all(says_nothing),
        _ => false,
    }
}

/// A value for each output, or one for all.
fn per_output(settings: &Value, name: &str, outputs: &[String]) -> Result<Vec<Value>> {
    Ok(match &settings[name] {
        Value::Null => Vec::new(),
        Value::Array(values) => values.clone(),
        Value::Object(values) if !values.contains_key("class_name") => {
            if let Some(stranger) = values.keys().find(|key| !outputs.contains(key)) {
                return Err(Error::unknown(&format!("output in {name}"), stranger, outputs));
            }
            outputs.iter().map(|output| values.get(output).cloned().unwrap_or_default()).collect()
        }
        one => vec![one.clone()],
    })
}

/// The losses with their weights, as pairs.
fn losses(settings: &Value, outputs: &[String]) -> Result<Value> {
    let mut losses = per_output(settings, "loss", outputs)?;
    let weights = per_output(settings, "loss_weights", outputs)?;
    if losses.is_empty() {
        return Err(Error::format("the file names no loss"));
    }
    // One loss with a weight for each output.
    if losses.len() == 1 && weights.len() == outputs.len() && weights.iter().all(Value::is_number) {
        losses = vec![losses[0].clone(); outputs.len()];
    }
    if weights.len() > 1 && weights.len() != losses.len() {
        let (weights, losses) = (weights.len(), losses.len());
        return Err(Error::format(format!("loss_weights is for {weights} losses, and loss names {losses}: expected as many")));
    }
    let weight = |index: usize| match weights.get(index).or_else(|| weights.first()) {
        None | Some(Value::Null) => Ok(1.0),
        Some(weight) => weight.as_f64().ok_or_else(|| Error::format(format!("loss_weights has {weight}: expected a number"))),
    };
    losses.iter().enumerate().map(|(index, loss)| Ok(json!([described(loss)?, weight(index)?]))).collect()
}

fn metrics(settings: &Value, outputs: &[String]) -> Result<Value> {
    let mut lists: Vec<Vec<Value>> = Vec::new();
    for (name, weighted) in [("metrics", false), ("weighted_metrics", true)] {
        let given = per_output(settings, name, outputs)?;
        // One list for the only output, or something for each output.
        let for_each = given.iter().any(Value::is_array) || (outputs.len() > 1 && given.len() == outputs.len());
        for (index, metric) in given.into_iter().enumerate() {
            let index = if for_each { index } else { 0 };
            let metrics = match metric {
                Value::Array(metrics) => metrics,
                metric => vec![metric],
            };
            if lists.len() <= index {
                lists.resize_with(index + 1, Vec::new);
            }
            for metric in metrics.iter().filter(|metric| !metric.is_null()) {
                let metric = described(metric)?;
                lists[index].push(if weighted { json!({"class_name": "Weighted", "config": {"metric": metric}}) } else { metric });
            }
        }
    }
    Ok(json!(lists))
}

/// A loss or a metric: a name, or a class and its options without what Keras writes beside them.
fn described(value: &Value) -> Result<Value> {
    if value["class_name"].as_str().map(plain_class) == Some("function") {
        return function(value);
    }
    if !value.is_object() {
        return Ok(value.clone());
    }
    let (name, mut config) = class_and_config("a loss or a metric", value)?;
    let mut class = plain_class(&name).to_owned();
    // A function as a class: its options stand beside it. Keras 2 writes the function of other classes, too.
    if let Some(wrapped) = config.remove("fn")
        && class.ends_with("Wrapper")
    {
        let function = described(&wrapped)?;
        class = function.as_str().map(str::to_owned).ok_or_else(|| {
            Error::format(format!("{class} of {wrapped} has no counterpart here")).hint("compile the model again once it is loaded")
        })?;
    }
    // A tuple, such as the axes of a loss.
    for value in config.values_mut().filter(|value| value["class_name"] == "__tuple__") {
        *value = value["items"].take();
    }
    config.remove("dtype");
    if config.get("reduction").is_some_and(|reduction| reduction == "auto") {
        config.remove("reduction");
    }
    Ok(restated(&class, config, value, name.contains('>')))
}

/// A function by its name; one of a module that is not Keras' is marked, whatever its name.
fn function(value: &Value) -> Result<Value> {
    check_keys("function", value)?;
    let name = value["config"].as_str().ok_or_else(|| Error::format(format!("expected a function by its name, got {value}")))?;
    if ["builtins", ""].contains(&value["module"].as_str().unwrap_or_default()) || !is_custom(value) {
        return Ok(name.into());
    }
    Ok(json!({"class_name": FUNCTION, "config": {"name": name}, "registered_name": name}))
}

/// The description with this class and these options in place of its own; its other keys stay. A class of a package is marked as
/// none of Keras'.
fn restated(class: &str, config: Config, described: &Value, of_a_package: bool) -> Value {
    let name = described["class_name"].as_str().unwrap_or_default();
    let mut described = described.as_object().cloned().unwrap_or_default();
    described.insert("class_name".into(), class.into());
    described.insert("config".into(), config.into());
    if of_a_package {
        described.insert("module".into(), Value::Null);
        described.insert("registered_name".into(), name.into());
    }
    described.into()
}

/// An optimizer's class and options in the words of Keras 3.
///
/// # Errors
/// A decay that has no counterpart here.
fn optimizer_of(optimizer: &Value) -> Result<Value> {
    let (name, mut config) = class_and_config("an optimizer", optimizer)?;
    // Keras 2.11 has its own optimizers and schedules registered as `Custom>Adam`.
    let of_a_package = |name: &str| name.contains('>') && !name.starts_with("Custom>");
    let class = plain_class(&name).trim_start_matches("Legacy");
    rename(&mut config, "lr", "learning_rate");
    ["name", "is_legacy_optimizer", "jit_compile", "dtype"].iter().for_each(|option| {
        config.remove(*option);
    });
    // AdamW has none here.
    if config.get("amsgrad") == Some(&json!(false)) {
        config.remove("amsgrad");
    }
    if let Some(schedule) = config.get_mut("learning_rate").filter(|rate| rate.is_object()) {
        let (name, mut options) = class_and_config("a learning rate", schedule)?;
        options.remove("name");
        *schedule = restated(plain_class(&name), options, schedule, of_a_package(&name));
    }
    decay(class, &mut config)?;
    Ok(restated(class, config, optimizer, of_a_package(&name)))
}

/// Keras 2's `decay` is a schedule of its own; Nadam's, once `schedule_decay`, is how fast its momentum warms up.
fn decay(class: &str, config: &mut Config) -> Result<()> {
    rename(config, "schedule_decay", "decay");
    let Some(decay) = config.remove("decay").filter(|decay| !decay.is_null() && decay.as_f64() != Some(0.0)) else { return Ok(()) };
    let rate = config.get("learning_rate").unwrap_or(&Value::Null);
    if class == "Nadam" {
        return match decay.as_f64() {
            Some(1.0) => Ok(()),
            _ => Err(Error::format(format!(
                "Nadam with schedule_decay = {decay} has no counterpart here: its momentum warms up as with 1.0"
            ))),
        };
    }
    let (Some(by), Some(initial)) = (decay.as_f64(), rate.as_f64()) else {
        return Err(Error::format(format!(
            "{class} with decay = {decay} has no counterpart here: learning_rate = {rate}, expected a number"
        )));
    };
    let options = json!({"initial_learning_rate": initial, "decay_steps": 1, "decay_rate": by, "staircase": false});
    config.insert("learning_rate".into(), json!({"class_name": "InverseTimeDecay", "config": options}));
    Ok(())
}

/// Gives the optimizer the state that the file holds; says whether there is one.
///
/// # Errors
/// Arrays that are not those of this optimizer and model.
pub(super) fn restore(model: &mut Model, file: &Hdf5) -> Result<bool> {
    let Some(Arrays { paths, first }) = Arrays::of(file)? else { return Ok(false) };
    let mut arrays = paths.iter().map(|path| file.read(path)).collect::<Result<Vec<_>>>()?.into_iter();
    let Some(step) = arrays.next().filter(|step| step.len() == 1).map(|step| step.as_slice()[0]) else { return Ok(false) };
    let learns = trainable(model)?;
    let scalars = learns.iter().any(|(_, shape)| shape.rank() == 0);
    // The learning rate, and products that follow from the step.
    let mut arrays: Vec<Tensor> = arrays.filter(|array| scalars || array.rank() > 0).collect();
    if step == 0.0 && arrays.is_empty() {
        return Ok(false);
    }
    let slots = model.optimizer_slots()?;
    // What all optimizers can keep comes first: an array for each parameter, then the next for each.
    let (shared, own): (Vec<Slot>, Vec<Slot>) = slots.iter().partition(|slot| [AVERAGE, GRADIENT].contains(&slot.name));
    let of_shared: Vec<Tensor> = arrays.drain(..(shared.len() * learns.len()).min(arrays.len())).collect();
    let options = &model.compile_config()?["optimizer"]["config"];
    // A centered RMSprop keeps a momentum here that it may not need.
    let kept: Vec<&str> = own.iter().map(|slot| slot.name).filter(|slot| *slot != "momentum" || options["momentum"] != 0.0).collect();
    let order = slot_order(&arrays, &learns, kept.len(), first)?;

    let mut state = model.training_state()?;
    state.set("step", step as u64);
    for param in model.parameters() {
        for slot in &slots {
            let begun = if slot.name == AVERAGE { param.value().clone() } else { Tensor::full(param.value().shape(), slot.initial)? };
            state.set_tensor(&format!("slot/{}/{}", param.path(), slot.name), begun);
        }
    }
    for (index, (path, _)) in learns.iter().enumerate() {
        for (slot, array) in shared.iter().zip(of_shared.iter().skip(index).step_by(learns.len())) {
            state.set_tensor(&format!("slot/{path}/{}", slot.name), array.clone());
        }
        for (slot, name) in kept.iter().enumerate() {
            state.set_tensor(&format!("slot/{path}/{name}"), arrays[order.at(index, slot, learns.len(), kept.len())].clone());
        }
    }
    model.set_training_state(&state)?;
    Ok(true)
}

/// The parameters that learn, in the model's order.
fn trainable(model: &Model) -> Result<Vec<(String, Shape)>> {
    let mut found = Vec::new();
    for index in 0..model.layer_names().len() {
        let layer = model.get_layer(index)?;
        let parameters = layer.parameters();
        let learn = parameters.iter().filter(|param| layer.trainable() && param.trainable());
        found.extend(learn.map(|param| (param.path().to_owned(), param.value().shape())));
    }
    Ok(found)
}

/// In which order an optimizer's arrays are, after its step.
#[derive(Clone, Copy)]
enum Order {
    /// One array for each parameter, then the next one for each.
    BySlot,
    /// All arrays of a parameter, then those of the next.
    ByParameter,
}

impl Order {
    /// The index of an array.
    fn at(self, parameter: usize, slot: usize, parameters: usize, slots: usize) -> usize {
        match self {
            Self::BySlot => slot * parameters + parameter,
            Self::ByParameter => parameter * slots + slot,
        }
    }
}

/// The arrays of an optimizer, and the order in which they are unless their shapes say otherwise.
struct Arrays {
    paths: Vec<String>,
    first: Order,
}

impl Arrays {
    fn of(file: &Hdf5) -> Result<Option<Self>> {
        if file.has_group("optimizer_weights") {
            let Some(names) = file.texts("optimizer_weights", "weight_names")? else { return Ok(None) };
            // The optimizers of Keras before 2.11 count their steps under other names.
            let old = names
                .first()
                .is_some_and(|step| ["iter:0", "iterations:0"].iter().any(|end| step.ends_with(end)) || step.contains("Variable"));
            let paths = names.into_iter().map(|name| format!("optimizer_weights/{name}")).collect();
            return Ok(Some(Self { paths, first: if old { Order::BySlot } else { Order::ByParameter } }));
        }
        let paths: Vec<String> = (0..).map(|number| format!("optimizer/vars/{number}")).take_while(|path| file.has_array(path)).collect();
        Ok((!paths.is_empty()).then_some(Self { paths, first: Order::ByParameter }))
    }
}

fn slot_order(arrays: &[Tensor], learns: &[(String, Shape)], slots: usize, first: Order) -> Result<Order> {
    let fits = |order: Order| {
        let fit = |(index, (_, shape)): (usize, &(String, Shape))| {
            (0..slots).all(|slot| arrays.get(order.at(index, slot, learns.len(), slots)).is_some_and(|array| array.shape() == *shape))
        };
        // Before Keras 2.4, an array of one number stood for each that was not needed: those came last.
        (matches!(order, Order::BySlot) || arrays.len() == learns.len() * slots) && learns.iter().enumerate().all(fit)
    };
    let second = if matches!(first, Order::BySlot) { Order::ByParameter } else { Order::BySlot };
    [first, second].into_iter().find(|order| fits(*order)).ok_or_else(|| {
        Error::format(format!(
            "the optimizer's state has {} arrays, which are not {slots} for each of the {} parameters that learn",
            arrays.len(),
            learns.len()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sequential;
    use crate::layers::{Dense, Input, LayerExt};

    fn settings(loss: &str) -> Value {
        json!({
            "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.25, "momentum": 0.0, "nesterov": false}},
            "loss": loss,
            "metrics": ["accuracy"],
        })
    }

    #[test]
    fn the_words_of_keras_2_compile_a_model() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3)).into_model();
        assert!(compile(&mut model, &settings("mse"), &CompileRegistry::default()).unwrap());
        let config = model.compile_config().unwrap();
        assert_eq!(config["optimizer"]["config"]["learning_rate"]["class_name"], "InverseTimeDecay", "{config}");
        assert!(!compile(&mut model, &Value::Null, &CompileRegistry::default()).unwrap());
    }

    #[test]
    fn a_decay_without_counterpart_is_named() {
        let schedule = json!({"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.5}});
        for (class, options, named) in [
            ("Nadam", json!({"lr": 0.002, "schedule_decay": 0.004}), "schedule_decay = 0.004"),
            ("Nadam", json!({"learning_rate": 0.002, "decay": 0.004}), "schedule_decay = 0.004"),
            ("SGD", json!({"learning_rate": schedule, "decay": 0.1}), "ExponentialDecay"),
            ("SGD", json!({"lr": 0.1, "decay": "fast"}), "fast"),
        ] {
            let error = optimizer_of(&json!({"class_name": class, "config": options})).unwrap_err().to_string();
            assert!(error.contains(class) && error.contains(named), "{error}");
        }
        optimizer_of(&json!({"class_name": "Nadam", "config": {"learning_rate": 0.002, "decay": 1.0}})).unwrap();
    }

    #[test]
    fn f12_what_stands_beside_a_class_or_a_setting_is_refused_by_name() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3)).into_model();
        let class = |class: &str| json!({"module": "keras", "class_name": class, "config": {}, "registered_name": null});
        let decay = json!({"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5});
        let schedule = json!({"class_name": "InverseTimeDecay", "config": decay});
        let optimizer = json!({"class_name": "SGD", "config": {"learning_rate": schedule}});
        let plain = json!({"optimizer": optimizer, "loss": class("MeanSquaredError"), "metrics": [class("MeanSquaredError")]});
        let mut made = |settings: &Value| compile(&mut model, settings, &CompileRegistry::default()).map_err(|error| error.to_string());
        assert_eq!(made(&plain), Ok(true));
        for place in ["", "/optimizer", "/optimizer/config/learning_rate", "/loss", "/metrics/0"] {
            let mut settings = plain.clone();
            settings.pointer_mut(place).unwrap()["clip"] = json!(1.0);
            let error = made(&settings).unwrap_err();
            assert!(error.contains("unknown key of") && error.contains("`clip`"), "{place}: {error}");
        }
        let mut temporal = plain;
        temporal["sample_weight_mode"] = json!("temporal");
        assert!(made(&temporal).unwrap_err().contains("sample_weight_mode"));
    }

    #[test]
    fn losses_and_metrics_of_several_outputs_stay_with_theirs() {
        let x = Input::new([2]).symbol();
        let (a, b) = (Dense::new(1).named("a").on(&x), Dense::new(1).named("b").on(&x));
        let mut model = Model::new(&x, [a, b]).unwrap();
        let mut made = |key: &str, value: Value| -> Result<(Vec<f64>, String)> {
            let mut settings = settings("mse");
            settings["metrics"] = Value::Null;
            settings[key] = value;
            compile(&mut model, &settings, &CompileRegistry::default())?;
            let config = model.compile_config()?;
            let weights: Vec<f64> = config["loss"].as_array().into_iter().flatten().filter_map(|pair| pair[1].as_f64()).collect();
            let names = model.compiled()?.scores().names().join(" ");
            Ok((weights, names))
        };
        let plain = "loss a_loss b_loss";
        for (key, value, weights, names) in [
            ("loss_weights", json!([1.0, 0.25]), vec![1.0, 0.25], plain.to_owned()),
            ("loss_weights", json!({"b": 0.25, "a": 2.0}), vec![2.0, 0.25], plain.to_owned()),
            ("loss_weights", json!(0.5), vec![0.5], plain.to_owned()),
            ("loss", json!({"a": "mse", "b": "mae"}), vec![1.0, 1.0], plain.to_owned()),
            ("metrics", json!({"b": "mae"}), vec![1.0], format!("{plain} b_mae")),
            ("metrics", json!({"a": "mae", "b": ["mse"]}), vec![1.0], format!("{plain} a_mae b_mse")),
            ("metrics", json!(["mae", "mse"]), vec![1.0], format!("{plain} a_mae b_mse")),
            ("weighted_metrics", json!([[], ["mae"]]), vec![1.0], format!("{plain} b_mae")),
        ] {
            assert_eq!(made(key, value).unwrap(), (weights, names), "{key}");
        }
        for (key, value, word) in [
            ("loss_weights", json!({"b": 0.25}), "as many"),
            ("loss_weights", json!([1.0, 0.25, 3.0]), "as many"),
            ("loss", json!({"a": "mse"}), "expected a loss"),
            ("loss", Value::Null, "names no loss"),
        ] {
            let error = made(key, value).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn functions_keep_the_options_and_the_name_beside_them() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3)).into_model();
        let huber = json!({"module": "builtins", "class_name": "function", "config": "huber"});
        let wrapped = |class: &str, more: (&str, Value)| {
            let mut wrapped = json!({"class_name": class, "config": {"name": "hub", "dtype": "float32", "fn": huber, "delta": 0.5}});
            wrapped["config"][more.0] = more.1;
            wrapped
        };
        let mut settings = settings("mse");
        settings["loss"] = wrapped("LossFunctionWrapper", ("reduction", json!("sum_over_batch_size")));
        settings["metrics"] = json!([wrapped("MeanMetricWrapper", ("delta", json!(0.25)))]);
        assert!(compile(&mut model, &settings, &CompileRegistry::default()).unwrap());
        let config = model.compile_config().unwrap();
        assert_eq!(config["loss"][0][0]["config"]["delta"], 0.5, "{config}");
        let metric = &config["metrics"][0][0]["config"];
        assert_eq!((&metric["name"], &metric["loss"]["config"]["delta"]), (&json!("hub"), &json!(0.25)), "{config}");

        // As Keras 2.11 to 2.15 write it.
        settings["loss"] =
            json!({"class_name": "Huber", "config": {"reduction": "auto", "name": "huber_loss", "delta": 0.5, "fn": "huber"}});
        assert!(compile(&mut model, &settings, &CompileRegistry::default()).unwrap());
        for reduction in [json!("sum"), Value::Null] {
            settings["loss"] = wrapped("LossFunctionWrapper", ("reduction", reduction));
            let error = compile(&mut model, &settings, &CompileRegistry::default()).unwrap_err().to_string();
            assert!(error.contains("reduction"), "{error}");
        }
    }

    #[test]
    fn weights_and_outputs_without_meaning_are_named() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3).named("out")).into_model();
        for (key, value, word) in [
            ("loss_weights", json!(["much"]), "much"),
            ("loss_weights", json!({"outt": 2.0}), "outt"),
            ("loss", json!({"out": "mse", "other": "mae"}), "other"),
            ("metrics", json!({"other": ["mae"]}), "other"),
        ] {
            let mut settings = settings("mse");
            settings[key] = value;
            let error = compile(&mut model, &settings, &CompileRegistry::default()).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(word), "{error}");
        }
    }

    #[test]
    fn what_a_file_calls_custom_is_none_of_keras() {
        let keras = |class: &str| json!({"module": "keras.src", "class_name": class, "config": {}, "registered_name": null});
        let custom = |class: &str| json!({"module": null, "class_name": class, "config": {}, "registered_name": class});
        let schedule = |class: &Value| {
            let mut schedule = class.clone();
            schedule["config"] = json!({"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5});
            json!({"class_name": "Custom>SGD", "config": {"learning_rate": schedule}})
        };
        let settings = |optimizer: Value, loss: Value, metric: Value| json!({"optimizer": optimizer, "loss": loss, "metrics": [metric]});
        let [sgd, mse, decay] = ["SGD", "MeanSquaredError", "ExponentialDecay"].map(|class| (keras(class), custom(class)));
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3)).into_model();
        let mut made = |settings| compile(&mut model, &settings, &CompileRegistry::default()).map_err(|error| error.to_string());
        assert_eq!(made(settings(schedule(&decay.0), mse.0.clone(), mse.0.clone())), Ok(true));
        let of_a_package = json!({"class_name": "Addons>SGD", "config": {}});
        let huber = json!({"module": "mine.losses", "class_name": "function", "config": "huber", "registered_name": "Mine>huber"});
        for (settings, word) in [
            (settings(sgd.1, mse.0.clone(), mse.0.clone()), "custom optimizer `SGD`"),
            (settings(of_a_package, mse.0.clone(), mse.0.clone()), "custom optimizer `SGD`"),
            (settings(sgd.0.clone(), mse.1.clone(), mse.0.clone()), "custom loss `MeanSquaredError`"),
            (settings(sgd.0.clone(), huber, mse.0.clone()), "loss of a function `huber`"),
            (settings(sgd.0.clone(), json!({"class_name": "Custom>MeanSquaredError", "config": {}}), mse.0.clone()), "custom loss"),
            (settings(sgd.0, mse.0.clone(), mse.1), "custom metric `MeanSquaredError`"),
            (settings(schedule(&decay.1), mse.0.clone(), mse.0), "`ExponentialDecay` of the file is a custom schedule"),
        ] {
            let error = made(settings).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_loss_without_counterpart_is_named() {
        let mut model = Sequential::new().add(Input::new([2])).add(Dense::new(3)).into_model();
        let error = compile(&mut model, &settings("my_own_loss"), &CompileRegistry::default()).unwrap_err();
        assert!(error.to_string().contains("my_own_loss"), "{error}");
    }
}
