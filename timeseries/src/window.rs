//! Windows over a series: what a network reads, and what it is to answer.
//!
//! ```
//! use practicum_timeseries::window::{Windowing, windowed_dataset};
//!
//! let series: Vec<f32> = (0..10).map(|step| step as f32).collect();
//! let batches = windowed_dataset(series, &Windowing::new(4).batch_size(2).in_order())?;
//! assert_eq!(batches.len(), Some(3));
//! let (x, y) = batches.iter().next().unwrap()?;
//! assert_eq!(
//!     (x.shape().dims(), x.as_slice()),
//!     ([2, 4].as_slice(), [0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0].as_slice())
//! );
//! assert_eq!((y.shape().dims(), y.as_slice()), ([2].as_slice(), [4.0, 5.0].as_slice()));
//! # Ok::<(), practicum_core::Error>(())
//! ```

use practicum_core::data::{BatchOptions, Data, Dataset, IntoData, ShuffleOptions};
use practicum_core::{Error, Result, Shape, Tensor};

use crate::real::check_finite;

/// How a series is cut into windows and batches.
///
/// By default: a window at every step, labels of the one step after it, 1000 windows in the buffer that they are
/// drawn from, batches of 32, the last of which may be shorter.
///
/// | series | labels | `x` of a batch | `y` of a batch |
/// |---|---|---|---|
/// | `[n]` | the next step | `[b, w]` | `[b]` |
/// | `[n]` | [`horizon`](Windowing::horizon)`(h)` | `[b, w]` | `[b, h]` |
/// | `[n]` | [`sequences`](Windowing::sequences) | `[b, w, 1]` | `[b, w, 1]` |
/// | `[n, c]` | the next step | `[b, w, c]` | `[b, c]` |
/// | `[n, c]` | `horizon(h)` | `[b, w, c]` | `[b, h, c]` |
/// | `[n, c]` | `sequences` | `[b, w, c]` | `[b, w, c]` |
///
/// [`target`](Windowing::target) leaves one column of the labels, and their last axis out, except for sequences, where its
/// size is 1.
#[derive(Clone, Debug)]
pub struct Windowing {
    window: usize,
    labels: Labels,
    target: Option<usize>,
    shift: usize,
    stride: usize,
    shuffle: Option<ShuffleOptions>,
    batch: BatchOptions,
    prefetch: usize,
}

#[derive(Clone, Copy, Debug)]
enum Labels {
    /// The step after the window.
    Next,
    /// This many steps after the window.
    Horizon(usize),
    /// The window, one step later.
    Sequence,
}

impl Windowing {
    /// Windows of `window` steps.
    pub fn new(window: usize) -> Self {
        Self {
            window,
            labels: Labels::Next,
            target: None,
            shift: 1,
            stride: 1,
            shuffle: Some(ShuffleOptions::new(1000)),
            batch: BatchOptions::new(32),
            prefetch: 0,
        }
    }

    /// Labels of `steps` steps after the window; 1 is the next step with an axis of its own.
    #[must_use]
    pub fn horizon(mut self, steps: usize) -> Self {
        self.labels = Labels::Horizon(steps);
        self
    }

    /// Labels of as many steps as the window, one step later: what a network answers that answers at every step.
    #[must_use]
    pub fn sequences(mut self) -> Self {
        self.labels = Labels::Sequence;
        self
    }

    /// The only column that is forecast; without it, all are.
    #[must_use]
    pub fn target(mut self, column: usize) -> Self {
        self.target = Some(column);
        self
    }

    /// From the beginning of a window to the beginning of the next.
    #[must_use]
    pub fn shift(mut self, steps: usize) -> Self {
        self.shift = steps;
        self
    }

    /// From an element of a window to the next, and so to its labels.
    #[must_use]
    pub fn stride(mut self, steps: usize) -> Self {
        self.stride = steps;
        self
    }

    /// How the windows are shuffled: the size of the buffer, or more.
    #[must_use]
    pub fn shuffle(mut self, options: impl Into<ShuffleOptions>) -> Self {
        self.shuffle = Some(options.into());
        self
    }

    /// Leaves the windows in their order.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.shuffle = None;
        self
    }

    /// How many windows a batch has, or more.
    #[must_use]
    pub fn batch_size(mut self, options: impl Into<BatchOptions>) -> Self {
        self.batch = options.into();
        self
    }

    /// The number of batches made ahead, on a thread of their own. It changes speed only, and pays for long windows of many
    /// columns alone: a batch of short ones is copied faster than it is handed over.
    #[must_use]
    pub fn prefetch(mut self, batches: usize) -> Self {
        self.prefetch = batches;
        self
    }

    /// Checks the options against a series; tells how many steps a window takes, labels included.
    fn check(&self, series: &Tensor, labelled: bool) -> Result<usize> {
        let horizon = match self.labels {
            _ if !labelled => 0,
            Labels::Next | Labels::Sequence => 1,
            Labels::Horizon(steps) => steps,
        };
        let counts = [("window", self.window), ("shift", self.shift), ("stride", self.stride), ("batch_size", self.batch.batch_size)];
        let horizon_too = labelled.then_some(("horizon", horizon));
        if let Some((name, _)) = counts.into_iter().chain(horizon_too).find(|(_, value)| *value == 0) {
            return Err(Error::argument(format!("{name} is 0, expected 1 or more")));
        }
        if let (Some(target), columns) = (self.target, columns(series))
            && labelled
            && target >= columns
        {
            return Err(Error::argument(format!("target is column {target}, the series has {columns}: 0 to {}", columns.max(1) - 1)));
        }
        let span = self.window.saturating_add(horizon).saturating_sub(1).saturating_mul(self.stride).saturating_add(1);
        let steps = series.shape()[0];
        if span > steps {
            let ahead = if labelled { format!(" with {horizon} ahead") } else { String::new() };
            return Err(Error::data(format!("a window of {}{ahead} takes {span} steps, the series has {steps}", self.window)));
        }
        Ok(span)
    }

    /// The first steps of all windows.
    fn starts(&self, steps: usize, span: usize) -> Dataset<usize> {
        (0..=steps - span).step_by(self.shift).collect()
    }
}

/// How many numbers a step of the series has.
fn columns(series: &Tensor) -> usize {
    series.shape().get(1).copied().unwrap_or(1)
}

fn series_of(series: impl IntoData) -> Result<Tensor> {
    let series = Data::new(series)?.to_tensor()?;
    if series.rank() > 2 || columns(&series) == 0 {
        return Err(Error::shape(format!("expected a series of shape [steps] or [steps, columns], got {}", series.shape())));
    }
    check_finite("the series", series.as_slice())?;
    Ok(series)
}

/// Batches of windows and of what comes after them, to train on: shuffled anew each epoch.
///
/// The same as `window`, `flat_map`, `shuffle`, `map` and `batch` of a [`Dataset`] one after the other, but windows are
/// copied only once, into their batch.
///
/// # Errors
/// Options of 0; a target that is no column; a series that is shorter than a window and its labels, or holds NaN or
/// infinity; one with more axes than steps and columns.
pub fn windowed_dataset(series: impl IntoData, options: &Windowing) -> Result<Dataset<(Tensor, Tensor)>> {
    let series = series_of(series)?;
    let span = options.check(&series, true)?;
    let starts = options.starts(series.shape()[0], span);
    let starts = match options.shuffle {
        Some(shuffle) => starts.shuffle(shuffle),
        None => starts,
    };
    let (x, y) = options.cuts(&series);
    let batches = starts.chunks(options.batch).map(move |starts| Ok((x.batch(&starts)?, y.batch(&starts)?)));
    Ok(batches.prefetch(options.prefetch))
}

/// Batches of windows in their order, to predict on: one window at every `shift`, up to the last that the series has room
/// for. Labels and shuffling of the options do not count.
///
/// For the steps from `split` on, give the series from step `split − window` on: the first window then ends before `split`,
/// and the last one forecasts the step after the end of the series.
///
/// ```
/// use practicum_timeseries::window::{Windowing, forecast_windows};
///
/// let series: Vec<f32> = (0..10).map(|step| step as f32).collect();
/// let (window, split) = (4, 7);
/// let windows =
///     forecast_windows(series[split - window..series.len() - 1].to_vec(), &Windowing::new(window))?;
/// let batch = windows.iter().next().unwrap()?;
/// assert_eq!(batch.shape().dims(), [3, 4]);
/// assert_eq!(batch.rows(0..1)?.as_slice(), [3.0, 4.0, 5.0, 6.0]);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// As [`windowed_dataset`].
pub fn forecast_windows(series: impl IntoData, options: &Windowing) -> Result<Dataset<Tensor>> {
    let series = series_of(series)?;
    let span = options.check(&series, false)?;
    let starts = options.starts(series.shape()[0], span);
    let (x, _) = options.cuts(&series);
    Ok(starts.chunks(options.batch).map(move |starts| x.batch(&starts)).prefetch(options.prefetch))
}

/// What is cut from a series: the windows, or their labels.
struct Cut {
    series: Tensor,
    /// From the first step of a window.
    offset: usize,
    steps: usize,
    stride: usize,
    /// One column, or all.
    column: Option<usize>,
    /// The shape of a cut.
    shape: Vec<usize>,
}

impl Windowing {
    fn cuts(&self, series: &Tensor) -> (Cut, Cut) {
        let columns = columns(series);
        let sequence = matches!(self.labels, Labels::Sequence);
        let cut = |offset, steps, column: Option<usize>, shape| Cut {
            series: series.clone(),
            offset: offset * self.stride,
            steps,
            stride: self.stride,
            column: column.filter(|_| columns > 1),
            shape,
        };
        let last_axis = |width: usize, kept: bool| if kept { vec![width] } else { Vec::new() };
        let x_axes = [vec![self.window], last_axis(columns, sequence || series.rank() == 2)].concat();
        let width = if self.target.is_some() { 1 } else { columns };
        let y_axis = last_axis(width, sequence || (series.rank() == 2 && self.target.is_none()));
        let (offset, steps, y_axes) = match self.labels {
            Labels::Next => (self.window, 1, y_axis),
            Labels::Horizon(steps) => (self.window, steps, [vec![steps], y_axis].concat()),
            Labels::Sequence => (1, self.window, [vec![self.window], y_axis].concat()),
        };
        (cut(0, self.window, None, x_axes), cut(offset, steps, self.target, y_axes))
    }
}

impl Cut {
    fn batch(&self, starts: &[usize]) -> Result<Tensor> {
        let shape = Shape::new(&[&[starts.len()], &self.shape[..]].concat())?;
        let mut batch = Vec::new();
        batch.try_reserve_exact(shape.size()).map_err(|source| {
            Error::data(format!("a batch of shape {shape} does not fit into memory")).source(source).hint("use smaller batches")
        })?;
        let (series, columns) = (self.series.as_slice(), columns(&self.series));
        for start in starts {
            let first = (start + self.offset) * columns;
            match (self.column, self.stride) {
                (None, 1) => batch.extend_from_slice(&series[first..first + self.steps * columns]),
                (None, stride) => {
                    let steps = series[first..].chunks_exact(columns).step_by(stride).take(self.steps);
                    steps.for_each(|step| batch.extend_from_slice(step));
                }
                (Some(column), stride) => batch.extend(series[first + column..].iter().step_by(stride * columns).take(self.steps)),
            }
        }
        Tensor::new(shape, batch)
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::data::WindowOptions;

    use super::*;

    fn numbers(n: usize) -> Tensor {
        Tensor::arange(n).unwrap()
    }

    fn epoch(dataset: &Dataset<(Tensor, Tensor)>, epoch: usize) -> Vec<(Tensor, Tensor)> {
        dataset.epoch(epoch).collect::<Result<_>>().unwrap()
    }

    fn shapes(options: &Windowing, series: Tensor) -> [Vec<usize>; 2] {
        let (x, y) = windowed_dataset(series, options).unwrap().iter().next().unwrap().unwrap();
        [x.shape().to_vec(), y.shape().to_vec()]
    }

    /// The course's pipeline, stage by stage.
    fn by_stages(series: &Tensor, window: usize, shuffle: ShuffleOptions, sequences: bool) -> Dataset<(Tensor, Tensor)> {
        let slices = if sequences { series.reshape([series.len(), 1]).unwrap() } else { series.clone() };
        let windows = Dataset::from_tensor_slices(slices).unwrap().window(WindowOptions::new(window + 1).shift(1).drop_remainder(true));
        let windows = windows.flat_map(move |part| Ok(part.batch(window + 1))).shuffle(shuffle);
        let split = move |part: Tensor| Ok((part.rows(0..window)?, if sequences { part.rows(1..window + 1)? } else { part.row(window)? }));
        windows.map(split).batch(32).prefetch(1)
    }

    #[test]
    fn the_courses_first_lab_gives_its_pairs() {
        let options = Windowing::new(4).horizon(1).batch_size(2).shuffle(10);
        let dataset = windowed_dataset(numbers(10), &options).unwrap();
        let pairs = |number| -> Vec<(Vec<f32>, f32)> {
            let rows = epoch(&dataset, number).into_iter().flat_map(|(x, y)| {
                assert_eq!((x.shape().dims(), y.shape().dims()), ([2, 4].as_slice(), [2, 1].as_slice()));
                (0..2).map(move |row| (x.row(row).unwrap().to_vec(), y.as_slice()[row]))
            });
            rows.collect()
        };
        assert_ne!(pairs(0), pairs(1));
        let mut pairs = pairs(0);
        pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
        let expected: Vec<(Vec<f32>, f32)> = (0..6).map(|i| ((i..i + 4).map(|x| x as f32).collect(), (i + 4) as f32)).collect();
        assert_eq!(pairs, expected);
    }

    #[test]
    fn batches_are_those_of_the_stages_one_by_one() {
        let series = numbers(1000);
        for (buffer, seed) in [(1000, 42), (10, 7), (1, 1)] {
            let shuffle = ShuffleOptions::new(buffer).seed(seed);
            for sequences in [false, true] {
                let options = Windowing::new(20).shuffle(shuffle).prefetch(1);
                let options = if sequences { options.sequences() } else { options };
                let (ours, theirs) = (windowed_dataset(&series, &options).unwrap(), by_stages(&series, 20, shuffle, sequences));
                assert_eq!(ours.len(), Some(31));
                for number in 0..3 {
                    assert!(epoch(&ours, number) == epoch(&theirs, number), "{options:?}");
                }
            }
        }
    }

    #[test]
    fn shapes_are_those_of_the_table() {
        let (line, table) = (numbers(100), Tensor::new([100, 3], (0..300).map(|i| i as f32).collect()).unwrap());
        let options = || Windowing::new(5).batch_size(8);
        assert_eq!(shapes(&options(), line.clone()), [vec![8, 5], vec![8]]);
        assert_eq!(shapes(&options().horizon(2), line.clone()), [vec![8, 5], vec![8, 2]]);
        assert_eq!(shapes(&options().sequences(), line), [vec![8, 5, 1], vec![8, 5, 1]]);
        assert_eq!(shapes(&options(), table.clone()), [vec![8, 5, 3], vec![8, 3]]);
        assert_eq!(shapes(&options().horizon(2), table.clone()), [vec![8, 5, 3], vec![8, 2, 3]]);
        assert_eq!(shapes(&options().sequences(), table.clone()), [vec![8, 5, 3], vec![8, 5, 3]]);
        assert_eq!(shapes(&options().target(1), table.clone()), [vec![8, 5, 3], vec![8]]);
        assert_eq!(shapes(&options().target(1).horizon(2), table.clone()), [vec![8, 5, 3], vec![8, 2]]);
        assert_eq!(shapes(&options().target(1).sequences(), table), [vec![8, 5, 3], vec![8, 5, 1]]);
    }

    #[test]
    fn strides_shifts_and_columns_take_their_steps() {
        let table = Tensor::new([12, 2], (0..12).flat_map(|i| [i as f32, -(i as f32)]).collect()).unwrap();
        let options = Windowing::new(2).stride(3).shift(2).horizon(2).target(1).in_order();
        let batches = epoch(&windowed_dataset(&table, &options).unwrap(), 0);
        let [(x, y)] = &batches[..] else { panic!("{batches:?}") };
        assert_eq!(x.as_slice(), [0.0, 0.0, 3.0, -3.0, 2.0, -2.0, 5.0, -5.0]);
        assert_eq!((y.shape().dims(), y.as_slice()), ([2, 2].as_slice(), [-6.0, -9.0, -8.0, -11.0].as_slice()));
        let options = Windowing::new(2).stride(3).shift(5).sequences().target(0).in_order();
        let batches = epoch(&windowed_dataset(&table, &options).unwrap(), 0);
        assert_eq!(batches[0].1.as_slice(), [3.0, 6.0, 8.0, 11.0]);
    }

    #[test]
    fn forecasts_have_every_window_in_order() {
        let windows = forecast_windows(numbers(50), &Windowing::new(4).batch_size(20)).unwrap();
        let batches: Vec<Tensor> = windows.iter().collect::<Result<_>>().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.shape()[0]).collect::<Vec<_>>(), [20, 20, 7]);
        assert_eq!(batches[2].row(6).unwrap().as_slice(), [46.0, 47.0, 48.0, 49.0]);
        let sequences = forecast_windows(numbers(4), &Windowing::new(4).sequences()).unwrap().get_single_element().unwrap();
        assert_eq!(sequences.shape().dims(), [1, 4, 1]);
    }

    #[test]
    fn a_remainder_is_dropped_where_that_is_wanted() {
        let options = Windowing::new(4).batch_size(BatchOptions::new(20).drop_remainder(true));
        assert_eq!(windowed_dataset(numbers(50), &options).unwrap().len(), Some(2));
    }

    #[test]
    fn bad_options_and_series_are_told() {
        let of = |series: Tensor, options: Windowing| windowed_dataset(series, &options).unwrap_err().to_string();
        assert_eq!(of(numbers(5), Windowing::new(0)), "window is 0, expected 1 or more");
        assert_eq!(of(numbers(5), Windowing::new(2).horizon(0)), "horizon is 0, expected 1 or more");
        assert_eq!(of(numbers(5), Windowing::new(2).batch_size(0)), "batch_size is 0, expected 1 or more");
        assert_eq!(of(numbers(5), Windowing::new(5)), "a window of 5 with 1 ahead takes 6 steps, the series has 5");
        assert_eq!(of(numbers(5), Windowing::new(2).target(1)), "target is column 1, the series has 1: 0 to 0");
        assert!(of(numbers(5), Windowing::new(usize::MAX).stride(3)).contains("the series has 5"));
        assert!(of(Tensor::zeros([2, 2, 2]).unwrap(), Windowing::new(1)).contains("expected a series of shape"));
        assert!(of(Tensor::from([1.0, f32::NAN]), Windowing::new(1)).contains("NaN at index 1"));
        assert!(windowed_dataset(numbers(9), &Windowing::new(2).shuffle(0)).unwrap().iter().next().unwrap().is_err());
        let short = forecast_windows(numbers(3), &Windowing::new(4)).unwrap_err().to_string();
        assert_eq!(short, "a window of 4 takes 4 steps, the series has 3");
    }
}
