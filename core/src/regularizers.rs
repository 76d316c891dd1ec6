//! Penalties on parameters and activities that are added to the loss.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::autodiff::Var;
use crate::config::{check_known, check_of_keras, class_and_config, number};
use crate::{Error, Result};

/// A penalty `l1·Σ|w| + l2·Σw²`, with Keras' defaults of 0.01 for each.
///
/// ```
/// use practicum_core::regularizers::Regularizer;
///
/// assert_eq!(Regularizer::l2(0.01), Regularizer::l1_l2(0.0, 0.01));
/// assert!(Regularizer::l1(-1.0).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Config")]
pub struct Regularizer {
    l1: f32,
    l2: f32,
}

impl Regularizer {
    /// `l1·Σ|w|`.
    pub fn l1(l1: f32) -> Self {
        Self::l1_l2(l1, 0.0)
    }

    /// `l2·Σw²`, without a half.
    pub fn l2(l2: f32) -> Self {
        Self::l1_l2(0.0, l2)
    }

    /// `l1·Σ|w| + l2·Σw²`.
    pub fn l1_l2(l1: f32, l2: f32) -> Self {
        Self { l1, l2 }
    }

    /// Checks the factors.
    ///
    /// # Errors
    /// A factor that is negative or not finite.
    pub fn check(&self) -> Result<()> {
        match [self.l1, self.l2].into_iter().find(|factor| !(factor.is_finite() && *factor >= 0.0)) {
            Some(factor) => Err(Error::argument(format!("the factor of a regularizer is 0 or more, got {factor}"))),
            None => Ok(()),
        }
    }

    /// The penalty of a tensor; `None` where both factors are 0.
    ///
    /// # Errors
    /// The operations fail.
    pub fn penalty(&self, w: &Var) -> Result<Option<Var>> {
        let l1 = if self.l1 > 0.0 { Some(w.abs()?.sum()?.scale(self.l1)?) } else { None };
        let l2 = if self.l2 > 0.0 { Some(w.square()?.sum()?.scale(self.l2)?) } else { None };
        Ok(match (l1, l2) {
            (Some(l1), Some(l2)) => Some(l1.add(&l2)?),
            (one, other) => one.or(other),
        })
    }
}

/// Keras' three classes, as they are written.
#[derive(Serialize)]
struct Config {
    module: &'static str,
    class_name: &'static str,
    config: Value,
    registered_name: Option<String>,
}

impl TryFrom<Value> for Regularizer {
    type Error = Error;

    /// By a name, such as `l2`, or by an object with class and options.
    fn try_from(json: Value) -> Result<Self> {
        let (class, options) = class_and_config("a regularizer", &json)?;
        let factors: &[&str] = match class.to_lowercase().as_str() {
            "l1" => &["l1"],
            "l2" => &["l2"],
            "l1l2" | "l1_l2" => &["l1", "l2"],
            _ => return Err(Error::unknown("regularizer", &class, ["L1", "L2", "L1L2"])),
        };
        check_of_keras(&class, &json, "regularizer")?;
        check_known(&format!("option of the regularizer {class}"), Some(&options), factors)?;
        let factor = |name: &str| -> Result<f32> {
            let absent = if factors.contains(&name) { 0.01 } else { 0.0 };
            let Some(value) = options.get(name) else { return Ok(absent) };
            let number = value.as_f64().map(|number| number as f32);
            number.ok_or_else(|| Error::format(format!("{name} of the regularizer {class} is a number, got {value}")))
        };
        Ok(Self::l1_l2(factor("l1")?, factor("l2")?))
    }
}

impl From<Regularizer> for Config {
    fn from(Regularizer { l1, l2 }: Regularizer) -> Self {
        let (class_name, config) = if l2 == 0.0 {
            ("L1", json!({"l1": number(l1)}))
        } else if l1 == 0.0 {
            ("L2", json!({"l2": number(l2)}))
        } else {
            ("L1L2", json!({"l1": number(l1), "l2": number(l2)}))
        };
        Self { module: "keras.regularizers", class_name, config, registered_name: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f12_what_a_regularizer_does_not_use_is_refused_by_name() {
        for regularizer in [Regularizer::l1(0.5), Regularizer::l2(0.25), Regularizer::l1_l2(0.5, 2.0)] {
            assert_eq!(Regularizer::try_from(serde_json::to_value(regularizer).unwrap()).unwrap(), regularizer);
        }
        assert_eq!(Regularizer::try_from(json!("l2")).unwrap(), Regularizer::l2(0.01));
        for (json, word) in [
            (json!({"class_name": "L2", "config": {"l1": 0.1}}), "l1"),
            (json!({"class_name": "L2", "config": 0.3}), "0.3"),
            (json!({"class_name": "L2", "module": "mine", "config": {"l2": 0.1}}), "mine"),
            (json!({"class_name": "OrthogonalRegularizer", "config": {"factor": 0.1}}), "OrthogonalRegularizer"),
            (json!({"class_name": "L1", "config": {"l1": 0.1}, "scaled": 1}), "scaled"),
        ] {
            let error = Regularizer::try_from(json).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
