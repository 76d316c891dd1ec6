//! `bench`: how long training steps, predictions and kernels take, beside this machine's peak and beside other frameworks.
//!
//! Every workload runs in processes of its own, one for its time and one for its memory, and all of them in turn, round
//! after round, so that a slow moment of the machine hits all alike. What is told is the median.

mod augmentation;
mod by_hand;
mod convolution;
mod dense;
mod flops;
mod goals;
mod inception;
mod kernels;
mod material;
mod measure;
mod peers;
mod record;
mod recurrent;
mod series;
mod table;
mod texts;
mod training;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use practicum_core::{Cpu, Simd};

use self::material::Material;
use self::measure::{Bench, Mode, Probe};
use self::record::{Machine, Record, Row};

/// How long training steps, predictions and kernels take on this machine.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("Workloads:\n{}", listed()))]
pub(crate) struct BenchArgs {
    /// Workloads to time; all of them if none is named
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<String>,
    /// Times that every workload is run, in a new process each
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds that one measurement takes in each round
    #[arg(long, default_value_t = 0.5, value_name = "S")]
    seconds: f64,
    /// Threads that compute; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Says where the time of a step goes, operation by operation, instead of comparing
    #[arg(long, conflicts_with_all = ["json", "baseline", "peers", "show"])]
    profile: bool,
    /// Measures nothing: shows what is in these files, which `--json` wrote, all together
    #[arg(long, value_name = "FILE", value_delimiter = ',', conflicts_with_all = ["peers", "workloads"])]
    show: Vec<PathBuf>,
    /// Writes all measurements to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Compares with the measurements in this file, which `--json` wrote
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// A folder of photographs, a folder for each class, for the workloads that read some [default: drawn ones]
    #[arg(long, value_name = "FOLDER")]
    photographs: Option<PathBuf>,
    /// The IMDB reviews, archive or folder, for the workloads that read texts [default: reviews that the code writes]
    #[arg(long, value_name = "PATH")]
    reviews: Option<PathBuf>,
    /// Runs the programs that this file names in turn with ours, and compares
    #[arg(long, value_name = "FILE.toml")]
    peers: Option<PathBuf>,
    /// Only these peers of the file
    #[arg(long, value_name = "NAME", requires = "peers", value_delimiter = ',')]
    peer: Vec<String>,
    /// Measures one workload in this process and prints its rows as JSON
    #[arg(long, hide = true, value_name = "GFLOPS")]
    child: Option<f64>,
    /// The texts that it reads, one per line
    #[arg(long, hide = true, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// What that process measures
    #[arg(long, hide = true, value_enum, default_value_t = Mode::Time)]
    mode: Mode,
}

/// What can be timed: an id, what it is, and how it is measured.
struct Workload {
    id: &'static str,
    title: &'static str,
    run: fn(&mut Bench) -> Result<()>,
}

/// All workloads, in the order in which they run.
const WORKLOADS: &[Workload] = &[
    Workload { id: "W1", title: "a line through six points", run: dense::line },
    Workload { id: "MLP", title: "perceptron 16-32-16, batch 32", run: dense::perceptron },
    Workload { id: "W2", title: "60,000 pictures 28×28, 784-128-10, batch 32, Adam", run: dense::pictures },
    Workload { id: "W6", title: "word vectors and their mean, 10,000×16, batch 32, Adam", run: recurrent::word_means },
    Workload { id: "W7", title: "headlines of 120 words, LSTM 32 both ways, batch 32, Adam", run: recurrent::headlines_lstm },
    Workload { id: "W7b", title: "reviews of 300 words, LSTM 64 and 32 both ways, batch 64, Adam", run: recurrent::reviews },
    Workload { id: "W7long", title: "reviews of 1,150 subwords, LSTM 64 and 32 both ways, batch 64, Adam", run: recurrent::long_reviews },
    Workload { id: "W7c", title: "headlines of 120 words, GRU 32 both ways, batch 32, Adam", run: recurrent::headlines_gru },
    Workload { id: "W9", title: "texts of 16 words, frozen vectors, LSTM 64, batch 32, Adam", run: recurrent::short_texts },
    Workload { id: "W10", title: "the next word of a sonnet, 6.1 million weights, batch 32, Adam", run: recurrent::sonnets },
    Workload { id: "W11", title: "windows of 20, 20-10-10-1, batch 32", run: recurrent::windows },
    Workload { id: "W12", title: "windows of 20, two SimpleRNN 40, batch 128", run: recurrent::windows_rnn },
    Workload { id: "W13", title: "sunspots in windows of 60, two LSTM 60, batch 256", run: recurrent::sunspots },
    Workload { id: "W13s", title: "sunspots in windows of 30, two LSTM 32 both ways, batch 32", run: recurrent::sunspots_both_ways },
    Workload { id: "W3", title: "28×28 grey, two convolutions of 64, batch 32, Adam", run: convolution::small_pictures },
    Workload { id: "W4b32", title: "300×300 colour, five convolutions, batch 32, RMSprop", run: convolution::large_pictures_32 },
    Workload { id: "W4", title: "300×300 colour, five convolutions, batch 128, RMSprop", run: convolution::large_pictures },
    Workload { id: "W5", title: "150×150 colour, four convolutions, batch 20, RMSprop", run: convolution::middle_pictures },
    Workload { id: "W8", title: "headlines of 120 words, Conv1D of 128, batch 32, Adam", run: convolution::headlines },
    Workload { id: "W14i1", title: "InceptionV3, 150×150 colour, one picture asked", run: inception::ask_one },
    Workload { id: "W14i20", title: "InceptionV3, 150×150 colour, 20 pictures asked", run: inception::ask_twenty },
    Workload { id: "W14t", title: "InceptionV3 to mixed7, frozen, and a head of 1,024, batch 20, RMSprop", run: inception::transfer },
    Workload { id: "decode", title: "photographs from files to 150×150, one thread", run: augmentation::decoding },
    Workload { id: "augment", title: "pictures 150×150 transformed at random, one thread", run: augmentation::transforms },
    Workload { id: "augment-all", title: "pictures 150×150 transformed at random, all threads", run: augmentation::transforms_on_all },
    Workload { id: "files", title: "from photographs to transformed batches, all threads", run: augmentation::files_to_batches },
    Workload { id: "words", title: "reviews as ids of words: fit, sequences, padding", run: texts::words },
    Workload { id: "subwords", title: "reviews as pieces of words, one thread", run: texts::subwords },
    Workload { id: "generation", title: "100 words by an LSTM 150 both ways over 2,690 words", run: texts::generation },
    Workload { id: "naive", title: "10,000 series of 500 steps, naive", run: series::naive },
    Workload { id: "seasonal-naive", title: "10,000 series of 500 steps, seasonal naive", run: series::seasonal_naive },
    Workload { id: "ses", title: "10,000 series of 500 steps, simple exponential smoothing, α given", run: series::simple },
    Workload {
        id: "ses-search",
        title: "10,000 series of 500 steps, simple exponential smoothing, α searched",
        run: series::simple_searched,
    },
    Workload { id: "holt", title: "10,000 series of 500 steps, Holt", run: series::holt },
    Workload { id: "holt-winters", title: "10,000 series of 500 steps, Holt-Winters, season of 12", run: series::holt_winters },
    Workload { id: "gemm", title: "matrix products", run: kernels::products },
    Workload { id: "conv", title: "kernels of convolutions and pools", run: kernels::convolutions },
    Workload { id: "rnn", title: "recurrent kernels and word vectors", run: kernels::recurrent },
    Workload { id: "kernels", title: "other kernels", run: kernels::others },
];

/// Measures, prints a table, and writes or compares what was asked for.
///
/// # Errors
/// A workload or peer that does not exist, a file that cannot be read or written, a measurement that fails.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    ensure!(args.seconds > 0.0 && args.seconds.is_finite(), "--seconds must be a number above 0, got {}", args.seconds);
    let workloads = chosen(&args.workloads)?;
    let cpu = cpu(args.threads)?;
    if let Some(best_peak) = args.child {
        return child(&workloads, args, cpu, best_peak);
    }
    if args.profile {
        let material = Material::of(&workloads, args.photographs.as_deref(), args.reviews.as_deref())?;
        return workloads.iter().try_for_each(|workload| profile(workload, args, &material, cpu.threads()));
    }
    let baseline = args.baseline.as_deref().map(Record::read).transpose()?;
    let record = if args.show.is_empty() { measure_all(&workloads, args, &cpu)? } else { Record::read_all(&args.show)? };
    print!("{}{}", table::Table { record: &record, baseline: baseline.as_ref() }, goals::Goals(&record));
    args.json.as_deref().map_or(Ok(()), |path| record.write(path))
}

/// Measures every workload, round after round, in turn with peers if there are any.
fn measure_all(workloads: &[&Workload], args: &BenchArgs, cpu: &Cpu) -> Result<Record> {
    let material = Material::of(workloads, args.photographs.as_deref(), args.reviews.as_deref())?;
    let peers = args.peers.as_deref().map(|path| peers::Peers::read(path, &args.peer, &material)).transpose()?;
    let best_peak = Probe::new(cpu).best();
    let mut record = Record::new(Machine::here(cpu, best_peak));
    for round in 1..=args.rounds {
        for workload in workloads {
            let progress = format!("round {round} of {}: {} ({})", args.rounds, workload.id, workload.title);
            let mut ours = || measure_apart(workload.id, args, &material, cpu.threads(), best_peak);
            if let Some(peers) = &peers {
                peers.run(workload.id, &progress, &mut ours, &mut record)?;
            } else {
                eprintln!("{progress}");
                record.add(ours()?);
            }
        }
    }
    Ok(record)
}

fn chosen(ids: &[String]) -> Result<Vec<&'static Workload>> {
    if ids.is_empty() {
        return Ok(WORKLOADS.iter().collect());
    }
    let find = |id: &String| {
        let found = WORKLOADS.iter().find(|workload| workload.id.eq_ignore_ascii_case(id));
        found.with_context(|| format!("there is no workload `{id}`; there are\n{}", listed()))
    };
    ids.iter().map(find).collect()
}

/// A line for each workload: its id, and what it is.
fn listed() -> String {
    let width = WORKLOADS.iter().map(|workload| workload.id.len()).max().unwrap_or_default();
    let lines: Vec<String> = WORKLOADS.iter().map(|workload| format!("  {:<width$}  {}", workload.id, workload.title)).collect();
    lines.join("\n")
}

fn cpu(threads: Option<usize>) -> Result<Cpu> {
    Ok(match threads {
        Some(threads) => Cpu::new(threads, Simd::detect())?,
        None => Cpu::default(),
    })
}

/// Measures in this process.
fn child(workloads: &[&Workload], args: &BenchArgs, cpu: Cpu, best_peak: f64) -> Result<()> {
    let [workload] = workloads else { bail!("a child process measures one workload, got {}", workloads.len()) };
    let mut bench = Bench::new(workload.id, args.mode, args.seconds, cpu, best_peak);
    bench.reads(args.photographs.clone().unwrap_or_default(), args.texts.clone().unwrap_or_default());
    (workload.run)(&mut bench).with_context(|| format!("workload {}", workload.id))?;
    if args.mode != Mode::Profile {
        println!("{}", serde_json::to_string(&bench.finish())?);
    }
    Ok(())
}

/// Measures time and memory in two new processes.
fn measure_apart(id: &str, args: &BenchArgs, material: &Material, threads: usize, best_peak: f64) -> Result<Vec<Row>> {
    let mut all = Record::new(Machine::here(&cpu(args.threads)?, best_peak));
    for mode in [Mode::Time, Mode::Memory] {
        let output = command(id, args, material, threads, mode, best_peak)?.output().with_context(|| format!("starting workload {id}"))?;
        ensure!(output.status.success(), "the process that measures {id} failed: {}", output.status);
        let rows = serde_json::from_slice(&output.stdout).with_context(|| format!("what the process that measures {id} printed"))?;
        all.add(rows);
    }
    Ok(all.rows)
}

/// Prints where the time of a step goes.
fn profile(workload: &Workload, args: &BenchArgs, material: &Material, threads: usize) -> Result<()> {
    println!("{}: {}", workload.id, workload.title);
    let mut command = command(workload.id, args, material, threads, Mode::Profile, 0.0)?;
    let status = command.status().with_context(|| format!("starting {}", workload.id))?;
    ensure!(status.success(), "the process that profiles {} failed: {status}", workload.id);
    Ok(())
}

/// This program, for one workload.
fn command(id: &str, args: &BenchArgs, material: &Material, threads: usize, mode: Mode, best_peak: f64) -> Result<Command> {
    let mode = mode.to_possible_value().context("a mode without a name")?;
    let mut command = Command::new(std::env::current_exe().context("this program's own file")?);
    command.args(["bench", id, "--seconds", &args.seconds.to_string(), "--threads", &threads.to_string()]);
    command.arg("--photographs").arg(material.photographs()).arg("--texts").arg(material.texts());
    command.args(["--child", &best_peak.to_string(), "--mode", mode.get_name()]).stderr(Stdio::inherit());
    Ok(command)
}

/// What a file that could not be read or written is called in errors.
fn named(path: &Path) -> String {
    format!("`{}`", path.display())
}
