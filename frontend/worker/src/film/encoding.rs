//! The names of encodings as people and export dialogs know them.

/// A picture's encoding by its four letters in an MP4, MOV or AVI.
fn picture_letters(letters: &[u8; 4]) -> Option<&'static str> {
    Some(match &letters.map(|b| b.to_ascii_lowercase()) {
        b"avc1" | b"avc3" | b"h264" | b"x264" | b"davc" | b"dva1" | b"dvav" => "H.264",
        b"hvc1" | b"hev1" | b"hevc" | b"h265" | b"x265" => "HEVC (H.265)",
        b"dvh1" | b"dvhe" => "Dolby Vision",
        b"vvc1" | b"vvi1" => "VVC (H.266)",
        b"av01" => "AV1",
        b"vp08" | b"vp80" => "VP8",
        b"vp09" | b"vp90" => "VP9",
        b"mp4v" | b"xvid" | b"divx" | b"dx50" | b"fmp4" | b"3iv2" => "MPEG-4 Part 2",
        b"div3" | b"mp43" | b"mp42" | b"mpg4" => "Microsoft MPEG-4",
        b"m2v1" | b"mpg2" | b"mp2v" | b"mpeg" | b"hdv1" | b"hdv2" | b"hdv3" | b"hdv5" | b"hdv6"
        | b"hdv7" | b"xdv1" | b"xdv2" | b"xdv3" | b"xdvb" | b"xdvc" | b"xd54" | b"xd55"
        | b"mx5p" | b"mx5n" => "MPEG-2",
        b"m1v1" | b"mpg1" | b"mp1v" => "MPEG-1",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"aprn" | b"aprh" => "ProRes RAW",
        b"avdn" | b"avdh" => "DNxHD",
        b"cfhd" => "CineForm",
        b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" | b"dmb1" => "Motion JPEG",
        b"mjp2" => "Motion JPEG 2000",
        b"s263" | b"h263" | b"u263" => "H.263",
        b"dvc " | b"dvcp" | b"dvpp" | b"dv5n" | b"dv5p" | b"dvhp" | b"dvh5" | b"dvh6" | b"dvsd" => {
            "DV"
        }
        b"svq1" | b"svq3" => "Sorenson Video",
        b"cvid" => "Cinepak",
        b"rle " => "QuickTime Animation",
        b"hap1" | b"hap5" | b"hapy" | b"hapa" | b"hapm" => "Hap",
        b"wmv1" | b"wmv2" | b"wmv3" | b"wvc1" | b"vc-1" => "Windows Media Video",
        b"ffv1" => "FFV1",
        b"png " => "PNG pictures",
        b"raw " | b"2vuy" | b"uyvy" | b"yuy2" | b"yuv2" | b"v210" | b"v308" | b"v408" | b"v410"
        | b"r210" | b"i420" | b"yv12" | b"nv12" | b"uncv" => "uncompressed video",
        b"encv" => "an encryption",
        _ => return None,
    })
}

/// A sound's encoding by its four letters in an MP4 or MOV.
fn sound_letters(letters: &[u8; 4]) -> Option<&'static str> {
    Some(match &letters.map(|b| b.to_ascii_lowercase()) {
        b"mp4a" => "AAC",
        b"ac-3" | b"sac3" => "Dolby Digital (AC-3)",
        b"ec-3" => "Dolby Digital Plus (E-AC-3)",
        b"ac-4" => "Dolby AC-4",
        b"mlpa" => "Dolby TrueHD",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" | b"dtsx" => "DTS",
        b"alac" => "Apple Lossless",
        b"apac" => "Apple Positional Audio",
        b"samr" | b"sawb" => "AMR",
        b"opus" => "Opus",
        b"flac" => "FLAC",
        b".mp3" | b"mp3 " => "MP3",
        b"mha1" | b"mhm1" => "MPEG-H",
        b"ima4" | b"ms\0\x11" | b"ms\0\x02" => "ADPCM",
        b"qdm2" | b"qdmc" => "QDesign Music",
        b"mac3" | b"mac6" => "MACE",
        b"enca" => "an encryption",
        _ => return None,
    })
}

/// Letters that nobody here knows, in quotes.
fn quoted(name: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(name)
        .chars()
        .filter(|c| !c.is_control() && *c != '\u{fffd}')
        .take(40)
        .collect();
    match text.trim() {
        "" => "an encoding without a name".to_owned(),
        name => format!("“{name}”"),
    }
}

/// What an MPEG-4 stream descriptor calls its encoding (the object types registered at mp4ra.org).
fn object_type(number: u8) -> Option<&'static str> {
    Some(match number {
        0x20 => "MPEG-4 Part 2",
        0x60..=0x65 => "MPEG-2",
        0x6a => "MPEG-1",
        0x6c => "Motion JPEG",
        0x40 | 0x66..=0x68 => "AAC",
        0x69 | 0x6b => "MP3",
        0xa5 => "Dolby Digital (AC-3)",
        0xa6 => "Dolby Digital Plus (E-AC-3)",
        0xa9 => "DTS",
        0xdd => "Vorbis",
        _ => return None,
    })
}

/// A picture's encoding by its sample entry; `object` is what its stream descriptor says, where it has one.
pub(super) fn of_picture(letters: &[u8; 4], object: Option<u8>) -> String {
    let known = object
        .and_then(object_type)
        .or_else(|| picture_letters(letters));
    known.map_or_else(|| quoted(letters), str::to_owned)
}

/// A sound's encoding by its sample entry.
pub(super) fn of_sound(letters: &[u8; 4], object: Option<u8>) -> String {
    let known = object
        .and_then(object_type)
        .or_else(|| sound_letters(letters));
    known.map_or_else(|| quoted(letters), str::to_owned)
}

/// An encoding by its name in a Matroska file and its private data (the Matroska codec registry).
pub(super) fn of_matroska(codec: &str, private: &[u8]) -> String {
    let known = match codec {
        "V_MPEG4/ISO/AVC" => "H.264",
        "V_MPEGH/ISO/HEVC" => "HEVC (H.265)",
        "V_MPEGI/ISO/VVC" => "VVC (H.266)",
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => "MPEG-4 Part 2",
        "V_MPEG4/MS/V3" => "Microsoft MPEG-4",
        "V_MPEG1" => "MPEG-1",
        "V_MPEG2" => "MPEG-2",
        "V_MJPEG" => "Motion JPEG",
        "V_VP8" => "VP8",
        "V_VP9" => "VP9",
        "V_AV1" => "AV1",
        "V_THEORA" => "Theora",
        "V_PRORES" => "ProRes",
        "V_FFV1" => "FFV1",
        "V_DIRAC" => "Dirac",
        "V_UNCOMPRESSED" => "uncompressed video",
        "A_AC3" => "Dolby Digital (AC-3)",
        "A_EAC3" => "Dolby Digital Plus (E-AC-3)",
        "A_TRUEHD" | "A_MLP" => "Dolby TrueHD",
        "A_ALAC" => "Apple Lossless",
        "A_MPEG/L1" => "MPEG audio layer 1",
        "A_MPEG/L2" => "MPEG audio layer 2 (MP2)",
        "A_MPEG/L3" => "MP3",
        "A_OPUS" => "Opus",
        "A_VORBIS" => "Vorbis",
        "A_FLAC" => "FLAC",
        "A_TTA1" => "True Audio",
        "A_WAVPACK4" => "WavPack",
        // A BITMAPINFOHEADER names the encoding in its fifth double word.
        "V_MS/VFW/FOURCC" => {
            let letters = private.get(16..20).and_then(|b| b.try_into().ok());
            return letters.map_or_else(|| quoted(b""), |letters| of_picture(&letters, None));
        }
        "V_QUICKTIME" => {
            let letters = private.get(4..8).and_then(|b| b.try_into().ok());
            return letters.map_or_else(|| quoted(b""), |letters| of_picture(&letters, None));
        }
        _ if codec.starts_with("V_REAL") => "RealVideo",
        _ if codec.starts_with("A_REAL") => "RealAudio",
        _ if codec.starts_with("A_AAC") => "AAC",
        _ if codec.starts_with("A_DTS") => "DTS",
        _ if codec.starts_with("A_PCM") => "uncompressed sound",
        _ => return quoted(codec.as_bytes()),
    };
    known.to_owned()
}

/// An encoding by its codec string (RFC 6381).
#[must_use]
pub fn of_codec(codec: &str) -> String {
    let family = codec.split('.').next().unwrap_or_default();
    let letters = family.as_bytes().first_chunk::<4>();
    let known = match family {
        "vp8" => Some("VP8"),
        "opus" => Some("Opus"),
        "mp3" => Some("MP3"),
        "flac" => Some("FLAC"),
        "vorbis" => Some("Vorbis"),
        "ulaw" | "alaw" => Some("G.711"),
        _ if family.starts_with("pcm-") => Some("uncompressed sound"),
        _ => letters.and_then(|l| picture_letters(l).or_else(|| sound_letters(l))),
    };
    known.map_or_else(|| quoted(family.as_bytes()), str::to_owned)
}

/// What a file that is no film for this reader is, by its first bytes; `None` where nobody here knows.
pub(super) fn of_file(head: &[u8]) -> Option<&'static str> {
    let at = |from: usize, what: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(what));
    Some(match () {
        () if at(0, b"RIFF") && at(8, b"AVI ") => "an AVI film",
        () if at(0, b"RIFF") && at(8, b"WAVE") => "a sound file (WAV)",
        () if at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") => "a Windows Media film",
        () if at(0, b"FLV\x01") => "a Flash film",
        () if at(0, b"OggS") => "an Ogg file",
        () if at(0, b"\x00\x00\x01\xba") || at(0, b"\x00\x00\x01\xb3") => "an MPEG film",
        () if at(0, b"ID3") || at(0, b"\xff\xfb") => "a sound file (MP3)",
        () if at(0, b"\xff\xd8\xff") || at(0, b"\x89PNG") || at(0, b"GIF8") => "a picture",
        () if at(0, b".RMF") => "a RealMedia film",
        () if at(0, b"\x06\x0e\x2b\x34") => "an MXF film",
        // Packets of 188 bytes that begin with a sync byte; cameras write four bytes of time before each.
        () if at(0, b"\x47")
            && head.get(1).is_some_and(|b| b & 0x80 == 0)
            && head.get(3).is_some_and(|b| b & 0x30 != 0) =>
        {
            "an MPEG transport stream"
        }
        () if at(4, b"\x47") && at(0, b"\x00") => "an AVCHD film (MTS)",
        () => return None,
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn encodings_have_the_names_people_know() {
        assert_eq!(of_picture(b"mp4v", Some(0x20)), "MPEG-4 Part 2");
        assert_eq!(of_picture(b"mp4v", Some(0x61)), "MPEG-2");
        assert_eq!(of_picture(b"apch", None), "ProRes");
        assert_eq!(of_picture(b"zzz\x01", None), "“zzz”");
        assert_eq!(of_picture(&[0; 4], None), "an encoding without a name");
        assert_eq!(of_sound(b"ac-3", None), "Dolby Digital (AC-3)");
        let mut vfw = vec![0; 40];
        vfw[16..20].copy_from_slice(b"XVID");
        assert_eq!(of_matroska("V_MS/VFW/FOURCC", &vfw), "MPEG-4 Part 2");
        assert_eq!(
            of_matroska("V_MS/VFW/FOURCC", &[]),
            "an encoding without a name"
        );
        assert_eq!(of_codec("hvc1.1.6.L93.B0"), "HEVC (H.265)");
        assert_eq!(of_codec("mp4a.40.2"), "AAC");
        assert_eq!(of_codec("vp09.02.10.10"), "VP9");
    }
}
