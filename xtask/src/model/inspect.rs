//! What is in a file.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use practicum_core::{Tensor, io};

/// A text about a file: its kind, the model's summary, and its arrays.
pub(super) fn describe(path: &Path) -> Result<String> {
    let mut text = String::new();
    match io::load(path, &super::registry()) {
        Ok(loaded) => {
            let version = loaded.keras_version.map_or_else(String::new, |version| format!(", written by Keras {version}"));
            writeln!(text, "{} is {}{version}\n", path.display(), loaded.kind)?;
            writeln!(text, "{}\n", loaded.model.summary()?)?;
            let parameters = loaded.model.parameters().iter();
            list(&mut text, parameters.map(|parameter| (parameter.path(), parameter.value())))?;
        }
        // A file of weights alone, or a model that cannot be built here, still has arrays.
        Err(error) => {
            let arrays = io::read_arrays(path).map_err(|_| error.clone())?;
            writeln!(text, "{error}\n")?;
            list(&mut text, arrays.iter().map(|(name, value)| (name.as_str(), value)))?;
        }
    }
    Ok(text)
}

fn list<'a>(text: &mut String, arrays: impl Iterator<Item = (&'a str, &'a Tensor)>) -> Result<()> {
    let rows: Vec<[String; 5]> = arrays.map(|(name, value)| row(name, value)).collect();
    let heads = ["weights", "shape", "sum", "least", "largest"];
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).chain([heads[column].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut line = |cells: [&str; 5]| -> Result<()> {
        write!(text, "{:<w$}  {:<v$}", cells[0], cells[1], w = widths[0], v = widths[1])?;
        for column in 2..5 {
            write!(text, "  {:>w$}", cells[column], w = widths[column])?;
        }
        writeln!(text)?;
        Ok(())
    };
    line(heads)?;
    rows.iter().try_for_each(|row| line(std::array::from_fn(|column| row[column].as_str())))
}

fn row(name: &str, value: &Tensor) -> [String; 5] {
    let numbers = value.as_slice();
    let sum: f64 = numbers.iter().map(|x| f64::from(*x)).sum();
    let (least, largest) = numbers.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(least, largest), x| (least.min(*x), largest.max(*x)));
    let range = |x: f32| match numbers.iter().any(|number| number.is_nan()) {
        _ if numbers.is_empty() => "–".to_owned(),
        true => "NaN".to_owned(),
        false => format!("{x:.4}"),
    };
    [name.to_owned(), value.shape().to_string(), format!("{sum:.4}"), range(least), range(largest)]
}
