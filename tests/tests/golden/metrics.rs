use practicum_core::autodiff::View;
use practicum_core::metrics::{self, Auc, Curve, Metric, Scored, by_name};
use practicum_core::model::CompileRegistry;
use practicum_core::rng::Key;
use practicum_core::{Shape, Tensor};
use practicum_tests::golden::{Case, Family, Outcome, widen};
use serde_json::{Map, Value, json};

use crate::models::Result;

const LEFT_OUT: [(&str, &str); 9] = [
    ("precision_thresholds*", "one threshold, one number: logs hold numbers"),
    ("recall_thresholds*", "one threshold, one number: logs hold numbers"),
    ("auc_own_thresholds*", "the thresholds of an AUC are spread evenly"),
    ("auc_minoring*", "an AUC interpolates"),
    ("auc_majoring*", "an AUC interpolates"),
    ("auc_pr_minoring*", "an AUC interpolates"),
    ("auc_multi_label*", "an AUC is of all outputs together"),
    ("r2_score_none*", "one number for all outputs: logs hold numbers"),
    ("r2_score_variance_weighted_average*", "outputs count the same"),
];

#[test]
fn results_after_each_update() {
    let family = Family::load("metrics").unwrap();
    family.run(&LEFT_OUT, check).unwrap_or_else(|failures| panic!("{failures}"));
}

/// The scores of all classes, where Keras gives a list.
fn check_each(case: &Case<'_>) -> Outcome {
    let config = case.config();
    let beta = config.get("beta").and_then(Value::as_f64).unwrap_or(1.0);
    let mut metric = metrics::FBetaScore::default().beta(beta);
    if let Some(threshold) = config["threshold"].as_f64() {
        metric = metric.threshold(threshold as f32);
    }
    let mut results = Vec::new();
    for update in 0..case.listed("targets").len() {
        update_from(case, update, &mut metric)?;
        results.extend(metric.scores());
    }
    case.compare_slices("results", &results, &widen(case.tensor("results")?.as_slice()));
    Ok(())
}

fn update_from(case: &Case<'_>, update: usize, metric: &mut dyn Metric) -> Result<()> {
    let (y_true, y_pred) = (case.tensor(&format!("{update}/y_true"))?, case.tensor(&format!("{update}/y_pred"))?);
    let weights = match case.listed("sample_weights").is_empty() {
        true => None,
        false => Some(case.tensor(&format!("{update}/sample_weight"))?),
    };
    update_with(metric, &y_true, &y_pred, weights.as_ref())
}

fn check(case: &Case<'_>) -> Outcome {
    if case.json("word").is_string() {
        return check_word(case);
    }
    if case.name().contains("score_each") {
        return check_each(case);
    }
    let mut metric = metric(case.class()?, &case.config())?;
    let mut results = Vec::new();
    for update in 0..case.listed("targets").len() {
        update_from(case, update, &mut *metric)?;
        results.push(metric.result());
    }
    let expected = case.tensor("results")?;
    case.compare_slices("results", &results, &widen(expected.as_slice()));
    // What was seen is forgotten.
    let fresh = metric.fresh().result();
    metric.reset();
    case.expect("the result after a reset", metric.result(), fresh);
    Ok(())
}

fn update_with(metric: &mut dyn Metric, y_true: &Tensor, y_pred: &Tensor, weights: Option<&Tensor>) -> Result<()> {
    Ok(metric.update(&Scored {
        y_true: View { shape: y_true.shape(), data: y_true.as_slice() },
        y_pred: View { shape: y_pred.shape(), data: y_pred.as_slice() },
        sample_weight: weights.map(Tensor::as_slice),
        mask: None,
    })?)
}

/// A metric from Keras' class and options. Options that have no counterpart here must have Keras' defaults.
fn metric(class: &str, config: &Map<String, Value>) -> Result<Box<dyn Metric>> {
    let mut left = config.clone();
    let mut number = |name: &str| left.remove(name).unwrap_or_default().as_f64();
    let metric: Box<dyn Metric> = match class {
        "BinaryAccuracy" => Box::new(metrics::BinaryAccuracy::default().threshold(number("threshold").ok_or("no threshold")? as f32)),
        "CategoricalAccuracy" => Box::new(metrics::CategoricalAccuracy::default()),
        "SparseCategoricalAccuracy" => Box::new(metrics::SparseCategoricalAccuracy::default()),
        "TopKCategoricalAccuracy" => Box::new(metrics::TopKCategoricalAccuracy::default().k(number("k").ok_or("no k")? as usize)),
        "SparseTopKCategoricalAccuracy" => {
            Box::new(metrics::SparseTopKCategoricalAccuracy::default().k(number("k").ok_or("no k")? as usize))
        }
        "AUC" => {
            let curve = match left.remove("curve").unwrap_or_default().as_str() {
                Some("ROC") => Curve::Roc,
                Some("PR") => Curve::Pr,
                other => return Err(format!("no curve {other:?}").into()),
            };
            let from_logits = left.remove("from_logits").unwrap_or_default() == true;
            let thresholds = left.remove("num_thresholds").unwrap_or_default().as_u64().ok_or("no num_thresholds")?;
            // Keras writes its own thresholds into the configuration.
            left.remove("thresholds");
            let auc = Auc::default().curve(curve).num_thresholds(thresholds as usize);
            Box::new(if from_logits { auc.from_logits() } else { auc })
        }
        "MeanAbsoluteError" => Box::new(metrics::MeanAbsoluteError::default()),
        "MeanSquaredError" => Box::new(metrics::MeanSquaredError::default()),
        "RootMeanSquaredError" => Box::new(metrics::RootMeanSquaredError::default()),
        "MeanAbsolutePercentageError" => Box::new(metrics::MeanAbsolutePercentageError::default()),
        "MeanSquaredLogarithmicError" => Box::new(metrics::MeanSquaredLogarithmicError::default()),
        "CosineSimilarity" => Box::new(metrics::CosineSimilarity::default()),
        "R2Score" => Box::new(metrics::R2Score::default()),
        class => return Ok(CompileRegistry::default().make_metric(&json!({"class_name": class, "config": left}))?),
    };
    let defaults = json!({
        "top_k": null, "class_id": null, "summation_method": "interpolation", "multi_label": false, "num_labels": null,
        "label_weights": null, "class_aggregation": "uniform_average", "num_regressors": 0,
    });
    match left.iter().find(|(name, value)| defaults[*name] != **value) {
        Some((name, value)) => Err(format!("{class} with {name} = {value} has no counterpart").into()),
        None => Ok(metric),
    }
}

/// What a word stands for: the same number as the class that Keras chooses for these shapes, under the same name.
fn check_word(case: &Case<'_>) -> Outcome {
    let mut by_word = by_name(case.text("word")?)?;
    case.expect("the name in the logs", by_word.name(), case.text("key")?);
    let defaults = match case.class()? {
        "BinaryAccuracy" => json!({"threshold": 0.5}),
        "AUC" => json!({"num_thresholds": 200, "curve": "ROC"}),
        _ => json!({}),
    };
    let mut by_class = metric(case.class()?, defaults.as_object().ok_or("an object")?)?;
    let shape = |field: &str| -> Vec<usize> {
        let dims = case.json(field).as_array().cloned().unwrap_or_else(|| vec![json!(4), json!(1)]);
        dims.iter().filter_map(|dim| dim.as_u64().map(|dim| dim as usize)).collect()
    };
    let (y_true, y_pred) = (Shape::new(&shape("y_true"))?, Shape::new(&shape("y_pred"))?);
    for draw in 0..20 {
        let key = Key::new(7).fold(draw);
        let classes = if y_true.size() == y_pred.size() { 2.0 } else { y_pred.last() as f32 };
        let targets = uniform(y_true, key.fold(0))?.as_slice().iter().map(|u| (u * classes).floor()).collect();
        let (targets, outputs) = (Tensor::new(y_true, targets)?, uniform(y_pred, key.fold(1))?);
        update_with(&mut *by_word, &targets, &outputs, None)?;
        update_with(&mut *by_class, &targets, &outputs, None)?;
    }
    case.expect("the result", by_word.result(), by_class.result());
    Ok(())
}

fn uniform(shape: Shape, key: Key) -> Result<Tensor> {
    let mut numbers = vec![0.0; shape.size()];
    key.fill_uniform(&mut numbers);
    Ok(Tensor::new(shape, numbers)?)
}
