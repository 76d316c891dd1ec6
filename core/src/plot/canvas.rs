//! Lines, areas and texts in the looks of the charts, for pictures that are none.
//!
//! [`draw`] makes a picture, and a [`Canvas`] is what its function draws on. A unit is a pixel of a screen, from the upper left
//! corner on; fractions count. What lies outside the picture is moved to its edge.
//!
//! ```
//! use practicum_core::plot::Theme;
//! use practicum_core::plot::canvas::{Anchor, Text, draw};
//!
//! let svg = draw((120.0, 40.0), Theme::Dark, |canvas| {
//!     let palette = canvas.palette();
//!     canvas.rect((10.0, 10.0), (20.0, 20.0), palette.series[0])?;
//!     canvas.text((40.0, 20.0), "A square", Text::new(13.0, palette.ink, Anchor::Start))
//! })?;
//! assert!(svg.starts_with("<svg ") && svg.contains("A square"));
//! # Ok::<(), practicum_core::Error>(())
//! ```

use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, register_font};

use super::theme::Theme;
pub use super::theme::{Color, Palette};
use crate::{Error, Result};

/// What the browser is told to use; text is measured with the bundled DejaVu Sans, which is wider than all of these.
const FAMILY: &str = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

/// Plotters places whole pixels only: pictures are drawn this many times larger and scaled by their view box.
const FINE: f64 = 8.0;

/// The largest side of a picture.
const LARGEST: f64 = 100_000.0;

/// Plotters divides a font's size by this before it writes it as `font-size`.
const DIVISOR: f64 = 1.24;

/// Plotters measures a font as if its size were its line height, which for DejaVu Sans is this multiple of the `font-size`.
const LINE_HEIGHT: f64 = 1.164;

/// Where a text stands from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// The looks of a text; its height is centred on its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Text {
    size: f64,
    color: Color,
    bold: bool,
    anchor: Anchor,
    upright: bool,
}

impl Text {
    /// Letters of a size in units, as CSS measures it.
    pub fn new(size: f64, color: Color, anchor: Anchor) -> Self {
        Self { size, color, bold: false, anchor, upright: false }
    }

    /// In bold letters.
    #[must_use]
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// Reads upwards.
    #[must_use]
    pub fn upright(self) -> Self {
        Self { upright: true, ..self }
    }

    /// In another colour.
    #[must_use]
    pub fn color(self, color: Color) -> Self {
        Self { color, ..self }
    }

    /// On another side of its point.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A picture being drawn in one theme.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    palette: &'static Palette,
    images: String,
}

impl fmt::Debug for Canvas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas").finish_non_exhaustive()
    }
}

/// Draws a picture of `width` × `height` units and returns it as SVG.
///
/// # Errors
/// Those of `paint`, which may be of any type that an [`Error`] becomes; and a width or height that is not from 1 to 100,000.
pub fn draw<E: From<Error>>(
    (width, height): (f64, f64),
    theme: Theme,
    paint: impl FnOnce(&mut Canvas<'_>) -> Result<(), E>,
) -> Result<String, E> {
    if ![width, height].iter().all(|size| (1.0..=LARGEST).contains(size)) {
        return Err(Error::argument(format!("a picture of {width} × {height} units: expected sizes from 1 to {LARGEST}")).into());
    }
    load_fonts()?;
    let mut svg = String::new();
    let size = ((width * FINE) as u32, (height * FINE) as u32);
    let images = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let palette = theme.palette();
        drawn(area.fill(&rgb(palette.paper)))?;
        let mut canvas = Canvas { area, palette, images: String::new() };
        paint(&mut canvas)?;
        drawn(canvas.area.present())?;
        canvas.images
    };
    let fine = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let svg =
        svg.replacen(&fine, &format!("width=\"{width:.0}\" height=\"{height:.0}\" stroke-linejoin=\"round\" stroke-linecap=\"round\""), 1);
    let Some(body) = svg.trim_end().strip_suffix("</svg>") else {
        return Err(Error::format("cannot draw a picture: plotters wrote no closing tag").into());
    };
    Ok(format!("{body}{images}</svg>\n"))
}

impl Canvas<'_> {
    /// The colours of the picture's theme.
    pub fn palette(&self) -> &'static Palette {
        self.palette
    }

    /// An open line through `points`.
    pub fn line(&mut self, points: &[(f64, f64)], color: Color, width: f64) -> Result<()> {
        let style = rgb(color).stroke_width(fine(width).unsigned_abs());
        drawn(self.area.draw(&PathElement::new(points.iter().map(|&p| pixel(p)).collect::<Vec<_>>(), style)))
    }

    /// A straight line of short strokes.
    pub fn dashed(&mut self, from: (f64, f64), to: (f64, f64), color: Color, width: f64) -> Result<()> {
        const STROKE: f64 = 6.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |along: f64| (from.0 + dx * along / length, from.1 + dy * along / length);
        for stroke in 0..(length / STROKE / 2.0).ceil().min(LARGEST) as usize {
            let begin = stroke as f64 * STROKE * 2.0;
            self.line(&[at(begin), at((begin + STROKE).min(length))], color, width)?;
        }
        Ok(())
    }

    /// A filled area inside a closed line.
    pub fn polygon(&mut self, points: &[(f64, f64)], color: Color) -> Result<()> {
        drawn(self.area.draw(&Polygon::new(points.iter().map(|&p| pixel(p)).collect::<Vec<_>>(), rgb(color).filled())))
    }

    /// A filled rectangle.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), color: Color) -> Result<()> {
        drawn(self.area.draw(&Rectangle::new([pixel((x, y)), pixel((x + width, y + height))], rgb(color).filled())))
    }

    /// A filled dot.
    pub fn dot(&mut self, center: (f64, f64), radius: f64, color: Color) -> Result<()> {
        drawn(self.area.draw(&Circle::new(pixel(center), fine(radius), rgb(color).filled())))
    }

    /// A dot with a hole the colour of the paper.
    pub fn ring(&mut self, center: (f64, f64), radius: f64, color: Color) -> Result<()> {
        self.dot(center, radius, color)?;
        self.dot(center, radius - 2.0, self.palette.paper)
    }

    /// A line of text; characters that XML cannot carry become `�`.
    pub fn text(&mut self, at: (f64, f64), text: &str, look: Text) -> Result<()> {
        let text: String =
            text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c }).collect();
        let h_pos = match look.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let transform = if look.upright { FontTransform::Rotate270 } else { FontTransform::None };
        let (font, color) = (font(look.size, look.bold).transform(transform), rgb(look.color));
        let style = TextStyle::from(font).color(&color).pos(Pos::new(h_pos, VPos::Center));
        drawn(self.area.draw_text(&text, &style, pixel(at)))
    }

    /// A PNG picture, its pixels left square when it is enlarged.
    pub fn image(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), png: &[u8]) {
        let ((x, y), (width, height)) = (pixel((x, y)), pixel((width, height)));
        let _ = writeln!(
            self.images,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>",
            base64(png)
        );
    }
}

/// The width of a text in units, in the bundled font.
///
/// # Errors
/// None in practice: the font comes along.
pub fn text_width(text: &str, size: f64, bold: bool) -> Result<f64> {
    load_fonts()?;
    // The measure counts whole pixels, so it is taken at the fine scale.
    let (width, _) = font(size, bold)
        .box_size(text)
        .map_err(|source| Error::format(format!("cannot measure a text with the bundled font: {source}")).source(source))?;
    Ok(f64::from(width) / FINE * LINE_HEIGHT / DIVISOR)
}

/// The text, or as much of it as fits into `width` units, ending in `…`.
///
/// # Errors
/// As those of [`text_width`].
pub fn fit(text: &str, size: f64, bold: bool, width: f64) -> Result<String> {
    if text_width(text, size, bold)? <= width {
        return Ok(text.to_owned());
    }
    // No letter of the font is narrower than a quarter of its size.
    let mut kept: Vec<char> = text.chars().take(((4.0 * width / size) as usize).saturating_add(1)).collect();
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
        return Err(Error::format("the bundled font of the charts is damaged").hint("build the program again"));
    }
    Ok(())
}

/// Passes on what plotters could not draw.
fn drawn<T, E: std::error::Error + Send + Sync + 'static>(result: Result<T, E>) -> Result<T> {
    result.map_err(|source| Error::format(format!("cannot draw a picture: {source}")).source(source))
}

fn rgb(Color(red, green, blue): Color) -> RGBColor {
    RGBColor(red, green, blue)
}

fn fine(length: f64) -> i32 {
    // Far outside of any picture, where sums still fit into an integer.
    (length * FINE).round().clamp(-1e8, 1e8) as i32
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
    fn the_bundled_font_knows_every_sign_that_charts_write() {
        let unknown = text_width("\u{fffd}", 13.0, false).unwrap();
        for sign in "µ±–×≤≥λσ²³…→−✓✗⁰⁹⁻éß".chars() {
            let width = text_width(&sign.to_string(), 13.0, false).unwrap();
            assert!(width > 0.0 && width != unknown, "{sign} is missing");
        }
    }

    #[test]
    fn svg_is_escaped_and_scaled() {
        let svg = draw((100.0, 50.0), Theme::Light, |canvas| {
            canvas.text((10.0, 10.0), "a<b & \u{1}", Text::new(13.0, canvas.palette().ink, Anchor::Start))?;
            canvas.image((0.0, 0.0), (10.0, 10.0), b"png");
            Ok::<_, Error>(())
        })
        .unwrap();
        assert!(svg.starts_with("<svg width=\"100\" height=\"50\" ") && svg.contains("viewBox=\"0 0 800 400\""), "{svg}");
        assert!(svg.contains("a&lt;b &amp; \u{fffd}"), "{svg}");
        assert!(svg.contains("data:image/png;base64,cG5n") && svg.trim_end().ends_with("</svg>"), "{svg}");
    }

    #[test]
    fn no_numbers_and_no_sizes_panic() {
        let edge = [0.0, -1.0, 1e-300, 1e300, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        for value in edge {
            let error = draw((value, 10.0), Theme::Light, |_| Ok::<_, Error>(())).unwrap_err().to_string();
            assert!(error.contains("expected sizes from 1 to 100000"), "{error}");
            let svg = draw((100.0, 50.0), Theme::Dark, |canvas| {
                let color = canvas.palette().ink;
                canvas.line(&[(value, 0.0), (1.0, value)], color, value)?;
                canvas.dashed((0.0, 0.0), (value, 1.0), color, 1.0)?;
                canvas.polygon(&[(value, 0.0), (1.0, value), (0.0, 0.0)], color)?;
                canvas.rect((value, 0.0), (1.0, value), color)?;
                canvas.ring((value, 0.0), value, color)?;
                canvas.text((value, value), "text", Text::new(13.0, color, Anchor::End).upright())
            });
            assert!(svg.is_ok_and(|svg| !svg.contains("NaN")), "{value}");
            assert!(fit("text", 13.0, false, value).is_ok());
        }
    }
}
