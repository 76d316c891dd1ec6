//! A forecast of a column of a file: methods ranked on the file's own past, and what the best one says.

mod page;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use practicum_timeseries::correlate::period;
use practicum_timeseries::forecast::{
    Autoregression, Drift, ExponentialSmoothing, Forecaster, Mean, MovingAverage, Naive, Pipeline, SeasonalNaive,
};
use practicum_timeseries::series::{CsvReader, Imputation, Step};
use practicum_timeseries::split::RollForward;
use practicum_timeseries::{Backtest, BacktestReport, Date, Forecast, Interval, Ranking, Series};

use crate::report::write_whole;
use crate::{console, workspace};

/// At how many points of the past forecasts are made.
const CUTS: usize = 8;

/// The longest season that is looked for.
const LONGEST_PERIOD: usize = 400;

/// The size of the largest value: squares and sums of squares must stay in the range of numbers.
const MAGNITUDES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

#[derive(Args)]
pub(crate) struct ForecastArgs {
    /// A CSV file: a row per step, with a header
    file: PathBuf,
    /// The column to forecast
    #[arg(long, value_name = "COLUMN")]
    value: String,
    /// The column of the dates; by default the one that holds dates, if there is one
    #[arg(long, value_name = "COLUMN")]
    date: Option<String>,
    /// The column of the times of day, where the dates are in another
    #[arg(long, value_name = "COLUMN")]
    times: Option<String>,
    /// The form of the dates, such as %d.%m.%Y; by default the one that fits all rows
    #[arg(long, value_name = "FORM")]
    date_format: Option<String>,
    /// The time zone of the clock that the dates were read from, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The character between the fields, \t or tab for a tab; by default the one that the header has
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<char>,
    /// The first line has values; columns are named 0, 1 and so on
    #[arg(long)]
    no_header: bool,
    /// Numbers have a decimal comma
    #[arg(long)]
    decimal_comma: bool,
    /// The character between groups of three digits
    #[arg(long, value_name = "CHARACTER")]
    thousands: Option<char>,
    /// A word that stands for a missing value; may be given several times
    #[arg(long, value_name = "WORD")]
    missing: Vec<String>,
    /// The file is in Latin-1 (ISO 8859-1)
    #[arg(long)]
    latin1: bool,
    /// The steps of a season: a number, 1 for none, or auto
    #[arg(long, value_name = "STEPS", default_value = "auto")]
    period: String,
    /// How many steps to forecast; by default a season, at most 24, or 12 without one
    #[arg(long, value_name = "STEPS")]
    horizon: Option<usize>,
    /// How many of 100 values the interval should hold
    #[arg(long, value_name = "PERCENT", default_value_t = 90.0)]
    level: f64,
    /// The folder of the page and the forecast; by default target/practicum/forecast/FILE
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A character, or one of the words for a tab, which a shell does not let one type.
fn delimiter(text: &str) -> Result<char, String> {
    match text {
        r"\t" | "tab" => Ok('\t'),
        _ => text.parse().map_err(|_| r"expected one character, \t or tab".to_owned()),
    }
}

/// A file's series with all that was found out about it.
struct Study {
    file: String,
    column: String,
    series: Series,
    /// How many values were missing, and were drawn between their neighbours.
    filled: usize,
    /// The steps of a season, 1 for none, and whether they were given.
    period: (usize, bool),
    ranking: Ranking,
    best: BacktestReport,
    forecast: Forecast,
    /// The dates of the forecast, where the series has dates.
    ahead: Option<Vec<Date>>,
}

pub(crate) fn run(args: &ForecastArgs) -> Result<()> {
    let study = study(args)?;
    let folder = args.out.clone().unwrap_or_else(|| default_folder(&args.file));
    let csv = csv(&study);
    // Before anything is told: a reader may go away early.
    write_whole(&folder.join("forecast.csv"), csv.as_bytes())?;
    let page = page::write(&folder, &study)?;
    if study.filled > 0 {
        let (filled, all) = (study.filled, study.series.len());
        console::say(&format!("{filled} of {all} values were missing and lie on straight lines between their neighbours here.\n"))?;
    }
    console::say(study.ranking.to_string().trim_end())?;
    console::say(&format!("\n{} forecasts {} steps:\n", study.best.name, study.forecast.mean.len()))?;
    console::say(csv.trim_end())?;
    console::say(&format!("\n{}\n{}", folder.join("forecast.csv").display(), page.display()))
}

fn default_folder(file: &Path) -> PathBuf {
    let name = file.file_stem().unwrap_or(file.as_os_str());
    workspace::root().unwrap_or_default().join("target").join("practicum").join("forecast").join(name)
}

fn study(args: &ForecastArgs) -> Result<Study> {
    if !(args.level > 0.0 && args.level < 100.0) {
        bail!("the level is {}, expected a number of 100 values, such as 90", args.level);
    }
    let level = args.level / 100.0;
    let (series, filled) = read(args)?;
    let values = series.complete(&args.value)?;
    if filled > values.len() / 2 {
        bail!("{filled} of {} values are missing, with the steps that have no row: too many to judge forecasts by", values.len());
    }
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest != 0.0 && !MAGNITUDES.contains(&largest) {
        bail!(
            "the largest value is {largest:e} in size, expected one from 1e-100 to 1e100: their squares would leave the range of numbers"
        );
    }
    if args.horizon == Some(0) {
        bail!("the horizon is 0, expected 1 step or more");
    }
    let period = match args.period.as_str() {
        "auto" => (find_period(&series, values)?, false),
        given => match given.parse() {
            Ok(steps) if steps > 0 => (steps, true),
            _ => bail!("the period is `{given}`, expected a number of steps, 1 for no season, or `auto`"),
        },
    };
    let usual = if period.0 > 1 { period.0.min(24) } else { 12 };
    let horizon = args.horizon.unwrap_or(usual.min(values.len() / 4).max(1));
    let (ranking, reports, methods) = rank(values, period.0, horizon, level)?;
    let name = &ranking.rows[0].name;
    let (Some(best), Some(method)) =
        (reports.into_iter().find(|report| report.name == *name), methods.iter().find(|method| method.name() == *name))
    else {
        bail!("no method was ranked");
    };
    let forecast = Interval::Normal.forecast(&**method, values, horizon, level)?;
    let ahead = series.dates().is_some().then(|| series.next_dates(horizon)).transpose()?;
    let file = args.file.file_name().unwrap_or(args.file.as_os_str()).to_string_lossy().into_owned();
    Ok(Study { file, column: args.value.clone(), series, filled, period, ranking, best, forecast, ahead })
}

/// The column with its dates, in order and without gaps, and how many values had to be filled in.
fn read(args: &ForecastArgs) -> Result<(Series, usize)> {
    let mut reader = CsvReader::new().column(args.value.as_str()).header(!args.no_header);
    reader = reader.decimal_comma(args.decimal_comma).latin1(args.latin1);
    if let Some(date) = &args.date {
        reader = reader.dates(date.as_str());
    }
    if let Some(times) = &args.times {
        reader = reader.times(times.as_str());
    }
    if let Some(format) = &args.date_format {
        reader = reader.date_format(format);
    }
    if let Some(zone) = &args.time_zone {
        reader = reader.time_zone(zone);
    }
    if let Some(delimiter) = args.delimiter {
        reader = reader.delimiter(delimiter);
    }
    if let Some(separator) = args.thousands {
        reader = reader.thousands(separator);
    }
    reader = args.missing.iter().fold(reader, |reader, word| reader.missing(word));
    let sorted = reader.clone().sort(true).read(&args.file);
    // Without dates there is nothing to sort by.
    let series = sorted.or_else(|error| if error.is_argument() { reader.read(&args.file) } else { Err(error) });
    let series = series.map_err(|error| anyhow!(with_options(&error.to_string())))?;
    let series = if series.dates().is_some() { series.fill_gaps()? } else { series };
    let filled = series.column(&args.value)?.iter().filter(|value| value.is_nan()).count();
    Ok((series.impute(Imputation::Linear)?, filled))
}

/// A message of the reader with the command's options in place of the library's methods.
fn with_options(message: &str) -> String {
    let options = [
        (".decimal_comma(true)", "--decimal-comma"),
        (".thousands(',')", "--thousands ,"),
        (".latin1(true)", "--latin1"),
        (".missing(…)", "--missing WORD"),
        (".date_format(…)", "--date-format FORM"),
        (".time_zone(…)", "--time-zone ZONE"),
        (".dates(…)", "--date COLUMN"),
        (".header(false)", "--no-header"),
        (".delimiter('", "--delimiter '"),
        (".date_format(\"", "--date-format \""),
        ("')`", "'`"),
        ("\")`", "\"`"),
    ];
    options.iter().fold(message.to_owned(), |message, (method, option)| message.replace(method, option))
}

/// The season that steps of such a length usually have, if the series has it, or the one that it shows.
fn find_period(series: &Series, values: &[f64]) -> Result<usize> {
    let usual = match series.dates().is_some().then(|| series.step()).transpose()? {
        Some(Step::Months(months)) => vec![(12 / months.max(1)) as usize],
        Some(Step::Seconds(86_400)) => vec![7, 365],
        Some(Step::Seconds(3600)) => vec![24, 168],
        Some(Step::BusinessDays(1)) => vec![5, 261],
        _ => Vec::new(),
    };
    Ok(period(values, LONGEST_PERIOD, &usual)?.unwrap_or(1))
}

type Ranked = (Ranking, Vec<BacktestReport>, Vec<Box<dyn Forecaster>>);

/// The methods, tried on the last part of the series.
fn rank(values: &[f64], period: usize, horizon: usize, level: f64) -> Result<Ranked> {
    let least = period.saturating_add(1).saturating_mul(2).max(values.len() / 2).max(3);
    let Some(room) = values.len().checked_sub(least).filter(|room| *room >= horizon) else {
        bail!(
            "{} values are too few to try forecasts of {horizon} steps on, with a season of {period}: expected {} or more",
            values.len(),
            least.saturating_add(horizon)
        );
    };
    let step = (room / CUTS).max(1).min(horizon);
    let cuts = ((room - horizon) / step + 1).min(CUTS);
    let train = values.len() - horizon - (cuts - 1) * step;
    let backtest = Backtest::new(RollForward::expanding(train).horizon(horizon).step(step)).period(period);
    let backtest = backtest.interval(Interval::Normal, level);
    let methods = methods(values, period);
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for method in &methods {
        match backtest.run(&**method, values) {
            Ok(report) => reports.push(report),
            Err(error) => failed.push((method.name(), error)),
        }
    }
    if reports.is_empty()
        && let Some((_, error)) = failed.pop()
    {
        return Err(error).context("no method can be tried on this series");
    }
    let mut ranking = Ranking::of_reports(&reports)?;
    ranking.failed = failed;
    Ok((ranking, reports, methods))
}

fn methods(values: &[f64], period: usize) -> Vec<Box<dyn Forecaster>> {
    let mut methods: Vec<Box<dyn Forecaster>> = vec![
        Box::new(Naive),
        Box::new(Mean),
        Box::new(Drift),
        Box::new(MovingAverage::new(if period > 1 { period } else { 5 })),
        Box::new(ExponentialSmoothing::simple()),
        Box::new(ExponentialSmoothing::holt()),
        Box::new(ExponentialSmoothing::holt().damped()),
        Box::new(Autoregression::new((values.len() / 10).clamp(1, 12))),
    ];
    if period > 1 {
        let winters = ExponentialSmoothing::holt_winters(period);
        methods.push(Box::new(SeasonalNaive::new(period)));
        methods.push(Box::new(winters));
        methods.push(Box::new(winters.damped()));
        if values.iter().all(|value| *value > 0.0) {
            methods.push(Box::new(winters.multiplicative()));
        }
        methods.push(Box::new(Pipeline::new(Autoregression::new(2)).difference(period)));
    }
    methods
}

/// A line a step: when, the forecast, and the ends of its interval.
fn csv(study: &Study) -> String {
    let Forecast { mean, lower, upper, .. } = &study.forecast;
    let mut lines = format!("{},forecast,lower,upper\n", if study.ahead.is_some() { "date" } else { "step" });
    for (step, ((mean, lower), upper)) in mean.iter().zip(lower).zip(upper).enumerate() {
        let when = study.ahead.as_ref().map_or_else(|| (study.series.len() + step).to_string(), |dates| dates[step].to_string());
        lines.push_str(&format!("{when},{mean},{lower},{upper}\n"));
    }
    lines
}
