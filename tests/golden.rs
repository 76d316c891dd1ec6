//! Reads what Keras computed, and compares: see `golden/README.md` for the files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use practicum_core::Tensor;
use practicum_core::data::Data;
use safetensors::tensor::{Dtype, SafeTensors};
use serde_json::{Map, Value};

/// What a case comes to: an error is a case that could not be computed. Numbers that differ are collected in the case.
pub type Outcome = Result<(), Box<dyn Error>>;

/// The folder of the golden files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// How far numbers may be from those whose largest is `largest`.
pub fn allowance(largest: f64) -> f64 {
    1e-6 + 1e-4 * largest
}

/// The cases of one file, and their tensors.
pub struct Family {
    name: String,
    cases: Vec<Value>,
    tensors: BTreeMap<String, Data>,
}

impl Family {
    /// Reads `<name>.json`, and `<name>.safetensors` where there is one.
    ///
    /// # Errors
    /// Files that are missing or not whole.
    pub fn load(name: &str) -> Result<Self, Box<dyn Error>> {
        let json: Value = serde_json::from_slice(&std::fs::read(folder().join(format!("{name}.json")))?)?;
        let cases = json["cases"].as_array().ok_or("there is no list of cases")?.clone();
        let path = folder().join(format!("{name}.safetensors"));
        let tensors = if path.exists() { read_tensors(&std::fs::read(path)?)? } else { BTreeMap::new() };
        Ok(Self { name: name.to_owned(), cases, tensors })
    }

    /// Runs all cases but those left out. A name in `left_out` stands with the reason; with `*` at its end it stands for all
    /// names that begin so.
    ///
    /// # Errors
    /// All that went wrong, as one text: numbers that differ, cases that could not be computed, tensors of a case that no one
    /// looked at, and names in `left_out` that no case has.
    pub fn run(&self, left_out: &[(&str, &str)], check: impl Fn(&Case<'_>) -> Outcome) -> Result<(), String> {
        let mut failures = Vec::new();
        let mut skipped = vec![false; left_out.len()];
        let mut ran = 0;
        for json in &self.cases {
            let case = Case { family: self, json, read: RefCell::default(), failures: RefCell::default() };
            if let Some(place) = left_out.iter().position(|(pattern, _)| matches(pattern, case.name())) {
                skipped[place] = true;
                continue;
            }
            ran += 1;
            match check(&case) {
                Ok(()) => case.check_all_read(),
                Err(error) => case.fail(error),
            }
            failures.extend(case.failures.into_inner());
        }
        let stale = left_out.iter().zip(&skipped).filter(|(_, skipped)| !**skipped);
        failures.extend(stale.map(|((name, _), _)| format!("`{name}` is left out, but there is no such case")));
        if ran == 0 {
            failures.push("no case was run".to_owned());
        }
        if failures.is_empty() {
            return Ok(());
        }
        Err(format!("{}: {} of {ran} cases run\n{}", self.name, failures.len(), failures.join("\n")))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn read_tensors(file: &[u8]) -> Result<BTreeMap<String, Data>, Box<dyn Error>> {
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(file)?.tensors() {
        let words = view.data().as_chunks::<4>().0.iter();
        let data = match view.dtype() {
            Dtype::F32 => Data::from_tensor(Tensor::new(
                practicum_core::Shape::new(view.shape())?,
                words.map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            )?)?,
            Dtype::I32 => {
                Data::from_i32(practicum_core::Shape::new(view.shape())?, words.map(|bytes| i32::from_le_bytes(*bytes)).collect())?
            }
            other => return Err(format!("{name} is stored as {other:?}").into()),
        };
        tensors.insert(name, data);
    }
    Ok(tensors)
}

/// One case of a family.
pub struct Case<'a> {
    family: &'a Family,
    json: &'a Value,
    read: RefCell<BTreeSet<String>>,
    failures: RefCell<Vec<String>>,
}

impl Case<'_> {
    /// The name, unique in the family.
    pub fn name(&self) -> &str {
        self.json["name"].as_str().unwrap_or_default()
    }

    /// A field of the case; null where there is none.
    pub fn json(&self, field: &str) -> &Value {
        &self.json[field]
    }

    /// A field that holds a text.
    ///
    /// # Errors
    /// It does not.
    pub fn text(&self, field: &str) -> Result<&str, Box<dyn Error>> {
        self.json[field].as_str().ok_or_else(|| format!("there is no text `{field}`").into())
    }

    /// A field that holds a list of numbers.
    ///
    /// # Errors
    /// It does not.
    pub fn numbers(&self, field: &str) -> Result<Vec<f64>, Box<dyn Error>> {
        numbers(&self.json[field]).ok_or_else(|| format!("`{field}` is no list of numbers").into())
    }

    /// Keras' name of the class.
    ///
    /// # Errors
    /// The case is not about a class.
    pub fn class(&self) -> Result<&str, Box<dyn Error>> {
        self.text("class_name")
    }

    /// What `get_config` gave.
    pub fn config(&self) -> Map<String, Value> {
        self.json["config"].as_object().cloned().unwrap_or_default()
    }

    /// The keys of the tensors listed in a field.
    pub fn listed(&self, field: &str) -> Vec<String> {
        let prefix = format!("{}/", self.name());
        let name = |value: &Value| {
            let tensor = value["tensor"].as_str().or(value.as_str()).unwrap_or_default();
            tensor.strip_prefix(&prefix).unwrap_or(tensor).to_owned()
        };
        self.json[field].as_array().map(|names| names.iter().map(name).collect()).unwrap_or_default()
    }

    /// A tensor of the case, in the type it is stored in.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn data(&self, key: &str) -> Result<Data, Box<dyn Error>> {
        self.read.borrow_mut().insert(key.to_owned());
        let data = self.family.tensors.get(&format!("{}/{key}", self.name()));
        data.cloned().ok_or_else(|| format!("there is no tensor `{key}`").into())
    }

    /// A tensor of the case.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn tensor(&self, key: &str) -> Result<Tensor, Box<dyn Error>> {
        Ok(self.data(key)?.to_tensor()?)
    }

    /// The tensors listed in a field.
    ///
    /// # Errors
    /// One that is listed is not there.
    pub fn tensors(&self, field: &str) -> Result<Vec<Tensor>, Box<dyn Error>> {
        self.listed(field).iter().map(|key| self.tensor(key)).collect()
    }

    /// Says that a tensor is not compared, and why.
    pub fn leave(&self, key: &str, _why: &str) {
        self.read.borrow_mut().insert(key.to_owned());
    }

    /// Compares a tensor with the one that Keras computed: shape and numbers.
    ///
    /// # Errors
    /// There is none of that key.
    pub fn compare(&self, key: &str, got: &Tensor) -> Outcome {
        let expected = self.tensor(key)?;
        // Scalars are stored as one number in one axis.
        let scalar = got.rank() == 0 && expected.shape().dims() == [1];
        if got.shape() != expected.shape() && !scalar {
            self.fail(format!("{key} has the shape {}, expected {}", got.shape(), expected.shape()));
            return Ok(());
        }
        self.compare_slices(key, &widen(got.as_slice()), &widen(expected.as_slice()));
        Ok(())
    }

    /// Compares a number.
    pub fn compare_number(&self, what: &str, got: f64, expected: f64) {
        self.compare_slices(what, &[got], &[expected]);
    }

    /// Compares lists of numbers.
    pub fn compare_slices(&self, what: &str, got: &[f64], expected: &[f64]) {
        if got.len() != expected.len() {
            self.fail(format!("{what}: {} numbers, expected {}", got.len(), expected.len()));
            return;
        }
        let allowed = allowance(expected.iter().fold(0.0, |largest, number| number.abs().max(largest)));
        // Written so that NaN fails.
        let apart = got.iter().zip(expected).position(|(got, expected)| !((got - expected).abs() <= allowed));
        if let Some(place) = apart {
            self.fail(format!("{what}[{place}] is {:e}, expected {:e} (allowed apart: {allowed:e})", got[place], expected[place]));
        }
    }

    /// Compares anything else.
    pub fn expect<T: PartialEq + std::fmt::Debug>(&self, what: &str, got: T, expected: T) {
        if got != expected {
            self.fail(format!("{what} is {got:?}, expected {expected:?}"));
        }
    }

    /// Takes down something that is not as it should be.
    pub fn fail(&self, what: impl std::fmt::Display) {
        self.failures.borrow_mut().push(format!("  {}: {what}", self.name()));
    }

    /// A tensor that no one looked at is a number that no one checked.
    fn check_all_read(&self) {
        let prefix = format!("{}/", self.name());
        let read = self.read.borrow();
        let keys = self.family.tensors.keys().filter_map(|name| name.strip_prefix(&prefix));
        let unread: Vec<&str> = keys.filter(|key| !read.contains(*key)).collect();
        if !unread.is_empty() {
            self.fail(format!("no one looked at {}", unread.join(", ")));
        }
    }
}

/// A JSON list of numbers.
pub fn numbers(list: &Value) -> Option<Vec<f64>> {
    list.as_array()?.iter().map(Value::as_f64).collect()
}

/// The same numbers as `f64`.
pub fn widen(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}
