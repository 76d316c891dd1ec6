//! `results.json`: what programs may rely on.

use serde_json::{Map, Value};

use super::Out;

/// A key, and what its value must be.
type Wanted<'a> = (&'a str, fn(&Value) -> bool);

/// That an object has these keys, and what each must hold.
fn holds<'a>(value: &'a Value, keys: &[Wanted<'_>]) -> &'a Map<String, Value> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    for (key, is_right) in keys {
        let found = object.get(*key).unwrap_or_else(|| panic!("`{key}` is missing in {value}"));
        assert!(is_right(found), "`{key}` is {found}");
    }
    object
}

/// A number, or null for one that is not finite, which JSON does not have.
fn is_number(value: &Value) -> bool {
    value.is_number() || value.is_null()
}

fn are_numbers(value: &Value) -> bool {
    value.as_array().is_some_and(|values| values.iter().all(is_number))
}

fn check(results: &Value) {
    holds(
        results,
        &[
            ("week", Value::is_string),
            ("title", Value::is_string),
            ("scale", |scale| scale == "quick" || scale == "course"),
            ("seed", Value::is_u64),
            ("threads", Value::is_u64),
            ("data", Value::is_array),
            ("runs", Value::is_array),
            ("artifacts", |files| files.as_array().is_some_and(|files| files.iter().all(Value::is_string))),
        ],
    );
    for data in results["data"].as_array().unwrap() {
        let keys = holds(
            data,
            &[("id", Value::is_string), ("source", |source| ["real", "built-in", "inline"].iter().any(|known| source == known))],
        );
        assert_eq!(keys.len(), 2, "{data}");
    }
    for run in results["runs"].as_array().unwrap() {
        holds(
            run,
            &[
                ("id", Value::is_string),
                ("title", Value::is_string),
                ("params", Value::is_object),
                ("epochs", Value::is_u64),
                ("seconds", Value::is_f64),
                ("history", |history| history.as_object().is_some_and(|history| history.values().all(are_numbers))),
                ("metrics", |metrics| metrics.as_object().is_some_and(|metrics| metrics.values().all(is_number))),
                ("targets", Value::is_array),
            ],
        );
        let params = holds(&run["params"], &[("total", Value::is_u64), ("trainable", Value::is_u64), ("non_trainable", Value::is_u64)]);
        assert_eq!(params.len(), 3, "{params:?}");
        for curve in run["history"].as_object().unwrap().values() {
            assert_eq!(curve.as_array().map(Vec::len), run["epochs"].as_u64().map(|epochs| epochs as usize));
        }
        for target in run["targets"].as_array().unwrap() {
            let keys = holds(
                target,
                &[
                    ("metric", Value::is_string),
                    ("bound", Value::is_string),
                    ("value", is_number),
                    ("verdict", |verdict| ["met", "missed", "too-short"].iter().any(|known| verdict == known)),
                    ("print", Value::is_boolean),
                    ("source", Value::is_string),
                    ("course", is_number),
                ],
            );
            assert_eq!(keys.len(), 7, "{target}");
            assert_eq!(run["metrics"][target["metric"].as_str().unwrap()], target["value"]);
        }
    }
}

#[test]
fn of_texts_that_only_become_numbers_have_a_picture_for_the_overview() {
    let out = Out::new();
    out.run_week(&["c3w1", "--lab", "3", "--data", "builtin", "--quiet"]).succeeded();
    let figure = &out.results("c3w1")["figures"][0];
    assert_eq!((&figure["run"], &figure["title"]), (&"lab3".into(), &"How often each word occurs".into()));
    let overview = std::fs::read_to_string(out.path().join("index.html")).unwrap();
    assert!(overview.contains(&format!("src=\"c3w1/{}\"", figure["file"].as_str().unwrap())), "{overview}");
}

#[test]
fn of_a_week_with_its_data_in_the_lab() {
    let out = Out::new();
    out.run_week(&["c1w1", "--quiet"]).succeeded();
    let results = out.results("c1w1");
    check(&results);
    assert_eq!((&results["week"], &results["data"][0]["source"]), (&"c1w1".into(), &"inline".into()));
    let line = &results["runs"][0];
    assert_eq!((&line["id"], line["epochs"].as_u64(), line["params"]["total"].as_u64()), (&"lab1".into(), Some(500), Some(2)));
    assert_eq!((&line["targets"][0]["metric"], &line["targets"][0]["verdict"]), (&"predict_10".into(), &"met".into()));
    // What it names is there, and what is there is named.
    let mut named: Vec<String> = results["artifacts"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned()).collect();
    named.push("results.json".to_owned());
    named.sort();
    let mut there: Vec<String> = out.files().iter().filter_map(|file| file.strip_prefix("c1w1/").map(str::to_owned)).collect();
    there.sort();
    assert_eq!(there, named);
}

#[test]
fn of_a_week_on_data_that_the_code_draws() {
    let out = Out::new();
    out.run_week(&["c1w2", "--data", "builtin", "--lab", "1", "--quiet", "--no-report"]).succeeded();
    let results = out.results("c1w2");
    check(&results);
    let main = &results["runs"][0];
    assert_eq!((&main["id"], main["params"]["total"].as_u64(), main["epochs"].as_u64()), (&"lab1".into(), Some(101_770), Some(5)));
    assert_eq!(results["data"], serde_json::json!([{"id": "fmnist", "source": "built-in"}]));
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&main["history"]), ["accuracy", "loss", "val_accuracy", "val_loss"]);
    assert_eq!(names(&main["metrics"]), ["test_accuracy", "test_loss", "train_accuracy", "train_loss"]);
    assert_eq!((&main["targets"][0]["metric"], &main["targets"][0]["verdict"]), (&"test_accuracy".into(), &"met".into()));
}
