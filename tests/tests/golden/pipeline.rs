use practicum_core::data::{BatchOptions, Cardinality, Dataset, WindowOptions};
use practicum_core::{Result, Tensor};
use practicum_tests::golden::{Case, Family, Outcome};
use serde_json::{Value, json};

#[test]
fn stages_give_what_those_of_tensorflow_give() {
    let family = Family::load("pipeline").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let n = case.json("n").as_i64().ok_or("no n")?;
    // Once over elements that can be had in any order, once over the same ones, one by one.
    for numbers in [Dataset::range(0..n), Dataset::range(0..n).map(Ok)] {
        let name = case.name();
        if name.starts_with("order_") {
            compare(case, &ordered(numbers, case.json("stages"))?, |number| Ok(json!(number)))?;
        } else if name.starts_with("window_") {
            let options = window_options(case.json("options"));
            let (size, windows) = (options.size, numbers.window(options));
            if name.ends_with("_flat") {
                compare(case, &windows.flat_map(move |window| Ok(window.batch(size))), tensor)?;
            } else {
                compare(case, &windows, |window| Ok(json!(window.iter().collect::<Result<Vec<_>>>()?)))?;
            }
        } else if name.starts_with("batch_") {
            compare(case, &numbers.batch(batch_options(case.json("options"))), tensor)?;
        } else if name.starts_with("padded_batch_") {
            let lengths = |x: i64| Ok((vec![x + 1; x as usize], (1..=x * 7 % 4 + 1).collect::<Vec<_>>()));
            compare(case, &numbers.map(lengths).padded_batch(batch_options(case.json("options"))), pair)?;
        } else if name.starts_with("zip_") {
            let other = case.json("other").as_i64().ok_or("no other")?;
            compare(case, &numbers.zip(Dataset::range(0..other).map(|x| Ok(x * 10))), |both| Ok(json!(both)))?;
        } else if name == "enumerate" {
            compare(case, &numbers.map(|x| Ok(x * 10)).enumerate(), |both| Ok(json!(both)))?;
        } else {
            compare(case, &course(numbers, name), pair)?;
        }
    }
    Ok(())
}

fn compare<T: Send + 'static>(case: &Case<'_>, dataset: &Dataset<T>, plain: impl Fn(T) -> Result<Value>) -> Outcome {
    let cardinality = match dataset.cardinality() {
        Cardinality::Known(len) => json!(len),
        Cardinality::Infinite => json!(-1),
        Cardinality::Unknown => json!(-2),
    };
    let elements = dataset.iter().map(|element| plain(element?)).collect::<Result<Vec<_>>>()?;
    let expected = (case.json("cardinality"), case.json("elements"));
    if expected != (&cardinality, &json!(elements)) {
        return Err(format!("expected {} elements {}, got {cardinality}: {}", expected.0, expected.1, json!(elements)).into());
    }
    Ok(())
}

fn tensor(tensor: Tensor) -> Result<Value> {
    fn nested(values: &[f32], dims: &[usize]) -> Value {
        match dims {
            [] => json!(values[0] as i64),
            [size, dims @ ..] => {
                let part: usize = dims.iter().product();
                (0..*size).map(|index| nested(&values[index * part..(index + 1) * part], dims)).collect()
            }
        }
    }
    Ok(nested(tensor.as_slice(), tensor.shape().dims()))
}

fn pair((a, b): (Tensor, Tensor)) -> Result<Value> {
    Ok(json!([tensor(a)?, tensor(b)?]))
}

fn ordered(numbers: Dataset<i64>, stages: &Value) -> std::result::Result<Dataset<i64>, Box<dyn std::error::Error>> {
    stages.as_array().ok_or("no stages")?.iter().try_fold(numbers, |numbers, stage| {
        let argument = stage[1].as_i64().unwrap_or(0);
        let count = argument as usize;
        Ok(match stage[0].as_str().unwrap_or_default() {
            "take" => numbers.take(count),
            "skip" => numbers.skip(count),
            "repeat" if argument < 0 => numbers.repeat_forever(),
            "repeat" => numbers.repeat(count),
            "concatenate" => numbers.concatenate(Dataset::range(0..argument)),
            "filter" => numbers.filter(move |x| Ok(x % argument == 0)),
            "shuffle" => numbers.shuffle(count),
            "cache" => numbers.cache(),
            "prefetch" => numbers.prefetch(count),
            "flat_map_range" => numbers.flat_map(|x| Ok(Dataset::range(0..x))),
            "batch_unbatch" => numbers.batch(count).unbatch().map(|x| Ok(x.item()? as i64)),
            other => return Err(format!("no stage {other}").into()),
        })
    })
}

fn window_options(options: &Value) -> WindowOptions {
    let number = |name: &str| options[name].as_u64().map(|number| number as usize);
    let window = WindowOptions::new(number("size").unwrap_or(0)).stride(number("stride").unwrap_or(0));
    let window = window.drop_remainder(options["drop_remainder"] == true);
    number("shift").map_or(window, |shift| window.shift(shift))
}

fn batch_options(options: &Value) -> BatchOptions {
    BatchOptions::new(options["batch_size"].as_u64().unwrap_or(0) as usize).drop_remainder(options["drop_remainder"] == true)
}

fn course(numbers: Dataset<i64>, name: &str) -> Dataset<(Tensor, Tensor)> {
    let windows = numbers.window(WindowOptions::new(5).shift(1).drop_remainder(true)).flat_map(|window| Ok(window.batch(5)));
    let pairs = match name {
        "course_vector" => windows.map(|window| Ok((window.rows(0..4)?, window.rows(4..5)?))),
        "course_scalar" => windows.map(|window| Ok((window.rows(0..4)?, window.row(4)?))),
        _ => windows.map(|window| Ok((window.rows(0..4)?, window.rows(1..5)?))),
    };
    pairs.batch(2).prefetch(1)
}
