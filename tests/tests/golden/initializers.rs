use practicum_core::initializers::Initializer;
use practicum_core::prelude::*;
use practicum_core::rng::Key;
use practicum_tests::golden::{Case, Family, Outcome, widen};
use serde_json::json;

#[test]
fn draws() {
    let family = Family::load("initializers").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let mut config = case.config();
    if case.name() == "identity_gain_wide" {
        // Keras does not write the gain into the configuration.
        config.insert("gain".into(), 2.5.into());
    }
    let initializer: Initializer = serde_json::from_value(json!({"class_name": case.class()?, "config": config}))?;
    if case.json("defaults") == true {
        let without = serde_json::from_value(json!({"class_name": case.class()?, "config": {}}))?;
        case.expect("the default", without, initializer);
        return Ok(());
    }
    let dims: Vec<usize> = serde_json::from_value(case.json("shape").clone())?;
    let shape = Shape::new(&dims)?;
    if case.json("orthogonal").is_string() {
        return check_orthogonal(case, &initializer.draw(&shape, Key::new(1))?);
    }
    if !case.listed("outputs").is_empty() {
        return case.compare("values", &initializer.draw(&shape, Key::new(1))?);
    }
    check_statistics(case, &initializer, &shape)
}

/// As many draws as make the statistics sharp, each with a key of its own.
fn check_statistics(case: &Case<'_>, initializer: &Initializer, shape: &Shape) -> Outcome {
    let mut values = Vec::new();
    for draw in 0..200_000_usize.div_ceil(shape.size()).min(20_000) {
        values.extend(widen(initializer.draw(shape, Key::new(1).fold(draw as u64))?.as_slice()));
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let stddev = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let farthest = values.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);

    let expected = |name: &str| case.json("expected")[name].as_f64();
    let (m, s) = (expected("mean").ok_or("no mean")?, expected("stddev").ok_or("no stddev")?);
    // Five standard errors. That of the standard deviation is the largest for the normal distribution.
    let near = |what: &str, got: f64, wanted: f64, allowed: f64| {
        if !((got - wanted).abs() <= allowed) {
            case.fail(format!("{what} of {n} draws is {got}, expected {wanted} ± {allowed}"));
        }
    };
    near("the mean", mean, m, 5.0 * s / n.sqrt());
    near("the standard deviation", stddev, s, 5.0 * s / (2.0 * n).sqrt());
    match expected("bound") {
        // The mean itself is uncertain by its standard error.
        Some(bound) => near("the largest distance from the mean", farthest, bound * 0.99, bound * 0.01 + 5.0 * s / n.sqrt()),
        // With no bound, this many draws of a normal distribution reach four standard deviations.
        None => near("the largest distance from the mean", farthest, s * 5.0, s),
    }
    Ok(())
}

/// Rows or columns, whichever are fewer, are orthogonal and of one length.
fn check_orthogonal(case: &Case<'_>, drawn: &Tensor) -> Outcome {
    let (rows, columns) = (drawn.shape().rows(), drawn.shape().last());
    let matrix = drawn.reshape([rows, columns])?;
    let gram = match case.text("orthogonal")? {
        "rows" => matrix.matmul(&matrix.transpose()?)?,
        "columns" => matrix.transpose()?.matmul(&matrix)?,
        other => return Err(format!("orthogonal in {other}?").into()),
    };
    let diagonal = case.json("gram_diagonal").as_f64().ok_or("no gram_diagonal")?;
    let expected = Tensor::eye(gram.shape()[0])?.scale(diagonal as f32)?;
    case.compare_slices("the Gram matrix", &widen(gram.as_slice()), &widen(expected.as_slice()));
    Ok(())
}
