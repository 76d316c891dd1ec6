use std::f64::consts::TAU;

use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Result};

use crate::real::{check_count, check_finite};
use crate::series::Step;
use crate::synth::Pattern;
use crate::{Date, Series, normal};

/// A custom series: trend, seasons, events and noise, added up.
///
/// ```
/// use practicum_timeseries::SeriesBuilder;
///
/// let warm = SeriesBuilder::new(0).baseline(200.0).season(7, 10.0);
/// let shop = SeriesBuilder::new(730)
///     .baseline(100.0)
///     .trend(0.1)
///     .season(7, 20.0)
///     .season(365, 50.0)
///     .pulse(359, 3, 80.0)
///     .noise(5.0)
///     .memory(1, 0.6)
///     .regime_change(600, warm)
///     .seed(7);
/// let series = shop.build()?;
/// assert_eq!(series.len(), 730);
/// assert_eq!(series, shop.build()?);
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// The course's own series, with NumPy's numbers, are in [`synth`](crate::synth).
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesBuilder {
    length: usize,
    baseline: f64,
    slope: f64,
    seasons: Vec<Season>,
    events: Vec<Event>,
    impulses: Vec<(usize, f64)>,
    noise: f64,
    memory: Vec<(usize, f64)>,
    changes: Vec<(usize, SeriesBuilder)>,
    start: Option<(Date, Step)>,
    seed: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Season {
    period: usize,
    amplitude: f64,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Wave,
    Pattern(Pattern),
    Profile(Vec<f64>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Event {
    from: usize,
    steps: Option<usize>,
    height: f64,
}

impl SeriesBuilder {
    /// A flat line of `length` steps at 0, with the seed 42.
    pub fn new(length: usize) -> Self {
        Self {
            length,
            baseline: 0.0,
            slope: 0.0,
            seasons: Vec::new(),
            events: Vec::new(),
            impulses: Vec::new(),
            noise: 0.0,
            memory: Vec::new(),
            changes: Vec::new(),
            start: None,
            seed: DEFAULT_SEED,
        }
    }

    /// What the whole series stands on.
    #[must_use]
    pub fn baseline(mut self, baseline: f64) -> Self {
        self.baseline = baseline;
        self
    }

    /// The rise in a step: `slope * t`.
    #[must_use]
    pub fn trend(mut self, slope: f64) -> Self {
        self.slope = slope;
        self
    }

    /// One more season, a wave: `amplitude * sin(2π t / period)`.
    #[must_use]
    pub fn season(self, period: usize, amplitude: f64) -> Self {
        self.shaped(period, amplitude, Shape::Wave)
    }

    /// One more season of one of the course's shapes.
    #[must_use]
    pub fn pattern(self, period: usize, amplitude: f64, pattern: Pattern) -> Self {
        self.shaped(period, amplitude, Shape::Pattern(pattern))
    }

    /// One more season, given step by step: as long as there are values, such as seven for the days of a week.
    #[must_use]
    pub fn profile(self, values: &[f64]) -> Self {
        self.shaped(values.len(), 1.0, Shape::Profile(values.to_vec()))
    }

    fn shaped(mut self, period: usize, amplitude: f64, shape: Shape) -> Self {
        self.seasons.push(Season { period, amplitude, shape });
        self
    }

    /// An event: so much more in `steps` steps from step `at`.
    #[must_use]
    pub fn pulse(mut self, at: usize, steps: usize, height: f64) -> Self {
        self.events.push(Event { from: at, steps: Some(steps), height });
        self
    }

    /// So much more from step `at` on.
    #[must_use]
    pub fn shift(mut self, at: usize, height: f64) -> Self {
        self.events.push(Event { from: at, steps: None, height });
        self
    }

    /// Impulses of uniform height below `amplitude` at random steps; those that meet add up. The memory echoes them.
    #[must_use]
    pub fn impulses(mut self, count: usize, amplitude: f64) -> Self {
        self.impulses.push((count, amplitude));
        self
    }

    /// The standard deviation of the normal noise.
    #[must_use]
    pub fn noise(mut self, level: f64) -> Self {
        self.noise = level;
        self
    }

    /// Lets noise and impulses remember: `e[t] = noise + Σ φ e[t − lag]` over all lags given, nothing before the first step.
    #[must_use]
    pub fn memory(mut self, lag: usize, phi: f64) -> Self {
        self.memory.push((lag, phi));
        self
    }

    /// From step `at` on the series is the other one, whose own length and dates do not count.
    #[must_use]
    pub fn regime_change(mut self, at: usize, to: Self) -> Self {
        self.changes.push((at, to));
        self
    }

    /// The date of the first step, and how far the steps are apart.
    #[must_use]
    pub fn dates(mut self, start: Date, step: Step) -> Self {
        self.start = Some((start, step));
        self
    }

    /// Where the random numbers begin.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The series.
    ///
    /// # Errors
    /// A length of 0; a period or lag of 0; an event or change of regime after the end; a noise level that is negative;
    /// dates outside the years 0 to 9999; values that are not finite.
    pub fn build(&self) -> Result<Series> {
        let values = self.values(self.length)?;
        check_finite("the series", &values)?;
        let series = Series::new(values)?;
        let Some((start, step)) = self.start else { return Ok(series) };
        let day = if start.is_day_or_last(31) { 31 } else { start.civil().day() };
        let date = |index: usize| step.after(start, index as i64, day);
        series.with_dates((0..self.length).map(date).collect::<Result<_>>()?)
    }

    fn values(&self, length: usize) -> Result<Vec<f64>> {
        self.check(length)?;
        let mut values = self.random(length);
        for (step, value) in values.iter_mut().enumerate() {
            let events = self.events.iter().filter(|event| event.covers(step)).map(|event| event.height).sum::<f64>();
            let seasons = self.seasons.iter().map(|season| season.at(step)).sum::<f64>();
            *value += self.baseline + self.slope * step as f64 + seasons + events;
        }
        for (at, other) in &self.changes {
            let other = other.values(length).map_err(|error| error.context(format!("the regime from step {at}")))?;
            values[*at..].copy_from_slice(&other[*at..]);
        }
        Ok(values)
    }

    fn check(&self, length: usize) -> Result<()> {
        if length == 0 {
            return Err(Error::argument("the series has a length of 0, expected 1 step or more"));
        }
        check_count("steps", length)?;
        self.impulses.iter().try_for_each(|(count, _)| check_count("impulses", *count))?;
        if self.seasons.iter().any(|season| season.period == 0) {
            return Err(Error::argument("the period of a season is 0, expected 1 step or more"));
        }
        if self.memory.iter().any(|(lag, _)| *lag == 0) {
            return Err(Error::argument("the lag of a memory is 0, expected 1 step or more"));
        }
        if !(self.noise >= 0.0) {
            return Err(Error::argument(format!("the noise level is {}, expected 0 or more", self.noise)));
        }
        let events = self.events.iter().map(|event| ("an event", event.from));
        let late = events.chain(self.changes.iter().map(|(at, _)| ("a change of regime", *at))).find(|(_, at)| *at >= length);
        match late {
            Some((what, at)) => Err(Error::argument(format!("{what} is at step {at}, expected one of the {length} of the series"))),
            None => Ok(()),
        }
    }

    /// Noise and impulses, with their memory.
    fn random(&self, length: usize) -> Vec<f64> {
        let key = Key::new(self.seed).fold_str("series");
        let mut rng = key.fold(0).rng();
        let mut values: Vec<f64> = (0..length).map(|_| if self.noise > 0.0 { self.noise * normal::draw(&mut rng) } else { 0.0 }).collect();
        let mut rng = key.fold(1).rng();
        for (count, amplitude) in &self.impulses {
            for _ in 0..*count {
                let at = rng.below(u32::try_from(length).unwrap_or(u32::MAX)) as usize;
                values[at] += amplitude * f64::from(rng.below(u32::MAX)) / f64::from(u32::MAX);
            }
        }
        for step in 0..length {
            let echo = |(lag, phi): &(usize, f64)| if *lag <= step { phi * values[step - lag] } else { 0.0 };
            values[step] += self.memory.iter().map(echo).sum::<f64>();
        }
        values
    }
}

impl Season {
    fn at(&self, step: usize) -> f64 {
        let place = step % self.period;
        let part = place as f64 / self.period as f64;
        self.amplitude
            * match &self.shape {
                Shape::Wave => (TAU * part).sin(),
                Shape::Pattern(pattern) => pattern.at(part),
                Shape::Profile(values) => values[place],
            }
    }
}

impl Event {
    fn covers(&self, step: usize) -> bool {
        step >= self.from && self.steps.is_none_or(|steps| step - self.from < steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(builder: &SeriesBuilder) -> Vec<f64> {
        builder.build().unwrap().values().unwrap().to_vec()
    }

    #[test]
    fn parts_add_up() {
        let line = SeriesBuilder::new(6).baseline(1.0).trend(2.0).profile(&[0.0, 10.0]).pulse(2, 2, 100.0).shift(4, 1000.0);
        assert_eq!(values(&line), [1.0, 13.0, 105.0, 117.0, 1009.0, 1021.0]);
        let echo = SeriesBuilder::new(50).impulses(1, 8.0).memory(1, 0.5);
        let (echo, impulse) = (values(&echo), values(&SeriesBuilder::new(50).impulses(1, 8.0)));
        let at = impulse.iter().position(|value| *value != 0.0).unwrap();
        assert_eq!(echo[at], impulse[at]);
        assert!(at == 49 || echo[at + 1] == 0.5 * impulse[at]);
        let changed = line.clone().regime_change(3, SeriesBuilder::new(0).baseline(7.0));
        assert_eq!(values(&changed), [1.0, 13.0, 105.0, 7.0, 7.0, 7.0]);
    }

    #[test]
    fn noise_has_its_level_and_its_seed() {
        let noise = SeriesBuilder::new(4000).noise(3.0);
        let (mean, deviation) = crate::transform::moments(&values(&noise));
        assert!(mean.abs() < 0.15 && (deviation - 3.0).abs() < 0.1, "{mean} {deviation}");
        assert_ne!(values(&noise), values(&noise.clone().seed(1)));
    }

    #[test]
    fn dates_follow_the_calendar() {
        let series = SeriesBuilder::new(3).dates(Date::new(2020, 1, 31).unwrap(), Step::Months(1)).build().unwrap();
        assert_eq!(series.dates().unwrap()[1].to_string(), "2020-02-29");
        assert_eq!(series.step().unwrap(), Step::Months(1));
    }

    #[test]
    fn bad_parts_are_told() {
        let error = |builder: SeriesBuilder| builder.build().unwrap_err().to_string();
        let builder = SeriesBuilder::new(5);
        assert!(error(SeriesBuilder::new(0)).contains("length of 0"));
        assert!(error(SeriesBuilder::new(usize::MAX)).contains("are more than memory is given to"));
        assert!(error(builder.clone().season(0, 1.0)).contains("the period of a season is 0"));
        assert!(error(builder.clone().profile(&[])).contains("the period of a season is 0"));
        assert!(error(builder.clone().memory(0, 1.0)).contains("the lag of a memory is 0"));
        assert!(error(builder.clone().noise(-1.0)).contains("the noise level is -1"));
        assert!(error(builder.clone().pulse(5, 1, 1.0)).contains("an event is at step 5"));
        assert!(error(builder.clone().regime_change(9, builder.clone())).contains("a change of regime is at step 9"));
        assert!(error(builder.clone().trend(f64::INFINITY)).contains("at index 0"));
        assert!(error(builder.dates(Date::new(9999, 12, 1).unwrap(), Step::Months(1))).contains("9999"));
    }
}
