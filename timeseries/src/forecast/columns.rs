use std::ops::Range;

use practicum_core::Result;

use super::check_history;
use super::direct::check_reach;
use super::neural::{Neural, Trained};
use crate::Series;

impl Neural {
    /// Learns to forecast the column `target` of a series from windows of all its columns.
    ///
    /// Only the past of the other columns is used: what they will be is as unknown as what is forecast. So no step can take
    /// the forecast of the one before it, and the network answers all steps at once that [`direct`](Self::direct) says, one
    /// unless given. Each column is scaled by itself. Dense layers read the window's steps one after the other, recurrent
    /// layers and convolutions all columns of a step at once.
    ///
    /// Steps count, not dates: fill gaps first with [`Series::fill_gaps`] and [`Series::impute`].
    ///
    /// ```
    /// use practicum_timeseries::forecast::{Naive, Neural};
    /// use practicum_timeseries::split::RollForward;
    /// use practicum_timeseries::{Backtest, Ranking, Series, SeriesBuilder};
    ///
    /// // What is ordered today is sold tomorrow.
    /// let orders = SeriesBuilder::new(200).baseline(50.0).noise(10.0).build()?.values()?.to_vec();
    /// let sales = std::iter::once(50.0).chain(orders[..199].iter().copied()).collect();
    /// let series = Series::new(sales)?.named("sales").with_column("orders", orders)?;
    ///
    /// let network = Neural::dense(&[8]).window(3).epochs(60).learning_rate(0.01);
    /// let fitted = network.fit_columns(&series, "sales")?;
    /// let tomorrow = fitted.predict(1)?[0];
    /// assert!((tomorrow - series.column("orders")?[199]).abs() < 5.0, "{tomorrow}");
    ///
    /// // Its rank among methods that see the sales alone.
    /// let backtest = Backtest::new(RollForward::expanding(150)).fit_once();
    /// let reports =
    ///     [backtest.run(&Naive, series.values()?)?, backtest.run_columns(&network, &series, "sales")?];
    /// assert!(Ranking::of_reports(&reports)?.rows[0].name.starts_with("dense 8"));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// No column of that name, missing values, a series that is too short, a column that cannot be scaled since all its
    /// values are the same, and options outside their range.
    pub fn fit_columns(&self, series: &Series, target: &str) -> Result<FittedColumns> {
        let (answers, least) = self.checked()?;
        let others = series.names().iter().filter(|name| *name != target);
        let names: Vec<String> = std::iter::once(target.to_owned()).chain(others.cloned()).collect();
        let columns = complete(series, &names)?;
        let name = self.columns_name(names.len());
        check_history(&name, &columns[0], least)?;
        let scale = |(name, column): (&String, &Vec<f64>)| self.scale(column).map_err(|error| error.context(format!("column `{name}`")));
        let scales = names.iter().zip(&columns).map(scale).collect::<Result<Vec<_>>>();
        let train = |scales| self.train(name.clone(), &slices(&columns), scales, answers);
        let network = scales.and_then(train).map_err(|error| error.context(name.clone()))?;
        Ok(FittedColumns { network, names, columns })
    }

    /// Its name where it reads several columns.
    pub(crate) fn columns_name(&self, columns: usize) -> String {
        use super::Forecaster as _;
        format!("{}, {columns} columns", self.name())
    }
}

/// A network that has learned from several columns, and stands at the end of a series.
#[derive(Clone, Debug)]
pub struct FittedColumns {
    network: Trained,
    /// The forecast column first.
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

/// The values of these columns, none of which is missing.
fn complete(series: &Series, names: &[String]) -> Result<Vec<Vec<f64>>> {
    names.iter().map(|name| Ok(series.complete(name)?.to_vec())).collect()
}

fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

impl FittedColumns {
    /// The columns that it reads, the one that it forecasts first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The history of the column that it forecasts.
    pub fn history(&self) -> &[f64] {
        &self.columns[0]
    }

    /// The `horizon` steps of the forecast column that follow.
    ///
    /// # Errors
    /// A horizon of 0, or of more than the steps that the network answers at once.
    pub fn predict(&self, horizon: usize) -> Result<Vec<f64>> {
        check_reach(&self.network.name, horizon, self.network.answers)?;
        let end = self.history().len();
        let mut steps = self.network.answer(&slices(&self.columns), end..end + 1)?;
        steps.truncate(horizon);
        Ok(steps)
    }

    /// A forecast of every step of the history from the steps before it; NaN for those of the first window.
    ///
    /// # Errors
    /// A forecast that cannot be computed.
    pub fn one_step(&self) -> Result<Vec<f64>> {
        let window = self.network.window;
        let forecasts = self.network.rows(&slices(&self.columns), window..self.history().len())?;
        Ok(std::iter::repeat_n(f64::NAN, window).chain(forecasts.iter().map(|steps| steps[0])).collect())
    }

    /// The same network at the end of another series, which has the same columns, in any order, and others if it likes:
    /// nothing is learned anew.
    ///
    /// # Errors
    /// A column that is not there, missing values, and a series shorter than a window.
    pub fn advance(&self, series: &Series) -> Result<Self> {
        let fitted_on = || format!("{}, fitted on {}", self.network.name, self.names.join(", "));
        let columns = complete(series, &self.names).map_err(|error| error.context(fitted_on()))?;
        check_history(&self.network.name, &columns[0], self.network.window)?;
        Ok(Self { columns, ..self.clone() })
    }

    /// Forecasts from each of these steps of the history on, from what lies before it.
    pub(crate) fn forecasts(&self, steps: Range<usize>, horizon: usize) -> Result<Vec<Vec<f64>>> {
        check_reach(&self.network.name, horizon, self.network.answers)?;
        let mut forecasts = self.network.rows(&slices(&self.columns), steps)?;
        forecasts.iter_mut().for_each(|forecast| forecast.truncate(horizon));
        Ok(forecasts)
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::{Dense, Flatten, Input, Sequential};

    use super::*;
    use crate::forecast::{Forecaster, Scaling};
    use crate::metrics::mae;
    use crate::split::RollForward;
    use crate::{Backtest, Interval, SeriesBuilder};

    /// A wave's noise is told two steps before by another column.
    fn told() -> Series {
        let news = SeriesBuilder::new(160).noise(4.0).build().unwrap().values().unwrap().to_vec();
        let wave = SeriesBuilder::new(160).season(12, 10.0).baseline(100.0).build().unwrap();
        let late = [0.0; 2].iter().chain(&news);
        let value = wave.values().unwrap().iter().zip(late).map(|(wave, news)| wave + news).collect();
        Series::new(news).unwrap().named("news").with_column("value", value).unwrap()
    }

    #[test]
    fn another_column_helps_where_it_tells_something() {
        let series = told();
        let alone = Series::new(series.column("value").unwrap().to_vec()).unwrap().named("value");
        for network in [Neural::dense(&[16]), Neural::simple_rnn(&[12]), Neural::conv1d_lstm(12, 3, &[12])] {
            let network = network.window(12).epochs(120).learning_rate(0.01);
            let error = |series: &Series| {
                let fitted = network.fit_columns(&series.slice(0, 120).unwrap(), "value").unwrap();
                let forecast = fitted.advance(series).unwrap().one_step().unwrap();
                mae(&series.column("value").unwrap()[120..], &forecast[120..]).unwrap()
            };
            let (both, one) = (error(&series), error(&alone));
            assert!(both < 0.7 * one, "{}: {both} with the other column, {one} without", network.name());
        }
    }

    #[test]
    fn networks_of_ones_own_read_columns() {
        let series = told();
        let own = |columns: fn(usize, usize) -> Sequential| Neural::custom("own", columns).window(6).epochs(2).direct(3);
        let fits = own(|window, steps| Sequential::new().add(Input::new([window, 2])).add(Flatten::new()).add(Dense::new(steps)));
        assert_eq!(fits.fit_columns(&series, "value").unwrap().predict(3).unwrap().len(), 3);
        let flat = own(|window, steps| Sequential::new().add(Input::new([window])).add(Dense::new(steps)));
        let error = flat.fit_columns(&series, "value").unwrap_err();
        assert!(error.is_shape() && error.to_string().starts_with("own, window 6, direct, 2 columns: "), "{error}");
    }

    #[test]
    fn one_column_is_what_a_slice_is() {
        let series = told();
        let values = series.column("value").unwrap();
        let alone = Series::new(values.to_vec()).unwrap().named("value");
        for network in [Neural::dense(&[4]), Neural::lstm(&[4])] {
            let network = network.window(6).epochs(3).direct(4).scaling(Scaling::MinMax);
            let (column, slice) = (network.fit_columns(&alone, "value").unwrap(), network.fit(values).unwrap());
            assert_eq!(column.predict(4).unwrap(), slice.predict(4).unwrap());
            assert_eq!(column.one_step().unwrap()[6..], slice.one_step().unwrap()[6..]);
        }
    }

    #[test]
    fn what_stands_at_the_end_counts_not_the_order_of_columns() {
        let series = told();
        let fitted = Neural::dense(&[4]).window(6).epochs(3).direct(3).fit_columns(&series, "value").unwrap();
        assert_eq!(
            (fitted.names(), fitted.history()),
            (["value".to_owned(), "news".to_owned()].as_slice(), series.column("value").unwrap())
        );
        let turned = Series::new(series.column("value").unwrap().to_vec()).unwrap().named("value");
        let turned = turned.with_column("news", series.column("news").unwrap().to_vec()).unwrap();
        let turned = turned.with_column("other", vec![f64::NAN; 160]).unwrap();
        assert_eq!(fitted.advance(&turned).unwrap().predict(3).unwrap(), fitted.predict(3).unwrap());
        let shorter = fitted.advance(&series.slice(0, 100).unwrap()).unwrap();
        assert_eq!(shorter.predict(2).unwrap(), fitted.forecasts(100..101, 2).unwrap()[0]);
        assert_eq!(shorter.predict(1).unwrap()[0], fitted.one_step().unwrap()[100]);
    }

    #[test]
    fn back_tests_and_intervals_take_columns() {
        let series = told();
        let network = Neural::dense(&[16]).window(12).epochs(60).learning_rate(0.01).direct(2);
        let backtest = Backtest::new(RollForward::expanding(120).horizon(2).step(10));
        let backtest = backtest.interval(Interval::Conformal { windows: 30 }, 0.8);
        let report = backtest.run_columns(&network, &series, "value").unwrap();
        assert_eq!((report.name.as_str(), report.folds.len()), ("dense 16, window 12, direct, 2 columns", 4));
        assert!(report.coverage.is_some_and(|coverage| coverage >= 0.5), "{:?}", report.coverage);
        let again = network.fit_columns(&series.slice(0, 130).unwrap(), "value").unwrap().predict(2).unwrap();
        assert_eq!(report.folds[1].forecast, again);
        let forecast = Interval::Conformal { windows: 20 }.forecast_columns(&network, &series, "value", 2, 0.9).unwrap();
        assert!((0..2).all(|step| forecast.lower[step] < forecast.mean[step] && forecast.mean[step] < forecast.upper[step]));
        let normal = Interval::Normal.forecast_columns(&network, &series, "value", 2, 0.9).unwrap_err().to_string();
        assert!(normal.contains("Conformal"), "{normal}");
    }

    #[test]
    fn bad_requests_say_why() {
        let series = told();
        let network = Neural::dense(&[4]).window(6).epochs(1);
        let error = |series: &Series, target: &str| network.fit_columns(series, target).unwrap_err().to_string();
        assert!(error(&series, "valu").contains("unknown column `valu`: known are news, value"));
        let holes = series.clone().with_column("holes", [vec![1.0; 3], vec![f64::NAN; 157]].concat()).unwrap();
        assert!(error(&holes, "value").contains("column `holes` misses 157 of 160 values, the first at index 3"));
        let flat = series.clone().with_column("flat", vec![1.0; 160]).unwrap();
        assert!(error(&flat, "value").contains("column `flat`: all 160 values of the training part are 1"), "{}", error(&flat, "value"));
        let short = error(&series.slice(0, 6).unwrap(), "value");
        assert!(short.contains("has 6 values, dense 4, window 6, 2 columns needs 7 or more"), "{short}");

        let fitted = network.fit_columns(&series, "value").unwrap();
        let far = fitted.predict(2).unwrap_err().to_string();
        assert!(far.contains("the horizon is 2, expected at most 1, for which") && far.contains("`direct`"), "{far}");
        assert!(fitted.predict(0).unwrap_err().to_string().contains("the horizon is 0"));
        let advance = |series: &Series| fitted.advance(series).unwrap_err().to_string();
        let alone = Series::new(series.column("value").unwrap().to_vec()).unwrap().named("value");
        assert!(advance(&alone).contains("fitted on value, news: unknown column `news`: known are value"), "{}", advance(&alone));
        assert!(advance(&series.slice(0, 5).unwrap()).contains("has 5 values"));
    }
}
