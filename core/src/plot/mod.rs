//! Charts as SVG (feature `plot`): the logs of a training, and lines, dots, stems and bands over any two axes.
//!
//! ```
//! use practicum_core::plot::{Axis, Chart, Mark, Rule, Scale, Series, Theme};
//! use practicum_core::prelude::*;
//!
//! # let folder = tempfile::tempdir().map_err(|error| Error::data(error.to_string()))?;
//! # let folder = folder.path();
//! let x = Tensor::arange(40)?.reshape([40, 1])?.scale(0.05)?;
//! let y = x.square()?;
//! let mut model = Sequential::new()
//!     .add(Input::new([1]))
//!     .add(Dense::new(16).activation("relu"))
//!     .add(Dense::new(1));
//! model.compile(Adam::new(0.01), "mse", ["mae"])?;
//! let history = model.fit(&x, &y, Fit::new().epochs(30).validation_split(0.2).quiet())?;
//!
//! // The loss of every epoch, of training and validation together, on a white page and on a dark one.
//! history.chart("loss")?.save(folder.join("loss.svg"))?;
//! history.chart("loss")?.theme(Theme::Dark).save(folder.join("loss-dark.svg"))?;
//!
//! // A chart of your own: the data as dots, what the model says as a line, and a line to compare with.
//! let points = |y: &Tensor| {
//!     x.as_slice().iter().zip(y.as_slice()).map(|(x, y)| (f64::from(*x), f64::from(*y))).collect()
//! };
//! let answers = model.predict(&x)?;
//! let chart = Chart::new(Axis::new("x", Scale::Linear), Axis::new("y", Scale::Linear))
//!     .series(Series::new("model", Mark::Line, points(&answers)))
//!     .series(Series::new("data", Mark::Dots, points(&y)))
//!     .rule(Rule::level("one", 1.0).dashed());
//! assert!(chart.to_svg()?.starts_with("<svg "));
//! # Ok::<(), Error>(())
//! ```
//!
//! [`History::chart`](crate::History::chart) draws a training, and `Forecast::chart` of `practicum-timeseries` a forecast.
//! No system library and no system font is needed: text is measured with a bundled font, so that a chart is the same text on
//! every machine. [`canvas`] draws other pictures in the same looks.

mod axis;
pub mod canvas;
mod chart;
mod days;
mod history;
pub mod labels;
mod marks;
mod theme;

pub use axis::{Axis, Scale};
pub use chart::Chart;
pub use marks::{Band, Mark, Rule, Series};
pub use theme::Theme;
