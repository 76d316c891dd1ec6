//! Named series over two axes.

use std::path::Path;

use super::axis::{Axis, Placed};
use super::canvas::{Anchor, Canvas, Text, draw, fit, text_width};
use super::marks::{Band, Frame, LETTER, LINE, Mark, Rule, Series, draw_band, draw_rules, draw_series};
use super::theme::{Color, Palette, Theme};
use crate::io::write_atomically;
use crate::{Error, Result};

const SIZE: (f64, f64) = (400.0, 262.0);
const WIDE: (f64, f64) = (880.0, 330.0);

/// A picture of several series over the same axes: see [the module](super).
///
/// Each series has a colour of its own, up to six; names stand beside the ends of lines, else above the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    x: Axis,
    y: Axis,
    series: Vec<Series>,
    bands: Vec<Band>,
    rules: Vec<Rule>,
    key_on_top: bool,
    wide: bool,
    theme: Theme,
}

impl Chart {
    /// An empty chart over these axes, light and 400 × 262 units large.
    pub fn new(x: Axis, y: Axis) -> Self {
        let (series, bands, rules) = (Vec::new(), Vec::new(), Vec::new());
        Self { x, y, series, bands, rules, key_on_top: false, wide: false, theme: Theme::Light }
    }

    /// Adds a series, above those before it.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds an area, below everything else.
    #[must_use]
    pub fn band(mut self, band: Band) -> Self {
        self.bands.push(band);
        self
    }

    /// Adds a line across the chart.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Whether names stand above the chart even where they would fit beside the ends of the lines; they do not at first.
    #[must_use]
    pub fn key_on_top(self, key_on_top: bool) -> Self {
        Self { key_on_top, ..self }
    }

    /// Whether it is 880 × 330 units large, as wide as a page, instead of 400 × 262.
    #[must_use]
    pub fn wide(self, wide: bool) -> Self {
        Self { wide, ..self }
    }

    /// For light or for dark pages.
    #[must_use]
    pub fn theme(self, theme: Theme) -> Self {
        Self { theme, ..self }
    }

    /// How many of the points of its series lie outside the limits of the axes, and how many have a position at all.
    pub fn off_the_axes(&self) -> (usize, usize) {
        let (x, y) = self.placed();
        let shares: Vec<(f64, f64)> = self.points().filter_map(|point| Some((x.at(point.0)?, y.at(point.1)?))).collect();
        let inside = |share: f64| (-1e-9..=1.0 + 1e-9).contains(&share);
        (shares.iter().filter(|share| !inside(share.0) || !inside(share.1)).count(), shares.len())
    }

    /// Writes the chart to a file that ends in `.svg`, whole or not at all.
    ///
    /// # Errors
    /// Another ending, and a file that cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
            let name = path.with_extension("svg");
            return Err(Error::argument(format!("cannot write a chart to {}: expected a name that ends in .svg", path.display()))
                .hint(format!("write it to {}, which every browser opens", name.display())));
        }
        write_atomically(path, self.to_svg()?.as_bytes())
    }

    /// The chart as SVG, which stands alone: it asks for no other file. The same chart is the same text on every machine.
    ///
    /// # Errors
    /// None in practice: everything in a chart can be drawn. Values that are not finite, or not positive on a logarithmic axis,
    /// are left out; where there are no others, the chart says so.
    pub fn to_svg(&self) -> Result<String> {
        let (theme, size) = (self.theme, if self.wide { WIDE } else { SIZE });
        let legend = Legend::of(self, size.0)?;
        let frame = self.frame(size, &legend)?;
        draw(size, theme, |canvas| {
            let palette = canvas.palette();
            self.draw_grid(canvas, &frame, size.0)?;
            if self.points().chain(self.edges()).all(|point| frame.share(point).is_none()) {
                let middle = frame.unit((0.5, 0.6));
                let finite = self.points().chain(self.edges()).any(|(x, y)| x.is_finite() && y.is_finite());
                let lack = if finite { "no values above 0 for a logarithmic axis" } else { "no finite values" };
                canvas.text(middle, lack, Text::new(LETTER, palette.muted, Anchor::Middle))?;
            }
            for band in &self.bands {
                draw_band(canvas, &frame, band, band_color(palette))?;
            }
            for (index, series) in self.series.iter().enumerate() {
                draw_series(canvas, &frame, series, color_of(palette, index))?;
            }
            draw_rules(canvas, &frame, &self.rules)?;
            match &legend {
                Legend::None => Ok(()),
                Legend::Ends(names) => self.draw_ends(canvas, &frame, names),
                Legend::Top(rows) => self.draw_key(canvas, rows),
            }
        })
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series.iter().flat_map(|series| series.points.iter().copied())
    }

    /// The points between which the bands lie.
    fn edges(&self) -> impl Iterator<Item = (f64, f64)> {
        self.bands.iter().flat_map(|band| &band.points).flat_map(|&(x, low, high)| [(x, low), (x, high)])
    }

    /// Both axes, each as far as its data and its rules.
    fn placed(&self) -> (Placed, Placed) {
        let rules = |upright| self.rules.iter().filter(move |rule| rule.upright == upright).map(|rule| rule.at);
        let points = || self.points().chain(self.edges());
        (self.x.place(points().map(|(x, _)| x).chain(rules(true))), self.y.place(points().map(|(_, y)| y).chain(rules(false))))
    }

    fn frame(&self, size: (f64, f64), legend: &Legend) -> Result<Frame> {
        let (x, y) = self.placed();
        let mut left: f64 = 0.0;
        for (_, label) in y.ticks(Y_TICKS) {
            left = left.max(text_width(&label, LETTER, false)?);
        }
        let mut margin: f64 = 16.0;
        let mut top = 32.0;
        match legend {
            Legend::None => {}
            Legend::Ends(names) => {
                for name in names {
                    margin = margin.max(text_width(name, LETTER, true)? + 14.0);
                }
            }
            Legend::Top(rows) => top += LINE * rows.len().saturating_sub(1) as f64,
        }
        Ok(Frame { left: left + 14.0, right: size.0 - margin, top, bottom: size.1 - 46.0, x, y })
    }

    fn draw_grid(&self, canvas: &mut Canvas<'_>, frame: &Frame, width: f64) -> Result<()> {
        let palette = canvas.palette();
        let label = |anchor| Text::new(LETTER, palette.muted, anchor);
        canvas.text((6.0, 12.0), &fit(&self.y.label, LETTER, false, frame.right)?, label(Anchor::Start))?;
        for (at, text) in frame.y.ticks(Y_TICKS) {
            let (left, y) = frame.unit((0.0, at));
            canvas.line(&[(left, y), (frame.right, y)], palette.grid, 1.0)?;
            canvas.text((left - 8.0, y), &text, label(Anchor::End))?;
        }
        canvas.line(&[(frame.left, frame.bottom), (frame.right, frame.bottom)], palette.muted, 1.0)?;
        for Labelled { at, x, text } in x_ticks(frame, width)? {
            canvas.line(&[(at, frame.bottom), (at, frame.bottom + 4.0)], palette.muted, 1.0)?;
            canvas.text((x, frame.bottom + 15.0), &text, label(Anchor::Middle))?;
        }
        let middle = (frame.left + frame.right) / 2.0;
        canvas.text((middle, frame.bottom + 34.0), &fit(&self.x.label, LETTER, false, frame.right)?, label(Anchor::Middle))
    }

    /// Each name beside the last point of its line, moved apart where lines end close together.
    fn draw_ends(&self, canvas: &mut Canvas<'_>, frame: &Frame, names: &[String]) -> Result<()> {
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let last = series.points.iter().rev().find_map(|&point| frame.share(point));
            if let Some((_, y)) = last {
                ends.push((frame.unit((1.0, y.clamp(0.0, 1.0))).1, index));
            }
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        spread(&mut ends, frame.top, frame.bottom);
        for (y, index) in ends {
            let look = Text::new(LETTER, color_of(canvas.palette(), index), Anchor::Start).bold();
            canvas.text((frame.right + 8.0, y), &names[index], look)?;
        }
        Ok(())
    }

    /// Names with their signs above the frame, where they hide nothing; the first row follows the label of the axis.
    fn draw_key(&self, canvas: &mut Canvas<'_>, rows: &[Vec<Entry>]) -> Result<()> {
        let palette = canvas.palette();
        for (row, entries) in rows.iter().enumerate() {
            let y = 12.0 + LINE * row as f64;
            for Entry { x, name, sign } in entries {
                let (from, to) = ((*x, y), (x + 16.0, y));
                match *sign {
                    Sign::Mark(Mark::Line, index) => canvas.line(&[from, to], color_of(palette, index), 2.5)?,
                    Sign::Mark(Mark::Rings, index) => canvas.ring((x + 8.0, y), 5.0, color_of(palette, index))?,
                    Sign::Mark(Mark::Dots | Mark::Stems, index) => canvas.dot((x + 8.0, y), 4.0, color_of(palette, index))?,
                    Sign::Band => canvas.rect((*x, y - 6.0), (16.0, 12.0), band_color(palette))?,
                    Sign::Rule { dashed: true } => canvas.dashed(from, to, palette.muted, 1.5)?,
                    Sign::Rule { dashed: false } => canvas.line(&[from, to], palette.muted, 1.5)?,
                }
                canvas.text((x + 22.0, y), name, Text::new(LETTER, palette.ink, Anchor::Start))?;
            }
        }
        Ok(())
    }

    /// Everything that has a name, and the sign that it is known by.
    fn named(&self) -> Vec<(&str, Sign)> {
        let (x, y) = self.placed();
        let series = self.series.iter().enumerate().map(|(index, series)| (series.name.as_str(), Sign::Mark(series.mark, index)));
        let bands = self.bands.iter().map(|band| (band.name.as_str(), Sign::Band));
        let rules = self.rules.iter().filter(|rule| !rule.name.is_empty() && rule.share(&x, &y).is_some());
        series.chain(bands).chain(rules.map(|rule| (rule.name.as_str(), Sign::Rule { dashed: rule.dashed }))).collect()
    }
}

const Y_TICKS: usize = 5;

/// A tick of the x axis, and where the middle of its label stands.
struct Labelled {
    at: f64,
    x: f64,
    text: String,
}

/// As many ticks as have room for their labels.
fn x_ticks(frame: &Frame, width: f64) -> Result<Vec<Labelled>> {
    let most = ((frame.right - frame.left) / 48.0) as usize;
    let mut kept: Vec<Labelled> = Vec::new();
    for wanted in (1..=most.max(1)).rev() {
        kept.clear();
        let (mut free, mut all) = (0.0, true);
        for (share, text) in frame.x.ticks(wanted) {
            let half = text_width(&text, LETTER, false)? / 2.0;
            let (at, _) = frame.unit((share, 0.0));
            let x = at.min(width - half - 2.0);
            if x - half >= free {
                free = x + half + 10.0;
                kept.push(Labelled { at, x, text });
            } else {
                all = false;
            }
        }
        if all {
            break;
        }
    }
    Ok(kept)
}

/// Where the names of the series stand.
enum Legend {
    None,
    /// Beside the ends of the lines.
    Ends(Vec<String>),
    /// In rows above the frame.
    Top(Vec<Vec<Entry>>),
}

/// A name above the frame, and where it begins.
struct Entry {
    x: f64,
    name: String,
    sign: Sign,
}

#[derive(Clone, Copy)]
enum Sign {
    Mark(Mark, usize),
    Band,
    Rule { dashed: bool },
}

impl Legend {
    fn of(chart: &Chart, width: f64) -> Result<Self> {
        let named = chart.named();
        if named.len() < 2 && named.iter().all(|(name, _)| name.is_empty()) {
            return Ok(Self::None);
        }
        let only_lines = named.iter().all(|(_, sign)| matches!(sign, Sign::Mark(Mark::Line, _)));
        if only_lines && named.len() <= 6 && !chart.key_on_top {
            let room = width * 0.3;
            return Ok(Self::Ends(named.iter().map(|(name, _)| fit(name, LETTER, true, room)).collect::<Result<_>>()?));
        }
        let mut rows = Vec::new();
        let (mut row, mut x) = (Vec::new(), 6.0 + text_width(&chart.y.label, LETTER, false)? + 24.0);
        for (name, sign) in named.into_iter().filter(|(name, _)| !name.is_empty()) {
            let name = fit(name, LETTER, false, width - 40.0)?;
            let length = 22.0 + text_width(&name, LETTER, false)?;
            if x + length > width {
                rows.push(std::mem::take(&mut row));
                x = 6.0;
            }
            row.push(Entry { x, name, sign });
            x += length + 18.0;
        }
        rows.push(row);
        Ok(Self::Top(rows))
    }
}

fn color_of(palette: &Palette, index: usize) -> Color {
    palette.series[index % palette.series.len()]
}

/// Weak enough that the lines over it can be told apart.
fn band_color(palette: &Palette) -> Color {
    palette.tint(palette.series[1], 0.28)
}

/// Moves sorted heights apart to a line of text each, within `top` and `bottom` as far as they fit.
fn spread(ends: &mut [(f64, usize)], top: f64, bottom: f64) {
    let mut floor = top;
    for end in ends.iter_mut() {
        end.0 = end.0.max(floor);
        floor = end.0 + LINE;
    }
    let mut ceiling = bottom;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(ceiling);
        ceiling = end.0 - LINE;
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use super::*;
    use crate::plot::axis::Scale;
    use crate::plot::days::days_since_1970;

    #[test]
    fn every_tick_has_room_for_its_label() {
        let x = Axis::new("", Scale::Dates);
        let labels = |years: i16, month: i8| {
            let ends = [Date::constant(1999, 1, 31), Date::constant(1999 + years, month, 31)];
            let days = ends.map(|date| (days_since_1970(date) as f64, 1.0));
            let chart = Chart::new(x.clone(), Axis::new("", Scale::Linear)).series(Series::new("", Mark::Line, days.to_vec()));
            let frame = chart.frame(WIDE, &Legend::None).unwrap();
            x_ticks(&frame, WIDE.0).unwrap().into_iter().map(|tick| tick.text).collect::<Vec<_>>()
        };
        assert_eq!(labels(8, 3), ["2000", "2001", "2002", "2003", "2004", "2005", "2006", "2007"]);
        assert_eq!(
            labels(0, 12),
            ["1999-02", "1999-03", "1999-04", "1999-05", "1999-06", "1999-07", "1999-08", "1999-09", "1999-10", "1999-11", "1999-12"]
        );
    }

    #[test]
    fn names_at_the_ends_do_not_overlap() {
        let mut ends = [(20.0, 0), (21.0, 1), (100.0, 2), (101.0, 3)];
        spread(&mut ends, 10.0, 102.0);
        assert!(ends.windows(2).all(|pair| pair[1].0 - pair[0].0 >= LINE - 1e-9), "{ends:?}");
        assert!(ends.iter().all(|&(y, _)| (10.0..=102.0).contains(&y)), "{ends:?}");
    }

    #[test]
    fn a_chart_is_saved_whole_as_svg_alone() {
        let folder = tempfile::tempdir().unwrap();
        let chart = Chart::new(Axis::new("x", Scale::Linear), Axis::new("y", Scale::Linear));
        for name in ["chart.png", "chart", "svg", "chart.svg.gz"] {
            let path = folder.path().join(name);
            let error = chart.save(&path).unwrap_err();
            let message = error.to_string();
            assert!(error.is_argument() && message.contains(&path.display().to_string()) && message.contains(".svg"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let path = folder.path().join("chart.SVG");
        chart.save(&path).unwrap();
        chart.clone().theme(Theme::Dark).save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), chart.clone().theme(Theme::Dark).to_svg().unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(chart.save(folder.path().join("nowhere/chart.svg")).unwrap_err().is_io());
    }

    #[test]
    fn any_values_can_be_drawn() {
        let edge = [0.0, -1.0, 1e-300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let pairs: Vec<(f64, f64)> = edge.iter().flat_map(|x| edge.map(|y| (*x, y))).collect();
        let triples = || pairs.iter().map(|(x, y)| (*x, *y, -y)).collect::<Vec<_>>();
        for scale in [Scale::Linear, Scale::Log, Scale::Whole, Scale::Dates] {
            for mark in [Mark::Line, Mark::Dots, Mark::Rings, Mark::Stems] {
                for (low, high) in pairs.iter().copied().step_by(3) {
                    let axis = Axis::new("a label", scale).limits((low, high));
                    let chart = Chart::new(axis.clone(), axis)
                        .series(Series::new("series", mark, pairs.clone()))
                        .band(Band::new("band", triples()))
                        .rule(Rule::level("level", low).dashed())
                        .rule(Rule::upright("upright", high));
                    let svg = chart.to_svg().unwrap();
                    assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"), "{svg}");
                }
            }
        }
    }

    #[test]
    fn rules_widen_an_axis_without_limits_and_have_no_name_where_they_are_not_drawn() {
        let chart = |y: Axis| {
            let line = Series::new("line", Mark::Line, vec![(0.0, 0.4), (1.0, 0.6)]);
            Chart::new(Axis::new("x", Scale::Linear), y).series(line).rule(Rule::level("target", 0.9).dashed())
        };
        let drawn = |chart: &Chart| {
            let named = chart.named().iter().any(|(name, _)| *name == "target");
            (named, chart.frame(SIZE, &Legend::None).unwrap().y.at(0.9).is_some_and(|at| at <= 1.0))
        };
        let open = chart(Axis::new("y", Scale::Linear));
        assert_eq!(drawn(&open), (true, true));
        assert_eq!(open.off_the_axes(), (0, 2));
        assert_eq!(drawn(&chart(Axis::new("y", Scale::Linear).limits((0.0, 0.7)))), (false, false));
        let upright = chart(Axis::new("y", Scale::Linear)).rule(Rule::upright("end", 3.0));
        assert!(upright.frame(SIZE, &Legend::None).unwrap().x.at(3.0).is_some_and(|at| at <= 1.0));
        let below = Chart::new(Axis::new("x", Scale::Linear), Axis::new("y", Scale::Log)).rule(Rule::level("zero", 0.0));
        assert!(below.named().is_empty());
        let below = below.series(Series::new("", Mark::Line, vec![(0.0, -1.0), (1.0, 0.0)])).to_svg().unwrap();
        assert!(below.contains("no values above 0") && !below.contains("no finite values"));
    }

    #[test]
    fn a_band_alone_is_seen_even_at_one_point() {
        let empty = || Chart::new(Axis::new("x", Scale::Linear), Axis::new("y", Scale::Linear));
        let color = |chart: &Chart| {
            let Color(red, green, blue) = band_color(Theme::Light.palette());
            chart.to_svg().unwrap().matches(&format!("fill=\"#{red:02X}{green:02X}{blue:02X}\"")).count()
        };
        assert_eq!(color(&empty().series(Series::new("", Mark::Line, vec![(1.0, 1.0)]))), 0);
        let band = empty().band(Band::new("band", vec![(1.0, 2.0, 3.0)]));
        assert_eq!(color(&band), 2);
        assert!(!band.to_svg().unwrap().contains("no finite values"));
        assert_eq!(color(&empty().band(Band::new("band", vec![(1.0, 2.0, 3.0), (2.0, 2.0, 4.0), (3.0, f64::NAN, 1.0)]))), 2);
        assert!(empty().to_svg().unwrap().contains("no finite values"));
    }

    #[test]
    fn long_names_and_hostile_ones_are_cut_and_escaped() {
        let long = "<a & b> ".repeat(20_000);
        let chart = Chart::new(Axis::new(&long, Scale::Linear), Axis::new(&long, Scale::Linear));
        let svg = chart.series(Series::new(&long, Mark::Line, vec![(0.0, 1.0), (1.0, 2.0)])).to_svg().unwrap();
        assert!(svg.contains("&lt;a &amp; b&gt;") && !svg.contains("<a") && svg.contains('…') && svg.len() < 10_000, "{}", svg.len());
    }
}
