use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::{Callback, Context, Logs, Verbose};
use crate::{Error, Result};

/// Tells how the training goes: on a terminal in a line that is rewritten, elsewhere in a line an epoch. Where this crate was
/// compiled without optimization, it begins with what to do about that.
///
/// [`fit`](crate::Model::fit) adds one for standard output unless it is told to be quiet. A sink that was closed, as a pager
/// may be, is no reason to end a training.
pub struct Progress {
    sink: Option<Box<dyn Write + Send>>,
    live: bool,
    color: bool,
    epoch: usize,
    began: Instant,
    drawn: Instant,
    steps: usize,
    /// Whether the live line stands there without its end.
    unfinished: bool,
}

/// The live line is rewritten this often at most.
const REDRAW: Duration = Duration::from_millis(100);

/// From here on, what is too long for the terminal is cut at its edge: a second line would not be rewritten.
const NO_WRAP: &str = "\x1b[?7l";
/// As it was.
const WRAP: &str = "\x1b[?7h";

impl Progress {
    /// Tells on standard output.
    pub fn stdout(verbose: Verbose) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let live = terminal && verbose == Verbose::Auto;
        let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { color, ..Self::to(std::io::stdout(), live) }
    }

    /// Tells another sink: with `live`, in a line that is rewritten.
    pub fn to(sink: impl Write + Send + 'static, live: bool) -> Self {
        let now = Instant::now();
        Self { sink: Some(Box::new(sink)), live, color: false, epoch: 0, began: now, drawn: now, steps: 0, unfinished: false }
    }

    fn tell(&mut self, text: &str) -> Result<()> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        match sink.write_all(text.as_bytes()).and_then(|()| sink.flush()) {
            Err(source) if source.kind() == std::io::ErrorKind::BrokenPipe => self.sink = None,
            Err(source) => return Err(Error::io("write the progress to", "its sink".as_ref(), source)),
            Ok(()) => {}
        }
        Ok(())
    }

    fn head(&self, cx: &Context<'_>) -> String {
        let epochs = cx.epochs();
        let width = epochs.to_string().len();
        let (bold, plain) = if self.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        format!("{bold}epoch {:>width$}/{epochs}{plain}", self.epoch + 1)
    }

    fn pace(&self) -> String {
        let elapsed = self.began.elapsed();
        format!("{}  {}/step", duration(elapsed), duration(elapsed / self.steps.max(1) as u32))
    }
}

/// A time in the unit that suits it.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 100.0 => format!("{s:.1} s"),
        s => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0),
    }
}

fn numbers(logs: &Logs) -> String {
    let mut text = String::new();
    for (name, value) in logs.iter() {
        let small = value != 0.0 && value.abs() < 1e-3;
        let large = value.abs() >= 1e5;
        let _ = if small || large { write!(text, "  {name} {value:.3e}") } else { write!(text, "  {name} {value:.4}") };
    }
    text
}

fn bar(done: usize, all: usize) -> String {
    const WIDTH: usize = 20;
    let full = (done * WIDTH / all.max(1)).min(WIDTH);
    format!("{}{}", "━".repeat(full), "╌".repeat(WIDTH - full))
}

/// How far this crate is optimized, as its build script found it.
const OPT_LEVEL: &str = env!("PRACTICUM_OPT_LEVEL");

const SLOW: &str = "\
practicum-core is compiled without optimization: trainings take about a hundred times as long.
Run with --release, or add to Cargo.toml:

    [profile.dev.package.\"*\"]
    opt-level = 3

";

impl Callback for Progress {
    fn on_train_begin(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        if OPT_LEVEL == "0" { self.tell(SLOW) } else { Ok(()) }
    }

    fn on_epoch_begin(&mut self, epoch: usize, _cx: &mut Context<'_>) -> Result<()> {
        (self.epoch, self.began, self.steps) = (epoch, Instant::now(), 0);
        Ok(())
    }

    fn on_batch_end(&mut self, step: usize, _loss: f64, cx: &mut Context<'_>) -> Result<()> {
        self.steps = step + 1;
        if !self.live || self.drawn.elapsed() < REDRAW {
            return Ok(());
        }
        self.drawn = Instant::now();
        let mut line = format!("\r\x1b[2K{NO_WRAP}{}", self.head(cx));
        if let Some(all) = cx.steps() {
            let left = self.began.elapsed() / self.steps.max(1) as u32 * all.saturating_sub(self.steps) as u32;
            let _ = write!(line, "  {}  {}/{all}  {} left", bar(self.steps, all), self.steps, duration(left));
        } else {
            let _ = write!(line, "  {} steps", self.steps);
        }
        line.push_str(&numbers(&cx.logs()?));
        line.push_str(WRAP);
        self.unfinished = true;
        self.tell(&line)
    }

    fn on_epoch_end(&mut self, _epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        let clear = if self.live { "\r\x1b[2K" } else { "" };
        self.unfinished = false;
        let line = format!("{clear}{}  {} steps  {}{}\n", self.head(cx), self.steps, self.pace(), numbers(logs));
        self.tell(&line)
    }

    /// What is told next, as the error that ended the training, begins on a line of its own.
    fn on_train_end(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        if std::mem::take(&mut self.unfinished) { self.tell("\n") } else { Ok(()) }
    }
}
