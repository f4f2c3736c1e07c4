//! A clip's scores drawn over its time, with the truth and the choice, as one SVG.

use std::fmt::Write as _;

use domain::highlight::{Choice, Recording};

use super::{score::Predicted, truth::Entry};

/// Width of a second, px; long clips are squeezed to [`WIDEST`].
const SECOND: f64 = 24.0;
const WIDEST: f64 = 4000.0;
const LEFT: f64 = 90.0;
/// Height of the curve, px; the rows under it are [`ROW`] high.
const CURVE: f64 = 160.0;
const ROW: f64 = 22.0;

/// Draws boundary scores, motion (ochre) and stability (green) as curves; under them, row by row, the true boundaries, those decided and the chosen clips.
#[must_use]
pub fn svg(
    name: &str,
    recording: &Recording,
    truth: &Entry,
    predicted: &[Predicted],
    choice: &Choice,
) -> String {
    let duration = recording.duration.max(0.1);
    let scale = SECOND.min(WIDEST / duration);
    let x = |t: f64| LEFT + t.clamp(0.0, duration) * scale;
    let (width, height) = (LEFT + duration * scale + 20.0, CURVE + 5.0 * ROW + 30.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"4\" y=\"16\" font-weight=\"bold\">{}</text>\n",
        escaped(name)
    );
    let y = |value: f32| 24.0 + CURVE * (1.0 - f64::from(value.clamp(0.0, 1.0)));
    for (level, label) in [
        (0.0, "0"),
        (0.3, "0.3 goes on"),
        (0.5, "0.5 begins"),
        (1.0, "1"),
    ] {
        let at = y(level);
        let _ = writeln!(
            out,
            "<text x=\"4\" y=\"{:.1}\" fill=\"#666\">{label}</text><line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>",
            at + 4.0,
            width - 20.0
        );
    }
    let mut line = |value: fn(&domain::highlight::Moment) -> f32, colour: &str| {
        let points: Vec<String> = recording
            .moments
            .iter()
            .map(|m| format!("{:.1},{:.1}", x(m.t), y(value(m))))
            .collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" points=\"{}\"/>",
            points.join(" ")
        );
    };
    // A tenth of the range is a lot of movement.
    line(|m| m.motion * 10.0, "#c9b38a");
    line(|m| m.stability.unwrap_or(0.0), "#8fd0a5");
    line(|m| m.boundary, "#1a5fb4");
    let mut row = 0.0;
    let mut rows = |label: &str, colour: &str, spans: &mut dyn Iterator<Item = (f64, f64)>| {
        let top = CURVE + 32.0 + row * ROW;
        let _ = writeln!(out, "<text x=\"4\" y=\"{:.1}\">{label}</text>", top + 12.0);
        for (start, end) in spans {
            let wide = (x(end) - x(start)).max(2.0);
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"16\" fill=\"{colour}\"/>",
                x(start)
            );
        }
        row += 1.0;
    };
    let cuts = truth.cuts.iter().map(|&t| (t, t));
    let graduals = truth.graduals.iter().map(|g| (g.start, g.end));
    rows("truth", "#26a269", &mut cuts.chain(graduals));
    rows("found", "#1a5fb4", &mut predicted.iter().copied());
    let products = truth.shots.iter().filter(|s| s.product.is_some());
    rows("products", "#bbb", &mut products.map(|s| (s.start, s.end)));
    let chosen = choice.highlights.iter();
    rows("chosen", "#e66100", &mut chosen.map(|h| (h.start, h.end)));
    let stills = choice.stills.iter();
    rows("stills", "#813d9c", &mut stills.map(|s| (s.t, s.t)));
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
