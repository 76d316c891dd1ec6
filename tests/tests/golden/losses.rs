use practicum_core::autodiff::Tape;
use practicum_core::losses::{Huber, Loss};
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome};

use crate::models::loss_of;

const LEFT_OUT: [(&str, &str); 2] = [
    ("cosine_similarity_axis_1", "losses work on the last axis"),
    ("sparse_categorical_crossentropy_ignore_class", "no class can be ignored: give its rows the weight 0"),
];

#[test]
fn values_means_and_gradients() {
    let family = Family::load("losses").unwrap();
    family.run(&LEFT_OUT, check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let loss: Box<dyn Loss> = match case.class()? {
        // Keras does not write the delta into the configuration; the name of the case tells it.
        "Huber" if case.name().starts_with("huber_0.5") => Box::new(Huber::new(0.5)),
        class => loss_of(class, &case.config())?,
    };
    for (prefix, weighted) in [("output", false), ("weighted", true)] {
        let tape = Tape::new();
        let (y_true, y_pred) = (tape.constant(case.tensor("y_true")?), tape.variable(case.tensor("y_pred")?));
        let weights = tape.constant(case.tensor("sample_weight")?);

        let mask = if case.json("masks").is_null() { None } else { Some(tape.constant(case.tensor("mask")?)) };
        let mean = loss.masked_mean(&y_true, &y_pred, weighted.then_some(&weights), mask.as_ref())?;
        case.compare(&format!("{prefix}/sum_over_batch_size"), &mean.value()?)?;
        case.compare(&format!("{prefix}/grad/sum_over_batch_size"), &mean.backward()?.of(&y_pred)?)?;

        let shape = y_pred.shape();
        let rows = if y_true.shape().size() == shape.size() { shape } else { Shape::new(&shape[..shape.rank() - 1])? };
        let mut values = loss.call(&y_true.reshape(rows)?, &y_pred)?;
        if weighted {
            values = values.mul(&weights)?;
        }
        if let Some(mask) = &mask {
            values = values.mul(mask)?;
        }
        case.compare(&format!("{prefix}/none"), &values.value()?)?;
        case.compare(&format!("{prefix}/sum"), &values.sum()?.value()?)?;
        let upstream = case.tensor(&format!("{prefix}/upstream"))?.reshape(values.shape())?;
        case.compare(&format!("{prefix}/grad/none"), &tape.backward(&[(&values, upstream)])?.of(&y_pred)?)?;
        case.leave(&format!("{prefix}/mean_with_sample_weight"), "models divide by the number of rows, as Keras' do by default");
    }
    Ok(())
}
