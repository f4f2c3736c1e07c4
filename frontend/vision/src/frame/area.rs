//! Area averages onto a small grid, row by row.
//!
//! A cell's mean is exact to 1/256 of a source pixel, or of the cell where that is smaller: whole pixels inside a cell count 256, the two at its edges by
//! their overlap. Rows are summed across first (a loop the compiler vectorises) and then shared between the one or
//! two grid rows they overlap.

/// Rows above this are sampled, not all read: 1080p would otherwise cost a tenth of a core in the browser.
const ROWS_READ: usize = 540;

/// Read every n-th row of a plane with `height` rows.
pub(super) const fn row_step(height: usize) -> usize {
    height.div_ceil(ROWS_READ)
}

/// Where one cell begins and ends along an axis, in source pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    /// First pixel touched.
    first: usize,
    /// Last pixel touched.
    last: usize,
    /// Its weight, /256.
    first_weight: u32,
    /// Its weight, /256; 0 where `last == first`.
    last_weight: u32,
}

/// Sums for a grid of cells with up to three channels.
#[derive(Debug, Default)]
pub(super) struct Grid {
    width: usize,
    height: usize,
    source: (usize, usize),
    channels: usize,
    across: Vec<Span>,
    /// Per channel, the row sums of the row being added.
    line: Vec<u32>,
    sums: Vec<f64>,
    /// Total weight down per grid row, per channel.
    weights: Vec<f64>,
}

impl Grid {
    /// Starts a picture of `w`×`h` source pixels onto `width`×`height` cells.
    pub(super) fn begin(
        &mut self,
        w: usize,
        h: usize,
        width: usize,
        height: usize,
        channels: usize,
    ) {
        if self.source != (w, h) || self.width != width || self.channels != channels {
            self.source = (w, h);
            self.width = width;
            self.height = height;
            self.channels = channels;
            self.across = (0..width).map(|i| span(i, w, width)).collect();
            self.line = vec![0; width];
            self.sums = vec![0.0; width * height * channels];
            self.weights = vec![0.0; height * channels];
        } else {
            self.sums.fill(0.0);
            self.weights.fill(0.0);
        }
    }

    /// Adds source row `row`, which stands for `rows` rows, to channel 0.
    pub(super) fn add(&mut self, row: usize, rows: usize, line: &[u8]) {
        for (out, s) in self.line.iter_mut().zip(&self.across) {
            let inner: u32 = line
                .get(s.first + 1..s.last)
                .unwrap_or(&[])
                .iter()
                .map(|&x| u32::from(x))
                .sum();
            let at = |i: usize| line.get(i).map_or(0, |&x| u32::from(x));
            *out = inner * 256 + at(s.first) * s.first_weight + at(s.last) * s.last_weight;
        }
        self.share(row, rows, 0);
    }

    /// As [`Grid::add`] for samples `every` bytes apart, to `channel`.
    pub(super) fn add_strided(
        &mut self,
        row: usize,
        rows: usize,
        line: &[u8],
        every: usize,
        channel: usize,
    ) {
        for (out, s) in self.line.iter_mut().zip(&self.across) {
            let mut inner = 0_u32;
            if s.last > s.first + 1 {
                let part = line.get((s.first + 1) * every..).unwrap_or(&[]);
                inner = part
                    .iter()
                    .step_by(every)
                    .take(s.last - s.first - 1)
                    .map(|&x| u32::from(x))
                    .sum();
            }
            let at = |i: usize| line.get(i * every).map_or(0, |&x| u32::from(x));
            *out = inner * 256 + at(s.first) * s.first_weight + at(s.last) * s.last_weight;
        }
        self.share(row, rows, channel);
    }

    /// Shares the summed line between the grid rows that source rows `row..row + rows` overlap.
    fn share(&mut self, row: usize, rows: usize, channel: usize) {
        let h = self.source.1 as f64;
        let scale = self.height as f64 / h;
        let (top, bottom) = (row as f64 * scale, (row + rows) as f64 * scale);
        let mut cell = top as usize;
        while cell < self.height && (cell as f64) < bottom {
            let overlap = bottom.min((cell + 1) as f64) - top.max(cell as f64);
            if overlap > 1e-9 {
                let at = (channel * self.height + cell) * self.width;
                if let Some(sums) = self.sums.get_mut(at..at + self.width) {
                    for (sum, &x) in sums.iter_mut().zip(&self.line) {
                        *sum += f64::from(x) * overlap;
                    }
                }
                if let Some(weight) = self.weights.get_mut(channel * self.height + cell) {
                    *weight += overlap;
                }
            }
            cell += 1;
        }
    }

    /// Mean of a cell (row-major) in one channel.
    pub(super) fn mean(&self, cell: usize, channel: usize) -> f32 {
        let (x, y) = (cell % self.width, cell / self.width);
        let s = self.across.get(x).copied().unwrap_or_default();
        let across = 256.0 * s.last.saturating_sub(s.first + 1) as f64
            + f64::from(s.first_weight)
            + f64::from(s.last_weight);
        let down = self
            .weights
            .get(channel * self.height + y)
            .copied()
            .unwrap_or_default();
        let sum = self
            .sums
            .get((channel * self.height + y) * self.width + x)
            .copied()
            .unwrap_or_default();
        (sum / (across * down).max(1e-9)) as f32
    }
}

/// The source pixels of cell `i` of `cells` over `len` pixels.
fn span(i: usize, len: usize, cells: usize) -> Span {
    let from = i as f64 * len as f64 / cells as f64;
    let to = (i + 1) as f64 * len as f64 / cells as f64;
    let first = (from as usize).min(len - 1);
    let last = ((to - 1e-9).max(0.0) as usize).clamp(first, len - 1);
    let weight = |x: f64| (x * 256.0).round().clamp(1.0, 256.0) as u32;
    if first == last {
        return Span {
            first,
            last,
            first_weight: 256,
            last_weight: 0,
        };
    }
    // A cell narrower than a pixel is shared by two at most; of such a one, 256 is all of it, or a tenth of a pixel would be
    // weighed in steps of a twenty-fifth.
    let whole = (to - from).min(1.0);
    Span {
        first,
        last,
        first_weight: weight(((first + 1) as f64 - from) / whole),
        last_weight: weight((to - last as f64) / whole),
    }
}
