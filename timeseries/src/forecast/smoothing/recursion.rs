//! What exponential smoothing keeps in mind, and how a step changes it.

/// What the season does to the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Season {
    None,
    Adds,
    Multiplies,
}

/// The weights of what is new, and how much of the trend is left after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weights {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    pub(super) phi: f64,
}

/// Level, trend and seasons before a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) level: f64,
    pub(super) trend: f64,
    /// By their index in the season; none without a season.
    pub(super) seasons: Vec<f64>,
    /// The index of the next step in its season.
    pub(super) place: usize,
}

impl Weights {
    /// Moves one of them a little, away from its bound; returns by how much.
    pub(super) fn step(&mut self, index: usize) -> f64 {
        let weight = [&mut self.alpha, &mut self.beta, &mut self.gamma, &mut self.phi].into_iter().nth(index);
        weight.map_or(1.0, |weight| {
            let step = if *weight > 0.5 { -1e-6 } else { 1e-6 };
            *weight += step;
            step
        })
    }
}

impl State {
    /// Moves the level, the trend or one of the seasons but the first, whose sum stays, by a step of that size, or for seasons
    /// that multiply by as much as changes a forecast so; returns by how much.
    pub(super) fn step(&mut self, season: Season, index: usize, size: f64) -> f64 {
        match index {
            0 => self.level += size,
            1 => self.trend += size,
            _ => {
                let size = if season == Season::Multiplies { size / self.level.abs().max(f64::MIN_POSITIVE) } else { size };
                self.seasons[index - 1] += size;
                self.seasons[0] -= size;
                return size;
            }
        }
        size
    }
    /// Takes steps: `error` is told the number of each and its forecast, and says how far off that is.
    pub(super) fn run(&mut self, season: Season, weights: &Weights, steps: usize, error: impl FnMut(usize, f64) -> f64) {
        match season {
            Season::None => self.take::<0>(weights, steps, error),
            Season::Adds => self.take::<1>(weights, steps, error),
            Season::Multiplies => self.take::<2>(weights, steps, error),
        }
    }

    #[inline(always)]
    fn take<const SEASON: u8>(&mut self, weights: &Weights, steps: usize, mut error: impl FnMut(usize, f64) -> f64) {
        let Weights { alpha, beta, gamma, phi } = *weights;
        let (mut level, mut trend, mut place) = (self.level, self.trend, self.place);
        let seasons = self.seasons.as_mut_slice();
        for step in 0..steps {
            let base = level + phi * trend;
            let season = if SEASON == 0 { 0.0 } else { seasons[place] };
            let forecast = match SEASON {
                0 => base,
                1 => base + season,
                _ => base * season,
            };
            let error = error(step, forecast);
            let rise = alpha * if SEASON == 2 { error / season } else { error };
            level = base + rise;
            trend = phi * trend + beta * rise;
            if SEASON > 0 {
                seasons[place] = season + gamma * if SEASON == 2 { error / base } else { error };
                place = if place + 1 == seasons.len() { 0 } else { place + 1 };
            }
        }
        (self.level, self.trend, self.place) = (level, trend, place);
    }

    /// Runs over values; the sum of the squared errors, each of which `keep` is given.
    pub(super) fn over(&mut self, season: Season, weights: &Weights, values: &[f64], mut keep: impl FnMut(usize, f64)) -> f64 {
        let mut squares = 0.0;
        self.run(season, weights, values.len(), |step, forecast| {
            let error = values[step] - forecast;
            squares += error * error;
            keep(step, error);
            error
        });
        squares
    }
}
