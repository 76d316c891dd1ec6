//! Series for Practicum: the course's synthetic series with NumPy's own random numbers, custom series from files or
//! built of parts, what makes them easier to forecast, forecasters from the naive one to networks, and the measures and
//! back-tests to judge them by.
//!
//! A column of a file: what is missing filled, methods ranked by what they would have been worth, and the best one's
//! forecast with its interval. `cargo xtask forecast FILE.csv --value COLUMN` is a program of this.
//!
//! ```
//! use practicum_timeseries::forecast::{
//!     ExponentialSmoothing, Forecaster, Naive, Neural, SeasonalNaive,
//! };
//! use practicum_timeseries::series::Imputation;
//! use practicum_timeseries::split::RollForward;
//! use practicum_timeseries::{Backtest, Interval, Series};
//!
//! # fn main() -> practicum_core::Result<()> {
//! # let (monday, mut text) = (practicum_timeseries::Date::new(2024, 1, 1)?, "date,sold\n".to_owned());
//! # for day in (0..168).filter(|day| *day != 60) {
//! #     let sold = [50, 54, 59, 64, 70, 81, 62][day as usize % 7] + day * day % 5;
//! #     text += &format!("{},{sold}\n", monday.add_seconds(day * 86_400)?);
//! # }
//! // Or `CsvReader::new().column("sold").read("sales.csv")?`
//! let series = Series::from_csv(&text)?.fill_gaps()?.impute(Imputation::Seasonal(7))?;
//! let history = series.values()?;
//!
//! let (smoothing, network) =
//!     (ExponentialSmoothing::holt_winters(7), Neural::dense(&[16]).window(14).epochs(20).direct(7));
//! let methods: [&dyn Forecaster; 4] = [&Naive, &SeasonalNaive::new(7), &smoothing, &network];
//! let backtest = Backtest::new(RollForward::expanding(100).horizon(7)).fit_once().period(7);
//! let ranking = backtest.compare(&methods, history)?;
//! assert_eq!(ranking.rows[3].name, "naive");
//!
//! let forecast = Interval::Normal.forecast(&smoothing, history, 7, 0.9)?;
//! for (step, date) in series.next_dates(7)?.iter().enumerate() {
//!     println!(
//!         "{date}: {:.0}, between {:.0} and {:.0}",
//!         forecast.mean[step], forecast.lower[step], forecast.upper[step]
//!     );
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The course's series and its numbers:
//!
//! ```
//! use practicum_timeseries::baseline::{self, Differencing};
//! use practicum_timeseries::metrics::{mae, mse};
//! use practicum_timeseries::synth::SeriesSpec;
//!
//! # fn main() -> practicum_core::Result<()> {
//! let spec = SeriesSpec::A;
//! let series = spec.generate()?;
//! let actual = &series[spec.split..];
//!
//! let naive = baseline::naive(&series, spec.split)?;
//! assert_eq!(format!("{:.3} {:.3}", mse(actual, &naive)?, mae(actual, &naive)?), "61.828 5.938");
//!
//! let smooth = Differencing::new(365).past_window(10).forecast(&series, spec.split)?;
//! assert_eq!(format!("{:.3} {:.3}", mse(actual, &smooth)?, mae(actual, &smooth)?), "33.452 4.569");
//! # Ok(())
//! # }
//! ```

mod backtest;
pub mod baseline;
mod builder;
pub mod correlate;
pub mod datasets;
mod date;
pub mod decompose;
pub mod forecast;
mod interval;
pub mod lr_finder;
pub mod metrics;
mod normal;
pub mod numpy;
#[cfg(feature = "plot")]
pub mod plot;
mod ranking;
mod real;
pub mod series;
pub mod split;
pub mod synth;
pub mod transform;
pub mod window;

pub use backtest::{Backtest, BacktestReport, HorizonError, Trial};
pub use builder::SeriesBuilder;
pub use date::Date;
pub use interval::{Forecast, Interval, conformal_width};
pub use ranking::{RankedModel, Ranking};
pub use real::Real;
pub use series::Series;
