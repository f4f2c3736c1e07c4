//! The palettes of `style/tokens.css` against WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for the edges of controls (1.4.11).

use std::collections::BTreeMap;

type Palette = BTreeMap<String, String>;

/// Text colours and the grounds they stand on.
const TEXT: [(&str, &[&str]); 8] = [
    (
        "ink",
        &[
            "ground",
            "surface",
            "sunken",
            "wash",
            "danger-wash",
            "warn-wash",
        ],
    ),
    ("soft", &["ground", "surface", "sunken"]),
    ("accent-text", &["ground", "surface", "wash"]),
    ("on-accent", &["accent", "accent-over"]),
    ("danger", &["ground", "surface", "danger-wash"]),
    ("warn", &["ground", "surface", "warn-wash"]),
    ("ground", &["ink"]),
    ("on-record", &["record"]),
];

/// What draws the edge of a control or a mark that carries meaning.
const EDGES: [(&str, &[&str]); 4] = [
    ("edge", &["ground", "surface"]),
    ("accent", &["ground", "surface"]),
    ("record", &["ground", "surface"]),
    ("accent-text", &["ground", "surface", "sunken"]),
];

/// The declarations of the rule that begins with `selector`, which stands after `after`.
fn rule(css: &str, after: &str, selector: &str) -> Palette {
    let from = css.find(after).expect("the place in tokens.css") + after.len();
    let css = &css[from..];
    let body = &css[css.find(selector).expect("the rule in tokens.css") + selector.len()..];
    let body = &body[..body.find('}').expect("the rule's end")];
    body.split(';')
        .filter_map(|line| {
            line.rsplit_once("*/")
                .map_or(Some(line), |(_, line)| Some(line))
        })
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| {
            Some((
                name.trim().strip_prefix("--")?.to_owned(),
                value.trim().to_owned(),
            ))
        })
        .collect()
}

/// The palettes as the cascade makes them: each on top of the light one.
fn palettes() -> Vec<(&'static str, Palette)> {
    let css = include_str!("../../style/tokens.css");
    let light = rule(css, "", ":root {");
    let over = |palette: Palette| {
        light
            .clone()
            .into_iter()
            .chain(palette)
            .collect::<Palette>()
    };
    vec![
        (
            "dark",
            over(rule(css, "prefers-color-scheme: dark)", ":root {")),
        ),
        ("studio", over(rule(css, "", ":root.monitor {"))),
        ("light", light.clone()),
    ]
}

/// Relative luminance (WCAG 2.2) of `oklch(L C H)`; panics where the colour does not fit into sRGB, since a browser would
/// then show another one.
fn luminance(palette: &Palette, name: &str) -> f64 {
    let text = palette
        .get(name)
        .unwrap_or_else(|| panic!("no colour --{name}"));
    let parts: Vec<f64> = text
        .strip_prefix("oklch(")
        .and_then(|text| text.strip_suffix(')').or_else(|| text.strip_suffix("))")))
        .unwrap_or_else(|| panic!("--{name}: {text} is not oklch(L C H)"))
        .split_whitespace()
        .map(|part| {
            let part = part
                .strip_prefix("var(--")
                .map_or(part, |hue| palette[hue.trim_end_matches(')')].as_str());
            part.parse().unwrap_or_else(|_| panic!("--{name}: {part}"))
        })
        .collect();
    let [lightness, chroma, hue] = parts[..] else {
        panic!("--{name}: {text} has not three parts")
    };
    let (a, b) = (
        chroma * hue.to_radians().cos(),
        chroma * hue.to_radians().sin(),
    );
    // Björn Ottosson, "A perceptual color space for image processing" (2020).
    let cube = |l: f64, m: f64| (lightness + l * a + m * b).powi(3);
    let (l, m, s) = (
        cube(0.396_337_777_4, 0.215_803_757_3),
        cube(-0.105_561_345_8, -0.063_854_172_8),
        cube(-0.089_484_177_5, -1.291_485_548_0),
    );
    let rgb = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    for channel in rgb {
        assert!(
            (-0.002..=1.002).contains(&channel),
            "--{name}: {text} is outside sRGB ({channel:.3})"
        );
    }
    let [red, green, blue] = rgb.map(|channel| channel.clamp(0.0, 1.0));
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(palette: &Palette, one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(palette, one), luminance(palette, other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn check(pairs: &[(&str, &[&str])], least: f64) {
    let mut low = Vec::new();
    let mut checked = 0;
    for (scheme, palette) in palettes() {
        for (one, others) in pairs {
            for other in *others {
                if scheme != "studio" && (one.contains("record") || other.contains("record")) {
                    continue;
                }
                checked += 1;
                let ratio = contrast(&palette, one, other);
                if ratio < least {
                    low.push(format!("{scheme}: --{one} on --{other} {ratio:.2}"));
                }
            }
        }
    }
    assert!(
        checked > 3 * pairs.len() / 2,
        "only {checked} pairs were found"
    );
    assert!(low.is_empty(), "below {least}:1\n{}", low.join("\n"));
}

#[test]
fn text_can_be_read() {
    check(&TEXT, 4.5);
}

#[test]
fn controls_can_be_seen() {
    check(&EDGES, 3.0);
}

#[test]
fn the_arithmetic_agrees_with_known_contrasts() {
    let mut palette = Palette::new();
    palette.insert("white".to_owned(), "oklch(1 0 0)".to_owned());
    palette.insert("black".to_owned(), "oklch(0 0 0)".to_owned());
    palette.insert("grey".to_owned(), "oklch(0.5999 0 0)".to_owned());
    assert!((contrast(&palette, "white", "black") - 21.0).abs() < 0.01);
    // oklch(59.99 % 0 0) is #808080, whose contrast with white is 3.95.
    assert!((contrast(&palette, "white", "grey") - 3.95).abs() < 0.02);
}
