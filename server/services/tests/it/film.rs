//! A small MP4, box by box (ISO/IEC 14496-12): one H.264 track whose samples are not decodable, but whose headers are right.

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 8)
        .expect("small")
        .to_be_bytes()
        .to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

fn full(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
    boxed(kind, &[&[0; 4][..], &body.concat()].concat())
}

fn n(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const TURNED: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];

fn matrix(matrix: [u32; 9]) -> Vec<u8> {
    matrix.into_iter().flat_map(n).collect()
}

pub(crate) struct Film {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) duration_ms: u32,
    pub(crate) turned: bool,
    /// Four letters of the sample entry.
    pub(crate) codec: [u8; 4],
    pub(crate) handler: [u8; 4],
}

impl Default for Film {
    fn default() -> Self {
        Self {
            width: 640,
            height: 360,
            duration_ms: 2500,
            turned: false,
            codec: *b"avc1",
            handler: *b"vide",
        }
    }
}

impl Film {
    fn entry(&self) -> Vec<u8> {
        let avcc = boxed(
            b"avcC",
            &[
                1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 2, 0x68, 0xce,
            ],
        );
        let mut body = vec![0, 0, 0, 0, 0, 0, 0, 1];
        body.extend([0; 16]);
        body.extend(self.width.to_be_bytes());
        body.extend(self.height.to_be_bytes());
        body.extend([n(0x48_0000), n(0x48_0000), n(0)].concat());
        body.extend([0, 1]);
        body.extend([0; 32]);
        body.extend([0, 24, 0xff, 0xff]);
        body.extend(avcc);
        boxed(&self.codec, &body)
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let shape = matrix(if self.turned { TURNED } else { UPRIGHT });
        let mvhd = full(
            b"mvhd",
            &[
                &[0; 8],
                &n(1000),
                &n(self.duration_ms),
                &n(0x1_0000),
                &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                &matrix(UPRIGHT),
                &[0; 24],
                &n(2),
            ],
        );
        let tkhd = full(
            b"tkhd",
            &[
                &[0; 8],
                &n(1),
                &[0; 4],
                &n(self.duration_ms),
                &[0; 8],
                &[0; 8],
                &shape,
                &n(u32::from(self.width) << 16),
                &n(u32::from(self.height) << 16),
            ],
        );
        let mdhd = full(
            b"mdhd",
            &[&[0; 8], &n(1000), &n(self.duration_ms), &[0x55, 0xc4, 0, 0]],
        );
        let hdlr = full(b"hdlr", &[&[0; 4], &self.handler, &[0; 12], b"film\0"]);
        let url = full(b"url ", &[]);
        let dinf = boxed(b"dinf", &full(b"dref", &[&n(1), &url]));
        let stbl = [
            full(b"stsd", &[&n(1), &self.entry()]),
            full(b"stts", &[&n(1), &n(1), &n(self.duration_ms)]),
            full(b"stsc", &[&n(1), &n(1), &n(1), &n(1)]),
            full(b"stsz", &[&n(16), &n(1)]),
            full(b"stco", &[&n(1), &n(0)]),
        ]
        .concat();
        let minf = [full(b"vmhd", &[&[0; 8]]), dinf, boxed(b"stbl", &stbl)].concat();
        let mdia = [mdhd, hdlr, boxed(b"minf", &minf)].concat();
        let trak = [tkhd, boxed(b"mdia", &mdia)].concat();
        let moov = [mvhd, boxed(b"trak", &trak)].concat();
        [
            boxed(b"ftyp", b"isom\0\0\x02\0isomavc1"),
            boxed(b"moov", &moov),
            boxed(b"mdat", &[7; 16]),
        ]
        .concat()
    }
}
