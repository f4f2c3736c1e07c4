//! The gallery of a product page: thumbnails that scroll smoothly, clips that play once somebody swipes or points to them,
//! pictures that open in full size.

use std::cell::Cell;

use leptos::{ev, html, prelude::*, wasm_bindgen::JsValue, web_sys};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::js_sys;

/// Share of a picture that must be in view to count as the one looked at.
const VISIBLE_SHARE: f64 = 0.6;

/// Wraps a product page. Everything in it works without this: thumbnails and pictures are links, clips have controls.
#[island]
pub fn Gallery(
    /// The page: `.slide` elements with `video.clip` or `a.zoom-in` in them, and `a.thumb` links to their ids.
    children: Children,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let dialog = NodeRef::<html::Dialog>::new();
    let frame = NodeRef::<html::Div>::new();
    // Address and description of the picture that is open.
    let open = RwSignal::new((String::new(), String::new()));
    let is_enlarged = RwSignal::new(false);

    Effect::new(move || {
        if let Some(root) = root.get() {
            let _ = observe(&root);
        }
    });
    let play_pointed = move |event: ev::PointerEvent| {
        if event.pointer_type() != "mouse" {
            return;
        }
        let slide = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|target| target.closest(".slide").ok().flatten());
        if let Some(clip) = slide.and_then(|slide| clip_in(&slide)) {
            play(&clip);
        }
    };

    let follow_link = move |event: ev::MouseEvent| {
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.default_prevented() {
            return;
        }
        let Some(target) = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        else {
            return;
        };
        if let Ok(Some(thumb)) = target.closest("a.thumb") {
            if scroll_to(&thumb) {
                event.prevent_default();
            }
        } else if let Ok(Some(link)) = target.closest("a.zoom-in") {
            let Some(dialog) = dialog.get() else { return };
            let alt = link
                .query_selector("img")
                .ok()
                .flatten()
                .and_then(|image| image.get_attribute("alt"));
            is_enlarged.set(false);
            open.set((
                link.get_attribute("href").unwrap_or_default(),
                alt.unwrap_or_default(),
            ));
            if dialog.show_modal().is_ok() {
                event.prevent_default();
            }
        }
    };
    // Shows the picture larger around the point that was pressed, or whole again.
    let toggle_size = move |event: ev::MouseEvent| {
        is_enlarged.update(|is_enlarged| *is_enlarged = !*is_enlarged);
        let Some(frame) = frame.get().filter(|_| is_enlarged.get()) else {
            return;
        };
        let (width, height) = (
            f64::from(frame.client_width()),
            f64::from(frame.client_height()),
        );
        // A press by keyboard has no place; the middle is as good as any.
        let by_hand = event.detail() > 0;
        let across = if by_hand {
            fraction(event.client_x()) / width.max(1.0)
        } else {
            0.5
        };
        let down = if by_hand {
            fraction(event.client_y()) / height.max(1.0)
        } else {
            0.5
        };
        request_animation_frame(move || {
            let to = |share: f64, size: i32, seen: f64| (share * (f64::from(size) - seen)).max(0.0);
            // As in `mark_current`: the setters of the offsets take other types where unstable browser interfaces are on.
            let place = web_sys::ScrollToOptions::new();
            place.set_left(to(across, frame.scroll_width(), width));
            place.set_top(to(down, frame.scroll_height(), height));
            frame.scroll_to_with_scroll_to_options(&place);
        });
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };

    view! {
        <div class="gallery" node_ref=root on:click=follow_link on:pointerover=play_pointed>
            {children()}
        </div>
        <dialog class="zoom" node_ref=dialog aria-label="Picture in full size">
            <div class="zoom-picture ringed" class:whole=move || is_enlarged.get() node_ref=frame>
                <button r#type="button" aria-pressed=move || is_enlarged.get().to_string() on:click=toggle_size>
                    {move || {
                        let (address, alt) = open.get();
                        (!address.is_empty()).then(|| view! { <img src=address alt=alt /> })
                    }}
                </button>
            </div>
            <button class="zoom-close button" r#type="button" on:click=close>"Close"</button>
        </dialog>
    }
}

/// Scrolls to the picture of a thumbnail; false where the pictures do not scroll sideways and the link should do its work.
fn scroll_to(thumb: &web_sys::Element) -> bool {
    let slide = thumb
        .get_attribute("href")
        .and_then(|id| document().get_element_by_id(id.trim_start_matches('#')))
        .and_then(|slide| slide.dyn_into::<web_sys::HtmlElement>().ok());
    let Some((slide, wall)) =
        slide.and_then(|slide| slide.parent_element().map(|wall| (slide, wall)))
    else {
        return false;
    };
    if !is_swiped(&slide) {
        return false;
    }
    let to = web_sys::ScrollToOptions::new();
    to.set_left(f64::from(slide.offset_left()));
    to.set_behavior(if prefers("(prefers-reduced-motion: reduce)") {
        web_sys::ScrollBehavior::Instant
    } else {
        web_sys::ScrollBehavior::Smooth
    });
    wall.scroll_to_with_scroll_to_options(&to);
    wall.scroll_into_view_with_scroll_into_view_options(&{
        let near = web_sys::ScrollIntoViewOptions::new();
        near.set_block(web_sys::ScrollLogicalPosition::Nearest);
        near
    });
    true
}

/// Follows which pictures are in view: marks their thumbnails, stops clips that leave, and starts the clip that somebody
/// swiped to. What is in view when the page comes was not asked for, and nor was a clip that hangs on a wall; they wait for a
/// pointer or their own controls.
fn observe(root: &web_sys::Element) -> Result<(), JsValue> {
    let is_first = Cell::new(true);
    let seen = Closure::<dyn Fn(Vec<web_sys::IntersectionObserverEntry>)>::new(
        move |entries: Vec<web_sys::IntersectionObserverEntry>| {
            let at_start = is_first.replace(false);
            for entry in entries {
                let (slide, visible) = (entry.target(), entry.is_intersecting());
                if let Some(clip) = clip_in(&slide) {
                    if !visible && !clip.paused() {
                        let _ = clip.pause();
                    } else if visible && !at_start && is_swiped(&slide) {
                        play(&clip);
                    }
                }
                if visible {
                    mark_current(&slide.id());
                }
            }
        },
    );
    let options = web_sys::IntersectionObserverInit::new();
    options.set_threshold(&JsValue::from_f64(VISIBLE_SHARE));
    let observer =
        web_sys::IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options)?;
    let slides = root.query_selector_all(".slide[id]")?;
    for index in 0..slides.length() {
        if let Some(slide) = slides
            .get(index)
            .and_then(|slide| slide.dyn_into::<web_sys::Element>().ok())
        {
            observer.observe(&slide);
        }
    }
    // Both live as long as the page.
    seen.forget();
    Ok(())
}

/// Marks the thumbnail of the picture that is looked at and keeps it in sight.
fn mark_current(id: &str) {
    let Ok(thumbs) = document().query_selector_all("a.thumb") else {
        return;
    };
    for index in 0..thumbs.length() {
        let Some(thumb) = thumbs
            .get(index)
            .and_then(|thumb| thumb.dyn_into::<web_sys::HtmlElement>().ok())
        else {
            continue;
        };
        let current = thumb
            .get_attribute("href")
            .is_some_and(|href| href.trim_start_matches('#') == id);
        let _ = if current {
            thumb.set_attribute("aria-current", "true")
        } else {
            thumb.remove_attribute("aria-current")
        };
        if let Some(strip) = thumb.offset_parent().filter(|_| current) {
            let left = thumb.offset_left() - (strip.client_width() - thumb.offset_width()) / 2;
            // `set_scroll_left` takes another type where unstable browser interfaces are on.
            strip.scroll_to_with_x_and_y(left.into(), 0.0);
        }
    }
}

/// The clip of a slide.
fn clip_in(slide: &web_sys::Element) -> Option<web_sys::HtmlVideoElement> {
    slide
        .query_selector("video.clip")
        .ok()
        .flatten()
        .and_then(|clip| clip.dyn_into().ok())
}

/// Whether the slides stand in a row that scrolls sideways, as on a phone.
fn is_swiped(slide: &web_sys::Element) -> bool {
    slide
        .parent_element()
        .is_some_and(|wall| wall.scroll_width() > wall.client_width())
}

/// Plays a clip, which is fetched only now; not for somebody who asked for less motion or less data.
fn play(clip: &web_sys::HtmlVideoElement) {
    if !clip.paused()
        || prefers("(prefers-reduced-motion: reduce)")
        || prefers("(prefers-reduced-data: reduce)")
        || saves_data()
    {
        return;
    }
    if let Ok(playing) = clip.play() {
        // A browser may refuse to start it, or it is stopped before it starts; the controls are there.
        let refused = Closure::<dyn FnMut(JsValue)>::new(|_| {});
        let _ = playing.catch(&refused);
        refused.forget();
    }
}

/// Whether the browser was told to save data (Network Information API, `saveData`); it may not say.
fn saves_data() -> bool {
    let get = |of: &JsValue, name: &str| js_sys::Reflect::get(of, &name.into()).ok();
    get(&window(), "navigator")
        .and_then(|navigator| get(&navigator, "connection"))
        .and_then(|connection| get(&connection, "saveData"))
        .is_some_and(|saves| saves.is_truthy())
}

/// A coordinate of web-sys, which is whole in one build and a fraction in the other.
fn fraction(place: impl Into<f64>) -> f64 {
    place.into()
}

fn prefers(query: &str) -> bool {
    window()
        .match_media(query)
        .ok()
        .flatten()
        .is_some_and(|list| list.matches())
}
