//! Colour arithmetic: contrast, and the nearest colour that a terminal has.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, underlined, reversed and dim text only.
    None,
    /// The 16 colours whose values the user's terminal defines.
    Sixteen,
    /// The 256 colours of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// Red, green and blue, 0 to 255 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Reads `#rrggbb` or `rrggbb`.
    pub fn parse(text: &str) -> Option<Rgb> {
        let hex = text.strip_prefix('#').unwrap_or(text);
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        Some(Rgb(r, g, b))
    }

    /// Relative luminance, 0 to 1 (WCAG 2).
    pub fn luminance(self) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Contrast ratio, 1 to 21 (WCAG 2).
    pub fn contrast(self, other: Rgb) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// A part of the way to another colour; 0 is this one, 1 the other.
    pub fn towards(self, other: Rgb, part: f64) -> Rgb {
        let mix = |a: u8, b: u8| {
            let (a, b) = (f64::from(a), f64::from(b));
            (a + (b - a) * part).round().clamp(0.0, 255.0) as u8
        };
        Rgb(
            mix(self.0, other.0),
            mix(self.1, other.1),
            mix(self.2, other.2),
        )
    }

    /// This colour, moved towards white or black until it can be read on `background`.
    pub fn legible_on(self, background: Rgb, contrast: f64) -> Rgb {
        let goal = if background.luminance() < 0.18 {
            Rgb(255, 255, 255)
        } else {
            Rgb(0, 0, 0)
        };
        (0..=20)
            .map(|step| self.towards(goal, f64::from(step) / 20.0))
            .find(|colour| colour.contrast(background) >= contrast)
            .unwrap_or(goal)
    }

    /// Distance that weighs the channels as the eye does.
    fn distance(self, other: Rgb) -> u32 {
        let mean = (u32::from(self.0) + u32::from(other.0)) / 2;
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        ((512 + mean) * square(self.0, other.0)) / 256
            + 4 * square(self.1, other.1)
            + ((767 - mean) * square(self.2, other.2)) / 256
    }

    /// Hue in degrees, saturation and value 0 to 1.
    fn hsv(self) -> (f64, f64, f64) {
        let [r, g, b] = [self.0, self.1, self.2].map(|c| f64::from(c) / 255.0);
        let max = r.max(g).max(b);
        let span = max - r.min(g).min(b);
        if span == 0.0 {
            return (0.0, 0.0, max);
        }
        let hue = if max == r {
            60.0 * ((g - b) / span).rem_euclid(6.0)
        } else if max == g {
            60.0 * ((b - r) / span + 2.0)
        } else {
            60.0 * ((r - g) / span + 4.0)
        };
        (hue, span / max, max)
    }
}

/// The levels of xterm's colour cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of xterm's colours 16 to 255: the first 16 are the user's own and not to be relied on.
fn nearest_indexed(wanted: Rgb) -> u8 {
    let nearest_level = |c: u8| {
        CUBE.iter()
            .zip(0u8..)
            .min_by_key(|(level, _)| level.abs_diff(c))
            .map_or((0, 0), |(level, index)| (*level, index))
    };
    let [(r, ri), (g, gi), (b, bi)] = [wanted.0, wanted.1, wanted.2].map(nearest_level);
    let cube = (Rgb(r, g, b), 16 + 36 * ri + 6 * gi + bi);
    let mean = (u16::from(wanted.0) + u16::from(wanted.1) + u16::from(wanted.2)) / 3;
    let step = u8::try_from((mean.saturating_sub(8) + 5) / 10)
        .unwrap_or(23)
        .min(23);
    let level = 8 + 10 * step;
    let grey = (Rgb(level, level, level), 232 + step);
    if wanted.distance(grey.0) < wanted.distance(cube.0) {
        grey.1
    } else {
        cube.1
    }
}

/// The colour of the 16 that people would call by the same name.
fn nearest_named(wanted: Rgb) -> Color {
    let (hue, saturation, value) = wanted.hsv();
    // Pale and bright is text with a tint, not a hue.
    if saturation < 0.18 || (saturation < 0.27 && value > 0.85) {
        return match value {
            v if v < 0.25 => Color::Black,
            v if v < 0.66 => Color::DarkGray,
            // Ordinary text: whatever the terminal's own is.
            _ => Color::Reset,
        };
    }
    match hue as u32 {
        0..=32 | 340..=360 => Color::Red,
        33..=60 => Color::Yellow,
        61..=149 => Color::Green,
        150..=199 => Color::Cyan,
        200..=259 => Color::Blue,
        _ => Color::Magenta,
    }
}

/// The nearest colour at this depth; named and indexed colours stay what they are.
pub(super) fn fit(colour: Color, depth: Depth) -> Color {
    match (colour, depth) {
        (_, Depth::None) => Color::Reset,
        (Color::Rgb(r, g, b), Depth::Indexed) => Color::Indexed(nearest_indexed(Rgb(r, g, b))),
        (Color::Rgb(r, g, b), Depth::Sixteen) => nearest_named(Rgb(r, g, b)),
        (Color::Indexed(_), Depth::Sixteen) => rgb_of(colour).map_or(Color::Reset, nearest_named),
        (colour, _) => colour,
    }
}

/// The value of a colour; for the 16 named ones xterm's default, since nobody knows the user's.
pub(super) fn rgb_of(colour: Color) -> Option<Rgb> {
    Some(match colour {
        Color::Reset => return None,
        Color::Black => Rgb(0, 0, 0),
        Color::Red => Rgb(205, 0, 0),
        Color::Green => Rgb(0, 205, 0),
        Color::Yellow => Rgb(205, 205, 0),
        Color::Blue => Rgb(0, 0, 238),
        Color::Magenta => Rgb(205, 0, 205),
        Color::Cyan => Rgb(0, 205, 205),
        Color::Gray => Rgb(229, 229, 229),
        Color::DarkGray => Rgb(127, 127, 127),
        Color::LightRed => Rgb(255, 0, 0),
        Color::LightGreen => Rgb(0, 255, 0),
        Color::LightYellow => Rgb(255, 255, 0),
        Color::LightBlue => Rgb(92, 92, 255),
        Color::LightMagenta => Rgb(255, 0, 255),
        Color::LightCyan => Rgb(0, 255, 255),
        Color::White => Rgb(255, 255, 255),
        Color::Rgb(r, g, b) => Rgb(r, g, b),
        Color::Indexed(i @ 16..=231) => {
            let level = |n: u8| CUBE.get(usize::from(n)).copied().unwrap_or(0);
            let i = i - 16;
            Rgb(level(i / 36), level(i / 6 % 6), level(i % 6))
        }
        Color::Indexed(i @ 232..=255) => {
            let level = 8 + 10 * (i - 232);
            Rgb(level, level, level)
        }
        Color::Indexed(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let (black, white) = (Rgb(0, 0, 0), Rgb(255, 255, 255));
        assert!((black.contrast(white) - 21.0).abs() < 0.01);
        assert!((Rgb(0x76, 0x76, 0x76).contrast(white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn named_colours_are_what_people_call_them() {
        let cases = [
            ("#fb4934", Color::Red),
            ("#b8bb26", Color::Green),
            ("#ffff00", Color::Yellow),
            ("#8ec07c", Color::Green),
            ("#83a598", Color::Cyan),
            ("#ff8a1f", Color::Red),
            ("#89b4fa", Color::Blue),
            ("#88c0d0", Color::Cyan),
            ("#cba6f7", Color::Magenta),
            ("#6b7280", Color::DarkGray),
            ("#ebdbb2", Color::Reset),
        ];
        for (hex, expected) in cases {
            assert_eq!(nearest_named(Rgb::parse(hex).unwrap()), expected, "{hex}");
        }
    }

    proptest! {
        #[test]
        fn the_nearest_of_256_is_near(r: u8, g: u8, b: u8) {
            let wanted = Rgb(r, g, b);
            let index = nearest_indexed(wanted);
            let got = rgb_of(Color::Indexed(index)).unwrap();
            let best = (16..=255).map(|i| wanted.distance(rgb_of(Color::Indexed(i)).unwrap())).min();
            prop_assert!(wanted.distance(got) <= best.unwrap() + 4_000, "{wanted:?} {got:?}");
        }

        #[test]
        fn legible_is_legible(r: u8, g: u8, b: u8, x: u8, y: u8, z: u8) {
            let background = Rgb(x, y, z);
            let text = Rgb(r, g, b).legible_on(background, 4.5);
            prop_assert!(text.contrast(background) >= 4.5);
        }
    }
}
