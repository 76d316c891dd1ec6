//! Learning rates that change with the step, by Keras' names and formulas.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{Config, class_and_config, is_custom, to_config, to_value, unused, with_class};
use crate::{Error, Result};

/// A learning rate as a function of the optimizer's step.
///
/// ```
/// use practicum_core::schedules::Schedule;
///
/// let schedule = Schedule::ExponentialDecay {
///     initial_learning_rate: 0.1,
///     decay_steps: 100,
///     decay_rate: 0.5,
///     staircase: false,
/// };
/// assert!((schedule.at(200) - 0.025).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "class_name", content = "config")]
#[non_exhaustive]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// The rate.
        learning_rate: f64,
    },
    /// `rate · decay_rate^(step / decay_steps)`, the exponent rounded down if `staircase`.
    ExponentialDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps for one factor of `decay_rate`.
        decay_steps: u64,
        /// What the rate is multiplied by.
        decay_rate: f64,
        /// Whether it changes only every `decay_steps`.
        #[serde(default)]
        staircase: bool,
    },
    /// `rate / (1 + decay_rate · step / decay_steps)`, the quotient rounded down if `staircase`.
    InverseTimeDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps for one unit of time.
        decay_steps: u64,
        /// How fast it falls.
        decay_rate: f64,
        /// Whether it changes only every `decay_steps`.
        #[serde(default)]
        staircase: bool,
    },
    /// From the initial to the end rate along `(1 − step/decay_steps)^power`; with `cycle`, the steps grow to the next
    /// multiple whenever they are passed.
    PolynomialDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps until the end.
        decay_steps: u64,
        /// The rate at the end.
        #[serde(default = "end_learning_rate")]
        end_learning_rate: f64,
        /// The power of the curve; 1 is a line.
        #[serde(default = "one")]
        power: f64,
        /// Whether it starts over.
        #[serde(default)]
        cycle: bool,
    },
    /// Half a cosine from the initial rate to `alpha` times it (Loshchilov & Hutter, 2016), after a linear warm-up to
    /// `warmup_target` if there is one.
    CosineDecay {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps of the cosine.
        decay_steps: u64,
        /// The share of the rate that is left at the end.
        #[serde(default)]
        alpha: f64,
        /// The rate at the end of the warm-up.
        #[serde(default)]
        warmup_target: Option<f64>,
        /// Steps of the warm-up.
        #[serde(default)]
        warmup_steps: u64,
    },
    /// Half a cosine, again and again: each is `t_mul` times as long as the one before and begins at `m_mul` times its rate
    /// (Loshchilov & Hutter, 2016).
    CosineDecayRestarts {
        /// The rate at step 0.
        initial_learning_rate: f64,
        /// Steps of the first cosine.
        first_decay_steps: u64,
        /// What the steps are multiplied by at each restart; 1 or more.
        #[serde(default = "two")]
        t_mul: f64,
        /// What the rate is multiplied by at each restart.
        #[serde(default = "one")]
        m_mul: f64,
        /// The share of the rate that is left at the end of each cosine.
        #[serde(default)]
        alpha: f64,
    },
    /// `values[i]` up to and including step `boundaries[i]`, the last value after all of them.
    PiecewiseConstantDecay {
        /// Steps in ascending order.
        boundaries: Vec<u64>,
        /// One more than there are boundaries.
        values: Vec<f64>,
    },
}

fn end_learning_rate() -> f64 {
    1e-4
}

fn one() -> f64 {
    1.0
}

fn two() -> f64 {
    2.0
}

impl Schedule {
    /// The schedule as JSON, in Keras' words: its class and its options, or the rate alone where it is constant.
    pub fn config(&self) -> Value {
        match self {
            Self::Constant { learning_rate } => (*learning_rate).into(),
            other => to_value(other).unwrap_or_default(),
        }
    }

    /// A schedule from the JSON of [`config`](Schedule::config), or from what Keras writes.
    ///
    /// ```
    /// use practicum_core::schedules::Schedule;
    ///
    /// let config = serde_json::json!({
    ///     "class_name": "InverseTimeDecay",
    ///     "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
    /// });
    /// let schedule = Schedule::from_config(&config)?;
    /// assert_eq!(Schedule::from_config(&schedule.config())?, schedule);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Neither a rate nor a schedule, or a schedule with options that it does not have.
    pub fn from_config(config: &Value) -> Result<Self> {
        if let Some(rate) = config.as_f64() {
            return Ok(rate.into());
        }
        let (class, options) = class_and_config("a learning rate", config)?;
        if is_custom(config) {
            return Err(Error::format(format!("`{class}` of the file is a custom schedule, which has no counterpart here")));
        }
        let [given, kept] = [&options, &to_config(&Self::tagged(&class, &options)?)].map(|options| Value::Object(options.clone()));
        match unused(&given, &kept["config"]) {
            Some(option) => Err(Error::format(format!("{class} has no option `{option}`"))),
            None => Self::tagged(&class, &options),
        }
    }

    fn tagged(class: &str, options: &Config) -> Result<Self> {
        serde_json::from_value(with_class(class, options.clone()))
            .map_err(|source| Error::format(format!("cannot read the schedule {class}: {source}")))
    }

    /// The rate at a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        match self {
            Self::Constant { learning_rate } => *learning_rate,
            Self::ExponentialDecay { initial_learning_rate, decay_steps, decay_rate, staircase } => {
                initial_learning_rate * decay_rate.powf(passed(step, *decay_steps, *staircase))
            }
            Self::InverseTimeDecay { initial_learning_rate, decay_steps, decay_rate, staircase } => {
                initial_learning_rate / (1.0 + decay_rate * passed(step, *decay_steps, *staircase))
            }
            Self::PolynomialDecay { initial_learning_rate, decay_steps, end_learning_rate, power, cycle } => {
                let (step, mut steps) = (step as f64, *decay_steps as f64);
                if *cycle {
                    steps *= (step / steps).ceil().max(1.0);
                }
                let left = 1.0 - step.min(steps) / steps;
                (initial_learning_rate - end_learning_rate) * left.powf(*power) + end_learning_rate
            }
            Self::CosineDecay { initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps } => {
                let warmed = warmup_target.unwrap_or(*initial_learning_rate);
                let warmup = if warmup_target.is_some() { *warmup_steps } else { 0 };
                if step < warmup {
                    return initial_learning_rate + (warmed - initial_learning_rate) * step as f64 / warmup as f64;
                }
                let done = ((step - warmup) as f64 / *decay_steps as f64).min(1.0);
                warmed * ((1.0 - alpha) * 0.5 * (1.0 + (PI * done).cos()) + alpha)
            }
            Self::CosineDecayRestarts { initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha } => {
                let (restarts, done) = restarts(step as f64 / *first_decay_steps as f64, *t_mul);
                initial_learning_rate * ((1.0 - alpha) * 0.5 * m_mul.powf(restarts) * (1.0 + (PI * done).cos()) + alpha)
            }
            Self::PiecewiseConstantDecay { boundaries, values } => {
                let place = boundaries.iter().take_while(|boundary| step > **boundary).count();
                values.get(place).or(values.last()).copied().unwrap_or(0.0)
            }
        }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// No steps to decay in, rates that are negative or not finite, or boundaries that do not ascend or do not go with the
    /// values.
    pub fn check(&self) -> Result<()> {
        let steps = match self {
            Self::ExponentialDecay { decay_steps, .. }
            | Self::InverseTimeDecay { decay_steps, .. }
            | Self::PolynomialDecay { decay_steps, .. }
            | Self::CosineDecay { decay_steps, .. } => *decay_steps,
            Self::CosineDecayRestarts { t_mul, m_mul, .. } if !(*t_mul >= 1.0 && t_mul.is_finite() && *m_mul >= 0.0) => {
                return Err(Error::argument(format!(
                    "CosineDecayRestarts needs t_mul of 1 or more and m_mul of 0 or more, got {t_mul} and {m_mul}"
                )));
            }
            Self::CosineDecayRestarts { first_decay_steps, .. } => *first_decay_steps,
            Self::PiecewiseConstantDecay { boundaries, values } => {
                if values.len() != boundaries.len() + 1 || boundaries.windows(2).any(|pair| pair[0] >= pair[1]) {
                    return Err(Error::argument(format!(
                        "PiecewiseConstantDecay needs ascending boundaries and one more value than boundaries, got {boundaries:?} and {values:?}"
                    )));
                }
                1
            }
            Self::Constant { .. } => 1,
        };
        if steps == 0 {
            return Err(Error::argument("decay_steps is 0: a schedule needs one step or more"));
        }
        check_rate(self.at(0))
    }
}

fn passed(step: u64, decay_steps: u64, staircase: bool) -> f64 {
    let passed = step as f64 / decay_steps as f64;
    if staircase { passed.floor() } else { passed }
}

/// How many periods are over at a time in units of the first, each `factor` times as long as the one before, and how much
/// of the present one is.
fn restarts(time: f64, factor: f64) -> (f64, f64) {
    if factor == 1.0 {
        return (time.floor(), time.fract());
    }
    let (mut left, mut length, mut restarts) = (time, 1.0, 0.0);
    while left >= length {
        left -= length;
        length *= factor;
        restarts += 1.0;
    }
    (restarts, left / length)
}

/// A learning rate must be a number of 0 or more.
pub(crate) fn check_rate(rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        Ok(())
    } else {
        Err(Error::argument(format!("a learning rate is a number of 0 or more, got {rate}")))
    }
}

impl From<f64> for Schedule {
    fn from(learning_rate: f64) -> Self {
        Self::Constant { learning_rate }
    }
}
