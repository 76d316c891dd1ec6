//! Series for Practicum: the course's synthetic series with NumPy's own random numbers, series of one's own from files or
//! built of parts, what makes them easier to forecast, forecasters from the naive one to networks, and the measures and
//! back-tests to judge them by.
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
