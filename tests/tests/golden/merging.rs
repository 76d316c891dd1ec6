use practicum_core::layers::{LayerSpec, Registry, SharedLayer, Symbol};
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome};

use crate::layers::MaskedBy;

#[test]
fn outputs_gradients_and_masks() {
    let family = Family::load("merging").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let x = case.tensors("inputs")?;
    let inputs: Vec<Symbol> = x.iter().map(|x| Input::new(&x.shape()[1..]).symbol()).collect();
    let mut masked = inputs.clone();
    for (place, input) in masked.iter_mut().enumerate() {
        if let Ok(mask) = case.tensor(&format!("mask/{place}")) {
            *input = MaskedBy(mask).on(&*input);
        }
    }
    let layer = Registry::default().make(case.class()?, case.config())?;
    let model = Model::new(inputs, SharedLayer::new(LayerSpec::boxed(layer)).on(masked))?;
    case.expect("the promised shape", model.output_shape()?.accepts(&case.tensor("output")?.shape()), true);

    let tape = model.tape();
    let vars: Vec<_> = x.iter().map(|x| tape.variable(x.clone())).collect();
    let traced = model.call_many(&vars, true)?;
    case.compare("output", &traced.output.value()?)?;
    case.compare("output", &model.predict_all(&x[..])?[0])?;
    match &traced.masks[0] {
        Some(mask) => case.compare("output_mask", &mask.value()?)?,
        None => case.expect("there is a mask", case.listed("masks").contains(&"output_mask".to_owned()), false),
    }
    let gradients = tape.backward(&[(&traced.output, case.tensor("upstream")?)])?;
    for (place, var) in vars.iter().enumerate() {
        case.compare(&format!("grad/{place}"), &gradients.of(var)?)?;
    }
    Ok(())
}
