//! Which forecaster suits a column of a file: `cargo run --release -p practicum-timeseries --example compare -- FILE COLUMN PERIOD`.
//!
//! Without a file it makes a series by itself.

use practicum_core::{Error, Result};
use practicum_timeseries::forecast::{
    Autoregression, Drift, ExponentialSmoothing, Forecaster, MovingAverage, Naive, Neural, Pipeline, SeasonalNaive,
};
use practicum_timeseries::series::{CsvReader, Imputation};
use practicum_timeseries::split::RollForward;
use practicum_timeseries::{Backtest, Interval, SeriesBuilder};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (series, period) = match arguments.as_slice() {
        [] => (SeriesBuilder::new(600).baseline(50.0).trend(0.02).season(12, 10.0).noise(2.0).memory(1, 0.5).build()?, 12),
        [file, column, period] => {
            let period = period.parse().map_err(|_| Error::argument(format!("PERIOD is `{period}`, expected a whole number")))?;
            (CsvReader::new().column(column.as_str()).read(file)?, period)
        }
        _ => return Err(Error::argument("expected FILE COLUMN PERIOD, or nothing")),
    };
    if series.dates().is_some() {
        println!("{} values, {} apart, {} gaps", series.len(), series.step()?, series.gaps()?.len());
    }
    let series = if series.dates().is_some() { series.fill_gaps()? } else { series };
    let series = series.impute(Imputation::Linear)?;
    let values = series.values()?;

    let horizon = 12;
    let train = values.len() * 2 / 3;
    let backtest = Backtest::new(RollForward::expanding(train).horizon(horizon)).fit_once().period(period);
    let seasonal_difference = Pipeline::new(Autoregression::new(12)).difference(period);
    let smoothing = ExponentialSmoothing::holt_winters(period);
    let network = Neural::dense(&[32, 16]).window(2 * horizon).epochs(30).direct(horizon);
    let forecasters: [&dyn Forecaster; 9] = [
        &Naive,
        &SeasonalNaive::new(period),
        &Drift,
        &MovingAverage::new(12),
        &ExponentialSmoothing::simple(),
        &smoothing,
        &Autoregression::new(24),
        &seasonal_difference,
        &network,
    ];
    println!("{}", backtest.compare(&forecasters, values)?);

    let forecast = Interval::Conformal { windows: 50 }.forecast(&Autoregression::new(24), values, horizon, 0.9)?;
    for step in 0..horizon {
        println!("{:3} {:10.2} ({:.2} … {:.2})", step + 1, forecast.mean[step], forecast.lower[step], forecast.upper[step]);
    }
    Ok(())
}
