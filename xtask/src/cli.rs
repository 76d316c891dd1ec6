//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{bench, console, fetch, forecast, list, model, report, run_week, weeks};

/// The "TensorFlow in Practice" course in Rust: weeks to run, their data, and reports to look at.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the weeks: what they teach, their labs and their data
    List(list::ListArgs),
    /// Download data sets, or take files you already have
    FetchData(fetch::FetchArgs),
    /// Run weeks of the course and write their results
    RunWeek(run_week::RunArgs),
    /// Forecast a column of a CSV file by the method that did best on its past
    Forecast(forecast::ForecastArgs),
    /// Time training steps, predictions and kernels, beside other frameworks if asked to
    Bench(bench::BenchArgs),
    /// Write the pages of all weeks again from their results
    Report(ReportArgs),
    /// Look into a model that Keras wrote, and ask it for predictions
    Model(model::ModelArgs),
}

#[derive(clap::Args)]
struct ReportArgs {
    /// Where the results are
    #[arg(long, value_name = "DIR", default_value_os_t = run_week::default_out())]
    out: PathBuf,
}

pub(crate) fn run() -> Result<ExitCode> {
    match Cli::parse().command {
        Command::List(args) => list::run(&args)?,
        Command::FetchData(args) => fetch::run(&args)?,
        Command::RunWeek(args) => return run_week::run(&args),
        Command::Forecast(args) => forecast::run(&args)?,
        Command::Bench(args) => bench::run(&args)?,
        Command::Model(args) => model::run(&args)?,
        Command::Report(args) => {
            for page in report::run(&args.out, &weeks::course())? {
                console::say(&page.display().to_string())?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a command line is one that `run` would take, as far as can be said without running it.
#[cfg(test)]
pub(crate) fn understood(words: &[&str]) -> Result<()> {
    let name = std::iter::once("cargo xtask");
    match Cli::try_parse_from(name.chain(words.iter().copied()))?.command {
        Command::RunWeek(args) => run_week::check(&args),
        _ => Ok(()),
    }
}
