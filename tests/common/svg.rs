//! A screen as a picture: the emulator's cells as SVG text.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const MARGIN: f32 = 12.0;
const BACKGROUND: &str = "#14181f";
const FOREGROUND: &str = "#d7dce4";

/// Draws the screen in a monospace font. Each run of cells with the same look is one text.
pub fn draw(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (
        f32::from(columns) * WIDTH + 2.0 * MARGIN,
        f32::from(rows) * HEIGHT + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"'DejaVu Sans Mono', 'Menlo', 'Consolas', monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let start = column;
            let look = screen.cell(row, column).map(Look::of).unwrap_or_default();
            let mut text = String::new();
            while column < columns {
                let Some(cell) = screen.cell(row, column) else {
                    break;
                };
                if Look::of(cell) != look {
                    break;
                }
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() {
                        cell.contents()
                    } else {
                        " "
                    });
                }
                column += 1;
            }
            run(&mut out, row, start, column - start, &look, &text);
        }
    }
    out.push_str("</svg>\n");
    out
}

#[derive(Default, PartialEq)]
struct Look {
    foreground: Option<String>,
    background: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        let (mut foreground, mut background) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        if cell.inverse() {
            let swapped = (
                background.or_else(|| Some(BACKGROUND.to_owned())),
                foreground.or_else(|| Some(FOREGROUND.to_owned())),
            );
            (foreground, background) = swapped;
        }
        Look {
            foreground,
            background,
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
        }
    }
}

fn run(out: &mut String, row: u16, column: u16, count: u16, look: &Look, text: &str) {
    let x = f32::from(column) * WIDTH + MARGIN;
    let y = f32::from(row) * HEIGHT + MARGIN;
    let width = f32::from(count) * WIDTH;
    if let Some(fill) = &look.background {
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT:.1}\" fill=\"{fill}\"/>"
        )
        .unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let fill = look.foreground.as_deref().unwrap_or(FOREGROUND);
    let mut style = String::new();
    for (on, attribute) in [
        (look.bold, " font-weight=\"bold\""),
        (look.dim, " opacity=\"0.65\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if on {
            style.push_str(attribute);
        }
    }
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    writeln!(
        out,
        "<text xml:space=\"preserve\" x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{style}>{text}</text>",
        y + HEIGHT - 4.5
    )
    .unwrap();
}

/// None for the terminal's default.
fn colour(colour: Color) -> Option<String> {
    const BASE: [&str; 16] = [
        "#1d232c", "#e5484d", "#46a758", "#d6a10b", "#3e82f7", "#b065d8", "#12a5b5", "#b8c0cc",
        "#6b7685", "#ff6369", "#63c174", "#f0c33c", "#6aa2ff", "#c98bea", "#3fc6d4", "#ffffff",
    ];
    match colour {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(index @ 0..=15) => Some(BASE[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..=231) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = index - 16;
            let (r, g, b) = (level(n / 36), level(n / 6 % 6), level(n % 6));
            Some(format!("#{r:02x}{g:02x}{b:02x}"))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}
