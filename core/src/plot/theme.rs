//! The colours of the pictures, once for light and once for dark pages.

/// For which pages a picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on nearly black.
    Dark,
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

/// The colours of a theme. Text and lines have a contrast of at least 4.5 : 1 to the paper.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Palette {
    /// The ground of the picture.
    pub paper: Color,
    /// Text.
    pub ink: Color,
    /// Text and lines of axes.
    pub muted: Color,
    /// The lines of a grid.
    pub grid: Color,
    /// What was right.
    pub right: Color,
    /// What was wrong.
    pub wrong: Color,
    /// The hues of Okabe and Ito, which all kinds of colour vision tell apart, in this paper's brightness.
    pub series: [Color; 6],
}

static LIGHT: Palette = Palette {
    paper: hex(0xffffff),
    ink: hex(0x1c1e21),
    muted: hex(0x596069),
    grid: hex(0xe4e6ea),
    right: hex(0x00694e),
    wrong: hex(0xb3261e),
    series: [hex(0x0067a5), hex(0xb8460b), hex(0x00785a), hex(0x8f3f7c), hex(0x7a5c00), hex(0x4a5568)],
};

static DARK: Palette = Palette {
    paper: hex(0x1b1e23),
    ink: hex(0xe8eaed),
    muted: hex(0xa6adb7),
    grid: hex(0x343941),
    right: hex(0x5fd0a4),
    wrong: hex(0xff9a8f),
    series: [hex(0x62b0e8), hex(0xf5a25d), hex(0x4cc9a0), hex(0xd99ac8), hex(0xe0c341), hex(0xb4bcc8)],
};

impl Theme {
    /// Its colours.
    pub fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

impl Palette {
    /// The colour between the paper (0) and `color` (1).
    pub fn tint(&self, color: Color, share: f64) -> Color {
        let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * share.clamp(0.0, 1.0)).round() as u8;
        Color(mix(self.paper.0, color.0), mix(self.paper.1, color.1), mix(self.paper.2, color.2))
    }
}

impl Color {
    /// Of black and white, the one that is easier to read on this colour.
    #[must_use]
    pub fn readable(self) -> Self {
        let [black, white] = [hex(0x000000), hex(0xffffff)];
        if contrast(black, self) >= contrast(white, self) { black } else { white }
    }
}

/// The contrast ratio of WCAG 2, from 1 to 21.
fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The relative luminance of WCAG 2.
fn luminance(color: Color) -> f64 {
    let linear = |byte: u8| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
}

const fn hex(rgb: u32) -> Color {
    Color((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read() {
        for theme in [&LIGHT, &DARK] {
            for color in theme.series.into_iter().chain([theme.ink, theme.muted, theme.right, theme.wrong]) {
                assert!(contrast(color, theme.paper) >= 4.5, "{color:?} has {:.2}", contrast(color, theme.paper));
            }
            for color in [theme.series[0], theme.series[1]] {
                for percent in 0..=100 {
                    let ground = theme.tint(color, f64::from(percent) / 100.0);
                    assert!(contrast(ground.readable(), ground) >= 4.5, "{color:?} at {percent} %");
                }
            }
        }
    }
}
