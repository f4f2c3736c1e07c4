//! Which encodings are asked for, best first.

/// A video encoding to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoCodec {
    /// RFC 6381 codec string.
    pub codec: String,
    /// Whether it is H.264, whose packets must come length-prefixed (`avc` format) to fit an MP4.
    pub avc: bool,
}

/// Even width and height for an encoder: 4:2:0 has no half pixels. At least 2.
#[must_use]
pub fn even(width: u32, height: u32) -> (u32, u32) {
    ((width & !1).max(2), (height & !1).max(2))
}

/// Video encodings for a picture size, best first. Every device plays H.264, so it leads; VP9 and VP8 follow because
/// browsers include software encoders for them; AV1 last because it is costly while filming.
#[must_use]
pub fn video(width: u32, height: u32, frames_per_s: f64) -> Vec<VideoCodec> {
    let mut out = Vec::new();
    let level = avc_level(width, height, frames_per_s);
    // High, main, constrained baseline: smaller files first.
    for profile in ["6400", "4d00", "42e0"] {
        out.push(VideoCodec {
            codec: format!("avc1.{profile}{level:02x}"),
            avc: true,
        });
    }
    let vp9_level = vp9_level(width, height, frames_per_s);
    out.push(VideoCodec {
        codec: format!("vp09.00.{vp9_level}.08"),
        avc: false,
    });
    out.push(VideoCodec {
        codec: "vp8".into(),
        avc: false,
    });
    let av1_level = av1_level(width, height);
    out.push(VideoCodec {
        codec: format!("av01.0.{av1_level:02}M.08"),
        avc: false,
    });
    out
}

/// H.264 level × 10 by macroblocks per picture and second (ITU-T H.264, table A-1).
fn avc_level(width: u32, height: u32, frames_per_s: f64) -> u8 {
    let blocks = f64::from(width.div_ceil(16)) * f64::from(height.div_ceil(16));
    let rate = blocks * frames_per_s.clamp(1.0, 240.0);
    const LEVELS: [(u8, f64, f64); 9] = [
        (30, 1620.0, 40_500.0),
        (31, 3600.0, 108_000.0),
        (32, 5120.0, 216_000.0),
        (40, 8192.0, 245_760.0),
        (42, 8704.0, 522_240.0),
        (50, 22_080.0, 589_824.0),
        (51, 36_864.0, 983_040.0),
        (52, 36_864.0, 2_073_600.0),
        (60, 139_264.0, 4_177_920.0),
    ];
    LEVELS
        .iter()
        .find(|(_, size, speed)| blocks <= *size && rate <= *speed)
        .map_or(62, |(level, _, _)| *level)
}

/// VP9 level × 10 by luma samples (VP9 levels, webmproject.org/vp9/levels).
fn vp9_level(width: u32, height: u32, frames_per_s: f64) -> u8 {
    let size = f64::from(width) * f64::from(height);
    let rate = size * frames_per_s.clamp(1.0, 240.0);
    const LEVELS: [(u8, f64, f64); 7] = [
        (30, 552_960.0, 20_736_000.0),
        (31, 983_040.0, 36_864_000.0),
        (40, 2_228_224.0, 83_558_400.0),
        (41, 2_228_224.0, 160_432_128.0),
        (50, 8_912_896.0, 311_951_360.0),
        (51, 8_912_896.0, 588_251_136.0),
        (60, 35_651_584.0, 1_176_502_272.0),
    ];
    LEVELS
        .iter()
        .find(|(_, most, speed)| size <= *most && rate <= *speed)
        .map_or(62, |(level, _, _)| *level)
}

/// AV1 `seq_level_idx` by picture size (AV1 specification, annex A.3).
fn av1_level(width: u32, height: u32) -> u8 {
    match u64::from(width) * u64::from(height) {
        0..=665_856 => 4,
        665_857..=1_065_024 => 5,
        1_065_025..=2_359_296 => 8,
        2_359_297..=8_912_896 => 12,
        _ => 16,
    }
}

/// Bits per second for a picture size: about a tenth of a bit per pixel at 30 frames/s, which keeps edges and texture
/// in a product clip at all sizes, within 1 to 24 Mbit/s.
#[must_use]
pub fn bitrate(width: u32, height: u32, frames_per_s: f64) -> f64 {
    let pixels = f64::from(width) * f64::from(height);
    // Larger pictures need fewer bits a pixel.
    let per_pixel = 0.1 * (921_600.0 / pixels.max(1.0)).powf(0.2);
    (pixels * frames_per_s.clamp(10.0, 60.0) * per_pixel)
        .clamp(1e6, 24e6)
        .round()
}

/// Bits per second for sound.
#[must_use]
pub fn audio_bitrate(channels: u32) -> f64 {
    if channels > 1 { 128_000.0 } else { 80_000.0 }
}

/// Audio encodings, best first. Opus is in every browser that encodes; AAC where it is not.
pub const AUDIO: [&str; 2] = ["opus", "mp4a.40.2"];

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn h264_leads_and_levels_fit() {
        let list = video(1280, 720, 30.0);
        assert_eq!(
            list[0],
            VideoCodec {
                codec: "avc1.64001f".into(),
                avc: true
            }
        );
        assert_eq!(list[2].codec, "avc1.42e01f");
        assert_eq!(list[3].codec, "vp09.00.31.08");
        assert_eq!(list[5].codec, "av01.0.05M.08");
        assert_eq!(video(1920, 1080, 30.0)[0].codec, "avc1.640028");
        assert_eq!(video(1920, 1080, 60.0)[0].codec, "avc1.64002a");
        assert_eq!(video(3840, 2160, 30.0)[0].codec, "avc1.640033");
        assert_eq!(video(640, 360, 30.0)[0].codec, "avc1.64001e");
        assert_eq!(video(16_000, 16_000, 60.0)[0].codec, "avc1.64003e");
    }

    #[test]
    fn bitrates_grow_with_the_picture_within_bounds() {
        let rates: Vec<f64> = [
            (64, 64),
            (640, 360),
            (1280, 720),
            (1920, 1080),
            (7680, 4320),
        ]
        .iter()
        .map(|&(w, h)| bitrate(w, h, 30.0))
        .collect();
        assert!(rates.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((rates[0], rates[4]), (1e6, 24e6));
        assert!((2e6..4e6).contains(&rates[2]));
    }

    #[test]
    fn encoders_get_even_sizes() {
        assert_eq!(even(641, 359), (640, 358));
        assert_eq!(even(1, 0), (2, 2));
    }
}
