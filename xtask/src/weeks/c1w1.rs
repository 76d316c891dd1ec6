//! Course 1, week 1: one neuron learns a line.

use anyhow::Result;
use practicum_core::prelude::*;

use super::run::curves_of;
use super::{Bound, DataNeed, Scale, Session, SessionKind, Target, Week, WeekRun};
use crate::report::LineFit;
use crate::results::DataSource;

pub(crate) struct C1W1;

impl Week for C1W1 {
    fn id(&self) -> &'static str {
        "c1w1"
    }

    fn title(&self) -> &'static str {
        "A new programming paradigm"
    }

    fn teaches(&self) -> &'static str {
        "One neuron finds the rule behind six pairs of numbers"
    }

    fn data(&self) -> &'static [DataNeed] {
        &[]
    }

    fn sessions(&self) -> &'static [Session] {
        const SESSIONS: &[Session] = &[
            Session { kind: SessionKind::Lab(1), title: "Hello world: learn y = 2x - 1" },
            Session { kind: SessionKind::Lab(2), title: "The same, and a look at what the layer learned" },
            Session { kind: SessionKind::Exercise, title: "House prices: predict a house with 7 bedrooms" },
        ];
        SESSIONS
    }

    fn targets(&self) -> &'static [Target] {
        const LINE: Bound = Bound::Within(18.975, 18.988);
        const LINE_SOURCE: &str = "where gradient descent stands after 500 steps from any of Glorot's first weights";
        const TARGETS: &[Target] = &[
            Target { run: "lab1", metric: "predict_10", bound: LINE, on: DataSource::Inline, at: Scale::Any, source: LINE_SOURCE },
            Target { run: "lab2", metric: "predict_10", bound: LINE, on: DataSource::Inline, at: Scale::Any, source: LINE_SOURCE },
            Target {
                run: "exercise",
                metric: "predict_7",
                bound: Bound::Within(3.99, 4.02),
                on: DataSource::Inline,
                at: Scale::Any,
                source: "where gradient descent stands after 1,000 steps from any of Glorot's first weights",
            },
        ];
        TARGETS
    }

    fn run(&self, run: &mut WeekRun<'_>) -> Result<()> {
        run.inline_data("pairs");
        let line =
            Line { x: [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0], y: [-3.0, -1.0, 1.0, 3.0, 5.0, 7.0], at: 10.0, epochs: 500, axes: ("x", "y") };
        let houses = Line {
            x: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            y: [1.0, 1.5, 2.0, 2.5, 3.0, 3.5],
            at: 7.0,
            epochs: 1000,
            axes: ("bedrooms", "price in 100,000"),
        };
        if run.wants(SessionKind::Lab(1)) {
            line.learn(run, "lab1", "Lab 1: hello world", false)?;
        }
        if run.wants(SessionKind::Lab(2)) {
            line.learn(run, "lab2", "Lab 2: what the layer learned", true)?;
        }
        if run.wants(SessionKind::Exercise) {
            houses.learn(run, "exercise", "Exercise: house prices", false)?;
        }
        Ok(())
    }
}

/// Six pairs on a line, and where to ask for a seventh.
struct Line {
    x: [f32; 6],
    y: [f32; 6],
    at: f32,
    epochs: usize,
    axes: (&'static str, &'static str),
}

impl Line {
    fn learn(&self, run: &mut WeekRun<'_>, id: &str, title: &str, show_weights: bool) -> Result<()> {
        let mut clock = run.begin(id, title)?;
        let x = Tensor::new([6, 1], self.x.to_vec())?;
        let y = Tensor::new([6, 1], self.y.to_vec())?;
        let mut model = run.sequential().add(Input::new([1])).add(Dense::new(1));
        model.compile("sgd", "mean_squared_error", ())?;
        // Five hundred lines that say the same are of no use to anybody.
        let history = model.fit(&x, &y, run.fit(self.epochs).quiet())?;

        let predicted = model.predict(&Tensor::new([1, 1], vec![self.at])?)?.item()?;
        let loss = history.last("loss").unwrap_or(f64::NAN);
        run.say(&format!("loss {loss:.3e} after {} epochs; predict({}) = {predicted}", history.epochs().len(), self.at))?;
        clock.metric(&format!("predict_{}", self.at), predicted.into());
        clock.metric("train_loss", loss);
        if show_weights {
            let layer = model.layer(0)?;
            let weights: Vec<f32> = layer.get_weights().iter().flat_map(Tensor::to_vec).collect();
            let learned = format!("{} learned the weight {} and the bias {}", layer.name(), weights[0], weights[1]);
            run.say(&learned)?;
            clock.note(learned);
        }
        if let Some(figures) = run.figures(id) {
            let picture = self.draw(&model, predicted, &figures)?;
            let curves = figures.curves(&curves_of(&history))?;
            run.results.figures.extend(std::iter::once(picture).chain(curves));
        }
        run.finish(clock, &model, &history)
    }

    fn draw(&self, model: &Model, predicted: f32, figures: &crate::report::Figures<'_>) -> Result<crate::results::Figure> {
        let pair = |(x, y): (&f32, &f32)| (f64::from(*x), f64::from(*y));
        let points: Vec<(f64, f64)> = self.x.iter().zip(&self.y).map(pair).collect();
        let ends = [self.x[0], self.at];
        let on_line = model.predict(&Tensor::new([2, 1], ends.to_vec())?)?;
        let line: Vec<(f64, f64)> = ends.iter().zip(on_line.as_slice()).map(pair).collect();
        let predictions = [(f64::from(self.at), f64::from(predicted))];
        let fit = LineFit { axes: self.axes, points: &points, line: &line, predictions: &predictions };
        figures.line_fit("line", "The line it found", &fit)
    }
}
