use practicum_core::autodiff::Var;
use practicum_core::layers::{Build, Call, Config, LayerSpec, Normalization, Registry};
use practicum_core::model::Traced;
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome, numbers};
use serde_json::json;

use crate::models::sequential;

#[test]
fn outputs_gradients_and_penalties() {
    let family = Family::load("layers").unwrap();
    family
        .run(&[], |case| if case.name().starts_with("normalization_adapted") { check_adapted(case) } else { check(case) })
        .unwrap_or_else(|failures| panic!("{failures}"));
}

/// A layer that takes its numbers from data.
fn check_adapted(case: &Case<'_>) -> Outcome {
    let mut layer: Normalization = serde_json::from_value(case.config().into())?;
    layer.adapt(&case.tensor("data")?)?;
    let x = case.tensor("input")?;
    let model = Sequential::new().add(Input::new(&x.shape()[1..])).add(layer);
    case.compare("output", &model.predict(&x)?)?;
    let weights = model.get_weights();
    case.compare("mean", &weights[0])?;
    case.compare("variance", &weights[1])
}

/// Lets only the steps count that a mask says.
#[derive(Clone, Debug)]
pub(crate) struct MaskedBy(pub(crate) Tensor);

impl Layer for MaskedBy {
    fn class_name(&self) -> &'static str {
        "MaskedBy"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        Ok(x.clone())
    }

    fn compute_mask(&self, cx: &Call<'_>, _inputs: &[Var]) -> Result<Option<Var>> {
        Ok(Some(cx.constant(self.0.clone())))
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// A case about one layer: its output, eagerly and by a program, its penalties, its gradients, and what a step changes.
pub(crate) fn check(case: &Case<'_>) -> Outcome {
    let x = case.tensor("input")?;
    let config = case.config();
    let mut model = sequential(x.shape(), &[json!({"class_name": case.class()?, "config": config})])?;
    let written = model.to_json()?;
    case.expect("the JSON of the model read from its JSON", Sequential::from_json(&written)?.to_json()?, written);
    let written = Registry::default().make(case.class()?, config.clone())?.config();
    for (option, _) in written.iter().filter(|(_, value)| !value.is_null()) {
        case.expect(&format!("whether Keras has an option {option}"), config.contains_key(option), true);
    }
    if let Ok(mask) = case.tensor("mask") {
        let layer = LayerSpec::boxed(Registry::default().make(case.class()?, config)?);
        model = Sequential::new().add(Input::new(&x.shape()[1..])).add(MaskedBy(mask)).add(layer);
    }
    model.set_weights(&case.tensors("weights")?)?;

    let tape = model.tape();
    let input = tape.variable(x.clone());
    let training = case.json("call")["training"].as_bool().unwrap_or(false);
    let traced = model.call(&input, training)?;
    case.compare("output", &traced.output.value()?)?;
    if !training {
        case.compare("output", &model.predict(&x)?)?;
    }

    let mut ends = vec![(&traced.output, case.tensor("upstream")?)];
    let mut penalties = Vec::new();
    for penalty in &traced.penalties {
        penalties.push(f64::from(penalty.value()?.item()?));
        ends.push((penalty, Tensor::ones(penalty.shape())?));
    }
    // A penalty whose factors are 0 is not computed at all.
    let losses = numbers(case.json("losses")).unwrap_or_default().into_iter().filter(|loss| *loss != 0.0);
    case.compare_slices("losses", &penalties, &losses.collect::<Vec<_>>());
    let gradients = tape.backward(&ends)?;
    case.compare("grad/input", &gradients.of(&input)?)?;
    for (parameter, weight) in model.parameters().iter().zip(&traced.weights).filter(|(_, weight)| weight.needs_gradient()) {
        let name = parameter.path().rsplit('/').next().unwrap_or_default();
        case.compare(&format!("grad/{name}"), &gradients.of(weight)?)?;
    }
    if training {
        check_changes(case, model, &x, &traced)?;
    }
    Ok(())
}

/// What a step changes that the optimizer does not: by hand, and in a step that learns nothing.
fn check_changes(case: &Case<'_>, mut model: Sequential, x: &Tensor, traced: &Traced) -> Outcome {
    let before = model.get_weights();
    model.apply_updates(traced)?;
    let by_hand = model.get_weights();
    model.set_weights(&before)?;
    model.compile(Sgd::new(0.0), "mse", ())?;
    model.train_on_batch(x, &Tensor::zeros(traced.output.shape())?)?;
    let listed = case.listed("weights_after");
    for (i, parameter) in model.parameters().iter().enumerate() {
        let key = format!("after/{}", parameter.path().rsplit('/').next().unwrap_or_default());
        if listed.contains(&key) {
            case.compare(&key, &by_hand[i])?;
            case.compare(&key, parameter.value())?;
        } else {
            case.expect(&key, (&by_hand[i], parameter.value()), (&before[i], &before[i]));
        }
    }
    Ok(())
}
