use practicum_core::data::ArraySource;
use practicum_core::metrics::{Accuracy, Metric, by_name, weighted};
use practicum_core::metrics::{MeanAbsoluteError, Weighted};
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome, numbers};
use serde_json::Value;

use crate::models::{Result, loss, sequential};

#[test]
fn one_step_and_short_fits() {
    let family = Family::load("compiled").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let model = compiled(case)?;
    case.compare("prediction", &model.predict(case.data("input")?)?)?;
    if case.json("history").is_object() {
        return check_history(case, model);
    }
    if case.json("tested").is_object() {
        check_logs(case, "tested", &model.evaluate(&mut batch(case)?, ())?);
    }
    by_fit(case)?;
    if case.json("class_weight").is_null() {
        by_hand(case)?;
    }
    if case.json("class_weight").is_null() && case.listed("sample_weights").is_empty() {
        by_train_on_batch(case)?;
    }
    Ok(())
}

/// The model of a case with its first weights, ready to learn at a rate of 1.
fn compiled(case: &Case<'_>) -> Result<Sequential> {
    let layers = case.json("model").as_array().ok_or("no layers")?;
    let mut model = sequential(case.data("input")?.shape(), layers)?;
    model.set_weights(&case.tensors("weights")?)?;
    model.compile(Sgd::new(1.0), loss(case.json("loss"))?, metrics(case)?)?;
    Ok(model)
}

fn metrics(case: &Case<'_>) -> Result<Vec<Box<dyn Metric>>> {
    let names = |field: &str| -> Vec<String> {
        let names = case.json("metrics")[field].as_array();
        names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let mut metrics = names("metrics").iter().map(|name| by_name(name)).collect::<practicum_core::Result<Vec<_>>>()?;
    for name in names("weighted_metrics") {
        let metric: Weighted = match name.as_str() {
            // Keras renames the second of two metrics with one name.
            "accuracy" => weighted(Accuracy::named("weighted_accuracy")),
            "mae" => weighted(MeanAbsoluteError::named("mae")),
            // No metric here is a cross-entropy; what it says is the loss without penalties.
            "sparse_categorical_crossentropy" => continue,
            other => return Err(format!("no weighted metric {other}").into()),
        };
        metrics.push(Box::new(metric));
    }
    Ok(metrics)
}

/// All examples as one batch, with their weights if they have some.
fn batch(case: &Case<'_>) -> Result<ArraySource> {
    let (x, y) = (case.data("input")?, case.data("y_true")?);
    let examples = x.len();
    let source = ArraySource::new(x, y, examples)?;
    Ok(if case.listed("sample_weights").is_empty() { source } else { source.weighted(case.data("sample_weight")?)? })
}

fn check_logs(case: &Case<'_>, field: &str, logs: &Logs) {
    let expected = case.json(field).as_object().cloned().unwrap_or_default();
    case.expect(&format!("the number of logs {field}"), logs.names().len(), expected.len());
    for (name, value) in &expected {
        let got = logs.get(name).unwrap_or(f64::NAN);
        case.compare_number(&format!("{field} {name}"), got, value.as_f64().unwrap_or(f64::NAN));
    }
}

fn check_weights(case: &Case<'_>, model: &Model) -> Outcome {
    for parameter in model.parameters() {
        let name = parameter.path().rsplit('/').next().unwrap_or_default();
        case.compare(&format!("after/{name}"), parameter.value())?;
    }
    Ok(())
}

fn by_fit(case: &Case<'_>) -> Outcome {
    let mut model = compiled(case)?;
    let (x, y) = (case.data("input")?, case.data("y_true")?);
    let mut fit = Fit::new().batch_size(x.len()).quiet();
    if !case.listed("sample_weights").is_empty() {
        fit = fit.sample_weight(case.data("sample_weight")?);
    }
    for (class, weight) in case.json("class_weight").as_object().into_iter().flatten() {
        fit = fit.class_weight([(class.parse()?, weight.as_f64().ok_or("a weight is a number")? as f32)]);
    }
    let history = model.fit(x, y, fit)?;
    let logs = history.iter().map(|(name, series)| (name.to_owned(), series[0])).collect();
    check_logs(case, "trained", &logs);
    check_weights(case, &model)
}

fn by_train_on_batch(case: &Case<'_>) -> Outcome {
    let mut model = compiled(case)?;
    let step = model.train_on_batch(&case.tensor("input")?, &case.tensor("y_true")?)?;
    let names = case.json("metrics")["metrics"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let metrics = names.zip(step.metrics).map(|(name, value)| (name.to_owned(), value));
    check_logs(case, "trained", &std::iter::once(("loss".to_owned(), step.loss)).chain(metrics).collect());
    check_weights(case, &model)
}

/// A custom loop learns the same.
fn by_hand(case: &Case<'_>) -> Outcome {
    let mut model = compiled(case)?;
    let tape = model.tape();
    let traced = model.call(&tape.constant(case.tensor("input")?), true)?;
    let y_true = tape.constant(case.tensor("y_true")?);
    let weights = match case.listed("sample_weights").is_empty() {
        true => None,
        false => Some(tape.constant(case.tensor("sample_weight")?)),
    };
    let loss = loss(case.json("loss"))?.mean(&y_true, &traced.output, weights.as_ref())?;
    let loss = traced.with_penalties(loss)?;
    let expected = case.json("trained")["loss"].as_f64().ok_or("no loss")?;
    case.compare_number("the loss on a tape", loss.value()?.item()?.into(), expected);
    model.apply_gradients(&traced.gradients(&loss)?)?;
    check_weights(case, &model)
}

fn check_history(case: &Case<'_>, mut model: Sequential) -> Outcome {
    let options = case.json("fit");
    let count = |name: &str| options[name].as_u64().map(|n| n as usize).ok_or_else(|| format!("no {name}"));
    let validation = (case.data("validation/input")?, case.data("validation/y_true")?);
    let mut fit = Fit::new()
        .batch_size(count("batch_size")?)
        .epochs(count("epochs")?)
        .shuffle(options["shuffle"].as_bool().ok_or("no shuffle")?)
        .validation_data(validation.0, validation.1)
        .validation_batch_size(count("validation_batch_size")?)
        .quiet();
    if !case.listed("sample_weights").is_empty() {
        fit = fit.sample_weight(case.data("sample_weight")?);
    }
    let history = model.fit(case.data("input")?, case.data("y_true")?, fit)?;
    let expected = case.json("history").as_object().ok_or("no history")?;
    let expected = expected.iter().filter(|(name, _)| !name.ends_with("sparse_categorical_crossentropy"));
    let mut names = 0;
    for (name, series) in expected {
        names += 1;
        let series = numbers(series).ok_or("the history holds numbers")?;
        case.compare_slices(name, history.get(name).unwrap_or_default(), &series);
    }
    case.expect("the number of logs", history.iter().count(), names);
    check_weights(case, &model)
}
