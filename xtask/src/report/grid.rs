//! Pictures in rows, each with its true and its predicted class.

use anyhow::{Context, Result, bail};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use practicum_core::plot::Theme;
use practicum_core::plot::canvas::{Anchor, Canvas, Text, draw, fit};

use super::numbers::percent;

const WIDTH: f64 = 400.0;
const COLUMNS: usize = 4;
const CELL: f64 = WIDTH / COLUMNS as f64;
const SIDE: f64 = 84.0;
const LETTER: f64 = 13.0;
const LINE: f64 = 17.0;

/// A small picture and what is known about it.
#[derive(Clone, Debug)]
pub(crate) struct Picture<'a> {
    /// Row by row, `channels` bytes a pixel.
    pub(crate) pixels: &'a [u8],
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub(crate) channels: usize,
    /// The name of its true class.
    pub(crate) truth: &'a str,
    pub(crate) guess: Option<Guess<'a>>,
}

/// What a model says about a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess<'a> {
    /// The name of the class it holds for the likeliest.
    pub(crate) class: &'a str,
    /// From 0 to 1.
    pub(crate) probability: f64,
    /// The same of the true class.
    pub(crate) of_truth: f64,
    pub(crate) right: bool,
}

/// The grid as SVG, with the pictures inside.
pub(super) fn draw_grid(pictures: &[Picture<'_>], theme: Theme) -> Result<String> {
    if pictures.is_empty() {
        bail!("a grid of pictures needs at least one picture, got none");
    }
    let lines = |picture: &Picture<'_>| match picture.guess {
        Some(Guess { right: false, .. }) => 4,
        Some(_) => 3,
        None => 1,
    };
    let lines = f64::from(pictures.iter().map(lines).max().unwrap_or(1));
    let row_height = SIDE + lines * LINE + 22.0;
    let rows = pictures.len().div_ceil(COLUMNS);
    draw((WIDTH, rows as f64 * row_height), theme, |canvas| {
        for (index, picture) in pictures.iter().enumerate() {
            let corner = ((index % COLUMNS) as f64 * CELL, (index / COLUMNS) as f64 * row_height);
            draw_cell(canvas, corner, picture).with_context(|| format!("picture {index} of {} in the grid", pictures.len()))?;
        }
        Ok(())
    })
}

fn draw_cell(canvas: &mut Canvas<'_>, (x, y): (f64, f64), picture: &Picture<'_>) -> Result<()> {
    let palette = canvas.palette();
    let (middle, top) = (x + CELL / 2.0, y + 8.0);
    let larger = picture.width.max(picture.height).max(1) as f64;
    let (width, height) = (SIDE * picture.width as f64 / larger, SIDE * picture.height as f64 / larger);
    let (frame, thick) = match picture.guess {
        Some(Guess { right: false, .. }) => (palette.wrong, 3.0),
        _ => (palette.grid, 1.0),
    };
    let corner = (middle - width / 2.0, top + (SIDE - height) / 2.0);
    canvas.rect((corner.0 - thick, corner.1 - thick), (width + 2.0 * thick, height + 2.0 * thick), frame)?;
    canvas.image(corner, (width, height), &png(picture)?);

    let room = CELL - 2.0;
    let look = Text::new(LETTER, palette.ink, Anchor::Middle);
    let mut line = top + SIDE + 14.0;
    canvas.text((middle, line), &fit(picture.truth, LETTER, false, room)?, look)?;
    let Some(guess) = picture.guess else { return Ok(()) };
    let (sign, color) = if guess.right { ("✓", palette.right) } else { ("✗", palette.wrong) };
    line += LINE;
    let class = fit(&format!("{sign} {}", guess.class), LETTER, false, room)?;
    canvas.text((middle, line), &class, look.color(color))?;
    canvas.text((middle, line + LINE), &percent(guess.probability), look.color(palette.muted))?;
    if guess.right {
        return Ok(());
    }
    let truth = fit(&format!("true: {}", percent(guess.of_truth)), LETTER, false, room)?;
    Ok(canvas.text((middle, line + 2.0 * LINE), &truth, look.color(palette.muted))?)
}

fn png(picture: &Picture<'_>) -> Result<Vec<u8>> {
    let color = match picture.channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        other => bail!("a picture has 1 channel (grey) or 3 (red, green, blue), got {other}"),
    };
    let (width, height) = (u32::try_from(picture.width)?, u32::try_from(picture.height)?);
    let bytes = picture.width.checked_mul(picture.height).and_then(|pixels| pixels.checked_mul(picture.channels));
    if bytes != Some(picture.pixels.len()) || picture.pixels.is_empty() {
        bail!("{width}×{height} pixels of {} bytes expected, got {} bytes", picture.channels, picture.pixels.len());
    }
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(picture.pixels, width, height, color)?;
    Ok(out)
}
