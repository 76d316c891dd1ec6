//! Drawing with floats in units of the page, on top of plotters' SVG backend.

use std::fmt::Write as _;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::theme::Theme;

/// What the browser is told to use; text is measured with the bundled DejaVu Sans, which is wider than all of these.
const FAMILY: &str = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/// Plotters places whole pixels only: pictures are drawn this many times larger and scaled by their view box.
const FINE: f64 = 8.0;

/// Plotters divides a font's size by this before it writes it as `font-size`.
const DIVISOR: f64 = 1.24;

/// Plotters measures a font as if its size were its line height, which for DejaVu Sans is this multiple of the `font-size`.
const LINE_HEIGHT: f64 = 1.164;

/// Where a text stands from its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The looks of a text; its height is centred on its point.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) size: f64,
    pub(super) color: RGBColor,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
    /// Reads upwards.
    pub(super) upright: bool,
}

impl Text {
    pub(super) fn new(size: f64, color: RGBColor, anchor: Anchor) -> Self {
        Self { size, color, bold: false, anchor, upright: false }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn upright(self) -> Self {
        Self { upright: true, ..self }
    }
}

/// A picture being drawn in one theme.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    pub(super) theme: &'static Theme,
    images: String,
}

/// Draws a picture of `width` × `height` units and returns it as SVG.
pub(super) fn draw(
    (width, height): (f64, f64),
    theme: &'static Theme,
    paint: impl FnOnce(&mut Canvas<'_>) -> Result<()>,
) -> Result<String> {
    load_fonts()?;
    let mut svg = String::new();
    let size = ((width * FINE) as u32, (height * FINE) as u32);
    let images = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&theme.paper)?;
        let mut canvas = Canvas { area, theme, images: String::new() };
        paint(&mut canvas)?;
        canvas.area.present()?;
        canvas.images
    };
    let fine = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let svg =
        svg.replacen(&fine, &format!("width=\"{width:.0}\" height=\"{height:.0}\" stroke-linejoin=\"round\" stroke-linecap=\"round\""), 1);
    let Some(body) = svg.trim_end().strip_suffix("</svg>") else { bail!("the chart library wrote no closing tag of the picture") };
    Ok(format!("{body}{images}</svg>\n"))
}

impl Canvas<'_> {
    /// An open line through `points`.
    pub(super) fn line(&mut self, points: &[(f64, f64)], color: RGBColor, width: f64) -> Result<()> {
        let style = color.stroke_width(fine(width) as u32);
        Ok(self.area.draw(&PathElement::new(points.iter().map(|&p| pixel(p)).collect::<Vec<_>>(), style))?)
    }

    /// A straight line of short strokes.
    pub(super) fn dashed(&mut self, from: (f64, f64), to: (f64, f64), color: RGBColor, width: f64) -> Result<()> {
        const STROKE: f64 = 6.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |along: f64| (from.0 + dx * along / length, from.1 + dy * along / length);
        for stroke in 0..(length / STROKE / 2.0).ceil() as usize {
            let begin = stroke as f64 * STROKE * 2.0;
            self.line(&[at(begin), at((begin + STROKE).min(length))], color, width)?;
        }
        Ok(())
    }

    /// A filled area inside a closed line.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], color: RGBColor) -> Result<()> {
        Ok(self.area.draw(&Polygon::new(points.iter().map(|&p| pixel(p)).collect::<Vec<_>>(), color.filled()))?)
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), color: RGBColor) -> Result<()> {
        Ok(self.area.draw(&Rectangle::new([pixel((x, y)), pixel((x + width, y + height))], color.filled()))?)
    }

    /// A filled dot.
    pub(super) fn dot(&mut self, center: (f64, f64), radius: f64, color: RGBColor) -> Result<()> {
        Ok(self.area.draw(&Circle::new(pixel(center), fine(radius), color.filled()))?)
    }

    /// A dot with a hole the colour of the paper.
    pub(super) fn ring(&mut self, center: (f64, f64), radius: f64, color: RGBColor) -> Result<()> {
        self.dot(center, radius, color)?;
        self.dot(center, radius - 2.0, self.theme.paper)
    }

    /// A line of text; characters that XML cannot carry become `�`.
    pub(super) fn text(&mut self, at: (f64, f64), text: &str, look: Text) -> Result<()> {
        let text: String =
            text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c }).collect();
        let h_pos = match look.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let transform = if look.upright { FontTransform::Rotate270 } else { FontTransform::None };
        let style = TextStyle::from(font(look.size, look.bold).transform(transform)).color(&look.color).pos(Pos::new(h_pos, VPos::Center));
        Ok(self.area.draw_text(&text, &style, pixel(at))?)
    }

    /// A PNG picture, its pixels left square when it is enlarged.
    pub(super) fn image(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), png: &[u8]) -> Result<()> {
        let ((x, y), (width, height)) = (pixel((x, y)), pixel((width, height)));
        Ok(writeln!(
            self.images,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
            base64(png)
        )?)
    }
}

/// The width of a text in units.
pub(super) fn text_width(text: &str, size: f64, bold: bool) -> Result<f64> {
    load_fonts()?;
    // The measure counts whole pixels, so it is taken at the fine scale.
    let (width, _) = font(size, bold).box_size(text).context("measuring a text with the bundled font")?;
    Ok(f64::from(width) / FINE * LINE_HEIGHT / DIVISOR)
}

/// The text, or as much of it as fits into `width` units, ending in `…`.
pub(super) fn fit(text: &str, size: f64, bold: bool, width: f64) -> Result<String> {
    if text_width(text, size, bold)? <= width {
        return Ok(text.to_owned());
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter = format!("{}…", kept.iter().collect::<String>().trim_end());
        if text_width(&shorter, size, bold)? <= width {
            return Ok(shorter);
        }
    }
    Ok(String::new())
}

fn font(size: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(FAMILY), size * FINE * DIVISOR, style)
}

fn load_fonts() -> Result<()> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        let normal = include_bytes!("../../assets/DejaVuSans-subset.ttf");
        let bold = include_bytes!("../../assets/DejaVuSans-Bold-subset.ttf");
        register_font(FAMILY, FontStyle::Normal, normal).is_ok() && register_font(FAMILY, FontStyle::Bold, bold).is_ok()
    });
    if !loaded {
        bail!("the bundled font of the report is damaged: build the program again");
    }
    Ok(())
}

fn fine(length: f64) -> i32 {
    (length * FINE).round() as i32
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    (fine(x), fine(y))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::theme::LIGHT;

    #[test]
    fn base64_is_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn texts_are_cut_to_their_width() {
        let whole = text_width("Ankle boot", 13.0, false).unwrap();
        assert!((50.0..100.0).contains(&whole), "{whole}");
        assert!(text_width("Ankle boot", 13.0, true).unwrap() > whole);
        assert_eq!(fit("Ankle boot", 13.0, false, whole).unwrap(), "Ankle boot");
        let cut = fit("Ankle boot", 13.0, false, 50.0).unwrap();
        assert!(cut.ends_with('…') && cut.starts_with("An"), "{cut}");
        assert_eq!(fit("Ankle boot", 13.0, false, 0.0).unwrap(), "");
    }

    #[test]
    fn the_bundled_font_knows_every_sign_the_report_writes() {
        let unknown = text_width("\u{fffd}", 13.0, false).unwrap();
        for sign in "µ±–×≤≥λσ²³…→−✓✗⁰⁹⁻éß".chars() {
            let width = text_width(&sign.to_string(), 13.0, false).unwrap();
            assert!(width > 0.0 && width != unknown, "{sign} is missing");
        }
    }

    #[test]
    fn svg_is_escaped_and_scaled() {
        let svg = draw((100.0, 50.0), &LIGHT, |canvas| {
            canvas.text((10.0, 10.0), "a<b & \u{1}", Text::new(13.0, LIGHT.ink, Anchor::Start))?;
            canvas.image((0.0, 0.0), (10.0, 10.0), b"png")
        })
        .unwrap();
        assert!(svg.starts_with("<svg width=\"100\" height=\"50\" ") && svg.contains("viewBox=\"0 0 800 400\""), "{svg}");
        assert!(svg.contains("a&lt;b &amp; \u{fffd}"), "{svg}");
        assert!(svg.contains("data:image/png;base64,cG5n") && svg.trim_end().ends_with("</svg>"), "{svg}");
    }
}
