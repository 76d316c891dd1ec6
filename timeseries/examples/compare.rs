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
    let dense = Neural::dense(&[32, 16]).window(2 * horizon).epochs(30).direct(horizon);
    let recurrent = Neural::conv1d_lstm(16, 3, &[16]).window(2 * horizon).epochs(30).learning_rate(0.003).direct(horizon);
    let forecasters: [&dyn Forecaster; 10] = [
        &Naive,
        &SeasonalNaive::new(period),
        &Drift,
        &MovingAverage::new(12),
        &ExponentialSmoothing::simple(),
        &smoothing,
        &Autoregression::new(24),
        &seasonal_difference,
        &dense,
        &recurrent,
    ];
    let ranking = backtest.compare(&forecasters, values)?;
    println!("{ranking}");

    let best = forecasters.into_iter().find(|forecaster| forecaster.name() == ranking.rows[0].name).unwrap_or(&Naive);
    println!("{}, with ends that should hold 9 of 10 values:", best.name());
    let forecast = Interval::Conformal { windows: 50 }.forecast(best, values, horizon, 0.9)?;
    let dates = if series.dates().is_some() { series.next_dates(horizon)? } else { Vec::new() };
    for step in 0..horizon {
        let when = dates.get(step).map_or_else(|| format!("{:+}", step + 1), ToString::to_string);
        println!("{when:>10} {:10.2} ({:.2} … {:.2})", forecast.mean[step], forecast.lower[step], forecast.upper[step]);
    }
    Ok(())
}
