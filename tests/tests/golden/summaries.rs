use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome};
use serde_json::Value;

use crate::models::Result;

const LEFT_OUT: [(&str, &str); 2] = [
    ("unbuilt_*", "a model without shapes has no summary: that it fails is tested below"),
    ("convolutional_*", "there are no convolutions, pools and normalization layers yet"),
];

#[test]
fn rows_and_counts() {
    let family = Family::load("summaries").unwrap();
    family.run(&LEFT_OUT, check).unwrap_or_else(|failures| panic!("{failures}"));
}

/// Keras prints a table of question marks.
#[test]
fn a_model_without_shapes_says_what_to_do() {
    let model = Sequential::new().add(Flatten::new()).add(Dense::new(16)).add(Dense::new(3));
    let error = model.summary().unwrap_err();
    assert!(error.is_state() && error.to_string().contains("Input"), "{error}");
}

fn check(case: &Case<'_>) -> Outcome {
    let kind = case.name().split('_').next().unwrap_or_default();
    let kind = if kind == "one" { "one_unit" } else { kind };
    let model = model(kind)?;
    let summary = model.summary()?;

    let layers = case.json("layers").as_array().ok_or("no layers")?;
    let rows: Vec<[String; 3]> = layers.iter().map(row).collect::<Option<_>>().ok_or("a layer without facts")?;
    case.expect("the rows", summary.rows(), rows.as_slice());
    let count = summary.param_count();
    let expected = |name: &str| case.json("params")[name].as_u64().map(|n| n as usize);
    case.expect("the total", Some(count.total), expected("total"));
    case.expect("those that learn", Some(count.trainable), expected("trainable"));
    case.expect("those that do not", Some(count.non_trainable), expected("non_trainable"));

    check_text(case, kind, &summary.to_string())
}

/// The text: the heading, the cells and the lines below the table are those of Keras; the drawing of the box is not.
fn check_text(case: &Case<'_>, kind: &str, got: &str) -> Outcome {
    let expected = case.text("text")?;
    let (got, expected) = (Text::read(got), Text::read(expected));
    case.expect("the first line", &got.title, &expected.title);
    // Keras cuts tables that are wider than the terminal, and names that are longer than their column.
    if expected.head.len() == got.head.len() {
        case.expect("the head", &got.head, &expected.head);
    }
    // With an optimizer, Keras counts its state among the model's parameters.
    let skipped = if kind == "compiled" { 1 } else { 0 };
    for line in got.below.iter().skip(skipped) {
        case.expect(&format!("Keras has the line {line:?}"), expected.below.contains(line), true);
    }
    case.expect("the number of lines below", got.below.len(), 3);
    Ok(())
}

struct Text {
    title: String,
    head: Vec<String>,
    below: Vec<String>,
}

impl Text {
    fn read(text: &str) -> Self {
        let cells = |line: &str| -> Vec<String> {
            let inner = line.trim().trim_matches(['│', '┃']);
            inner.split(['│', '┃']).map(|cell| cell.trim().to_owned()).collect()
        };
        let head = text.lines().find(|line| line.contains("Layer (type)")).map(cells).unwrap_or_default();
        let below = text.lines().filter(|line| line.contains("params: ")).map(|line| line.trim().to_owned()).collect();
        Self { title: text.lines().next().unwrap_or_default().trim().to_owned(), head, below }
    }
}

/// A layer as a row of the table.
fn row(layer: &Value) -> Option<[String; 3]> {
    let dims: Vec<Option<usize>> = serde_json::from_value(layer["output_shape"].clone()).ok()?;
    let params = layer["params"].as_u64()?.to_string();
    let mut grouped = String::new();
    for (place, digit) in params.chars().enumerate() {
        if place > 0 && (params.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let name = format!("{} ({})", layer["name"].as_str()?, layer["class_name"].as_str()?);
    Some([name, PartialShape::new(dims).to_string(), grouped])
}

/// The models whose summaries Keras printed.
fn model(kind: &str) -> Result<Sequential> {
    let classifier = |hidden: practicum_core::layers::LayerSpec| {
        let model = Sequential::new().add(Input::new([28, 28])).add(Flatten::new()).add(hidden);
        model.add(Dropout::new(0.2)).add(Dense::new(10).activation(Activation::Softmax))
    };
    let hidden = Dense::new(128).activation(Activation::Relu);
    Ok(match kind {
        "classifier" => classifier(hidden.into()),
        "frozen" => classifier(hidden.frozen()),
        "compiled" => {
            let mut model = classifier(hidden.into());
            model.compile("adam", "sparse_categorical_crossentropy", ())?;
            model
        }
        "named" => Sequential::new()
            .name("houses")
            .add(Input::new([4]))
            .add(Dense::new(1000).named("hidden"))
            .add(Dense::new(1000))
            .add(Dense::new(1000))
            .add(Dense::new(1).named("the_price_of_the_house_in_thousands")),
        "one_unit" => Sequential::new().add(Input::new([1])).add(Dense::new(1)),
        other => return Err(format!("no model {other}").into()),
    })
}
