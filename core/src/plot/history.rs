//! The logs of a training over its epochs.

use super::axis::{Axis, Scale};
use super::chart::Chart;
use super::labels::{capital, words};
use super::marks::{Mark, Series};
use crate::{Error, History, Result};

impl Axis {
    /// The axis of a log such as `loss` or `accuracy`: its name in words with its unit. It is logarithmic where the log is a loss,
    /// an error or a learning rate by its name and its values span more than one and a half decades; without values it is linear.
    ///
    /// ```
    /// use practicum_core::plot::{Axis, Scale};
    ///
    /// assert_eq!(Axis::of_log("loss", [60.0, 1.0, 0.1]).scale(), Scale::Log);
    /// assert_eq!(Axis::of_log("f1_score", [0.01, 0.9]).scale(), Scale::Linear);
    /// ```
    pub fn of_log(log: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let scale = if counts_ratios(log) && spans_decades(values.into_iter()) { Scale::Log } else { Scale::Linear };
        let unit = match log {
            _ if log.contains("acc") || matches!(log, "precision" | "recall") => " (share of examples)",
            "mae" | "mean_absolute_error" | "rmse" | "root_mean_squared_error" => " (unit of the targets)",
            "mse" | "mean_squared_error" => " (unit of the targets, squared)",
            _ => "",
        };
        Self::new(&format!("{}{unit}", capital(&words(log))), scale)
    }
}

impl History {
    /// A chart of a log over the epochs, counted from 1, together with the same of the validation (`val_…`) where there is one;
    /// with the feature `plot`.
    ///
    /// It is as wide as a page, and [`Axis::of_log`] says what its y axis is. A value that is missing or not finite is a gap.
    /// [The module](crate::plot) has an example.
    ///
    /// # Errors
    /// No log of this name, with or without `val_`: the error names those that there are.
    pub fn chart(&self, log: &str) -> Result<Chart> {
        let training = log.strip_prefix("val_").unwrap_or(log);
        let names = [training.to_owned(), format!("val_{training}")];
        let shown: Vec<(&str, &[f64])> = names.iter().filter_map(|name| Some((name.as_str(), self.get(name)?))).collect();
        if shown.is_empty() {
            return Err(Error::unknown("log", log, self.iter().map(|(name, _)| name)));
        }
        let y = Axis::of_log(training, shown.iter().flat_map(|(_, values)| values.iter().copied()));
        let chart = Chart::new(Axis::new("Epoch", Scale::Whole), y).wide(true);
        Ok(shown.into_iter().fold(chart, |chart, (name, values)| {
            let points = self.epochs().iter().zip(values).map(|(epoch, value)| (*epoch as f64 + 1.0, *value));
            chart.series(Series::new(&words(name), Mark::Line, points.collect()))
        }))
    }
}

/// Whether ratios of the values of a log count, as where 0 alone is perfect. Scores live on a scale with two ends, where they say
/// nothing.
fn counts_ratios(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "loss",
        "error",
        "mae",
        "mse",
        "rmse",
        "mape",
        "msle",
        "crossentropy",
        "divergence",
        "hinge",
        "huber",
        "cosh",
        "poisson",
        "perplexity",
    ];
    name == "learning_rate" || name.split('_').any(|word| WORDS.contains(&word))
}

fn spans_decades(values: impl Iterator<Item = f64>) -> bool {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    low > 0.0 && high / low > 30.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Logs;

    fn history(rows: &[&[(&str, f64)]], first_epoch: usize) -> History {
        let mut history = History::default();
        for (index, row) in rows.iter().enumerate() {
            let logs: Logs = row.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            history.push(first_epoch + index, &logs);
        }
        history
    }

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series::new(name, Mark::Line, points.to_vec())
    }

    #[test]
    fn u5_a_log_is_drawn_with_its_validation_over_the_epochs() {
        let history = history(&[&[("accuracy", 0.5), ("val_accuracy", 0.4)], &[("accuracy", 0.75), ("val_accuracy", 0.7)]], 10);
        let expected = Chart::new(Axis::new("Epoch", Scale::Whole), Axis::new("Accuracy (share of examples)", Scale::Linear))
            .series(series("accuracy", &[(11.0, 0.5), (12.0, 0.75)]))
            .series(series("validation accuracy", &[(11.0, 0.4), (12.0, 0.7)]))
            .wide(true);
        assert_eq!(history.chart("accuracy").unwrap(), expected);
        assert_eq!(history.chart("val_accuracy").unwrap(), expected);
        let svg = expected.to_svg().unwrap();
        let texts: Vec<&str> = svg.lines().filter(|line| !line.starts_with('<')).collect();
        for text in ["Epoch", "Accuracy (share of examples)", "accuracy", "validation accuracy", "11", "12", "0.5"] {
            assert!(texts.contains(&text), "{text} in {texts:?}");
        }
    }

    #[test]
    fn an_unknown_log_is_refused_by_the_names_of_the_others() {
        let history = history(&[&[("loss", 0.5), ("val_loss", 0.4)]], 0);
        for name in ["val_los", "accuracy"] {
            let error = history.chart(name).unwrap_err();
            assert!(
                error.is_unknown() && error.to_string().contains(&format!("unknown log `{name}`: known are loss, val_loss")),
                "{error}"
            );
        }
        assert!(History::default().chart("loss").unwrap_err().to_string().contains("there are none"));
    }

    #[test]
    fn only_losses_errors_and_learning_rates_are_logarithmic() {
        let scale = |log: &str| Axis::of_log(log, [0.02, 0.9]).scale();
        for score in ["f1_score", "fbeta_score", "io_u", "mean_io_u", "dice", "top_k_categorical_accuracy", "r2_score", "own"] {
            assert_eq!(scale(score), Scale::Linear, "{score}");
        }
        for error in ["loss", "digit_loss", "mae", "digit_mse", "mean_squared_error", "sparse_categorical_crossentropy", "learning_rate"] {
            assert_eq!(scale(error), Scale::Log, "{error}");
        }
    }

    #[test]
    fn validation_alone_and_values_that_are_not_finite_are_drawn() {
        let alone = history(&[&[("val_mae", 0.5)]], 0).chart("mae").unwrap();
        assert!(alone.to_svg().unwrap().contains("validation MAE"));
        for values in [[f64::NAN; 3], [f64::INFINITY; 3], [f64::MAX, f64::MIN, 0.0], [f64::MIN_POSITIVE, f64::NAN, f64::MAX]] {
            let rows = values.map(|value| [("loss", value), ("val_loss", -value)]);
            let chart = history(&rows.each_ref().map(|row| &row[..]), usize::MAX - 3).chart("loss").unwrap();
            let svg = chart.to_svg().unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf<") && svg.ends_with("</svg>\n"), "{svg}");
            assert_eq!(svg.contains("no finite values"), values.iter().all(|value| !value.is_finite()), "{values:?}");
        }
    }
}
