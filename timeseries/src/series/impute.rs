use practicum_core::{Error, Result};

/// How missing values are filled. NaN stands for a missing value.
///
/// `Linear` and `Seasonal` look at values after the gap: fill before a series is cut only what is missing for no reason
/// that the forecast could profit from, and else use `Forward`, which knows the past alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Imputation {
    /// A straight line between the neighbours. At the beginning and the end it is the nearest value.
    Linear,
    /// The last value again.
    Forward,
    /// The mean of the values at the same index of other seasons of this many steps, moved by how much the mean
    /// of the nearest season around the gap differs from that of all.
    Seasonal(usize),
}

impl Imputation {
    /// The values with those that are missing filled.
    ///
    /// ```
    /// use practicum_timeseries::series::Imputation;
    ///
    /// let values = [1.0, f64::NAN, 5.0, f64::NAN];
    /// assert_eq!(Imputation::Linear.fill(&values)?, [1.0, 3.0, 5.0, 5.0]);
    /// assert_eq!(Imputation::Forward.fill(&values)?, [1.0, 1.0, 5.0, 5.0]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Values of which all are missing; for `Forward`, that the first is missing; for `Seasonal`, a period of 0, and a
    /// step of the season of which no value is there.
    pub fn fill(self, values: &[f64]) -> Result<Vec<f64>> {
        let Some(first) = values.iter().position(|value| !value.is_nan()) else {
            return Err(Error::data(format!("all {} values are missing", values.len())));
        };
        match self {
            Self::Linear => Ok(linear(values)),
            Self::Forward if first > 0 => Err(Error::data(format!("the first {first} values are missing: no value stands before them"))
                .hint("cut them off, or fill with `Linear` or `Seasonal`")),
            Self::Forward => {
                let mut last = values[0];
                let keep = |value: &f64| {
                    last = if value.is_nan() { last } else { *value };
                    last
                };
                Ok(values.iter().map(keep).collect())
            }
            Self::Seasonal(period) => seasonal(values, period),
        }
    }
}

fn linear(values: &[f64]) -> Vec<f64> {
    let mut filled = values.to_vec();
    let mut known: Option<usize> = None;
    for index in 0..values.len() {
        if values[index].is_nan() {
            continue;
        }
        let value = values[index];
        match known {
            None => filled[..index].fill(value),
            Some(before) => {
                let (start, steps) = (values[before], (index - before) as f64);
                for (step, gap) in filled[before..index].iter_mut().enumerate().skip(1) {
                    *gap = start + (value - start) * (step as f64 / steps);
                }
            }
        }
        known = Some(index);
    }
    if let Some(last) = known {
        filled[last..].fill(values[last]);
    }
    filled
}

fn seasonal(values: &[f64], period: usize) -> Result<Vec<f64>> {
    if period == 0 {
        return Err(Error::argument("the period of the seasons is 0, expected 1 step or more"));
    }
    let places = (0..period.min(values.len())).map(|place| {
        let known = values.iter().skip(place).step_by(period).filter(|value| !value.is_nan());
        let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
        if count == 0 {
            return Err(
                Error::data(format!("step {place} of the season of {period} is missing in every season")).hint("fill with `Linear`")
            );
        }
        Ok(sum / count as f64)
    });
    let places = places.collect::<Result<Vec<f64>>>()?;
    let level = |index: usize| {
        let (from, to) = (index.saturating_sub(period / 2), (index + period.div_ceil(2)).min(values.len()));
        let around = (from..to).filter(|index| !values[*index].is_nan()).map(|index| values[index] - places[index % period]);
        let (sum, count) = around.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
        if count == 0 { 0.0 } else { sum / count as f64 }
    };
    let fill = |(index, value): (usize, &f64)| if value.is_nan() { places[index % period] + level(index) } else { *value };
    Ok(values.iter().enumerate().map(fill).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: f64 = f64::NAN;

    #[test]
    fn every_way() {
        assert_eq!(Imputation::Linear.fill(&[GAP, 2.0, GAP, GAP, 8.0, GAP]).unwrap(), [2.0, 2.0, 4.0, 6.0, 8.0, 8.0]);
        assert_eq!(Imputation::Forward.fill(&[2.0, GAP, GAP, 1.0, GAP]).unwrap(), [2.0, 2.0, 2.0, 1.0, 1.0]);
        // Two seasons of three: the second stands 10 higher, and so does what is filled in it.
        let filled = Imputation::Seasonal(3).fill(&[1.0, 2.0, 6.0, 11.0, GAP, 16.0, 21.0, 22.0, 26.0]).unwrap();
        assert!((filled[4] - 12.0).abs() < 1e-12, "{filled:?}");
        assert_eq!(Imputation::Seasonal(5).fill(&[1.0, 2.0]).unwrap(), [1.0, 2.0]);
    }

    #[test]
    fn what_cannot_be_filled_is_told() {
        assert!(Imputation::Linear.fill(&[GAP, GAP]).unwrap_err().to_string().contains("all 2 values"));
        assert!(Imputation::Forward.fill(&[GAP, 1.0]).unwrap_err().to_string().contains("first 1 values are missing"));
        assert!(Imputation::Seasonal(0).fill(&[1.0]).unwrap_err().is_argument());
        assert!(Imputation::Seasonal(2).fill(&[1.0, GAP, 2.0, GAP]).unwrap_err().to_string().contains("step 1 of the season of 2"));
    }
}
