use super::{
    super::test::{looks, scene, thumb},
    Look,
};
use crate::{
    frame::{HEIGHT, Thumb, WIDTH},
    random::Random,
};

fn changed(change: impl Fn(usize, &mut [[f32; 3]])) -> Vec<Look> {
    let film: Vec<(f64, Thumb)> = (0..40)
        .map(|i| {
            let mut picture = scene(0, 0);
            if i >= 20 {
                change(i - 20, &mut picture);
            }
            (i as f64 / 30.0, thumb(&picture))
        })
        .collect();
    looks(&film)
}

#[test]
fn an_abrupt_change_that_ends_no_shot_is_no_cut() {
    let is_cut = |l: &Look| matches!(l, Look::Cut(_));
    let flash = |len: usize| {
        changed(move |i, picture| {
            if i < len {
                picture.fill([0.95; 3]);
            }
        })
    };
    for len in 1..=4 {
        let looks = flash(len);
        assert_eq!(looks[20], Look::Same, "a flash of {len} begins");
        assert!(
            !looks.iter().any(is_cut),
            "a flash of {len} ends: {looks:?}"
        );
    }
    let exposure = changed(|_, picture| {
        for x in picture.iter_mut().flatten() {
            *x *= 0.6;
        }
    });
    assert_eq!(exposure[20], Look::Same);
    let caption = changed(|_, picture| picture[19 * WIDTH..25 * WIDTH].fill([0.7, 0.1, 0.2]));
    assert_eq!(caption[20], Look::Same);
    let cut = changed(|_, picture| picture.copy_from_slice(&scene(1, 0)));
    assert!(is_cut(&cut[20]));
    // All the other frames are quiet.
    for looks in [exposure, caption, cut] {
        let quiet = looks.iter().filter(|l| **l == Look::Quiet).count();
        assert_eq!(quiet, looks.len() - 1, "{looks:?}");
    }
}

#[test]
fn bars_hide_no_cut() {
    // Light pictures: with the bars they correlate by more than 0.88, whatever they show.
    let barred = |after: fn() -> [[f32; 3]; WIDTH * HEIGHT]| {
        let film = (0..40).map(|i| {
            let mut picture = if i < 20 { scene(0, 0) } else { after() };
            picture
                .iter_mut()
                .flatten()
                .for_each(|x| *x = 0.6 + 0.4 * *x);
            picture[..5 * WIDTH].fill([0.0; 3]);
            picture[22 * WIDTH..].fill([0.0; 3]);
            (f64::from(i) / 30.0, thumb(&picture))
        });
        looks(&film.collect::<Vec<_>>())[20]
    };
    assert!(matches!(barred(|| scene(1, 0)), Look::Cut(_)));
    let caption = barred(|| {
        let mut picture = scene(0, 0);
        picture[17 * WIDTH..22 * WIDTH].fill([0.7, 0.1, 0.2]);
        picture
    });
    assert_eq!(caption, Look::Same);
}

#[test]
fn where_much_moves_a_longer_step_is_no_cut_and_another_picture_is() {
    // A disc goes a pixel a frame and once four: four times its surroundings, and mostly the same picture.
    let moving = |after: fn(usize) -> [[f32; 3]; WIDTH * HEIGHT]| {
        let film: Vec<(f64, Thumb)> = (0..28)
            .map(|i| {
                let picture = if i < 14 { scene(0, 7 * i) } else { after(i) };
                (i as f64 / 30.0, thumb(&picture))
            })
            .collect();
        looks(&film)
    };
    assert_eq!(moving(|i| scene(0, 7 * i + 21))[14], Look::Same);
    let caption = moving(|i| {
        let mut picture = scene(0, 7 * i);
        picture[19 * WIDTH..25 * WIDTH].fill([0.7, 0.1, 0.2]);
        picture
    });
    assert_eq!(caption[14], Look::Same);
    let cut = moving(|i| scene(4, 7 * i));
    assert!(matches!(cut[14], Look::Cut(_)), "{:?}", cut[14]);
}

#[test]
fn the_picture_after_a_stutter_is_no_cut_and_another_one_is() {
    // A disc goes two pixels a frame, stands still for three, and is then where it would have been.
    let film = |after: usize| -> Vec<Look> {
        let film = (0..32).map(|i| {
            let shown = if (13..16).contains(&i) { 12 } else { i };
            let picture = scene(if i < 16 { 0 } else { after }, 14 * shown);
            (i as f64 / 30.0, thumb(&picture))
        });
        looks(&film.collect::<Vec<_>>())
    };
    let late = film(0);
    assert!(
        !late.iter().any(|look| matches!(look, Look::Cut(_))),
        "{late:?}"
    );
    let cut = film(4);
    assert!(matches!(cut[16], Look::Cut(_)), "{:?}", cut[16]);
}

#[test]
fn a_camera_that_went_on_behind_a_stutter_is_no_cut() {
    // A view of blots of light, a cell a frame; it stands still for five.
    const WIDE: usize = 200;
    let mut random = Random::new(3);
    let blots: Vec<[f32; 3]> = (0..120)
        .map(|_| {
            let x = random.between(0.0, WIDE as f32);
            let y = random.between(0.0, HEIGHT as f32);
            [x, y, random.between(-0.4, 0.4)]
        })
        .collect();
    let light = |x: usize, y: usize| -> f32 {
        let of = |&[u, v, l]: &[f32; 3]| {
            l * (-((x as f32 - u).powi(2) + (y as f32 - v).powi(2)) / 12.0).exp()
        };
        0.5 + blots.iter().map(of).sum::<f32>()
    };
    let film = |ends: usize| {
        let film = (0..40).map(|i| {
            let shown = if (15..20).contains(&i) { 15 } else { i };
            let left = shown + if i < 20 { 0 } else { ends };
            let cell = |p: usize| [light(left + p % WIDTH, p / WIDTH); 3];
            let picture: Vec<[f32; 3]> = (0..WIDTH * HEIGHT).map(cell).collect();
            (i as f64 / 30.0, thumb(&picture))
        });
        looks(&film.collect::<Vec<_>>())
    };
    assert!(!film(0).iter().any(|look| matches!(look, Look::Cut(_))));
    assert!(matches!(film(60)[20], Look::Cut(_)));
}
