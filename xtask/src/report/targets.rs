//! What a run is about and what it had to reach, as a page says it.

use maud::{Markup, html};
use practicum_core::plot::labels::words;

use super::numbers::{exact, measured, of_metric, plural};
use crate::results::{RunResults, TargetResult, Verdict};

/// Whether a smaller number is a better one.
fn is_error(metric: &str) -> bool {
    ["mae", "mse", "loss", "error"].iter().any(|name| metric.rsplit('_').next() == Some(name))
}

/// The run's main number with what it is held against: `validation MAE 6.53 · naive 5.94 · 10.0 % worse`.
pub(super) fn key_figure(run: &RunResults) -> Option<Markup> {
    let value = *run.metrics.get(&run.key)?;
    Some(html! {
        span.key-figure {
            (words(&run.key)) " " strong.number { (of_metric(&run.key, value)) }
            @if let Some(yardstick) = &run.yardstick {
                span.muted {
                    " · " (yardstick.name) " " span.number { (measured(yardstick.value)) }
                    @if is_error(&run.key) { " · " (against(value, yardstick.value)) }
                }
            }
        }
    })
}

/// The other numbers of a run, folded.
pub(super) fn other_figures(run: &RunResults) -> Markup {
    let others: Vec<(&String, &f64)> = run.metrics.iter().filter(|(name, _)| **name != run.key).collect();
    html! {
        @if !others.is_empty() {
            details {
                summary { @if run.key.is_empty() { "All figures" } @else { "Other figures" } }
                dl.metrics { @for (name, value) in others { dt { (words(name)) } dd.number { (of_metric(name, *value)) } } }
            }
        }
    }
}

/// The verdicts of a run's targets, a line each; those that only reproduce a print are one line, folded, once they are judged.
pub(super) fn targets(run: &RunResults, course_command: &str) -> Markup {
    let (prints, goals): (Vec<&TargetResult>, Vec<&TargetResult>) =
        run.targets.iter().partition(|target| target.print && target.verdict != Verdict::TooShort);
    html! {
        @if !goals.is_empty() {
            ul.targets { @for target in goals { li { (goal(target, course_command)) } } }
        }
        @if !prints.is_empty() {
            @let met = prints.iter().filter(|target| target.verdict == Verdict::Met).count();
            details open[met < prints.len()] {
                summary {
                    @if met == prints.len() { span.verdict.good { "✓" } " the notebook's " @if met == 1 { "value" } @else { (plural(met, "value")) } " reproduced" }
                    @else { span.verdict.bad { "✗" } " " (met) " of the notebook's " (plural(prints.len(), "value")) " reproduced" }
                }
                ul.prints { @for target in prints { li { (print_line(target)) } } }
            }
        }
    }
}

fn bound(target: &TargetResult) -> String {
    target.bound.replace(">=", "≥").replace("<=", "≤").replace('-', "−")
}

fn goal(target: &TargetResult, course_command: &str) -> Markup {
    let (verdict, class) = match target.verdict {
        Verdict::Met => ("✓ met", "good"),
        Verdict::Missed => ("✗ missed", "bad"),
        Verdict::TooShort => ("too short to judge", "muted"),
    };
    html! {
        span class={ "verdict " (class) } { (verdict) }
        " · " (words(&target.metric)) " " strong.number { (exact(target.value)) } ", target " span.number { (bound(target)) }
        @if let Some(course) = target.course { "; the course's own run: " span.number { (exact(course)) } }
        @if target.verdict == Verdict::TooShort { "; to judge it: " code { (course_command) } }
        @if !target.source.is_empty() { br; span.muted.small { "About the target: " (target.source) } }
    }
}

/// `naive MSE 61.8275, target 61.827534 (± 0.01 %): met`
fn print_line(target: &TargetResult) -> Markup {
    let (verdict, class) = if target.verdict == Verdict::Met { ("met", "good") } else { ("missed", "bad") };
    html! {
        (words(&target.metric)) " " span.number { (of_metric(&target.metric, target.value)) } ", target " span.number { (bound(target)) } ": "
        span class=(class) { (verdict) }
    }
}

/// How many targets a week's runs had to reach and have reached, prints aside, and how many prints.
pub(super) struct Count {
    pub(super) met: usize,
    pub(super) judged: usize,
    pub(super) too_short: usize,
    pub(super) prints: (usize, usize),
}

impl Count {
    pub(super) fn of<'a>(runs: impl Iterator<Item = &'a RunResults>) -> Self {
        let mut count = Self { met: 0, judged: 0, too_short: 0, prints: (0, 0) };
        for target in runs.flat_map(|run| &run.targets) {
            let met = usize::from(target.verdict == Verdict::Met);
            match target.verdict {
                Verdict::TooShort => count.too_short += 1,
                _ if target.print => count.prints = (count.prints.0 + met, count.prints.1 + 1),
                _ => (count.met, count.judged) = (count.met + met, count.judged + 1),
            }
        }
        count
    }

    /// In a few words for a table.
    pub(super) fn brief(&self) -> Markup {
        html! {
            @match (self.met, self.judged) {
                (_, 0) => {}
                (1, 1) => span.verdict.good { "✓ met" },
                (met, judged) if met == judged => span.verdict.good { "✓ " (met) " of " (judged) " met" },
                (met, judged) => span.verdict.bad { "✗ " (met) " of " (judged) " met" },
            }
            @if self.prints.1 > 0 {
                @if self.judged > 0 { br; }
                span class=(if self.prints.0 == self.prints.1 { "good" } else { "bad" }) {
                    (if self.prints.0 == self.prints.1 { "✓ " } else { "✗ " }) (self.prints.0) " of " (plural(self.prints.1, "notebook value"))
                }
            }
            @if self.too_short > 0 {
                @if self.judged + self.prints.1 > 0 { br; }
                span.muted { (self.too_short) " need" @if self.too_short == 1 { "s" } " " code { "--full" } }
            }
            @if self.judged + self.prints.1 + self.too_short == 0 { span.muted { "–" } }
        }
    }
}

/// `23.0 % better`, `4.2 % worse`.
pub(crate) fn against(value: f64, naive: f64) -> String {
    let share = 100.0 * (1.0 - value / naive);
    match share {
        _ if !share.is_finite() => "–".to_owned(),
        _ if share.abs() < 0.05 => "the same".to_owned(),
        _ if share > 0.0 => format!("{share:.1}\u{a0}% better"),
        _ => format!("{:.1}\u{a0}% worse", -share),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::results::Yardstick;

    fn target(value: f64, verdict: Verdict, print: bool) -> TargetResult {
        let (metric, bound, source) = ("validation_mae".to_owned(), "<= 7".to_owned(), "19 of 20 seeds meet it".to_owned());
        TargetResult { metric, bound, value, verdict, print, source, course: (!print).then_some(6.4) }
    }

    #[test]
    fn the_main_figure_stands_first_with_its_yardstick() {
        let run = RunResults {
            key: "validation_mae".to_owned(),
            yardstick: Some(Yardstick { name: "naive".to_owned(), value: 5.94 }),
            metrics: BTreeMap::from([("a_first".to_owned(), 1.0), ("validation_mae".to_owned(), 6.534)]),
            ..RunResults::default()
        };
        let told = key_figure(&run).unwrap().into_string();
        assert!(
            told.contains("validation MAE") && told.contains("6.5340") && told.contains("naive") && told.contains("10.0\u{a0}% worse"),
            "{told}"
        );
        assert!(!other_figures(&run).into_string().contains("MAE"));
        let metrics = BTreeMap::from([("lowest_loss_at_rate".to_owned(), 2e-5)]);
        let sweep = RunResults { key: "lowest_loss_at_rate".to_owned(), metrics, ..run };
        assert!(!key_figure(&sweep).unwrap().into_string().contains("worse"), "a rate is no error");
        assert!(key_figure(&RunResults::default()).is_none());
    }

    #[test]
    fn prints_are_one_line_and_a_short_run_is_not_judged() {
        let targets = vec![target(6.5, Verdict::TooShort, false), target(7.0, Verdict::Met, true), target(7.0, Verdict::Met, true)];
        let run = RunResults { targets, ..RunResults::default() };
        let told = super::targets(&run, "cargo xtask run-week c4w3 --full").into_string();
        assert!(told.contains("too short to judge") && told.contains("run-week c4w3 --full") && told.contains("own run: "), "{told}");
        assert!(told.contains("the notebook's 2 values reproduced") && told.contains("target <span class=\"number\">≤ 7</span>"), "{told}");
        let count = Count::of([&run].into_iter());
        assert_eq!((count.judged, count.too_short, count.prints), (0, 1, (2, 2)));
    }

    #[test]
    fn a_print_that_was_not_judged_is_not_missed() {
        let run = RunResults { targets: vec![target(7.0, Verdict::TooShort, true)], ..RunResults::default() };
        let told = super::targets(&run, "cargo xtask run-week c3w4 --full").into_string();
        assert!(told.contains("too short to judge") && !told.contains("missed") && !told.contains('✗'), "{told}");
    }
}
