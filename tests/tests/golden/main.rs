//! Practicum's numbers against those of Keras, case by case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod callbacks;
mod compiled;
mod convolution;
mod functional;
mod initializers;
mod layers;
mod losses;
mod merging;
mod metrics;
mod models;
mod normalization;
mod optimizers;
mod parity;
mod pictures;
mod pipeline;
mod recurrent;
mod schedules;
mod summaries;
mod training;

use practicum_tests::golden::{Family, folder};

const TESTED: &[&str] = &[
    "callbacks",
    "compiled",
    "convolution",
    "functional",
    "initializers",
    "layers",
    "losses",
    "merging",
    "metrics",
    "normalization",
    "optimizers",
    "parity",
    "pictures",
    "pipeline",
    "recurrent",
    "schedules",
    "summaries",
    "training",
];

#[test]
fn every_golden_file_is_tested() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, TESTED);
}

/// The comparison notices what it is there to notice.
#[test]
fn what_is_not_looked_at_or_not_a_number_fails() {
    let family = Family::load("schedules").unwrap();
    let rates = |factor: f32| {
        family.run(&[], |case| {
            case.tensor("steps")?;
            case.compare("rates", &case.tensor("rates")?.scale(factor)?)
        })
    };
    assert_eq!(rates(1.0), Ok(()));
    assert!(rates(1.01).unwrap_err().contains("exponential: rates[0]"));
    assert!(rates(f32::NAN).is_err());

    let failures = family.run(&[("cosine*", "a reason"), ("no_such_case", "a reason")], |_| Ok(())).unwrap_err();
    assert!(failures.contains("`no_such_case` is left out, but there is no such case"), "{failures}");
    assert!(failures.contains("exponential: no one looked at rates, steps") && !failures.contains("cosine"), "{failures}");
    assert!(family.run(&[("*", "a reason")], |_| Ok(())).unwrap_err().contains("no case was run"));
}
