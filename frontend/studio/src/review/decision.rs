//! What a person decides about a recorded session: which clips and pictures to keep, where clips begin and end, and
//! which picture comes first. Saved on the device, so that a reload loses none of it.

use domain::highlight::{Choice, Frames, Highlight, Reason, Shot, Span, document::Histograms};
use serde::{Deserialize, Serialize};

use super::trim::{self, CutPoints};

/// A clip under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// Names it on the page; unique in its session.
    pub id: u32,
    /// First frame, s.
    pub start: f64,
    /// One past the last frame, s.
    pub end: f64,
    /// The span it was proposed with, s; still a point to trim back to.
    pub proposed: (f64, f64),
    /// The shot it lies in, by index into [`Decisions::shots`].
    pub shot: usize,
    /// Why it was chosen, strongest first.
    pub reasons: Vec<Reason>,
    /// Relevance, with what the person's taste added or took; `None` for what they picked by hand.
    pub score: Option<f32>,
    /// Whether it goes on the page.
    pub kept: bool,
    /// Whether the person wants more like it.
    #[serde(default)]
    pub liked: bool,
}

/// A picture under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Names it on the page; unique in its session, and never that of a clip.
    pub id: u32,
    /// Where its pixels are.
    pub source: Source,
    /// Why it was chosen, strongest first; empty for a photo the person took.
    pub reasons: Vec<Reason>,
    /// How good it was found; `None` for what the person took or picked.
    #[serde(default)]
    pub score: Option<f32>,
    /// Whether it goes on the page.
    pub kept: bool,
}

/// Where a picture's pixels are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A frame of the recording at this presentation time, s.
    Frame(f64),
    /// A photo taken with the shutter, by its name in the photo store.
    Photo(String),
}

/// Stills that are kept unless the person says otherwise. A page wants a few pictures that differ; the others wait beside
/// them, one press away.
pub const STILLS_KEPT: usize = 4;

/// The decisions about one session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// All shots, by time.
    pub shots: Vec<Shot>,
    /// Clips by time.
    pub clips: Vec<Clip>,
    /// Pictures: photos first, then stills, best first.
    pub pictures: Vec<Picture>,
    /// The picture that comes first on the page.
    pub hero: Option<u32>,
    /// What the choice says about the recording as a whole.
    pub notice: Option<String>,
    /// How often which score was given.
    #[serde(default)]
    pub histograms: Histograms,
    /// How many frames were looked at.
    #[serde(default)]
    pub frames: Frames,
    /// Spans the person never wants to see again, as (start, end), s.
    #[serde(default)]
    pub never: Vec<Span>,
    /// Clips in the order of the reel, once the person has moved one.
    #[serde(default)]
    pub order: Vec<u32>,
    next: u32,
}

impl Decisions {
    /// A fresh choice with the photos taken while filming: clips, photos and the best stills are kept. The first photo
    /// leads, for it was taken on purpose and at full resolution; without photos the best still does.
    #[must_use]
    pub fn new(choice: &Choice, photos: &[String]) -> Self {
        let mut review = Self {
            shots: choice.shots.clone(),
            notice: choice.notice.clone(),
            histograms: choice.histograms,
            frames: choice.frames,
            ..Self::default()
        };
        for highlight in &choice.highlights {
            review.propose(highlight);
        }
        for name in photos {
            review.add_photo(name);
        }
        for (rank, still) in choice.stills.iter().enumerate() {
            let id = review.id();
            review.pictures.push(Picture {
                id,
                source: Source::Frame(still.t),
                reasons: still.reasons.clone(),
                score: Some(still.score),
                kept: rank < STILLS_KEPT,
            });
        }
        review.hero = review.pictures.first().map(|picture| picture.id);
        review
    }

    /// Decisions made earlier, if they are about this choice: same shots, and no proposal is missing.
    #[must_use]
    pub fn resume(mut saved: Self, choice: &Choice, photos: &[String]) -> Option<Self> {
        let proposed = |h: &Highlight| {
            saved
                .clips
                .iter()
                .any(|clip| clip.proposed == (h.start, h.end))
        };
        // After "more like this" or "never this" the clips are others than those of the first choice.
        let asked = !saved.never.is_empty() || saved.clips.iter().any(|clip| clip.liked);
        if saved.shots != choice.shots || !(asked || choice.highlights.iter().all(proposed)) {
            return None;
        }
        saved
            .pictures
            .retain(|p| !matches!(&p.source, Source::Photo(name) if !photos.contains(name)));
        for name in photos {
            if !saved
                .pictures
                .iter()
                .any(|p| p.source == Source::Photo(name.clone()))
            {
                saved.add_photo(name);
            }
        }
        saved.repair_hero();
        Some(saved)
    }

    /// Takes in a clip that was chosen for the person.
    pub(super) fn propose(&mut self, highlight: &Highlight) {
        let span = (highlight.start, highlight.end);
        let reasons = highlight.reasons.clone();
        self.add(span, highlight.shot, reasons, Some(highlight.score));
    }

    /// Adds a clip in its place in time. Returns its id.
    fn add(
        &mut self,
        span: (f64, f64),
        shot: usize,
        reasons: Vec<Reason>,
        score: Option<f32>,
    ) -> u32 {
        let id = self.id();
        let at = self.clips.partition_point(|clip| clip.start < span.0);
        self.clips.insert(
            at,
            Clip {
                id,
                start: span.0,
                end: span.1,
                proposed: span,
                shot,
                reasons,
                score,
                kept: true,
                liked: false,
            },
        );
        id
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn add_photo(&mut self, name: &str) {
        let id = self.id();
        let photos = self
            .pictures
            .iter()
            .filter(|p| matches!(p.source, Source::Photo(_)))
            .count();
        self.pictures.insert(
            photos,
            Picture {
                id,
                source: Source::Photo(name.to_owned()),
                reasons: Vec::new(),
                score: None,
                kept: true,
            },
        );
    }

    /// Keeps or drops a clip or picture. A dropped hero hands over to the next kept picture; a picture kept while there is no
    /// hero becomes it.
    pub fn keep(&mut self, id: u32, kept: bool) {
        for clip in self.clips.iter_mut().filter(|clip| clip.id == id) {
            clip.kept = kept;
        }
        for picture in self.pictures.iter_mut().filter(|picture| picture.id == id) {
            picture.kept = kept;
        }
        self.repair_hero();
    }

    fn repair_hero(&mut self) {
        let stands = |id: u32| self.pictures.iter().any(|p| p.id == id && p.kept);
        if !self.hero.is_some_and(stands) {
            self.hero = self.pictures.iter().find(|p| p.kept).map(|p| p.id);
        }
    }

    /// Puts a picture first; it is kept by that.
    pub fn choose_hero(&mut self, id: u32) {
        if let Some(picture) = self.pictures.iter_mut().find(|picture| picture.id == id) {
            picture.kept = true;
            self.hero = Some(id);
        }
    }

    /// The points a clip can be trimmed to.
    #[must_use]
    pub fn cut_points(&self, clip: &Clip, keyframes: &[f64]) -> CutPoints {
        let shot = self.shots.get(clip.shot).copied().unwrap_or(Shot {
            start: clip.proposed.0,
            end: clip.proposed.1,
        });
        CutPoints::new(shot, keyframes, clip.proposed)
    }

    /// Moves a clip's start to the cut point nearest to `t`. Returns whether it moved.
    pub fn trim_start(&mut self, id: u32, t: f64, keyframes: &[f64]) -> bool {
        self.trim(
            id,
            |clip, points| clip.start = snapped(&points.starts(clip.end), t, clip.start),
            keyframes,
        )
    }

    /// Moves a clip's end to the cut point nearest to `t`. Returns whether it moved.
    pub fn trim_end(&mut self, id: u32, t: f64, keyframes: &[f64]) -> bool {
        self.trim(
            id,
            |clip, points| clip.end = snapped(&points.ends(clip.start), t, clip.end),
            keyframes,
        )
    }

    /// Moves a whole clip, so that it begins at the cut point nearest to `t` and keeps its length. Returns whether it moved.
    pub fn shift(&mut self, id: u32, t: f64, keyframes: &[f64]) -> bool {
        self.trim(
            id,
            |clip, points| {
                let to = snapped(&points.moves((clip.start, clip.end)), t, clip.start);
                clip.end += to - clip.start;
                clip.start = to;
            },
            keyframes,
        )
    }

    fn trim(
        &mut self,
        id: u32,
        change: impl FnOnce(&mut Clip, &CutPoints),
        keyframes: &[f64],
    ) -> bool {
        let Some(at) = self.clips.iter().position(|clip| clip.id == id) else {
            return false;
        };
        let points = self.cut_points(&self.clips[at], keyframes);
        let before = (self.clips[at].start, self.clips[at].end);
        change(&mut self.clips[at], &points);
        before != (self.clips[at].start, self.clips[at].end)
    }

    /// Makes a clip of a shot the choice left out. Returns its id, or `None` when the shot is too short for one.
    pub fn add_shot(&mut self, shot: usize, keyframes: &[f64], longest: f64) -> Option<u32> {
        let span = trim::propose(*self.shots.get(shot)?, keyframes, longest)?;
        let reasons = vec![Reason {
            words: "picked by you".into(),
            weight: 0.0,
        }];
        Some(self.add(span, shot, reasons, None))
    }

    /// Adds a frame picked by hand as a picture. Returns its id.
    pub fn add_still(&mut self, t: f64) -> u32 {
        let id = self.id();
        self.pictures.push(Picture {
            id,
            source: Source::Frame(t),
            reasons: vec![Reason {
                words: "picked by you".into(),
                weight: 0.0,
            }],
            score: None,
            kept: true,
        });
        self.repair_hero();
        id
    }

    /// Total length of the kept clips, s.
    #[must_use]
    pub fn kept_length(&self) -> f64 {
        self.clips
            .iter()
            .filter(|c| c.kept)
            .map(|c| c.end - c.start)
            // The sum of nothing is -0.
            .fold(0.0, |sum, length| sum + length)
    }

    /// Kept pictures in the order of the page: the hero, then the others.
    #[must_use]
    pub fn kept_pictures(&self) -> Vec<&Picture> {
        let mut kept: Vec<&Picture> = self.pictures.iter().filter(|p| p.kept).collect();
        kept.sort_by_key(|p| Some(p.id) != self.hero);
        kept
    }

    /// The frame that stands for a clip until it plays: the best kept still in its span, which is uploaded anyhow, else the best
    /// other one, else its middle.
    #[must_use]
    pub fn poster(&self, clip: &Clip) -> f64 {
        let stills = self
            .pictures
            .iter()
            .filter_map(|picture| match picture.source {
                Source::Frame(t) if t >= clip.start && t < clip.end => Some((t, picture)),
                _ => None,
            });
        let best = stills.max_by(|(_, one), (_, other)| {
            // What a person picked by hand has no score, and is what they like best.
            let score = |picture: &Picture| picture.score.unwrap_or(f32::INFINITY);
            one.kept
                .cmp(&other.kept)
                .then(score(one).total_cmp(&score(other)))
        });
        best.map_or(f64::midpoint(clip.start, clip.end), |(t, _)| t)
    }

    /// Kept clips by time.
    #[must_use]
    pub fn kept_clips(&self) -> Vec<&Clip> {
        self.clips.iter().filter(|c| c.kept).collect()
    }
}

fn snapped(points: &[f64], t: f64, otherwise: f64) -> f64 {
    trim::nearest(points, t).map_or(otherwise, |at| points[at])
}

/// The three strongest reasons with their measures, e.g. `sharp: sharper than 92 % of the session · colourful: 60`.
#[must_use]
pub fn because(reasons: &[Reason]) -> String {
    join(reasons, |words| words)
}

/// The three strongest reasons without their measures, e.g. `sharp · colourful`.
#[must_use]
pub fn in_short(reasons: &[Reason]) -> String {
    join(reasons, short)
}

/// A reason without its measure: what stands before the colon.
#[must_use]
pub fn short(words: &str) -> &str {
    words.split_once(": ").map_or(words, |(what, _)| what)
}

fn join(reasons: &[Reason], part: impl Fn(&str) -> &str) -> String {
    reasons
        .iter()
        .take(3)
        .map(|reason| part(&reason.words))
        .collect::<Vec<_>>()
        .join(" · ")
}

#[cfg(test)]
mod tests {
    use domain::highlight::Still;

    use super::*;

    fn reason(words: &str) -> Vec<Reason> {
        vec![Reason {
            words: words.into(),
            weight: 1.0,
        }]
    }

    fn choice() -> Choice {
        Choice {
            shots: vec![
                Shot {
                    start: 0.0,
                    end: 4.2,
                },
                Shot {
                    start: 4.2,
                    end: 9.0,
                },
            ],
            highlights: vec![Highlight {
                start: 1.0,
                end: 3.5,
                shot: 0,
                score: 0.9,
                reasons: reason("sharp"),
            }],
            stills: vec![
                Still {
                    t: 1.2,
                    score: 0.8,
                    reasons: reason("sharp"),
                },
                Still {
                    t: 6.0,
                    score: 0.5,
                    reasons: reason("bright"),
                },
            ],
            notice: None,
            histograms: Histograms::default(),
            frames: Frames::default(),
        }
    }

    fn keyframes() -> Vec<f64> {
        (0..9).map(f64::from).collect()
    }

    #[test]
    fn a_photo_leads_and_the_best_still_leads_without_one() {
        let with = Decisions::new(&choice(), &["p1".into()]);
        assert_eq!(with.kept_pictures()[0].source, Source::Photo("p1".into()));
        let without = Decisions::new(&choice(), &[]);
        assert_eq!(without.kept_pictures()[0].source, Source::Frame(1.2));
    }

    #[test]
    fn there_is_a_hero_while_any_picture_is_kept() {
        let mut review = Decisions::new(&choice(), &[]);
        let (first, second) = (review.pictures[0].id, review.pictures[1].id);
        review.keep(first, false);
        assert_eq!(review.hero, Some(second));
        review.keep(second, false);
        assert_eq!(review.hero, None);
        review.keep(first, true);
        assert_eq!(review.hero, Some(first));
        review.choose_hero(second);
        assert_eq!(review.kept_pictures()[0].id, second);
    }

    #[test]
    fn trimming_snaps_and_stays_in_the_shot() {
        let mut review = Decisions::new(&choice(), &[]);
        let id = review.clips[0].id;
        assert!(review.trim_start(id, 1.8, &keyframes()));
        assert_eq!(review.clips[0].start, 2.0);
        assert!(review.trim_end(id, 100.0, &keyframes()));
        assert_eq!(review.clips[0].end, 4.2);
        assert!(!review.trim_end(id, 100.0, &keyframes()));
        assert!(!review.trim_end(99, 1.0, &keyframes()));
    }

    #[test]
    fn moving_keeps_the_length_and_stays_in_the_shot() {
        let mut review = Decisions::new(&choice(), &[]);
        let id = review.clips[0].id;
        assert!(review.shift(id, 0.2, &keyframes()));
        assert_eq!((review.clips[0].start, review.clips[0].end), (0.0, 2.5));
        assert!(!review.shift(id, -9.0, &keyframes()));
        // From 2 s on it would run over the cut at 4.2 s.
        assert!(review.shift(id, 100.0, &keyframes()));
        assert_eq!((review.clips[0].start, review.clips[0].end), (1.0, 3.5));
    }

    #[test]
    fn a_shot_left_out_can_be_taken_in() {
        let mut review = Decisions::new(&choice(), &[]);
        let id = review.add_shot(1, &keyframes(), 3.0).unwrap();
        let clip = review.clips.iter().find(|c| c.id == id).unwrap();
        assert_eq!((clip.start, clip.end), (5.0, 8.0));
        assert_eq!(review.kept_length(), 2.5 + 3.0);
        assert_eq!(review.add_shot(7, &keyframes(), 3.0), None);
    }

    #[test]
    fn decisions_survive_a_reload_but_not_another_choice() {
        let mut review = Decisions::new(&choice(), &["p1".into()]);
        let id = review.clips[0].id;
        review.keep(id, false);
        let text = serde_json::to_string(&review).unwrap();
        let saved = || serde_json::from_str::<Decisions>(&text).unwrap();

        let again = Decisions::resume(saved(), &choice(), &["p1".into(), "p2".into()]).unwrap();
        assert!(!again.clips[0].kept);
        assert_eq!(again.pictures.len(), 4);

        let gone = Decisions::resume(saved(), &choice(), &[]).unwrap();
        assert_eq!(gone.kept_pictures()[0].source, Source::Frame(1.2));

        let mut other = choice();
        other.shots[0].end = 4.0;
        assert_eq!(Decisions::resume(saved(), &other, &[]), None);
        assert!(serde_json::from_str::<Decisions>("{").is_err());
    }

    #[test]
    fn only_the_best_stills_are_kept_unasked() {
        let many = Choice {
            stills: (0..8)
                .map(|i| Still {
                    t: f64::from(i),
                    score: 1.0,
                    reasons: reason("sharp"),
                })
                .collect(),
            ..choice()
        };
        let review = Decisions::new(&many, &["p1".into()]);
        assert_eq!(review.pictures.len(), 9);
        assert_eq!(review.kept_pictures().len(), 1 + STILLS_KEPT);
    }

    #[test]
    fn reasons_are_said_with_and_without_their_measures() {
        let mut reasons = reason("sharp: sharper than 92 % of the session");
        reasons.extend(reason("a shot not shown yet"));
        assert_eq!(in_short(&reasons), "sharp · a shot not shown yet");
        assert_eq!(
            because(&reasons),
            "sharp: sharper than 92 % of the session · a shot not shown yet"
        );
    }

    #[test]
    fn what_was_dropped_is_not_sent() {
        let mut review = Decisions::new(&choice(), &["p1".into()]);
        let still = review.pictures[1].id;
        review.keep(still, false);
        assert_eq!(review.kept_clips().len(), 1);
        let sources: Vec<&Source> = review.kept_pictures().iter().map(|p| &p.source).collect();
        assert_eq!(sources, [&Source::Photo("p1".into()), &Source::Frame(6.0)]);
    }
}
