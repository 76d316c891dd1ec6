use practicum_core::data::Data;
use practicum_core::losses::Losses;
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome, numbers};
use serde_json::Value;

#[test]
fn models_that_keras_wrote_compute_and_learn_the_same() {
    let family = Family::load("functional").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn check(case: &Case<'_>) -> Outcome {
    let mut model = Model::from_json(case.json("model"))?;
    let written = model.to_json()?;
    case.expect("the JSON of the model read from its JSON", Model::from_json(&written)?.to_json()?, written);
    case.expect("the number of parameters", Some(model.count_params()? as u64), case.json("params")["total"].as_u64());
    check_table(case, &model)?;

    model.set_weights(&case.tensors("weights")?)?;
    let inputs = case.tensors("inputs")?;
    for (index, output) in model.predict_all(&inputs)?.iter().enumerate() {
        case.compare(&format!("output/{index}"), output)?;
    }

    let weights = numbers(case.json("loss_weights")).unwrap_or_default();
    let losses = texts(case.json("losses")).into_iter().enumerate();
    let losses = losses.fold(Losses::new(), |losses, (index, name)| losses.output(name, weights.get(index).map_or(1.0, |w| *w as f32)));
    model.compile(Sgd::new(0.1), losses, ())?;
    let targets: Vec<Data> = case.listed("targets").iter().map(|key| case.data(key)).collect::<Result<_, _>>()?;
    let logs = case.json("logs").as_object().ok_or("no logs")?;
    let steps = logs.values().next().and_then(Value::as_array).map_or(0, Vec::len);
    for step in 0..steps {
        let whole_batch = Fit::new().batch_size(6).shuffle(false).quiet();
        let history = model.fit(&inputs, targets.clone(), whole_batch)?;
        for (name, values) in logs {
            let got = history.last(name).ok_or_else(|| format!("there is no log {name}"))?;
            case.compare_number(&format!("{name} of step {step}"), got, values[step].as_f64().unwrap_or(f64::NAN));
        }
    }
    for (index, weight) in model.get_weights().iter().enumerate() {
        case.compare(&format!("after/{index}"), weight)?;
    }
    Ok(())
}

/// Layers stand in Keras' order, and are called on the same; inputs, which Keras puts before the layer that takes them, stand
/// in front.
fn check_table(case: &Case<'_>, model: &Model) -> Outcome {
    let layers = texts(case.json("layers"));
    let inputs = model.input_names();
    let others: Vec<&str> = layers.iter().copied().filter(|name| !inputs.contains(name)).collect();
    case.expect("the layers", model.layer_names(), others);
    let expected = texts(case.json("connections"));
    if expected.len() > layers.len() {
        // Keras' table has what makes the masks of ids, too.
        return Ok(());
    }
    let summary = model.summary()?;
    case.expect("whether the layers stand in a row", summary.connections().is_none(), expected.is_empty());
    for (row, cell) in summary.rows().iter().zip(summary.connections().unwrap_or_default()) {
        let name = row[0].split(' ').next().unwrap_or_default();
        let place = layers.iter().position(|layer| *layer == name).ok_or_else(|| format!("Keras has no layer {name}"))?;
        case.expect(&format!("what {name} is called on"), cell.as_str(), expected[place]);
    }
    Ok(())
}
