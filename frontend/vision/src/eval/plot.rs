//! A clip's scores drawn over its time, with the truth and the choice, as one SVG: a white sheet, so that it reads on a dark
//! page too, in colours that stay apart for the colour-blind (Okabe and Ito 2008).

use std::fmt::Write as _;

use domain::highlight::{Choice, Measurements, Moment};

use super::{score::Predicted, truth::Entry};

/// Width of a second, px; short clips are stretched to [`NARROWEST`], long ones squeezed to [`WIDEST`].
const SECOND: f64 = 17.0;
const NARROWEST: f64 = 640.0;
const WIDEST: f64 = 4000.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = 20.0;
/// The curve begins under the title and the legend.
const TOP: f64 = 64.0;
/// Height of the curve, px; the rows under it are [`ROW`] high, with bars of [`BAR`].
const CURVE: f64 = 180.0;
const ROW: f64 = 26.0;
const BAR: f64 = 18.0;
/// Under the curve stand the seconds.
const AXIS: f64 = 40.0;
const ROWS: f64 = TOP + CURVE + AXIS;
/// A tenth of the range is a lot of movement, so it is drawn this many times larger.
const MOTION: f32 = 10.0;

const BLUE: &str = "#0072b2";
const GREEN: &str = "#009e73";
const ORANGE: &str = "#d55e00";
const YELLOW: &str = "#e0a530";
const PURPLE: &str = "#a8538b";
const GREY: &str = "#d0d0d0";

/// Draws boundary scores and motion as curves; under them, row by row, the true boundaries, those decided, the products, the
/// chosen clips and the stills.
#[must_use]
pub fn svg(
    name: &str,
    measurements: &Measurements,
    truth: &Entry,
    predicted: &[Predicted],
    choice: &Choice,
) -> String {
    let sheet = Sheet::new(measurements.duration);
    let mut out = sheet.head(name);
    sheet.axes(&mut out);
    sheet.curve(&mut out, measurements, |m| m.motion * MOTION, YELLOW);
    sheet.curve(&mut out, measurements, |m| m.boundary, BLUE);
    let cuts = truth.cuts.iter().map(|&t| (t, t, ""));
    let graduals = truth.graduals.iter().map(|g| (g.start, g.end, ""));
    sheet.row(&mut out, 0.0, "truth", GREEN, cuts.chain(graduals));
    let found = predicted.iter().map(|p| (p.0, p.1, ""));
    sheet.row(&mut out, 1.0, "found", BLUE, found);
    let products = truth.shots.iter().filter_map(|s| {
        let product = s.product.as_deref()?;
        Some((s.start, s.end, product))
    });
    sheet.row(&mut out, 2.0, "products", GREY, products);
    let chosen = choice.highlights.iter().map(|h| (h.start, h.end, ""));
    sheet.row(&mut out, 3.0, "chosen", ORANGE, chosen);
    let stills = choice.stills.iter().map(|s| (s.t, s.t, ""));
    sheet.row(&mut out, 4.0, "stills", PURPLE, stills);
    out.push_str("</svg>\n");
    out
}

/// Where things lie on the drawing.
struct Sheet {
    duration: f64,
    /// px a second.
    scale: f64,
}

impl Sheet {
    fn new(duration: f64) -> Self {
        let duration = duration.max(0.1);
        let width = (SECOND * duration).clamp(NARROWEST, WIDEST);
        Self {
            duration,
            scale: width / duration,
        }
    }

    fn x(&self, t: f64) -> f64 {
        LEFT + t.clamp(0.0, self.duration) * self.scale
    }

    fn y(value: f32) -> f64 {
        TOP + CURVE * (1.0 - f64::from(value.clamp(0.0, 1.0)))
    }

    fn end(&self) -> f64 {
        self.x(self.duration)
    }

    /// Size, title and legend.
    fn head(&self, name: &str) -> String {
        let (width, height) = (self.end() + RIGHT, ROWS + 5.0 * ROW + 4.0);
        let name = escaped(name);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"system-ui,sans-serif\" font-size=\"13\" fill=\"#222\" role=\"img\">
<title>{name}: boundary scores over time, with the true boundaries, those found, and the chosen clips</title>
<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fff\"/>
<text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{name}</text>
"
        );
        let mut x = LEFT;
        for (colour, words) in [
            (BLUE, "score that a shot begins"),
            (YELLOW, "motion, ten times larger"),
        ] {
            let _ = writeln!(
                out,
                "<path d=\"M{x} 44h24\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{}\" y=\"48\">{words}</text>",
                x + 30.0
            );
            x += 220.0;
        }
        out
    }

    /// The levels of the decision, and seconds at steps of which a dozen fit.
    fn axes(&self, out: &mut String) {
        let end = self.end();
        for (level, label, colour) in [
            (0.0, "0", "#888"),
            (0.3, "0.3 goes on", "#bbb"),
            (0.9, "0.9 begins", "#bbb"),
            (1.0, "1", "#bbb"),
        ] {
            let y = Self::y(level);
            let _ = writeln!(
                out,
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"12\">{label}</text><path d=\"M{LEFT} {y:.1}H{end:.1}\" stroke=\"{colour}\"/>",
                LEFT - 6.0,
                y + 4.0
            );
        }
        let steps = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0];
        let fits = |step: &&f64| **step * self.scale >= 44.0;
        let step = steps.iter().find(fits).copied().unwrap_or(3600.0);
        for i in 0..=(self.duration / step) as u32 {
            let t = f64::from(i) * step;
            let (x, bottom) = (self.x(t), TOP + CURVE);
            let _ = writeln!(
                out,
                "<path d=\"M{x:.1} {bottom}v6\" stroke=\"#888\"/><text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"12\">{t:.0} s</text>",
                bottom + 20.0
            );
        }
    }

    /// A line through one value a frame. Of the frames that fall on one pixel only the lowest and the highest are drawn: more
    /// cannot be seen, and no peak is lost.
    fn curve(
        &self,
        out: &mut String,
        measurements: &Measurements,
        value: fn(&Moment) -> f32,
        colour: &str,
    ) {
        let mut columns: Vec<(f64, f64, f64)> = Vec::new();
        for moment in &measurements.moments {
            let (x, y) = (self.x(moment.t).round(), Self::y(value(moment)));
            match columns.last_mut() {
                Some(last) if last.0 == x => *last = (x, last.1.min(y), last.2.max(y)),
                _ => columns.push((x, y, y)),
            }
        }
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (x, top, bottom) in columns {
            // Rounded first: what looks the same is one point.
            for y in [top.round(), bottom.round()] {
                match points[..] {
                    // A flat stretch needs its ends only.
                    [.., a, b] if a.1 == y && b.1 == y => {
                        points.pop();
                    }
                    _ => {}
                }
                if points.last() != Some(&(x, y)) {
                    points.push((x, y));
                }
            }
        }
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.0},{y:.0}"))
            .collect();
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-linejoin=\"round\" points=\"{}\"/>",
            points.join(" ")
        );
    }

    /// One row of bars, each with what it is where that fits.
    fn row<'a>(
        &self,
        out: &mut String,
        row: f64,
        label: &str,
        colour: &str,
        spans: impl Iterator<Item = (f64, f64, &'a str)>,
    ) {
        let top = ROWS + row * ROW;
        let line = top + 14.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{line:.0}\" text-anchor=\"end\">{label}</text><path d=\"M{LEFT} {:.0}H{:.1}\" stroke=\"#eee\"/>",
            LEFT - 6.0,
            top + BAR / 2.0,
            self.end()
        );
        for (start, end, words) in spans {
            let wide = (self.x(end) - self.x(start)).max(2.5);
            let x = self.x(start);
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{top:.0}\" width=\"{wide:.1}\" height=\"{BAR}\" rx=\"1\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"0.5\"/>"
            );
            // Letters are about 6.5 px wide here.
            if !words.is_empty() && wide > 6.5 * words.chars().count() as f64 {
                let _ = writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{line:.0}\" text-anchor=\"middle\" font-size=\"11\">{}</text>",
                    x + wide / 2.0,
                    escaped(words)
                );
            }
        }
    }
}

/// Text as XML takes it.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurements(seconds: usize) -> Measurements {
        let moment = |i: usize| Moment {
            t: i as f64 / 30.0,
            boundary: if i % 900 == 450 { 0.97 } else { 0.01 },
            motion: (i % 30) as f32 / 300.0,
            sharpness: 1.0,
            exposure: 0.5,
            clipped: 0.0,
            colourfulness: 10.0,
            stability: None,
            layout: None,
        };
        Measurements {
            duration: seconds as f64,
            moments: (0..30 * seconds).map(moment).collect(),
            ..Measurements::default()
        }
    }

    fn truth() -> Entry {
        serde_json::from_value(serde_json::json!({
            "fps": 30, "frame_s": 0.0334, "duration_s": 60, "single_shot": false, "cuts": [15],
            "graduals": [{"start": 45, "end": 46}],
            "shots": [{"start": 0, "end": 15, "product": "cup & <bowl>"}],
        }))
        .expect("an entry")
    }

    #[test]
    fn long_films_stay_small_and_keep_their_peaks() {
        let drawn = svg(
            "film.mp4",
            &measurements(7200),
            &truth(),
            &[],
            &Choice::default(),
        );
        assert!(drawn.len() < 300_000, "{}", drawn.len());
        // 7200 s on 4000 px: a peak of one frame in each half minute is 17 px from the next.
        let top = format!(",{:.0}", Sheet::y(0.97));
        assert!(drawn.matches(&top).count() >= 240);
    }

    #[test]
    fn names_are_text() {
        let found = [(15.0, 15.0), (45.0, 46.0)];
        let name = "</title><script>\u{1b}";
        let drawn = svg(
            name,
            &measurements(60),
            &truth(),
            &found,
            &Choice::default(),
        );
        assert!(!drawn.contains("<script") && !drawn.contains('\u{1b}'));
        assert!(drawn.contains("cup &amp; &lt;bowl&gt;"));
        assert_eq!(drawn.matches(&format!("fill=\"{BLUE}\"")).count(), 2);
        assert!(drawn.contains(">60 s<"));
    }

    #[test]
    fn nothing_to_draw() {
        let drawn = svg(
            "",
            &Measurements::default(),
            &truth(),
            &[],
            &Choice::default(),
        );
        assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n"));
    }
}
